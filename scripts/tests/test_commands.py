"""Bad input is reported in one sentence, with its own exit code, and loses nothing."""

from __future__ import annotations

import dataclasses
import gzip
import io
import json
import os
import pathlib
import re
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import click.testing
import rich.console

from sluice_cli import build, cli, new, old_results, outcome, project, registry, replay, results, setup, verify
from sluice_cli.common import HOME, REFERENCE, BadResults, BuildFailed, Environment, Unverified, Usage
from sluice_cli.project import OWN

BUILD = pathlib.Path(os.environ.get("SLUICE_TEST_BUILD", HOME / "build" / "release"))


def refused(*arguments: str) -> tuple[int, str]:
    """A command's exit code and message."""
    # Whatever is refused is refused before any work.
    with mock.patch.object(build, "configure", side_effect=AssertionError("it began to configure")):
        done = click.testing.CliRunner().invoke(cli.commands, arguments)
    message = done.exception.message if isinstance(done.exception, click.ClickException) else done.output
    return done.exit_code, message


class CommandLine(unittest.TestCase):
    def test_unknown_channel(self):
        with self.assertRaisesRegex(Usage, "there is no channel `ghost`; there are .*sync"):
            registry.choose(registry.configured(BUILD), ("ghost",))
        for command in ("verify", "audit", "bench"):
            code, message = refused(command, "ghost")
            self.assertEqual(code, 2)
            self.assertIn("there is no channel `ghost`; there are mutex", message)

    def test_benchmarks_of_other_languages_are_peers(self):
        code, message = refused("bench", "mutex", "flume")
        self.assertEqual(code, 2)
        self.assertIn("the benchmarks of `flume` need --peers", message)

    def test_a_facade_has_nothing_to_verify(self):
        code, message = refused("verify", "spsc")
        self.assertEqual(code, 2)
        self.assertIn("`spsc` is a facade, which is verified by the cores", message)

    def test_bad_arguments_are_reported_soon(self):
        command = [str(HOME / "scripts" / "sluice")]
        for arguments, code in (
            (["verify", "ghost"], 2),
            (["verify", "--level", "enormous"], 2),
            (["replay", "/no/such/failure.txt"], 5),
            (["gate", "--base", "no-such-branch"], 2),
            (["gate", "--base", "HEAD", "--calibrate"], 2),
            (["compare", "/no/such.json", "/no/such.json"], 5),
            (["report", "--from", "/no/such.json"], 5),
            (["test", "--preset", "fast"], 2),
            (["contract", "--preset", "fast"], 2),
            (["contract", "--divide", "0"], 2),
            (["new", "ok", "--source", "/no/such"], 2),
        ):
            environment = os.environ | {"SLUICE_NO_INSTALL": "1"}
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            done = subprocess.run(command + arguments, capture_output=True, text=True, env=environment)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
            self.assertIn(arguments[-1], done.stdout + done.stderr)
            self.assertEqual((done.stdout + done.stderr).count("\n"), 1, arguments)
            # Processor time, since other tests run beside this one.
            self.assertLess(after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime, 2, arguments)

    def test_the_registry_is_read_without_configuring(self):
        built = {channel.name: channel.role for channel in registry.configured(BUILD)}
        declared = {channel.name: channel.role for channel in registry.declared()}
        self.assertEqual(built, {name: declared[name] for name in built})
        self.assertTrue(all(role == "third_party" for name, role in declared.items() if name not in built))

    def test_unknown_level(self):
        code, message = refused("verify", "--level", "heroic")
        self.assertEqual(code, 2)
        self.assertRegex(message, "'heroic' is not one of 'quick', 'standard', 'deep'")

    def test_unknown_shard(self):
        for shard in ("0/2", "3/2", "half"):
            code, message = refused("verify", "--shard", shard)
            self.assertEqual(code, 2)
            self.assertIn(f"`{shard}` is no shard", message)

    def test_unknown_option(self):
        code, message = refused("verify", "--fast")
        self.assertEqual(code, 2)
        self.assertIn("--fast", message)

    def test_unknown_revision(self):
        code, message = refused("gate", "--base", "no-such-branch")
        self.assertEqual(code, 2)
        self.assertIn("there is no revision `no-such-branch`", message)

    def test_a_file_that_cannot_be_written(self):
        for command, file, why in (
            (("verify", "sync"), "/no/such/folder/checks.json", "there is no folder /no/such/folder"),
            (("contract",), "/no/such/folder/contract.json", "there is no folder /no/such/folder"),
            (("verify", "sync"), "/tmp", "`/tmp` cannot be written: it is a folder"),
        ):
            with self.subTest(command=command, file=file):
                code, message = refused(*command, "--json", file)
                self.assertEqual(code, 2)
                self.assertIn(why, message)

    def test_a_negative_seed(self):
        code, message = refused("verify", "sync", "--seed", "-1")
        self.assertEqual(code, 2)
        self.assertIn("-1", message)

    def test_what_is_started_ends_with_the_command(self):
        program = (
            "import signal, subprocess; from sluice_cli import cli;"
            "signal.signal(signal.SIGTERM, cli._end_with_children);"
            "started = subprocess.Popen(['sleep', '600']); started.send_signal(signal.SIGSTOP);"
            "print(started.pid, flush=True); signal.pause()"
        )
        with subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=HOME / "scripts"
        ) as command:
            started = os.pidfd_open(int(command.stdout.readline()))
            command.terminate()
            self.assertEqual(command.wait(10), 143)
        self.addCleanup(os.close, started)
        ended = select.select([started], [], [], 10)[0]
        if not ended:
            signal.pidfd_send_signal(started, signal.SIGKILL)
        self.assertTrue(ended, "what it had started goes on")

    def test_a_broken_line_is_reported(self):
        verdict = {"number": 34, "channel": "sync", "verdict": "failed"}
        outcome.require_passed([], [verdict | {"verdict": "passed"}])
        with self.assertRaisesRegex(Unverified, "1 lines of the contract do not hold: 34 on sync"):
            outcome.require_passed([], [verdict])

    def test_the_contract_names_what_it_does_not_know(self):
        runner = BUILD / "properties" / "contract" / "contract"
        for arguments in (["--line", "999"], ["--channel", "ghost"], ["--divide", "0"], ["--fast"]):
            done = subprocess.run([runner, *arguments], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertTrue("no line of the contract" in done.stderr or arguments[0] in done.stderr, done.stderr)

    def test_every_line_of_the_contract_is_there(self):
        runner = BUILD / "properties" / "contract" / "contract"
        listed = subprocess.run([runner, "--list"], capture_output=True, text=True, check=True).stdout
        numbers = {int(line.split()[0]) for line in listed.splitlines()}
        self.assertEqual(numbers, set(range(1, 165)))

    def test_unknown_preset(self):
        code, message = refused("test", "--preset", "fast")
        self.assertEqual(code, 2)
        self.assertIn("'fast' is not one of 'debug', 'release'", message)

    def test_runners_name_what_they_do_not_know(self):
        (sync,) = registry.choose(registry.configured(BUILD), ("sync",))
        for tool, arguments, message in (
            ("properties", ["--check", "ghost"], "`ghost` is no property"),
            ("models", ["--check", "ghost"], "`ghost` is no check of this runner"),
            ("models", ["--executions", "0"], "would check nothing"),
            ("models", ["--exhaustive", "2by2"], "`2by2` is no size of scenarios"),
            ("models", ["--exhaustive", "2x2", "--shard", "3/2"], "`3/2` is no shard"),
            ("models", ["--check", "handoff", "--schedule", "first"], "`first` is no schedule"),
            ("models", ["--mutant", "sync.hpp:store"], "`sync.hpp:store` names no mutant"),
            ("bench", ["--filter", "ghost"], "no benchmark of sync matches `ghost`"),
            ("bench", ["--messages", "1"], "--messages"),
        ):
            if tool in sync.runners:
                done = subprocess.run([sync.runners[tool], *arguments], capture_output=True, text=True)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(message, done.stderr)


class Projects(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name).resolve()
        self.lists = self.folder / "CMakeLists.txt"
        self.addCleanup(os.chdir, os.getcwd())

    def test_the_nearest_one_that_names_sluice(self):
        self.lists.write_text("find_package(sluice REQUIRED COMPONENTS harness)\n")
        inner = self.folder / "src" / "queues"
        inner.mkdir(parents=True)
        (inner / "CMakeLists.txt").write_text("add_library(queues queues.cpp)\n")
        os.chdir(inner)
        found = project.find()
        self.assertEqual((found.source, found.own), (self.folder, False))
        self.assertEqual(found.results, self.folder / "sluice-results")

    def test_without_one_it_is_this_tree(self):
        os.chdir(self.folder)
        self.assertEqual(project.find(), OWN)

    def test_a_folder_without_a_project(self):
        with self.assertRaisesRegex(Usage, "is no CMake project: it has no CMakeLists.txt"):
            project.find(self.folder)

    def test_a_folder_that_is_no_build_folder(self):
        with self.assertRaisesRegex(Usage, "is no build folder: it has no CMakeCache.txt"):
            project.find(binary=self.folder)

    def test_a_build_folder_of_another_project(self):
        (self.folder / "CMakeCache.txt").write_text(f"CMAKE_HOME_DIRECTORY:INTERNAL={HOME}\n")
        self.assertEqual(project.find(binary=self.folder).given_binary, self.folder)
        self.lists.write_text("")
        with self.assertRaisesRegex(Usage, f"is a build folder of {HOME}, not of {self.folder}"):
            project.find(self.folder, self.folder)

    def test_a_build_folder_without_channels(self):
        (self.folder / "registry.json").write_text("[]")
        with self.assertRaisesRegex(Usage, "has no channels: its project must call find_package"):
            registry.configured(self.folder)

    def test_this_tree_s_options_are_refused_elsewhere(self):
        self.lists.write_text("find_package(sluice REQUIRED COMPONENTS harness)\n")
        for command in ("test", "contract"):
            code, message = refused(command, "--preset", "tsan", "--source", str(self.folder))
            self.assertEqual(code, 2)
            self.assertRegex(message, "--preset .*for sluice's own tree")
        code, message = refused("bench", "--goals", "--source", str(self.folder))
        self.assertEqual(code, 2)
        self.assertIn("--goals compares sluice's own goals", message)

    def test_files_with_mistakes_are_refused_before_anything_is_built(self):
        self.lists.write_text("find_package(sluice REQUIRED COMPONENTS harness)\n")
        for file, entry, commands in (
            ("known_failures.toml", "[[known]]\nchannel = 1\n", ("verify", "contract", "report", "campaign start c")),
            ("accepted_mutants.toml", "[[accepted]]\nfile = 1\n", ("audit", "report")),
        ):
            (self.folder / file).write_text(entry)
            for command in commands:
                with self.subTest(command):
                    code, message = refused(*command.split(), "--source", str(self.folder))
                    self.assertEqual(code, 5)
                    self.assertIn(f"{file}: ", message)
            (self.folder / file).unlink()


class Setup(unittest.TestCase):
    def test_no_compiler(self):
        with mock.patch.object(shutil, "which", return_value=None), self.assertRaisesRegex(
            Environment, r"this machine lacks g\+\+ \(for build\)"
        ):
            setup.ensure()

    def test_missing_module(self):
        environment = os.environ | {"SLUICE_PYTHON": "/bin/false", "SLUICE_NO_INSTALL": "1"}
        done = subprocess.run([HOME / "scripts/sluice", "test"], env=environment, capture_output=True, text=True)
        self.assertEqual(done.returncode, 4)
        self.assertIn("python3-click", done.stderr)

    def test_every_package_has_a_sign_or_is_python(self):
        for package, purpose in setup.wanted().items():
            self.assertTrue(purpose == "scripts" or package in setup.SIGNS, package)

    def test_a_tree_that_does_not_configure(self):
        with tempfile.TemporaryDirectory() as folder:
            options = ["-D", "SLUICE_REGISTRIES=/no/such/registry.cmake"]
            with self.assertRaisesRegex(BuildFailed, "/no/such/registry.cmake, which does not exist"):
                build.configure(HOME, pathlib.Path(folder), options)


def example() -> dict:
    with mock.patch.object(build, "revision", return_value="0123456789ab"):
        return results.new_results(OWN, "quick", 1)


class Results(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = pathlib.Path(folder.name) / "results.json"

    def test_what_was_saved_is_read(self):
        data = example()
        results.save(data, self.file)
        self.assertEqual(results.load(self.file), data)

    def test_cut_short(self):
        results.save(example(), self.file)
        self.file.write_text(self.file.read_text()[:-40])
        with self.assertRaisesRegex(BadResults, "is not complete JSON"):
            results.load(self.file)

    def test_of_another_schema(self):
        self.file.write_text(json.dumps(example() | {"schema": "sluice-results/0"}))
        with self.assertRaisesRegex(BadResults, "has schema 'sluice-results/0'; this version reads"):
            results.load(self.file)

    def test_with_a_field_of_another_kind(self):
        self.file.write_text(json.dumps(example() | {"seed": "one"}))
        with self.assertRaisesRegex(BadResults, "does not follow results/schema.json at seed"):
            results.load(self.file)

    def test_missing(self):
        with self.assertRaisesRegex(BadResults, "cannot be read: No such file"):
            results.load(self.file)

    def test_a_bad_save_leaves_the_earlier_file(self):
        results.save(example(), self.file)
        before = self.file.read_text()
        with self.assertRaises(BadResults):
            results.save(example() | {"level": 7}, self.file)
        self.assertEqual(self.file.read_text(), before)
        self.assertEqual([self.file], list(self.file.parent.iterdir()))

    def test_the_reference_run_is_valid(self):
        run = results.load(REFERENCE)
        # What the README cites as evidence.
        for part in ("checks", "contract", "audit", "litmus", "samples"):
            self.assertTrue(run[part], f"the reference run has no {part}")
        outcome.require_passed(run["checks"], run["contract"], run["audit"])

    def test_a_run_of_the_previous_schema_is_read(self):
        check = {
            **dict.fromkeys(("detail", "reproduce", "claim"), ""),
            "channel": "weak_publish",
            "kind": "model",
            "check": "every_2x2",
            "verdict": "caught",
            "expected": "caught",
            "program": "capacity 1: send | recv",
            "executions": 3,
            "seconds": 0.1,
            "seed": 1,
            "space": {"programs": 9, "exhausted": 1, "of": 9, "bound": 2, "shard": "1/1", "repeated": 0.0},
        }
        old = example() | {"schema": old_results.SCHEMA, "checks": [check]}
        for part in ("channels", "contract", "checking", "audit", "litmus", "missing"):
            del old[part]
        self.file.write_text(json.dumps(old))
        [read] = results.load(self.file)["checks"]
        self.assertEqual((read["check"], read["scenario"]), ("exhaustive_2x2", check["program"]))
        self.assertEqual(read["space"]["scenarios"], 9)

    def test_a_compressed_file_is_read(self):
        results.save(example(), self.file)
        compressed = self.file.with_suffix(".json.gz")
        compressed.write_bytes(gzip.compress(self.file.read_bytes()))
        self.assertEqual(results.load(compressed), example() | {"created": results.load(compressed)["created"]})
        compressed.write_bytes(compressed.read_bytes()[:-9])
        with self.assertRaisesRegex(BadResults, "truncated"):
            results.load(compressed)


class Verify(unittest.TestCase):
    def test_what_cannot_be_built_here_is_said(self):
        lacking = registry.Channel("rust_std", "third_party", missing="no cargo")
        told = io.StringIO()
        with mock.patch.object(registry, "console", rich.console.Console(file=told, width=200)):
            with self.assertRaisesRegex(Environment, "nothing to verify"):
                verify.verify(OWN, [lacking], "quick", 1)
        self.assertIn("rust_std: N/A: no cargo", told.getvalue())

    def test_a_peer_that_is_registered_has_both_runners(self):
        checked = registry.Channel("flume", "third_party", runners={"properties": pathlib.Path("p")}, language="Rust")
        measured = registry.Channel("flume", "third_party", runners={"bench": pathlib.Path("b")}, language="Rust")
        (both,) = registry.joined([checked], [measured])
        self.assertEqual(set(both.runners), {"properties", "bench"})

    def test_a_runner_that_dies_is_a_failed_check(self):
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder) / "dies"
            program.write_text("#!/bin/sh\necho burnt >&2\nexit 139\n")
            program.chmod(0o755)
            task = verify.Task(registry.Channel("burning", runners={"models": program}), "models")
            (check,) = verify.run_task(task, verify.LEVELS["quick"], 1, pathlib.Path(folder))
        self.assertEqual(check["verdict"], "failed")
        self.assertIn("ended with exit code 139: burnt", check["detail"])
        self.assertEqual(outcome.failed_checks([check]), [check])

    def test_a_mistake_that_is_not_caught_is_bad(self):
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder) / "sees_nothing"
            verdict = json.dumps([{"channel": "faulty", "kind": "model", "check": "handoff", "verdict": "passed"}])
            program.write_text(f"#!/bin/sh\nwhile [ $1 != --json ]; do shift; done\necho '{verdict}' > $2\n")
            program.chmod(0o755)
            task = verify.Task(
                registry.Channel("faulty", "faulty", caught_by=("model/handoff",), runners={"models": program}),
                "models",
                "handoff",
            )
            (check,) = verify.run_task(task, verify.LEVELS["quick"], 1, pathlib.Path(folder))
        self.assertEqual(check["verdict"], "missed")
        self.assertEqual(outcome.failed_checks([check]), [check])

    def test_third_party_failures_are_only_reported(self):
        check = {"channel": "theirs", "check": "deadlines", "expected": "promised", "detail": "", "scenario": ""}
        checks = [
            check | {"verdict": "passed"},
            check | {"check": "linearizable", "verdict": "failed", "scenario": "capacity 1: send | recv"},
            check | {"check": "lifetime", "verdict": "not_applicable"},
        ]
        self.assertEqual(outcome.failed_checks(checks), [])
        (row,) = verify.third_party(checks)
        self.assertEqual([len(row[key]) for key in ("passed", "failed", "not_applicable")], [1, 1, 1])
        self.assertEqual(verify.smallest(row["failed"][0]), "capacity 1: send | recv")
        long = row["failed"][0] | {"scenario": "capacity 1: " + 99 * "send ", "detail": "99 operations: one is lost\n"}
        self.assertEqual(verify.smallest(long), "99 operations: one is lost")

    def test_after_a_hang_the_other_checks_are_run(self):
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder) / "hangs_at_first"
            program.write_text(
                '#!/bin/sh\ncase "$*" in --list) echo one two; exit;; *--check*) name=two verdict=passed;;'
                " *) name=one verdict=failed;; esac\nwhile [ $1 != --json ]; do shift; done\n"
                'echo "[{\\"check\\": \\"$name\\", \\"verdict\\": \\"$verdict\\"}]" > $2\n'
            )
            program.chmod(0o755)
            task = verify.Task(registry.Channel("slow", runners={"properties": program}), "properties")
            checks = verify.run_task(task, verify.LEVELS["quick"], 1, pathlib.Path(folder))
        self.assertEqual([(c["check"], c["verdict"]) for c in checks], [("one", "failed"), ("two", "passed")])

    def test_shards_are_the_whole_without_overlap(self):
        channels = registry.configured(BUILD)
        level = verify.LEVELS["quick"]
        # An exhaustive search is in each part: the runner itself takes shards.
        whole = [task for task in verify.tasks_for(channels, level) if not task.exhaustive]
        parts = [verify.tasks_for(channels, level, i, 3) for i in (1, 2, 3)]
        ordinary = [task for part in parts for task in part if not task.exhaustive]
        self.assertEqual(sorted(map(repr, whole)), sorted(map(repr, ordinary)))
        searched = [task for part in parts for task in part if task.exhaustive]
        of_sync = [t.shard for t in searched if (t.channel.name, t.exhaustive) == ("sync", level.exhaustive[0])]
        self.assertGreaterEqual(len(of_sync), 3)
        self.assertCountEqual(of_sync, [f"{i}/{len(of_sync)}" for i in range(1, len(of_sync) + 1)])
        self.assertGreaterEqual(len(searched), 4 * len(of_sync))

    def test_a_shard_has_the_same_scenarios_on_any_number_of_processors(self):
        channels = registry.choose(registry.configured(BUILD), ("sync",))
        for processors in (1, 2, 7):
            with mock.patch.object(os, "cpu_count", return_value=processors):
                tasks = verify.tasks_for(channels, verify.LEVELS["quick"], 2, 3)
            level = verify.LEVELS["quick"]
            parts = [task.shard.split("/") for task in tasks if task.exhaustive == level.exhaustive[0]]
            self.assertEqual(len(parts), processors)
            # A runner takes every total-th scenario from its own number on.
            scenarios = {n for part, total in parts for n in range(int(part) - 1, 210, int(total))}
            self.assertEqual(scenarios, set(range(1, 210, 3)))

    def test_model_checks_are_spread_over_the_processors(self):
        channels = registry.choose(registry.configured(BUILD), ("sync",))
        level = verify.LEVELS["quick"]
        with mock.patch.object(os, "cpu_count", return_value=3):
            tasks = verify.tasks_for(channels, level)
        pieces = [task for task in tasks if task.tool == "models" and not task.exhaustive]
        self.assertEqual([task.shard for task in pieces], ["1/3", "2/3", "3/3"])
        with tempfile.TemporaryDirectory() as folder:
            few = dataclasses.replace(level, models=10, random_scenarios=10)
            parts = [[c["check"] for c in verify.run_task(task, few, 1, pathlib.Path(folder))] for task in pieces]
        listed = subprocess.run(
            [channels[0].runners["models"], "--list"], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        names = [line.split(":")[0] for line in listed]
        self.assertCountEqual(sum(parts, []), [*names, "random_scenarios"])
        self.assertLess(max(map(len, parts)) - min(map(len, parts)), 3)


class Replay(unittest.TestCase):
    def read(self, text: str) -> dict[str, str]:
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "failure.txt"
            file.write_text(text)
            return replay.read(file)

    def test_two_lines_by_hand_are_enough(self):
        failure = self.read("Channel: sync\nScenario: capacity 1: send | recv\n")
        self.assertEqual(failure, {"Channel": "sync", "Scenario": "capacity 1: send | recv"})

    def test_a_picture_is_no_field(self):
        failure = self.read("Channel: sync\nScenario: capacity 1: send\n\nSeed: of the picture\n")
        self.assertNotIn("Seed", failure)

    def test_bad_files_are_named(self):
        with self.assertRaisesRegex(BadResults, "no line `Scenario: ...`"):
            self.read("Channel: sync\n")
        with self.assertRaisesRegex(BadResults, "`Seed: seven` is no number"):
            self.read("Channel: sync\nScenario: capacity 1: send\nSeed: seven\n")
        with self.assertRaisesRegex(BadResults, "cannot be read"):
            replay.read(pathlib.Path("/no/such/file"))

    def test_a_scenario_that_failed_fails_again(self):
        silent = registry.choose(registry.configured(BUILD), ("silent_try_send",))[0]
        sound = registry.choose(registry.configured(BUILD), ("mutex",))[0]
        failure = {"Scenario": "capacity 1: recv hold | try_send hold"}
        self.assertTrue(replay.replay(silent, failure, 2000))
        self.assertFalse(replay.replay(sound, failure, 200))

    def test_a_schedule_is_followed(self):
        faulty = registry.choose(registry.configured(BUILD), ("weak_publish",))[0]
        scenario = "capacity 1: send | recv"
        done = subprocess.run([faulty.runners["models"], "--scenario", scenario], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        schedule = re.search(r"--schedule (\S+)", done.stdout)[1]
        for choices, code in ((schedule, 1), ("none", 0)):
            command = [faulty.runners["models"], "--scenario", scenario, "--schedule", choices]
            self.assertEqual(subprocess.run(command, capture_output=True).returncode, code)
        self.assertTrue(replay.replay(faulty, {"Scenario": scenario, "Schedule": schedule}, 1))

    def test_a_race_names_the_lines_that_could_have_ordered_it(self):
        faulty = registry.choose(registry.configured(BUILD), ("weak_publish",))[0]
        command = [faulty.runners["models"], "--scenario", "capacity 1: send | recv"]
        text = subprocess.run(command, capture_output=True, text=True).stdout.partition("could have ordered")[2]
        source = (HOME / "impls/faulty/weak_publish.hpp").read_text().splitlines()
        pairs = [
            [source[int(n) - 1] for n in pair] for pair in re.findall(r"hpp:(\d+) read what \S+hpp:(\d+) wrote", text)
        ]
        self.assertTrue(any("compare_exchange" in read and "full - busy" in wrote for read, wrote in pairs), text)

    def test_what_a_runner_writes_is_replayed(self):
        [faulty] = registry.choose(registry.configured(BUILD), ("silent_try_send",))
        with tempfile.TemporaryDirectory() as folder:
            for tool, check in (("properties", "linearizable"), ("models", "woken_by_try")):
                command = [faulty.runners[tool], "--check", check, "--failures", folder]
                self.assertEqual(subprocess.run(command, capture_output=True).returncode, 1)
                failure = replay.read(pathlib.Path(folder) / f"silent_try_send-{check}.txt")
                self.assertEqual(failure["Channel"], "silent_try_send")
                self.assertTrue(replay.replay(faulty, failure, 2000), check)

    def test_a_scenario_that_is_not_well_formed_is_refused(self):
        sound = registry.choose(registry.configured(BUILD), ("mutex",))[0]
        with self.assertRaisesRegex(Usage, "cannot run `capacity 1: send shout`"):
            replay.replay(sound, {"Scenario": "capacity 1: send shout"}, 10)


class New(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        shutil.copytree(HOME / "impls", self.root / "impls")
        self.empty = self.root / "empty"
        self.empty.mkdir()
        self.lists = self.empty / "CMakeLists.txt"

    def test_the_new_core_compiles_and_is_registered(self):
        header = new.create("plain", self.root)
        self.assertNotIn("Hoare", header.read_text())
        self.assertNotIn("baseline", header.read_text())
        self.assertIn("class plain", header.read_text())
        registry = (self.root / "impls" / "registry.cmake").read_text()
        self.assertEqual(registry.count("sluice_channel(plain HEADER sluice/cores/plain.hpp"), 1)
        source = self.root / "use.cpp"
        source.write_text(
            "#include <sluice/cores/plain.hpp>\n#include <sluice/handles.hpp>\n"
            "auto bounded = sluice::make_channel<sluice::cores::plain<int>>(std::size_t{3});\n"
            "auto unbounded = sluice::make_channel<sluice::cores::plain<int>>();\n"
        )
        compiler = os.environ.get("CXX", "g++")
        command = [
            compiler,
            "-std=c++23",
            "-fsyntax-only",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-I",
            self.root / "impls",
            source,
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_an_empty_folder_becomes_a_project(self):
        header = new.start("mine", self.empty)
        self.assertIn("namespace mine", header.read_text())
        self.assertTrue(project.registers_channels(self.empty))
        self.assertIn("sluice_channel(mine HEADER mine.hpp TYPE mine::channel)", self.lists.read_text())

    def test_a_project_gets_another_channel(self):
        new.start("mine", self.empty)
        new.start("other", self.empty)
        self.assertEqual(re.findall(r"sluice_channel\((\w+)", self.lists.read_text()), ["mine", "other"])
        with self.assertRaisesRegex(Usage, "exists already"):
            new.start("other", self.empty)

    def test_a_folder_with_something_else_is_left_alone(self):
        (self.empty / "notes.txt").write_text("mine\n")
        with self.assertRaisesRegex(Usage, "is neither empty nor a project"):
            new.start("mine", self.empty)
        self.assertEqual([file.name for file in self.empty.iterdir()], ["notes.txt"])

    def test_a_taken_name(self):
        for name in ("sync", "weak_publish"):
            with self.assertRaisesRegex(Usage, f"there is a channel `{name}` already"):
                new.create(name, self.root)

    def test_a_name_that_is_none(self):
        with self.assertRaisesRegex(Usage, "`My-Channel` is no name"):
            new.create("My-Channel", self.root)


if __name__ == "__main__":
    unittest.main()
