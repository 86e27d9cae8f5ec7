"""The gate: its statistics, exact costs, and what it says of them."""

import json
import math
import pathlib
import random
import subprocess
import tempfile
import unittest
from unittest import mock

from sluice_cli import exact_costs, gate, sequential, stats
from sluice_cli.common import HOME, BuildFailed, Usage
from sluice_cli.project import Project
from sluice_cli.registry import Channel

ERROR = 0.01 / 40


class AnyTime(unittest.TestCase):
    def test_no_end_before_values_can_bound_it(self):
        for count, ends in ((16, (0.0, math.inf)), (17, (1.0, 1.0))):
            estimate = stats.median_at_any_time([1.0] * count, ERROR)
            self.assertEqual((estimate.low, estimate.high), ends)

    def test_however_often_one_looks_the_median_is_inside(self):
        draw = random.Random(7)
        excluded = 0
        for _ in range(200):
            values = []
            for _ in range(200):
                values.append(draw.lognormvariate(0, 0.1))
                estimate = stats.median_at_any_time(values, 0.05)
                if not estimate.low <= 1 <= estimate.high:
                    excluded += 1
                    break
        # 10 of 200 at most in the long run, of which 18 are three standard deviations; looks at an interval for one look
        # alone exclude it in half of the runs.
        self.assertLess(excluded, 18)
        self.assertGreater(excluded, 0)

    def test_more_values_than_a_float_counts(self):
        estimate = stats.median_at_any_time([1.0, 2.0] * 1000, ERROR)
        self.assertEqual((estimate.low, estimate.high), (1.0, 2.0))


class Judge(unittest.TestCase):
    def verdict(self, middle: float, spread: float, pairs: int) -> str:
        draw = random.Random(5)
        return sequential.judge([draw.gauss(middle, spread) for _ in range(pairs)], 0.05, ERROR)[1]

    def test_each_verdict(self):
        self.assertEqual(self.verdict(1.0, 0.01, 17), "same")
        self.assertEqual(self.verdict(1.06, 0.01, 17), "slower")
        self.assertEqual(self.verdict(0.94, 0.01, 17), "faster")
        self.assertEqual(self.verdict(1.0, 0.2, 40), "undecided")

    def test_none_from_few_pairs(self):
        self.assertEqual(self.verdict(2.0, 0.01, 16), "undecided")

    def test_noise_is_never_called_the_same(self):
        self.assertEqual(sequential.judge([0.7, 1.4] * 30, 0.05, ERROR)[1], "undecided")

    def test_one_word_for_all(self):
        def of(*kinds):
            return gate.overall([gate.Verdict("c", "w", 0.05, stats.Estimate(1, 1, 1, 17), kind) for kind in kinds])

        self.assertEqual(of("same", "same", "too noisy"), "same")
        self.assertEqual(of("same", "faster"), "faster")
        self.assertEqual(of("faster", "slower", "same"), "slower")
        self.assertEqual(of("too noisy", "too noisy", "same"), "too noisy")
        self.assertEqual(of("too noisy", "too noisy", "slower"), "slower")


class Sampling(unittest.TestCase):
    """Comparisons whose samples are drawn here."""

    def compare(self, slowdown: dict[str, float], spread: float = 0.01, minutes: float = 1) -> dict[str, str]:
        draw = random.Random(3)
        sides = {side: Channel(side) for side in ("base", "current")}

        def cells(channels):
            return [
                sequential.bench.Cell(channels[0], shape, "128", threads)
                for shape, threads in (("seq", 1), ("spsc", 1), ("mpmc", 4))
            ]

        def take(cell, messages):
            self.taken += 1
            factor = slowdown.get(cell.shape, 1) if cell.channel.name == "current" else 1
            return {"ns_per_message": 20 * factor * draw.lognormvariate(0, spread), "messages": messages}

        self.taken = 0
        both = [mock.patch.object(sequential.bench, "cells", cells), mock.patch.object(sequential.bench, "take", take)]
        # The names of the channels are what both sides have in common.
        same = mock.patch.object(
            sequential, "_cells", lambda channels: {("mine", cell.name): cell for cell in cells(channels)}
        )
        with both[0], both[1], same:
            comparison = sequential.Comparison([sides["base"]], [sides["current"]], 1, 0.05)
            return {v.workload.split("/")[0]: v.verdict for v in comparison.run(minutes)}

    def test_clear_cells_cost_little(self):
        self.assertEqual(self.compare({}), {"seq": "same", "spsc": "same", "mpmc": "same"})
        self.assertLess(self.taken, 3 * (2 * 20 + 1))

    def test_a_slowdown_is_found_where_it_is(self):
        self.assertEqual(self.compare({"spsc": 1.06}), {"seq": "same", "spsc": "slower", "mpmc": "same"})

    def test_what_time_does_not_decide_is_too_noisy(self):
        found = self.compare({}, spread=1.0, minutes=0.002)
        self.assertEqual(set(found.values()), {"too noisy"})


