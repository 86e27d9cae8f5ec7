"""Starts a channel: in sluice's own tree, in a project that registers channels, or a project of its own."""

from __future__ import annotations

import pathlib
import re

import click
import jinja2

from sluice_cli import project
from sluice_cli.common import HOME, IN_TREE, PROGRAM, Usage, console
from sluice_cli.results import write_text

STARTER = pathlib.Path(__file__).parent / "starter"


def _require_name(name: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise Usage(
            f"`{name}` is no name for a channel: use lower-case letters, digits and underscores, a letter first"
        )


def _require_new(name: str, registered: str) -> None:
    if re.search(rf"sluice_channel\({name}\s", registered):
        raise Usage(f"there is a channel `{name}` already")


def create(name: str, root: pathlib.Path = HOME) -> pathlib.Path:
    """Writes impls/sluice/cores/NAME.hpp and adds its line to the registry; returns the header's path.

    Raises Usage for a name that is taken or no identifier.
    """
    _require_name(name)
    registry = root / "impls" / "registry.cmake"
    header = root / "impls" / "sluice" / "cores" / f"{name}.hpp"
    registered = registry.read_text()
    if header.exists():
        raise Usage(f"there is a channel `{name}` already")
    _require_new(name, registered)
    # The baseline under another name: correct from the start, and short enough to change.
    text = (root / "impls" / "sluice" / "cores" / "mutex.hpp").read_text()
    text = re.sub(r"\bclass mutex\b", f"class {name}", text)
    text = re.sub(r"(?<![\w:])mutex\((?=\)|std::size_t)", f"{name}(", text)
    text = re.sub(
        r"/// Queue with one mutex.*?\n///\n/// The baseline[^\n]*\n",
        f"/// {name}: a queue with one mutex and two condition variables, as a start.\n",
        text,
        flags=re.DOTALL,
    )
    write_text(header, text)
    line = f"sluice_channel({name} HEADER sluice/cores/{name}.hpp TYPE sluice::cores::{name})\n"
    marker = "# Facades:"
    write_text(registry, registered.replace(marker, line + marker, 1))
    return header


def _written(template: str, file: pathlib.Path, name: str) -> pathlib.Path:
    text = jinja2.Template((STARTER / template).read_text(), keep_trailing_newline=True).render(name=name)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_text(file, text)
    return file


def start(name: str, folder: pathlib.Path) -> pathlib.Path:
    """Adds a channel to the project in a folder, or starts one in an empty folder; returns the header's path.

    Raises Usage for a name that is taken or no identifier, and for a folder with other content.
    """
    _require_name(name)
    header = folder / f"{name}.hpp"
    lists = folder / "CMakeLists.txt"
    if header.exists():
        raise Usage(f"{header} exists already")
    if project.registers_channels(folder):
        registered = lists.read_text()
        _require_new(name, registered)
        line = f"sluice_channel({name} HEADER {name}.hpp TYPE {name}::channel)\n"
        write_text(lists, registered.rstrip("\n") + "\n" + line)
    elif folder.exists() and any(not entry.name.startswith(".git") for entry in folder.iterdir()):
        raise Usage(
            f"{folder} is neither empty nor a project whose CMakeLists.txt names sluice: call "
            "find_package(sluice REQUIRED COMPONENTS harness) there, or choose an empty folder with --source"
        )
    else:
        _written("CMakeLists.txt.j2", lists, name)
        write_text(folder / ".gitignore", "build/\nsluice-results/\n")
        workflow = folder / ".github" / "workflows" / "channels.yml"
        workflow.parent.mkdir(parents=True, exist_ok=True)
        write_text(workflow, (STARTER / "channels.yml").read_text())
    return _written("channel.hpp.j2", header, name)


@click.command("new")
@click.argument("name")
@click.option(
    "--source",
    type=click.Path(exists=True, file_okay=False, path_type=pathlib.Path),
    help="The folder, instead of the current one.",
)
def command(name: str, source: pathlib.Path | None) -> None:
    """Start a channel NAME: a working one to change, registered.

    In an empty folder, it starts a project: CMakeLists.txt, a header, and a workflow for CI.
    """
    folder = (source or pathlib.Path.cwd()).resolve()
    header = create(name) if IN_TREE and folder.is_relative_to(HOME) else start(name, folder)
    there = f" --source {source}" if source else ""
    console.print(f"{header}\nnext: change it, then run {PROGRAM} verify {name}{there}", markup=False)
