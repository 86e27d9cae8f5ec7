"""A verification in many small shards, which any engine can spread, lose and repeat: the folder of a campaign says what is
asked for and has a file for each shard that is done."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import fcntl
import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import threading

import click

from sluice_cli import build, certificate, known, options, project, registry, results, verify
from sluice_cli.common import HOME, BadResults, Environment, Unverified, Usage, console, progress
from sluice_cli.project import Project
from sluice_cli.registry import Channel
from sluice_cli.verify import LEVELS, Level, Task

SCHEMA = "sluice-campaign/1"
SHARDS = 200
LEAST_INPUTS = 10  # of each property in a shard
LARGEST_ARRAY = 1000  # of Slurm, by default
ATTEMPTS = 3  # of other engines at a shard whose worker fails
# How a runner ends that was not let to its end: what verify.run_runner tells.
FROM_OUTSIDE = r"ended by SIG(INT|TERM|KILL|HUP)|ended with exit code 2|did not end within"
# What others call: a worker may run on another host, with the same folders.
COMMAND = HOME / "scripts" / "sluice"


@dataclasses.dataclass(frozen=True)
class Campaign:
    """What is asked for."""

    folder: pathlib.Path
    revision: str  # of the project
    harness: str  # the revision of sluice
    source: str  # the project's folder
    binary: str  # its build folder, with every runner
    runners: dict[str, str] = dataclasses.field(hash=False)  # their paths, with the hash of each
    channels: tuple[str, ...]
    level: str
    seed: int
    shards: int

    def file_of(self, shard: int) -> pathlib.Path:
        return self.folder / "shards" / f"{shard:06}.json"

    def missing(self) -> list[int]:
        return [shard for shard in range(1, self.shards + 1) if not self.file_of(shard).exists()]

    @property
    def project(self) -> Project:
        return Project(pathlib.Path(self.source), pathlib.Path(self.binary))


def _well_typed(asked: dict) -> bool:
    texts = ("revision", "harness", "source", "binary")
    return (
        all(isinstance(asked.get(name), str) for name in texts)
        and all(isinstance(asked.get(name), int) for name in ("seed", "shards"))
        and isinstance(asked.get("channels"), list)
        and isinstance(asked.get("runners"), dict)
        and asked.get("level") in LEVELS
        and len(asked) == len(dataclasses.fields(Campaign)) - 1
    )


def load(folder: pathlib.Path) -> Campaign:
    """The campaign of a folder. Raises BadResults if there is none that this version can go on with."""
    file = folder / "campaign.json"
    try:
        asked = json.loads(file.read_text())
    except OSError as error:
        raise BadResults(f"{folder} has no campaign: {file.name}: {error.strerror}; `run` starts one") from None
    except ValueError:
        raise BadResults(
            f"{file} is not complete JSON; write it again from a copy, or start in another folder"
        ) from None
    found = asked.pop("schema", None) if isinstance(asked, dict) else None
    if found != SCHEMA:
        raise BadResults(f"{file} has schema {found!r}; this version reads {SCHEMA!r}: start in another folder")
    if not _well_typed(asked):
        raise BadResults(f"{file} does not say what is asked for; start in another folder")
    return Campaign(folder=folder, **(asked | {"channels": tuple(asked["channels"])}))


def _revision_of(source: pathlib.Path) -> str:
    revision = build.revision(source)
    if revision == "unknown":
        raise Usage(f"{source} is not in git, but a certificate names a revision: make it a repository")
    if revision.endswith("-dirty"):
        raise Usage(
            f"{source} has changes that are not committed: a certificate names a revision, so commit them first"
        )
    return revision


def _hashes(channels: list[Channel]) -> dict[str, str]:
    """The runners of these channels, with the hash of each. Raises Environment for one that is not there."""
    found = {}
    for channel in channels:
        for tool in verify.KIND:
            if runner := channel.runners.get(tool):
                try:
                    found[str(runner)] = hashlib.sha256(runner.read_bytes()).hexdigest()
                except OSError as error:
                    raise Environment(f"{runner} cannot be read: {error.strerror}; `start` builds it") from None
    return found


def _chosen(of: Project, names: tuple[str, ...]) -> list[Channel]:
    """The channels to verify: of those that are named, all."""
    registered = registry.configured(build.configure_project(of))
    fit = [c for c in registered if not c.faulty and any(tool in c.runners for tool in verify.KIND)]
    chosen = registry.choose(registered, tuple(dict.fromkeys(names)))
    if names and (unfit := [c for c in chosen if c not in fit]):
        why = unfit[0].missing or ("it is faulty" if unfit[0].faulty else "it has no properties and no models")
        raise Usage(f"`{unfit[0].name}` cannot be verified in a campaign: {why}")
    chosen = [channel for channel in chosen if channel in fit]
    if not chosen:
        raise Usage("none of these channels has properties or models to verify")
    return chosen


def _start(folder: pathlib.Path, of: Project, names: tuple[str, ...], level: str, seed: int, shards: int) -> Campaign:
    """Builds what the workers run, and writes the folder."""
    most = LEVELS[level].properties // LEAST_INPUTS
    if shards > most:
        raise Usage(
            f"{shards} shards are too many for level {level}: with more than {most}, each checks next to nothing"
        )
    known.require_readable(of)
    revision = _revision_of(of.source)
    chosen = _chosen(of, names)
    (folder / "shards").mkdir(parents=True, exist_ok=True)
    build.build_runners(of, chosen, *verify.KIND)
    made = Campaign(
        folder=folder,
        revision=revision,
        harness=build.revision(HOME),
        source=str(of.source),
        binary=str(of.binary),
        runners=_hashes(chosen),
        channels=tuple(channel.name for channel in chosen),
        level=level,
        seed=seed,
        shards=shards,
    )
    asked = {"schema": SCHEMA} | {k: v for k, v in dataclasses.asdict(made).items() if k != "folder"}
    results.write_text(folder / "campaign.json", json.dumps(asked, indent=1) + "\n")
    return made


def _require_same(found: Campaign, **given) -> None:
    """Raises BadResults if something else was asked for than what the folder is about."""
    for field, value in given.items():
        same = set(value) == set(found.channels) if field == "channels" else value == getattr(found, field, None)
        if value not in (None, ()) and not same:
            raise BadResults(
                f"{found.folder} is a campaign with {field} {getattr(found, field)!r}, not {value!r}: "
                "leave it out, or start in another folder"
            )


def _require_unchanged(of: Campaign, channels: list[Channel]) -> None:
    """Raises BadResults if the tree or a runner is not what the campaign is about."""
    now = build.revision(of.project.source)
    if now != of.revision:
        raise BadResults(
            f"{of.source} is at revision {now}, but {of.folder} is about {of.revision}: check that out, or start in "
            "another folder"
        )
    if _hashes(channels) != of.runners:
        raise BadResults(
            f"the runners in {of.binary} are not those that {of.folder} was started with: start in another folder"
        )


def _effort(level: Level, shards: int) -> Level:
    """One shard's part of a level's random inputs and executions."""
    part = {name: -(-getattr(level, name) // shards) for name in ("properties", "models", "random_scenarios")}
    return dataclasses.replace(level, **part)


def tasks_of(channels: list[Channel], level: Level, shard: int, shards: int) -> list[Task]:
    """Of every channel a part of each check, so that all shards take about as long."""
    tasks = [Task(channel, tool) for channel in channels for tool in verify.KIND if tool in channel.runners]
    searches = [
        Task(channel, "models", exhaustive=size, shard=f"{shard}/{shards}")
        for channel in channels
        if channel.kind == "queue" and "models" in channel.runners
        for size in level.exhaustive
    ]
    return tasks + searches


def _seed_of(of: Campaign, shard: int) -> int:
    """Executions have consecutive seeds, so those of two shards must be far apart."""
    text = f"{of.level}/{of.seed}/{of.shards}/{shard}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def _require_ended(checks: list[dict]) -> None:
    """Raises Environment if a runner was ended from outside, or could not work: that tells nothing of its channel."""
    for check in checks:
        cut = check["detail"].startswith(verify.ENDED_INSIDE)
        if cut or (check["check"] == "runner" and re.match(FROM_OUTSIDE, check["detail"])):
            raise Environment(
                f"{check['channel']}: the {check['kind']} runner, in {check['check']}: {check['detail']}; `run` does the "
                "shard again"
            )


def work(of: Campaign, shard: int, broken_off: threading.Event | None = None) -> None:
    """Does one shard, unless it is done. A second worker waits for the first, and works if that was killed.

    broken_off: set when this process is about to end.
    Raises BadResults if the tree is not the one that the campaign is about.
    """
    if not 1 <= shard <= of.shards:
        raise Usage(f"{of.folder} has the shards 1 to {of.shards}, not {shard}")
    file = of.file_of(shard)
    with open(file.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if file.exists():
            return
        channels = registry.choose(registry.configured(of.project.binary), of.channels)
        _require_unchanged(of, channels)
        level = _effort(LEVELS[of.level], of.shards)
        checks = []
        for task in tasks_of(channels, LEVELS[of.level], shard, of.shards):
            if broken_off and broken_off.is_set():
                raise Environment("broken off; `run` goes on")
            checks += verify.run_task(task, level, _seed_of(of, shard), of.folder / "failures")
            _require_ended(checks)
        _require_unchanged(of, channels)
        told = results.new_results(of.project, of.level, of.seed, channels, checks=checks)
        # As was just required: git may be ended with this process.
        results.save(told | {"revision": of.revision, "shard": f"{shard}/{of.shards}"}, file)


def _worker(of: Campaign, shard: int | str) -> list[str]:
    return [str(COMMAND), "campaign", "shard", str(of.folder.resolve()), str(shard)]


def _locally(of: Campaign, shards: list[int], workers: int) -> None:
    broken_off = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(workers) as pool, progress("shards", len(shards)) as advance:
        running = {pool.submit(work, of, shard, broken_off): shard for shard in shards}
        try:
            for future in concurrent.futures.as_completed(running):
                future.result()
                advance(str(running[future]))
        except BaseException:
            broken_off.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _by_parallel(of: Campaign, shards: list[int], workers: int, hosts: pathlib.Path | None) -> None:
    """GNU parallel (https://www.gnu.org/software/parallel/), whose log says which worker ended when, and how. What is left
    to do is known by the shards' files, not by an earlier log."""
    log = of.folder / "parallel.log"
    log.unlink(missing_ok=True)
    where = ["--sshloginfile", str(hosts)] if hosts else []
    command = [
        *("parallel", "--will-cite", "--jobs", str(workers), "--joblog", str(log), "--retries", str(ATTEMPTS), *where),
        shlex.join(_worker(of, "{}")).replace("'{}'", "{}"),
    ]
    subprocess.run(command, input="\n".join(map(str, shards)), text=True)
    if left := of.missing():
        raise Environment(
            f"parallel left {len(left)} shards undone ({_ranges(left)}): {log} says how their workers ended, and "
            f"`campaign shard {of.folder} {left[0]}` why"
        )


def _ranges(numbers: list[int]) -> str:
    """Increasing numbers as Slurm's array takes them: 1-3,7."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _by_slurm(of: Campaign, shards: list[int]) -> None:
    """Arrays of jobs (https://slurm.schedmd.com/job_array.html), and a job that joins the shards after them."""
    folder = of.folder.resolve()
    script = folder / "array.sh"
    shard = shlex.join(_worker(of, "SHARD")).replace("SHARD", '"$(($1 + SLURM_ARRAY_TASK_ID))"')
    # A lost node's jobs are queued again by Slurm, a worker that failed is started again by the job.
    results.write_text(
        script,
        f"#!/bin/sh\nfor attempt in {' '.join(map(str, range(1, ATTEMPTS + 1)))}; do\n  {shard} && exit\ndone\nexit 1\n",
    )
    arrays = []
    for first in range(0, of.shards, LARGEST_ARRAY):
        if mine := [number - first for number in shards if first < number <= first + LARGEST_ARRAY]:
            output = f"--output={folder}/slurm-%A-%a.log"
            arrays.append(
                _submit(["--job-name=sluice", "--requeue", "--array", _ranges(mine), output, str(script), str(first)])
            )
    certify = shlex.join([str(COMMAND), "campaign", "certify", str(folder)])
    after = ":".join(["afterany", *arrays])
    joining = _submit(["--dependency", after, f"--output={folder}/slurm-certify.log", "--wrap", certify])
    console.print(f"Slurm has the shards as job {', '.join(arrays)}, and joins them as job {joining}")


def _submit(arguments: list[str]) -> str:
    done = subprocess.run(["sbatch", "--parsable", *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise Environment(f"sbatch refused the campaign: {done.stderr.strip()}")
    return re.split(r"[;\s]", done.stdout.strip())[0]


# What an engine needs, and where that comes from.
ENGINES = {"local": "", "parallel": "parallel", "slurm": "sbatch"}


def _require(engine: str) -> None:
    program = ENGINES[engine]
    if program and not shutil.which(program):
        package = {"parallel": "parallel", "sbatch": "slurm-client"}[program]
        raise Environment(f"`{program}` is not installed: on Debian apt-get install {package}, or take --engine local")
    if (
        engine == "parallel"
        and "GNU" not in subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    ):
        raise Environment("`parallel` is not GNU parallel: on Debian apt-get install parallel, or take --engine local")


def _say_what_is_left(of: Campaign) -> None:
    missing = of.missing()
    done = of.shards - len(missing)
    console.print(f"{of.folder}: {done} of {of.shards} shards are done", markup=False)
    if done and missing:
        took = [
            sum(check["seconds"] for check in results.load(of.file_of(shard))["checks"])
            for shard in range(1, of.shards + 1)
            if shard not in missing
        ]
        left = sum(took) / len(took) * len(missing)
        console.print(f"the others take some {left / 60:,.0f} minutes of one processor")


class _OneSentence(click.Group):
    """Reports what the system refuses as any other failure."""

    def invoke(self, ctx: click.Context):
        try:
            return super().invoke(ctx)
        except OSError as error:
            raise Environment(
                f"{error.filename or 'the campaign'}: {error.strerror}; then the same command goes on"
            ) from None


@click.group("campaign", cls=_OneSentence)
def command() -> None:
    """A verification in many small shards, on one machine or many; broken off, it goes on."""


folder_argument = click.argument("folder", type=click.Path(file_okay=False, path_type=pathlib.Path))


def _asks(function):
    """The arguments of what is asked for."""
    for decorator in (
        project.option,
        click.option("--shards", type=click.IntRange(1), help=f"How many parts to split into.  [default: {SHARDS}]"),
        click.option("--seed", type=click.IntRange(0), help="The seed of random choices.  [default: 1]"),
        click.option("--level", type=click.Choice(options.LEVELS), help="The effort of verification.  [default: deep]"),
        click.argument("channels", nargs=-1),
        folder_argument,
    ):
        function = decorator(function)
    return function


def _found_or_started(
    of: Project,
    folder: pathlib.Path,
    channels: tuple[str, ...],
    level: str | None,
    seed: int | None,
    shards: int | None,
) -> Campaign:
    if (folder / "campaign.json").exists():
        found = load(folder)
        _require_same(found, channels=channels, level=level, seed=seed, shards=shards)
        return found
    if of.own and not of.given_binary:
        verify.verifiable(channels, registry.declared())
    return _start(folder, of, channels, level or "deep", 1 if seed is None else seed, shards or SHARDS)


@command.command("start")
@_asks
def start(project: Project, folder: pathlib.Path, **asked) -> None:
    """Build what a campaign on CHANNELS, or on all, needs, and write FOLDER; no shard is done.

    With --binary, nothing is built: that it is of the revision that is named is up to you.
    """
    of = _found_or_started(project, folder, **asked)
    console.print(f"{folder}: {of.shards} shards to do; `campaign shard {folder} NUMBER` does one", markup=False)


@command.command("run")
@_asks
@click.option("--engine", type=click.Choice(tuple(ENGINES)), default="local", show_default=True)
@click.option("--workers", type=click.IntRange(1), help="Shards at a time.  [default: the processors of this machine]")
@click.option(
    "--hosts",
    type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path),
    help="With parallel: a file of ssh logins, one a line. FOLDER and the tree must be at the same place there.",
)
def run(
    project: Project, folder: pathlib.Path, engine: str, workers: int | None, hosts: pathlib.Path | None, **asked
) -> None:
    """Start a campaign in FOLDER on CHANNELS, or on all, or go on with the one that it has.

    Exits with 1 if a check failed.
    """
    _require(engine)
    if hosts and engine != "parallel":
        raise Usage("--hosts is for --engine parallel")
    of = _found_or_started(project, folder, **asked)
    for shard in range(1, of.shards + 1):
        _set_aside_if_wrong(of, shard)
    if missing := of.missing():
        _withdraw(of.folder)
        _require_unchanged(of, registry.choose(registry.configured(of.project.binary), of.channels))
        workers = workers or os.cpu_count() or 1
        if engine == "slurm":
            return _by_slurm(of, missing)
        if engine == "parallel":
            _by_parallel(of, missing, workers, hosts)
        else:
            _locally(of, missing, workers)
    _certify((of.folder,))


def _set_aside_if_wrong(of: Campaign, shard: int) -> None:
    """Renames a shard's file that is cut short, or of another campaign. What cannot be read is left."""
    file = of.file_of(shard)
    if not file.exists():
        return
    with open(file.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            wrong = certificate.not_of(of, shard, json.loads(file.read_text()))
        except ValueError:
            wrong = "it is not complete JSON"
        if wrong:
            file.rename(file.with_suffix(".wrong"))
            console.print(f"{file} is set aside, and its shard done again: {wrong}", style="yellow", markup=False)


@command.command("shard")
@folder_argument
@click.argument("number", type=int)
def shard_command(folder: pathlib.Path, number: int) -> None:
    """Do one shard of the campaign in FOLDER: what the engines call."""
    work(load(folder), number)


@command.command("status")
@folder_argument
def status(folder: pathlib.Path) -> None:
    """Tell how much of the campaign in FOLDER is done."""
    _say_what_is_left(load(folder))


def _withdraw(folder: pathlib.Path) -> None:
    """Removes an earlier certificate, which may claim what is no longer there."""
    for name in certificate.FILES:
        (folder / name).unlink(missing_ok=True)


def _certify(folders: tuple[pathlib.Path, ...]) -> None:
    _withdraw(folders[0])
    whole = certificate.certify([load(folder) for folder in folders])
    file = certificate.write(whole, folders[0])
    for sentence in certificate.sentences(whole):
        console.print(sentence, markup=False)
    console.print(str(file), markup=False)
    if whole["violations"]:
        raise Unverified(f"{len(whole['violations'])} checks failed: {file} has them")


@command.command("certify")
@click.argument("folders", nargs=-1, required=True, type=click.Path(file_okay=False, path_type=pathlib.Path))
def certify(folders: tuple[pathlib.Path, ...]) -> None:
    """Join the shards of the campaigns in FOLDERS into certificate.json and certificate.html, in the first folder.

    Exits with 1 if a check failed, and with 5 if a shard is missing, broken, or of something else.
    """
    _certify(folders)
