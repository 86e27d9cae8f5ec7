"""Runs a program that failed once again: on real threads and in the model."""

from __future__ import annotations

import email.parser
import pathlib
import subprocess

from sluice_cli.build import Channel
from sluice_cli.common import BadResults, Usage, console

# Schedules are drawn anew each time, so a program that fails seldom needs many.
SCHEDULES = 100_000


def read(file: pathlib.Path) -> dict[str, str]:
    """The fields of a failure file: Channel and Program, and if they are there Check, Seed, Executions and Schedule.

    Raises BadResults if it cannot be read or lacks one of the first two.
    """
    try:
        text = file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadResults(f"{file} cannot be read: {error}") from None
    message = email.parser.Parser().parsestr(text)
    for field in ("Channel", "Program"):
        if not message[field]:
            raise BadResults(
                f"{file} has no line `{field}: ...`; a failure file begins with `Channel: NAME` and "
                "`Program: capacity 1: send | recv`, and what follows an empty line is a picture"
            )
    for field in ("Seed", "Executions"):
        if message[field] and not message[field].isdigit():
            raise BadResults(f"{file}: `{field}: {message[field]}` is no number")
    fields = ("Channel", "Check", "Program", "Seed", "Executions", "Schedule")
    return {field: message[field] for field in fields if message[field]}


def replay(channel: Channel, failure: dict[str, str], executions: int | None) -> bool:
    """Runs the program with each of the channel's tools; whether it failed in one of them."""
    commands = []
    if program := channel.programs.get("properties"):
        wanted = executions or int(failure.get("Executions", 1000))
        commands.append((program, ["--seed", failure.get("Seed", "1"), "--executions", str(wanted)]))
    if program := channel.programs.get("models"):
        if schedule := failure.get("Schedule"):
            commands.append((program, ["--schedule", schedule]))
        commands.append((program, ["--executions", str(executions or SCHEDULES)]))
    if not commands:
        raise Usage(f"`{channel.name}` has no program that could run it")
    failed = False
    able = 0
    for program, options in commands:
        console.print(f"sluice: {program.name} {' '.join(options)}", markup=False)
        done = subprocess.run(
            [program, "--program", failure["Program"], *options], capture_output=True, text=True, check=False
        )
        console.print((done.stdout + done.stderr).rstrip(), markup=False)
        # Models take fewer threads than there may be.
        able += done.returncode != 2
        failed |= done.returncode not in (0, 2)
    if not able:
        raise Usage(f"`{channel.name}` cannot run `{failure['Program']}`; the reason is above")
    return failed
