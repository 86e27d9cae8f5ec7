"""Result files: written whole or not at all, read only if they are what they claim to be."""

from __future__ import annotations

import datetime
import json
import os
import pathlib
import tempfile

import jsonschema

from sluice_cli.common import RESULTS, BadResults

SCHEMA = "sluice-results/1"


def new_run() -> pathlib.Path:
    """A fresh folder for a run, named by the time."""
    stamp = datetime.datetime.now().strftime("%Y-%m-%d-%H%M%S")
    folder = RESULTS / stamp
    number = 1
    while folder.exists():
        number += 1
        folder = RESULTS / f"{stamp}-{number}"
    folder.mkdir(parents=True)
    return folder


def write_text(file: pathlib.Path, text: str) -> None:
    """Replaces a file in one step, so that nobody sees half of it."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w") as out:
            out.write(text)
        os.chmod(name, 0o644)
        os.replace(name, file)
    except BaseException:
        os.unlink(name)
        raise


def validate(data: object, file: pathlib.Path) -> None:
    schema = json.loads((RESULTS / "schema.json").read_text())
    try:
        jsonschema.validate(data, schema)
    except jsonschema.ValidationError as error:
        where = "/".join(map(str, error.absolute_path)) or "the top"
        raise BadResults(f"{file} does not follow results/schema.json at {where}: {error.message[:200]}") from None


def save(data: dict, file: pathlib.Path) -> None:
    validate(data, file)
    write_text(file, json.dumps(data, indent=1) + "\n")


def load(file: pathlib.Path) -> dict:
    """Reads a results file.

    Raises BadResults if it is not there, cut short, or of another schema.
    """
    try:
        data = json.loads(file.read_text())
    except OSError as error:
        raise BadResults(f"{file} cannot be read: {error.strerror}") from None
    except json.JSONDecodeError as error:
        raise BadResults(f"{file} is not whole JSON (line {error.lineno}: {error.msg}); was it cut short?") from None
    found = data.get("schema") if isinstance(data, dict) else None
    if found != SCHEMA:
        raise BadResults(f"{file} is of schema {found!r}; this version reads {SCHEMA!r}")
    validate(data, file)
    return data
