"""Compares a project with an earlier revision of it: no operation may cost more, and no workload be slower."""

from __future__ import annotations

import dataclasses
import json
import math
import pathlib
import statistics

import click
import rich.table

from sluice_cli import benchmark_builds, build, calibrate, exact_costs, options, outcome, pairs, project, registry
from sluice_cli import message_costs, results, sequential, verify
from sluice_cli.common import Failure, Usage, console
from sluice_cli.junit import write as write_junit
from sluice_cli.project import Project
from sluice_cli.sequential import Verdict


class Worse(Failure):
    """Some workload is slower than in the base revision, or some operation costs more."""

    exit_code = 3


class Undecided(Failure):
    """The machine is too noisy to judge most workloads."""

    exit_code = 7


SCHEMA = "sluice-gate/2"


def _rows(verdicts: list[Verdict]) -> list[tuple[str, ...]]:
    return [
        (
            *(v.channel, v.workload, f"{v.ratio.median:.3f}", f"{v.ratio.low:.3f} – {v.ratio.high:.3f}"),
            *(str(v.ratio.count), f"{v.least_effect:.0%}", v.verdict),
        )
        for v in verdicts
    ]


HEADINGS = ("channel", "workload", "current / base", "interval", "pairs", "least effect", "verdict")


def overall(verdicts: list[Verdict]) -> str:
    """The verdict over all workloads: the worst certain one, or that most, or some, are too noisy."""
    kinds = [v.verdict for v in verdicts]
    if "slower" in kinds:
        return "slower"
    if kinds.count("too noisy") * 2 > len(kinds):
        return "too noisy"
    if "too noisy" in kinds:
        return "partly decided"
    return "faster" if "faster" in kinds else "same"


def show(verdicts: list[Verdict], least_found: dict[str, float | None]) -> None:
    """`least_found`: by workload, the slowdown that a gate on this machine finds 95 times in 100, if that is known."""
    table = rich.table.Table(*HEADINGS, *(["found 95 in 100 here"] if least_found else []))
    styles = {"slower": "bold red", "faster": "green", "too noisy": "yellow"}
    for verdict, row in zip(verdicts, _rows(verdicts)):
        known = least_found.get(verdict.name)
        more = ["not measured" if known is None else f"{known:.1%}"] if least_found else []
        table.add_row(*row, *more, style=styles.get(verdict.verdict))
    console.print(table)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a gate has found."""

    base: str
    current: str
    command: str
    verdicts: list[Verdict]
    costs: list[exact_costs.Change]

    @property
    def dearer(self) -> list[exact_costs.Change]:
        return [change for change in self.costs if change.rises]

    @property
    def summary(self) -> str:
        """What got worse, by how much and how certainly, in a sentence or two."""
        of = lambda kind: [v for v in self.verdicts if v.verdict == kind]  # noqa: E731
        slower, noisy = of("slower"), of("too noisy")
        told = [f"{v.name} takes {v.ratio:.3f} of its time" for v in slower] + [str(change) for change in self.dearer]
        text = (
            f"worse than {self.base[:12]}: {'; '.join(told)}"
            if told
            else f"{'nothing slower was found than in' if noisy else 'not worse than'} {self.base[:12]}"
        )
        text += f". {len(self.verdicts) - len(noisy)} of {len(self.verdicts)} workloads are decided"
        if noisy:
            worst = max(noisy, key=lambda v: v.ratio.high)
            text += f", the others too noisy: {worst.name} may take up to {worst.ratio.high:.2f} of its time"
        text += f". Where nothing has changed, {sequential.ERROR:.0%} of such runs err at most"
        return text

    def write(self, folder: pathlib.Path) -> None:
        """Writes gate.json and gate.md; the latter also to the summary of a GitHub step, if it runs in one."""
        cells = [dataclasses.asdict(v) for v in self.verdicts]
        for cell in cells:
            # An end that nothing bounds is no number in JSON.
            cell["ratio"] = {key: value if math.isfinite(value) else None for key, value in cell["ratio"].items()}
        sampled = [v.ratio.median for v in self.verdicts if v.ratio.count]
        data = {
            "schema": SCHEMA,
            "base": self.base,
            "current": self.current,
            "overall": overall(self.verdicts),
            "error": sequential.ERROR,
            "geometric_mean": statistics.geometric_mean(sampled) if sampled else None,
            "cells": cells,
            "costs": [dataclasses.asdict(change) for change in self.costs],
        }
        results.write_text(folder / "gate.json", json.dumps(data, indent=1) + "\n")
        lines = [f"**{overall(self.verdicts)}**: {self.summary}.", f"Again: `{self.command}`", ""]
        lines += [f"- {change}" for change in self.costs] + [""] * bool(self.costs)
        lines += ["| " + " | ".join(HEADINGS) + " |", "|---|---|---:|---:|---:|---:|---|"]
        lines += ["| " + " | ".join(row) + " |" for row in _rows(self.verdicts)]
        text = "\n".join(lines) + "\n"
        results.write_text(folder / "gate.md", text)
        results.summarize(text)

    def require_not_worse(self) -> None:
        """Raises Worse, or Undecided if the machine is too noisy to tell."""
        if self.dearer or overall(self.verdicts) == "slower":
            raise Worse(self.summary)
        if overall(self.verdicts) == "too noisy":
            raise Undecided(f"{self.summary}. Give more --minutes, a greater --least-effect, or a quieter machine")


def changed_costs(of: Project, base: Project) -> list[exact_costs.Change]:
    """The exact costs of this tree's cores that differ from those which the base holds in a file."""
    if not of.given_binary:
        build.compile_targets(of.binary, [exact_costs.TARGET])
    return exact_costs.changes(exact_costs.listed(base.source), exact_costs.counted(of.binary))


