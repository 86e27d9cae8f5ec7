"""Runs property and model programs and gathers their verdicts."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import json
import os
import pathlib
import subprocess
import tempfile

import rich.markup
import rich.table

from sluice_cli.build import Channel
from sluice_cli.common import FAILURES, ROOT, Unverified, Usage, console, progress


@dataclasses.dataclass(frozen=True)
class Level:
    """How much to try: random inputs for each property; schedules for each scenario and capacity; every program of a
    size, with so many choices out of turn; larger programs drawn at random."""

    properties: int
    models: int
    every: tuple[tuple[str, int], ...]
    larger: int
    timeout: int  # seconds for one program


LEVELS = {
    "quick": Level(properties=300, models=30_000, every=(("2x2", 2),), larger=1_000, timeout=900),
    "standard": Level(
        properties=2_000, models=300_000, every=(("2x2", 2), ("2x3", 1), ("3x2", 0)), larger=20_000, timeout=7200
    ),
    "deep": Level(
        properties=50_000, models=10_000_000, every=(("2x3", 2), ("3x2", 1)), larger=1_000_000, timeout=864_000
    ),
}

# What a program is called in the verdicts of its checks.
KIND = {"properties": "property", "models": "model"}


# What a property program leaves behind that dies without a word.
ENDED_INSIDE = "the process ended in this check"


@dataclasses.dataclass(frozen=True)
class Task:
    """One run of one program."""

    channel: Channel
    tool: str
    check: str | None = None  # of a faulty channel: the check that must catch it
    every: tuple[str, int] | None = None  # all programs of this size and bound, in place of scenarios

    @property
    def kind(self) -> str:
        return KIND[self.tool]

    @property
    def expected(self) -> str:
        """`caught`: a known mistake; `promised`: somebody else's, told as it comes out; otherwise `passed`."""
        return "caught" if self.check else "promised" if self.channel.third_party else "passed"


def tasks_for(channels: list[Channel], level: Level, part: int = 1, parts: int = 1) -> list[Task]:
    """The part of the work that is to be done: every parts-th task, but of searches of every program a part each."""
    tasks = []
    searches = []
    for channel in channels:
        if channel.faulty:
            for named in channel.caught_by:
                kind, check = named.split("/")
                tool = next(tool for tool, name in KIND.items() if name == kind)
                if tool in channel.programs:
                    tasks.append(Task(channel, tool, check))
        else:
            tasks += [Task(channel, tool) for tool in KIND if tool in channel.programs]
            # Scenes alone know no programs.
            if {"models", "properties"} <= channel.programs.keys():
                searches += [Task(channel, "models", every=size) for size in level.every]
    return searches + tasks[part - 1 :: parts]


def parse_shard(text: str) -> tuple[int, int]:
    """`i/n`: the i-th of n parts, counted from 1."""
    part, _, parts = text.partition("/")
    if not (part.isdigit() and parts.isdigit() and 1 <= int(part) <= int(parts)):
        raise Usage(f"`{text}` is no shard; give i/n with 1 <= i <= n, for example 2/8")
    return int(part), int(parts)


def run_program(task: Task, command: list[str], timeout: int) -> list[dict]:
    """Runs a program to its end; a crash or a hang is a failed check, too."""
    with tempfile.TemporaryDirectory() as folder:
        verdicts = pathlib.Path(folder) / "checks.json"
        try:
            done = subprocess.run(
                [*command, "--json", str(verdicts)],
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                timeout=timeout,
            )
            ending = f"ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-500:]}"
        except subprocess.TimeoutExpired:
            ending = f"did not end within {timeout} s"
        if verdicts.exists():
            return json.loads(verdicts.read_text())
    return [
        {
            "channel": task.channel.name,
            "kind": task.kind,
            "check": "whole program",
            "claim": "The program runs to its end.",
            "verdict": "failed",
            "detail": ending,
            "reproduce": " ".join(command),
            "program": "",
            "executions": 0,
            "seconds": 0.0,
            "seed": 0,
        }
    ]


