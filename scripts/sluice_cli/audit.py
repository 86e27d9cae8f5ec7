"""Shows what stands in the channels' source to be needed: each memory order, wake-up and second look, one at a time, is
made one step weaker, and a model must fail."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import tomllib

import rich.markup
import rich.table

from sluice_cli.build import Channel
from sluice_cli.common import ROOT, BadResults, Unverified, Usage, console, progress

LIBRARY = ROOT / "impls" / "sluice"
KEPT = ROOT / "models" / "kept.toml"

# Schedules for each scenario and capacity before something counts as a survivor, and to find the places.
EXECUTIONS = 30_000
EXECUTIONS_TO_FIND = 3_000
TIMEOUT = 600  # seconds, of one program


@dataclasses.dataclass(frozen=True)
class Fault:
    """One place made one step weaker, as model programs name it."""

    name: str  # FILE:LINE:COLUMN:ROLE:FAULT
    file: str  # from the library's folder
    line: int
    role: str
    what: str


@dataclasses.dataclass(frozen=True)
class Tag:
    """A comment such as `[S3] release, pairs with acquire [S5]: why`, and the lines of code that it is about."""

    name: str
    text: str
    file: str
    line: int
    lines: range


def source(file: str) -> list[str]:
    return (LIBRARY / file).read_text().splitlines()


def tags(file: str) -> list[Tag]:
    """The tags that a file defines. One is about the code below its comment, up to the next blank line or comment."""
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
    """The tag of the comment that a line stands under, or an empty text."""
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


def wrong_tags() -> list[str]:
    """What is untrue of the tags in comments: an order that does not stand there, a tag that does not exist or a pair
    whose other half does not name it, an order that no comment names."""
    wrong = []
    every = {tag.name: tag for file in files() for tag in tags(file)}
    counted = [tag.name for file in files() for tag in tags(file)]
    wrong += [f"[{name}] is defined {n} times" for name in sorted(set(counted)) if (n := counted.count(name)) > 1]
    for file in files():
        calls = ordered_calls(file)
        for tag in tags(file):
            where = f"{file}:{tag.line}: [{tag.name}]"
            claimed = re.match(r"\[\w+\] (seq_cst|acq_rel|acquire|release)\b", tag.text)
            orders = [order for line, found in calls if line in tag.lines for order in found]
            if claimed and claimed[1] not in orders:
                wrong.append(f"{where} claims {claimed[1]}, which does not stand below it")
            paired = {name for part in re.findall(r"pairs with[^.:;]*", tag.text) for name in _NAME.findall(part)}
            for other in _NAME.findall(tag.text)[1:]:
                if other in every and other in paired and tag.name not in _NAME.findall(every[other].text)[1:]:
                    wrong.append(f"{where} pairs with [{other}], which does not name it")
        for number, text in enumerate(source(file), start=1):
            if text.lstrip().startswith("//"):
                unknown = [name for name in _NAME.findall(text) if name not in every]
                wrong += [f"{file}:{number}: names [{name}], which does not exist" for name in unknown]
        for line, _ in calls:
            if not _named_above(file, line):
                wrong.append(f"{file}:{line}: an order without a tag")
    return wrong


def kept() -> list[dict]:
    """What must stay although no model fails without it, with the reason."""
    try:
        entries = tomllib.loads(KEPT.read_text()).get("kept", [])
    except tomllib.TOMLDecodeError as error:
        raise BadResults(f"{KEPT} is not TOML: {error}") from None
    for entry in entries:
        for field in ("file", "tag", "role", "fault", "reason"):
            if not isinstance(entry.get(field), str):
                raise BadResults(f"{KEPT}: an entry lacks `{field}`: {entry}")
    return entries


def _sites(channel: Channel) -> list[Fault]:
    done = subprocess.run(
        [channel.programs["models"], "--sites", "--executions", str(EXECUTIONS_TO_FIND)],
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise Usage(f"the models of {channel.name} fail as it stands: run scripts/sluice verify {channel.name}")
    faults = []
    for name in done.stdout.splitlines():
        parts = name.rsplit(":", 4)
        if len(parts) == 5 and pathlib.Path(parts[0]).is_relative_to(LIBRARY):
            file = str(pathlib.Path(parts[0]).relative_to(LIBRARY))
            faults.append(Fault(name, file, int(parts[1]), parts[3], parts[4]))
    return faults


def _row(**known) -> dict:
    """A row of the audit's table; what is not known yet is empty."""
    row = dict.fromkeys(
        ("file", "tag", "code", "role", "fault", "verdict", "channel", "caught_by", "how", "reason"), ""
    )
    return row | {"line": 0, "executions": 0, "seconds": 0.0} | known


