"""The project's own performance goals, compared with a run."""

from __future__ import annotations

import dataclasses
import math

import rich.table

from sluice_cli import figures, stats
from sluice_cli.common import PROGRAM, BadResults, console
from sluice_cli.figures import USUAL_THREADS, Cell, Roles

DEEP = ("128", "n", "unbounded")
SPSC = tuple(("spsc", capacity) for capacity in DEEP)
MANY_THREADED = tuple((shape, capacity) for shape in ("mpsc", "mpmc") for capacity in DEEP)
SMALL = tuple((shape, capacity) for shape in ("spsc", "mpsc", "mpmc") for capacity in ("0", "1"))
TRIPS = tuple(("ping_pong", capacity) for capacity in ("0", "1", "unbounded"))

BLOCKING = ("mutex", "tbb_bounded", "boost_fiber", "moodycamel")
RUST = ("rust_std", "crossbeam")

# Goroutines switch without the kernel, so Go is not compared.
PEER = "the fastest peer of each cell, except Go"


@dataclasses.dataclass(frozen=True)
class Goal:
    against: str
    what: str
    target: str
    measured: str
    met: bool | None  # None: it could not be measured


@dataclasses.dataclass(frozen=True)
class Ratio:
    """How many times as long the other takes."""

    cell: Cell
    value: float
    low: float
    high: float

    @property
    def place(self) -> str:
        return " ".join(self.cell)


def ratio(samples: list[dict], other: str, cell: Cell, key: str = "ns_per_message") -> Ratio | None:
    """The other's median over ours; the interval combines the ends of both."""
    ours, theirs = (figures.pinned(samples, name, cell, key) for name in (figures.facade(samples, cell[0]), other))
    if not ours or not theirs:
        return None
    return Ratio(cell, theirs.median / ours.median, theirs.low / ours.high, theirs.high / ours.low)


def ratios(samples: list[dict], other: str, cells: tuple[Cell, ...], key: str = "ns_per_message") -> list[Ratio]:
    return [found for cell in cells if (found := ratio(samples, other, cell, key))]


def best_of(samples: list[dict], roles: Roles, cells: tuple[Cell, ...], key: str = "ns_per_message") -> list[Ratio]:
    """Against the fastest rival of each cell, except Go."""
    names = [name for name in roles.rivals if roles.languages.get(name) != "Go"]
    found = []
    for cell in cells:
        if rivals := [r for other in names if (r := ratio(samples, other, cell, key))]:
            found.append(min(rivals, key=lambda r: r.value))
    return found


def mean(found: list[Ratio]) -> float:
    return math.exp(sum(math.log(r.value) for r in found) / len(found))


def _worst(found: list[Ratio]) -> str:
    worst = min(found, key=lambda r: r.value)
    return f"{worst.value:.2f}x at {worst.place} ({worst.low:.2f} – {worst.high:.2f})"


def _goal(against: str, what: str, target: str, found: list[Ratio], measured, met) -> Goal:
    """A goal over ratios; `measured` and `met` are called only if there are some."""
    if not found:
        return Goal(against, what, target, "no cell in common", None)
    return Goal(against, what, target, measured(), met())


def _average(found: list[Ratio]) -> str:
    return f"mean {mean(found):.2f}x of {len(found)} cells"


def _every(against: str, what: str, found: list[Ratio], least: float) -> Goal:
    return _goal(
        against,
        what,
        f"at least {least:g}x in every cell",
        found,
        lambda: f"least {_worst(found)}, {_average(found)}",
        lambda: min(r.value for r in found) >= least,
    )


def _on_average(against: str, what: str, found: list[Ratio], least: float) -> Goal:
    return _goal(
        against,
        what,
        f"at least {least:g}x on geometric average, no cell slower",
        found,
        lambda: f"{_average(found)}, least {_worst(found)}",
        lambda: mean(found) >= least and min(r.value for r in found) >= 1,
    )


def _no_slower_in_most(what: str, found: list[Ratio]) -> Goal:
    quick = [r for r in found if r.value >= 1]
    return _goal(
        PEER,
        what,
        "no slower in three quarters of the cells",
        found,
        lambda: f"no slower in {len(quick)} of {len(found)}; least {_worst(found)}",
        lambda: 4 * len(quick) >= 3 * len(found),
    )


def _relative(samples: list[dict], roles: Roles) -> list[Goal]:
    goals = []
    for other in BLOCKING:
        goals.append(_every(other, "spsc", ratios(samples, other, SPSC), 5))
        goals.append(_every(other, "mpsc, mpmc", ratios(samples, other, MANY_THREADED), 3))
        goals.append(_every(other, "capacity 0 and 1", ratios(samples, other, SMALL), 2.5))
        least = 1 if other == "moodycamel" else 3
        goals += [
            _every(other, f"ping-pong {p}", ratios(samples, other, TRIPS, f"{p}_ns"), least) for p in ("p50", "p99")
        ]
    for other in RUST:
        goals.append(_on_average(other, "spsc", ratios(samples, other, SPSC), 2))
        goals.append(_on_average(other, "mpsc, mpmc", ratios(samples, other, MANY_THREADED), 1.3))
        goals.append(_on_average(other, "capacity 0 and 1", ratios(samples, other, SMALL), 1.2))
        goals.append(_every(other, "rendezvous", ratios(samples, other, tuple(c for c in SMALL if c[1] == "0")), 5))
        goals += [_every(other, f"ping-pong {p}", ratios(samples, other, TRIPS, f"{p}_ns"), 1) for p in ("p50", "p99")]
    best = best_of(samples, roles, SPSC)
    if best:
        measured = f"{_average(best)}, least {_worst(best)}"
        goals.append(Goal(PEER, "spsc", "at least 1.3x on geometric average", measured, mean(best) >= 1.3))
    goals.append(_no_slower_in_most("mpsc, mpmc", best_of(samples, roles, MANY_THREADED)))
    goals.append(_no_slower_in_most("capacity 0 and 1", best_of(samples, roles, SMALL)))
    for p in ("p50", "p99"):
        if trips := best_of(samples, roles, TRIPS, f"{p}_ns"):
            slowest = min(r.value for r in trips)
            goals.append(Goal(PEER, f"ping-pong {p}", "within 1.1x", f"least {_worst(trips)}", slowest >= 1 / 1.1))
    return goals


