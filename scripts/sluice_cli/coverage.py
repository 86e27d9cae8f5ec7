"""Which lines and branches of a project's own sources its checks executed, by gcov."""

from __future__ import annotations

import collections
import dataclasses
import json
import pathlib
import shutil

import rich.table

from sluice_cli.common import Environment, console, output_of
from sluice_cli.project import Project


@dataclasses.dataclass(frozen=True)
class Covered:
    """What was executed of one file."""

    file: str
    lines: dict[int, int]  # executions of each line with code
    branches: dict[tuple[int, int], int]  # of each branch, by line and index

    @property
    def described(self) -> dict:
        """As results record it."""
        return {
            "file": self.file,
            "lines": len(self.lines),
            "executed": sum(map(bool, self.lines.values())),
            "branches": len(self.branches),
            "taken": sum(map(bool, self.branches.values())),
            "not_executed": self.missed,
            "one_outcome": self.half_taken,
        }

    @property
    def missed(self) -> list[int]:
        return sorted(line for line, count in self.lines.items() if count == 0)

    @property
    def half_taken(self) -> list[int]:
        """The lines that were executed, but not with every outcome."""
        return sorted({line for (line, _), count in self.branches.items() if count == 0 and self.lines.get(line)})


def reset(of: Project) -> None:
    """Forgets earlier executions."""
    for file in of.binary.rglob("*.gcda"):
        file.unlink()


def measure(of: Project) -> list[Covered]:
    """The coverage of each source of a project, over all runners that were executed since reset()."""
    if shutil.which("gcov") is None:
        raise Environment("this machine lacks gcov, which comes with g++")
    lines: dict[str, collections.Counter] = {}
    branches: dict[str, collections.Counter] = {}
    for data in sorted(of.binary.rglob("*.gcda")):
        command = ["gcov", "--json-format", "--stdout", "--branch-probabilities", str(data)]
        for unit in map(json.loads, output_of(command, cwd=of.binary).splitlines()):
            for part in unit["files"]:
                file = (pathlib.Path(unit["current_working_directory"]) / part["file"]).resolve()
                if not file.is_relative_to(of.source) or file.is_relative_to(of.builds):
                    continue
                name = str(file.relative_to(of.source))
                # A template has its lines once per instantiation: what one of them executes is executed.
                for line in part["lines"]:
                    lines.setdefault(name, collections.Counter())[line["line_number"]] += line["count"]
                    for index, branch in enumerate(line["branches"]):
                        if not branch["throw"]:
                            key = (line["line_number"], index)
                            branches.setdefault(name, collections.Counter())[key] += branch["count"]
    return [Covered(name, dict(lines[name]), dict(branches.get(name, {}))) for name in sorted(lines)]


def ranges(numbers: list[int]) -> str:
    """Numbers in words: 3, 7–9."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ", ".join(str(part[0]) if len(part) == 1 else f"{part[0]}–{part[-1]}" for part in parts)


def show(covered: list[Covered]) -> None:
    headings = ("source", "lines", "branches", "not executed", "executed with one outcome")
    table = rich.table.Table(*headings, title="What the checks executed")
    for one in covered:
        told = one.described
        table.add_row(
            one.file,
            f"{told['executed']} of {told['lines']}",
            f"{told['taken']} of {told['branches']}",
            ranges(told["not_executed"]),
            ranges(told["one_outcome"]),
        )
    console.print(table)
