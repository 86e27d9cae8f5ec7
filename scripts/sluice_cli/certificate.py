"""What campaigns have explored: every shard of each, of one revision, joined. A certificate claims no more than that."""

from __future__ import annotations

import json
import pathlib
import typing

import jinja2

from sluice_cli import outcome, results, verify
from sluice_cli.common import BadResults

if typing.TYPE_CHECKING:
    from sluice_cli.campaign import Campaign

SCHEMA = "sluice-certificate/1"


def _shards_of(of: Campaign, files: dict[int, pathlib.Path]) -> list[dict]:
    """The results of all shards. Raises BadResults for one that is missing, broken, or of something else."""
    if missing := [number for number, file in files.items() if not file.exists()]:
        some = ", ".join(map(str, missing[:5])) + (" and more" if len(missing) > 5 else "")
        raise BadResults(f"{of.folder} lacks {len(missing)} of {of.shards} shards ({some}): `run` does them")
    runs = []
    for number, file in files.items():
        run = results.load(file)
        asked = {"revision": of.revision, "level": of.level, "seed": of.seed, "shard": f"{number}/{of.shards}"}
        for field, value in asked.items():
            if run.get(field) != value:
                raise BadResults(
                    f"{file} has {field} {run.get(field)!r}, but the campaign {value!r}: delete it, and `run` does it again"
                )
        told = tuple(channel["name"] for channel in run["channels"])
        if told != of.channels:
            raise BadResults(
                f"{file} is about {', '.join(told)}, not {', '.join(of.channels)}: delete it, and `run` again"
            )
        runs.append(run)
    return runs


def certify(campaigns: dict[Campaign, dict[int, pathlib.Path]]) -> dict:
    """The certificate of these campaigns, each with the files of its shards.

    Raises BadResults if a shard is missing or is not the campaign's, if two campaigns are of different revisions, or if
    one would be counted twice.
    """
    first, *others = campaigns
    for other in others:
        if other.revision != first.revision:
            raise BadResults(
                f"{other.folder} is about revision {other.revision}, and {first.folder} about {first.revision}: a "
                "certificate is about one"
            )
    told: list[dict] = []
    searches: dict[tuple, dict] = {}
    checks: dict[tuple, dict] = {}
    violations: list[dict] = []
    seen: dict[tuple, Campaign] = {}
    for of, files in campaigns.items():
        for channel in of.channels:
            again = seen.setdefault((channel, of.level, of.seed), of)
            if again is not of:
                raise BadResults(
                    f"{of.folder} and {again.folder} both are about {channel} at level {of.level} with seed {of.seed}: "
                    "leave one out, it would be counted twice"
                )
        runs = _shards_of(of, files)
        every = [check for run in runs for check in run["checks"]]
        for check in verify.joined([check for check in every if "space" in check], "1/1"):
            # The same search again explores the same.
            searches.setdefault((check["channel"], check["check"], check["space"]["bound"]), _search(check, of.shards))
        for check in every:
            if check["verdict"] == "not_applicable" or "space" in check:
                continue
            row = checks.setdefault(
                (check["channel"], check["kind"], check["check"]),
                {"channel": check["channel"], "kind": check["kind"], "check": check["check"], "executions": 0},
            )
            row["executions"] += check["executions"]
        violations += outcome.failed_checks(every)
        told.append(
            {
                "level": of.level,
                "seed": of.seed,
                "shards": of.shards,
                "channels": list(of.channels),
                "first": min(run["created"] for run in runs),
                "last": max(run["created"] for run in runs),
                "machines": sorted({run["machine"].get("processor", "unknown") for run in runs}),
                "processor_seconds": sum(check["seconds"] for check in every),
            }
        )
    return {
        "schema": SCHEMA,
        "revision": first.revision,
        "campaigns": told,
        "searches": list(searches.values()),
        "checks": list(checks.values()),
        "violations": violations,
    }


def _search(check: dict, shards: int) -> dict:
    space = check["space"]
    return {
        "channel": check["channel"],
        "size": verify.size_of(check),
        "bound": space["bound"],
        "scenarios": space["scenarios"],
        "exhausted": space["exhausted"],
        "executions": check["executions"],
        "shards": shards,
        "verdict": check["verdict"],
    }


def sentences(of: dict) -> list[str]:
    """What a certificate claims, one sentence for each search, and one for the random checks of each channel."""
    told = []
    for search in of["searches"]:
        ending = "no violation" if search["verdict"] == "passed" else "a violation"
        told.append(
            f"{search['channel']}: every scenario of {search['size']} ({search['scenarios']:,}), each with every execution "
            f"of up to {search['bound']} deviations, which are all executions of {search['exhausted']:,} of them: "
            f"{search['shards']:,} shards, {search['executions']:,} executions, {ending}"
        )
    for channel in dict.fromkeys(check["channel"] for check in of["checks"]):
        mine = [check for check in of["checks"] if check["channel"] == channel]
        told.append(
            f"{channel}: {sum(check['executions'] for check in mine):,} random executions and inputs of "
            f"{len(mine)} checks"
        )
    return told


def write(of: dict, folder: pathlib.Path) -> pathlib.Path:
    """Writes certificate.json and certificate.html. Returns the page."""
    results.write_text(folder / "certificate.json", json.dumps(of, indent=1) + "\n")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(pathlib.Path(__file__).parent), autoescape=True, trim_blocks=True
    )
    page = folder / "certificate.html"
    text = environment.get_template("certificate.html.j2").render(of=of, sentences=sentences(of))
    results.write_text(page, text)
    return page
