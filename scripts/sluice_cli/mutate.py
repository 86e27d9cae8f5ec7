"""Source mutants: one change each of the channels' own code, which a model, a property or a line of the contract must
notice. All of them are in one build."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import fnmatch
import hashlib
import importlib
import importlib.util
import json
import os
import pathlib
import shlex
import signal
import subprocess
import tempfile
import time

import click
import rich.markup
import rich.table

from sluice_cli import build, options, project, registry, results, setup
from sluice_cli.common import Environment, Unverified, Usage, console, ended, progress, toml_entries
from sluice_cli.project import Project
from sluice_cli.registry import Channel
from sluice_cli.sources import Sources

CHOSEN = "SLUICE_SOURCE_MUTANT"
REACHED = "SLUICE_SOURCE_MUTANTS_REACHED"
SUFFIXES = (".hpp", ".h", ".hh", ".hxx")
# Numbers that no mutant has, of a run without any.
NONE = str(1 << 30)
SLOWER = 10  # times slower than without a mutant, for a runner to be hung
LEAST_LIMIT = 20  # seconds


@dataclasses.dataclass(frozen=True)
class SourceMutant:
    """One change of one place."""

    number: int
    file: str  # below the mutated folder
    line: int
    function: str
    code: str  # of the line
    change: str


@dataclasses.dataclass(frozen=True)
class Layer:
    """One effort of one tool."""

    name: str
    tool: str
    arguments: tuple[str, ...]


# The cheap ones first: most mutants fail at once.
LAYERS = (
    Layer("model", "models", ("--executions", "300", "--hang-timeout", "10")),
    Layer("property", "properties", ("--executions", "50", "--hang-timeout", "10")),
    Layer("contract", "contract", ("--divide", "20", "--hang-timeout", "20")),
    Layer("model", "models", ("--executions", "10000", "--hang-timeout", "10")),
    Layer("search", "models", ("--exhaustive", "2x2", "--exhaustive", "3x1", "--bound", "1", "--hang-timeout", "10")),
)


@dataclasses.dataclass(frozen=True)
class Attempt:
    """A layer's run on a channel."""

    channel: Channel
    layer: Layer

    def command(self, verdicts: pathlib.Path) -> list[str]:
        command = [str(self.channel.runners[self.layer.tool]), *self.layer.arguments, "--first-failure"]
        if self.layer.tool == "contract":
            command += ["--channel", self.channel.name]
        elif self.layer.name != "search":
            kind = {"models": "model", "properties": "property"}[self.layer.tool]
            known = [name.split("/") for name in self.channel.known_violations]
            command += [f"--except={check}" for of, check in known if of == kind and check != "exhaustive"]
        return [*command, "--json", str(verdicts)]

    def run(self, limit: float, **environment: str) -> tuple[str, str, int]:
        """Which check failed, how, and after how many executions; of a run that passes, empty texts."""
        with tempfile.TemporaryDirectory() as folder:
            verdicts = pathlib.Path(folder) / "checks.json"
            with subprocess.Popen(
                self.command(verdicts),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                stdin=subprocess.DEVNULL,
                env=os.environ | environment,
                start_new_session=True,
            ) as runner:
                try:
                    code = runner.wait(limit)
                    how = ended(code)
                except subprocess.TimeoutExpired:
                    code, how = None, f"did not end within {limit:.0f} s"
                finally:
                    # Also the processes that it started.
                    try:
                        os.killpg(runner.pid, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
            checks = _read(verdicts)
        failed = next((check for check in checks if check["verdict"] == "failed"), None)
        executions = sum(check.get("executions", 0) for check in checks)
        if code == 0:
            return "", "", executions
        if failed:
            return failed.get("check") or failed["name"], _first_line(failed["detail"]) or how, executions
        return "the runner", how, executions


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else ""


def _read(verdicts: pathlib.Path) -> list[dict]:
    try:
        return json.loads(verdicts.read_text())
    except (OSError, ValueError):
        return []


def _require_parser() -> None:
    if importlib.util.find_spec("clang"):
        return
    setup.ensure(setup.PARSER)
    importlib.invalidate_caches()
    if not importlib.util.find_spec("clang"):
        raise Environment("`mutate` needs Python's module `clang`: on Debian apt-get install python3-clang-19")


def _headers(of: Project, folder: pathlib.Path) -> list[str]:
    """The headers below a folder."""
    if of.own:
        return Sources.of(of).files()
    found = (file for file in folder.rglob("*") if file.suffix in SUFFIXES)
    return sorted(str(file.relative_to(folder)) for file in found if not file.is_relative_to(of.builds))


def _chosen(headers: list[str], wanted: tuple[str, ...]) -> list[str]:
    """The headers that these patterns name, or all. Raises Usage for a pattern that names none."""
    for pattern in wanted:
        if not fnmatch.filter(headers, pattern):
            raise Usage(f"`{pattern}` is no header to mutate; there are {', '.join(headers)}")
    return [header for header in headers if not wanted or any(fnmatch.fnmatch(header, each) for each in wanted)]


def _flags(binary: pathlib.Path, channel: Channel) -> list[str]:
    """How a channel's unit is compiled, as far as a parser must know, without the rewritten headers."""
    tool = next(tool for tool in ("properties", "models", "contract") if tool in channel.runners)
    wanted = f"{channel.name}_{tool}"
    for entry in json.loads((binary / "compile_commands.json").read_text()):
        if pathlib.Path(entry["file"]).stem == wanted:
            words = shlex.split(entry["command"])
            break
    else:
        raise Usage(f"{binary} does not say how {wanted} is compiled: remove it")
    flags = []
    for i, word in enumerate(words):
        if word.startswith(("-I", "-D", "-std=")) and word != f"-I{binary / 'include'}":
            flags.append(word)
        elif word == "-isystem":
            flags += [word, words[i + 1]]
    return flags


def _root(file: pathlib.Path, flags: list[str], folder: pathlib.Path) -> pathlib.Path:
    """The folder of includes that a header is in: the innermost one."""
    roots = [pathlib.Path(flag[2:]).resolve() for flag in flags if flag.startswith("-I")]
    return max((root for root in roots if file.is_relative_to(root)), key=lambda root: len(root.parts), default=folder)


def _rewrite(of: Project, channels: list[Channel], folder: pathlib.Path, headers: list[str]) -> list[SourceMutant]:
    """Writes the rewritten headers into the build folder; returns their mutants."""
    # Imported here: only this command needs the parser.
    from sluice_cli.source_mutants import Rewriter

    flags = list(dict.fromkeys(flag for channel in channels for flag in _flags(of.binary, channel)))
    try:
        rewriter = Rewriter(folder, headers, flags)
    except ValueError as error:
        raise Usage(str(error)) from None
    include = of.binary / "include"
    written = set()
    for file, text in rewriter.rewritten.items():
        copy = include / (folder / file).relative_to(_root(folder / file, flags, folder))
        copy.parent.mkdir(parents=True, exist_ok=True)
        if not copy.exists() or copy.read_bytes() != text:
            copy.write_bytes(text)
        written.add(copy)
    for stale in set(include.rglob("*.*")) - written:
        stale.unlink()
    return rewriter.mutants


class Kept:
    """What is known of the mutants of a build, in a file with a line for each: broken off, a run goes on."""

    def __init__(self, of: Project, channels: list[Channel], mutants: list[SourceMutant]):
        told = hashlib.sha256(repr(LAYERS).encode())
        for channel in channels:
            for tool in sorted({layer.tool for layer in LAYERS} & channel.runners.keys()):
                told.update(channel.name.encode() + channel.runners[tool].read_bytes())
        self.file = of.binary / f"verdicts-{told.hexdigest()[:16]}.jsonl"
        self.rows: dict[int, dict] = {}
        if self.file.exists():
            # A line that was cut is tried again.
            whole = "".join(line for line in self.file.read_text().splitlines(True) if line.endswith("\n"))
            self.file.write_text(whole)
            self.rows = {row["number"]: row for row in map(json.loads, whole.splitlines())}

    def add(self, row: dict) -> None:
        self.rows[row["number"]] = row
        with open(self.file, "a") as out:
            out.write(json.dumps(row) + "\n")


def _baseline(attempt: Attempt) -> tuple[Attempt, set[int], float]:
    """The mutants that an attempt reaches, and its seconds. Raises Unverified if it fails without any mutant."""
    with tempfile.TemporaryDirectory() as folder:
        reached = pathlib.Path(folder) / "reached"
        begun = time.monotonic()
        check, how, _ = attempt.run(3600, **{CHOSEN: NONE, REACHED: str(reached)})
        seconds = time.monotonic() - begun
        if check:
            raise Unverified(f"{attempt.channel.name} fails without a mutant: {attempt.layer.name} {check}: {how}")
        numbers = set(map(int, reached.read_text().split())) if reached.exists() else set()
    return attempt, numbers, seconds


def _try_to_kill(row: dict, attempts: list[tuple[Attempt, float]]) -> dict:
    for attempt, seconds in attempts:
        begun = time.monotonic()
        limit = max(LEAST_LIMIT, SLOWER * seconds)
        check, how, executions = attempt.run(limit, **{CHOSEN: str(row["number"])})
        row["seconds"] += time.monotonic() - begun
        row["executions"] += executions
        if check:
            return row | {
                "verdict": "killed",
                "channel": attempt.channel.name,
                "layer": attempt.layer.name,
                "killed_by": check,
                "how": how,
            }
    return row | {"verdict": "survived" if attempts else "unreached"}


def _accepted_file(of: Project) -> pathlib.Path:
    return of.source / ("models" if of.own else ".") / "accepted_source_mutants.toml"


def accepted(file: pathlib.Path) -> list[dict]:
    """The survivors whose reasons are known. An entry without `change` is about a line, one without `code` about a function,
    one without `function` about a file."""
    return toml_entries(file, "accepted", ("file", "reason"))


def explain(rows: list[dict], entries: list[dict]) -> list[dict]:
    """Gives survivors their reasons; returns the entries that no survivor has."""
    stale = []
    for entry in entries:
        fields = [field for field in ("file", "function", "code", "change") if field in entry]
        survivors = [
            row for row in rows if row["verdict"] != "killed" and all(row[field] == entry[field] for field in fields)
        ]
        for row in survivors:
            row |= {"verdict": "accepted", "reason": entry["reason"]}
        if not survivors:
            stale.append(entry)
    return stale


def mutate(of: Project, channels: list[Channel], mutants: list[SourceMutant]) -> list[dict]:
    """Tries to kill every mutant that a channel's checks reach, unless that was done."""
    kept = Kept(of, channels, mutants)
    rows = [
        dataclasses.asdict(mutant)
        | dict.fromkeys(("verdict", "channel", "layer", "killed_by", "how", "reason"), "")
        | {"executions": 0, "seconds": 0.0}
        for mutant in mutants
        if mutant.number not in kept.rows
    ]
    every = [
        Attempt(channel, layer)
        for layer in LAYERS
        for channel in channels
        if layer.tool in channel.runners and not (layer.name == "search" and channel.kind != "queue") and rows
    ]
    reaching: dict[int, list[tuple[Attempt, float]]] = {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        with progress("without mutants", len(every)) as advance:
            running = [pool.submit(_baseline, attempt) for attempt in every]
            for future in running:
                attempt, numbers, seconds = future.result()
                for number in numbers:
                    reaching.setdefault(number, []).append((attempt, seconds))
                advance(f"{attempt.layer.name} {attempt.channel.name}")
        with progress("mutating", len(rows)) as advance:
            trying = [pool.submit(_try_to_kill, row, reaching.get(row["number"], [])) for row in rows]
            try:
                for future in concurrent.futures.as_completed(trying):
                    row = future.result()
                    kept.add(row)
                    advance(f"{row['file']}:{row['line']}")
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    return [kept.rows[mutant.number] for mutant in mutants]


def show(rows: list[dict]) -> None:
    """The mutants that are left, and a summary."""
    left = [row for row in rows if row["verdict"] in ("survived", "unreached")]
    if left:
        table = rich.table.Table("place", "code", "change", "verdict", title="Mutants that nothing notices")
        for row in left:
            place = f"{row['file']}:{row['line']} {row['function']}"
            table.add_row(*map(rich.markup.escape, (place, row["code"], row["change"], row["verdict"])))
        console.print(table)
    killed = [row for row in rows if row["verdict"] == "killed"]
    layers = {layer.name: sum(row["layer"] == layer.name for row in killed) for layer in LAYERS}
    accepted_rows = sum(row["verdict"] == "accepted" for row in rows)
    console.print(
        f"{len(rows)} mutants: {len(killed)} killed ({', '.join(f'{n} by {name}' for name, n in layers.items())}), "
        f"{accepted_rows} accepted, {len(left)} not noticed"
    )


@click.command("mutate")
@click.argument("channels", nargs=-1)
@click.option("--file", "files", multiple=True, metavar="PATTERN", help="Only headers like this, as cores/*.hpp.")
@options.json_file("the table")
@click.option(
    "--source",
    type=click.Path(exists=True, file_okay=False, path_type=pathlib.Path),
    help="The project's folder, instead of the nearest whose CMakeLists.txt names sluice.",
)
def command(
    channels: tuple[str, ...], files: tuple[str, ...], source: pathlib.Path | None, out: pathlib.Path | None
) -> None:
    """Change the code of CHANNELS, or of all, in one place after another; a check must notice each change.

    Comparisons, conditions, arithmetic, constants, statements and locks are changed, each in a process of its own.
    Broken off, it goes on. Exits with 1 if a change is not noticed and has no reason in accepted_source_mutants.toml (of sluice's own tree, in models).
    """
    of = dataclasses.replace(project.find(source), variant="mutants")
    if of.own:
        registry.require_known(channels, registry.declared())
    folder = Sources.of(of).folder
    headers = _headers(of, folder)
    wanted = _chosen(headers, files)
    entries = accepted(_accepted_file(of))
    _require_parser()
    registered = registry.configured(build.configure_project(of))
    chosen = [
        channel
        for channel in registry.choose(registered, channels)
        if not channel.faulty and (not channel.third_party or channel.name in channels)
        if any(layer.tool in channel.runners for layer in LAYERS)
    ]
    if not chosen:
        raise Usage("none of these channels has a check")
    # All, so that the build serves every choice.
    mutants = [mutant for mutant in _rewrite(of, chosen, folder, headers) if mutant.file in wanted]
    build.build_runners(of, chosen, "models", "properties", "contract")
    rows = mutate(of, chosen, mutants)
    if channels:
        # What these channels do not use may belong to others.
        rows = [row for row in rows if row["verdict"] != "unreached"]
    stale = explain(rows, entries)
    if not rows:
        raise Usage(f"nothing to mutate: the checks reach no code in {folder}")
    show(rows)
    if out:
        results.save(results.new_results(of, "none", 0, registered, source_mutants=rows), out)
    if stale and not channels and not files:
        listing = "; ".join(f"{entry['file']}: {entry.get('change', 'all')}" for entry in stale)
        raise Unverified(f"{_accepted_file(of).name} accepts what is noticed, or is not there: {listing}")
    if left := sum(row["verdict"] in ("survived", "unreached") for row in rows):
        raise Unverified(f"{left} of {len(rows)} changes are not noticed; they are listed above")
