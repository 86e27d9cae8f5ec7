"""Medians with confidence intervals."""

from __future__ import annotations

import dataclasses
import functools
import math
import statistics


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
    """The median with a distribution-free confidence interval (order statistics).

    Fewer than six values allow no such interval: then it is their range. It holds for a number of values that was
    decided before they were seen.
    """
    # Imported here: it takes longer than everything else that a command does before its first message.
    import scipy.stats

    ordered = sorted(map(float, values))
    count = len(ordered)
    # The narrowest symmetric pair of order statistics with at least this confidence.
    rank = int(scipy.stats.binom.ppf((1 - confidence) / 2, count, 0.5))
    rank = min(max(rank - 1, 0), (count - 1) // 2)
    return Estimate(statistics.median(ordered), ordered[rank], ordered[count - 1 - rank], count)


@functools.cache
def _least_rank(count: int, error: float) -> int:
    """The least number of values below the median that the likelihood ratio does not exclude."""
    least, most = 0, count // 2
    while least < most:
        middle = (least + most) // 2
        if (count + 1) * math.comb(count, middle) / 2**count > error:
            most = middle
        else:
            least = middle + 1
    return least


def median_at_any_time(values: list[float], error: float) -> Estimate:
    """The median with an interval that holds however often one looks and whenever one stops: a confidence sequence.

    Of so many values, as many are below the median as heads come of fair throws. Against every other coin at once, in
    equal parts, the likelihood ratio is a martingale, which exceeds 1/error at any time with the probability `error` at
    most (Robbins 1970, https://doi.org/10.1214/aoms/1177696786; for quantiles Howard and Ramdas 2022,
    https://doi.org/10.3150/21-BEJ1388). An end that nothing bounds yet is 0 or infinite.
    """
    ordered = sorted(map(float, values))
    count = len(ordered)
    rank = _least_rank(count, error)
    low, high = (ordered[rank - 1], ordered[count - rank]) if rank else (0.0, math.inf)
    return Estimate(statistics.median(ordered) if ordered else math.nan, low, high, count)
