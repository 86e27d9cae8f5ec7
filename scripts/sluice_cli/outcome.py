"""What makes a run fail, and why it did not ask more."""

from __future__ import annotations

from sluice_cli.common import Unverified


def failed_checks(checks: list[dict]) -> list[dict]:
    """The failures of sound channels, and the checks that missed a faulty one. Third-party and known failures are only
    reported."""
    return [
        check
        for check in checks
        if check["verdict"] in ("failed", "missed") and check["expected"] != "promised" and "known" not in check
    ]


def broken_lines(lines: list[dict]) -> list[dict]:
    """The lines of the contract that do not hold, without those that are known."""
    return [line for line in lines if line["verdict"] == "failed" and "known" not in line]


def why_not_applicable(verdicts: list[dict], label: str) -> list[str]:
    """For each channel, the reasons why checks or lines do not apply to it, with the labels of these."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for verdict in verdicts:
        if verdict["verdict"] == "not_applicable" and verdict["detail"]:
            reasons.setdefault((verdict["channel"], verdict["detail"]), []).append(str(verdict[label]))
    return [f"{channel}: {reason} ({', '.join(named)})" for (channel, reason), named in sorted(reasons.items())]


def nothing_executed(checks: list[dict]) -> list[str]:
    """The channels of whose properties, or models, none applies: that none failed says nothing."""
    verdicts: dict[tuple[str, str], set[str]] = {}
    for check in checks:
        verdicts.setdefault((check["channel"], check["kind"]), set()).add(check["verdict"])
    return [
        f"{channel}: no {kind} executed anything, so its pass says nothing of it"
        for (channel, kind), of in verdicts.items()
        if of == {"not_applicable"}
    ]


def unexplained_mutants(mutants: list[dict]) -> list[dict]:
    """The surviving mutants without an accepted reason, and reasons that are stale."""
    return [row for row in mutants if row["verdict"] in ("survived", "stale")]


def require_passed(checks: list[dict], lines: list[dict] = (), mutants: list[dict] = ()) -> None:
    """Raises Unverified if a check, a line of the contract or a mutant of the audit fails the run."""
    if broken := broken_lines(lines):
        names = ", ".join(f"{v['number']} on {v['channel']}" for v in broken[:5])
        more = f" and {len(broken) - 5} more" if len(broken) > 5 else ""
        raise Unverified(f"{len(broken)} lines of the contract do not hold: {names}{more}")
    if failed := failed_checks(checks):
        names = ", ".join(f"{c['channel']} {c['kind']} {c['check']}" for c in failed[:5])
        more = f" and {len(failed) - 5} more" if len(failed) > 5 else ""
        raise Unverified(f"{len(failed)} checks failed: {names}{more}")
    if unexplained := unexplained_mutants(mutants):
        names = ", ".join(f"{row['file']}:{row['line']} {row['role']} {row['mutation']}" for row in unexplained[:5])
        raise Unverified(
            f"{len(unexplained)} mutants survive: {names}; add a scenario that kills them, weaken the code, or give the "
            "reason in accepted_mutants.toml"
        )
