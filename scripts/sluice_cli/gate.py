"""Compares a project with an earlier revision of it: no check may fail, and no workload be slower."""

from __future__ import annotations

import dataclasses
import json
import math
import pathlib
import random
import shutil
import subprocess

import click
import rich.table

from sluice_cli import bench, build, options, outcome, project, registry, results, stats, verify
from sluice_cli.common import Failure, Usage, console, output_of, progress
from sluice_cli.junit import write as write_junit
from sluice_cli.project import Project
from sluice_cli.registry import Channel


class Slower(Failure):
    """Some workload is slower than in the base revision."""

    exit_code = 3


# The compared workloads: short, and steady enough to distinguish a change from noise.
SHAPES = {"seq": ("1", "128", "unbounded"), "spsc": ("0", "128", "unbounded"), "mpmc": ("128", "unbounded")}
MESSAGES = 1_000_000
PAIRS = 15
# A cell that is too noisy to judge is sampled again, at most this often.
EXTRA_ROUNDS = 2

# The least effect: smaller changes come from code placement alone.
LEAST_EFFECT = 0.10
# An interval wider than this, as a ratio of its ends, is inconclusive.
NOISY = 1.6
CONFIDENCE = 0.99


@dataclasses.dataclass(frozen=True)
class Verdict:
    """One cell of the comparison: the current tree's time over the base's."""

    channel: str
    workload: str
    ratio: stats.Estimate
    verdict: str


def checkout(of: Project, revision: str) -> tuple[str, Project]:
    """A revision's full name, and the project as it was then, in a worktree below build/.

    Raises Usage if there is no such revision.
    """

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(of.source), *arguments], capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else ""

    commit = git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if not commit:
        raise Usage(f"there is no revision `{revision}` in the repository of {of.source}")
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
    build.configure(base.source, binary, ["-G", "Ninja", *build.definitions(options)])
    channels = measured(_registered(binary))
    build.compile_targets(binary, registry.targets(channels, "bench"))
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


def _cells(channels: list[Channel]) -> dict[tuple[str, str], bench.Cell]:
    return {
        (cell.channel.name, cell.name): cell
        for cell in bench.cells(channels)
        if cell.capacity in SHAPES.get(cell.shape, ())
    }


def judge(ratios: list[float]) -> tuple[stats.Estimate, str]:
    """The median ratio with its interval, and the verdict."""
    estimate = stats.median(ratios, CONFIDENCE)
    if estimate.low > 1 + LEAST_EFFECT:
        return estimate, "slower"
    if estimate.high < 1 / (1 + LEAST_EFFECT):
        return estimate, "faster"
    if estimate.high / estimate.low > NOISY:
        return estimate, "too noisy"
    return estimate, "same"


def compare(base: list[Channel], current: list[Channel], seed: int, pairs: int = PAIRS) -> list[Verdict]:
    """Samples both trees' runners in pairs, with random order within each pair and of the cells."""
    before, after = _cells(base), _cells(current)
    both = [key for key in after if key in before]
    if not both:
        raise Usage("the base revision and the current one have no benchmark in common")
    order = random.Random(seed)
    ratios: dict[tuple[str, str], list[float]] = {key: [] for key in both}

    def sample_pairs(keys: list[tuple[str, str]], title: str) -> None:
        with progress(title, pairs * len(keys)) as advance:
            for _ in range(pairs):
                for key in order.sample(keys, len(keys)):
                    times = {}
                    for side in order.sample(("base", "current"), 2):
                        cell = (before if side == "base" else after)[key]
                        times[side] = bench.take(cell, MESSAGES)["ns_per_message"]
                    ratios[key].append(times["current"] / times["base"])
                    advance(" ".join(key))

    sample_pairs(both, "comparing")
    for _ in range(EXTRA_ROUNDS):
        if noisy := [key for key in both if judge(ratios[key])[1] == "too noisy"]:
            sample_pairs(noisy, f"comparing {len(noisy)} noisy cells again")
    return [Verdict(*key, *judge(ratios[key])) for key in both]


