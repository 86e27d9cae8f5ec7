"""The command line: each command lives in its own module, which is imported only when it runs."""

from __future__ import annotations

import contextlib
import importlib
import os
import pathlib
import signal
import sys

import click

from sluice_cli.common import PROGRAM, Failure, console

# The module of each command, in the order of the help.
COMMANDS = {
    "report": "report",
    "test": "build",
    "verify": "verify",
    "merge": "merge",
    "campaign": "campaign",
    "audit": "audit",
    "mutate": "mutate",
    "strategies": "strategies",
    "replay": "replay",
    "contract": "contract",
    "soak": "soak",
    "bench": "bench",
    "advise": "advise",
    "compare": "compare",
    "gate": "gate",
    "trend": "trend",
    "new": "new",
}


class Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        return importlib.import_module(f"sluice_cli.{COMMANDS[name]}").command if name in COMMANDS else None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def commands() -> None:
    """Verify, measure, report and gate channels.

    Exit codes: 0 good, 1 a check failed, 2 wrong usage, 3 slower than the base, 4 this machine lacks something,
    5 a results file cannot be used, 6 the tree does not build, 7 the machine is too noisy to compare speed.
    """


def _end_with_children(number: int, frame: object) -> None:
    """Ends this process and those that it has started, which would go on."""
    for children in pathlib.Path("/proc/self/task").glob("*/children"):
        # Threads and children may end meanwhile.
        with contextlib.suppress(OSError):
            for child in map(int, children.read_text().split()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, number)
                    os.kill(child, signal.SIGCONT)  # a stopped one, too
    os._exit(128 + number)


def main() -> None:
    signal.signal(signal.SIGTERM, _end_with_children)
    try:
        commands(prog_name=PROGRAM, standalone_mode=False)
    except click.exceptions.Abort:
        console.print("sluice: interrupted; earlier results are unchanged")
        sys.exit(130)
    except Failure as failure:
        failure.show()
        sys.exit(failure.exit_code)
    except click.UsageError as misuse:
        command = misuse.ctx.command_path if misuse.ctx else PROGRAM
        message = " ".join(misuse.format_message().split())
        console.print(f"sluice: {message} See `{command} --help`.", style="red", markup=False)
        sys.exit(misuse.exit_code)
