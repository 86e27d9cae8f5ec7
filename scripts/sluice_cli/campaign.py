"""A verification in many small shards, which any engine can spread, lose and repeat: the folder of a campaign says what is
asked for and has a file for each shard that is done."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import fcntl
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess

import click

from sluice_cli import build, certificate, known, options, project, registry, results, verify
from sluice_cli.common import HOME, BadResults, Environment, Unverified, Usage, console, progress
from sluice_cli.project import Project
from sluice_cli.registry import Channel
from sluice_cli.verify import LEVELS, Level, Task

SCHEMA = "sluice-campaign/1"
SHARDS = 200
ATTEMPTS = 3  # of other engines at a shard whose worker fails
# What others call: a worker may run on another host, with the same folders.
COMMAND = HOME / "scripts" / "sluice"


@dataclasses.dataclass(frozen=True)
class Campaign:
    """What is asked for."""

    folder: pathlib.Path
    revision: str
    source: str  # the project's folder
    binary: str  # its build folder, with every runner
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


def load(folder: pathlib.Path) -> Campaign:
    """The campaign of a folder. Raises BadResults if there is none that this version can go on with."""
    file = folder / "campaign.json"
    try:
        asked = json.loads(file.read_text())
    except OSError as error:
        raise BadResults(f"{folder} has no campaign: {file.name}: {error.strerror}; `run` starts one") from None
    except json.JSONDecodeError:
        raise BadResults(
            f"{file} is not complete JSON; write it again from a copy, or start in another folder"
        ) from None
    found = asked.pop("schema", None) if isinstance(asked, dict) else None
    if found != SCHEMA:
        raise BadResults(f"{file} has schema {found!r}; this version reads {SCHEMA!r}: start in another folder")
    try:
        return Campaign(folder=folder, **(asked | {"channels": tuple(asked["channels"])}))
    except (KeyError, TypeError):
        raise BadResults(f"{file} does not say what is asked for; start in another folder") from None


def _start(folder: pathlib.Path, of: Project, names: tuple[str, ...], level: str, seed: int, shards: int) -> Campaign:
    """Builds what the workers run, and writes the folder."""
    revision = build.revision(of.source)
    if revision == "unknown" or revision.endswith("-dirty"):
        raise Usage(
            f"{of.source} has changes that are not committed: a certificate names a revision, so commit them first"
        )
    binary = build.configure_project(of)
    chosen = [
        channel
        for channel in registry.choose(registry.configured(binary), names)
        if not channel.faulty and any(tool in channel.runners for tool in verify.KIND)
    ]
    if not chosen:
        raise Usage("none of these channels has properties or models to verify")
    build.build_runners(of, chosen, *verify.KIND)
    made = Campaign(folder, revision, str(of.source), str(binary), tuple(c.name for c in chosen), level, seed, shards)
    (folder / "shards").mkdir(parents=True, exist_ok=True)
    asked = {"schema": SCHEMA} | {k: v for k, v in dataclasses.asdict(made).items() if k != "folder"}
    results.write_text(folder / "campaign.json", json.dumps(asked, indent=1) + "\n")
    return made


def _require_same(found: Campaign, **given) -> None:
    """Raises BadResults if something else was asked for than what the folder is about."""
    for field, value in given.items():
        if value not in (None, ()) and value != getattr(found, field):
            raise BadResults(
                f"{found.folder} is a campaign with {field} {getattr(found, field)!r}, not {value!r}: "
                "leave it out, or start in another folder"
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


def work(of: Campaign, shard: int) -> None:
    """Does one shard, unless it is done. A second worker waits for the first, and works if that was killed.

    Raises BadResults if the tree is not the one that the campaign is about.
    """
    if not 1 <= shard <= of.shards:
        raise Usage(f"{of.folder} has the shards 1 to {of.shards}, not {shard}")
    file = of.file_of(shard)
    with open(file.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if file.exists():
            return
        now = build.revision(of.project.source)
        if now != of.revision:
            raise BadResults(
                f"{of.source} is at revision {now}, but {of.folder} is about {of.revision}: check that out, or start in "
                "another folder"
            )
        level = LEVELS[of.level]
        channels = registry.choose(registry.configured(of.project.binary), of.channels)
        # Each shard draws other numbers.
        seed = of.seed * 1_000_003 + shard
        checks = []
        for task in tasks_of(channels, level, shard, of.shards):
            checks += verify.run_task(task, _effort(level, of.shards), seed, of.folder / "failures")
        checks = known.mark(of.project, verify.joined(checks, f"{shard}/{of.shards}"))
        told = results.new_results(of.project, of.level, of.seed, channels, checks=checks)
        try:
            results.save(told | {"shard": f"{shard}/{of.shards}"}, file)
        except OSError as error:
            raise Environment(
                f"{file} cannot be written: {error.strerror}; when that is mended, `run` goes on"
            ) from None


def _worker(of: Campaign, shard: int | str) -> list[str]:
    return [str(COMMAND), "campaign", "shard", str(of.folder.resolve()), str(shard)]


def _locally(of: Campaign, shards: list[int], workers: int) -> None:
    with concurrent.futures.ThreadPoolExecutor(workers) as pool, progress("shards", len(shards)) as advance:
        running = {pool.submit(work, of, shard): shard for shard in shards}
        try:
            for future in concurrent.futures.as_completed(running):
                future.result()
                advance(str(running[future]))
        finally:
            # Of a broken-off campaign, what has not begun.
            pool.shutdown(wait=False, cancel_futures=True)


def _by_parallel(of: Campaign, shards: list[int], workers: int, hosts: pathlib.Path | None) -> None:
    """GNU parallel (https://www.gnu.org/software/parallel/), whose log says which worker ended when, and how."""
    # The log knows shards by their place in the list, so it serves one list.
    log = of.folder / "parallel.log"
    if shards != list(range(1, of.shards + 1)):
        log = of.folder / "parallel-again.log"
        log.unlink(missing_ok=True)
    where = ["--sshloginfile", str(hosts)] if hosts else []
    command = [
        *("parallel", "--will-cite", "--jobs", str(workers), "--joblog", str(log), "--resume-failed"),
        *("--retries", str(ATTEMPTS), *where, shlex.join(_worker(of, "{}")).replace("'{}'", "{}"), ":::"),
    ]
    subprocess.run([*command, *map(str, shards)])


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
    """An array of jobs (https://slurm.schedmd.com/job_array.html), and one that joins the shards after them."""
    folder = of.folder.resolve()
    script = folder / "array.sh"
    shard = shlex.join(_worker(of, "SHARD")).replace("SHARD", '"$SLURM_ARRAY_TASK_ID"')
    # A lost node's jobs are queued again by Slurm, a worker that failed is started again by the job.
    results.write_text(
        script,
        "#!/bin/sh\n"
        f"#SBATCH --job-name=sluice --requeue --output={folder}/slurm-%a.log\n"
        f"for attempt in {' '.join(map(str, range(1, ATTEMPTS + 1)))}; do\n  {shard} && exit\ndone\nexit 1\n",
    )
    array = _submit(["--array", _ranges(shards), str(script)])
    certify = shlex.join([str(COMMAND), "campaign", "certify", str(folder)])
    joining = _submit(["--dependency", f"afterany:{array}", f"--output={folder}/slurm-certify.log", "--wrap", certify])
    console.print(f"Slurm has the shards as job {array}, and joins them as job {joining}")


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


@click.group("campaign")
def command() -> None:
    """A verification in many small shards, on one machine or many; broken off, it goes on."""


folder_argument = click.argument("folder", type=click.Path(file_okay=False, path_type=pathlib.Path))


@command.command("run")
@folder_argument
@click.argument("channels", nargs=-1)
@click.option("--level", type=click.Choice(options.LEVELS), help="The effort of verification.  [default: deep]")
@click.option("--seed", type=int, help="The seed of random choices.  [default: 1]")
@click.option("--shards", type=click.IntRange(1, 999_999), help=f"How many parts to split into.  [default: {SHARDS}]")
@click.option("--engine", type=click.Choice(tuple(ENGINES)), default="local", show_default=True)
@click.option("--workers", type=click.IntRange(1), help="Shards at a time.  [default: the processors of this machine]")
@click.option(
    "--hosts",
    type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path),
    help="With parallel: a file of ssh logins, one a line. FOLDER and the tree must be at the same place there.",
)
@project.option
def run(
    project: Project,
    folder: pathlib.Path,
    channels: tuple[str, ...],
    level: str | None,
    seed: int | None,
    shards: int | None,
    engine: str,
    workers: int | None,
    hosts: pathlib.Path | None,
) -> None:
    """Start a campaign in FOLDER on CHANNELS, or on all, or go on with the one that it has.

    Exits with 1 if a check failed, or a shard could not be done.
    """
    _require(engine)
    if hosts and engine != "parallel":
        raise Usage("--hosts is for --engine parallel")
    if (folder / "campaign.json").exists():
        of = load(folder)
        _require_same(of, channels=channels, level=level, seed=seed, shards=shards)
    else:
        if project.own and not project.given_binary:
            verify.verifiable(channels, registry.declared())
        of = _start(folder, project, channels, level or "deep", 1 if seed is None else seed, shards or SHARDS)
    for file in of.folder.glob("shards/*.json"):
        _set_aside_if_broken(file)
    missing = of.missing()
    if missing and engine == "slurm":
        return _by_slurm(of, missing)
    workers = workers or os.cpu_count() or 1
    if missing and engine == "parallel":
        _by_parallel(of, missing, workers, hosts)
        missing = of.missing()
    if missing:
        _locally(of, missing, workers)
    if missing := of.missing():
        raise Unverified(f"{len(missing)} shards could not be done: {_ranges(missing)}; the same command tries again")
    _certify((of.folder,))


def _set_aside_if_broken(file: pathlib.Path) -> None:
    try:
        results.load(file)
    except BadResults as error:
        file.rename(file.with_suffix(".broken"))
        console.print(f"{error.message}; its shard is done again", style="yellow", markup=False)


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


def _certify(folders: tuple[pathlib.Path, ...]) -> None:
    campaigns = [load(folder) for folder in folders]
    whole = certificate.certify({of: {n: of.file_of(n) for n in range(1, of.shards + 1)} for of in campaigns})
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
