"""Compares two runs: which figures differ by more than their confidence intervals."""

from __future__ import annotations

import collections
import dataclasses
import pathlib

import click
import rich.table

from sluice_cli import figures, results, stats
from sluice_cli.common import BadResults, console

FIGURES = ("ns_per_message", "p50_ns", "p99_ns", "receiver_cpu", "slowest_over_fastest", "bytes_empty")
SHOWN = 30

Key = tuple[str, str, bool, str]


@dataclasses.dataclass(frozen=True)
class Change:
    """A figure whose intervals in the two runs do not overlap."""

    channel: str
    workload: str
    pinned: bool
    figure: str
    before: stats.Estimate
    after: stats.Estimate

    @property
    def extent(self) -> float:
        """The greater median over the lesser."""
        low, high = sorted((self.before.median, self.after.median))
        return high / low if low > 0 else float("inf")


def _estimates(samples: list[dict]) -> dict[Key, stats.Estimate]:
    values = collections.defaultdict(list)
    for s in figures.counted(samples):
        workload = f"{s['shape']}/{s['capacity']}/{s['threads']}"
        for figure in FIGURES:
            # The percentiles of a round trip replace its time per message.
            if figure in s and not (figure == "ns_per_message" and "p50_ns" in s):
                values[s["channel"], workload, s["pinned"], figure].append(s[figure])
    return {key: stats.median(found) for key, found in values.items()}


def compare(before: list[dict], after: list[dict]) -> tuple[int, list[Change]]:
    """The number of figures that both runs have, and those that changed, the largest change first.

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
            workload = c.workload if c.pinned else f"{c.workload}, unpinned"
            table.add_row(c.channel, workload, c.figure, f"{c.before:.3g}", f"{c.after:.3g}")
        console.print(table)
        if len(changed) > SHOWN:
            console.print(f"and {len(changed) - SHOWN} more, less far apart")
    agree = shared - len(changed)
    console.print(f"{agree} of {shared} figures agree ({100 * agree / shared:.1f} %): their intervals overlap")


@click.command("compare")
@click.argument("first", type=click.Path(path_type=pathlib.Path))
@click.argument("second", type=click.Path(path_type=pathlib.Path))
def command(first: pathlib.Path, second: pathlib.Path) -> None:
    """Print which figures of two results files differ by more than their confidence intervals.

    For two runs of one tree, to see how reproducible figures are, or before and after a change of machine or
    compiler. A change of the code is better judged by gate, which samples both trees in turn.
    """
    show(results.load(first)["samples"], results.load(second)["samples"])
