"""Joins the results of a verification that was spread over machines."""

from __future__ import annotations

import pathlib

from sluice_cli.common import BadResults
from sluice_cli.verify import parse_shard

# What all shards of one verification have in common.
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


def _joined(parts: list[dict]) -> dict:
    """One search of every program, out of the parts that its shards did."""
    executions = sum(part["executions"] for part in parts)
    failed = [part for part in parts if part["verdict"] == "failed"]
    space = parts[0]["space"] | {
        "programs": sum(part["space"]["programs"] for part in parts),
        "exhausted": sum(part["space"]["exhausted"] for part in parts),
        "shard": "1/1",
        "repeated": sum(part["space"]["repeated"] * part["executions"] for part in parts) / max(executions, 1),
    }
    seconds = sum(part["seconds"] for part in parts)
    return (failed or parts)[0] | {"executions": executions, "seconds": seconds, "space": space}


def merge(runs: dict[pathlib.Path, dict]) -> dict:
    """The whole, as one machine would have written it. Raises BadResults if these are not the shards of one run."""
    _whole(runs)
    found: dict[tuple[str, str, str], list[dict]] = {}
    for run in runs.values():
        for check in run["checks"]:
            found.setdefault((check["channel"], check["kind"], check["check"]), []).append(check)
    checks = [_joined(parts) if all("space" in part for part in parts) else parts[0] for parts in found.values()]
    return next(iter(runs.values())) | {"checks": checks, "shard": "1/1"}
