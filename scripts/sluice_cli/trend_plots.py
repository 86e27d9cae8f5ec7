"""The pictures of a history."""

from __future__ import annotations

import pathlib

import matplotlib.pyplot as plt
import matplotlib.ticker

from sluice_cli import history, plots
from sluice_cli.figures import Roles

SHOWN_RUNS = 40
# What a processor or the kernel does for others, beside plain loads and stores.
DEAR = ("updates", "full_stores", "fences", "membarriers", "locks", "wakes")


def _label(line: dict) -> str:
    return line["revision"].removesuffix("-dirty")[:7] + ("*" if line["revision"].endswith("-dirty") else "")


def _label_runs(axes, lines: list[dict]) -> None:
    """Names every run, or as many as there is room for."""
    every = -(-len(lines) // 10)
    places = range((len(lines) - 1) % every, len(lines), every)
    for axis in axes:
        axis.set_xticks(list(places), [_label(lines[place]) for place in places], rotation=45, ha="right", fontsize=8)
        axis.set_xlim(-0.5, len(lines) - 0.5)


def times(lines: list[dict], file: pathlib.Path) -> bool:
    """The time of a message in each workload, by run; the facades, or if the last run has none, the cores, or all.

    Returns whether any of these workloads was measured; if not, it draws nothing.
    """
    lines = lines[-SHOWN_RUNS:]
    roles = Roles.of({"channels": [{"name": n, "role": r, "language": "C++"} for n, r in lines[-1]["roles"].items()]})
    channels = roles.named("facade") or roles.named("core") or list(lines[-1]["roles"])
    style = plots.Style(roles)
    rows = [
        shape
        for shape in history.SHAPES
        if any(name.startswith(f"{shape}/") for line in lines for c in channels for name in line["times"].get(c, {}))
    ]
    if not rows:
        return False
    figure, axes = plt.subplots(
        len(rows),
        len(history.CAPACITIES),
        figsize=(13, 2.5 * len(rows) + 1),
        layout="constrained",
        sharex=True,
        squeeze=False,
    )
    legend: dict[str, object] = {}
    for row, shape in zip(axes, rows):
        for axis, capacity in zip(row, history.CAPACITIES):
            name = history.workload(shape, capacity)
            for channel in channels:
                points = [(x, line["times"].get(channel, {}).get(name)) for x, line in enumerate(lines)]
                points = [(x, *found) for x, found in points if found]
                if not points:
                    continue
                x, middle, low, high = zip(*points)
                ends = [[m - a for m, a in zip(middle, low)], [b - m for m, b in zip(middle, high)]]
                line = axis.errorbar(x, middle, ends, capsize=2, markersize=4, **style.line(channel))
                legend[roles.label(channel)] = line
            axis.set_ylim(bottom=0)
            axis.yaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(plots.nanoseconds))
            plots.open_axis(axis)
            axis.set_title(name, fontsize=10)
            if not axis.has_data():
                axis.set_visible(False)
    _label_runs(axes.flat, lines)
    plots.save(
        figure, legend, file, "Time of a message or round trip by run: medians, 95 % intervals; * uncommitted changes"
    )
    return True


def costs(lines: list[dict], file: pathlib.Path) -> None:
    """What a message costs without any other thread, by run: exact counts."""
    lines = [line for line in lines if line["costs"]][-SHOWN_RUNS:]
    figure, axis = plt.subplots(figsize=(13, 4.5), layout="constrained")
    legend: dict[str, object] = {}
    totals: dict[tuple[float | None, ...], list[str]] = {}
    for core in lines[-1]["costs"]:
        total = [
            sum(counts.get(kind, 0) for counts in line["costs"].get(core, {}).values() for kind in DEAR)
            if core in line["costs"]
            else None
            for line in lines
        ]
        totals.setdefault(tuple(total), []).append(core)
    # Cores that cost the same share a line, whose label names them all.
    for place, (total, cores) in enumerate(totals.items()):
        [line] = axis.plot(
            range(len(lines)),
            [float("nan") if count is None else count for count in total],
            marker=plots.MARKERS[place % len(plots.MARKERS)],
            color=plots.RIVAL_COLOURS[place % len(plots.RIVAL_COLOURS)],
            drawstyle="steps-post",
        )
        legend[", ".join(cores)] = line
    axis.set_ylim(bottom=0)
    axis.yaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True))
    plots.open_axis(axis)
    _label_runs([axis], lines)
    plots.save(
        figure, legend, file, "Read-modify-writes, fences, locks and wake-ups of one send and one receive, by run"
    )
