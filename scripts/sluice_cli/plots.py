"""The report's pictures."""

from __future__ import annotations

import pathlib

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import matplotlib.colors  # noqa: E402
import matplotlib.ticker  # noqa: E402
import numpy  # noqa: E402

from sluice_cli import figures  # noqa: E402
from sluice_cli.figures import CAPACITIES, USUAL_THREADS, Roles, estimate  # noqa: E402

# Facades have strong colours (Okabe and Ito's), rivals muted ones (Paul Tol's); colour-blind readers can distinguish
# both, and markers help. Each list is assigned in the order of the registry, so a channel looks the same in every run.
FACADE_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#E69F00")
CORE_COLOURS = ("#56B4E9", "#7FB2D6", "#A6CBE5", "#3E7CA6", "#8FD0F0")
BASELINE_COLOUR = "#777777"
RIVAL_COLOURS = (
    *("#332288", "#DDCC77", "#117733", "#CC6677", "#88CCEE"),
    *("#882255", "#44AA99", "#999933", "#AA4499", "#000000"),
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">", "h", "p")
BACKGROUND = "#CFCFCF"  # lines that only show where the rest lies

TITLES = {
    "seq": "seq: one thread sends, then receives",
    "spsc": "spsc: 1 producer, 1 consumer",
    "mpsc": "mpsc: {threads} producers, 1 consumer",
    "mpmc": "mpmc: {threads} producers, {threads} consumers",
}


class Style:
    """The colour and marker of each channel."""

    def __init__(self, roles: Roles) -> None:
        self.roles = roles
        self._place: dict[str, int] = {}
        for names in (roles.named("facade"), roles.named("core"), roles.named("third_party")):
            self._place |= {name: place for place, name in enumerate(names)}

    def colour(self, channel: str) -> str:
        if self.roles.role(channel) == "baseline":
            return BASELINE_COLOUR
        palette = {"facade": FACADE_COLOURS, "core": CORE_COLOURS}.get(self.roles.role(channel), RIVAL_COLOURS)
        return palette[self._place.get(channel, 0) % len(palette)]

    def marker(self, channel: str) -> str:
        return MARKERS[self._place.get(channel, 0) % len(MARKERS)]

    def width(self, channel: str) -> float:
        return 2.8 if self.roles.role(channel) == "facade" else 1.3

    def line(self, channel: str) -> dict:
        """The arguments of a line in the channel's style; ours are drawn above the others."""
        return {
            "marker": self.marker(channel),
            "color": self.colour(channel),
            "linewidth": self.width(channel),
            "zorder": 3 if self.roles.role(channel) == "facade" else 2,
        }

    def shade(self, channel: str) -> str:
        """The colour of a bar: facades strong, their cores light, the rest grey."""
        return {"facade": "#0072B2", "core": "#A6CBE5"}.get(self.roles.role(channel), "#BBBBBB")


def nanoseconds(value: float, _: object = None) -> str:
    if value >= 1e6:
        return f"{value / 1e6:g} ms"
    return f"{value / 1000:g} µs" if value >= 1000 else f"{value:g} ns"


def _log_axis(axis) -> None:
    """Call it after plotting: the number of labelled ticks depends on the data's range."""
    axis.set_yscale("log")
    low, high = axis.get_ylim()
    steps = (1, 2, 5) if high / low < 100 else (1, 3) if high / low < 3000 else (1,)
    axis.yaxis.set_major_locator(matplotlib.ticker.LogLocator(subs=steps))
    axis.yaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    axis.yaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(nanoseconds))
    open_axis(axis)


def open_axis(axis) -> None:
    """Lines across at the labelled values, and no frame above and on the right."""
    axis.grid(axis="y", which="major", alpha=0.4)
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)


