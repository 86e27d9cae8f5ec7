"""Reads results of the previous schema."""

from __future__ import annotations

SCHEMA = "sluice-results/1"

# The roles of the channels that this schema's runs have, which they did not record.
ROLES = {
    "mutex": "baseline",
    **dict.fromkeys(("lock_free", "sync", "spsc_ring", "spsc_list", "rendezvous"), "core"),
    **dict.fromkeys(("mpmc", "spsc", "broadcast", "oneshot"), "facade"),
    **dict.fromkeys(("atomic_queue", "moodycamel", "readerwriterqueue", "tbb_bounded", "boost_fiber"), "third_party"),
    **dict.fromkeys(("rust_std", "crossbeam", "flume", "go"), "third_party"),
}
LANGUAGES = {"rust_std": "Rust", "crossbeam": "Rust", "flume": "Rust", "go": "Go"}
CHECKS = {
    "small_programs": "small_scenarios",
    "larger_programs": "random_scenarios",
    "woken_for_nothing": "spurious_wakeups",
    "senders_gone": "senders_disconnected",
    "senders_gone_wakes": "senders_disconnected_wakes",
    "receivers_gone": "receivers_disconnected",
    "receivers_gone_wakes": "receivers_disconnected_wakes",
}
VERDICTS = {"needed": "killed", "kept": "accepted"}


def _check(check: dict) -> dict:
    name = CHECKS.get(check["check"], check["check"]).replace("every_", "exhaustive_", 1)
    new = check | {"check": name}
    if "program" in new:
        new["scenario"] = new.pop("program")
    if "space" in new:
        new["space"] = new["space"] | {"scenarios": new["space"]["programs"]}
        del new["space"]["programs"]
    return new


def _mutant(row: dict) -> dict:
    new = row | {
        "mutation": row["fault"],
        "killed_by": row["caught_by"],
        "verdict": VERDICTS.get(row["verdict"], row["verdict"]),
    }
    del new["fault"], new["caught_by"]
    return new


def _sample(sample: dict) -> dict:
    new = sample | {"outlier": sample["odd"]}
    del new["odd"]
    return new


def converted(data: dict) -> dict:
    """The same results in the current schema."""
    names = dict.fromkeys([*ROLES, *(entry["channel"] for entry in data["checks"] + data["samples"])])
    return data | {
        "schema": "sluice-results/2",
        "channels": [
            {"name": name, "role": ROLES.get(name, "faulty"), "language": LANGUAGES.get(name, "C++")} for name in names
        ],
        "checks": [_check(check) for check in data["checks"]],
        "contract": data.get("contract", []),
        "checking": data.get("checking", []),
        "audit": [_mutant(row) for row in data.get("audit", [])],
        "litmus": data.get("litmus", []),
        "missing": data.get("missing", {}),
        "samples": [_sample(sample) for sample in data["samples"]],
    }
