"""Statistics, goals, advice and the report."""

from __future__ import annotations

import pathlib
import random
import tempfile
import unittest

from sluice_cli import advise, bench, compare, figures, goals, history, page, results, stats, trend
from sluice_cli.common import BadResults
from sluice_cli.figures import Roles
from sluice_cli.project import OWN
from sluice_cli.registry import Channel


def sample(channel: str, shape: str, capacity: str, threads: int, time: float, round_trip: float = 220.0) -> dict:
    latency = {"p50_ns": time, "p90_ns": 2 * time, "p99_ns": 4 * time, "p999_ns": 9 * time}
    return {
        "channel": channel,
        "shape": shape,
        "capacity": capacity,
        "threads": threads,
        "pinned": True,
        "messages": 1000.0,
        "ns_per_message": time,
        "cpu_ns_per_message": 2 * time,
        "switches_per_message": 0.1,
        **(latency if shape == "ping_pong" else {}),
        "probe": {
            "round_trip_before_ns": round_trip,
            "round_trip_after_ns": 220.0,
            "pause_before_ns": 4.5,
            "pause_after_ns": 4.5,
        },
        "compiler": "g++ 12.2.0",
        "command": f"build/release/{channel}_bench --filter '^{shape}/'",
        "benchmark_library": "release",
        "outlier": False,
    }


CHANNELS = [
    Channel("spsc", "facade"),
    Channel("mpmc", "facade"),
    Channel("sync", "core"),
    Channel("mutex", "baseline"),
    *(Channel(name, "third_party") for name in ("crossbeam", "flume", "tbb_bounded", "atomic_queue")),
    Channel("go", "third_party", language="Go"),
]
ROLES = Roles.of({"channels": [channel.described for channel in CHANNELS]})


class Median(unittest.TestCase):
    def test_of_few_values_the_interval_is_all(self):
        self.assertEqual(stats.median([3, 1, 2]), stats.Estimate(2, 1, 3, 3))

    def test_the_interval_covers_as_often_as_it_says(self):
        draw = random.Random(3)
        covered = 0
        for _ in range(2000):
            e = stats.median([draw.gauss(0, 1) for _ in range(15)])
            covered += e.low <= 0 <= e.high
        self.assertGreater(covered / 2000, 0.94)
        self.assertLess(covered / 2000, 0.999)


class Compare(unittest.TestCase):
    def test_changes_are_listed_the_largest_first(self):
        def run(slow: float, trip: float) -> list[dict]:
            stable = [sample("a", "mpmc", "128", 4, 50.0 + i) for i in range(5)]
            moved = [sample("b", "spsc", "128", 1, slow + i) for i in range(5)]
            trips = [sample("b", "ping_pong", "1", 1, trip + i) for i in range(5)]
            # Outliers are not counted.
            return stable + moved + trips + [sample("c", "mpmc", "128", 4, slow) | {"outlier": True}]

        shared, changed = compare.compare(run(100, 400), run(200, 1600))
        self.assertEqual(shared, 4)
        self.assertEqual(
            [(c.channel, c.workload, c.figure) for c in changed],
            [("b", "ping_pong/1/1", "p50_ns"), ("b", "ping_pong/1/1", "p99_ns"), ("b", "spsc/128/1", "ns_per_message")],
        )
        self.assertEqual(len(compare.compare(run(200, 1600), run(100, 400))[1]), 3)
        self.assertEqual(compare.compare(run(100, 400), run(103, 404))[1], [])

    def test_nothing_in_common(self):
        with self.assertRaises(BadResults):
            compare.compare([sample("a", "mpmc", "128", 4, 50.0)], [sample("b", "mpmc", "128", 4, 50.0)])


class Outliers(unittest.TestCase):
    def test_a_sample_in_another_state_is_marked_and_not_counted(self):
        samples = [sample("a", "spsc", "1", 1, 10.0) for _ in range(9)]
        samples.append(sample("a", "spsc", "1", 1, 99.0, round_trip=37.0))
        bench.mark_outliers(samples)
        self.assertEqual([s["outlier"] for s in samples], [False] * 9 + [True])
        self.assertEqual(figures.estimate(samples, "ns_per_message", channel="a").count, 9)

    def test_a_machine_whose_state_changes_all_the_time_leaves_samples(self):
        samples = [sample("a", "spsc", "1", 1, 10.0, round_trip=100.0 * 1.5**n) for n in range(10)]
        for s in samples:
            s["probe"]["round_trip_after_ns"] = s["probe"]["round_trip_before_ns"]
        bench.mark_outliers(samples)
        self.assertEqual(sum(s["outlier"] for s in samples), 0)