def run_task(task: Task, level: Level, seed: int, shard: str) -> list[dict]:
    """Every verdict of a task. A program that a hang ended is run again for the checks that it had still before it."""
    program = task.channel.programs[task.tool]
    executions = level.properties if task.tool == "properties" else level.models
    if task.check:
        # A mistake that is there to be found gets a chance, however low the level.
        executions = max(executions, 1_000 if task.tool == "properties" else 100_000)
    command = [str(program), "--seed", str(seed), "--executions", str(executions), "--failures", str(FAILURES)]
    if task.every:
        size, bound = task.every
        command += ["--every", size, "--bound", str(bound), "--shard", shard]
    elif task.tool == "models" and not task.check and "properties" in task.channel.programs:
        command += ["--scenarios", "--larger", str(level.larger)]
    if task.expected != "passed" and task.tool == "properties":
        command += ["--patience", "6"]
    left = [task.check] if task.check else []
    checks: list[dict] = []
    while True:
        selection = [word for name in left for word in ("--check", name)]
        found = run_program(task, command + selection, level.timeout)
        checks += found
        if task.check or task.tool != "properties" or found[-1]["check"] == "whole program":
            break
        listed = subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout.split()
        seen = {check["check"] for check in checks}
        left = [name for name in listed if name not in seen]
        if not left:
            break
    for check in checks:
        # The same on every machine: paths from the top of the tree.
        for field in ("reproduce", "detail"):
            check[field] = check.get(field, "").replace(f"{ROOT}/", "")
        check["expected"] = task.expected
        if task.check:
            # What ended for another reason has caught nothing.
            found = check["check"] == task.check and check["verdict"] == "failed" and check["detail"] != ENDED_INSIDE
            check["verdict"] = "caught" if found else "missed"
    return checks


def verify(channels: list[Channel], level: str, seed: int, shard: str = "1/1") -> list[dict]:
    """The verdicts of every check on every channel."""
    if level not in LEVELS:
        raise Usage(f"there is no level `{level}`; there are {', '.join(LEVELS)}")
    part, parts = parse_shard(shard)
    tasks = tasks_for(channels, LEVELS[level], part, parts)
    if not tasks:
        names = ", ".join(channel.name for channel in channels)
        raise Usage(
            f"{names}: no properties and no models to verify; a facade is verified by the cores it chooses from"
        )
    checks: list[dict] = []
    with progress("verifying", len(tasks)) as advance:
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            # Models first: each takes one processor for long, and properties fill the gaps.
            ordered = sorted(tasks, key=lambda task: (task.tool, task.every is None))
            running = {pool.submit(run_task, task, LEVELS[level], seed, shard): task for task in ordered}
            for future in concurrent.futures.as_completed(running):
                task = running[future]
                checks += future.result()
                advance(f"{task.kind} {task.channel.name}{' ' + task.every[0] if task.every else ''}")
    order = {channel.name: i for i, channel in enumerate(channels)}
    return sorted(checks, key=lambda c: (order[c["channel"]], c["kind"], c["check"]))


def searched(checks: list[dict]) -> list[dict]:
    """What was searched of every program of a size, on each sound channel."""
    return [check for check in checks if "space" in check and check["expected"] == "passed"]


def litmus(binary: pathlib.Path) -> list[dict]:
    """What the model checker shows of weak memory, and what it cannot."""
    with tempfile.TemporaryDirectory() as folder:
        card = pathlib.Path(folder) / "card.json"
        program = binary / "models" / "tests" / "litmus"
        done = subprocess.run([program, "--json", card], capture_output=True, text=True)
        if done.returncode != 0:
            raise Unverified(f"the model checker shows other things than it did:\n{done.stdout}")
        return json.loads(card.read_text())


