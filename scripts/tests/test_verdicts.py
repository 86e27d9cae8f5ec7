"""What CI is told: failures that are known, and JUnit XML."""

from __future__ import annotations

import contextlib
import datetime
import io
import pathlib
import tempfile
import threading
import unittest
import unittest.mock
import xml.etree.ElementTree as xml

from sluice_cli import common, contract, exact_costs, gate, junit, known, outcome, stats, verify
from sluice_cli.common import BadResults
from sluice_cli.project import Project
from sluice_cli.registry import Channel


class Known(unittest.TestCase):
    ENTRY = """
        [[known]]
        channel = "theirs"
        check = "property/deadlines"
        reason = "their clock is coarse"
        expires = 2027-01-31
    """
    DAY = datetime.date(2027, 1, 31)

    def marked(self, verdict: str, text: str = ENTRY, today: datetime.date = DAY, **fields) -> dict:
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / known.FILE).write_text(text)
            check = {
                "channel": "theirs",
                "kind": "property",
                "check": "deadlines",
                "expected": "passed",
                "detail": "late",
            }
            [marked] = known.mark(Project(pathlib.Path(folder)), [check | {"verdict": verdict} | fields], today)
        return marked

    def test_a_known_failure_fails_no_run(self):
        self.assertEqual(outcome.failed_checks([self.marked("failed")]), [])
        self.assertEqual(self.marked("failed")["known"], "their clock is coarse")

    def test_another_failure_does(self):
        for other in ({"check": "fifo"}, {"kind": "model"}, {"channel": "mine"}):
            self.assertEqual(len(outcome.failed_checks([self.marked("failed", **other)])), 1)

    def test_what_passes_again_fails_the_run(self):
        [failed] = outcome.failed_checks([self.marked("passed")])
        self.assertIn("but it passes: remove the entry", failed["detail"])

    def test_after_its_day_it_fails_the_run(self):
        [failed] = outcome.failed_checks([self.marked("failed", today=self.DAY + datetime.timedelta(1))])
        self.assertIn("it was known (their clock is coarse) until 2027-01-31", failed["detail"])

    def test_a_run_of_nothing_is_no_pass(self):
        checks = [
            {"channel": channel, "kind": kind, "verdict": verdict}
            for channel, kind, verdict in (
                *(("large", "property", "passed"), ("large", "property", "not_applicable")),
                *(("large", "model", "not_applicable"), ("mine", "model", "failed")),
            )
        ]
        told = ["large: no model executed anything, so its pass says nothing of it"]
        self.assertEqual(outcome.nothing_executed(checks), told)

    def test_a_line_of_the_contract(self):
        text = self.ENTRY.replace("property/deadlines", "contract/37")
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / known.FILE).write_text(text)
            line = {"channel": "theirs", "number": 37, "verdict": "failed"}
            marked = known.mark(Project(pathlib.Path(folder)), [line], self.DAY)
        self.assertEqual(outcome.broken_lines(marked), [])

    def test_bad_entries_are_named(self):
        for text, message in (
            ("[[known]", "is not TOML"),
            (self.ENTRY.replace("reason", "because"), "`reason` of an entry is not a text"),
            (self.ENTRY.replace("2027-01-31", '"soon"'), "`expires` of an entry is not a date, such as"),
            (self.ENTRY + "severity = 3", "an entry has `severity`, which is not understood"),
        ):
            with self.assertRaisesRegex(BadResults, message):
                self.marked("failed", text)


