"""Result files: written completely or not at all, and validated when they are read."""

from __future__ import annotations

import datetime
import gzip
import json
import os
import pathlib
import sys
import tempfile

from sluice_cli import build, machine, old_results
from sluice_cli.common import PROGRAM, SCHEMA_FILE, BadResults
from sluice_cli.project import Project
from sluice_cli.registry import Channel

SCHEMA = "sluice-results/2"


def new_run(of: Project) -> pathlib.Path:
    """A new folder for a run of a project, named by the time."""
    stamp = datetime.datetime.now().strftime("%Y-%m-%d-%H%M%S")
    folder = of.results / stamp
    number = 1
    while folder.exists():
        number += 1
        folder = of.results / f"{stamp}-{number}"
    folder.mkdir(parents=True)
    return folder


def write_text(file: pathlib.Path, text: str) -> None:
    """Replaces a file in one step, so that no reader sees half of it."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w") as out:
            out.write(text)
        os.chmod(name, 0o644)
        os.replace(name, file)
    except BaseException:
        os.unlink(name)
        raise


def summarize(text: str) -> None:
    """Adds Markdown to the summary of a step of a GitHub workflow, if this runs in one."""
    if file := os.environ.get("GITHUB_STEP_SUMMARY"):
        with open(file, "a") as summary:
            summary.write(text)


def validate(data: object, file: pathlib.Path) -> None:
    # Imported here, since most commands neither read nor write results before their work.
    import jsonschema

    schema = json.loads(SCHEMA_FILE.read_text())
    try:
        jsonschema.validate(data, schema)
    except jsonschema.ValidationError as error:
        where = "/".join(map(str, error.absolute_path)) or "the top"
        raise BadResults(f"{file} does not follow results/schema.json at {where}: {error.message[:200]}") from None


def save(data: dict, file: pathlib.Path) -> None:
    validate(data, file)
    write_text(file, json.dumps(data, indent=1) + "\n")


def _read(file: pathlib.Path) -> str:
    if file.suffix != ".gz":
        return file.read_text()
    with gzip.open(file, "rt") as compressed:
        return compressed.read()


def load(file: pathlib.Path) -> dict:
    """Reads a results file, which may be compressed (.json.gz) and of an earlier schema.

    Raises BadResults if it is missing, truncated, or of an unknown schema.
    """
    try:
        data = json.loads(_read(file))
    except json.JSONDecodeError as error:
        raise BadResults(f"{file} is not complete JSON (line {error.lineno}: {error.msg}); was it truncated?") from None
    except EOFError:
        raise BadResults(f"{file} is a truncated gzip file") from None
    except UnicodeDecodeError:
        raise BadResults(f"{file} is not text") from None
    except OSError as error:
        raise BadResults(f"{file} cannot be read: {error.strerror or error}") from None
    found = data.get("schema") if isinstance(data, dict) else None
    if found == old_results.SCHEMA:
        data = old_results.converted(data)
    elif found != SCHEMA:
        raise BadResults(f"{file} has schema {found!r}; this version reads {SCHEMA!r} and {old_results.SCHEMA!r}")
    validate(data, file)
    return data


def shell_line() -> str:
    return " ".join([PROGRAM, *sys.argv[1:]])


def new_results(of: Project, level: str, seed: int, channels: list[Channel] = (), **parts) -> dict:
    """The results of a run, as results/schema.json describes them; parts that are not given are empty."""
    empty = {"missing": {}} | dict.fromkeys(
        ("checks", "contract", "checking", "audit", "litmus", "costs", "samples"), []
    )
    return {
        "schema": SCHEMA,
        "created": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "revision": build.revision(of.source),
        "command": shell_line(),
        "level": level,
        "seed": seed,
        "machine": machine.facts(),
        "channels": [channel.described for channel in channels],
        **(empty | json.loads(of.relative(json.dumps(parts, ensure_ascii=False)))),
    }