def _hunt(fault: Fault, channels: list[Channel], executions: int) -> dict:
    """Asks channel after channel, until one fails."""
    row = _row(
        file=fault.file,
        line=fault.line,
        tag=tag_of(fault.file, fault.line),
        code=code_of(fault.file, fault.line),
        role=fault.role,
        fault=fault.what,
        verdict="survived",
        channel=", ".join(channel.name for channel in channels),
    )
    # One channel may find at once what another would look for in vain.
    efforts = sorted({min(EXECUTIONS_TO_FIND, executions), executions})
    attempts = [(effort, channel) for effort in efforts for channel in channels]
    for effort, channel in attempts:
        command = [channel.programs["models"], "--plant", fault.name, "--executions", str(effort)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            done = None
        if done and done.returncode == 0:
            found = json.loads(done.stdout.splitlines()[-1])
            if not found["caught_by"] and not found["reached"]:
                raise Unverified(f"{channel.name} did not come past {fault.name}, which it named itself")
        elif done is None or done.returncode < 0:
            # What it did was too wrong for the model program to go on.
            how = f"died of signal {-done.returncode}" if done else f"did not end within {TIMEOUT} s"
            found = {"caught_by": "the whole program", "how": how, "executions": 0, "seconds": 0}
        else:
            raise Unverified(f"{channel.name} cannot be audited for {fault.name}: {done.stderr.strip()}")
        row["executions"] += found["executions"]
        row["seconds"] += found["seconds"]
        if found["caught_by"]:
            row |= {"verdict": "needed", "channel": channel.name, "caught_by": found["caught_by"], "how": found["how"]}
            break
    return row


def _explain(rows: list[dict], whole: bool) -> list[dict]:
    """Gives survivors the reasons in the file of what is kept, and adds its entries that are stale."""
    stale = []
    for entry in kept():
        of_entry = [row for row in rows if all(row[key] == entry[key] for key in ("file", "tag", "role", "fault"))]
        survivors = [r for r in of_entry if r["verdict"] == "survived"]
        for row in survivors:
            row |= {"verdict": "kept", "reason": entry["reason"]}
        if whole and not survivors:
            why = "a model fails without it" if of_entry else "it does not stand there any more"
            stale.append(
                _row(
                    **{key: entry[key] for key in ("file", "tag", "role", "fault")},
                    verdict="stale",
                    caught_by=of_entry[0]["caught_by"] if of_entry else "",
                    reason=f"models/kept.toml keeps it, but {why}",
                )
            )
    return rows + stale


def audit(channels: list[Channel], whole: bool, executions: int = EXECUTIONS) -> list[dict]:
    """Plants every fault that the channels' models come past.

    whole: whether these are all channels there are, so that a place that none of them reaches is an error.
    """
    sound = [c for c in channels if "models" in c.programs and not c.faulty]
    if not sound:
        raise Usage("none of these channels is modelled, so none can be audited")
    reached: dict[Fault, list[Channel]] = {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for channel, faults in zip(sound, pool.map(_sites, sound)):
            for fault in faults:
                reached.setdefault(fault, []).append(channel)
        if not reached:
            raise Usage("these models come past nothing of this library: is the build folder another tree's?")
        rows = []
        with progress("auditing", len(reached)) as advance:
            running = [pool.submit(_hunt, fault, by, executions) for fault, by in reached.items()]
            for future in concurrent.futures.as_completed(running):
                rows.append(future.result())
                advance(f"{rows[-1]['file']}:{rows[-1]['line']}")
    if whole:
        rows += _unreached({(row["file"], row["line"]) for row in rows})
    return sorted(_explain(rows, whole), key=lambda row: (row["file"], row["line"], row["role"], row["fault"]))


def _unreached(reached: set[tuple[str, int]]) -> list[dict]:
    return [
        _row(
            file=file,
            line=line,
            tag=tag_of(file, line),
            code=code_of(file, line),
            fault="none",
            verdict="survived",
            reason="no model comes past it",
        )
        for file in files()
        for line, _ in ordered_calls(file)
        if (file, line) not in reached
    ]


def bad(rows: list[dict]) -> list[dict]:
    """What is not shown to be needed, and has no reason that holds."""
    return [row for row in rows if row["verdict"] in ("survived", "stale")]


def show(rows: list[dict]) -> None:
    table = rich.table.Table("place", "one step weaker", "verdict", "by", "executions", title="What the channels need")
    for row in rows:
        style = {"needed": "green", "kept": "yellow"}.get(row["verdict"], "bold red")
        table.add_row(
            f"{row['file']}:{row['line']}" + (rich.markup.escape(f" [{row['tag']}]") if row["tag"] else ""),
            f"{row['role']} {row['fault']}",
            f"[{style}]{row['verdict']}[/{style}]",
            f"{row['channel']}: {row['caught_by']}, {row['how'].lower()[:40]}" if row["caught_by"] else row["reason"],
            f"{row['executions']:,}",
        )
    console.print(table)
