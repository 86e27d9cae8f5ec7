"""The report's pictures."""

from __future__ import annotations

import pathlib

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import matplotlib.colors  # noqa: E402
import matplotlib.ticker  # noqa: E402
import numpy  # noqa: E402

from sluice_cli import stats  # noqa: E402

# Okabe and Ito's colours, which colour-blind readers can tell apart, doubled by markers.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")

CAPACITIES = ("0", "1", "128", "n", "unbounded")
OURS = ("spsc", "mpmc")  # what users include
CORES = ("lock_free", "rendezvous", "spsc_list", "spsc_ring", "sync")  # what those choose from
TITLES = {
    "seq": "seq: one thread sends, then receives",
    "spsc": "spsc: 1 producer, 1 consumer",
    "mpsc": "mpsc: {threads} producers, 1 consumer",
    "mpmc": "mpmc: {threads} producers, {threads} consumers",
}


class Style:
    """The same colour and marker for a channel in every picture."""

    def __init__(self, channels: list[str]) -> None:
        self.channels = channels
        self._index = {name: i for i, name in enumerate(channels)}

    def colour(self, channel: str) -> str:
        return COLOURS[self._index[channel] % len(COLOURS)]

    def marker(self, channel: str) -> str:
        i = self._index[channel]
        return MARKERS[(i + i // len(COLOURS)) % len(MARKERS)]


def counted(samples: list[dict]) -> list[dict]:
    """The samples that figures are made of: those taken in the machine's usual state."""
    return [sample for sample in samples if not sample["odd"]]


def channels_of(samples: list[dict]) -> list[str]:
    return list(dict.fromkeys(sorted(sample["channel"] for sample in samples)))


def estimate(samples: list[dict], key: str, **where: object) -> stats.Estimate | None:
    """The median of a figure over the samples that match."""
    values = [s[key] for s in counted(samples) if all(s[k] == v for k, v in where.items()) and key in s]
    return stats.median(values) if values else None


def of_cell(
    samples: list[dict], channel: str, cell: tuple[str, str], threads: int, key: str = "ns_per_message", **where: object
) -> stats.Estimate | None:
    """A channel's figure at a shape and a capacity; `threads` are those of shapes with many on a side."""
    shape, capacity = cell
    per_side = threads if shape in ("mpsc", "mpmc") else 1
    return estimate(samples, key, channel=channel, shape=shape, capacity=capacity, threads=per_side, **where)


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
    rows = -(-len(labels) // 6)
    room = (0.2 + 0.25 * rows) / figure.get_size_inches()[1]
    figure.get_layout_engine().set(rect=(0, room, 1, 1 - room - 0.3 / figure.get_size_inches()[1]))
    figure.legend(handles, labels, loc="lower center", ncols=min(len(labels), 6), frameon=False)
    figure.savefig(file, dpi=110)
    plt.close(figure)


def shade(channel: str) -> str:
    """Ours stand out; the cores behind them less so."""
    return "#0072B2" if channel in OURS else "#A6CBE5" if channel in CORES else "#BBBBBB"


def _name(shape: str, capacity: str) -> str:
    return f"{shape}\n{capacity}"


def heat(samples: list[dict], file: pathlib.Path, threads: int) -> None:
    """Every channel's time in every cell, as a multiple of the best there."""
    shapes = ("spsc", "mpsc", "mpmc", "ping_pong")
    cells = [(shape, capacity) for shape in shapes for capacity in CAPACITIES]
    table: dict[str, dict[tuple[str, str], float]] = {}
    for channel in channels_of(samples):
        for cell in cells:
            if found := of_cell(samples, channel, cell, threads):
                table.setdefault(channel, {})[cell] = found.median
    columns = [cell for cell in cells if any(cell in row for row in table.values())]
    best = {cell: min(row[cell] for row in table.values() if cell in row) for cell in columns}
    # The channels that come nearest to the best on average stand first.
    order = sorted(table, key=lambda name: numpy.mean([numpy.log(t / best[cell]) for cell, t in table[name].items()]))
    ratios = numpy.array([[table[name].get(cell, numpy.nan) / best[cell] for cell in columns] for name in order])
    figure, axis = plt.subplots(
        figsize=(max(6.0, 0.72 * len(columns) + 2), 0.36 * len(order) + 1.8), layout="constrained"
    )
    shades = matplotlib.colormaps["YlOrRd"].copy()
    shades.set_bad("#f4f4f4")
    image = axis.imshow(ratios, cmap=shades, norm=matplotlib.colors.LogNorm(1, 30), aspect="auto")
    for row, name in enumerate(order):
        for column, cell in enumerate(columns):
            if cell in table[name]:
                dark = ratios[row, column] > 8
                axis.text(
                    column,
                    row,
                    f"{table[name][cell]:,.0f}",
                    ha="center",
                    va="center",
                    fontsize=8,
                    color="white" if dark else "black",
                    fontweight="bold" if ratios[row, column] == 1 else "normal",
                )
    axis.set_yticks(range(len(order)), [label(name) for name in order])
    axis.set_xticks(range(len(columns)), [_name(*cell) for cell in columns], fontsize=8)
    axis.xaxis.tick_top()
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axis, fraction=0.025, pad=0.01)
    bar.set_ticks([1, 2, 5, 10, 30], labels=["best", "2x", "5x", "10x", "30x"])
    bar.ax.minorticks_off()
    figure.suptitle(
        f"Nanoseconds a message (ping_pong: a round trip); colour: times the best of the column; many is {threads}",
        fontsize=12,
    )
    figure.savefig(file, dpi=110)
    plt.close(figure)


BARS = (("spsc", "128"), ("spsc", "unbounded"), ("mpsc", "128"), ("mpsc", "unbounded"), ("mpmc", "128"), ("mpmc", "0"))


def throughput(samples: list[dict], file: pathlib.Path, threads: int) -> None:
    """Time for a message in the cells that most programs have, the quickest first, with the interval of the median."""
    all_counted = counted(samples)
    here = [cell for cell in BARS if any((s["shape"], s["capacity"]) == cell for s in all_counted)]
    rows = max(1, (len(here) + 1) // 2)
    most = max((len({s["channel"] for s in all_counted if (s["shape"], s["capacity"]) == c}) for c in here), default=1)
    figure, axes = plt.subplots(rows, 2, figsize=(11, rows * (0.28 * most + 1.1)), layout="constrained", squeeze=False)
    for axis in axes.flat[len(here) :]:
        axis.set_visible(False)
    for axis, (shape, capacity) in zip(axes.flat, here):
        found = {c: e for c in channels_of(samples) if (e := of_cell(samples, c, (shape, capacity), threads))}
        ordered = sorted(found.items(), key=lambda item: -item[1].median)
        for place, (channel, cell) in enumerate(ordered):
            axis.barh(place, cell.median, color=shade(channel), height=0.75)
            axis.errorbar(
                cell.median,
                place,
                xerr=[[cell.median - cell.low], [cell.high - cell.median]],
                color="black",
                capsize=2.5,
                linewidth=1,
            )
            axis.annotate(
                f"{cell.median:,.0f}",
                (cell.high, place),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
            )
        axis.set_yticks(range(len(ordered)), [label(channel) for channel, _ in ordered], fontsize=9)
        axis.set_xscale("log")
        shown = [cell.median for cell in found.values()]
        axis.set_xlim(min(shown, default=1) / 2, max(shown, default=1) * 2.5)
        axis.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(_nanoseconds))
        axis.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
        axis.spines[["top", "right"]].set_visible(False)
        axis.set_title(f"{TITLES[shape].format(threads=threads)}, {_room(capacity)}", fontsize=10.5)
    figure.suptitle(
        "Time per message, less is better: median and interval; ours in blue, their cores in light blue",
        fontweight="bold",
    )
    figure.savefig(file, dpi=110)
    plt.close(figure)


def label(channel: str) -> str:
    """What a reader would include, rather than our name for it."""
    return {"spsc": "sluice::spsc", "mpmc": "sluice::mpmc, mpsc"}.get(channel, channel)


def _room(capacity: str) -> str:
    return capacity if capacity == "unbounded" else f"capacity {capacity}"


LOADS = {"open_loop_10k": 10_000, "open_loop_100k": 100_000, "open_loop_1m": 1_000_000}


def loads(samples: list[dict], file: pathlib.Path) -> None:
    """Latency at a rate of messages, and what the receiver costs meanwhile."""
    # A core's line would lie under its facade's.
    open_loops = [s for s in counted(samples) if s["shape"] in LOADS and s["channel"] not in CORES]
    style = Style(channels_of(samples))
    figure, axes = plt.subplots(1, 3, figsize=(11, 5), layout="constrained")
    panels = (
        ("p50_ns", "half of the messages within"),
        ("p99_ns", "99 % within"),
        ("receiver_cpu", "the receiver's processor"),
    )
    legend: dict[str, object] = {}
    for axis, (key, title) in zip(axes, panels):
        for channel in channels_of(open_loops):
            points = {
                rate: found
                for shape, rate in LOADS.items()
                if (found := estimate(open_loops, key, channel=channel, shape=shape))
            }
            if not points:
                continue
            (line,) = axis.plot(
                list(points),
                [p.median for p in points.values()],
                marker=style.marker(channel),
                color=style.colour(channel),
                linewidth=2.5 if channel in OURS else 1.2,
            )
            legend.setdefault(label(channel), line)
        if busy := estimate(samples, key, channel="spsc", shape="busy_loop_100k"):
            (point,) = axis.plot(
                [LOADS["open_loop_100k"]], [busy.median], "*", color=style.colour("spsc"), markersize=14
            )
            legend.setdefault("sluice::spsc, recv_busy()", point)
        axis.set_xscale("log")
        if key == "receiver_cpu":
            axis.yaxis.set_major_formatter(matplotlib.ticker.PercentFormatter(1))
            axis.set_ylim(bottom=0)
            axis.grid(axis="y", alpha=0.4)
            axis.spines[["top", "right"]].set_visible(False)
        else:
            _log_axis(axis)
        axis.set_xticks(list(LOADS.values()), ["10k", "100k", "1M"])
        axis.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
        axis.set_xlabel("messages a second")
        axis.set_title(title, fontsize=11)
    title = "Latency from the moment a message was due, and what waiting costs: medians"
    _save(figure, list(legend.values()), list(legend), file, title)


def costs(samples: list[dict], file: pathlib.Path, threads: int) -> None:
    """What a channel costs beside throughput: at rest, in memory, in fairness."""
    panels = (
        ("round trip after 200 µs of rest, p50", "p50_ns", {"shape": "idle_ping_pong"}),
        ("made, used once and dropped (unbounded)", "ns_per_message", {"shape": "create", "capacity": "unbounded"}),
        ("bytes of an empty unbounded channel", "bytes_empty", {"shape": "memory"}),
        (
            "slowest over fastest of 4 producers, capacity 128",
            "slowest_over_fastest",
            {"shape": "shares", "threads": threads},
        ),
    )
    figure, axes = plt.subplots(2, 2, figsize=(11, 7.5), layout="constrained")
    for axis, (title, key, where) in zip(axes.flat, panels):
        found = {c: e for c in channels_of(samples) if (e := estimate(samples, key, channel=c, **where))}
        if key == "bytes_empty":
            # Memory from elsewhere than operator new is not counted.
            found = {channel: e for channel, e in found.items() if e.median > 0}
        best_last = key == "slowest_over_fastest"
        ordered = sorted(found.items(), key=lambda item: item[1].median if best_last else -item[1].median)
        for place, (channel, cell) in enumerate(ordered):
            axis.barh(place, cell.median, color=shade(channel), height=0.75)
            text = (
                _nanoseconds(float(f"{cell.median:.3g}")) if key.endswith(("_ns", "message")) else f"{cell.median:.3g}"
            )
            axis.annotate(
                text, (cell.median, place), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8
            )
        axis.set_yticks(range(len(ordered)), [label(channel) for channel, _ in ordered], fontsize=9)
        axis.margins(x=0.18)
        axis.xaxis.set_major_formatter(
            matplotlib.ticker.FuncFormatter(_nanoseconds if key.endswith(("_ns", "message")) else lambda v, _: f"{v:g}")
        )
        axis.spines[["top", "right"]].set_visible(False)
        axis.set_title(title, fontsize=10.5)
    figure.suptitle("Beside the messages: medians; ours in blue, their cores in light blue", fontweight="bold")
    figure.savefig(file, dpi=110)
    plt.close(figure)


def latency(samples: list[dict], file: pathlib.Path) -> None:
    """Round trips between two threads, by percentile."""
    style = Style(channels_of(samples))
    trips = [s for s in counted(samples) if s["shape"] == "ping_pong" and s["channel"] not in CORES]
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
        axis.set_title(_room(capacity), fontsize=11)
        axis.set_xlabel("share of round trips that are faster")
    axes.flat[0].set_ylabel("round trip (log scale)")
    ordered = [channel for channel in style.channels if channel in legend]
    title = "Round trip between two threads over two channels: medians, bands their intervals"
    _save(figure, [legend[channel] for channel in ordered], [label(channel) for channel in ordered], file, title)


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
        labels.append(f"{label(channel)} ({_room(capacity)})")
    _log_axis(axis)
    axis.set_xscale("log", base=2)
    axis.set_xticks(counts, [str(n) for n in counts])
    axis.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    axis.set_xlabel("producers, and as many consumers")
    axis.set_ylabel("time per message (log scale)")
    _save(figure, handles, labels, file, "mpmc as threads are added: median and interval")


def checking(rows: list[dict], file: pathlib.Path) -> None:
    """The monitor's time by the length of the history, beside a line that grows as the length does."""
    lengths = numpy.array([row["operations"] for row in rows])
    seconds = numpy.array([row["seconds"] for row in rows])
    figure, axes = plt.subplots(figsize=(7, 4))
    axes.loglog(lengths, seconds, "o-", color=COLOURS[0], label="measured")
    axes.loglog(
        lengths, seconds[-1] * lengths / lengths[-1], "--", color="#888888", label="in proportion to the length"
    )
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
