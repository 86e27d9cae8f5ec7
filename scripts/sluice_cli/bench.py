"""Takes samples: each in its own process, in rounds of random order over all workloads."""

from __future__ import annotations

import dataclasses
import json
import math
import pathlib
import random
import re
import statistics
import subprocess
import tempfile
import time

import click

from sluice_cli import build, figures, goals, options, page, peers, project, registry, results
from sluice_cli.common import Failure, REFERENCE, Usage, console, ended, progress
from sluice_cli.figures import USUAL_THREADS
from sluice_cli.project import Project
from sluice_cli.registry import Channel


@dataclasses.dataclass(frozen=True)
class Cell:
    """One workload on one channel."""

    channel: Channel
    shape: str
    capacity: str
    threads: int
    pinned: bool = True

    @property
    def name(self) -> str:
        return f"{self.shape}/{self.capacity}/{self.threads}"


@dataclasses.dataclass(frozen=True)
class Effort:
    messages: int
    rounds: int  # of the shapes that channels are compared by
    other_rounds: int
    threads: tuple[int, ...]  # the axis of the scaling picture
    minutes: float  # no round starts later


EFFORTS = {
    "quick": Effort(messages=100_000, rounds=5, other_rounds=3, threads=(1, 8), minutes=5),
    "full": Effort(messages=1_000_000, rounds=13, other_rounds=5, threads=(1, 2, 8, 16), minutes=36),
}
STREAMS = ("spsc", "mpsc", "mpmc")
COMPARED = (*STREAMS, "ping_pong")
TIMEOUT = 60  # seconds, of one sample

PROBES = ("round_trip_before_ns", "round_trip_after_ns", "pause_before_ns", "pause_after_ns")


class Lost(Failure):
    """A workload lost messages, crashed or did not end."""

    exit_code = 1


def cells(channels: list[Channel], threads: tuple[int, ...] = (USUAL_THREADS,)) -> list[Cell]:
    """The workloads of these channels' benchmark runners."""
    found = []
    for channel in channels:
        if "bench" not in channel.runners:
            continue
        command = [*channel.bench, "--list", "--threads", ",".join(map(str, threads))]
        listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        for shape, capacity, count in re.findall(r"^(\w+)/(\w+)/(\d+)/", listing, re.MULTILINE):
            found.append(Cell(channel, shape, capacity, int(count)))
    return found


def scaling_cells(channels: list[Channel], threads: tuple[int, ...]) -> list[Cell]:
    """mpmc over the number of threads, for each channel at one of its capacities."""
    chosen = []
    for channel in channels:
        mine = [cell for cell in cells([channel], threads) if cell.shape == "mpmc" and cell.threads != USUAL_THREADS]
        for capacity in ("128", "unbounded", "0"):
            if at := [cell for cell in mine if cell.capacity == capacity]:
                chosen += at
                break
    return chosen


def unpinned_cells(usual: list[Cell]) -> list[Cell]:
    """The common streams again, with unpinned threads."""
    wanted = [cell for cell in usual if cell.shape in STREAMS and cell.capacity in ("128", "unbounded")]
    return [dataclasses.replace(cell, pinned=False) for cell in wanted]


def command_of(cell: Cell, messages: int) -> list[str]:
    """The command that takes one sample."""
    command = [*cell.channel.bench, "--filter", f"^{cell.name}/"]
    command += ["--threads", str(cell.threads), "--messages", str(messages)]
    return command if cell.pinned else [*command, "--no-pin"]


def shown(command: list[str]) -> str:
    """A command as a user would type it."""
    return " ".join(f"'{part}'" if re.search(r"[^\w./=,-]", part) else part for part in command)


def _probe(prober: Channel, when: str) -> dict[str, float]:
    state = json.loads(subprocess.run([*prober.bench, "--probe"], capture_output=True, text=True, check=True).stdout)
    return {f"round_trip_{when}_ns": state["round_trip_ns"], f"pause_{when}_ns": state["pause_ns"]}


def take(cell: Cell, messages: int, prober: Channel | None = None, more: tuple[str, ...] = ()) -> dict:
    """One sample, in its own process.

    `prober` probes the machine around runners that do not do so themselves. `more`: further options of the runner.

    Raises Lost if the run lost messages, crashed or did not end.
    """
    around = _probe(prober, "before") if prober else {}
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "sample.json"
        command = [*command_of(cell, messages), *more]
        try:
            done = subprocess.run(
                [*command, "--json", str(out)],
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                timeout=TIMEOUT,
            )
        except subprocess.TimeoutExpired:
            raise Lost(f"{cell.channel.name} {cell.name}: no end within {TIMEOUT} s") from None
        if not out.exists():
            raise Lost(f"`{' '.join(command)}` {ended(done.returncode)}: {done.stderr.strip()[-300:]}")
        report = json.loads(out.read_text())
    around |= _probe(prober, "after") if prober else {}
    (run,) = report["benchmarks"]
    if run.get("error_occurred"):
        raise Lost(f"{cell.channel.name} {cell.name}: {run['error_message']}")
    return {
        "channel": cell.channel.name,
        "shape": cell.shape,
        "capacity": cell.capacity,
        "threads": cell.threads,
        "pinned": cell.pinned,
        **{key: run[key] for key in figures.COUNTERS},
        **{key: run[key] for key in figures.OWN_COUNTERS if key in run},
        "probe": around or {key: run[key] for key in PROBES},
        "compiler": report["context"]["compiler"],
        "benchmark_library": report["context"].get("library_build_type", ""),
        "command": shown(command),
        "outlier": False,
    }