def _absolute(samples: list[dict]) -> list[Goal]:
    goals = []

    def add(what: str, target: str, found: list[stats.Estimate | None], measured, met) -> None:
        missing = None in found
        goals.append(
            Goal(
                "absolute",
                what,
                target,
                "not measured" if missing else measured(*found),
                None if missing else met(*found),
            )
        )

    load = ("open_loop_100k", "unbounded")
    add(
        "100,000 messages/s, sleeping receiver",
        "at most 40 % of a core, p50 under 4 µs",
        [figures.pinned(samples, "spsc", load, "receiver_cpu"), figures.pinned(samples, "spsc", load, "p50_ns")],
        lambda cpu, p50: f"{100 * cpu.median:.0f} % of a core, p50 {p50.median / 1000:.2f} µs",
        lambda cpu, p50: cpu.median <= 0.4 and p50.median < 4000,
    )
    add(
        "100,000 messages/s, recv_busy()",
        "p50 under 0.7 µs",
        [
            figures.pinned(samples, "spsc", ("busy_loop_100k", "unbounded"), key)
            for key in ("p50_ns", "p99_ns", "receiver_cpu")
        ],
        lambda p50, p99, cpu: (
            f"p50 {p50.median:.0f} ns, p99 {p99.median / 1000:.0f} µs, {100 * cpu.median:.0f} % of a core"
        ),
        lambda p50, p99, cpu: p50.median < 700,
    )
    idle = ("idle_ping_pong", "1")
    add(
        "round trip after 200 µs idle",
        "no worse than crossbeam, by the intervals",
        [figures.pinned(samples, name, idle, "p50_ns") for name in ("spsc", "crossbeam")],
        lambda ours, theirs: f"p50 {ours.median / 1000:.1f} µs against {theirs.median / 1000:.1f} µs",
        lambda ours, theirs: ours.low <= theirs.high,
    )
    for name, threads in (("spsc", 1), ("mpmc", 1), ("mpmc", USUAL_THREADS)):
        # One producer and one consumer on sluice::mpmc is the shape spsc.
        shape = name if threads > 1 else "spsc"
        add(
            f"{name} in batches of 32, capacity 128, {threads} a side",
            "at least twice as fast a message as single operations",
            [
                figures.estimate(
                    samples, "ns_per_message", channel=name, shape=s, capacity="128", threads=threads, pinned=True
                )
                for s in (shape, f"{shape}_batch")
            ],
            lambda single, batch: f"{single.median / batch.median:.2f}x",
            lambda single, batch: single.median / batch.median >= 2,
        )
    add(
        "slowest over fastest of 4 producers, capacity 128",
        "at least 0.3",
        [figures.estimate(samples, "slowest_over_fastest", channel="mpmc", capacity="128", threads=USUAL_THREADS)],
        lambda share: f"{share:.2g}",
        lambda share: share.median >= 0.3,
    )
    for name in ("spsc", "mpmc"):
        add(
            f"an empty unbounded {name} channel",
            "under 512 bytes",
            [figures.pinned(samples, name, ("memory", "unbounded"), "bytes_empty")],
            lambda size: f"{size.median:.0f} bytes",
            lambda size: size.median < 512,
        )
    add(
        "a oneshot created, used and dropped",
        "under 100 ns",
        [figures.pinned(samples, "oneshot", ("create", "1"))],
        lambda time: f"{time.median:.0f} ns",
        lambda time: time.median < 100,
    )
    return goals


def all_of(samples: list[dict], roles: Roles) -> list[Goal]:
    """Every goal; empty if none of them was measured."""
    found = [*_relative(samples, roles), *_absolute(samples)]
    return found if any(goal.met is not None for goal in found) else []


def show(run: dict) -> None:
    """Prints every goal with what was measured."""
    found = all_of(run["samples"], Roles.of(run))
    if not found:
        raise BadResults(f"these results have no samples that the goals are about: run {PROGRAM} bench --peers")
    table = rich.table.Table("against", "in", "goal", "measured", "", title="The project's goals")
    words = {True: "[green]met[/green]", False: "[bold red]not met[/bold red]", None: "not measured"}
    for goal in found:
        table.add_row(goal.against, goal.what, goal.target, goal.measured, words[goal.met])
    console.print(table)
    console.print(
        f"{sum(goal.met is True for goal in found)} met, {sum(goal.met is False for goal in found)} not met, "
        f"{sum(goal.met is None for goal in found)} not measured"
    )
    for name, why in run["missing"].items():
        console.print(f"{name}: could not be built, {why}", markup=False)
