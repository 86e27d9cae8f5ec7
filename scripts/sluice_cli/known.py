"""Failures that a project knows of: they fail no run before their day, and a check that passes again does."""

from __future__ import annotations

import dataclasses
import datetime

from sluice_cli.common import BadResults, toml_entries
from sluice_cli.project import Project

FILE = "known_failures.toml"


@dataclasses.dataclass(frozen=True)
class Known:
    """One entry: a check that fails on a channel."""

    channel: str
    check: str  # property/NAME, model/NAME or contract/NUMBER
    reason: str
    expires: datetime.date


def read(of: Project) -> list[Known]:
    """The entries of a project's known_failures.toml, if it has one.

    Raises BadResults for a file that is not of this form.
    """
    file = of.source / FILE
    found = []
    for entry in toml_entries(file, "known"):
        kinds = {"channel": str, "check": str, "reason": str, "expires": datetime.date}
        for field, kind in kinds.items():
            if not isinstance(entry.get(field), kind):
                what = "a date, such as 2027-01-31" if kind is datetime.date else "a text"
                raise BadResults(f"{file}: `{field}` of an entry is not {what}: {entry}")
        if unknown := entry.keys() - kinds.keys():
            raise BadResults(f"{file}: an entry has `{unknown.pop()}`, which is not understood: {entry}")
        found.append(Known(**entry))
    return found


def require_readable(of: Project) -> None:
    """Before anything is built. Raises BadResults as read() does."""
    read(of)


def mark(of: Project, verdicts: list[dict], today: datetime.date | None = None) -> list[dict]:
    """These verdicts of checks or lines of the contract, with the known failures marked.

    A known failure that passes, or whose day is over, counts as failed.
    """
    entries = {(entry.channel, entry.check): entry for entry in read(of)}
    for verdict in verdicts:
        name = f"{verdict['kind']}/{verdict['check']}" if "kind" in verdict else f"contract/{verdict['number']}"
        entry = entries.get((verdict["channel"], name))
        if entry is None:
            continue
        if verdict["verdict"] == "passed":
            verdict |= {"verdict": "failed", "detail": f"{FILE} says that it fails, but it passes: remove the entry"}
        elif verdict["verdict"] == "failed" and (today or datetime.date.today()) > entry.expires:
            verdict["detail"] = f"it was known ({entry.reason}) until {entry.expires}\n{verdict['detail']}"
        elif verdict["verdict"] == "failed":
            verdict["known"] = entry.reason
    return verdicts
