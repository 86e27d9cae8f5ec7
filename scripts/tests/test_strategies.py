"""Search strategies: what is measured, what is made of it, and what the command refuses."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest
from unittest import mock

from sluice_cli import common, registry, strategies, strategies_plot
from sluice_cli.common import HOME
from sluice_cli.strategies import Bug

BUILD = pathlib.Path(os.environ.get("SLUICE_TEST_BUILD", HOME / "build" / "release"))

ROW = {
    **{"file": "cores/mine.hpp", "line": 7, "column": 3, "role": "store", "mutation": "release->relaxed"},
    **{"verdict": "killed", "channel": "mine", "killed_by": "handoff at capacity 1"},
}


def runs(*executions: int, found: bool = True) -> list[dict]:
    return [{"found": found, "executions": each, "seconds": 0.5} for each in executions]


class Figures(unittest.TestCase):
    def test_a_search_that_is_broken_off_counts_with_what_it_tried(self):
        self.assertEqual(strategies.executions_for_a_find(runs(10, 20)), 15)
        self.assertEqual(strategies.executions_for_a_find(runs(10, 20) + runs(70, found=False)), 50)
        self.assertEqual(strategies.executions_for_a_find(runs(70, 70, found=False)), 140)

    def test_the_hard_bugs_have_a_mean_of_their_own(self):
        bugs = [
            {"runs": {"a": runs(1, 1), "b": runs(4, 4)}},
            {"runs": {"a": runs(100, 100), "b": runs(25, 25)}},
            {"runs": {"a": runs(16, 16), "b": runs(500, 500, found=False)}},
        ]
        a, b = strategies.summary(bugs, ["a", "b"], hard=30)
        self.assertAlmostEqual(a["executions_hard"], 40)
        self.assertAlmostEqual(b["executions_hard"], (25 * 1000) ** 0.5)
        self.assertAlmostEqual(a["executions"], 1600 ** (1 / 3))
        self.assertEqual((a["missed"], b["missed"]), (0, 2))
        self.assertEqual(a["seconds"], 3)

    def test_the_picture_is_drawn_also_where_nothing_was_found(self):
        data = {
            **{"strategies": ["a", "b"], "executions": 500},
            "bugs": [{"name": "x", "runs": {"a": runs(3, 40), "b": runs(500, 500, found=False)}}],
        }
        with tempfile.TemporaryDirectory() as folder:
            strategies_plot.draw(data, pathlib.Path(folder) / "x.png")
            self.assertGreater((pathlib.Path(folder) / "x.png").stat().st_size, 10_000)


class Mutants(unittest.TestCase):
    def test_each_killed_mutant_is_searched_for_where_it_was_killed(self):
        rows = [ROW, ROW | {"verdict": "accepted"}, ROW | {"killed_by": "the runner"}]
        self.assertEqual(
            strategies.mutants_of(rows),
            [Bug("mine", "handoff", "1", "cores/mine.hpp:7:3:store:release->relaxed")],
        )

    def test_a_file_without_mutants_is_refused(self):
        old = {key: value for key, value in ROW.items() if key != "column"}
        for rows, expected in (([], "a.json has no audit"), ([old], "a.json is of an older version")):
            with mock.patch.object(strategies.results, "load", return_value={"audit": rows}):
                with self.assertRaisesRegex(common.BadResults, expected):
                    strategies._audit_of(pathlib.Path("a.json"))

    def test_a_channel_without_models_is_refused(self):
        with self.assertRaisesRegex(common.Usage, "no models of: mine"):
            strategies.measure([], [Bug("mine", "handoff", "1")], ["pos"], 1, 10)


@unittest.skipUnless((BUILD / "weak_publish_models").exists(), "needs the model runner of weak_publish")
class Runner(unittest.TestCase):
    def ask(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([BUILD / "weak_publish_models", *arguments], capture_output=True, text=True, timeout=60)

    def test_the_usual_strategy_is_the_runners_own(self):
        arguments = ("--check", "handoff", "--measure-search", "4", "--executions", "2000")
        found = [
            [{k: run[k] for k in ("found", "executions")} for c in json.loads(done.stdout) for run in c["runs"]]
            for done in (self.ask(*arguments), self.ask(*arguments, "--strategy", strategies.USUAL))
        ]
        self.assertEqual(found[0], found[1])
        self.assertTrue(all(run["found"] for run in found[0]))
        self.assertEqual(len(found[0]), 4)

    def test_a_faulty_channel_is_searched_at_its_first_failing_capacity(self):
        channels = [c for c in registry.configured(BUILD) if c.name == "weak_publish"]
        bugs = strategies._faulty(channels)
        self.assertEqual(bugs, [Bug("weak_publish", "handoff", "1")])
        [row] = strategies.measure(channels, bugs, ["pos", "uniform"], 3, 1000)
        self.assertEqual([len(row["runs"][s]) for s in ("pos", "uniform")], [3, 3])
        with self.assertRaisesRegex(common.Usage, "`fastest` is no mix of strategies"):
            strategies.measure(channels, bugs, ["fastest"], 3, 1000)

    def test_mistakes_are_named(self):
        for arguments, expected in (
            (("--strategy", "fastest"), "`fastest` is no mix of strategies: give shares of uniform"),
            (("--measure-search", "3"), "--measure-search goes with --check"),
            (("--measure-search", "-3"), "--measure-search"),
        ):
            done = self.ask(*arguments)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(expected, done.stderr)


if __name__ == "__main__":
    unittest.main()
