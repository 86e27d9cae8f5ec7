"""The project whose channels a command checks: this tree, or any that registers channels with sluice_channel()."""

from __future__ import annotations

import dataclasses
import functools
import pathlib
import re

import click

from sluice_cli.common import HOME, IN_TREE, PROGRAM, Usage, console


@dataclasses.dataclass(frozen=True)
class Project:
    """A source folder with the places of what is made from it."""

    source: pathlib.Path
    given_binary: pathlib.Path | None = None  # a build folder to use as it is
    variant: str = ""  # built with a sanitizer or for coverage: a key of build.VARIANTS

    @property
    def own(self) -> bool:
        """Whether it is the tree that this program belongs to."""
        return self.source == HOME

    @property
    def builds(self) -> pathlib.Path:
        return self.source / "build"

    @property
    def binary(self) -> pathlib.Path:
        if self.variant:
            return self.builds / (self.variant if self.own else f"sluice-{self.variant}")
        return self.given_binary or self.builds / ("release" if self.own else "sluice")

    @property
    def results(self) -> pathlib.Path:
        return self.source / ("results" if self.own else "sluice-results")

    @property
    def failures(self) -> pathlib.Path:
        return self.results / "failures"

    def relative(self, text: str) -> str:
        """A text whose paths begin at the source folder, so that it is the same on every machine."""
        return text.replace(f"{self.source}/", "")


OWN = Project(HOME)


def registers_channels(folder: pathlib.Path) -> bool:
    lists = folder / "CMakeLists.txt"
    return lists.is_file() and re.search(r"\bsluice", lists.read_text(errors="replace")) is not None


def _source_of(binary: pathlib.Path) -> pathlib.Path:
    """The source folder that a build folder was configured for."""
    try:
        cache = (binary / "CMakeCache.txt").read_text()
    except OSError:
        raise Usage(f"`{binary}` is no build folder: it has no CMakeCache.txt") from None
    return pathlib.Path(re.search(r"^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$", cache, re.MULTILINE)[1])


def find(source: pathlib.Path | None = None, binary: pathlib.Path | None = None) -> Project:
    """The project of a source or build folder, or the nearest one around the current folder.

    Raises Usage if there is none.
    """
    if binary:
        binary = binary.resolve()
        of_binary = _source_of(binary)
        if source and source.resolve() != of_binary:
            raise Usage(f"`{binary}` is a build folder of {of_binary}, not of {source}")
        return Project(of_binary, binary)
    if source:
        if not (source / "CMakeLists.txt").is_file():
            raise Usage(f"`{source}` is no CMake project: it has no CMakeLists.txt")
        return Project(source.resolve())
    here = pathlib.Path.cwd()
    for folder in (here, *here.parents):
        if registers_channels(folder) and not folder.is_relative_to(HOME):
            return Project(folder)
    if not IN_TREE:
        raise Usage(
            f"no CMakeLists.txt here or above names sluice: name a project with --source, or start one with {PROGRAM} new NAME"
        )
    if not here.is_relative_to(HOME):
        console.print(
            f"no CMakeLists.txt here or above names sluice: this is about sluice's own tree, {HOME}", markup=False
        )
    return OWN


def option(command):
    """Adds --source and --binary to a command, which gets the project instead."""

    @click.option(
        "--source",
        type=click.Path(file_okay=False, path_type=pathlib.Path),
        help="The project's folder, instead of the nearest whose CMakeLists.txt names sluice.",
    )
    @click.option(
        "--binary",
        type=click.Path(file_okay=False, path_type=pathlib.Path),
        help="A build folder of it, to use as it is: nothing is configured or built.",
    )
    @functools.wraps(command)
    def with_project(*arguments, source: pathlib.Path | None, binary: pathlib.Path | None, **named):
        return command(*arguments, project=find(source, binary), **named)

    return with_project
