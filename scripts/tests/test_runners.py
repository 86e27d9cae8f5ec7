"""A property runner whose channel crashes or hangs goes on with its other checks, and tells where it was."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from sluice_cli import backtrace, verify
from sluice_cli.common import HOME
from sluice_cli.registry import Channel

BUILD = pathlib.Path(os.environ.get("SLUICE_TEST_BUILD", HOME / "build" / "release"))
SANITIZED = "sanitize" in (BUILD / "CMakeCache.txt").read_text()


def verdicts_of(channel: str, checks: tuple[str, ...], *options: str) -> dict[str, dict]:
    """The verdicts of some checks on a faulty channel, by name."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "checks.json"
        runner = BUILD / f"{channel}_properties"
        command = [runner, *(word for check in checks for word in ("--check", check)), *options, "--json", file]
        done = subprocess.run(command, capture_output=True, text=True, timeout=280)
        assert done.returncode == 1, f"ended with {done.returncode}"
        return {check["check"]: check for check in json.loads(file.read_text())}


@unittest.skipIf(SANITIZED, "a sanitizer ends the process")
class GoesOn(unittest.TestCase):
    def test_after_a_crash(self):
        found = verdicts_of("tail_before_head", ("linearizable", "sequential"), "--executions", "1000")
        self.assertIn("it crashed (signal 11)", found["linearizable"]["detail"])
        self.assertNotEqual(found["linearizable"]["scenario"], "")
        self.assertEqual(found["sequential"]["verdict"], "passed")

    def test_after_a_hang(self):
        found = verdicts_of("silent_try_send", ("receiver_wakes", "waits_asleep"), "--hang-timeout", "2")
        self.assertIn("no progress for 2 s", found["receiver_wakes"]["detail"])
        self.assertEqual(found["waits_asleep"]["verdict"], "passed")


class FirstFailure(unittest.TestCase):
    def ended(self, runner: str, *options: str) -> tuple[int, list[dict]]:
        """The exit code of a runner that ends at the first failure, and its verdicts."""
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "checks.json"
            command = [BUILD / runner, *options, "--first-failure", "--json", file]
            done = subprocess.run(command, capture_output=True, text=True, timeout=280)
            return done.returncode, json.loads(file.read_text())

    def test_nothing_comes_after_it(self):
        everything = verdicts_of("rounded_capacity", ())
        self.assertGreater(sum(check["verdict"] == "failed" for check in everything.values()), 1)
        code, checks = self.ended("rounded_capacity_properties")
        self.assertEqual(code, 1)
        self.assertEqual([check["check"] for check in checks if check["verdict"] == "failed"], [checks[-1]["check"]])
        self.assertLess(len(checks), len(everything))

    def test_a_hang_ends_the_process(self):
        code, checks = self.ended("silent_try_send_properties", "--check", "receiver_wakes", "--hang-timeout", "2")
        self.assertEqual((code, len(checks)), (1, 1))
        self.assertIn("no progress for 2 s", checks[0]["detail"])

    @unittest.skipIf(SANITIZED, "a sanitizer ends the process")
    def test_a_crash_ends_the_process(self):
        options = ("--check", "linearizable", "--executions", "1000")
        code, checks = self.ended("tail_before_head_properties", *options)
        self.assertEqual(code, -11)
        self.assertEqual(checks[0]["detail"], verify.ENDED_INSIDE)

    @unittest.skipIf(SANITIZED, "no models here")
    def test_a_shard_without_checks_is_refused(self):
        command = [BUILD / "sync_models", "--shard", "900/1000"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=280)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, "shard 900/1000 of [0-9]+ checks might be empty: give fewer parts")

    @unittest.skipIf(SANITIZED, "no models here")
    def test_models_end_too(self):
        code, checks = self.ended("weak_publish_models")
        self.assertEqual(code, 1)
        self.assertEqual([check["check"] for check in checks if check["verdict"] == "failed"], ["handoff"])
        self.assertEqual(checks[-1]["check"], "handoff")


class Backtrace(unittest.TestCase):
    def test_frames_of_the_channel_alone(self):
        self.assertEqual(backtrace.read("no frame\n", pathlib.Path("x_properties")), [])
        unknown = "/x_properties(+0x12)[0x55]\n/lib/libc.so.6(+0x3c050)[0x7f]\n/lib/libc.so.6(+0x1)[0x7f]\n"
        self.assertEqual(backtrace.read(unknown, pathlib.Path("/x_properties")), [""])

    @unittest.skipIf(SANITIZED, "a sanitizer ends the process")
    def test_a_crash_names_the_channels_line(self):
        runner = BUILD / "tail_before_head_properties"
        with tempfile.TemporaryDirectory() as folder:
            task = verify.Task(
                Channel("tail_before_head", runners={"properties": runner}), "properties", "linearizable"
            )
            (check,) = verify.run_task(task, verify.LEVELS["quick"], 1, pathlib.Path(folder))
        self.assertIn("impls/faulty/list.hpp:", check["detail"])


if __name__ == "__main__":
    unittest.main()
