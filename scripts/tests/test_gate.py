"""The gate: its statistics, exact costs, calibration, and what it says of them."""

import json
import math
import multiprocessing
import os
import pathlib
import random
import subprocess
import tempfile
import unittest
from unittest import mock

from sluice_cli import (
    bench,
    benchmark_builds,
    calibrate,
    common,
    exact_costs,
    gate,
    message_costs,
    pairs,
    sequential,
    stats,
)
from sluice_cli.common import HOME, BadResults, BuildFailed, Usage
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
        self.assertEqual(self.verdict(1.0, 0.2, 40), "too noisy")

    def test_none_from_few_pairs(self):
        self.assertEqual(self.verdict(2.0, 0.01, 16), "too noisy")

    def test_noise_is_never_called_the_same(self):
        self.assertEqual(sequential.judge([0.7, 1.4] * 30, 0.05, ERROR)[1], "too noisy")

    def test_one_word_for_all(self):
        def of(*kinds):
            return gate.overall([gate.Verdict("c", "w", 0.05, stats.Estimate(1, 1, 1, 17), kind) for kind in kinds])

        self.assertEqual(of("same", "same"), "same")
        self.assertEqual(of("same", "faster", "too noisy"), "partly decided")
        self.assertEqual(of("same", "faster"), "faster")
        self.assertEqual(of("faster", "slower", "same"), "slower")
        self.assertEqual(of("too noisy", "too noisy", "same"), "too noisy")
        self.assertEqual(of("too noisy", "too noisy", "slower"), "slower")


class Decide(unittest.TestCase):
    """Workloads whose ratios are drawn here."""

    KEYS = {("mine", "seq/128/1"): 0.05, ("mine", "spsc/128/1"): 0.05, ("mine", "mpmc/128/4"): 0.1}

    def decide(self, slowdown: dict[str, float], spread: float = 0.01, most: int = 10_000) -> dict[str, str]:
        draw = random.Random(3)
        self.taken = 0

        def sample(key):
            self.taken += 1
            return slowdown.get(key[1].split("/")[0], 1) * draw.lognormvariate(0, spread)

        found = sequential.decide(self.KEYS, sample, lambda: self.taken >= most, draw)
        self.assertEqual([(v.channel, v.workload) for v in found], list(self.KEYS))
        return {v.workload.split("/")[0]: v.verdict for v in found}

    def test_clear_workloads_cost_little(self):
        self.assertEqual(self.decide({}), {"seq": "same", "spsc": "same", "mpmc": "same"})
        self.assertLess(self.taken, 3 * 20)

    def test_a_slowdown_is_found_where_it_is(self):
        self.assertEqual(self.decide({"spsc": 1.06}), {"seq": "same", "spsc": "slower", "mpmc": "same"})

    def test_what_time_does_not_decide_is_too_noisy(self):
        self.assertEqual(set(self.decide({}, spread=1.0, most=100).values()), {"too noisy"})
        self.assertEqual(self.taken, 100)
        self.assertEqual(set(self.decide({}, most=0).values()), {"too noisy"})


