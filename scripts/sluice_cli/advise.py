"""Recommends a channel for a need, from a run's figures."""

from __future__ import annotations

import dataclasses
import pathlib

import click
import rich.table

from sluice_cli import figures, results, stats
from sluice_cli.common import PROGRAM, REFERENCE, BadResults, console
from sluice_cli.figures import Roles

# The facade for one or many senders and receivers.
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
    def cell(self) -> figures.Cell:
        """The nearest measured cell."""
        if self.capacity is None:
            room = "unbounded"
        elif self.latency or self.capacity < 2:
            room = str(min(self.capacity, 1))
        else:
            room = "128"
        return ("ping_pong" if self.latency else self.facade, room)


def ranking(samples: list[dict], need: Need) -> list[tuple[str, stats.Estimate]]:
    """Every channel that was measured in the need's cell, the fastest first."""
    key = "p50_ns" if need.latency else "ns_per_message"
    names = figures.channels_of(samples)
    found = [(name, estimate) for name in names if (estimate := figures.pinned(samples, name, need.cell, key))]
    return sorted(found, key=lambda item: item[1].median)


@dataclasses.dataclass(frozen=True)
class Choice:
    """The recommendation for a common need, its cost, and the fastest rival."""

    need: str
    make: str
    cost: str
    next_best: str


COMMON = (
    ("one producer, one consumer", Need("one", "one", None, latency=False)),
    ("one producer, one consumer, capacity 128", Need("one", "one", 128, latency=False)),
    ("many producers, one consumer", Need("many", "one", None, latency=False)),
    ("many producers, one consumer, capacity 128", Need("many", "one", 128, latency=False)),
    ("many producers and consumers", Need("many", "many", None, latency=False)),
    ("many producers and consumers, capacity 128", Need("many", "many", 128, latency=False)),
    ("many producers and consumers, rendezvous", Need("many", "many", 0, latency=False)),
    ("request and reply, lowest latency", Need("one", "one", 1, latency=True)),
)


def _figure(time: stats.Estimate) -> str:
    return f"{time.median:,.0f} ns ({time.low:,.0f} – {time.high:,.0f})"


def choices(run: dict) -> list[Choice]:
    """The recommendations for the common needs that were measured."""
    samples, roles = run["samples"], Roles.of(run)
    found = []
    for words, need in COMMON:
        ours = figures.facade(samples, need.cell[0])
        ranked = dict(ranking(samples, need))
        if ours not in ranked:
            continue
        rivals = [name for name in ranked if not roles.ours(name)]
        unit = "median round trip" if need.latency else "a message"
        next_best = f"{rivals[0]}: {_figure(ranked[rivals[0]])}" if rivals else ""
        found.append(Choice(words, need.make, f"{_figure(ranked[ours])} {unit}", next_best))
    for words, make, channel, shape in (
        ("100,000 messages a second, one producer", "spsc::unbounded<T>()", "spsc", "open_loop_100k"),
        ("the same, handles that can be cloned", "mpmc::unbounded<T>()", "mpmc", "open_loop_100k"),
        (
            "the same, a receiver that spins",
            "spsc::unbounded<T>(), rx.recv_busy()",
            "spsc",
            "busy_loop_100k",
        ),
    ):
        half, late, core = (
            figures.pinned(samples, channel, (shape, "unbounded"), key) for key in ("p50_ns", "p99_ns", "receiver_cpu")
        )
        if half and late and core:
            latency = f"p50 {half.median / 1000:.1f} µs, p99 {late.median / 1000:.0f} µs"
            found.append(Choice(words, f"sluice::{make}", f"{latency}; {100 * core.median:.0f} % of a processor", ""))
    return found


def show(run: dict, need: Need) -> None:
    samples = run["samples"]
    ranked = ranking(samples, need)
    if not ranked:
        raise BadResults(f"these results have no samples of {' '.join(need.cell)}: run {PROGRAM} bench first")
    console.print(f"take {need.make}, from <sluice/{need.facade}.hpp>", markup=False)
    what = "round trip, p50" if need.latency else "per message"
    table = rich.table.Table("channel", what, "interval", "processor time", title=f"measured: {' '.join(need.cell)}")
    ours = figures.facade(samples, need.cell[0])
    for name, time in ranked:
        cpu = figures.pinned(samples, name, need.cell, "cpu_ns_per_message")
        table.add_row(
            f"[bold]{name}[/bold]" if name == ours else name,
            f"{time.median:,.0f} ns",
            f"{time.low:,.0f} – {time.high:,.0f}",
            f"{cpu.median:,.0f} ns",
        )
    console.print(table)
    if need.capacity is None:
        console.print("an unbounded channel uses memory without limit if the receiver falls behind")
    if need.latency:
        console.print("recv_busy() has the lowest latency at any rate, and keeps a processor busy")


@click.command("advise")
@click.option("--producers", type=click.Choice(["one", "many"]), required=True, help="Sending threads.")
@click.option("--consumers", type=click.Choice(["one", "many"]), required=True, help="Receiving threads.")
@click.option("--capacity", type=click.IntRange(0), help="The number of buffered messages; without it, unbounded.")
@click.option("--latency", is_flag=True, help="Rank by round trips instead of throughput.")
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=pathlib.Path),
    default=REFERENCE,
    help="The results file to use; your own machine's is better than the reference.",
)
def command(producers: str, consumers: str, capacity: int | None, latency: bool, source: pathlib.Path) -> None:
    """Recommend a channel for a need, and show what it and its rivals cost."""
    show(results.load(source), Need(producers, consumers, capacity, latency))