@click.command("gate")
@click.option("--base", metavar="REV", help="The revision to compare with.")
@click.option(
    "--least-effect",
    default=100 * sequential.LEAST_EFFECT,
    show_default=True,
    type=click.FloatRange(0.5, 100),
    help="The slowdown to find, in percent; twice that where several threads use each side.",
)
@click.option(
    "--minutes",
    default=calibrate.MINUTES,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
    help="Sample no longer than that.",
)
@click.option("--verify", "verifies", is_flag=True, help="Verify the project as well, at level quick.")
@click.option(
    "--calibrate",
    "calibrates",
    is_flag=True,
    help="Compare nothing: measure for --minutes how often a gate errs on this machine, or go on with that.",
)
@click.option("--busy", is_flag=True, help="With --calibrate: while another process uses a processor half of the time.")
@options.seed
@options.junit_file
@project.option
def command(
    project: Project,
    base: str | None,
    least_effect: float,
    minutes: float,
    verifies: bool,
    calibrates: bool,
    busy: bool,
    seed: int,
    junit: pathlib.Path | None,
) -> None:
    """Compare the project's exact costs and its speed with REV's; writes gate.json and gate.md to its results/gate."""
    if calibrates == bool(base):
        raise Usage("give either --base REV or --calibrate")
    if busy and not calibrates:
        raise Usage("--busy is an option of --calibrate alone")
    folder = project.results / "gate"
    if calibrates:
        calibrate.run(project, folder, seed, least_effect / 100, minutes, busy)
        return
    commit, old = benchmark_builds.checkout(project, base)
    channels = registry.configured(build.configure_project(project))
    least_found = calibrate.least_found(folder, least_effect / 100, minutes)
    costs = changed_costs(project, old) if project.own else []
    measured = benchmark_builds.measured(channels)
    build.build_runners(project, measured, "bench")
    before = benchmark_builds.base_of(project, old)
    if not project.own:
        costs = message_costs.changes(before, measured)
    for change in costs:
        console.print(f"costs {'more' if change.rises else 'less'}: {change}", markup=False)
    verdicts = pairs.compare(before, measured, seed, least_effect / 100, minutes)
    show(verdicts, least_found)
    found = Outcome(commit, build.revision(project.source), results.shell_line(), verdicts, costs)
    folder.mkdir(parents=True, exist_ok=True)
    found.write(folder)
    checks = []
    if verifies:
        build.build_runners(project, channels, "properties", "models")
        checks = verify.verify(project, channels, "quick", seed)
        verify.show(outcome.failed_checks(checks))
    if junit:
        write_junit(junit, checks=checks, cells=verdicts, dearer=found.dearer)
    if verifies:
        outcome.require_passed(checks)
    found.require_not_worse()
    console.print(f"{overall(verdicts)}: {found.summary} ({folder / 'gate.json'})", markup=False)
