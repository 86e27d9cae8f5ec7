"""How soon each search strategy finds what is known to be wrong."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import json
import math
import os
import pathlib
import statistics
import subprocess

import click
import rich.table

from sluice_cli import build, options, project, registry, results
from sluice_cli.common import BadResults, Unverified, Usage, console, ended, progress
from sluice_cli.project import Project
from sluice_cli.registry import Channel

SCHEMA = "sluice-strategies/1"
USUAL = "pct,pos,forced_reads,even=2,own_view"  # what the models use: models/search_mix.hpp
STRATEGIES = (USUAL, "pct,pos,forced_reads", "uniform,pct", "uniform", "pct", "pos", "surw", "forced_reads")
SEEDS = 5
EXECUTIONS = 5_000  # at most, of a search
SCOUTING = 100_000  # executions, to find the capacity at which a faulty channel fails
TIMEOUT = 600  # seconds, of one runner
HARD = 30  # executions for a find, with some strategy, from which a bug is shown


@dataclasses.dataclass(frozen=True)
class Bug:
    """What a model is known to find: a faulty channel or a mutant, and the check that fails on it."""

    channel: str
    check: str
    capacity: str
    mutant: str = ""  # as model runners name it

    @property
    def name(self) -> str:
        place = f" {self.mutant}" if self.mutant else ""
        return f"{self.channel}{place}: {self.check} {self.capacity}"


def _measure(runner: pathlib.Path, bug: Bug, strategy: str, seeds: int, executions: int) -> list[dict]:
    """For each capacity of the bug's check, or for its capacity, one run a seed."""
    command = [str(runner), "--check", bug.check, "--measure-search", str(seeds), "--executions", str(executions)]
    command += ["--strategy", strategy]
    command += ["--capacity", bug.capacity] if bug.capacity else []
    command += ["--mutant", bug.mutant] if bug.mutant else []
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        raise Unverified(f"{bug.name}: no end within {TIMEOUT} s; give fewer --executions or --seeds") from None
    if done.returncode == 2:
        raise Usage(done.stderr.strip())
    if done.returncode != 0:
        raise Unverified(f"{bug.name}: {done.stderr.strip() or ended(done.returncode)}")
    return json.loads(done.stdout.splitlines()[-1])


def _faulty(channels: list[Channel]) -> list[Bug]:
    """The faulty channels that a model catches, each at the first capacity at which it fails."""
    wanted = [
        (channel, Bug(channel.name, name.removeprefix("model/"), ""))
        for channel in channels
        for name in channel.caught_by
        if name.startswith("model/") and name != "model/exhaustive" and "models" in channel.runners
    ]
    found = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        scouted = pool.map(lambda w: _measure(w[0].runners["models"], w[1], USUAL, 1, SCOUTING), wanted)
        for (_, bug), capacities in zip(wanted, scouted):
            failing = [c["capacity"] for c in capacities if c["runs"][0]["found"]]
            if not failing:
                raise Unverified(f"{bug.channel}: {bug.check} finds nothing in {SCOUTING:,} executions")
            found.append(dataclasses.replace(bug, capacity=failing[0]))
    return found


def mutants_of(rows: list[dict]) -> list[Bug]:
    """The mutants that an audit's models killed."""
    killed = [row for row in rows if row["verdict"] == "killed" and " at capacity " in row["killed_by"]]
    return [
        Bug(
            row["channel"],
            *row["killed_by"].split(" at capacity "),
            f"{row['file']}:{row['line']}:{row['column']}:{row['role']}:{row['mutation']}",
        )
        for row in killed
    ]


def _audit_of(file: pathlib.Path) -> list[dict]:
    rows = results.load(file)["audit"]
    if not rows:
        raise BadResults(f"{file} has no audit: make it with `audit --json`")
    if any("column" not in row for row in rows if row["verdict"] == "killed"):
        raise BadResults(f"{file} is of an older version, without columns: run the audit again")
    return rows


def executions_for_a_find(runs: list[dict]) -> float:
    """All executions for each find: the estimate where a search is broken off. Where none is found, it is a bound."""
    return sum(run["executions"] for run in runs) / max(1, sum(run["found"] for run in runs))


def geometric_mean(values: list[float]) -> float:
    return math.exp(statistics.mean(math.log(value) for value in values))


def summary(bugs: list[dict], strategies: list[str], hard: int = HARD) -> list[dict]:
    """For each strategy: the geometric means of executions for a find, of all bugs and of the hard ones; how many
    searches found nothing; seconds of them all."""
    difficult = [b for b in bugs if any(executions_for_a_find(b["runs"][s]) >= hard for s in strategies)]
    return [
        {
            "strategy": strategy,
            "executions": geometric_mean([executions_for_a_find(b["runs"][strategy]) for b in bugs]),
            "executions_hard": geometric_mean([executions_for_a_find(b["runs"][strategy]) for b in difficult] or [1]),
            "missed": sum(not run["found"] for b in bugs for run in b["runs"][strategy]),
            "seconds": sum(run["seconds"] for b in bugs for run in b["runs"][strategy]),
        }
        for strategy in strategies
    ]


