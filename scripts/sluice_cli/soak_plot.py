"""The picture of a soak."""

from __future__ import annotations

import pathlib

import matplotlib.pyplot as plt
import matplotlib.ticker
import numpy

from sluice_cli import plots

STRETCHES = 100  # a point is the phases of such a part of the run


def _stretches(lines: list[dict]) -> list[list[dict]]:
    """The phases in parts of nearly the same number of messages."""
    parts: list[list[dict]] = [[] for _ in range(STRETCHES)]
    for line in lines:
        parts[min(int(STRETCHES * (line["total"] - line["messages"]) / lines[-1]["total"]), STRETCHES - 1)].append(line)
    return [part for part in parts if part]


def draw(logs: dict[str, list[dict]], file: pathlib.Path) -> None:
    """Throughput, memory and longest wait of each channel, over the messages so far."""
    figure, axes = plt.subplots(3, 1, figsize=(11, 9), layout="constrained", sharex=True)
    legend: dict[str, object] = {}
    for place, (channel, lines) in enumerate(logs.items()):
        parts = _stretches(lines)
        x = [part[-1]["total"] for part in parts]
        rows = (
            [sum(p["messages"] for p in part) / max(sum(p["seconds"] for p in part), 1e-9) for part in parts],
            [max(p["resident_bytes"] for p in part) / 2**20 for part in parts],
            [max(p["longest_wait_ns"] for p in part) for part in parts],
        )
        for axis, values in zip(axes, rows):
            [line] = axis.plot(x, numpy.array(values), color=plots.RIVAL_COLOURS[place % len(plots.RIVAL_COLOURS)])
        legend[channel] = line
    titles = ("messages per second", "resident memory, MiB", "longest wait of a thread")
    for axis, title in zip(axes, titles):
        axis.set_title(title, fontsize=10.5)
        plots.open_axis(axis)
    axes[0].set_yscale("log")
    axes[1].set_ylim(bottom=0)
    axes[2].set_yscale("log")
    axes[2].yaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(plots.nanoseconds))
    axes[2].xaxis.set_major_formatter(matplotlib.ticker.EngFormatter())
    axes[2].set_xlabel("messages so far")
    plots.save(figure, legend, file, "Soak: phases of changing threads, capacities and disturbances")
