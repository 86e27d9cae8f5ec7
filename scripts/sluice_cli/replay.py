"""Executes a failing scenario again: on real threads and in the model."""

from __future__ import annotations

import email.parser
import pathlib
import subprocess

import click

from sluice_cli import build, project, registry
from sluice_cli.common import BadResults, Unverified, Usage, console
from sluice_cli.project import Project
from sluice_cli.registry import Channel

# Random executions in the model: a scenario that fails rarely needs many.
SCHEDULES = 100_000


def read(file: pathlib.Path) -> dict[str, str]:
    """The fields of a failure file: Channel and Scenario, and if present Check, Seed, Executions and Schedule.

    Raises BadResults if it cannot be read or lacks one of the first two.
    """
    try:
        text = file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadResults(f"{file} cannot be read: {error}") from None
    message = email.parser.Parser().parsestr(text)
    for field in ("Channel", "Scenario"):
        if not message[field]:
            raise BadResults(
                f"{file} has no line `{field}: ...`; a failure file begins with `Channel: NAME` and "
                "`Scenario: capacity 1: send | recv`, and an empty line ends its fields"
            )
    for field in ("Seed", "Executions"):
        if message[field] and not message[field].isdigit():
            raise BadResults(f"{file}: `{field}: {message[field]}` is no number")
    fields = ("Channel", "Check", "Scenario", "Seed", "Executions", "Schedule")
    return {field: message[field] for field in fields if message[field]}


def replay(channel: Channel, failure: dict[str, str], executions: int | None) -> bool:
    """Runs the scenario with each of the channel's tools. Returns whether it failed in one of them."""
    commands = []
    if runner := channel.runners.get("properties"):
        wanted = executions or int(failure.get("Executions", 1000))
        commands.append((runner, ["--seed", failure.get("Seed", "1"), "--executions", str(wanted)]))
    if runner := channel.runners.get("models"):
        if schedule := failure.get("Schedule"):
            commands.append((runner, ["--schedule", schedule]))
        commands.append((runner, ["--executions", str(executions or SCHEDULES)]))
    if not commands:
        raise Usage(f"`{channel.name}` has no runner for scenarios")
    failed = False
    able = 0
    for runner, arguments in commands:
        console.print(f"sluice: {runner.name} {' '.join(arguments)}", markup=False)
        done = subprocess.run(
            [runner, "--scenario", failure["Scenario"], *arguments], capture_output=True, text=True, check=False
        )
        console.print((done.stdout + done.stderr).rstrip(), markup=False)
        # Models support fewer threads.
        able += done.returncode != 2
        failed |= done.returncode not in (0, 2)
    if not able:
        raise Usage(f"`{channel.name}` cannot run `{failure['Scenario']}`; the reason is above")
    return failed


@click.command("replay")
@click.argument("file", type=click.Path(path_type=pathlib.Path))
@click.option("--channel", metavar="NAME", help="Run it on this channel instead.")
@click.option("--executions", type=click.IntRange(1), help="How often, instead of what the file says.")
@project.option
def command(project: Project, file: pathlib.Path, channel: str | None, executions: int | None) -> None:
    """Execute the scenario of a failure FILE again, on real threads and in the model.

    Exits with 1 if it fails again. `verify` writes such files, and says where; by hand, two lines are enough:
    `Channel: NAME` and `Scenario: capacity 1: send | recv recv`.
    """
    failure = read(file)
    name = channel or failure["Channel"]
    if project.own:
        registry.require_known((name,), registry.declared())
    [chosen] = registry.choose(registry.configured(build.configure_project(project)), (name,))
    build.build_runners(project, [chosen], "properties", "models")
    if replay(chosen, failure, executions):
        raise Unverified(f"{chosen.name} failed on `{failure['Scenario']}`")
