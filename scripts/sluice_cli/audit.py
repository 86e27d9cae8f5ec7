"""The audit: mutation testing of the channels' memory orders, wake-ups and rechecks. Each mutant makes one of them one
step weaker, and a model must kill it."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import tomllib

import click
import rich.markup
import rich.table

from sluice_cli import build, options, outcome, registry, results
from sluice_cli.common import ROOT, BadResults, Unverified, Usage, console, progress
from sluice_cli.registry import Channel

LIBRARY = ROOT / "impls" / "sluice"
ACCEPTED = ROOT / "models" / "accepted_mutants.toml"

# Executions for each check and capacity before a mutant counts as a survivor, and to find the mutants.
EXECUTIONS = 30_000
EXECUTIONS_TO_FIND = 3_000
TIMEOUT = 600  # seconds, of one runner


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One site made one step weaker, as model runners name it."""

    name: str  # FILE:LINE:COLUMN:ROLE:MUTATION
    file: str  # below the library's folder
    line: int
    role: str
    mutation: str


@dataclasses.dataclass(frozen=True)
class Tag:
    """A comment such as `[S3] release, pairs with acquire [S5]: why`, and the lines of code that it covers."""

    name: str
    text: str
    file: str
    line: int
    lines: range


def source(file: str) -> list[str]:
    return (LIBRARY / file).read_text().splitlines()


def tags(file: str) -> list[Tag]:
    """The tags that a file defines. A tag covers the code below its comment, up to the next blank line or comment."""
    lines = source(file)
    found = []
    i = 0
    while i < len(lines):
        if not lines[i].lstrip().startswith("// ["):
            i += 1
            continue
        start = i
        while i < len(lines) and lines[i].lstrip().startswith("//"):
            i += 1
        text = " ".join(line.strip().removeprefix("//").strip() for line in lines[start:i])
        end = i
        while end < len(lines) and lines[end].strip() and not lines[end].lstrip().startswith("//"):
            end += 1
        name = re.match(r"\[([A-Z]+\d+)\]", text)
        if name:
            found.append(Tag(name[1], text, file, start + 1, range(i + 1, end + 1)))
    return found


def code_of(file: str, line: int) -> str:
    return source(file)[line - 1].strip()


def tag_of(file: str, line: int) -> str:
    """The tag that covers a line, or an empty text."""
    return next((tag.name for tag in tags(file) if line in tag.lines), "")


def files() -> list[str]:
    return sorted(str(file.relative_to(LIBRARY)) for file in LIBRARY.rglob("*.hpp") if file.name != "platform.hpp")


_CALL = re.compile(r"(?:\.|->)(load|store|exchange|compare_exchange_weak|compare_exchange_strong|fetch_\w+)\(")
_NAME = re.compile(r"\[([A-Z]+\d+)\]")
_ORDER = re.compile(r"memory_order::(\w+)")


def ordered_calls(file: str) -> list[tuple[int, tuple[str, ...]]]:
    """Each atomic access with an order other than relaxed: its line and its orders."""
    text = "\n".join(line.split("//")[0] for line in source(file))
    calls = []
    for call in _CALL.finditer(text):
        depth = 1
        end = call.end()
        while depth and end < len(text):
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        # An access that names no order is seq_cst.
        orders = tuple(_ORDER.findall(text[call.end() : end])) or ("seq_cst",)
        if any(order != "relaxed" for order in orders):
            calls.append((text.count("\n", 0, call.start()) + 1, orders))
    return calls


def _named_above(file: str, line: int) -> bool:
    """Whether the last comment above a line names a tag, in the same function."""
    lines = source(file)
    while line > 0 and lines[line - 1].strip() and not lines[line - 1].lstrip().startswith("//"):
        line -= 1
    while line > 0 and lines[line - 1].lstrip().startswith("//"):
        if _NAME.search(lines[line - 1]):
            return True
        line -= 1
    return False


