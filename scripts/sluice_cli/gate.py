"""Holds the tree as it is against an earlier revision: nothing broken, nothing slower."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import pathlib
import random
import shutil
import subprocess

import rich.table

from sluice_cli import bench, build, results, stats
from sluice_cli.common import BUILDS, ROOT, Failure, Usage, console, progress


class Slower(Failure):
    """Some cell is slower than in the base revision."""

    exit_code = 3


# What each channel is held to: cheap, and steady enough to tell a change from noise.
SHAPES = {"seq": ("1", "128", "unbounded"), "spsc": ("0", "128", "unbounded"), "mpmc": ("128", "unbounded")}
MESSAGES = 1_000_000
PAIRS = 15
# A cell too noisy to judge is sampled again, this often at the most.
EXTRA_ROUNDS = 2

# The least change worth a verdict: smaller ones come from code placement alone.
LEAST_EFFECT = 0.10
# An interval wider than this, as a ratio of its ends, says nothing.
NOISY = 1.6
CONFIDENCE = 0.99


@dataclasses.dataclass(frozen=True)
class Verdict:
    """One cell of the comparison: the current tree's time over the base's."""

    channel: str
    workload: str
    ratio: stats.Estimate
    verdict: str


def checkout(revision: str) -> tuple[str, pathlib.Path]:
    """A worktree of a revision below build/, and the revision's full name.

    Raises Usage if there is no such revision.
    """
    found = subprocess.run(
        ["git", "-C", str(ROOT), "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"],
        capture_output=True,
        text=True,
    )
    commit = found.stdout.strip()
    if found.returncode != 0:
        raise Usage(f"there is no revision `{revision}` in this repository")
    tree = BUILDS / "gate" / commit[:12]
    if not (tree / ".git").exists():
        shutil.rmtree(tree, ignore_errors=True)
        subprocess.run(["git", "-C", str(ROOT), "worktree", "prune"], check=True)
        command = ["git", "-C", str(ROOT), "worktree", "add", "--detach", "--force", str(tree), commit]
        subprocess.run(command, check=True, capture_output=True)
    return commit, tree


def build_benchmarks(tree: pathlib.Path, binary: pathlib.Path) -> list[build.Channel]:
    """Builds a tree's benchmark programs alone."""
    options = ["-G", "Ninja", "-D", "CMAKE_BUILD_TYPE=Release"]
    options += ["-D", "SLUICE_PROPERTIES=OFF", "-D", "SLUICE_MODELS=OFF", "-D", "SLUICE_TESTS=OFF"]
    build.configure(tree, binary, options)
    build.compile_targets(binary)
    return measured(build.registry(binary))


def measured(channels: list[build.Channel]) -> list[build.Channel]:
    """Those whose speed is ours to guard."""
    return [channel for channel in channels if "bench" in channel.programs and not channel.third_party]


def _cells(channels: list[build.Channel]) -> dict[tuple[str, str], bench.Cell]:
    return {
        (cell.channel.name, cell.name): cell
        for cell in bench.cells(channels)
        if cell.capacity in SHAPES.get(cell.shape, ())
    }


def judge(ratios: list[float]) -> tuple[stats.Estimate, str]:
    """The median ratio with its interval, and what follows from it."""
    estimate = stats.median(ratios, CONFIDENCE)
    if estimate.low > 1 + LEAST_EFFECT:
        return estimate, "slower"
    if estimate.high < 1 / (1 + LEAST_EFFECT):
        return estimate, "faster"
    if estimate.high / estimate.low > NOISY:
        return estimate, "too noisy"
    return estimate, "same"


def compare(base: list[build.Channel], current: list[build.Channel], seed: int, pairs: int = PAIRS) -> list[Verdict]:
    """Samples both trees' programs in pairs, the order within each pair and of the cells drawn at random."""
    before, after = _cells(base), _cells(current)
    both = [key for key in after if key in before]
    if not both:
        raise Usage("the base revision and this tree have no benchmark in common")
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
    """One word for all cells together: the worst that is certain, or that most are too noisy to tell."""
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


def write(verdicts: list[Verdict], base: str, folder: pathlib.Path) -> None:
    """Writes gate.json and gate.md; the latter also to a GitHub step's summary, where there is one."""
    data = {
        "schema": "sluice-gate/1",
        "base": base,
        "current": build.revision(),
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
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with open(summary, "a") as out:
            out.write(text)