# Lists two workloads; the first one crashes.
CRASHING = """#!/bin/sh
case "$*" in
*--list*) printf 'seq/1/1/x\nspsc/1/1/x\n'; exit ;;
*^seq*) kill -SEGV $$ ;;
esac
while [ "$1" != --json ]; do shift; done
cat > "$2" <<'END'
{"context": {"compiler": "g++"}, "benchmarks": [{"messages": 1, "ns_per_message": 1, "cpu_ns_per_message": 1,
 "switches_per_message": 1, "round_trip_before_ns": 1, "round_trip_after_ns": 1, "pause_before_ns": 1, "pause_after_ns": 1}]}
END
"""


class Measure(unittest.TestCase):
    def test_a_workload_that_crashes_leaves_the_others_samples(self):
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder) / "crashing_bench"
            program.write_text(CRASHING)
            program.chmod(0o755)
            effort = bench.Effort(messages=1, rounds=2, other_rounds=1, threads=(), minutes=1)
            for role, of_own in (("core", 1), ("third_party", 0)):
                channels = [Channel("crashing", role, runners={"bench": program})]
                samples, lost = bench.measure(channels, effort, seed=1)
                # An unpinned one follows the rounds.
                self.assertEqual({s["shape"] for s in samples}, {"spsc"})
                self.assertEqual(len(lost), of_own)


class Goals(unittest.TestCase):
    def run_of(self, **times: float) -> list[dict]:
        """Each channel at one time in the cells of one producer and one consumer."""
        return [
            sample(channel, "spsc", capacity, 1, time + n / 100)
            for channel, time in times.items()
            for capacity in goals.DEEP
            for n in range(5)
        ]

    def of(self, samples: list[dict], against: str, what: str) -> goals.Goal:
        [found] = [g for g in goals.all_of(samples, ROLES) if (g.against, g.what) == (against, what)]
        return found

    def test_twice_as_fast_meets_twice_and_not_five_times(self):
        samples = self.run_of(spsc=10, crossbeam=21, mutex=21)
        self.assertIs(self.of(samples, "crossbeam", "spsc").met, True)
        self.assertIs(self.of(samples, "mutex", "spsc").met, False)

    def test_a_good_mean_does_not_excuse_a_slower_cell(self):
        samples = self.run_of(spsc=10, crossbeam=100)
        samples += [sample("crossbeam", "spsc", "128", 1, 9.0) for _ in range(99)]
        found = self.of(samples, "crossbeam", "spsc")
        self.assertIs(found.met, False)
        self.assertIn("spsc 128", found.measured)

    def test_what_was_not_measured_is_neither_met_nor_missed(self):
        self.assertIsNone(self.of(self.run_of(spsc=10, crossbeam=21), "tbb_bounded", "spsc").met)
        self.assertEqual(goals.all_of([], ROLES), [])

    def test_the_best_peer_is_the_best_of_each_cell(self):
        samples = self.run_of(spsc=10, flume=30) + [sample("atomic_queue", "spsc", "128", 1, 12.0) for _ in range(5)]
        self.assertEqual([round(r.value, 1) for r in goals.best_of(samples, ROLES, goals.SPSC)], [1.2, 3.0, 3.0])
        self.assertIs(self.of(samples, goals.PEER, "spsc").met, True)

    def test_batches_are_compared_with_single_messages(self):
        what = "mpmc in batches of 32, capacity 128, 4 a side"
        for batch, met in ((9.0, True), (11.0, False)):
            samples = [sample("mpmc", s, "128", 4, t) for s, t in (("mpmc", 20.0), ("mpmc_batch", batch))]
            self.assertIs(self.of(samples, "absolute", what).met, met)


