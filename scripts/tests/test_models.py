"""The audit's bookkeeping, and joining shards."""

from __future__ import annotations

import pathlib
import tempfile
import unittest
from unittest import mock

from sluice_cli import audit, merge, outcome
from sluice_cli.common import BadResults
from sluice_cli.project import OWN
from sluice_cli.registry import Channel
from sluice_cli.sources import Sources

CORE = """\
  void send() {
    // [T1] release, pairs with acquire [T2]: a receiver that sees it sees the message.
    flag_.store(1, std::memory_order::release);
  }

  bool receive() {
    // [T2] acquire, pairs with release [T1].
    return flag_.load(std::memory_order::acquire);
  }
"""


class Tags(unittest.TestCase):
    def false(self, text: str) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "core.hpp").write_text(text)
            return Sources(pathlib.Path(folder), pathlib.Path(folder) / "none.toml").false_tags()

    def test_the_library_keeps_its_word(self):
        library = Sources.of(OWN)
        self.assertEqual(library.false_tags(), [])
        self.assertGreater(sum(len(library.tags(file)) for file in library.files()), 30)

    def test_what_is_so_is_not_accused(self):
        self.assertEqual(self.false(CORE), [])

    def test_an_order_that_is_not_there(self):
        (found,) = self.false(CORE.replace("(1, std::memory_order::release)", "(1, std::memory_order::seq_cst)"))
        self.assertIn("[T1] claims release", found)

    def test_a_pair_of_one(self):
        found = self.false(CORE.replace("acquire, pairs with release [T1]", "acquire"))
        self.assertEqual(found, ["core.hpp:2: [T1] pairs with [T2], which does not name it"])

    def test_a_tag_that_is_nowhere(self):
        found = self.false(CORE.replace("acquire [T2]: a receiver", "acquire [T3]: a receiver"))
        self.assertIn("core.hpp:2: names [T3], which does not exist", found)

    def test_an_order_without_a_tag(self):
        found = self.false(CORE.replace("    // [T2] acquire, pairs with release [T1].\n", ""))
        self.assertIn("core.hpp:7: an order without a tag", found)

    def test_two_of_a_name(self):
        self.assertIn("[T1] is defined 2 times", self.false(CORE + "\n" + CORE.replace("T2", "T9"))[0])

    def test_orders_are_found_over_several_lines(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "core.hpp").write_text(
                "bool f() {\n  return x.compare_exchange_weak(a, b(c),\n    std::memory_order::acq_rel,\n"
                "    std::memory_order::relaxed);\n}\nint g() { return x.load(std::memory_order::relaxed); }\n"
            )
            sources = Sources(pathlib.Path(folder), pathlib.Path(folder) / "none.toml")
            self.assertEqual(sources.ordered_calls("core.hpp"), [(2, ("acq_rel", "relaxed"))])


def row(verdict: str = "survived") -> dict:
    return {
        "file": "cores/x.hpp",
        "line": 7,
        "tag": "X1",
        "role": "load",
        "mutation": "acquire->relaxed",
        "verdict": verdict,
        "killed_by": "handoff at capacity 1" if verdict == "killed" else "",
        "reason": "",
    }


class Tried(unittest.TestCase):
    """One mutant, tried on a channel whose runner is a script that kills nothing."""

    def tried(self, script: str, executions: int = 10, pace: float = 1.0, accepted: str = "") -> dict:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            runner = folder / "models"
            runner.write_text(f"#!/bin/sh\n{script}")
            runner.chmod(0o755)
            (folder / "core.hpp").write_text(CORE)
            (folder / "accepted.toml").write_text(accepted)
            mutant = audit.Mutant("core.hpp:3:1:load:acquire->relaxed", "core.hpp", 3, 1, "load", "acquire->relaxed")
            sources = Sources(folder, folder / "accepted.toml")
            channel = Channel("slow", runners={"models": runner})
            return audit._try_to_kill(sources, mutant, [channel], executions, {"slow": pace})

    SLOW = """sleep 0.5; echo '{"killed_by": "", "reached": true, "executions": 1, "seconds": 1}'"""
    # Its last argument is how many executions it shall do.
    DILIGENT = """for e in "$@"; do :; done
        echo '{"killed_by": "", "reached": true, "executions": '$e', "seconds": 1}'"""

    @mock.patch.object(audit, "TIMEOUT", 0.05)
    def test_a_slow_one_has_not_hung(self):
        self.assertEqual(self.tried(self.SLOW)["verdict"], "survived")

    @mock.patch.object(audit, "TIMEOUT", 0.05)
    def test_one_that_takes_too_long_has(self):
        row = self.tried(self.SLOW, pace=0.0)
        self.assertEqual((row["verdict"], row["killed_by"]), ("killed", "the runner"))

    def test_a_survivor_survives_all_executions_and_an_accepted_one_a_tenth(self):
        entry = Accepted.ENTRY.replace("cores/x.hpp", "core.hpp").replace(
            '"X1"', f'"{self.tried(self.DILIGENT)["tag"]}"'
        )
        self.assertEqual(self.tried(self.DILIGENT, 30_000)["executions"], 33_000)
        self.assertEqual(self.tried(self.DILIGENT, 30_000, accepted=entry)["executions"], 3_000)
        self.assertEqual(self.tried(self.DILIGENT, 1_000, accepted=entry)["executions"], 1_000)


