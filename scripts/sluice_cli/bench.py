"""Takes samples: each a fresh process, in rounds of random order over everything that is measured."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import random
import re
import statistics
import subprocess
import tempfile

from sluice_cli.build import Channel
from sluice_cli.common import Failure, Usage, progress

SHAPES = ("seq", "spsc", "mpsc", "mpmc", "ping_pong")


@dataclasses.dataclass(frozen=True)
class Cell:
    """One workload on one channel."""

    channel: Channel
    shape: str
    capacity: str
    threads: int

    @property
    def name(self) -> str:
        return f"{self.shape}/{self.capacity}/{self.threads}"


@dataclasses.dataclass(frozen=True)
class Effort:
    messages: int
    rounds: int
    threads: tuple[int, ...]  # the axis of the scaling pictures
    scaling_rounds: int


EFFORTS = {
    "quick": Effort(messages=100_000, rounds=5, threads=(1, 2, 8), scaling_rounds=3),
    "full": Effort(messages=1_000_000, rounds=15, threads=(1, 2, 8, 16), scaling_rounds=7),
}
USUAL_THREADS = 4


class Lost(Failure):
    """A workload's sums were wrong."""

    exit_code = 1


def cells(channels: list[Channel], threads: tuple[int, ...] = (USUAL_THREADS,)) -> list[Cell]:
    """What the programs of these channels can measure."""
    found = []
    for channel in channels:
        if "bench" not in channel.programs:
            continue
        command = [str(channel.programs["bench"]), "--list", "--threads", ",".join(map(str, threads))]
        listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        for shape, capacity, count in re.findall(r"^(\w+)/(\w+)/(\d+)/", listing, re.MULTILINE):
            found.append(Cell(channel, shape, capacity, int(count)))
    return found


def scaling_cells(channels: list[Channel], threads: tuple[int, ...]) -> list[Cell]:
    """mpmc over the number of threads, for each channel at one capacity that suits it."""
    chosen = []
    for channel in channels:
        mine = [cell for cell in cells([channel], threads) if cell.shape == "mpmc"]
        for capacity in ("128", "unbounded", "0"):
            if at := [cell for cell in mine if cell.capacity == capacity]:
                chosen += at
                break
    return chosen


def command_of(cell: Cell, messages: int, pinned: bool) -> list[str]:
    """The command that takes one sample."""
    command = [str(cell.channel.programs["bench"]), "--filter", f"^{cell.name}/"]
    command += ["--threads", str(cell.threads), "--messages", str(messages)]
    return command if pinned else [*command, "--free"]


def take(cell: Cell, messages: int, pinned: bool) -> dict:
    """One sample, in a process of its own.

    Raises Lost if the run lost messages.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "sample.json"
        command = command_of(cell, messages, pinned)
        done = subprocess.run([*command, "--json", str(out)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if not out.exists():
            raise Failure(f"`{' '.join(command)}` ended with {done.returncode}: {done.stderr.strip()[-300:]}")
        report = json.loads(out.read_text())
    (run,) = report["benchmarks"]
    if run.get("error_occurred"):
        raise Lost(f"{cell.channel.name} {cell.name}: {run['error_message']}")
    counters = ("messages", "ns_per_message", "cpu_ns_per_message", "switches_per_message")
    percentiles = ("p50_ns", "p90_ns", "p99_ns", "p999_ns")
    probes = ("round_trip_before_ns", "round_trip_after_ns", "pause_before_ns", "pause_after_ns")
    return {
        "channel": cell.channel.name,
        "shape": cell.shape,
        "capacity": cell.capacity,
        "threads": cell.threads,
        "pinned": pinned,
        **{key: run[key] for key in counters},
        **{key: run[key] for key in percentiles if key in run},
        "probe": {key: run[key] for key in probes},
        "compiler": report["context"]["compiler"],
        "benchmark_library": report["context"]["library_build_type"],
        "odd": False,
    }


def mark_odd(samples: list[dict]) -> None:
    """Marks the samples that the machine was in another state for, by the probe before and after each.

    Twice or half the run's usual figure is another state; noise alone does not do that to a mean of thousands.
    """
    for key in ("round_trip", "pause"):
        around = [[s["probe"][f"{key}_before_ns"], s["probe"][f"{key}_after_ns"]] for s in samples]
        usual = statistics.median(value for pair in around for value in pair)
        if usual == 0:
            continue
        for sample, pair in zip(samples, around):
            if any(not 0.5 <= value / usual <= 2 for value in pair):
                sample["odd"] = True


def measure(channels: list[Channel], effort: Effort, seed: int, pinned: bool = True) -> list[dict]:
    """Samples of every workload of these channels."""
    usual = cells(channels)
    if not usual:
        raise Usage("none of these channels has a benchmark program")
    scaling = [cell for cell in scaling_cells(channels, effort.threads) if cell.threads != USUAL_THREADS]
    order = random.Random(seed)
    schedule: list[Cell] = []
    for number in range(max(effort.rounds, effort.scaling_rounds)):
        now = usual * (number < effort.rounds) + scaling * (number < effort.scaling_rounds)
        order.shuffle(now)
        schedule += now
    samples = []
    with progress("measuring", len(schedule)) as advance:
        for cell in schedule:
            samples.append(take(cell, effort.messages, pinned))
            advance(f"{cell.channel.name} {cell.name}")
    mark_odd(samples)
    return samples