def false_tags() -> list[str]:
    """False comments: a tag claims an order that its code does not have, names a tag that does not exist, or a pair whose
    other half does not name it; or an order has no tag."""
    false = []
    every = {tag.name: tag for file in files() for tag in tags(file)}
    counted = [tag.name for file in files() for tag in tags(file)]
    false += [f"[{name}] is defined {n} times" for name in sorted(set(counted)) if (n := counted.count(name)) > 1]
    for file in files():
        calls = ordered_calls(file)
        for tag in tags(file):
            where = f"{file}:{tag.line}: [{tag.name}]"
            claimed = re.match(r"\[\w+\] (seq_cst|acq_rel|acquire|release)\b", tag.text)
            orders = [order for line, found in calls if line in tag.lines for order in found]
            if claimed and claimed[1] not in orders:
                false.append(f"{where} claims {claimed[1]}, which the code below does not have")
            paired = {name for part in re.findall(r"pairs with[^.:;]*", tag.text) for name in _NAME.findall(part)}
            for other in _NAME.findall(tag.text)[1:]:
                if other in every and other in paired and tag.name not in _NAME.findall(every[other].text)[1:]:
                    false.append(f"{where} pairs with [{other}], which does not name it")
        for number, text in enumerate(source(file), start=1):
            if text.lstrip().startswith("//"):
                unknown = [name for name in _NAME.findall(text) if name not in every]
                false += [f"{file}:{number}: names [{name}], which does not exist" for name in unknown]
        for line, _ in calls:
            if not _named_above(file, line):
                false.append(f"{file}:{line}: an order without a tag")
    return false


def accepted() -> list[dict]:
    """The mutants that no model can kill, with the reason why the code stays."""
    try:
        entries = tomllib.loads(ACCEPTED.read_text()).get("accepted", [])
    except tomllib.TOMLDecodeError as error:
        raise BadResults(f"{ACCEPTED} is not TOML: {error}") from None
    for entry in entries:
        for field in ("file", "tag", "role", "mutation", "reason"):
            if not isinstance(entry.get(field), str):
                raise BadResults(f"{ACCEPTED}: an entry lacks `{field}`: {entry}")
    return entries


