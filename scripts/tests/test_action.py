"""The script of the GitHub Action, with a command line that records how it was called."""

from __future__ import annotations

import os
import pathlib
import subprocess
import tempfile
import textwrap
import unittest

import click

from sluice_cli import cli
from sluice_cli.common import HOME

ACTION = HOME / "scripts/action/action.yml"

RECORDS = """#!/bin/sh
echo "$@" >> {calls}
case " {fails} " in *" $1 "*) exit 1;; esac
"""


class Action(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_script(self, base: str = "", fails: str = "") -> tuple[int, list[str]]:
        """The script's exit code, and the calls of the command line."""
        scripts = self.folder / "scripts"
        (scripts / "action").mkdir(parents=True)
        calls = self.folder / "calls"
        (scripts / "sluice").write_text(RECORDS.format(calls=calls, fails=fails))
        (scripts / "sluice").chmod(0o755)
        lines = textwrap.dedent(ACTION.read_text().split("run: |\n", 1)[1])
        inputs = {"PROJECT": "mine", "LEVEL": "quick", "BASE": base, "JUNIT": "out"}
        runner = {"GITHUB_ACTION_PATH": str(scripts / "action"), "HOME": str(self.folder)}
        # As GitHub runs `shell: sh`.
        done = subprocess.run(["sh", "-e", "-c", lines], cwd=self.folder, env=os.environ | inputs | runner)
        return done.returncode, calls.read_text().splitlines()

    def test_verifies_and_compares_with_the_base(self) -> None:
        code, calls = self.run_script(base="origin/main")
        self.assertEqual(code, 0)
        self.assertEqual(
            calls,
            [
                "verify --source mine --level quick --junit out/verify.xml",
                "gate --source mine --base origin/main --junit out/gate.xml",
            ],
        )
        self.assertTrue((self.folder / "out").is_dir())
        for name, *arguments in map(str.split, calls):
            known = cli.commands.get_command(click.Context(cli.commands), name)
            options = [option for parameter in known.params for option in parameter.opts]
            self.assertLessEqual({a for a in arguments if a.startswith("--")}, set(options))

    def test_compares_nothing_without_a_base(self) -> None:
        code, calls = self.run_script()
        self.assertEqual((code, len(calls)), (0, 1))

    def test_fails_with_the_verification(self) -> None:
        code, calls = self.run_script(base="origin/main", fails="verify")
        self.assertEqual((code, len(calls)), (1, 1))

    def test_fails_with_the_gate(self) -> None:
        self.assertEqual(self.run_script(base="origin/main", fails="gate")[0], 1)

    def test_passes_each_input_on(self) -> None:
        text = ACTION.read_text()
        for name in ("project", "level", "base", "junit"):
            self.assertIn(f"{name.upper()}: ${{{{ inputs.{name} }}}}", text)


if __name__ == "__main__":
    unittest.main()