def _rows(verdicts: list[Verdict]) -> list[tuple[str, ...]]:
    return [
        (v.channel, v.workload, f"{v.ratio.median:.3f}", f"{v.ratio.low:.3f} – {v.ratio.high:.3f}", v.verdict)
        for v in verdicts
    ]


HEADINGS = ("channel", "workload", "current / base", f"{CONFIDENCE:.0%} interval", "verdict")


def overall(verdicts: list[Verdict]) -> str:
    """The verdict over all cells: the worst certain one, or that most are too noisy."""
    kinds = [v.verdict for v in verdicts]
    if kinds.count("too noisy") * 2 > len(kinds):
        return "slower" if "slower" in kinds else "too noisy"
    return next((kind for kind in ("slower", "faster") if kind in kinds), "same")


def show(verdicts: list[Verdict]) -> None:
    table = rich.table.Table(*HEADINGS)
    styles = {"slower": "bold red", "faster": "green", "too noisy": "yellow"}
    for row in _rows(verdicts):
        table.add_row(*row, style=styles.get(row[-1]))
    console.print(table)


def write(verdicts: list[Verdict], base: str, current: str, folder: pathlib.Path) -> None:
    """Writes gate.json and gate.md; the latter also to the summary of a GitHub step, if it runs in one."""
    data = {
        "schema": "sluice-gate/1",
        "base": base,
        "current": current,
        "overall": overall(verdicts),
        "least_effect": LEAST_EFFECT,
        "confidence": CONFIDENCE,
        "geometric_mean": math.exp(sum(math.log(v.ratio.median) for v in verdicts) / len(verdicts)),
        "cells": [dataclasses.asdict(v) for v in verdicts],
    }
    results.write_text(folder / "gate.json", json.dumps(data, indent=1) + "\n")
    lines = [f"## Speed against `{base[:12]}`: {data['overall']}", ""]
    lines += ["| " + " | ".join(HEADINGS) + " |", "|---|---|---:|---:|---|"]
    lines += ["| " + " | ".join(row) + " |" for row in _rows(verdicts)]
    text = "\n".join(lines) + "\n"
    results.write_text(folder / "gate.md", text)
    results.summarize(text)


@click.command("gate")
@click.option("--base", required=True, metavar="REV", help="The revision to compare with.")
@click.option("--pairs", default=PAIRS, show_default=True, type=click.IntRange(5, 1000), help="Pairs of samples.")
@options.seed
@options.junit_file
@project.option
def command(project: Project, base: str, pairs: int, seed: int, junit: pathlib.Path | None) -> None:
    """Verify the project, and compare its speed with REV's; writes gate.json and gate.md to its results/gate."""
    commit, old = checkout(project, base)
    channels = registry.configured(build.configure_project(project))
    build.build_runners(project, channels, "properties", "models")
    build.build_runners(project, measured(channels), "bench")
    checks = verify.verify(project, channels, "quick", seed)
    verify.show(outcome.failed_checks(checks))
    if junit:
        write_junit(junit, checks=checks)
    outcome.require_passed(checks)
    before = build_benchmarks(project, old)
    verdicts = compare(before, measured(channels), seed, pairs)
    show(verdicts)
    if junit:
        write_junit(junit, checks=checks, cells=verdicts)
    folder = project.results / "gate"
    folder.mkdir(parents=True, exist_ok=True)
    write(verdicts, commit, build.revision(project.source), folder)
    console.print(f"against {commit[:12]}: {overall(verdicts)} ({folder / 'gate.json'})", markup=False)
    if slower := [f"{v.channel} {v.workload}" for v in verdicts if v.verdict == "slower"]:
        raise Slower(f"slower than {commit[:12]}: {', '.join(slower)}")
