"""Starts a new channel: a working core to change, and its registry line."""

from __future__ import annotations

import pathlib
import re

import click

from sluice_cli.common import ROOT, Usage, console
from sluice_cli.results import write_text


def create(name: str, root: pathlib.Path = ROOT) -> pathlib.Path:
    """Writes impls/sluice/cores/NAME.hpp and adds its line to the registry; returns the header's path.

    Raises Usage for a name that is taken or no identifier.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise Usage(
            f"`{name}` is no name for a channel: use lower-case letters, digits and underscores, a letter first"
        )
    registry = root / "impls" / "registry.cmake"
    header = root / "impls" / "sluice" / "cores" / f"{name}.hpp"
    registered = registry.read_text()
    if header.exists() or re.search(rf"sluice_channel\({name}\s", registered):
        raise Usage(f"there is a channel `{name}` already")
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


@click.command("new")
@click.argument("name")
def command(name: str) -> None:
    """Start a channel NAME: a working core to change, and its registry line."""
    header = create(name)
    console.print(f"{header}\nnext: change it, then run scripts/sluice verify {name}", markup=False)