class Advice(unittest.TestCase):
    def test_names_what_to_include_and_the_nearest_cell(self):
        for asked, make, cell in (
            (("one", "one", None, False), "sluice::spsc::unbounded<T>()", ("spsc", "unbounded")),
            (("many", "one", 40, False), "sluice::mpsc::sync_channel<T>(40)", ("mpsc", "128")),
            (("one", "many", 0, False), "sluice::mpmc::bounded<T>(0)", ("mpmc", "0")),
            (("one", "one", 9, True), "sluice::spsc::bounded<T>(9)", ("ping_pong", "1")),
        ):
            need = advise.Need(*asked)
            self.assertEqual((need.make, need.cell), (make, cell))

    def test_ranks_by_the_samples_and_says_if_there_are_none(self):
        samples = [sample(name, "mpmc", "128", 4, time) for name, time in (("a", 3.0), ("b", 1.0), ("mpmc", 2.0))]
        need = advise.Need("many", "many", 10, False)
        self.assertEqual([name for name, _ in advise.ranking(samples, need)], ["b", "mpmc", "a"])
        self.assertEqual(advise.ranking([], need), [])
        with self.assertRaisesRegex(BadResults, "mpmc 128"):
            advise.show({"samples": [], "channels": []}, need)

    def test_answers_the_common_needs_that_were_measured(self):
        samples = [sample(name, "mpmc", "128", 4, time) for name, time in (("go", 3.0), ("sync", 1.0), ("mpmc", 2.0))]
        [choice] = advise.choices({"samples": samples, "channels": [channel.described for channel in CHANNELS]})
        self.assertEqual(choice.make, "sluice::mpmc::bounded<T>(128)")
        self.assertEqual((choice.cost, choice.next_best), ("2 ns (2 – 2) a message", "go: 3 ns (3 – 3)"))


class Looks(unittest.TestCase):
    def test_a_channel_looks_the_same_whatever_is_measured(self):
        from sluice_cli import plots

        style = plots.Style(ROLES)
        names = [channel.name for channel in CHANNELS]
        looks = {name: (style.colour(name), style.marker(name)) for name in names}
        self.assertEqual(len({colour for colour, _ in looks.values()}), len(names))
        # One more channel at the end of the registry changes no other.
        more = Roles(ROLES.by_name | {"newcomer": "third_party"})
        self.assertEqual(
            looks, {name: (plots.Style(more).colour(name), plots.Style(more).marker(name)) for name in names}
        )


def failed_check() -> dict:
    return {
        "channel": "left",
        "kind": "property",
        "check": "conservation",
        "claim": "Nothing <is> lost.",
        "verdict": "failed",
        "expected": "passed",
        "detail": "message 3 was received 0 times",
        "reproduce": "left_properties --check conservation",
        "executions": 17,
        "seconds": 0.1,
        "seed": 1,
    }


class Report(unittest.TestCase):
    def write(self, **parts) -> tuple[str, pathlib.Path]:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        channels = [Channel("left"), Channel("right", "third_party")]
        file = page.write(results.new_results(OWN, "quick", 1, channels, **parts), pathlib.Path(folder.name))
        return file.read_text(), pathlib.Path(folder.name)

    def test_searches_for_known_bugs_have_a_picture_and_a_table(self):
        runs = [{"found": True, "executions": n, "seconds": 0.5} for n in (10, 1000)]
        bug = {
            "name": "late",
            "channel": "late",
            "check": "woken",
            "capacity": "1",
            "mutant": "",
            "runs": {"pct": runs},
        }
        text, folder = self.write(
            checks=[failed_check()], strategies={"seeds": 2, "executions": 5000, "strategies": ["pct"], "bugs": [bug]}
        )
        self.assertGreater((folder / "strategies.png").stat().st_size, 10_000)
        self.assertEqual(text.count("data:image/png;base64,"), 1)
        self.assertIn('<code>pct</code></td><td class="number">505.0</td><td class="number">505</td>', text)

    def test_a_page_with_pictures_and_figures(self):
        samples = []
        for channel, base in (("left", 10.0), ("right", 30.0)):
            for shape, threads in (("seq", 1), ("spsc", 1), ("mpsc", 4), ("ping_pong", 1), ("mpmc", 2), ("mpmc", 4)):
                samples += [sample(channel, shape, "1", threads, base + n) for n in range(5)]
        text, folder = self.write(checks=[failed_check()], samples=samples)
        for picture in ("heat.png", "throughput.png", "latency.png", "loads.png", "scaling.png", "costs.png"):
            self.assertGreater((folder / picture).stat().st_size, 10_000)
        self.assertEqual(text.count("data:image/png;base64,"), 6)
        self.assertIn("Nothing &lt;is&gt; lost.", text)
        self.assertIn("message 3 was received 0 times", text)
        self.assertIn("build/release/left_bench --filter &#39;^mpmc/&#39;", text)
        self.assertNotIn("http://", text.replace("http://www.w3.org", ""))

    def test_the_verdict_is_green_only_if_something_was_verified(self):
        self.assertIn('class="verdict bad"', self.write(checks=[failed_check()])[0])
        self.assertIn('class="verdict good"', self.write(checks=[failed_check() | {"verdict": "passed"}])[0])
        nothing = self.write()[0]
        self.assertIn("This run verified nothing", nothing)
        self.assertNotIn('class="verdict good"', nothing)
        unapplied = failed_check() | {"verdict": "not_applicable", "executions": 0}
        self.assertNotIn('class="verdict good"', self.write(checks=[unapplied])[0])

    def test_only_lines_that_were_tested_count_as_holding(self):
        line = {
            **{
                "number": 69,
                "name": "moves",
                "test": "contract.069",
                "behaviour": "Moves.",
                "channel": "left",
                "verdict": "passed",
            },
            **{"detail": "", "seconds": 0.1},
        }
        unapplied = line | {"number": 70, "verdict": "not_applicable", "detail": "it says nothing new"}
        self.assertIn(">Passed:</strong>\n1 lines of the contract hold.", self.write(contract=[line, unapplied])[0])
        self.assertNotIn('class="verdict good"', self.write(contract=[unapplied])[0])


