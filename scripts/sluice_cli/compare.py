"""Holds two runs against each other: whose figures differ by more than their intervals."""

from __future__ import annotations

import collections
import dataclasses

import rich.table

from sluice_cli import plots, stats
from sluice_cli.common import BadResults, console

FIGURES = ("ns_per_message", "p50_ns", "p99_ns", "receiver_cpu", "slowest_over_fastest", "bytes_empty")
SHOWN = 30

Key = tuple[str, str, bool, str]


@dataclasses.dataclass(frozen=True)
class Change:
    """A figure whose intervals in the two runs have nothing in common."""

    channel: str
    workload: str
    pinned: bool
    figure: str
    before: stats.Estimate
    after: stats.Estimate

    @property
    def extent(self) -> float:
        """How many times the lesser median the greater one is."""
        low, high = sorted((self.before.median, self.after.median))
        return high / low if low > 0 else float("inf")


def _estimates(samples: list[dict]) -> dict[Key, stats.Estimate]:
    values = collections.defaultdict(list)
    for s in plots.counted(samples):
        workload = f"{s['shape']}/{s['capacity']}/{s['threads']}"
        for figure in FIGURES:
            # A round trip's percentiles say what its time a message would.
            if figure in s and not (figure == "ns_per_message" and "p50_ns" in s):
                values[s["channel"], workload, s["pinned"], figure].append(s[figure])
    return {key: stats.median(found) for key, found in values.items()}


def compare(before: list[dict], after: list[dict]) -> tuple[int, list[Change]]:
    """How many figures both runs have, and those that changed, the widest apart first.

    Raises BadResults if they have none in common.
    """
    old, new = _estimates(before), _estimates(after)
    both = [key for key in old if key in new]
    if not both:
        raise BadResults("the two runs measured nothing in common: give results.json of two runs of bench or report")
    changed = [
        Change(*key, old[key], new[key]) for key in both if old[key].high < new[key].low or new[key].high < old[key].low
    ]
    return len(both), sorted(changed, key=lambda change: -change.extent)


def show(before: list[dict], after: list[dict]) -> None:
    shared, changed = compare(before, after)
    if changed:
        table = rich.table.Table(title="intervals apart")
        for heading in ("channel", "workload", "figure", "first", "second"):
            table.add_column(heading, overflow="fold")
        for c in changed[:SHOWN]:
            workload = c.workload if c.pinned else f"{c.workload}, free"
            table.add_row(c.channel, workload, c.figure, f"{c.before:.3g}", f"{c.after:.3g}")
        console.print(table)
        if len(changed) > SHOWN:
            console.print(f"and {len(changed) - SHOWN} more, less far apart")
    agree = shared - len(changed)
    console.print(f"{agree} of {shared} figures agree ({100 * agree / shared:.1f} %): their intervals overlap")
