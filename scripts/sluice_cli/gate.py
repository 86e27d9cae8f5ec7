"""Compares a project with an earlier revision of it: no operation may cost more, and no workload be slower."""

from __future__ import annotations

import dataclasses
import json
import math
import pathlib
import shutil
import statistics
import subprocess

import click
import rich.table

from sluice_cli import build, exact_costs, options, outcome, project, registry, results, sequential, verify
from sluice_cli.common import BuildFailed, Failure, Usage, console, output_of
from sluice_cli.junit import write as write_junit
from sluice_cli.project import Project
from sluice_cli.registry import Channel
from sluice_cli.sequential import Comparison, Verdict


class Worse(Failure):
    """Some workload is slower than in the base revision, or some operation costs more."""

    exit_code = 3


class Undecided(Failure):
    """The machine is too noisy to judge most workloads."""

    exit_code = 7


MINUTES = 8.0
SCHEMA = "sluice-gate/2"


def checkout(of: Project, revision: str) -> tuple[str, Project]:
    """A revision's full name, and the project as it was then, in a worktree below build/.

    Raises Usage if there is no such revision.
    """

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(of.source), *arguments], capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else ""

    commit = git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if not commit:
        shallow = git("rev-parse", "--is-shallow-repository") == "true"
        remedy = ", a shallow clone: fetch its history (git fetch --unshallow; in a workflow, fetch-depth: 0)"
        raise Usage(f"there is no revision `{revision}` in the repository of {of.source}{remedy if shallow else ''}")
    tree = of.builds / "gate" / commit[:12]
    if not (tree / ".git").exists():
        shutil.rmtree(tree, ignore_errors=True)
        git("worktree", "prune")
        output_of(["git", "-C", str(of.source), "worktree", "add", "--detach", "--force", str(tree), commit])
    # The project may be a folder of its repository.
    folder = git("rev-parse", "--show-prefix")
    if not (tree / folder / "CMakeLists.txt").exists():
        raise Usage(f"revision `{revision}` has no {folder}CMakeLists.txt")
    return commit, dataclasses.replace(of, source=tree / folder, given_binary=None)


def build_benchmarks(of: Project, base: Project) -> list[Channel]:
    """The measured channels of a project's base revision; builds only their benchmark runners."""
    binary = base.builds / "gate"
    options = {"CMAKE_BUILD_TYPE": "Release", "SLUICE_PROPERTIES": "OFF", "SLUICE_MODELS": "OFF"}
    options |= {"SLUICE_TESTS": "OFF"} if of.own else {"sluice_DIR": str(build.package())}
    try:
        build.configure(base.source, binary, ["-G", "Ninja", *build.definitions(options)])
        channels = measured(_registered(binary))
        build.compile_targets(binary, registry.targets(channels, "bench"))
    except BuildFailed as failure:
        raise BuildFailed(f"the base revision does not build, so name another: {failure.message}") from None
    return channels


def _registered(binary: pathlib.Path) -> list[Channel]:
    """The channels of a build folder, whose registry may be an earlier version's, without roles."""
    entries = json.loads((binary / "registry.json").read_text())
    if all("role" in entry for entry in entries):
        return registry.configured(binary)
    return [
        Channel(
            entry["name"],
            "third_party" if entry.get("third_party") else "faulty" if entry["caught_by"] else "core",
            runners={"bench": pathlib.Path(entry["bench"])} if "bench" in entry else {},
        )
        for entry in entries
    ]


def measured(channels: list[Channel]) -> list[Channel]:
    """The channels whose speed the gate guards."""
    return [channel for channel in channels if "bench" in channel.runners and not channel.third_party]


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
    """The verdict over all workloads: the worst certain one, or that most are too noisy."""
    kinds = [v.verdict for v in verdicts]
    if "slower" in kinds:
        return "slower"
    if kinds.count("too noisy") * 2 > len(kinds):
        return "too noisy"
    return "faster" if "faster" in kinds else "same"


def show(verdicts: list[Verdict]) -> None:
    table = rich.table.Table(*HEADINGS)
    styles = {"slower": "bold red", "faster": "green", "too noisy": "yellow"}
    for row in _rows(verdicts):
        table.add_row(*row, style=styles.get(row[-1]))
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
        text = f"worse than {self.base[:12]}: {'; '.join(told)}" if told else f"not worse than {self.base[:12]}"
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
    """The exact costs that differ; those of this tree's cores, whose base holds its own in a file."""
    if not of.own:
        return []
    build.compile_targets(of.binary, [exact_costs.TARGET])
    found = exact_costs.changes(exact_costs.listed(base.source), exact_costs.counted(of.binary))
    for change in found:
        console.print(f"costs {'more' if change.rises else 'less'}: {change}", markup=False)
    return found


@click.command("gate")
@click.option("--base", required=True, metavar="REV", help="The revision to compare with.")
@click.option(
    "--least-effect",
    default=100 * sequential.LEAST_EFFECT,
    show_default=True,
    type=click.FloatRange(0.5, 100),
    help="The slowdown to find, in percent; twice that where several threads use each side.",
)
@click.option(
    "--minutes",
    default=MINUTES,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
    help="Sample no longer than that.",
)
@click.option("--verify", "verifies", is_flag=True, help="Verify the project as well, at level quick.")
@options.seed
@options.junit_file
@project.option
def command(
    project: Project,
    base: str,
    least_effect: float,
    minutes: float,
    verifies: bool,
    seed: int,
    junit: pathlib.Path | None,
) -> None:
    """Compare the project's exact costs and its speed with REV's; writes gate.json and gate.md to its results/gate."""
    commit, old = checkout(project, base)
    channels = registry.configured(build.configure_project(project))
    costs = changed_costs(project, old)
    build.build_runners(project, measured(channels), "bench")
    comparison = Comparison(build_benchmarks(project, old), measured(channels), seed, least_effect / 100)
    if comparison.only_current:
        console.print(f"new, with nothing to compare: {', '.join(comparison.only_current)}", markup=False)
    found = Outcome(commit, build.revision(project.source), results.shell_line(), comparison.run(minutes), costs)
    show(found.verdicts)
    folder = project.results / "gate"
    folder.mkdir(parents=True, exist_ok=True)
    found.write(folder)
    checks = []
    if verifies:
        build.build_runners(project, channels, "properties", "models")
        checks = verify.verify(project, channels, "quick", seed)
        verify.show(outcome.failed_checks(checks))
    if junit:
        write_junit(junit, checks=checks, cells=found.verdicts, dearer=found.dearer)
    if verifies:
        outcome.require_passed(checks)
    found.require_not_worse()
    console.print(f"{overall(found.verdicts)}: {found.summary} ({folder / 'gate.json'})", markup=False)
