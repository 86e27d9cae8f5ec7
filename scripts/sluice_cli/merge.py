"""Joins the results of the shards of one verification."""

from __future__ import annotations

import pathlib

import click

from sluice_cli import options, outcome, results, verify
from sluice_cli.common import BadResults
from sluice_cli.options import parse_shard

# The fields that all shards of one verification share.
COMMON = ("schema", "revision", "level", "seed")


def _whole(runs: dict[pathlib.Path, dict]) -> None:
    """Raises BadResults unless these are all the shards of one verification, each of them once."""
    files = list(runs)
    first = runs[files[0]]
    for file in files[1:]:
        for field in COMMON:
            if runs[file][field] != first[field]:
                raise BadResults(f"{file} has {field} {runs[file][field]!r}, but {files[0]} has {first[field]!r}")
    shards: dict[tuple[int, int], pathlib.Path] = {}
    for file, run in runs.items():
        shard = parse_shard(run.get("shard", "1/1"))
        if shard in shards:
            raise BadResults(f"{file} is shard {shard[0]}/{shard[1]}, and so is {shards[shard]}")
        shards[shard] = file
    totals = {total for _, total in shards}
    if len(totals) > 1:
        raise BadResults(f"the work was not split in the same way: into {' and into '.join(map(str, sorted(totals)))}")
    [total] = totals
    if missing := sorted(set(range(1, total + 1)) - {number for number, _ in shards}):
        raise BadResults(f"there is no file of shard {', '.join(f'{number}/{total}' for number in missing)}")


def merge(runs: dict[pathlib.Path, dict]) -> dict:
    """The results as one machine would have written them, without coverage, which was measured of each shard alone.

    Raises BadResults if these are not the shards of one run.
    """
    _whole(runs)
    checks = verify.joined([check for run in runs.values() for check in run["checks"]], "1/1")
    whole = next(iter(runs.values())) | {"checks": checks, "shard": "1/1"}
    whole.pop("coverage", None)
    return whole


@click.command("merge")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=pathlib.Path))
@options.json_file("the joined results", required=True)
def command(files: tuple[pathlib.Path, ...], out: pathlib.Path) -> None:
    """Join the results of all shards of one verification, as verify --shard i/n --json FILE wrote them."""
    whole = merge({file: results.load(file) for file in files})
    verify.show(whole["checks"])
    results.save(whole, out)
    outcome.require_passed(whole["checks"])
