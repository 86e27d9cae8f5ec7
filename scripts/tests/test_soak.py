"""Soaks: logs, stops, and what the command says."""

import json
import pathlib
import tempfile
import unittest
from unittest import mock

from sluice_cli import common, soak, soak_plot
from sluice_cli.registry import Channel

PHASE = {
    **{"channel": "mine", "seed": 1, "phase": 0, "capacity": "1", "producers": 2, "consumers": 3},
    **{"messages": 1000, "total": 1000, "seconds": 0.5, "longest_wait_ns": 2_000_000, "resident_bytes": 2**22},
}
# A runner that writes a phase each tenth of a second, and counts how often it was continued.
RUNNER = """#!/usr/bin/python3
import json, signal, sys, time
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
continued = 0
def again(*_):
    global continued
    continued += 1
signal.signal(signal.SIGCONT, again)
phase = json.loads('PHASE')
with open(options["--json"], "a") as log:
    for number in range(int(options["--soak"]) // 1000):
        log.write(json.dumps(phase | {"phase": number, "total": 1000 * (number + 1)}) + "\\n")
        log.flush()
        time.sleep(0.1)
print("continued", continued)
sys.exit(CODE)
"""


class Soak(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.log = self.folder / "mine.jsonl"

    def run_soak(self, messages: int, code: int) -> str:
        runner = self.folder / "mine_properties"
        runner.write_text(RUNNER.replace("PHASE", json.dumps(PHASE)).replace("CODE", str(code)))
        runner.chmod(0o755)
        channel = Channel("mine", runners={"properties": runner})
        with mock.patch.object(soak, "RUNS_FOR", (0.05, 0.1)), mock.patch.object(soak, "STOPS_FOR", (0.05, 0.06)):
            return soak.soak(channel, self.log, messages, 1)

    def test_the_process_is_stopped_and_goes_on(self):
        self.assertEqual(self.run_soak(8000, 0), "")
        self.assertEqual([line["total"] for line in soak.lines_of(self.log)], list(range(1000, 9000, 1000)))
        self.assertRegex(self.run_soak(8000, 1), r"continued [1-9]")

    def test_wrong_usage_is_the_runners(self):
        with self.assertRaisesRegex(common.Usage, "continued"):
            self.run_soak(2000, 2)

    def test_a_runner_ends_with_the_command(self):
        ended = []

        def end(runner):
            runner.kill()
            ended.append(runner.wait())

        with mock.patch.object(soak, "_end", end), mock.patch.object(soak, "_total", side_effect=KeyboardInterrupt):
            with self.assertRaises(KeyboardInterrupt):
                self.run_soak(10_000, 0)
        self.assertEqual(ended, [-9])

    def test_half_of_a_line_does_not_count(self):
        self.log.write_text(json.dumps(PHASE) + "\n" + json.dumps(PHASE)[:40])
        self.assertEqual(soak.lines_of(self.log), [PHASE])
        self.assertEqual(soak._total(self.log), 1000)
        self.assertEqual(soak.lines_of(self.folder / "none.jsonl"), [])

    def test_a_file_that_is_no_log(self):
        for text in (b"[1, 2]\n", b"{}\n", b"soak\n", b"\xff\n"):
            self.log.write_bytes(text)
            with self.assertRaisesRegex(common.BadResults, "mine.jsonl is no log of a soak.*remove it"):
                soak.lines_of(self.log)

    def test_a_picture(self):
        lines = [PHASE | {"phase": n, "total": 1000 * (n + 1), "seconds": 0.1 + n / 1000} for n in range(300)]
        soak_plot.draw({"mine": lines, "other": lines[:150]}, self.folder / "soak.png")
        self.assertGreater((self.folder / "soak.png").stat().st_size, 10_000)


if __name__ == "__main__":
    unittest.main()