def mark_outliers(samples: list[dict]) -> None:
    """Marks the samples around which the machine was in another state than usual, by the probes before and after.

    Another state is twice or half the run's median: noise alone does not change a mean of thousands so much. On a machine
    whose state changes all the time, it is more than three standard deviations, as the median deviation estimates them
    (Hampel's identifier, https://doi.org/10.1080/01621459.1974.10482962).
    """
    for key in ("round_trip", "pause"):
        around = [[s["probe"][f"{key}_before_ns"], s["probe"][f"{key}_after_ns"]] for s in samples]
        values = [value for pair in around for value in pair]
        if min(values, default=0) <= 0:
            continue
        usual = statistics.median(map(math.log, values))
        spread = 1.4826 * statistics.median(abs(math.log(value) - usual) for value in values)
        limit = max(math.log(2), 3 * spread)
        for sample, pair in zip(samples, around):
            if any(abs(math.log(value) - usual) > limit for value in pair):
                sample["outlier"] = True


def measure(channels: list[Channel], effort: Effort, seed: int, pinned: bool = True) -> tuple[list[dict], list[Lost]]:
    """Samples of every workload of these channels, in rounds of random order.

    A workload that loses messages, crashes or does not end is reported and left out. Second, those of channels that are
    not third-party.
    """
    usual = cells(channels)
    if not usual:
        raise Usage("none of these channels has a benchmark runner")
    prober = next((c for c in channels if "bench" in c.runners and not c.shared_bench), None)
    if prober is None:
        raise Usage("channels of other languages are measured beside C++ ones: name one of those as well")
    compared = [cell for cell in usual if cell.shape in COMPARED]
    others = [cell for cell in usual if cell.shape not in COMPARED] + scaling_cells(channels, effort.threads)
    if pinned:
        others += unpinned_cells(usual)
    order = random.Random(seed)
    samples: list[dict] = []
    dropped: dict[Cell, Lost] = {}
    until = time.monotonic() + 60 * effort.minutes
    total = effort.rounds * len(compared) + effort.other_rounds * len(others)
    with progress("measuring", total) as advance:
        for number in range(effort.rounds):
            now = compared + others * (number < effort.other_rounds)
            order.shuffle(now)
            if time.monotonic() > until:
                console.print(
                    f"sluice: stopped after {number} of {effort.rounds} rounds, at the limit of {effort.minutes:g} min"
                )
                break
            for cell in now:
                if not pinned:
                    cell = dataclasses.replace(cell, pinned=False)
                if cell not in dropped:
                    try:
                        samples.append(take(cell, effort.messages, prober if cell.channel.shared_bench else None))
                    except Lost as lost:
                        console.print(f"sluice: left out: {lost.message}", markup=False)
                        dropped[cell] = lost
                advance(f"{cell.channel.name} {cell.name}")
    mark_outliers(samples)
    return samples, [lost for cell, lost in dropped.items() if not cell.channel.third_party]


def require_none(lost: list[Lost]) -> None:
    """Raises the first of the workloads that were left out."""
    if lost:
        raise lost[0]


minutes_option = click.option(
    "--minutes", type=click.FloatRange(0, min_open=True), help="Start no round of samples later than that."
)


def effort(name: str, minutes: float | None) -> Effort:
    """The effort of this name, on demand with another limit of time."""
    return dataclasses.replace(EFFORTS[name], minutes=minutes or EFFORTS[name].minutes)


@click.command("bench")
@click.argument("channels", nargs=-1)
@click.option("--quick", is_flag=True, help="Fewer messages and rounds: 2 minutes with --peers, instead of 40.")
@click.option("--no-pin", is_flag=True, help="Do not pin threads to processors.")
@click.option("--peers", "beside", is_flag=True, help="Third-party channels as well, of C++, Rust and Go.")
@minutes_option
@click.option(
    "--goals",
    "goals_of",
    is_flag=False,
    flag_value=str(REFERENCE),
    metavar="[FILE]",
    help="Measure nothing: compare the project's goals with a results file; without FILE, the reference run.",
)
@options.seed
@project.option
def command(
    project: Project,
    channels: tuple[str, ...],
    quick: bool,
    no_pin: bool,
    beside: bool,
    minutes: float | None,
    goals_of: str | None,
    seed: int,
) -> None:
    """Measure CHANNELS, or all of the project; writes results/<run>/results.json and its report."""
    if goals_of:
        if not project.own:
            raise Usage("--goals compares sluice's own goals: `compare` and `gate` are about your project's channels")
        goals.show(results.load(pathlib.Path(goals_of)))
        return
    others = registry.peers() if beside else []
    if project.own:
        registry.require_known(channels, registry.declared() + others)
        needing = [peer.name for peer in registry.peers() if peer.name in channels and not beside]
        if needing:
            raise Usage(f"the benchmarks of `{needing[0]}` need --peers")
    registered = registry.configured(build.configure_project(project, peers=beside))
    registry.require_known(channels, registered + others)
    missing: dict[str, str] = {}
    if beside:
        others, missing = peers.build(project)
    measured = [channel for channel in registered if beside or channels or not channel.third_party]
    chosen = registry.choose(registry.joined(measured, others), channels)
    for channel in chosen:
        if channel.name in channels and "bench" not in channel.runners and channel.name not in missing:
            raise Usage(f"`{channel.name}` has no benchmarks here")
    names = {channel.name for channel in chosen}
    build.build_runners(project, [channel for channel in measured if channel.name in names], "bench")
    samples, lost = measure(chosen, effort("quick" if quick else "full", minutes), seed, pinned=not no_pin)
    run = results.new_results(
        project, "none", seed, registry.joined(registered, others), samples=samples, missing=missing
    )
    page.publish(project, run)
    require_none(lost)
