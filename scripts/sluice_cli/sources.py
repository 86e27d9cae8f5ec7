"""The audited sources: their atomic accesses, and the tags that explain these."""

from __future__ import annotations

import dataclasses
import functools
import pathlib
import re

from sluice_cli.common import HOME, toml_entries
from sluice_cli.project import Project


@dataclasses.dataclass(frozen=True)
class Tag:
    """A comment such as `[S3] release, pairs with acquire [S5]: why`, and the lines of code that it covers."""

    name: str
    text: str
    file: str
    line: int
    lines: range


_CALL = re.compile(r"(?:\.|->)(load|store|exchange|compare_exchange_weak|compare_exchange_strong|fetch_\w+)\(")
_NAME = re.compile(r"\[([A-Z]+\d+)\]")
_ORDER = re.compile(r"memory_order::(\w+)")

# What names an accepted mutant, whatever line it is on.
OF_MUTANT = ("file", "tag", "role", "mutation")


@dataclasses.dataclass(frozen=True)
class Sources:
    """The sources whose accesses are mutated."""

    folder: pathlib.Path
    accepted: pathlib.Path  # the mutants that no model can kill, with reasons
    tagged: bool = True  # whether every order must have a tag, and every file a model that reaches it

    @classmethod
    def of(cls, project: Project) -> Sources:
        if project.own:
            return cls(HOME / "impls" / "sluice", HOME / "models" / "accepted_mutants.toml")
        return cls(project.source, project.source / "accepted_mutants.toml", tagged=False)

    def lines(self, file: str) -> list[str]:
        return (self.folder / file).read_text().splitlines()

    def tags(self, file: str) -> list[Tag]:
        """The tags that a file defines. A tag covers the code below its comment, up to the next blank line or comment."""
        lines = self.lines(file)
        found = []
        i = 0
        while i < len(lines):
            if not lines[i].lstrip().startswith("// ["):
                i += 1
                continue
            start = i
            while i < len(lines) and lines[i].lstrip().startswith("//"):
                i += 1
            text = " ".join(line.strip().removeprefix("//").strip() for line in lines[start:i])
            end = i
            while end < len(lines) and lines[end].strip() and not lines[end].lstrip().startswith("//"):
                end += 1
            name = re.match(r"\[([A-Z]+\d+)\]", text)
            if name:
                found.append(Tag(name[1], text, file, start + 1, range(i + 1, end + 1)))
        return found

    def code_of(self, file: str, line: int) -> str:
        return self.lines(file)[line - 1].strip()

    def tag_of(self, file: str, line: int) -> str:
        """The tag that covers a line, or an empty text."""
        return next((tag.name for tag in self.tags(file) if line in tag.lines), "")

    def files(self) -> list[str]:
        return sorted(
            str(file.relative_to(self.folder)) for file in self.folder.rglob("*.hpp") if file.name != "platform.hpp"
        )

    def ordered_calls(self, file: str) -> list[tuple[int, tuple[str, ...]]]:
        """Each atomic access with an order other than relaxed: its line and its orders."""
        text = "\n".join(line.split("//")[0] for line in self.lines(file))
        calls = []
        for call in _CALL.finditer(text):
            depth = 1
            end = call.end()
            while depth and end < len(text):
                depth += {"(": 1, ")": -1}.get(text[end], 0)
                end += 1
            # An access that names no order is seq_cst.
            orders = tuple(_ORDER.findall(text[call.end() : end])) or ("seq_cst",)
            if any(order != "relaxed" for order in orders):
                calls.append((text.count("\n", 0, call.start()) + 1, orders))
        return calls

    def _named_above(self, file: str, line: int) -> bool:
        """Whether the last comment above a line names a tag, in the same function."""
        lines = self.lines(file)
        while line > 0 and lines[line - 1].strip() and not lines[line - 1].lstrip().startswith("//"):
            line -= 1
        while line > 0 and lines[line - 1].lstrip().startswith("//"):
            if _NAME.search(lines[line - 1]):
                return True
            line -= 1
        return False

    def false_tags(self) -> list[str]:
        """False comments: a tag claims an order that its code does not have, names a tag that does not exist, or a pair whose
        other half does not name it; or an order has no tag."""
        false = []
        every = {tag.name: tag for file in self.files() for tag in self.tags(file)}
        counted = [tag.name for file in self.files() for tag in self.tags(file)]
        false += [f"[{name}] is defined {n} times" for name in sorted(set(counted)) if (n := counted.count(name)) > 1]
        for file in self.files():
            calls = self.ordered_calls(file)
            for tag in self.tags(file):
                where = f"{file}:{tag.line}: [{tag.name}]"
                claimed = re.match(r"\[\w+\] (seq_cst|acq_rel|acquire|release)\b", tag.text)
                orders = [order for line, found in calls if line in tag.lines for order in found]
                if claimed and claimed[1] not in orders:
                    false.append(f"{where} claims {claimed[1]}, which the code below does not have")
                paired = {name for part in re.findall(r"pairs with[^.:;]*", tag.text) for name in _NAME.findall(part)}
                for other in _NAME.findall(tag.text)[1:]:
                    if other in every and other in paired and tag.name not in _NAME.findall(every[other].text)[1:]:
                        false.append(f"{where} pairs with [{other}], which does not name it")
            for number, text in enumerate(self.lines(file), start=1):
                if text.lstrip().startswith("//"):
                    unknown = [name for name in _NAME.findall(text) if name not in every]
                    false += [f"{file}:{number}: names [{name}], which does not exist" for name in unknown]
            for line, _ in calls:
                if not self._named_above(file, line):
                    false.append(f"{file}:{line}: an order without a tag")
        return false

    def require_readable(self) -> None:
        """Before anything is built. Raises BadResults as accepted_mutants does."""
        _ = self.accepted_mutants

    @functools.cached_property
    def accepted_mutants(self) -> list[dict]:
        """The mutants that no model can kill, with the reason why the code stays."""
        return toml_entries(self.accepted, "accepted", (*OF_MUTANT, "reason"))


def is_about(entry: dict, row: dict) -> bool:
    """Whether an accepted mutant is the one of a row."""
    return all(row[field] == entry[field] for field in OF_MUTANT)