def _mutants(channel: Channel) -> list[Mutant]:
    done = subprocess.run(
        [channel.runners["models"], "--list-mutants", "--executions", str(EXECUTIONS_TO_FIND)],
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise Usage(f"the models of {channel.name} fail without a mutant: run scripts/sluice verify {channel.name}")
    mutants = []
    for name in done.stdout.splitlines():
        parts = name.rsplit(":", 4)
        if len(parts) == 5 and pathlib.Path(parts[0]).is_relative_to(LIBRARY):
            file = str(pathlib.Path(parts[0]).relative_to(LIBRARY))
            mutants.append(Mutant(name, file, int(parts[1]), parts[3], parts[4]))
    return mutants


def _row(**known) -> dict:
    """A row of the audit's table; unknown fields are empty."""
    row = dict.fromkeys(
        ("file", "tag", "code", "role", "mutation", "verdict", "channel", "killed_by", "how", "reason"), ""
    )
    return row | {"line": 0, "executions": 0, "seconds": 0.0} | known


def _try_to_kill(mutant: Mutant, channels: list[Channel], executions: int) -> dict:
    """Runs the models of one channel after another, until one kills the mutant."""
    row = _row(
        file=mutant.file,
        line=mutant.line,
        tag=tag_of(mutant.file, mutant.line),
        code=code_of(mutant.file, mutant.line),
        role=mutant.role,
        mutation=mutant.mutation,
        verdict="survived",
        channel=", ".join(channel.name for channel in channels),
    )
    # One channel may kill at once what another would never kill.
    efforts = sorted({min(EXECUTIONS_TO_FIND, executions), executions})
    attempts = [(effort, channel) for effort in efforts for channel in channels]
    for effort, channel in attempts:
        command = [channel.runners["models"], "--mutant", mutant.name, "--executions", str(effort)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            done = None
        if done and done.returncode == 0:
            found = json.loads(done.stdout.splitlines()[-1])
            if not found["killed_by"] and not found["reached"]:
                raise Unverified(f"{channel.name} did not reach {mutant.name}, which it listed itself")
        elif done is None or done.returncode < 0:
            # The mutant crashed the runner or made it hang.
            how = f"died of signal {-done.returncode}" if done else f"did not end within {TIMEOUT} s"
            found = {"killed_by": "the runner", "how": how, "executions": 0, "seconds": 0}
        else:
            raise Unverified(f"{channel.name} cannot be audited for {mutant.name}: {done.stderr.strip()}")
        row["executions"] += found["executions"]
        row["seconds"] += found["seconds"]
        if found["killed_by"]:
            row |= {"verdict": "killed", "channel": channel.name, "killed_by": found["killed_by"], "how": found["how"]}
            break
    return row


def _explain(rows: list[dict], whole: bool) -> list[dict]:
    """Gives accepted survivors their reasons, and adds the entries of accepted_mutants.toml that are stale."""
    stale = []
    for entry in accepted():
        of_entry = [row for row in rows if all(row[key] == entry[key] for key in ("file", "tag", "role", "mutation"))]
        survivors = [r for r in of_entry if r["verdict"] == "survived"]
        for row in survivors:
            row |= {"verdict": "accepted", "reason": entry["reason"]}
        if whole and not survivors:
            why = "a model kills it" if of_entry else "there is no such mutant"
            stale.append(
                _row(
                    **{key: entry[key] for key in ("file", "tag", "role", "mutation")},
                    verdict="stale",
                    killed_by=of_entry[0]["killed_by"] if of_entry else "",
                    reason=f"models/accepted_mutants.toml accepts it, but {why}",
                )
            )
    return rows + stale


def audit(channels: list[Channel], whole: bool, executions: int = EXECUTIONS) -> list[dict]:
    """Tries to kill every mutant that the channels' models reach.

    whole: whether these are all channels, so that a site which none of them reaches is an error.
    """
    sound = [c for c in channels if "models" in c.runners and not c.faulty]
    if not sound:
        raise Usage("none of these channels has models, so none can be audited")
    reached: dict[Mutant, list[Channel]] = {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for channel, mutants in zip(sound, pool.map(_mutants, sound)):
            for mutant in mutants:
                reached.setdefault(mutant, []).append(channel)
        if not reached:
            raise Usage("these models reach no code of this library: is the build folder another tree's?")
        rows = []
        with progress("auditing", len(reached)) as advance:
            running = [pool.submit(_try_to_kill, mutant, by, executions) for mutant, by in reached.items()]
            for future in concurrent.futures.as_completed(running):
                rows.append(future.result())
                advance(f"{rows[-1]['file']}:{rows[-1]['line']}")
    if whole:
        rows += _unreached({(row["file"], row["line"]) for row in rows})
    return sorted(_explain(rows, whole), key=lambda row: (row["file"], row["line"], row["role"], row["mutation"]))


def _unreached(reached: set[tuple[str, int]]) -> list[dict]:
    return [
        _row(
            file=file,
            line=line,
            tag=tag_of(file, line),
            code=code_of(file, line),
            mutation="none",
            verdict="survived",
            reason="no model reaches it",
        )
        for file in files()
        for line, _ in ordered_calls(file)
        if (file, line) not in reached
    ]


def show(rows: list[dict]) -> None:
    table = rich.table.Table("site", "mutation", "verdict", "by", "executions", title="Mutants of the channels")
    for row in rows:
        style = {"killed": "green", "accepted": "yellow"}.get(row["verdict"], "bold red")
        table.add_row(
            f"{row['file']}:{row['line']}" + (rich.markup.escape(f" [{row['tag']}]") if row["tag"] else ""),
            f"{row['role']} {row['mutation']}",
            f"[{style}]{row['verdict']}[/{style}]",
            f"{row['channel']}: {row['killed_by']}, {row['how'].lower()[:40]}" if row["killed_by"] else row["reason"],
            f"{row['executions']:,}",
        )
    console.print(table)


@click.command("audit")
@click.argument("channels", nargs=-1)
@click.option(
    "--executions",
    default=EXECUTIONS,
    show_default=True,
    type=click.IntRange(1),
    help="Executions of each check before a mutant counts as a survivor.",
)
@options.json_file("the table")
@click.option("--binary", type=click.Path(exists=True, path_type=pathlib.Path), help="Use this build folder as it is.")
def command(channels: tuple[str, ...], executions: int, out: pathlib.Path | None, binary: pathlib.Path | None) -> None:
    """Mutate each memory order, wake-up and recheck of CHANNELS, one step weaker; a model must kill each mutant.

    Exits with 1 if one survives without a reason in models/accepted_mutants.toml, or a comment's tag is false.
    """
    if not binary:
        registry.require_known(channels, registry.declared())
    registered = registry.built(binary or build.build_preset("release"), of_tests=True)
    rows = audit(registry.choose(registered, channels), whole=not channels, executions=executions)
    show(rows)
    if out:
        results.save(results.new_results("none", 0, registered, audit=rows), out)
    if false := false_tags():
        console.print("false comments:\n  " + "\n  ".join(false), style="bold red", markup=False)
    outcome.require_passed([], [], rows)
    if false:
        raise Unverified(f"{len(false)} comments are false; they are listed above")