class Pairs(unittest.TestCase):
    def test_runners_probe_both_or_neither(self):
        with tempfile.TemporaryDirectory() as folder:
            cells = []
            for name, help in (("old", "--json"), ("new", "--json --no-probe")):
                runner = pathlib.Path(folder) / name
                runner.write_text(f"#!/bin/sh\necho '{help}'\n")
                runner.chmod(0o755)
                cells.append(bench.Cell(Channel(name, runners={"bench": runner}), "seq", "128", 1))
            old, new = cells
            for sides, more in (((old, new), ()), ((new, old), ()), ((new, new), ("--no-probe",))):
                with mock.patch.object(bench, "take", return_value={"ns_per_message": 1}) as take:
                    pairs.ratio(*sides, 500, random.Random(1))
                self.assertEqual([call.kwargs["more"] for call in take.call_args_list], [more, more])

    def test_the_current_build_over_the_base_whichever_is_first(self):
        with tempfile.TemporaryDirectory() as folder:
            cells = []
            for name in ("base", "current"):
                runner = pathlib.Path(folder) / name
                runner.write_text(name)
                cells.append(bench.Cell(Channel(name, runners={"bench": runner}), "seq", "128", 1))
            firsts = set()
            files = set()

            def take(cell, messages, more):
                side = cell.channel.name
                if len(files) % 2 == 0:
                    firsts.add(side)
                runner = cell.channel.runners["bench"]
                self.assertEqual(runner.read_text(), side)
                files.add(runner)
                self.assertEqual((messages, more), (500, {"base": (), "current": ("--slowdown", "1")}[side]))
                return {"ns_per_message": {"base": 10, "current": 12}[side]}

            with mock.patch.object(bench, "take", take), mock.patch.object(pairs, "_knows", return_value=False):
                for seed in range(8):
                    found = pairs.ratio(*cells, 500, random.Random(seed), (), ("--slowdown", "1"))
                    self.assertEqual(found, 1.2)
        self.assertEqual(firsts, {"base", "current"})
        # Each sample has a file of its own, with a name as long as any other's.
        self.assertEqual((len(files), len({len(str(file)) for file in files})), (16, 1))

    def test_a_sample_takes_so_long(self):
        cell = bench.Cell(Channel("mine"), "spsc", "0", 1)
        # At capacity 0, a runner sends a tenth of the messages that it is given; and few messages may take less each.
        samples = []

        def take(cell, messages):
            samples.append(messages)
            return {"ns_per_message": 50 * len(samples), "messages": messages / 10}

        with mock.patch.object(bench, "take", take):
            self.assertEqual(pairs.pilot(cell), (1_500_000, 100))
        self.assertEqual(samples, [100_000, 3_000_000])

    def test_builds_with_nothing_in_common(self):
        with mock.patch.object(bench, "cells", lambda channels: []):
            with self.assertRaisesRegex(Usage, "no benchmark in common"):
                pairs.compare([], [], 1, 0.05, 1)


