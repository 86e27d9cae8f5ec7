"""Options and arguments that several commands share. Each is checked before any work."""

from __future__ import annotations

import os
import pathlib

import click

from sluice_cli.common import Usage

LEVELS = ("quick", "standard", "deep")
PRESETS = (
    *("debug", "release", "asan-ubsan", "tsan", "models", "clang19"),
    *("library", "library-libcxx", "library-i686", "library-aarch64", "library-mingw"),
)


class OutputFile(click.ParamType):
    """A file to write later, whose folder exists."""

    name = "file"

    def convert(self, value, param, ctx) -> pathlib.Path:
        file = pathlib.Path(value)
        folder = file.absolute().parent
        if not folder.is_dir():
            raise Usage(f"`{file}` cannot be written: there is no folder {folder}")
        if file.is_dir():
            raise Usage(f"`{file}` cannot be written: it is a folder; name a file")
        if not os.access(folder, os.W_OK):
            raise Usage(f"`{file}` cannot be written: its folder may not be written to")
        return file


class Shard(click.ParamType):
    """Part i of n, as i/n."""

    name = "i/n"

    def convert(self, value, param, ctx) -> tuple[int, int]:
        return value if isinstance(value, tuple) else parse_shard(value)


def parse_shard(text: str) -> tuple[int, int]:
    """`i/n`: the i-th of n parts, counted from 1."""
    part, _, parts = text.partition("/")
    if not (part.isdigit() and parts.isdigit() and 1 <= int(part) <= int(parts)):
        raise Usage(f"`{text}` is no shard; give i/n with 1 <= i <= n, for example 2/8")
    return int(part), int(parts)


level = click.option(
    "--level", default="quick", show_default=True, type=click.Choice(LEVELS), help="The effort of verification."
)
seed = click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="The seed of random choices.")
preset = click.option("--preset", default="release", show_default=True, type=click.Choice(PRESETS))


junit_file = click.option("--junit", type=OutputFile(), help="Write the verdicts as JUnit XML to this file.")


def json_file(what: str, required: bool = False):
    return click.option("--json", "out", type=OutputFile(), required=required, help=f"Write {what} to this file.")
