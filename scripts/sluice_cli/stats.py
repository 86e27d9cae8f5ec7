"""Medians with intervals: what samples are summed up by."""

from __future__ import annotations

import dataclasses

import numpy
import scipy.stats


@dataclasses.dataclass(frozen=True)
class Estimate:
    median: float
    low: float
    high: float
    count: int

    def __format__(self, spec: str) -> str:
        """The median and, in brackets, its interval, each as the spec has it."""
        return f"{self.median:{spec}} ({self.low:{spec}} – {self.high:{spec}})"


def median(values: list[float], confidence: float = 0.95) -> Estimate:
    """The median, and an interval for it that asks nothing of the distribution (order statistics).

    Fewer than six values allow no such interval: then it is their range.
    """
    ordered = numpy.sort(numpy.asarray(values, dtype=float))
    count = len(ordered)
    # The widest symmetric pair of order statistics that leaves no more than the error outside.
    rank = int(scipy.stats.binom.ppf((1 - confidence) / 2, count, 0.5))
    rank = min(max(rank - 1, 0), (count - 1) // 2)
    return Estimate(float(numpy.median(ordered)), float(ordered[rank]), float(ordered[count - 1 - rank]), count)
