"""Names the channel to take for a need, from what a run has measured."""

from __future__ import annotations

import dataclasses

import rich.table

from sluice_cli import goals, plots, stats
from sluice_cli.common import BadResults, console

# What a user includes, by who sends and who receives.
FACADES = {("one", "one"): "spsc", ("many", "one"): "mpsc", ("many", "many"): "mpmc", ("one", "many"): "mpmc"}


@dataclasses.dataclass(frozen=True)
class Need:
    producers: str  # one, many
    consumers: str
    capacity: int | None  # None: unbounded
    latency: bool  # rather than throughput

    @property
    def facade(self) -> str:
        return FACADES[self.producers, self.consumers]

    @property
    def make(self) -> str:
        if self.facade == "mpsc":
            return f"sluice::mpsc::{'channel<T>()' if self.capacity is None else f'sync_channel<T>({self.capacity})'}"
        return f"sluice::{self.facade}::{'unbounded<T>()' if self.capacity is None else f'bounded<T>({self.capacity})'}"

    @property
    def cell(self) -> goals.Cell:
        """The measured cell that is nearest to it."""
        if self.capacity is None:
            room = "unbounded"
        elif self.latency or self.capacity < 2:
            room = str(min(self.capacity, 1))
        else:
            room = "128"
        return ("ping_pong" if self.latency else self.facade, room)


def _measured(samples: list[dict], need: Need) -> list[tuple[str, stats.Estimate]]:
    """Every channel that was measured in the cell, the best first."""
    key = "p50_ns" if need.latency else "ns_per_message"
    names = plots.channels_of(samples)
    found = [(name, estimate) for name in names if (estimate := goals.estimate(samples, name, need.cell, key))]
    return sorted(found, key=lambda item: item[1].median)


def ranking(samples: list[dict], need: Need) -> list[tuple[str, stats.Estimate]]:
    """The same; raises BadResults if there is none."""
    if found := _measured(samples, need):
        return found
    raise BadResults(f"these results have no samples of {' '.join(need.cell)}: run scripts/sluice bench first")


@dataclasses.dataclass(frozen=True)
class Choice:
    """What to take for a need that many programs have, and what it costs beside the best that is not ours."""

    need: str
    make: str
    cost: str
    next_best: str


# A reader's first questions, in words.
COMMON = (
    ("one producer, one consumer", Need("one", "one", None, latency=False)),
    ("one producer, one consumer, bounded", Need("one", "one", 128, latency=False)),
    ("many producers, one consumer", Need("many", "one", None, latency=False)),
    ("many producers, one consumer, bounded", Need("many", "one", 128, latency=False)),
    ("many of both", Need("many", "many", None, latency=False)),
    ("many of both, bounded", Need("many", "many", 128, latency=False)),
    ("many of both, each send waiting for its receive", Need("many", "many", 0, latency=False)),
    ("a question and its answer, soon", Need("one", "one", 1, latency=True)),
)


def _figure(time: stats.Estimate) -> str:
    return f"{time.median:,.0f} ns ({time.low:,.0f} – {time.high:,.0f})"


def choices(samples: list[dict]) -> list[Choice]:
    """An answer to each common need that was measured."""
    found = []
    for words, need in COMMON:
        ours = goals.OURS[need.cell[0]]
        ranked = dict(_measured(samples, need))
        if ours not in ranked:
            continue
        others = [name for name in ranked if name not in plots.OURS + plots.CORES]
        time = _figure(ranked[ours])
        cost = f"half of the round trips within {time}" if need.latency else f"{time} a message"
        next_best = f"{others[0]} {_figure(ranked[others[0]])}" if others else ""
        found.append(Choice(words, need.make, cost, next_best))
    for words, make, channel, shape in (
        ("100,000 messages a second, and a receiver that sleeps", "spsc::unbounded<T>()", "spsc", "open_loop_100k"),
        ("the same, for less of a processor", "mpmc::unbounded<T>()", "mpmc", "open_loop_100k"),
        ("the same, with a processor to spare", "spsc::unbounded<T>(), rx.recv_busy()", "spsc", "busy_loop_100k"),
    ):
        half, late, core = (
            goals.estimate(samples, channel, (shape, "unbounded"), key) for key in ("p50_ns", "p99_ns", "receiver_cpu")
        )
        if half and late and core:
            within = f"half within {half.median / 1000:.1f} µs, 99 % within {late.median / 1000:.0f} µs"
            found.append(Choice(words, f"sluice::{make}", f"{within}; {100 * core.median:.0f} % of a processor", ""))
    return found


def show(samples: list[dict], need: Need) -> None:
    console.print(f"take {need.make}, of <sluice/{need.facade}.hpp>", markup=False)
    what = "round trip, p50" if need.latency else "a message"
    table = rich.table.Table(
        "channel", what, "interval", "processor a message", title=f"measured: {' '.join(need.cell)}"
    )
    ours = goals.OURS[need.cell[0]]
    for name, time in ranking(samples, need):
        cpu = goals.estimate(samples, name, need.cell, "cpu_ns_per_message")
        table.add_row(
            f"[bold]{name}[/bold]" if name == ours else name,
            f"{time.median:,.0f} ns",
            f"{time.low:,.0f} – {time.high:,.0f}",
            f"{cpu.median:,.0f} ns",
        )
    console.print(table)
    if need.capacity is None:
        console.print("without a bound, a receiver that falls behind costs memory: give a capacity where it may")
    if need.latency:
        console.print("for less than a microsecond at any rate, receive with recv_busy(): it keeps a processor busy")
