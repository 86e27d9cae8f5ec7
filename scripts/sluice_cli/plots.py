"""The report's pictures."""

from __future__ import annotations

import pathlib

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import matplotlib.ticker  # noqa: E402
import numpy  # noqa: E402

from sluice_cli import stats  # noqa: E402

# Okabe and Ito's colours, which colour-blind readers can tell apart, doubled by markers and hatches.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
HATCHES = ("", "//", "..", "xx", "\\\\", "++", "oo", "--")

CAPACITIES = ("0", "1", "128", "n", "unbounded")
TITLES = {
    "seq": "seq: one thread sends, then receives",
    "spsc": "spsc: 1 producer, 1 consumer",
    "mpsc": "mpsc: {threads} producers, 1 consumer",
    "mpmc": "mpmc: {threads} producers, {threads} consumers",
}


class Style:
    """The same colour, marker and hatch for a channel in every picture."""

    def __init__(self, channels: list[str]) -> None:
        self.channels = channels
        self._index = {name: i for i, name in enumerate(channels)}

    def colour(self, channel: str) -> str:
        return COLOURS[self._index[channel] % len(COLOURS)]

    def marker(self, channel: str) -> str:
        return MARKERS[self._index[channel] % len(MARKERS)]

    def hatch(self, channel: str) -> str:
        return HATCHES[self._index[channel] % len(HATCHES)]


def counted(samples: list[dict]) -> list[dict]:
    """The samples that figures are made of: those taken in the machine's usual state."""
    return [sample for sample in samples if not sample["odd"]]


def channels_of(samples: list[dict]) -> list[str]:
    return list(dict.fromkeys(sorted(sample["channel"] for sample in samples)))


def estimate(samples: list[dict], key: str, **where: object) -> stats.Estimate | None:
    """The median of a figure over the samples that match."""
    values = [s[key] for s in counted(samples) if all(s[k] == v for k, v in where.items()) and key in s]
    return stats.median(values) if values else None


def _nanoseconds(value: float, _: object = None) -> str:
    if value >= 1e6:
        return f"{value / 1e6:g} ms"
    return f"{value / 1000:g} µs" if value >= 1000 else f"{value:g} ns"


def _log_axis(axis) -> None:
    """Called once the data is drawn: how many ticks are labelled depends on its range."""
    axis.set_yscale("log")
    low, high = axis.get_ylim()
    steps = (1, 2, 5) if high / low < 100 else (1, 3) if high / low < 3000 else (1,)
    axis.yaxis.set_major_locator(matplotlib.ticker.LogLocator(subs=steps))
    axis.yaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    axis.yaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(_nanoseconds))
    axis.grid(axis="y", which="major", alpha=0.4)
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)


def _save(figure, handles, labels, file: pathlib.Path, title: str) -> None:
    """Puts the title above and the legend below, where neither covers data."""
    figure.suptitle(title, fontsize=13, fontweight="bold")
    room = 0.45 / figure.get_size_inches()[1]
    figure.get_layout_engine().set(rect=(0, room, 1, 1 - room))
    figure.legend(handles, labels, loc="lower center", ncols=min(len(labels), 6), frameon=False)
    figure.savefig(file, dpi=110)
    plt.close(figure)


def throughput(samples: list[dict], file: pathlib.Path, threads: int) -> None:
    """Time for a message, for each shape and capacity, with the interval of the median."""
    style = Style(channels_of(samples))
    figure, axes = plt.subplots(2, 2, figsize=(11, 8), layout="constrained")
    legend: dict[str, object] = {}
    for axis, shape in zip(axes.flat, TITLES):
        per_side = 1 if shape in ("seq", "spsc") else threads
        present = [
            capacity
            for capacity in CAPACITIES
            if any(s["shape"] == shape and s["capacity"] == capacity for s in counted(samples))
        ]
        for place, capacity in enumerate(present):
            found = {}
            for channel in style.channels:
                cell = estimate(
                    samples, "ns_per_message", channel=channel, shape=shape, capacity=capacity, threads=per_side
                )
                if cell:
                    found[channel] = cell
            width = 0.8 / max(len(found), 2)
            for i, (channel, cell) in enumerate(found.items()):
                x = place + (i - (len(found) - 1) / 2) * width
                bar = axis.bar(
                    x,
                    cell.median,
                    width * 0.92,
                    color=style.colour(channel),
                    hatch=style.hatch(channel),
                    edgecolor="white",
                    linewidth=0.5,
                )
                spread = [[cell.median - cell.low], [cell.high - cell.median]]
                axis.errorbar(x, cell.median, yerr=spread, color="black", capsize=3, linewidth=1)
                axis.annotate(
                    f"{cell.median:,.0f}" if cell.median >= 10 else f"{cell.median:.1f}",
                    (x, cell.high),
                    xytext=(0, 3),
                    textcoords="offset points",
                    ha="center",
                    fontsize=8,
                )
                legend.setdefault(channel, bar)
        # Room for every bar to be seen as one, and for the labels.
        shown = [bar.get_height() for bar in axis.patches]
        axis.set_ylim(min(shown, default=1) / 3, max(shown, default=1) * 3)
        _log_axis(axis)
        axis.set_xticks(range(len(present)), [f"capacity {c}" if c.isdigit() or c == "n" else c for c in present])
        axis.set_title(TITLES[shape].format(threads=threads), fontsize=11)
        axis.set_ylabel("time per message (log scale)")
    ordered = [channel for channel in style.channels if channel in legend]
    title = "Time per message, less is better: median with 95 % interval, labels in ns"
    _save(figure, [legend[channel] for channel in ordered], ordered, file, title)


