"""Medians with confidence intervals."""

from __future__ import annotations

import dataclasses
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

    Fewer than six values allow no such interval: then it is their range.
    """
    # Imported here: it takes longer than everything else that a command does before its first message.
    import scipy.stats

    ordered = sorted(map(float, values))
    count = len(ordered)
    # The narrowest symmetric pair of order statistics with at least this confidence.
    rank = int(scipy.stats.binom.ppf((1 - confidence) / 2, count, 0.5))
    rank = min(max(rank - 1, 0), (count - 1) // 2)
    return Estimate(statistics.median(ordered), ordered[rank], ordered[count - 1 - rank], count)
