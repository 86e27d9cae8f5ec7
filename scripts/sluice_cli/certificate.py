"""What campaigns have explored: every shard of each, of one revision, joined. A certificate claims no more than that."""

from __future__ import annotations

import datetime
import json
import pathlib
import typing

import jinja2

from sluice_cli import known, outcome, results, verify
from sluice_cli.common import BadResults

if typing.TYPE_CHECKING:
    from sluice_cli.campaign import Campaign

SCHEMA = "sluice-certificate/1"
FILES = ("certificate.json", "certificate.html")

# Of the shards of one check, the first of these that there is.
WORST_FIRST = ("failed", "passed", "not_applicable")


def not_of(of: Campaign, shard: int, run: object) -> str:
    """Why this is not the campaign's shard, or nothing if it is."""
    if not isinstance(run, dict):
        return "it holds no results"
    asked = {"revision": of.revision, "level": of.level, "seed": of.seed, "shard": f"{shard}/{of.shards}"}
    for field, value in asked.items():
        if run.get(field) != value:
            return f"it has {field} {run.get(field)!r}, but the campaign {value!r}"
    told = [channel["name"] for channel in run["channels"]]
    return "" if told == list(of.channels) else f"it is about {', '.join(told)}, not {', '.join(of.channels)}"


def _shards_of(of: Campaign) -> list[dict]:
    """The results of all shards. Raises BadResults for one that is missing, broken, or of something else."""
    if missing := of.missing():
        some = ", ".join(map(str, missing[:5])) + (" and more" if len(missing) > 5 else "")
        raise BadResults(f"{of.folder} lacks {len(missing)} of {of.shards} shards ({some}): `run` does them")
    runs = []
    for shard in range(1, of.shards + 1):
        file = of.file_of(shard)
        run = results.load(file)
        if wrong := not_of(of, shard, run):
            raise BadResults(f"{file} is not the campaign's: {wrong}; `run` does it again")
        runs.append(run)
    return runs


def _require_compatible(campaigns: list[Campaign]) -> None:
    """Raises BadResults if these are of different revisions, or if something would be counted twice."""
    first, *others = campaigns
    for other in others:
        for field in ("revision", "harness"):
            if getattr(other, field) != getattr(first, field):
                raise BadResults(
                    f"{other.folder} is about {field} {getattr(other, field)}, and {first.folder} about "
                    f"{getattr(first, field)}: a certificate is about one"
                )
    seen: dict[tuple, Campaign] = {}
    for of in campaigns:
        for channel in of.channels:
            again = seen.setdefault((channel, of.level, of.seed), of)
            if again is not of:
                raise BadResults(
                    f"{of.folder} and {again.folder} both are about {channel} at level {of.level} with seed {of.seed}: "
                    "leave one out, it would be counted twice"
                )


def _joined(of: Campaign, runs: list[dict]) -> list[dict]:
    """Every check of a campaign, joined from its shards, with the failures that are known marked."""
    parts: dict[tuple, list[dict]] = {}
    for run in runs:
        for check in run["checks"]:
            parts.setdefault((check["channel"], check["kind"], check["check"]), []).append(check)
    whole = []
    for mine in parts.values():
        if searched := [check for check in mine if "space" in check]:
            (one,) = verify.joined(searched, "1/1")
            expected = [f"{shard}/{of.shards}" for shard in range(1, of.shards + 1)]
            one["complete"] = sorted(check["space"]["shard"] for check in searched) == sorted(expected)
        else:
            worst = min(mine, key=lambda check: WORST_FIRST.index(check["verdict"]))
            one = worst | {"executions": sum(check["executions"] for check in mine)}
        whole.append(one)
    return known.mark(of.project, whole)


