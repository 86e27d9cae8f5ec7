"""Pairs of benchmark samples of two builds."""

from __future__ import annotations

import dataclasses
import functools
import pathlib
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable

from sluice_cli import bench, sequential
from sluice_cli.common import Usage, progress
from sluice_cli.registry import Channel
from sluice_cli.sequential import Key, Verdict

# The compared workloads: short, and steady enough to distinguish a change from noise.
SHAPES = {"seq": ("1", "128", "unbounded"), "spsc": ("0", "128", "unbounded"), "mpmc": ("128", "unbounded")}
# Where several threads use each side, what the scheduler does varies more.
CONTENDED = ("mpmc",)

# Of one sample: as long as starting its process takes. Longer ones vary nearly as much, since processes differ by more
# than what happens within one: more pairs in the same time decide earlier.
SAMPLE_NS = 15e6
PILOT_MESSAGES = 100_000
MOST_MESSAGES = 5_000_000
NO_PROBE = "--no-probe"


def cells(channels: list[Channel]) -> dict[Key, bench.Cell]:
    """The compared workloads of these channels."""
    return {
        (cell.channel.name, cell.name): cell
        for cell in bench.cells(channels)
        if cell.capacity in SHAPES.get(cell.shape, ())
    }


def least_effects(workloads: Iterable[Key], uncontended: float) -> dict[Key, float]:
    """The slowdown to find in each workload."""
    return {key: uncontended * (2 if key[1].split("/")[0] in CONTENDED else 1) for key in workloads}


def pilot(cell: bench.Cell) -> tuple[int, float]:
    """How many messages one sample takes, and the nanoseconds of each, by two samples that are thrown away."""
    messages, ns = PILOT_MESSAGES, 0.0
    for _ in range(2):
        sample = bench.take(cell, messages)
        ns = sample["ns_per_message"]
        wanted = SAMPLE_NS / ns * messages / sample["messages"]
        messages = int(min(max(wanted, PILOT_MESSAGES / 10), MOST_MESSAGES))
    return messages, ns


@functools.cache
def _knows(runner: pathlib.Path, option: str) -> bool:
    return option in subprocess.run([runner, "--help"], capture_output=True, text=True).stdout


def ratio(
    base: bench.Cell,
    current: bench.Cell,
    messages: int,
    order: random.Random,
    base_options: tuple[str, ...] = (),
    current_options: tuple[str, ...] = (),
) -> float:
    """The current cell's time over the base's, of one pair in random order.

    If both are equal, the ratio is as likely above 1 as below, whatever else the machine does meanwhile.
    """
    # Probing the machine takes as long as the messages do. An earlier revision's runner may always do it.
    runners = (cell.channel.runners["bench"] for cell in (base, current))
    both = (NO_PROBE,) if all(_knows(runner, NO_PROBE) for runner in runners) else ()
    times = {}
    sides = [("base", base, base_options), ("current", current, current_options)]
    with tempfile.TemporaryDirectory() as folder:
        for place, (side, cell, options) in enumerate(order.sample(sides, 2)):
            # Of two equal files in different places, one was faster by an eighth, run after run: by where its pages lie,
            # or by the length of its name. A fresh copy draws these anew.
            runner = pathlib.Path(shutil.copy2(cell.channel.runners["bench"], pathlib.Path(folder) / str(place)))
            channel = dataclasses.replace(cell.channel, runners={"bench": runner})
            copied = dataclasses.replace(cell, channel=channel)
            times[side] = bench.take(copied, messages, more=options + both)["ns_per_message"]
    return times["current"] / times["base"]


def compare(base: list[Channel], current: list[Channel], seed: int, effect: float, minutes: float) -> list[Verdict]:
    """The verdicts over all workloads that both builds have, within so many minutes."""
    before, after = cells(base), cells(current)
    both = {key: after[key] for key in after if key in before}
    if not both:
        raise Usage("the base revision and the current one have no benchmark in common")
    order = random.Random(seed)
    messages: dict[Key, int] = {}

    def sample(key: Key) -> float:
        if key not in messages:
            messages[key], _ = pilot(after[key])
        return ratio(before[key], after[key], messages[key], order)

    until = time.monotonic() + 60 * minutes
    left = len(both)
    with progress("comparing", left) as advance:

        def tell(undecided: int) -> None:
            nonlocal left
            for _ in range(left - undecided):
                advance(f"{undecided} undecided")
            left = undecided

        return sequential.decide(least_effects(both, effect), sample, lambda: time.monotonic() > until, order, tell)