def checking_speed(binary: pathlib.Path) -> list[dict]:
    """How long the monitor takes for histories of growing length."""
    done = subprocess.run([binary / "harness" / "tests" / "checking_speed"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def bad(checks: list[dict]) -> list[dict]:
    """The checks that did not come out as they must. What others promise is theirs to keep."""
    return [check for check in checks if check["verdict"] in ("failed", "missed") and check["expected"] != "promised"]


def smallest(check: dict) -> str:
    """The smallest case that shows a failure: a program, or what the check tells of its input."""
    if check.get("program"):
        return check["program"]
    lines = [line.strip() for line in check["detail"].splitlines() if line.strip()]
    # RapidCheck's account begins with how it got there.
    return " ".join(lines[1:] if lines and lines[0].startswith("Falsifiable") else lines)[:160]


def third_party(checks: list[dict]) -> list[dict]:
    """Each third-party channel with what held, what did not, and what it does not promise."""
    rows: dict[str, dict] = {}
    for check in checks:
        if check["expected"] == "promised":
            fresh = {"channel": check["channel"], "held": [], "broken": [], "unpromised": []}
            row = rows.setdefault(check["channel"], fresh)
            row[{"passed": "held", "failed": "broken"}.get(check["verdict"], "unpromised")].append(check)
    return list(rows.values())


def matrix(checks: list[dict]) -> tuple[list[str], list[tuple[str, str, dict[str, dict]]]]:
    """Sound channels by checks: the channels' names, and rows of kind, check and verdict by channel."""
    sound = [check for check in checks if check["expected"] == "passed"]
    names = list(dict.fromkeys(check["channel"] for check in sound))
    rows: dict[tuple[str, str], dict[str, dict]] = {}
    for check in sound:
        rows.setdefault((check["kind"], check["check"]), {})[check["channel"]] = check
    ordered = sorted(rows.items(), key=lambda row: row[0][0], reverse=True)
    return names, [(kind, name, verdicts) for (kind, name), verdicts in ordered]


def show(checks: list[dict]) -> None:
    """Prints the matrix, the faulty channels and every failure."""
    names, rows = matrix(checks)
    if rows:
        table = rich.table.Table("check", *names, title="Executions of each check; – where it does not apply")
        for kind, check, verdicts in rows:
            cells = []
            for name in names:
                verdict = verdicts.get(name)
                if verdict is None or verdict["verdict"] == "not_applicable":
                    cells.append("[dim]–[/dim]")
                elif verdict["verdict"] == "passed":
                    cells.append(f"[green]{verdict['executions']:,}[/green]")
                else:
                    cells.append("[bold red]FAILED[/bold red]")
            table.add_row(f"{kind} {check}", *cells)
        console.print(table)
    for check in searched(checks):
        space = check["space"]
        console.print(
            f"{check['channel']}: {space['programs']:,} programs of {check['check'][6:]}, each with all "
            f"executions of up to {space['bound']} choices out of turn; "
            f"{check['executions'] / max(check['seconds'], 1e-9):,.0f} executions a second",
            markup=False,
        )
    caught = [check for check in checks if check["expected"] == "caught"]
    if caught:
        table = rich.table.Table(
            "faulty channel",
            "check",
            "verdict",
            "executions",
            "seconds",
            "smallest case",
            title="Channels with a known mistake",
        )
        for check in caught:
            style = "green" if check["verdict"] == "caught" else "bold red"
            table.add_row(
                check["channel"],
                f"{check['kind']} {check['check']}",
                f"[{style}]{check['verdict']}[/{style}]",
                f"{check['executions']:,}",
                f"{check['seconds']:.2f}",
                rich.markup.escape(smallest(check)),
            )
        console.print(table)
    for row in third_party(checks):
        console.print(
            f"{row['channel']} (third party): {len(row['held'])} promises held, {len(row['broken'])} broken, "
            f"{len(row['unpromised'])} checks ask for what it does not promise",
            markup=False,
        )
        for check in row["broken"]:
            console.print(f"  {check['check']}: {smallest(check)}", markup=False)
    for check in bad(checks):
        console.print(f"\n{check['channel']}: {check['kind']} {check['check']} {check['verdict']}", style="bold red")
        console.print(f"{check['claim']}\n{check['detail']}\nreproduce: {check['reproduce']}", markup=False)
