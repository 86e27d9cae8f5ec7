"""What each operation of each core costs, as counts that are the same on every machine (harness/costs)."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import subprocess
from collections.abc import Callable

TARGET = "costs"
TABLE = pathlib.Path("harness") / "costs" / "costs.json"  # in a source tree
# What tells a row apart; the rest are counts.
PLACE = ("core", "capacity", "operation")


@dataclasses.dataclass(frozen=True)
class Change:
    """A count that differs from the base revision's."""

    core: str
    capacity: str
    operation: str
    count: str
    before: float
    after: float

    @property
    def rises(self) -> bool:
        return self.after > self.before

    def __str__(self) -> str:
        where = f"{self.core} at capacity {self.capacity}, {self.operation}"
        return f"{where}: {self.before:g} -> {self.after:g} {self.count}"


def counted(binary: pathlib.Path) -> list[dict]:
    """The rows of a build, counted now."""
    done = subprocess.run([binary / "harness" / "costs" / "costs"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def listed(source: pathlib.Path) -> list[dict]:
    """The rows that a source tree's own test holds; none if it is older than they are."""
    return json.loads((source / TABLE).read_text()) if (source / TABLE).exists() else []


def _differs(_: str, before: float, after: float) -> bool:
    return before != after


def changes(
    before: list[dict], after: list[dict], differs: Callable[[str, float, float], bool] = _differs
) -> list[Change]:
    """The counts that differ, of the operations that both tables have. `differs`: a count's name, before and after."""
    old = {tuple(row[key] for key in PLACE): row for row in before}
    found = []
    for row in after:
        place = tuple(row[key] for key in PLACE)
        if place not in old:
            continue
        for count in dict.fromkeys([*old[place], *row]):
            if count in PLACE:
                continue
            was, now = old[place].get(count, 0), row.get(count, 0)
            if differs(count, was, now):
                found.append(Change(*place, count, was, now))
    return found