def save(figure, legend: dict[str, object], file: pathlib.Path, title: str) -> None:
    """Puts the title above and the legend below, where neither covers data nor leaves the picture."""
    figure.suptitle(title, fontsize=13, fontweight="bold")
    width, height = figure.get_size_inches()
    # A column takes the room of the longest label, its line and some space.
    longest = max((len(label) for label in legend), default=1)
    columns = max(1, min(len(legend), int(width / (0.075 * longest + 0.6))))
    rows = -(-len(legend) // columns)
    room = (0.2 + 0.25 * rows) / height
    figure.get_layout_engine().set(rect=(0, room, 1, 1 - room - 0.3 / height))
    figure.legend(list(legend.values()), list(legend), loc="lower center", ncols=columns, frameon=False)
    figure.savefig(file, dpi=110)
    plt.close(figure)


def _ordered(legend: dict[str, object], style: Style, names: list[str]) -> dict[str, object]:
    """The legend with ours first."""
    ours_first = sorted(names, key=lambda name: (not style.roles.ours(name), name))
    labels = [style.roles.label(name) for name in ours_first]
    known = {label: legend[label] for label in labels if label in legend}
    return known | {label: handle for label, handle in legend.items() if label not in known}


def heat(samples: list[dict], roles: Roles, file: pathlib.Path, threads: int = USUAL_THREADS) -> None:
    """Every channel's time in every cell, as a multiple of the best there."""
    shapes = ("spsc", "mpsc", "mpmc", "ping_pong")
    cells = [(shape, capacity) for shape in shapes for capacity in CAPACITIES]
    table: dict[str, dict[figures.Cell, float]] = {}
    for channel in figures.channels_of(samples):
        for cell in cells:
            if found := figures.of_cell(samples, channel, cell, threads=threads):
                table.setdefault(channel, {})[cell] = found.median
    columns = [cell for cell in cells if any(cell in row for row in table.values())]
    best = {cell: min(row[cell] for row in table.values() if cell in row) for cell in columns}
    # Facades first, then by their geometric mean distance from the best.
    order = sorted(
        table,
        key=lambda name: (
            roles.role(name) != "facade",
            numpy.mean([numpy.log(t / best[cell]) for cell, t in table[name].items()]),
        ),
    )
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
    axis.set_yticks(range(len(order)), [roles.label(name) for name in order])
    for tick, name in zip(axis.get_yticklabels(), order):
        tick.set_fontweight("bold" if roles.role(name) == "facade" else "normal")
    axis.set_xticks(range(len(columns)), [f"{shape}\n{capacity}" for shape, capacity in columns], fontsize=8)
    axis.xaxis.tick_top()
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axis, fraction=0.025, pad=0.01)
    bar.set_ticks([1, 2, 5, 10, 30], labels=["best", "2x", "5x", "10x", "30x"])
    bar.ax.minorticks_off()
    figure.suptitle(
        f"ns per message (ping_pong: per round trip), by shape and capacity; colour: multiple of the column's best; "
        f"{threads} threads on sides with many",
        fontsize=11,
    )
    figure.savefig(file, dpi=110)
    plt.close(figure)


BARS = (("spsc", "128"), ("spsc", "unbounded"), ("mpsc", "128"), ("mpsc", "unbounded"), ("mpmc", "128"), ("mpmc", "0"))


def throughput(samples: list[dict], roles: Roles, file: pathlib.Path, threads: int = USUAL_THREADS) -> None:
    """Time per message in the most common cells, the fastest on top, with the interval of the median."""
    style = Style(roles)
    counted = figures.counted(samples)
    here = [cell for cell in BARS if any((s["shape"], s["capacity"]) == cell for s in counted)]
    rows = max(1, (len(here) + 1) // 2)
    most = max((len({s["channel"] for s in counted if (s["shape"], s["capacity"]) == c}) for c in here), default=1)
    figure, axes = plt.subplots(rows, 2, figsize=(11, rows * (0.28 * most + 1.1)), layout="constrained", squeeze=False)
    for axis in axes.flat[len(here) :]:
        axis.set_visible(False)
    for axis, (shape, capacity) in zip(axes.flat, here):
        found = {
            c: e
            for c in figures.channels_of(samples)
            if (e := figures.of_cell(samples, c, (shape, capacity), threads=threads))
        }
        ordered = sorted(found.items(), key=lambda item: -item[1].median)
        for place, (channel, cell) in enumerate(ordered):
            axis.barh(place, cell.median, color=style.shade(channel), height=0.75)
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
        axis.set_yticks(range(len(ordered)), [roles.label(channel) for channel, _ in ordered], fontsize=9)
        axis.set_xscale("log")
        shown = [cell.median for cell in found.values()]
        axis.set_xlim(min(shown, default=1) / 2, max(shown, default=1) * 2.5)
        axis.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(nanoseconds))
        axis.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
        axis.spines[["top", "right"]].set_visible(False)
        axis.set_title(f"{TITLES[shape].format(threads=threads)}, {_capacity(capacity)}", fontsize=10.5)
    figure.suptitle(
        "Time per message, less is better: median and interval; facades in blue, their cores in light blue",
        fontweight="bold",
    )
    figure.savefig(file, dpi=110)
    plt.close(figure)