class History(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = pathlib.Path(folder.name) / "history.jsonl"

    def measured(self, time: float, **parts) -> dict:
        channels = [Channel("fast", "facade"), Channel("slow", "core"), Channel("rival", "third_party")]
        samples = [
            sample(channel.name, shape, "128", threads, time + n)
            for channel in channels
            for shape, threads in (("spsc", 1), ("mpmc", 4))
            for n in range(6)
        ]
        return results.new_results(OWN, "none", 1, channels, samples=samples, **parts)

    def test_a_line_for_each_run_that_measured(self):
        costs = [{"core": "sync", "capacity": "1", "operation": name, "updates": 1} for name in ("send", "clone")]
        history.append(self.file, self.measured(10, costs=costs))
        history.append(self.file, results.new_results(OWN, "quick", 1, []))
        history.append(self.file, self.measured(20) | {"machine": {"processor": "other"}})
        first, second = history.load(self.file)
        self.assertEqual(first["times"]["fast"], {"spsc/128": [12.5, 10, 15], "mpmc/128": [12.5, 10, 15]})
        self.assertEqual(set(first["times"]), {"fast", "slow"})
        self.assertEqual(first["costs"], {"sync 1": {"send": {"updates": 1}}})
        self.assertEqual(history.of_one_machine([first, second]), [second])
        self.assertEqual(history.of_one_machine([second, first]), [first])

    def test_pictures(self):
        costs = [{"core": "sync", "capacity": "1", "operation": "send", "updates": 1}]
        for time in (10, 20, 15):
            history.append(self.file, self.measured(time, costs=costs))
        drawn = trend.pictures(history.load(self.file), self.file.parent)
        self.assertEqual([name for _, name, _ in drawn], ["trend.png", "trend_costs.png"])
        for _, name, _ in drawn:
            self.assertGreater((self.file.parent / name).stat().st_size, 10_000)

    def test_the_baseline_alone_and_nothing(self):
        lines = [history.line_of(self.measured(10)) for _ in range(2)]
        for line in lines:
            line["roles"] = {"fast": "baseline"}
        self.assertEqual([name for _, name, _ in trend.pictures(lines, self.file.parent)], ["trend.png"])
        (self.file.parent / "trend.png").unlink()
        for line in lines:
            line["times"] = {}
        self.assertEqual(trend.pictures(lines, self.file.parent), [])

    def test_a_broken_line_has_its_number(self):
        history.append(self.file, self.measured(10))
        with open(self.file, "a") as lines:
            lines.write('{"schema": "sluice-his\n')
        with self.assertRaisesRegex(BadResults, r"history\.jsonl:2 is no line of a history of this version: remove"):
            history.load(self.file)
        with self.assertRaisesRegex(BadResults, "bench and report write it"):
            history.load(self.file.with_name("none.jsonl"))


if __name__ == "__main__":
    unittest.main()
