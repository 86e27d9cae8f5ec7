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


def ranking(samples: list[dict], need: Need) -> list[tuple[str, stats.Estimate]]:
    """Every channel that was measured in the cell, the best first."""
    key = "p50_ns" if need.latency else "ns_per_message"
    names = plots.channels_of(samples)
    found = [(name, estimate) for name in names if (estimate := goals.estimate(samples, name, need.cell, key))]
    if not found:
        raise BadResults(f"these results have no samples of {' '.join(need.cell)}: run scripts/sluice bench first")
    return sorted(found, key=lambda item: item[1].median)


def show(samples: list[dict], need: Need) -> None:
    console.print(f"take {need.make}, of <sluice/{need.facade}.hpp>", markup=False)
    what = "round trip, p50" if need.latency else "a message"
    table = rich.table.Table("channel", what, "95 %", "processor a message", title=f"measured: {' '.join(need.cell)}")
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
