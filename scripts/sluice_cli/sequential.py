"""Compares the benchmarks of two builds by pairs of samples, for as long as it takes to tell each workload's verdict."""

from __future__ import annotations

import dataclasses
import random
import time

from sluice_cli import bench, stats
from sluice_cli.common import Usage, progress
from sluice_cli.registry import Channel

# The compared workloads: short, and steady enough to distinguish a change from noise.
SHAPES = {"seq": ("1", "128", "unbounded"), "spsc": ("0", "128", "unbounded"), "mpmc": ("128", "unbounded")}
# Where several threads use each side, what the scheduler does varies more.
CONTENDED = ("mpmc",)

# The slowdown to find; twice that in contended workloads.
LEAST_EFFECT = 0.05
# The probability that a comparison of equal builds calls any of its workloads slower or faster.
ERROR = 0.01
# Of one sample: long beside starting a process, and short beside a change of the machine's state.
SAMPLE_NS = 50e6
PILOT_MESSAGES = 100_000
MOST_MESSAGES = 5_000_000

Key = tuple[str, str]  # channel and workload


@dataclasses.dataclass(frozen=True)
class Verdict:
    """One workload: the current build's time over the base's."""

    channel: str
    workload: str
    least_effect: float
    ratio: stats.Estimate
    verdict: str

    @property
    def name(self) -> str:
        return f"{self.channel} {self.workload}"


def judge(ratios: list[float], least_effect: float, error: float) -> tuple[stats.Estimate, str]:
    """The median ratio with an interval that holds at every look, and the verdict, `undecided` at first.

    `slower` and `faster`: by more than half of the least effect. `same`: by less than the least effect. Every ratio is
    one or the other, so that enough pairs decide it.
    """
    estimate = stats.median_at_any_time(ratios, error)
    if estimate.low > 1 + least_effect / 2:
        return estimate, "slower"
    if estimate.high < 1 / (1 + least_effect / 2):
        return estimate, "faster"
    if estimate.high < 1 + least_effect and estimate.low > 1 / (1 + least_effect):
        return estimate, "same"
    return estimate, "undecided"


def _cells(channels: list[Channel]) -> dict[Key, bench.Cell]:
    return {
        (cell.channel.name, cell.name): cell
        for cell in bench.cells(channels)
        if cell.capacity in SHAPES.get(cell.shape, ())
    }


def _messages(cell: bench.Cell) -> int:
    """How many messages one sample takes, by a sample that is thrown away."""
    pilot = bench.take(cell, PILOT_MESSAGES)
    wanted = SAMPLE_NS / pilot["ns_per_message"] * PILOT_MESSAGES / pilot["messages"]
    return int(min(max(wanted, PILOT_MESSAGES / 10), MOST_MESSAGES))


class Comparison:
    """Two builds' workloads, sampled in pairs whose order is drawn at random.

    If the builds are equal, each pair's ratio is as likely above 1 as below, whatever else the machine does meanwhile.
    """

    def __init__(self, base: list[Channel], current: list[Channel], seed: int, least_effect: float):
        before, after = _cells(base), _cells(current)
        self._sides = {key: (before[key], after[key]) for key in after if key in before}
        if not self._sides:
            raise Usage("the base revision and the current one have no benchmark in common")
        self.only_current = [" ".join(key) for key in after if key not in before]
        self._order = random.Random(seed)
        self._least = {
            key: least_effect * (2 if cells[1].shape in CONTENDED else 1) for key, cells in self._sides.items()
        }
        self._messages: dict[Key, int] = {}
        self._ratios: dict[Key, list[float]] = {key: [] for key in self._sides}

    def verdicts(self) -> list[Verdict]:
        # Bonferroni's correction: it also holds where workloads depend on each other.
        error = ERROR / len(self._sides)
        return [
            Verdict(*key, self._least[key], *judge(ratios, self._least[key], error))
            for key, ratios in self._ratios.items()
        ]

    def run(self, minutes: float) -> list[Verdict]:
        """Samples until every workload is decided, or for so long. Then what is undecided is `too noisy`."""
        until = time.monotonic() + 60 * minutes
        with progress("comparing", len(self._sides)) as advance:
            undecided = list(self._sides)
            while undecided and time.monotonic() < until:
                for key in self._order.sample(undecided, len(undecided)):
                    if time.monotonic() < until:
                        self._sample(key)
                found = self.verdicts()
                left = [(v.channel, v.workload) for v in found if v.verdict == "undecided"]
                for _ in range(len(undecided) - len(left)):
                    advance(f"{len(left)} undecided")
                undecided = left
        return [dataclasses.replace(v, verdict=v.verdict.replace("undecided", "too noisy")) for v in found]

    def _sample(self, key: Key) -> None:
        base, current = self._sides[key]
        if key not in self._messages:
            self._messages[key] = _messages(current)
        times = {}
        for cell in self._order.sample((base, current), 2):
            times[cell is current] = bench.take(cell, self._messages[key])["ns_per_message"]
        self._ratios[key].append(times[True] / times[False])