class Calibration(unittest.TestCase):
    def pool(self, alarms: float = 1.0) -> dict:
        draw = random.Random(9)

        def around(middle, spread):
            return [middle * draw.lognormvariate(0, spread) for _ in range(200)]

        def told(spread, equal=1.0):
            slowed = {part: around(1 + float(part), spread) for part in calibrate.ADDED[1:]}
            return {"seconds": 0.15, "ratios": {"0": around(equal, spread)} | slowed}

        return {"mine seq/128/1": told(0.01, alarms), "mine mpmc/128/4": told(0.05)}

    def test_rates(self):
        found = calibrate.rates(self.pool(), 0.05, 8, seed=1, runs=50)
        self.assertEqual((found.runs, found.alarms), (50, 0))
        self.assertAlmostEqual(found.alarms_at_most, 0.071, places=3)
        self.assertAlmostEqual(found.least("mine seq/128/1"), 0.05, places=2)
        self.assertAlmostEqual(found.least("mine mpmc/128/4"), 0.1, places=1)
        self.assertEqual(found.undecided, 0)
        self.assertEqual({f.same for f in found.found["mine seq/128/1"]}, {0})

    def test_the_rates_of_a_shape_are_those_of_its_workloads(self):
        found = {
            "a seq/1/1": [calibrate.Found("0.05", 0.04, 1.0, 0.0)],
            "b seq/1/1": [calibrate.Found("0.05", 0.06, 0.5, 0.5)],
            "a spsc/0/1": [calibrate.Found("0.05", 0.01, 0.0, 0.2)],
        }
        shapes = calibrate.by_shape(calibrate.Rates(1, 0, 0.1, 1.0, 0.0, found))
        self.assertEqual(list(shapes), ["seq", "spsc"])
        [seq] = shapes["seq"]
        self.assertEqual((round(seq.slowdown, 6), seq.slower, seq.same), (0.05, 0.75, 0.25))

    def test_a_build_that_is_not_equal_to_itself_raises_alarms(self):
        found = calibrate.rates(self.pool(alarms=1.1), 0.05, 8, seed=1, runs=20)
        self.assertEqual(found.alarms, 20)

    def test_no_time_finds_nothing(self):
        found = calibrate.rates(self.pool(), 0.05, 0.01, seed=1, runs=10)
        self.assertEqual((found.alarms, found.undecided), (0, 1))

    def test_a_slowdown_in_noise_is_called_too_noisy(self):
        noise = [0.7, 1.0, 1.05, 1.5] * 50
        of = {"mine seq/128/1": {"seconds": 0.15, "ratios": {part: noise for part in calibrate.ADDED}}}
        [found] = {(f.slower, f.same) for f in calibrate.rates(of, 0.05, 0.5, seed=1, runs=20).found["mine seq/128/1"]}
        self.assertEqual(found, (0, 0))

    def test_some_workloads_have_more_pairs_and_a_calibration_goes_on(self):
        cells = {(name, workload): None for name in ("a", "b") for workload in ("seq/128/1", "spsc/0/1", "seq/1/1")}
        data = {"workloads": {}}
        samples = []
        seconds = 0

        def ratio(base, current, messages, order, *sides):
            nonlocal seconds
            seconds += 1
            samples.append(sides)
            return 1.0

        with tempfile.TemporaryDirectory() as name, mock.patch.multiple(
            pairs, cells=lambda channels: cells, pilot=lambda cell: (500, 20.0), ratio=ratio
        ):
            file = pathlib.Path(name) / calibrate.FILE
            for condition in ("quiet", "busy", "busy"):
                # Enough for one turn, of 24 or 25 pairs.
                with mock.patch.object(calibrate.time, "monotonic", lambda: seconds):
                    calibrate.take_pairs([], data, file, 1, 20 / 60, condition)
            self.assertEqual(json.loads(file.read_text()), data)
        counts = {
            name: {of: [len(ratios) for ratios in told[of]["ratios"].values()] for of in calibrate.CONDITIONS}
            for name, told in data["workloads"].items()
        }
        more, less = {"quiet": [7, 1, 0, 0], "busy": [14, 1, 1, 0]}, {"quiet": [1, 1, 0, 0], "busy": [2, 1, 1, 0]}
        self.assertEqual([name for name in sorted(counts) if counts[name] == more], ["a seq/128/1", "a spsc/0/1"])
        self.assertEqual(sum(counts[name] == less for name in counts), 4)
        self.assertEqual(calibrate.measured(data, "busy"), {})
        self.assertIn((("--slowdown", "0.000"), ("--slowdown", "1.000")), samples)

    def test_a_busy_processor_is_free_again(self):
        with calibrate.busy_processor():
            [process] = multiprocessing.active_children()
            self.assertTrue(process.is_alive())
        self.assertEqual(multiprocessing.active_children(), [])

    def test_it_goes_on_only_with_its_own(self):
        with tempfile.TemporaryDirectory() as name:
            file = pathlib.Path(name) / calibrate.FILE
            self.assertEqual(calibrate.least_found(file.parent, 0.05, 8), {})
            new = calibrate.continued(file, "abc")
            new["workloads"] = {"mine seq/128/1": {}}
            new["gate"] = {"least_effect": 0.05, "minutes": 8, "least": {"mine seq/128/1": 0.04}}
            file.write_text(json.dumps(new))
            self.assertEqual(calibrate.continued(file, "abc"), new)
            self.assertEqual(calibrate.least_found(file.parent, 0.05, 8), new["gate"]["least"])
            self.assertEqual(calibrate.least_found(file.parent, 0.02, 8), {})
            self.assertEqual(calibrate.least_found(file.parent, 0.05, 1), {})
            with self.assertRaisesRegex(Usage, "is of another revision: move it away"):
                calibrate.continued(file, "def")
            file.write_text('{"schema": "sluice-calib')
            with self.assertRaisesRegex(BadResults, "cannot be read.*remove it to calibrate anew"):
                calibrate.continued(file, "abc")


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