def _capacity(capacity: str) -> str:
    return capacity if capacity == "unbounded" else f"capacity {capacity}"


RATES = {"open_loop_10k": 10_000, "open_loop_100k": 100_000, "open_loop_1m": 1_000_000}
FEW_RIVALS = 4  # lines in the foreground beside ours: more cannot be followed


def loads(samples: list[dict], roles: Roles, file: pathlib.Path) -> None:
    """Latency by rate of messages, and the receiver's processor time. The slower rivals are in the background."""
    style = Style(roles)
    open_loops = [s for s in figures.counted(samples) if s["shape"] in RATES and roles.role(s["channel"]) != "core"]
    names = figures.channels_of(open_loops)
    at_100k = {
        name: found.median
        for name in names
        if (found := estimate(open_loops, "p50_ns", channel=name, shape="open_loop_100k"))
    }
    rivals = sorted((name for name in at_100k if not roles.ours(name)), key=at_100k.get)
    front = [name for name in names if roles.ours(name)] + rivals[:FEW_RIVALS]
    figure, axes = plt.subplots(1, 3, figsize=(11, 5), layout="constrained")
    panels = (("p50_ns", "median latency"), ("p99_ns", "99th percentile"), ("receiver_cpu", "receiver's processor"))
    legend: dict[str, object] = {}
    for axis, (key, title) in zip(axes, panels):
        for channel in names:
            points = {
                rate: found
                for shape, rate in RATES.items()
                if (found := estimate(open_loops, key, channel=channel, shape=shape))
            }
            if not points:
                continue
            look = style.line(channel) if channel in front else {"color": BACKGROUND, "linewidth": 1, "zorder": 1}
            (line,) = axis.plot(list(points), [p.median for p in points.values()], **look)
            legend.setdefault(roles.label(channel) if channel in front else "other rivals", line)
        if busy := estimate(samples, key, channel="spsc", shape="busy_loop_100k"):
            (point,) = axis.plot(
                [RATES["open_loop_100k"]], [busy.median], "*", color=style.colour("spsc"), markersize=14, zorder=4
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
        axis.set_xticks(list(RATES.values()), ["10k", "100k", "1M"])
        axis.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
        axis.set_xlabel("messages per second")
        axis.set_title(title, fontsize=11)
    title = "Open loop: latency from the intended send time, and the cost of waiting; medians"
    save(figure, _ordered(legend, style, front), file, title)


def costs(samples: list[dict], roles: Roles, file: pathlib.Path, threads: int = USUAL_THREADS) -> None:
    """Other costs than throughput: idle latency, creation, memory, fairness."""
    style = Style(roles)
    panels = (
        ("round trip after 200 µs idle, p50", "p50_ns", {"shape": "idle_ping_pong"}),
        ("create, use once and drop (unbounded)", "ns_per_message", {"shape": "create", "capacity": "unbounded"}),
        ("bytes of an empty unbounded channel", "bytes_empty", {"shape": "memory"}),
        (
            f"slowest over fastest of {threads} producers; longest wait",
            "slowest_over_fastest",
            {"shape": "shares", "threads": threads},
        ),
    )
    figure, axes = plt.subplots(2, 2, figsize=(11, 7.5), layout="constrained")
    for axis, (title, key, where) in zip(axes.flat, panels):
        found = {c: e for c in figures.channels_of(samples) if (e := estimate(samples, key, channel=c, **where))}
        if key == "bytes_empty":
            # Only memory from operator new is counted.
            found = {channel: e for channel, e in found.items() if e.median > 0}
        best_last = key == "slowest_over_fastest"
        is_time = key.endswith(("_ns", "message"))
        ordered = sorted(found.items(), key=lambda item: item[1].median if best_last else -item[1].median)
        for place, (channel, cell) in enumerate(ordered):
            axis.barh(place, cell.median, color=style.shade(channel), height=0.75)
            rounded = float(f"{cell.median:.3g}")
            text = nanoseconds(rounded) if is_time else f"{rounded:,g}"
            if best_last and (wait := estimate(samples, "longest_wait_ns", channel=channel, **where)):
                text += f"; {nanoseconds(float(f'{wait.median:.2g}'))}"
            axis.annotate(
                text, (cell.median, place), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8
            )
        axis.set_yticks(range(len(ordered)), [roles.label(channel) for channel, _ in ordered], fontsize=9)
        axis.margins(x=0.25 if best_last else 0.18)
        axis.xaxis.set_major_formatter(
            matplotlib.ticker.FuncFormatter(nanoseconds if is_time else lambda v, _: f"{v:g}")
        )
        axis.spines[["top", "right"]].set_visible(False)
        axis.set_title(title, fontsize=10.5)
    figure.suptitle("Other costs: medians; facades in blue, their cores in light blue", fontweight="bold")
    figure.savefig(file, dpi=110)
    plt.close(figure)


def latency(samples: list[dict], roles: Roles, file: pathlib.Path) -> None:
    """Round trips between two threads, by percentile."""
    style = Style(roles)
    trips = [s for s in figures.counted(samples) if s["shape"] == "ping_pong" and roles.role(s["channel"]) != "core"]
    capacities = [capacity for capacity in CAPACITIES if any(s["capacity"] == capacity for s in trips)]
    figure, axes = plt.subplots(
        1, max(1, len(capacities)), figsize=(11, 4.8), layout="constrained", sharey=True, squeeze=False
    )
    keys = ("p50_ns", "p90_ns", "p99_ns", "p999_ns")
    legend: dict[str, object] = {}
    for axis, capacity in zip(axes.flat, capacities):
        for channel in figures.channels_of(trips):
            points = [estimate(trips, key, channel=channel, capacity=capacity) for key in keys]
            if None in points:
                continue
            middle = numpy.array([p.median for p in points])
            low = numpy.array([p.low for p in points])
            high = numpy.array([p.high for p in points])
            places = numpy.arange(len(keys))
            (line,) = axis.plot(places, middle, markersize=7, **style.line(channel))
            axis.fill_between(places, low, high, color=style.colour(channel), alpha=0.12, linewidth=0)
            legend.setdefault(roles.label(channel), line)
        _log_axis(axis)
        axis.set_xticks(range(len(keys)), ["50 %", "90 %", "99 %", "99.9 %"])
        axis.set_title(_capacity(capacity), fontsize=11)
        axis.set_xlabel("percentile of round trips")
    axes.flat[0].set_ylabel("round trip (log scale)")
    title = "Round trip between two threads over two channels: medians, with their intervals as bands"
    save(figure, _ordered(legend, style, figures.channels_of(trips)), file, title)


def scaling(samples: list[dict], roles: Roles, file: pathlib.Path, capacity_of: dict[str, str]) -> None:
    """mpmc by number of threads, each channel at one capacity."""
    style = Style(roles)
    figure, axis = plt.subplots(figsize=(9, 5.4), layout="constrained")
    legend: dict[str, object] = {}
    counts = sorted({s["threads"] for s in figures.counted(samples) if s["shape"] == "mpmc"})
    names = [name for name in figures.channels_of(samples) if roles.role(name) != "core"]
    for channel in names:
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
        line = axis.errorbar(list(points), middle, yerr=spread, capsize=3, markersize=7, **style.line(channel))
        legend[f"{roles.label(channel)} ({capacity})"] = line
    _log_axis(axis)
    axis.set_xscale("log", base=2)
    axis.set_xticks(counts, [str(n) for n in counts])
    axis.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    axis.set_xlabel("producers, and as many consumers")
    axis.set_ylabel("time per message (log scale)")
    save(figure, legend, file, "mpmc by number of threads (capacity in brackets): median and interval")


def checking(rows: list[dict], file: pathlib.Path) -> None:
    """The monitor's time by the length of the history, beside a linear one."""
    lengths = numpy.array([row["operations"] for row in rows])
    seconds = numpy.array([row["seconds"] for row in rows])
    figure, axes = plt.subplots(figsize=(7, 4))
    axes.loglog(lengths, seconds, "o-", color=FACADE_COLOURS[0], label="measured")
    axes.loglog(lengths, seconds[-1] * lengths / lengths[-1], "--", color="#888888", label="linear in the length")
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
    figure.savefig(file, dpi=110)
    plt.close(figure)
