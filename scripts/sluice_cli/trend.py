"""Follows each workload over the runs of a history."""

from __future__ import annotations

import pathlib

import click

from sluice_cli import history, project
from sluice_cli.common import BadResults, console
from sluice_cli.project import Project


def pictures(lines: list[dict], folder: pathlib.Path) -> list[tuple[str, str, str]]:
    """Draws the runs of one machine into a folder; title, file and text of each picture."""
    # Imported here: a command that draws nothing need not wait for matplotlib.
    from sluice_cli import trend_plots

    drawn = []
    if trend_plots.times(lines, folder / "trend.png"):
        drawn.append(
            ("Over revisions", "trend.png", "Each workload in the runs on this machine, the latest on the right.")
        )
    if any(line["costs"] for line in lines):
        text = "Counted, not measured: a step is a change of the code. Cores that cost the same share a line."
        drawn.append(("Exact costs over revisions", "trend_costs.png", text))
        trend_plots.costs(lines, folder / "trend_costs.png")
    return drawn


@click.command("trend")
@click.option(
    "--history",
    "file",
    type=click.Path(dir_okay=False, path_type=pathlib.Path),
    help="A history, instead of the project's results/history.jsonl.",
)
@project.option
def command(project: Project, file: pathlib.Path | None) -> None:
    """Plot each workload over the runs of bench and report, with intervals, and exact costs beside; writes trend.png."""
    file = file or history.file_of(project)
    lines = history.load(file)
    if not lines:
        raise BadResults(f"{file} has no line: bench and report write one each")
    kept = history.of_one_machine(lines)
    for _, picture, _ in pictures(kept, file.absolute().parent):
        console.print(str(file.absolute().parent / picture), markup=False)
    others = len(lines) - len(kept)
    console.print(f"{len(kept)} runs of this machine" + (f"; {others} of others are left out" if others else ""))
