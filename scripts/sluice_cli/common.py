"""Paths, errors and progress."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator

import click
import rich.console
import rich.progress

# This program's own files: its tree, or where it is installed, which has the same folders.
HOME = pathlib.Path(__file__).resolve().parents[2]
IN_TREE = (HOME / "CMakeLists.txt").exists()
# As the user typed it.
PROGRAM = os.environ.get("SLUICE_COMMAND", "scripts/sluice" if IN_TREE else "sluice")
REFERENCE = HOME / "results" / "reference" / "results.json.gz"
SCHEMA_FILE = HOME / "results" / "schema.json"

# In a pipe or a log, tables are as wide as they need: a name that is cut cannot be searched for.
_WIDTH = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 200
console = rich.console.Console(highlight=False, soft_wrap=True, width=_WIDTH)


class Failure(click.ClickException):
    """An error that the user can act on, in one sentence."""

    def show(self, file=None) -> None:
        console.print(f"sluice: {self.message}", style="red", markup=False)


class Unverified(Failure):
    """A check failed."""

    exit_code = 1


class Usage(Failure):
    """An argument names something that does not exist."""

    exit_code = 2


class Environment(Failure):
    """This machine lacks a program or package."""

    exit_code = 4


class BadResults(Failure):
    """A results file cannot be used."""

    exit_code = 5


class BuildFailed(Failure):
    """The tree does not build."""

    exit_code = 6


def output_of(command: list[str], cwd: pathlib.Path | None = None) -> str:
    """What a tool prints. Raises BuildFailed with the command and its error, if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd)
    if done.returncode != 0:
        raise BuildFailed(f"`{' '.join(command)}` failed: {done.stderr.strip()}")
    return done.stdout


def ended(code: int) -> str:
    """How a process ended, in words."""
    return f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def toml_entries(file: pathlib.Path, name: str, fields: tuple[str, ...] = ()) -> list[dict]:
    """The tables `[[name]]` of a TOML file; none if there is no such file. Raises BadResults if it is not TOML, or if a
    table lacks one of these fields, which are texts."""
    if not file.exists():
        return []
    try:
        entries = tomllib.loads(file.read_text()).get(name, [])
    except tomllib.TOMLDecodeError as error:
        raise BadResults(f"{file} is not TOML: {error}") from None
    for entry in entries:
        for field in fields:
            if not isinstance(entry.get(field), str):
                raise BadResults(f"{file}: an entry lacks `{field}`: {entry}")
    return entries


@contextlib.contextmanager
def progress(title: str, total: int) -> Iterator[Callable[[str], None]]:
    """A progress bar on a terminal; otherwise a line for each tenth. Yields a function that advances it by one."""
    if console.is_terminal:
        columns = (
            rich.progress.TextColumn("{task.description}"),
            rich.progress.BarColumn(),
            rich.progress.MofNCompleteColumn(),
            rich.progress.TimeRemainingColumn(),
            rich.progress.TextColumn("{task.fields[now]}"),
        )
        with rich.progress.Progress(*columns, console=console, transient=True) as bars:
            task = bars.add_task(title, total=total, now="")
            yield lambda now: bars.update(task, advance=1, now=now)
        return
    done = 0
    start = time.monotonic()

    def advance(_: str) -> None:
        nonlocal done
        before, done = done, done + 1
        if done == total or done * 10 // total > before * 10 // total:
            console.print(f"{title}: {done} of {total}, {time.monotonic() - start:.0f} s")

    yield advance
