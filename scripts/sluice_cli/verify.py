"""Runs property and model runners, and collects their verdicts."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import tempfile

import click
import rich.markup
import rich.table

from sluice_cli import backtrace, build
from sluice_cli import coverage as covering
from sluice_cli import known, options, outcome, project, registry, results
from sluice_cli.common import Environment, Unverified, Usage, console, ended, progress
from sluice_cli.junit import write as write_junit
from sluice_cli.project import Project
from sluice_cli.registry import Channel


@dataclasses.dataclass(frozen=True)
class Level:
    """The effort of one level."""

    properties: int  # random inputs for each property
    models: int  # random executions for each check and capacity
    exhaustive: tuple[tuple[str, int], ...]  # sizes of scenarios, with a deviation bound
    random_scenarios: int
    timeout: int  # seconds for one runner


LEVELS = {
    "quick": Level(
        properties=300, models=30_000, exhaustive=(("2x2", 1), ("3x1", 1)), random_scenarios=1_000, timeout=900
    ),
    "standard": Level(
        properties=2_000,
        models=300_000,
        exhaustive=(("2x2", 2), ("2x3", 1), ("3x1", 2), ("3x2", 0)),
        random_scenarios=20_000,
        timeout=7200,
    ),
    "deep": Level(
        properties=50_000,
        models=10_000_000,
        exhaustive=(("2x3", 2), ("3x2", 1)),
        random_scenarios=1_000_000,
        timeout=864_000,
    ),
}

# Characters of a failing case in a table.
LONGEST_CASE = 160

# The kind of the checks that a tool runs.
KIND = {"properties": "property", "models": "model"}

# The details of checks in which the property runner died, and in which it went on as another process.
ENDED_INSIDE = "the process ended in this check"
CRASHED = "it crashed"

# Of one model runner's checks, of which there are many times as many.
MOST_PIECES = 8

LONGEST = 600  # characters of a line that is printed


@dataclasses.dataclass(frozen=True)
class Task:
    """One run of one runner."""

    channel: Channel
    tool: str
    check: str | None = None  # of a faulty channel: the check that must catch it
    exhaustive: tuple[str, int] | None = None  # every scenario of this size and bound, instead of the checks
    shard: str = "1/1"  # of the exhaustive search, or of a model runner's checks

    @property
    def kind(self) -> str:
        return KIND[self.tool]

    @property
    def expected(self) -> str:
        """`caught`: a faulty channel; `promised`: a third-party one, whose failures are only reported; otherwise `passed`."""
        return "caught" if self.check else "promised" if self.channel.third_party else "passed"


def tasks_for(channels: list[Channel], level: Level, part: int = 1, parts: int = 1) -> list[Task]:
    """The tasks of one shard: every parts-th task, and each exhaustive search, which takes a shard itself.

    A search is split further, so that one channel's keeps every processor busy; into scenarios that the shard would have
    on any number of processors. So are the checks of a model runner, which take longest.
    """
    split = os.cpu_count() or 1
    tasks = []
    searches = []
    for channel in channels:
        if channel.faulty:
            for named in channel.caught_by:
                kind, check = named.split("/")
                tool = next(tool for tool, name in KIND.items() if name == kind)
                if tool in channel.runners:
                    tasks.append(Task(channel, tool, check))
        else:
            tasks += [Task(channel, tool) for tool in KIND if tool in channel.runners]
            if channel.kind == "queue" and "models" in channel.runners:
                for size in level.exhaustive:
                    shards = [f"{part + parts * i}/{parts * split}" for i in range(split)]
                    searches += [Task(channel, "models", exhaustive=size, shard=shard) for shard in shards]
    return searches + [piece for task in tasks[part - 1 :: parts] for piece in _pieces(task, split)]


def _pieces(task: Task, processors: int) -> list[Task]:
    """A task in parts that run concurrently, if it takes long."""
    if task.tool != "models" or task.check or task.channel.kind != "queue":
        return [task]
    pieces = min(processors, MOST_PIECES)
    return [dataclasses.replace(task, shard=f"{piece}/{pieces}") for piece in range(1, pieces + 1)]


def run_runner(task: Task, command: list[str], timeout: int) -> list[dict]:
    """Runs a runner to its end; a crash or a hang is a failed check, too."""
    with tempfile.TemporaryDirectory() as folder:
        verdicts = pathlib.Path(folder) / "checks.json"
        code, errors = 1, ""
        try:
            done = subprocess.run(
                [*command, "--json", str(verdicts)],
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                timeout=timeout,
            )
            code, errors = done.returncode, done.stderr
            ending = f"{ended(code)}: {(errors or done.stdout).strip()[-500:]}"
        except subprocess.TimeoutExpired:
            ending = f"did not end within {timeout} s"
        checks = json.loads(verdicts.read_text()) if verdicts.exists() else []
    if summary := re.search(r"SUMMARY: \w+Sanitizer: .*", errors):
        ending = f"{ended(code)}: {summary[0]}"
    places = backtrace.read(errors, task.channel.runners[task.tool])
    for check, place in zip([check for check in checks if check.get("detail", "").startswith(CRASHED)], places):
        check["detail"] += f"\n{place}"
    for check in checks:
        if summary and check["detail"].startswith(ENDED_INSIDE):
            check["detail"] += f"\n{summary[0]}"
    # A sanitizer may end a runner after its last verdict.
    if checks and (code == 0 or any(check["verdict"] == "failed" for check in checks)):
        return checks
    return checks + [
        {
            "channel": task.channel.name,
            "kind": task.kind,
            "check": "runner",
            "claim": "The runner runs to its end.",
            "verdict": "failed",
            "detail": ending,
            "reproduce": " ".join(command),
            "scenario": "",
            "executions": 0,
            "seconds": 0.0,
            "seed": 0,
        }
    ]


def run_task(task: Task, level: Level, seed: int, failures: pathlib.Path) -> list[dict]:
    """Every verdict of a task, whose failing scenarios are written to a folder.

    A property runner that was ended, as a sanitizer does, is run again for its remaining checks.
    """
    runner = task.channel.runners[task.tool]
    executions = level.properties if task.tool == "properties" else level.models
    if task.tool == "models" and task.channel.third_party:
        # Shadowed steps are slow, and these verdicts only reported.
        executions = max(1, executions // 10)
    if task.check:
        # A known mistake gets a minimum effort, whatever the level.
        executions = max(executions, 1_000 if task.tool == "properties" else 100_000)
    command = [str(runner), "--seed", str(seed), "--executions", str(executions), "--failures", str(failures)]
    if task.exhaustive:
        size, bound = task.exhaustive
        command += ["--exhaustive", size, "--bound", str(bound), "--shard", task.shard]
    elif task.tool == "models" and not task.check and task.channel.kind == "queue":
        command += ["--all-checks", "--shard", task.shard]
        if task.shard.startswith("1/"):
            command += ["--random-scenarios", str(level.random_scenarios)]
    if task.expected != "passed" and task.tool == "properties":
        command += ["--hang-timeout", "6"]
    left = [task.check] if task.check else []
    checks: list[dict] = []
    while True:
        selection = [word for name in left for word in ("--check", name)]
        found = run_runner(task, command + selection, level.timeout)
        checks += found
        if task.check or task.tool != "properties" or found[-1]["check"] == "runner":
            break
        listed = subprocess.run([runner, "--list"], capture_output=True, text=True, check=True).stdout.split()
        seen = {check["check"] for check in checks}
        left = [name for name in listed if name not in seen]
        if not left:
            break
    for check in checks:
        check["expected"] = task.expected
        if task.check:
            # A runner that ended for another reason has caught nothing.
            found = (
                check["check"] == task.check
                and check["verdict"] == "failed"
                and not check["detail"].startswith(ENDED_INSIDE)
            )
            check["verdict"] = "caught" if found else "missed"
    return checks


def verify(of: Project, channels: list[Channel], level: str, seed: int, shard: tuple[int, int] = (1, 1)) -> list[dict]:
    """The verdicts of every check on every channel of a project."""
    part, parts = shard
    registry.say_missing(channels)
    tasks = tasks_for(channels, LEVELS[level], part, parts)
    if not tasks:
        if all(channel.missing for channel in channels):
            raise Environment("nothing to verify: these channels cannot be built here, for the reasons above")
        names = ", ".join(channel.name for channel in channels)
        raise Usage(
            f"{names}: no properties and no models to verify; a facade is verified by the cores it chooses from"
        )
    checks: list[dict] = []
    failing: set[str] = set()
    with progress("verifying", len(tasks)) as advance:
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            # Models first: each takes one processor for long, and properties fill the gaps.
            ordered = sorted(tasks, key=lambda task: (task.tool, task.exhaustive is None))
            running = {pool.submit(run_task, task, LEVELS[level], seed, of.failures): task for task in ordered}
            for future in concurrent.futures.as_completed(running):
                task = running[future]
                found = future.result()
                checks += found
                # A broken channel's properties may take a minute to hang; its first failure need not wait for them.
                if task.channel.name not in failing:
                    if failed := outcome.failed_checks(known.mark(of, [dict(check) for check in found])):
                        failing.add(task.channel.name)
                        show_failure(failed[0])
                advance(f"{task.kind} {task.channel.name}{' ' + task.exhaustive[0] if task.exhaustive else ''}")
    order = {channel.name: i for i, channel in enumerate(channels)}
    checks = known.mark(of, joined(checks, f"{part}/{parts}"))
    return sorted(checks, key=lambda c: (order[c["channel"]], c["kind"], c["check"]))


def _joined(parts: list[dict], shard: str) -> dict:
    """One exhaustive search, joined from its shards."""
    executions = sum(part["executions"] for part in parts)
    failed = [part for part in parts if part["verdict"] == "failed"]
    space = parts[0]["space"] | {
        "scenarios": sum(part["space"]["scenarios"] for part in parts),
        "exhausted": sum(part["space"]["exhausted"] for part in parts),
        "shard": shard,
        "repeated": sum(part["space"]["repeated"] * part["executions"] for part in parts) / max(executions, 1),
    }
    seconds = sum(part["seconds"] for part in parts)
    return (failed or parts)[0] | {"executions": executions, "seconds": seconds, "space": space}


def joined(checks: list[dict], shard: str) -> list[dict]:
    """The checks of several shards, with each exhaustive search as one check of the whole shard."""
    found: dict[tuple[str, str, str], list[dict]] = {}
    for check in checks:
        found.setdefault((check["channel"], check["kind"], check["check"]), []).append(check)
    whole = []
    for parts in found.values():
        searches = [part for part in parts if "space" in part]
        # Beside them may be a runner that did not end.
        whole += [_joined(searches, shard)] if searches else []
        whole += [part for part in parts if "space" not in part]
    return whole


def searched(checks: list[dict]) -> list[dict]:
    """The exhaustive searches of sound channels."""
    return [check for check in checks if "space" in check and check["expected"] == "passed"]


def litmus(binary: pathlib.Path) -> list[dict]:
    """Which weak behaviours the model checker shows."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "litmus.json"
        runner = binary / "models" / "tests" / "litmus"
        done = subprocess.run([runner, "--json", file], capture_output=True, text=True)
        if done.returncode != 0:
            raise Unverified(f"the litmus tests do not come out as documented:\n{done.stdout}")
        return json.loads(file.read_text())