def show(data: dict) -> None:
    strategies = data["strategies"]
    table = rich.table.Table("bug", *strategies, title="Executions for each find; * some seeds found nothing")
    shown = 0
    for bug in sorted(data["bugs"], key=lambda b: -executions_for_a_find(b["runs"][strategies[0]])):
        needed = [executions_for_a_find(bug["runs"][s]) for s in strategies]
        if max(needed) < HARD:
            continue
        shown += 1
        missed = ["" if all(run["found"] for run in bug["runs"][s]) else "*" for s in strategies]
        table.add_row(bug["name"], *(f"{n:,.0f}{m}" for n, m in zip(needed, missed)))
    table.add_section()
    totals = summary(data["bugs"], strategies)
    table.add_row("geometric mean of these", *(f"{t['executions_hard']:,.0f}" for t in totals))
    table.add_row(f"geometric mean of all {len(data['bugs'])}", *(f"{t['executions']:,.1f}" for t in totals))
    table.add_row("searches that found nothing", *(str(t["missed"]) for t in totals))
    table.add_row("seconds of all searches", *(f"{t['seconds']:,.1f}" for t in totals))
    console.print(table)
    console.print(f"{len(data['bugs']) - shown} more, which each strategy finds in less than {HARD} executions")


def measure(channels: list[Channel], bugs: list[Bug], strategies: list[str], seeds: int, executions: int) -> list[dict]:
    """Every strategy on every bug."""
    runners = {channel.name: channel.runners["models"] for channel in channels if "models" in channel.runners}
    if unknown := sorted({bug.channel for bug in bugs} - set(runners)):
        raise Usage(f"the audit has channels that this build has no models of: {', '.join(unknown)}")
    rows = [{**dataclasses.asdict(bug), "name": bug.name, "runs": {}} for bug in bugs]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool, progress("searching", len(bugs)) as advance:
        # A bug's strategies one after the other, so that what else the machine does meets all alike.
        def search(bug: Bug, row: dict) -> None:
            for strategy in strategies:
                [found] = _measure(runners[bug.channel], bug, strategy, seeds, executions)
                row["runs"][strategy] = found["runs"]

        for done in concurrent.futures.as_completed(pool.submit(search, b, row) for b, row in zip(bugs, rows)):
            done.result()
            advance("")
    return rows


def study(
    channels: list[Channel], mutants: list[Bug], strategies: list[str], seeds: int = SEEDS, executions: int = EXECUTIONS
) -> dict:
    """Every strategy on the faulty channels that a model catches, and on these mutants; their runners are built.

    Raises Usage if there is nothing to search for.
    """
    with_models = [channel for channel in channels if "models" in channel.runners]
    bugs = _faulty([channel for channel in with_models if channel.faulty]) + mutants
    if not bugs:
        raise Usage("no channel here is known to fail in a model: register one with CAUGHT_BY, or give --audit")
    return {
        "seeds": seeds,
        "executions": executions,
        "strategies": strategies,
        "bugs": measure(with_models, bugs, strategies, seeds, executions),
    }


@click.command("strategies")
@click.option(
    "--audit",
    "audited",
    type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path),
    help="Also search for the mutants that this audit killed: what `audit --json` wrote.",
)
@click.option(
    "--strategy",
    "strategies",
    multiple=True,
    help="A mix, as `pct=2,pos,own_view`, instead of the usual ones; repeat it to compare several.",
)
@click.option("--seeds", default=SEEDS, show_default=True, type=click.IntRange(1), help="Searches for each bug.")
@click.option(
    "--executions", default=EXECUTIONS, show_default=True, type=click.IntRange(1), help="At most, of a search."
)
@options.json_file("every search")
@click.option("--plot", type=options.OutputFile(), help="Draw how many searches have found nothing yet, as PNG.")
@project.option
def command(
    project: Project,
    audited: pathlib.Path | None,
    strategies: tuple[str, ...],
    seeds: int,
    executions: int,
    out: pathlib.Path | None,
    plot: pathlib.Path | None,
) -> None:
    """Measure how soon each search strategy of the models finds known bugs: faulty channels, and mutants of an audit.

    A strategy is a mix of ways to choose threads (uniform, pct, pos, surw, forced_reads) and loads (even, own_view).
    """
    mutants = mutants_of(_audit_of(audited)) if audited else []
    registered = registry.configured(build.configure_project(project), of_tests=True)
    build.build_runners(project, [c for c in registered if c.faulty or mutants], "models")
    found = study(registered, mutants, list(strategies or STRATEGIES), seeds, executions)
    data = {"schema": SCHEMA, "revision": build.revision(project.source)} | found
    show(data)
    if out:
        results.write_text(out, json.dumps(data, indent=1) + "\n")
    if plot:
        from sluice_cli import strategies_plot

        strategies_plot.draw(data, plot)
