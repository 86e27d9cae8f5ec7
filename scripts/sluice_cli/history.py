"""One line for each run that measured, so that figures can be followed over revisions."""

from __future__ import annotations

import json
import pathlib

from sluice_cli import exact_costs, figures
from sluice_cli.common import BadResults
from sluice_cli.project import Project

SCHEMA = "sluice-history/1"
SHAPES = ("spsc", "mpsc", "mpmc", "ping_pong")
CAPACITIES = ("0", "1", "128", "unbounded")
OPERATIONS = ("send", "recv")


def file_of(project: Project) -> pathlib.Path:
    return project.results / "history.jsonl"


def workload(shape: str, capacity: str) -> str:
    return f"{shape}/{capacity}"


def line_of(run: dict) -> dict:
    """What is kept of a run: medians with their intervals, of the channels that are not third-party, and exact costs."""
    roles = figures.Roles.of(run)
    pinned = [s for s in run["samples"] if s["pinned"] and roles.role(s["channel"]) != "third_party"]
    times: dict[str, dict[str, list[float]]] = {}
    for channel in figures.channels_of(pinned):
        for cell in ((shape, capacity) for shape in SHAPES for capacity in CAPACITIES):
            if found := figures.of_cell(pinned, channel, cell):
                times.setdefault(channel, {})[workload(*cell)] = [found.median, found.low, found.high]
    costs: dict[str, dict[str, dict[str, float]]] = {}
    for row in run["costs"]:
        if row["operation"] in OPERATIONS:
            counts = {key: value for key, value in row.items() if key not in exact_costs.PLACE}
            costs.setdefault(f"{row['core']} {row['capacity']}", {})[row["operation"]] = counts
    return {
        "schema": SCHEMA,
        "created": run["created"],
        "revision": run["revision"],
        "machine": {key: run["machine"].get(key, "unknown") for key in ("processor", "processors")},
        "roles": {name: role for name, role in roles.by_name.items() if name in times},
        "times": times,
        "costs": costs,
    }


def append(file: pathlib.Path, run: dict) -> None:
    """Adds a run's line, if it measured anything."""
    line = line_of(run)
    if line["times"]:
        with open(file, "a") as lines:
            lines.write(json.dumps(line) + "\n")


def load(file: pathlib.Path) -> list[dict]:
    """The lines of a history, the oldest first.

    Raises BadResults for a line that is none of this version's.
    """
    found = []
    try:
        text = file.read_text()
    except UnicodeDecodeError:
        raise BadResults(f"{file} is not text: remove it") from None
    except OSError as error:
        raise BadResults(f"{file} cannot be read: {error.strerror}; bench and report write it") from None
    for number, line in enumerate(text.splitlines(), 1):
        try:
            run = json.loads(line)
        except json.JSONDecodeError:
            run = None
        if not isinstance(run, dict) or run.get("schema") != SCHEMA:
            raise BadResults(f"{file}:{number} is no line of a history of this version: remove the line")
        found.append(run)
    return sorted(found, key=lambda run: run["created"])


def of_one_machine(lines: list[dict]) -> list[dict]:
    """The lines of the machine that the last run was on: others cannot be compared with them."""
    return [line for line in lines if line["machine"] == lines[-1]["machine"]]