def certify(campaigns: list[Campaign]) -> dict:
    """The certificate of these campaigns.

    Raises BadResults if a shard is missing or is not the campaign's, if two campaigns are of different revisions, if
    something would be counted twice, or if a channel was not checked at all.
    """
    _require_compatible(campaigns)
    told = []
    searches: dict[tuple, dict] = {}
    checks: dict[tuple, dict] = {}
    failures: list[dict] = []
    for of in campaigns:
        runs = _shards_of(of)
        whole = _joined(of, runs)
        for name in of.channels:
            if not any(check["executions"] for check in whole if check["channel"] == name):
                raise BadResults(f"{of.folder}: no check of {name} was executed, so there is nothing to certify")
        for check in whole:
            if check["verdict"] == "failed":
                failures.append(check)
            if "space" in check:
                search = _search(check, of.shards)
                key = (search["channel"], search["size"], search["bound"])
                # The same search again explores the same; the worse one is told.
                if key not in searches or not search["complete"] or search["verdict"] == "failed":
                    searches[key] = search
            elif check["verdict"] != "not_applicable" and check["check"] != "runner":
                row = checks.setdefault(
                    (check["channel"], check["kind"], check["check"]), _row(check) | {"executions": 0}
                )
                row["executions"] += check["executions"]
                if check["verdict"] == "failed":
                    row["verdict"] = "failed"
        created = sorted(datetime.datetime.fromisoformat(run["created"]) for run in runs)
        told.append(
            {
                "level": of.level,
                "seed": of.seed,
                "shards": of.shards,
                "channels": list(of.channels),
                "first": created[0].isoformat(),
                "last": created[-1].isoformat(),
                "machines": sorted({run["machine"].get("processor", "unknown") for run in runs}),
                "hours": sum(check["seconds"] for run in runs for check in run["checks"]) / 3600,
                "runners": of.runners,
            }
        )
    violations = outcome.failed_checks(failures)
    return {
        "schema": SCHEMA,
        "revision": campaigns[0].revision,
        "harness": campaigns[0].harness,
        "campaigns": told,
        "searches": list(searches.values()),
        "checks": list(checks.values()),
        "violations": violations,
        "only_reported": [check for check in failures if check not in violations],
    }


def _row(check: dict) -> dict:
    return {key: check[key] for key in ("channel", "kind", "check", "verdict")}


def _search(check: dict, shards: int) -> dict:
    return _row(check) | {
        "size": verify.size_of(check),
        "bound": check["space"]["bound"],
        "scenarios": check["space"]["scenarios"],
        "exhausted": check["space"]["exhausted"],
        "executions": check["executions"],
        "shards": shards,
        "complete": check["complete"] and check["verdict"] == "passed",
    }


def sentences(of: dict) -> list[str]:
    """What a certificate claims: one sentence for each search, one for the random checks of each channel, and one for each
    failure that fails nothing."""
    told = []
    for search in of["searches"]:
        text = f"{search['channel']}: "
        if search["complete"]:
            text += (
                f"every scenario of {search['size']} ({search['scenarios']:,}) at the capacities unbounded, 0, 1 and 2, as "
                f"far as it has them, each with every execution of up to {search['bound']} deviations, which are all "
                f"executions of {search['exhausted']:,} of them: "
            )
        else:
            text += f"a part of the scenarios of {search['size']} ({search['scenarios']:,}): "
        ending = "a violation" if search["verdict"] == "failed" else "no violation"
        told.append(f"{text}{search['shards']:,} shards, {search['executions']:,} executions, {ending}")
    for channel in dict.fromkeys(check["channel"] for check in of["checks"]):
        mine = [check for check in of["checks"] if check["channel"] == channel]
        told.append(
            f"{channel}: {sum(check['executions'] for check in mine):,} random executions and inputs of {len(mine)} checks"
        )
    for check in of["only_reported"]:
        why = f"as known: {check['known']}" if "known" in check else "another project's channel"
        told.append(f"{check['channel']}: {check['kind']} {check['check']} fails ({why})")
    return told


def write(of: dict, folder: pathlib.Path) -> pathlib.Path:
    """Writes certificate.json and certificate.html. Returns the page."""
    data, page = (folder / name for name in FILES)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(pathlib.Path(__file__).parent), autoescape=True, trim_blocks=True
    )
    text = environment.get_template("certificate.html.j2").render(of=of, sentences=sentences(of))
    results.write_text(page, text)
    results.write_text(data, json.dumps(of, indent=1) + "\n")
    return page