def latency(samples: list[dict], file: pathlib.Path) -> None:
    """Round trips between two threads, by percentile."""
    style = Style(channels_of(samples))
    trips = [s for s in counted(samples) if s["shape"] == "ping_pong"]
    capacities = [capacity for capacity in CAPACITIES if any(s["capacity"] == capacity for s in trips)]
    figure, axes = plt.subplots(1, len(capacities), figsize=(11, 4.6), layout="constrained", sharey=True, squeeze=False)
    keys = ("p50_ns", "p90_ns", "p99_ns", "p999_ns")
    legend: dict[str, object] = {}
    for axis, capacity in zip(axes.flat, capacities):
        for channel in style.channels:
            points = [estimate(trips, key, channel=channel, capacity=capacity) for key in keys]
            if None in points:
                continue
            middle = numpy.array([p.median for p in points])
            low = numpy.array([p.low for p in points])
            high = numpy.array([p.high for p in points])
            places = numpy.arange(len(keys))
            (line,) = axis.plot(
                places, middle, marker=style.marker(channel), color=style.colour(channel), linewidth=1.8, markersize=7
            )
            axis.fill_between(places, low, high, color=style.colour(channel), alpha=0.15)
            legend.setdefault(channel, line)
        _log_axis(axis)
        axis.set_xticks(range(len(keys)), ["50 %", "90 %", "99 %", "99.9 %"])
        axis.set_title("unbounded" if capacity == "unbounded" else f"capacity {capacity}", fontsize=11)
        axis.set_xlabel("share of round trips that are faster")
    axes.flat[0].set_ylabel("round trip (log scale)")
    ordered = [channel for channel in style.channels if channel in legend]
    title = "Round trip between two threads over two channels: median run, band 95 %"
    _save(figure, [legend[channel] for channel in ordered], ordered, file, title)


def scaling(samples: list[dict], file: pathlib.Path, capacity_of: dict[str, str]) -> None:
    """mpmc as threads are added, each channel at one capacity."""
    style = Style(channels_of(samples))
    figure, axis = plt.subplots(figsize=(9, 5), layout="constrained")
    handles, labels = [], []
    counts = sorted({s["threads"] for s in counted(samples) if s["shape"] == "mpmc"})
    for channel in style.channels:
        capacity = capacity_of.get(channel)
        points = {
            n: estimate(samples, "ns_per_message", channel=channel, shape="mpmc", capacity=capacity, threads=n)
            for n in counts
        }
        points = {n: p for n, p in points.items() if p}
        if not points:
            continue
        middle = numpy.array([p.median for p in points.values()])
        spread = numpy.array([[p.median - p.low, p.high - p.median] for p in points.values()]).T
        line = axis.errorbar(
            list(points),
            middle,
            yerr=spread,
            marker=style.marker(channel),
            color=style.colour(channel),
            capsize=3,
            linewidth=1.8,
            markersize=7,
        )
        handles.append(line)
        labels.append(f"{channel} ({'unbounded' if capacity == 'unbounded' else 'capacity ' + str(capacity)})")
    _log_axis(axis)
    axis.set_xscale("log", base=2)
    axis.set_xticks(counts, [str(n) for n in counts])
    axis.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    axis.set_xlabel("producers, and as many consumers")
    axis.set_ylabel("time per message (log scale)")
    _save(figure, handles, labels, file, "mpmc as threads are added: median with 95 % interval")


def checking(rows: list[dict], file: pathlib.Path) -> None:
    """The monitor's time by the length of the history, beside a line that grows as the length does."""
    lengths = numpy.array([row["operations"] for row in rows])
    seconds = numpy.array([row["seconds"] for row in rows])
    figure, axes = plt.subplots(figsize=(7, 4))
    axes.loglog(lengths, seconds, "o-", color=COLOURS[0], label="measured")
    axes.loglog(lengths, seconds[-1] * lengths / lengths[-1], "--", color="#888888", label="in proportion to the length")
    for row in rows:
        axes.annotate(
            f"{row['seconds']:.2g} s, {row['peak_bytes'] / 2**20:.0f} MiB",
            (row["operations"], row["seconds"]),
            textcoords="offset points",
            xytext=(12, -14),
            fontsize=8,
        )
    axes.set_xlim(right=lengths[-1] * 10)
    axes.set_ylim(bottom=seconds[0] / 4)
    axes.set_xlabel("operations in the history, of 8 threads")
    axes.set_ylabel("processor seconds to check it")
    axes.grid(True, which="major", alpha=0.3)
    axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(file, dpi=150)
    plt.close(figure)