class Junit(unittest.TestCase):
    def test_every_verdict_is_told(self):
        check = {
            "channel": "mine",
            "kind": "model",
            "expected": "passed",
            "detail": "lost\x1b[0m & late",
            "seconds": 1.5,
        }
        checks = [check | {"check": name, "verdict": name} for name in ("passed", "failed", "not_applicable")]
        checks.append(check | {"check": "old", "verdict": "failed", "known": "since 2025"})
        line = {
            "channel": "mine",
            "test": "contract.037.never_early",
            "verdict": "failed",
            "detail": "",
            "seconds": 0.0,
        }
        cell = gate.Verdict("mine", "seq/1/1", 0.05, stats.Estimate(1.3, 1.2, 1.4, 15), "slower")
        dearer = exact_costs.Change("mine", "128", "send", "updates", 1, 2)
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "verdicts.xml"
            junit.write(file, checks, [line], [cell], [dearer])
            [suite] = xml.parse(file).getroot()
        self.assertEqual((suite.get("tests"), suite.get("failures"), suite.get("skipped")), ("7", "4", "2"))
        told = {case.get("name"): [(part.tag, part.get("message")) for part in case] for case in suite}
        self.assertEqual(told["model passed"], [])
        self.assertEqual(told["model failed"], [("failure", "lost[0m & late")])
        self.assertEqual(told["model old"], [("skipped", "since 2025")])
        self.assertEqual(told["contract.037.never_early"], [("failure", "failed")])
        self.assertEqual(told["speed seq/1/1"][0][0], "failure")
        self.assertEqual(told["cost send at 128"], [("failure", "mine at capacity 128, send: 1 -> 2 updates")])


class Differs(unittest.TestCase):
    RUNNER = """#!/bin/sh
        if [ "$1" = --list ]; then echo "  15 exactly_c_sends: Exactly C sends succeed."; exit 0; fi
        while [ "$1" != --json ]; do shift; done
        echo '[{"number": 15, "name": "exactly_c_sends", "behaviour": "Exactly C sends succeed.", "channel": "theirs",
                "verdict": "failed", "detail": "capacity.cpp:148 does not hold", "seconds": 0.1}]' > "$2"
        exit 1
    """

    def verdict_of(self, role: str) -> dict:
        with tempfile.TemporaryDirectory() as folder:
            runner = pathlib.Path(folder) / "contract"
            runner.write_text(self.RUNNER)
            runner.chmod(0o755)
            [verdict] = contract.run_on(
                Project(pathlib.Path(folder)), [Channel("theirs", role, runners={"contract": runner})]
            )
        self.assertIn("--line 15 --channel theirs", verdict["detail"])
        return verdict

    def test_a_third_party_channel_differs(self):
        verdict = self.verdict_of("third_party")
        self.assertEqual(verdict["verdict"], "differs")
        self.assertEqual(outcome.broken_lines([verdict]), [])
        self.assertEqual(contract.held([verdict]), set())

    def test_another_fails(self):
        verdict = self.verdict_of("core")
        self.assertEqual(outcome.broken_lines([verdict]), [verdict])


class FirstFailure(unittest.TestCase):
    def test_is_told_while_other_runners_still_run(self):
        channel = Channel(
            "theirs", runners={"properties": pathlib.Path("p"), "models": pathlib.Path("m")}, kind="oneshot"
        )
        told = threading.Event()

        def run(task, *_):
            check = {"channel": "theirs", "kind": task.kind, "check": "handoff", "expected": "passed", "executions": 1}
            if task.tool == "models":
                return [check | {"verdict": "failed", "claim": "", "detail": "", "reproduce": ""}]
            return [check | {"verdict": "passed" if told.wait(10) else "too late"}]

        with (
            tempfile.TemporaryDirectory() as folder,
            unittest.mock.patch.object(verify, "run_task", run),
            unittest.mock.patch.object(verify, "show_failure", lambda check: told.set()),
            contextlib.redirect_stdout(io.StringIO()),
        ):
            found = verify.verify(Project(pathlib.Path(folder)), [channel], "quick", 1)
        self.assertEqual([check["verdict"] for check in found], ["failed", "passed"])


class Words(unittest.TestCase):
    def test_how_a_process_ended(self):
        self.assertEqual(common.ended(-11), "ended by SIGSEGV")
        self.assertEqual(common.ended(6), "ended with exit code 6")

    def test_long_lines_are_cut(self):
        text = "no progress for 3 s:\n" + "recv " * 1000
        self.assertEqual(verify.clipped(text).count("\n"), 1)
        self.assertIn("… (5,000 characters; replay has the whole scenario)", verify.clipped(text))
        self.assertEqual(verify.clipped("short"), "short")


if __name__ == "__main__":
    unittest.main()