class Costs(unittest.TestCase):
    ROW = {"core": "sync", "capacity": "128", "operation": "send", "loads": 2, "updates": 1}

    def test_one_more_update_a_message_has_its_name(self):
        [change] = exact_costs.changes([self.ROW], [self.ROW | {"updates": 2}])
        self.assertTrue(change.rises)
        self.assertEqual(str(change), "sync at capacity 128, send: 1 -> 2 updates")

    def test_a_count_that_appears_or_vanishes(self):
        without = {key: value for key, value in self.ROW.items() if key != "loads"}
        self.assertEqual([c.rises for c in exact_costs.changes([without], [self.ROW])], [True])
        self.assertEqual([c.rises for c in exact_costs.changes([self.ROW], [without])], [False])

    def test_a_new_operation_has_nothing_to_compare(self):
        self.assertEqual(exact_costs.changes([self.ROW], [self.ROW | {"operation": "flush"}, self.ROW]), [])

    def test_the_table_of_this_tree_is_read(self):
        self.assertTrue(exact_costs.listed(HOME))
        self.assertEqual(exact_costs.listed(pathlib.Path("/no/such")), [])


class Outcome(unittest.TestCase):
    def outcome(self, verdict: str, high: float = 1.4, costs: list = ()) -> gate.Outcome:
        cell = gate.Verdict("sync", "spsc/128/1", 0.05, stats.Estimate(1.3, 1.2, high, 20), verdict)
        return gate.Outcome("abcdef0123456789", "current", "scripts/sluice gate --base main", [cell], list(costs))

    def test_exit_codes(self):
        rise = exact_costs.Change("sync", "128", "send", "updates", 1, 2)
        fall = exact_costs.Change("sync", "128", "send", "updates", 2, 1)
        self.outcome("same", costs=[fall]).require_not_worse()
        for found, code, said in (
            (self.outcome("slower"), 3, "sync spsc/128/1 takes 1.300 (1.200 – 1.400) of its time"),
            (self.outcome("same", costs=[rise]), 3, "sync at capacity 128, send: 1 -> 2 updates"),
            (self.outcome("too noisy"), 7, "sync spsc/128/1 may take up to 1.40 of its time"),
        ):
            with self.assertRaises(gate.Failure) as raised:
                found.require_not_worse()
            self.assertEqual(raised.exception.exit_code, code)
            self.assertIn(said, raised.exception.message)

    def test_files(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            self.outcome("too noisy", math.inf).write(folder)
            data = json.loads((folder / "gate.json").read_text(), parse_constant=self.fail)
            self.assertIsNone(data["cells"][0]["ratio"]["high"])
            summary, again = (folder / "gate.md").read_text().splitlines()[:2]
        self.assertTrue(summary.startswith("**too noisy**: not worse than abcdef012345. 0 of 1 workloads are decided"))
        self.assertEqual(again, "Again: `scripts/sluice gate --base main`")


class Revisions(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.source = pathlib.Path(self.folder.name) / "project"
        self.source.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        (self.source / "CMakeLists.txt").write_text("project(mine LANGUAGES NONE)\n")
        self.commit()

    def git(self, *arguments: str) -> None:
        author = ("-c", "user.name=n", "-c", "user.email=n@example.org")
        command = ["git", "-C", str(self.source), *author, *arguments]
        subprocess.run(command, check=True, capture_output=True)

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=change")

    def test_a_shallow_clone_is_told_so(self):
        self.commit()
        clone = pathlib.Path(self.folder.name) / "clone"
        self.git("clone", "--quiet", "--depth=1", f"file://{self.source}", str(clone))
        with self.assertRaisesRegex(Usage, "no revision `HEAD~1`.*a shallow clone: fetch its history"):
            gate.checkout(Project(clone), "HEAD~1")
        with self.assertRaises(Usage) as whole:
            gate.checkout(Project(self.source), "HEAD~9")
        self.assertNotIn("shallow", whole.exception.message)

    def test_a_base_that_does_not_build(self):
        (self.source / "CMakeLists.txt").write_text('project(mine LANGUAGES NONE)\nmessage(FATAL_ERROR "broken")\n')
        self.commit()
        commit, old = gate.checkout(Project(self.source), "HEAD")
        self.assertEqual(len(commit), 40)
        with mock.patch.object(gate.build, "package", return_value=self.source):
            with self.assertRaisesRegex(BuildFailed, "^the base revision does not build, so name another: .*broken"):
                gate.build_benchmarks(Project(self.source), old)
