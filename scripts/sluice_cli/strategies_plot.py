"""The picture of search strategies."""

from __future__ import annotations

import pathlib

import matplotlib.pyplot as plt
import matplotlib.ticker

from sluice_cli import plots


def draw(data: dict, file: pathlib.Path) -> None:
    """For each strategy, the share of searches that have found nothing after so many executions."""
    figure, axis = plt.subplots(figsize=(10, 5.5), layout="constrained")
    legend: dict[str, object] = {}
    for place, strategy in enumerate(data["strategies"]):
        runs = [run for bug in data["bugs"] for run in bug["runs"][strategy]]
        found = sorted(run["executions"] for run in runs if run["found"])
        left = [1 - (n + 1) / len(runs) for n in range(len(found))]
        [line] = axis.step(
            [1, *found, data["executions"]],
            [1, *left, left[-1] if left else 1],
            where="post",
            color=plots.RIVAL_COLOURS[place % len(plots.RIVAL_COLOURS)],
            linewidth=2.6 if place == 0 else 1.3,
        )
        legend[strategy] = line
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_xlim(1, data["executions"])
    axis.set_ylim(top=1)
    axis.yaxis.set_major_formatter(matplotlib.ticker.PercentFormatter(1, decimals=None))
    axis.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axis.set_xlabel("executions")
    plots.open_axis(axis)
    plots.save(figure, legend, file, f"Searches for {len(data['bugs'])} known bugs that have found nothing yet")