class Accepted(unittest.TestCase):
    ENTRY = """
        [[accepted]]
        file = "cores/x.hpp"
        tag = "X1"
        role = "load"
        mutation = "acquire->relaxed"
        reason = "some processors reorder it"
    """

    def explained(self, rows: list[dict], text: str) -> list[dict]:
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "accepted_mutants.toml"
            file.write_text(text)
            return audit._explain(Sources(pathlib.Path(folder), file), rows, whole=True)

    def test_a_survivor_is_bad(self):
        self.assertEqual(len(outcome.unexplained_mutants(self.explained([row()], ""))), 1)

    def test_a_survivor_with_a_reason_is_not(self):
        (accepted,) = self.explained([row()], self.ENTRY)
        self.assertEqual((accepted["verdict"], accepted["reason"]), ("accepted", "some processors reorder it"))
        self.assertEqual(outcome.unexplained_mutants([accepted]), [])

    def test_a_reason_for_a_killed_mutant_is_stale(self):
        _, stale = self.explained([row("killed")], self.ENTRY)
        self.assertIn("a model kills it", stale["reason"])
        self.assertEqual(outcome.unexplained_mutants([stale]), [stale])

    def test_a_reason_for_no_mutant_is_stale(self):
        (stale,) = self.explained([], self.ENTRY)
        self.assertIn("there is no such mutant", stale["reason"])

    def test_an_entry_without_a_reason(self):
        with self.assertRaisesRegex(BadResults, "lacks `reason`"):
            self.explained([row()], self.ENTRY.replace("reason", "because"))

    def test_a_file_that_cannot_be_read(self):
        with self.assertRaisesRegex(BadResults, "is not TOML"):
            self.explained([], "[[accepted]")


def shard(part: int, parts: int = 2, **more) -> dict:
    check = {"channel": "sync", "kind": "model", "verdict": "passed"}
    space = {"scenarios": 10, "exhausted": 1, "of": 20, "bound": 2, "shard": f"{part}/{parts}", "repeated": 0.5}
    search = check | {"check": "exhaustive_2x2", "executions": 100, "seconds": 2.0, "space": space}
    own = check | {"check": f"scenario_{part}", "executions": 5, "seconds": 1.0}
    run = {"schema": "s", "revision": "r", "level": "deep", "seed": 1, "shard": f"{part}/{parts}"}
    return run | {"checks": [search, own]} | more


class Merge(unittest.TestCase):
    def merged(self, *runs: dict) -> dict:
        return merge.merge({pathlib.Path(f"{i}.json"): run for i, run in enumerate(runs)})

    def test_shards_become_the_whole(self):
        whole = self.merged(shard(1), shard(2))
        names = {check["check"]: check for check in whole["checks"]}
        self.assertEqual(set(names), {"exhaustive_2x2", "scenario_1", "scenario_2"})
        search = names["exhaustive_2x2"]
        self.assertEqual((search["executions"], search["space"]["scenarios"]), (200, 20))
        self.assertEqual(search["space"]["shard"], "1/1")

    def test_a_failure_is_kept(self):
        failed = shard(2)
        failed["checks"][0]["verdict"] = "failed"
        self.assertEqual(self.merged(shard(1), failed)["checks"][0]["verdict"], "failed")

    def test_a_shard_is_missing(self):
        with self.assertRaisesRegex(BadResults, "there is no file of shard 2/3"):
            self.merged(shard(1, 3), shard(3, 3))

    def test_a_shard_is_there_twice(self):
        with self.assertRaisesRegex(BadResults, "1.json is shard 1/2, and so is 0.json"):
            self.merged(shard(1), shard(1), shard(2))

    def test_of_different_runs(self):
        with self.assertRaisesRegex(BadResults, "1.json has revision 'other', but 0.json has 'r'"):
            self.merged(shard(1), shard(2, revision="other"))

    def test_split_in_different_ways(self):
        with self.assertRaisesRegex(BadResults, "not split in the same way"):
            self.merged(shard(1, 2), shard(2, 3))


if __name__ == "__main__":
    unittest.main()
