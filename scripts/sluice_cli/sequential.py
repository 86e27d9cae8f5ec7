"""Decides by pairs of samples which workloads became slower, in as many pairs as it takes."""

from __future__ import annotations

import bisect
import dataclasses
import random
from collections.abc import Callable

from sluice_cli import stats

# The slowdown to find; twice that in contended workloads.
LEAST_EFFECT = 0.05
# The probability that a comparison of equal builds calls any of its workloads slower or faster.
ERROR = 0.01
DECIDED = ("slower", "faster", "same")

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
    """The median ratio with an interval that holds at every look, and the verdict, `too noisy` unless it is certain.

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
    return estimate, "too noisy"


def error_of_each(workloads: int) -> float:
    """Bonferroni's correction, which also holds where workloads depend on each other."""
    return ERROR / workloads


def decide(
    least_effects: dict[Key, float],
    sample: Callable[[Key], float],
    is_over: Callable[[], bool],
    order: random.Random,
    tell: Callable[[int], None] = lambda undecided: None,
) -> list[Verdict]:
    """Samples every workload that is not decided in turns of random order, until all are or the time is over.

    `sample`: a pair's ratio. `tell` is called after each turn with the number that is left.
    """
    error = error_of_each(len(least_effects))
    ratios: dict[Key, list[float]] = {key: [] for key in least_effects}
    found: dict[Key, Verdict] = {}
    undecided = list(least_effects)
    while undecided:
        for key in order.sample(undecided, len(undecided)):
            if not is_over():
                bisect.insort(ratios[key], sample(key))
            found[key] = Verdict(*key, least_effects[key], *judge(ratios[key], least_effects[key], error))
        undecided = [key for key in undecided if found[key].verdict not in DECIDED]
        tell(len(undecided))
        if is_over():
            break
    return [found[key] for key in least_effects]