def checking_speed(binary: pathlib.Path) -> list[dict]:
    """The monitor's time for histories of growing length."""
    done = subprocess.run([binary / "harness" / "tests" / "checking_speed"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def size_of(check: dict) -> str:
    """The size of an exhaustive search's scenarios: threads x operations."""
    return check["check"].removeprefix("exhaustive_")


def smallest(check: dict) -> str:
    """The smallest case of a failure: a scenario that fits into a line, or what the check reports of its input."""
    if 0 < len(check.get("scenario") or "") <= LONGEST_CASE:
        return check["scenario"]
    lines = [line.strip() for line in check["detail"].splitlines() if line.strip()]
    # RapidCheck's report begins with how many inputs it tried.
    return " ".join(lines[1:] if lines and lines[0].startswith("Falsifiable") else lines)[:LONGEST_CASE]


def third_party(checks: list[dict]) -> list[dict]:
    """Each third-party channel, with the checks that passed, that failed, and that do not apply."""
    rows: dict[str, dict] = {}
    for check in checks:
        if check["expected"] == "promised":
            fresh = {"channel": check["channel"], "passed": [], "failed": [], "not_applicable": []}
            row = rows.setdefault(check["channel"], fresh)
            row[check["verdict"]].append(check)
    return list(rows.values())


def matrix(checks: list[dict]) -> tuple[list[str], list[tuple[str, str, dict[str, dict]]]]:
    """Sound channels by checks: the channels' names, and rows of kind, check and verdicts by channel."""
    sound = [check for check in checks if check["expected"] == "passed"]
    names = list(dict.fromkeys(check["channel"] for check in sound))
    rows: dict[tuple[str, str], dict[str, dict]] = {}
    for check in sound:
        rows.setdefault((check["kind"], check["check"]), {})[check["channel"]] = check
    ordered = sorted(rows.items(), key=lambda row: row[0][0], reverse=True)
    return names, [(kind, name, verdicts) for (kind, name), verdicts in ordered]


def clipped(text: str) -> str:
    """A text without the rest of lines that are too long to read, such as a scenario of a thousand operations."""
    return "\n".join(
        line
        if len(line) <= LONGEST
        else f"{line[:LONGEST]} … ({len(line):,} characters; replay has the whole scenario)"
        for line in text.splitlines()
    )


def show_failure(check: dict) -> None:
    console.print(f"\n{check['channel']}: {check['kind']} {check['check']} {check['verdict']}", style="bold red")
    console.print(f"{check['claim']}\n{clipped(check['detail'])}", markup=False)
    console.print(f"reproduce: {clipped(check['reproduce'])}", markup=False)


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
                elif "known" in verdict:
                    cells.append("[yellow]known[/yellow]")
                else:
                    cells.append("[bold red]FAILED[/bold red]")
            table.add_row(f"{kind} {check}", *cells)
        console.print(table)
    for reason in outcome.why_not_applicable(checks, "check"):
        console.print(reason, style="dim", markup=False)
    for sentence in outcome.nothing_executed(checks):
        console.print(sentence, style="yellow", markup=False)
    for check in searched(checks):
        space = check["space"]
        console.print(
            f"{check['channel']}: {space['scenarios']:,} scenarios of {size_of(check)}, each with every "
            f"execution of up to {space['bound']} deviations; "
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
            title="Faulty channels",
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
            f"{row['channel']} (third party): {len(row['passed'])} checks passed, {len(row['failed'])} failed, "
            f"{len(row['not_applicable'])} do not apply",
            markup=False,
        )
        for check in row["failed"]:
            console.print(f"  {check['check']}: {smallest(check)}", markup=False)
    for check in checks:
        if "known" in check:
            text = f"{check['channel']}: {check['kind']} {check['check']} fails, as known: {check['known']}"
            console.print(text, style="yellow", markup=False)
    for check in outcome.failed_checks(checks):
        show_failure(check)


def summarize(checks: list[dict]) -> None:
    """Tells a step of a GitHub workflow what failed, if it runs in one."""
    sound = [check for check in checks if check["expected"] == "passed"]
    passed = sum(check["verdict"] == "passed" for check in sound)
    lines = [f"## Verification: {passed} checks passed, {len(outcome.failed_checks(checks))} failed", ""]
    for check in checks:
        if check["verdict"] in ("failed", "missed"):
            known_as = f" (known: {check['known']})" if "known" in check else ""
            lines.append(f"- {check['channel']}: {check['kind']} {check['check']}{known_as}: `{smallest(check)}`")
    results.summarize("\n".join(lines) + "\n")


def verifiable(names: tuple[str, ...], channels: list[Channel]) -> None:
    """Raises Usage if a name is none of these channels', or a facade's that has no checks of its own."""
    for channel in registry.choose(channels, names) if names else []:
        if channel.role == "facade" and channel.kind == "queue":
            raise Usage(f"`{channel.name}` is a facade, which is verified by the cores it chooses from: name those")


@click.command("verify")
@click.argument("channels", nargs=-1)
@options.level
@options.seed
@click.option("--shard", default="1/1", show_default=True, type=options.Shard(), help="Only this part; see merge.")
@click.option(
    "--sanitizer",
    type=click.Choice(build.SANITIZERS),
    help="Build with this sanitizer, in a folder of its own, and run the property tests.",
)
@click.option("--coverage", is_flag=True, help="Tell which lines and branches of the sources the checks executed.")
@options.json_file("the verdicts")
@options.junit_file
@project.option
def command(
    project: Project,
    channels: tuple[str, ...],
    level: str,
    seed: int,
    shard: tuple[int, int],
    sanitizer: str | None,
    coverage: bool,
    out: pathlib.Path | None,
    junit: pathlib.Path | None,
) -> None:
    """Run the property tests and models of CHANNELS, or of all, and print the matrix of verdicts."""
    if project.own:
        verifiable(channels, registry.declared())
    if sanitizer or coverage:
        if project.given_binary or (sanitizer and coverage):
            raise Usage("--sanitizer, --coverage and --binary exclude each other: each is about another build folder")
        project = dataclasses.replace(project, variant=sanitizer or "coverage")
        # Ends at the first report, of which the check is then told.
        os.environ.setdefault("TSAN_OPTIONS", "halt_on_error=1 abort_on_error=1")
        os.environ.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    known.require_readable(project)
    registered = registry.configured(build.configure_project(project))
    verifiable(channels, registered)
    chosen = registry.choose(registered, channels)
    build.build_runners(project, chosen, *KIND)
    if coverage:
        covering.reset(project)
    checks = verify(project, chosen, level, seed, shard)
    show(checks)
    if sanitizer:
        console.print(
            "Under sanitizers, the schedules of channels that are not written against <sluice/platform.hpp> are not disturbed."
        )
    summarize(checks)
    measured = {}
    if coverage:
        covered = covering.measure(project)
        covering.show(covered)
        measured["coverage"] = [one.described for one in covered]
    if out:
        part, parts = shard
        missing = registry.why_missing(chosen)
        run = results.new_results(project, level, seed, registered, checks=checks, missing=missing, **measured)
        results.save(run | {"shard": f"{part}/{parts}"}, out)
    if junit:
        write_junit(junit, checks=checks)
    outcome.require_passed(checks)