FAKE_VALGRIND = """#!/bin/bash
for word in "$@"; do
  case "$previous" in --messages) messages=$word;; --json) json=$word;; esac
  case "$word" in --log-file=*) log=${word#*=};; */*_bench) each=$(cat "$word.instructions");; esac
  previous=$word
done
[ "$each" ] || { echo "an instruction that it does not know" >&2; exit 1; }
echo "{\\"benchmarks\\": [{\\"messages\\": $messages}]}" > "$json"
for ((n = 0; n < messages / 50; ++n)); do echo 'SYSCALL[7,1](202) sys_futex ( 0x1, 129 ) --> [pre-success] Success'; done > "$log"
echo 'SYSCALL[7,1](1) ... [async] --> Success(0x1)' >> "$log"
echo "==7== I refs: $((3000000 + each * messages)) total heap usage: $((40 + messages)) allocs, 9 frees, 1,000 bytes" >> "$log"
"""


class MessageCosts(unittest.TestCase):
    """Counting with a valgrind that is a script."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.program("valgrind", FAKE_VALGRIND)
        path = mock.patch.dict(os.environ, {"PATH": f"{self.folder}:{os.environ['PATH']}"})
        path.start()
        self.addCleanup(path.stop)

    def program(self, name: str, text: str) -> pathlib.Path:
        file = self.folder / name
        file.write_text(text)
        file.chmod(0o755)
        return file

    def channel(self, build: str, instructions: int | str) -> Channel:
        (self.folder / build).mkdir()
        runner = self.program(f"{build}/mine_bench", f"#!/bin/sh\necho seq/128/1/manual\necho seq/n/1/manual # {build}")
        runner.with_name("mine_bench.instructions").write_text(str(instructions))
        return Channel("mine", runners={"bench": runner})

    def test_a_message_costs_what_a_longer_run_does_in_addition(self):
        [row] = message_costs.counted([self.channel("build", 120)])
        self.assertEqual(
            row,
            {"core": "mine", "capacity": "128", "operation": "send and recv"}
            | {"instructions": 120, "system_calls": 0.02, "allocations": 1},
        )

    def test_a_rise_has_its_name_and_noise_has_none(self):
        base, noisy, dearer = self.channel("base", 120), self.channel("noisy", 122), self.channel("dearer", 126)
        self.assertEqual(message_costs.changes([base], [noisy]), [])
        [change] = message_costs.changes([base], [dearer])
        self.assertTrue(change.rises)
        self.assertEqual(str(change), "mine at capacity 128, send and recv: 120 -> 126 instructions")

    def test_the_same_program_is_not_counted(self):
        base = self.channel("base", 120)
        with mock.patch.object(message_costs, "_row", side_effect=AssertionError):
            self.assertEqual(message_costs.changes([base], [base]), [])

    def test_what_valgrind_cannot_run_is_left_out(self):
        with common.console.capture() as said:
            self.assertEqual(message_costs.counted([self.channel("build", "")]), [])
        self.assertIn(
            "not counted, mine at capacity 128: valgrind cannot run it: an instruction", " ".join(said.get().split())
        )

    def test_without_valgrind(self):
        with mock.patch.object(message_costs.shutil, "which", return_value=None), common.console.capture() as said:
            self.assertEqual(message_costs.counted([self.channel("build", 120)]), [])
        self.assertIn("valgrind is not installed", said.get())


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
        self.assertTrue(
            summary.startswith(
                "**too noisy**: nothing slower was found than in abcdef012345. 0 of 1 workloads are decided"
            )
        )
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
            benchmark_builds.checkout(Project(clone), "HEAD~1")
        with self.assertRaises(Usage) as whole:
            benchmark_builds.checkout(Project(self.source), "HEAD~9")
        self.assertNotIn("shallow", whole.exception.message)

    def test_no_repository(self):
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaisesRegex(Usage, f"{folder} is in no git repository"):
                benchmark_builds.checkout(Project(pathlib.Path(folder)), "HEAD")

    def test_a_base_that_does_not_build(self):
        (self.source / "CMakeLists.txt").write_text('project(mine LANGUAGES NONE)\nmessage(FATAL_ERROR "broken")\n')
        self.commit()
        commit, old = benchmark_builds.checkout(Project(self.source), "HEAD")
        self.assertEqual(len(commit), 40)
        with mock.patch.object(benchmark_builds.build, "package", return_value=self.source):
            with self.assertRaisesRegex(BuildFailed, "^the base revision does not build, so name another: .*broken"):
                benchmark_builds.base_of(Project(self.source), old)
