"""Campaigns: what is lost is done again, what is wrong is named, and a certificate claims what was done."""

from __future__ import annotations

import dataclasses
import errno
import io
import itertools
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
from collections.abc import Callable
from unittest import mock

import click.testing
import rich.console

from sluice_cli import campaign, certificate, cli, common, results, verify
from sluice_cli.common import HOME, BadResults, Environment

# A model runner that takes an instant: its search has 12 scenarios, of which it does its shard's, ten executions each.
RUNNER = """#!/bin/sh
sleep {pause}
while [ $# -gt 0 ]; do
  case $1 in
    --json) json=$2;; --executions) executions=$2;; --seed) seed=$2;;
    --exhaustive) size=$2;; --bound) bound=$2;; --shard) part=${{2%/*}} parts=${{2#*/}};;
  esac
  shift
done
if [ -d {dies} ] && [ -n "$part" ] && mkdir {dies}/$part 2>/dev/null; then
  kill -9 $PPID
  exit
fi
check=handoff space= verdict=passed detail=
if [ -n "$size" ]; then
  mine=$(((12 - part + parts) / parts))
  executions=$((10 * mine))
  check=exhaustive_$size
  space=', "space": {{"scenarios": '$mine', "exhausted": '$mine', "bound": '$bound', "of": 12, "shard": "'$part/$parts'",
          "repeated": 0.0}}'
fi
if [ -e {fails} ]; then verdict=failed detail="a message is lost"; fi
cat > $json <<END
[{{"channel": "mine", "kind": "model", "check": "$check", "claim": "It hands over.", "verdict": "$verdict",
  "detail": "$detail", "reproduce": "", "scenario": "", "executions": $executions, "seconds": 0.5, "seed": $seed$space}}]
END
"""


def invoked(*arguments: str) -> tuple[int, str]:
    """A command's exit code and all that it printed, in this process."""
    told = io.StringIO()
    console = rich.console.Console(file=told, width=10_000)
    with mock.patch.object(campaign, "console", console), mock.patch.object(common, "console", console):
        done = click.testing.CliRunner().invoke(cli.commands, ["campaign", *arguments])
    if done.exception and not isinstance(done.exception, (click.ClickException, SystemExit)):
        raise done.exception
    return done.exit_code, told.getvalue() + done.output


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class WithProject(unittest.TestCase):
    """A project of one channel, in git, and its build folder."""

    pause = 0.0

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.source = self.root / "source"
        self.binary = self.source / "build"
        self.binary.mkdir(parents=True)
        (self.source / "CMakeLists.txt").write_text("find_package(sluice)\n")
        (self.source / ".gitignore").write_text("build\n")
        self.fails = self.root / "fails"  # if there is such a file, every check fails
        self.dies = self.root / "dies"  # if there is such a folder, the worker of each shard is killed once
        runner = self.binary / "mine_models"
        runner.write_text(RUNNER.format(pause=self.pause, fails=self.fails, dies=self.dies))
        runner.chmod(0o755)
        (self.binary / "CMakeCache.txt").write_text(f"CMAKE_HOME_DIRECTORY:INTERNAL={self.source}\n")
        channel = {"name": "mine", "role": "core", "kind": "queue", "models": str(runner)}
        (self.binary / "registry.json").write_text(json.dumps([channel]))
        self.git("init", "-q")
        self.git("add", ".")
        self.git("commit", "-qm", "mine")
        self.folder = self.root / "a campaign"

    def git(self, *arguments: str) -> None:
        who = ("-c", "user.name=n", "-c", "user.email=e@example.org")
        subprocess.run(["git", "-C", str(self.source), *who, *arguments], check=True)

    def command(self, *arguments: str) -> list[str]:
        return [str(HOME / "scripts" / "sluice"), "campaign", *arguments]

    def run_campaign(self, *arguments: str, folder: pathlib.Path | None = None) -> tuple[int, str]:
        """The exit code and all that was printed."""
        return invoked("run", str(folder or self.folder), "mine", "--binary", str(self.binary), *arguments)

    def succeeds(self, *arguments: str, **named) -> str:
        code, printed = self.run_campaign(*arguments, **named)
        self.assertEqual(code, 0, printed)
        return printed

    def certificate(self, folder: pathlib.Path | None = None) -> dict:
        return json.loads(((folder or self.folder) / "certificate.json").read_text())


def claims(of: dict) -> tuple:
    """What a certificate claims, without when and where, and without how it was split."""
    return (
        [{k: v for k, v in search.items() if k != "shards"} for search in of["searches"]],
        [check["check"] for check in of["checks"]],
        of["violations"],
    )


class Campaigns(WithProject):
    def test_shards_add_up_to_what_one_does(self):
        whole = self.root / "whole"
        self.succeeds("--shards", "1", folder=whole)
        printed = self.succeeds("--shards", "3")
        self.assertEqual(claims(self.certificate()), claims(self.certificate(whole)))
        self.assertIn("mine: every scenario of 2x3 (12) at the capacities", printed)
        self.assertIn("3 shards, 120 executions, no violation", printed)
        self.assertIn("every scenario of 2x3", (self.folder / "certificate.html").read_text())

    def test_what_is_lost_is_done_again(self):
        self.succeeds("--shards", "5")
        of = campaign.load(self.folder)
        times = {n: of.file_of(n).stat().st_mtime_ns for n in range(1, 6)}
        of.file_of(2).unlink()
        of.file_of(4).write_text(of.file_of(4).read_text()[:100])
        with self.assertRaisesRegex(BadResults, r"lacks 1 of 5 shards \(2\): `run` does them"):
            certificate.certify([of])
        self.assertIn("is set aside, and its shard done again: it is not complete JSON", self.succeeds())
        again = [n for n in range(1, 6) if of.file_of(n).stat().st_mtime_ns != times[n]]
        self.assertEqual(again, [2, 4])

    def test_a_violation_is_certified_as_one(self):
        self.fails.touch()
        code, printed = self.run_campaign("--shards", "3")
        self.assertEqual(code, 1)
        self.assertTrue(self.certificate()["violations"])
        self.assertIn("a violation", printed)
        self.assertIn("a message is lost", (self.folder / "certificate.html").read_text())

    def test_what_does_not_belong_together_is_named(self):
        self.succeeds("--shards", "2")
        of = campaign.load(self.folder)
        original = results.load(of.file_of(2))
        for field, value in (("revision", "other"), ("level", "quick"), ("seed", 7), ("shard", "1/2")):
            results.save(original | {field: value}, of.file_of(2))
            with self.assertRaisesRegex(BadResults, f"is not the campaign's: it has {field} .*, but the campaign"):
                certificate.certify([of])
        self.assertIn("is set aside", self.succeeds())
        for arguments, field in (
            (("--seed", "2"), "seed"),
            (("--shards", "3"), "shards"),
            (("--level", "quick"), "level"),
        ):
            code, printed = self.run_campaign(*arguments)
            self.assertEqual(code, 5)
            self.assertIn(f"is a campaign with {field}", printed)
        copy = self.root / "copy"
        shutil.copytree(self.folder, copy)
        code, printed = invoked("certify", str(self.folder), str(copy))
        self.assertEqual(code, 5)
        self.assertIn("it would be counted twice", printed)

    def test_runs_of_different_seeds_add_up(self):
        other = self.root / "other"
        self.succeeds("--shards", "2")
        self.succeeds("--shards", "2", "--seed", "2", folder=other)
        alone = self.certificate()
        self.assertEqual(invoked("certify", str(self.folder), str(other))[0], 0)
        both = self.certificate()
        # Another seed draws other executions, but a search explores the same.
        self.assertEqual(both["searches"], alone["searches"])
        self.assertEqual(both["checks"][0]["executions"], 2 * alone["checks"][0]["executions"])

    def test_a_changed_tree_is_refused(self):
        self.succeeds("--shards", "2")
        of = campaign.load(self.folder)
        of.file_of(1).unlink()
        self.git("commit", "-qm", "another", "--allow-empty")
        code, printed = self.run_campaign()
        self.assertEqual(code, 5)
        self.assertIn(f"but {self.folder} is about {of.revision}", printed)
        (self.source / "CMakeLists.txt").write_text("find_package(sluice) # changed\n")
        code, printed = self.run_campaign(folder=self.root / "new")
        self.assertEqual(code, 2)
        self.assertIn("commit them first", printed)

    def test_bad_input_is_reported_in_a_sentence(self):
        for arguments, code, told in (
            (["status", str(self.folder)], 5, "has no campaign"),
            (["shard", str(self.folder), "1"], 5, "has no campaign"),
            (["run", str(self.folder), "ghost", "--binary", str(self.binary)], 2, "there is no channel `ghost`"),
            (
                ["run", str(self.folder), "--hosts", str(self.source / "CMakeLists.txt")],
                2,
                "--hosts is for --engine parallel",
            ),
        ):
            found, printed = invoked(*arguments)
            self.assertEqual((found, told in printed), (code, True), printed)
        self.folder.mkdir()
        for text, told in (("{", "is not complete JSON"), ('{"schema": "sluice-campaign/0"}', "this version reads")):
            (self.folder / "campaign.json").write_text(text)
            with self.assertRaisesRegex(BadResults, told):
                campaign.load(self.folder)

    def test_an_engine_that_is_not_installed_is_named(self):
        nothing = self.root / "nothing"
        nothing.mkdir()
        with mock.patch.dict(os.environ, {"PATH": str(nothing)}):
            for engine, package in (("parallel", "parallel"), ("slurm", "slurm-client")):
                with self.assertRaisesRegex(Environment, f"apt-get install {package}, or take --engine local"):
                    campaign._require(engine)

    def test_slurm_gets_an_array_and_a_job_after_it(self):
        told = self.root / "told"
        stub = self.root / "sbatch"
        stub.write_text(f'#!/bin/sh\necho "$@" >> {told}\necho "4$(wc -l < {told});cluster"\n')
        stub.chmod(0o755)
        with mock.patch.dict(os.environ, {"PATH": f"{self.root}:{os.environ['PATH']}"}):
            self.succeeds("--shards", "4", "--engine", "slurm")
        array, joining = told.read_text().splitlines()
        self.assertEqual(
            array,
            f"--parsable --job-name=sluice --requeue --array 1-4 --output={self.folder}/slurm-%A-%a.log {self.folder}/array.sh 0",
        )
        self.assertIn("--dependency afterany:41", joining)
        # What an array's job does.
        for shard in range(1, 5):
            environment = os.environ | {"SLURM_ARRAY_TASK_ID": str(shard)}
            subprocess.run(["sh", str(self.folder / "array.sh"), "0"], env=environment, check=True, capture_output=True)
        self.assertEqual(campaign.load(self.folder).missing(), [])

    def test_slurm_takes_more_shards_than_an_array_has(self):
        self.assertEqual(self.run_campaign("--shards", "5")[0], 0)
        of = campaign.load(self.folder)
        submitted = []
        with (
            mock.patch.object(campaign, "LARGEST_ARRAY", 2),
            mock.patch.object(campaign, "console"),
            mock.patch.object(
                campaign, "_submit", lambda arguments: submitted.append(arguments) or str(len(submitted))
            ),
        ):
            campaign._by_slurm(of, [1, 2, 4, 5])
        self.assertEqual(
            [(job[job.index("--array") + 1], job[-1]) for job in submitted[:-1]], [("1-2", "0"), ("2", "2"), ("1", "4")]
        )
        self.assertIn("afterany:1:2:3", submitted[-1])

    def test_no_two_shards_draw_the_same(self):
        first = campaign.Campaign(self.folder, "r", "h", "s", "b", {}, ("mine",), "deep", 1, 200)
        asked = [
            first,
            *(dataclasses.replace(first, **other) for other in ({"seed": 2}, {"level": "standard"}, {"shards": 4000})),
        ]
        begin = sorted(campaign._seed_of(of, shard) for of in asked for shard in range(1, of.shards + 1))
        most = max(level.models for level in verify.LEVELS.values())
        self.assertGreater(min(later - earlier for earlier, later in itertools.pairwise(begin)), most)

    def test_a_runner_that_is_ended_from_outside_accuses_no_channel(self):
        self.assertEqual(self.run_campaign("--shards", "1")[0], 0)
        of = campaign.load(self.folder)
        of.file_of(1).unlink()
        for ending in (
            "ended by SIGKILL: ",
            "ended by SIGINT: ",
            "ended with exit code 2: disk full",
            "did not end within 9 s",
        ):
            self.assert_not_done(of, {"check": "runner", "detail": ending})
        self.assert_not_done(of, {"check": "lifetime", "detail": verify.ENDED_INSIDE})

    def assert_not_done(self, of: campaign.Campaign, told: dict) -> None:
        dead = {"channel": "mine", "kind": "model", "verdict": "failed", **told}
        with mock.patch.object(verify, "run_task", return_value=[dead]):
            with self.assertRaisesRegex(Environment, "`run` does the shard again"):
                campaign.work(of, 1)
        self.assertFalse(of.file_of(1).exists())

    def test_a_search_that_was_cut_is_a_part(self):
        self.assertEqual(self.run_campaign("--shards", "2")[0], 0)
        of = campaign.load(self.folder)
        run = results.load(of.file_of(2))
        kept = [check for check in run["checks"] if check["check"] != "exhaustive_2x3"]
        results.save(run | {"checks": kept}, of.file_of(2))
        printed = self.succeeds()
        self.assertIn("mine: a part of the scenarios of 2x3 (6)", printed)
        self.assertIn("mine: every scenario of 3x2 (12)", printed)

    def test_a_known_failure_is_told_and_fails_nothing(self):
        self.fails.touch()
        (self.source / "known_failures.toml").write_text(
            "".join(
                f'[[known]]\nchannel = "mine"\ncheck = "model/{check}"\nreason = "it is old"\nexpires = 2999-01-01\n'
                for check in ("handoff", "exhaustive_2x3", "exhaustive_3x2")
            )
        )
        self.git("add", ".")
        self.git("commit", "-qm", "known")
        self.assertIn("mine: model handoff fails (as known: it is old)", self.succeeds("--shards", "2"))
        self.assertIn("it is old", (self.folder / "certificate.json").read_text())

    def test_a_channel_that_is_named_twice_counts_once(self):
        self.succeeds("mine", "--shards", "2")
        self.assertEqual(self.certificate()["searches"][0]["scenarios"], 12)

    def test_another_runner_is_refused(self):
        self.succeeds("--shards", "2")
        campaign.load(self.folder).file_of(1).unlink()
        with open(self.binary / "mine_models", "a") as runner:
            runner.write("# changed\n")
        code, printed = self.run_campaign()
        self.assertEqual(code, 5)
        self.assertIn("are not those that", printed)
        self.assertFalse((self.folder / "certificate.json").exists())

    def test_what_the_system_refuses_is_a_sentence(self):
        self.succeeds("--shards", "2")
        of = campaign.load(self.folder)
        of.file_of(1).unlink()
        full = OSError(errno.ENOSPC, "No space left on device", str(of.file_of(1)))
        with mock.patch.object(results, "write_text", side_effect=full):
            code, printed = self.run_campaign()
        self.assertEqual(code, 4)
        self.assertIn("No space left on device; then the same command goes on", printed)
        self.succeeds()

    def test_ranges_are_as_slurm_reads_them(self):
        self.assertEqual(campaign._ranges([1, 2, 3, 7, 9, 10]), "1-3,7,9-10")

    @unittest.skipUnless(shutil.which("parallel"), "no GNU parallel here")
    def test_gnu_parallel_gives_the_same_though_workers_are_killed(self):
        whole = self.root / "whole"
        self.succeeds("--shards", "1", folder=whole)
        self.dies.mkdir()
        self.succeeds("--shards", "4", "--engine", "parallel")
        self.assertEqual(claims(self.certificate()), claims(self.certificate(whole)))
        self.assertEqual(len(list(self.dies.iterdir())), 4)
        self.assertEqual(len((self.folder / "parallel.log").read_text().splitlines()), 5)


class BrokenOff(WithProject):
    pause = 0.05

    def test_it_goes_on_where_it_was(self):
        random.seed(1)
        first_seen: dict[pathlib.Path, int] = {}
        half_way = 0
        for _ in range(10):
            where = [str(self.folder), "mine", "--binary", str(self.binary), "--shards", "40", "--workers", "2"]
            going = subprocess.Popen(
                self.command("run", *where),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            done = len(self.files())
            while len(self.files()) == done and going.poll() is None:
                time.sleep(0.01)
            time.sleep(random.uniform(0, 0.3))
            os.killpg(going.pid, random.choice((signal.SIGKILL, signal.SIGINT, signal.SIGTERM)))
            going.wait()
            first_seen = self.files() | first_seen
            half_way += 0 < len(first_seen) < 40
        self.assertGreater(half_way, 3)
        self.succeeds()
        finished = self.files()
        self.assertEqual(len(finished), 40)
        # Nothing that was done is done again, and none of it is a runner's violent end.
        self.assertEqual({file: finished[file] for file in first_seen}, first_seen)
        self.assertEqual(self.certificate()["violations"], [])

    def files(self) -> dict[pathlib.Path, int]:
        return {file: file.stat().st_mtime_ns for file in self.folder.glob("shards/*.json")}

    def test_two_workers_at_one_shard_do_it_once(self):
        self.succeeds("--shards", "1")
        of = campaign.load(self.folder)
        of.file_of(1).unlink()
        worked = []
        run_task = verify.run_task

        def counted(*arguments):
            worked.append(arguments)
            return run_task(*arguments)

        with mock.patch.object(verify, "run_task", counted):
            both = [threading.Thread(target=campaign.work, args=(of, 1)) for _ in range(2)]
            for one in both:
                one.start()
            for one in both:
                one.join()
        # The random checks and two searches.
        self.assertEqual(len(worked), 3)


SLURM = ("munged", "slurmctld", "slurmd", "sbatch")


@unittest.skipUnless(
    all(map(shutil.which, SLURM)) and os.geteuid() == 0,
    "no Slurm here (slurmctld, slurmd, slurm-client, munge), or not root",
)
class OnSlurm(WithProject):
    """A Slurm of one node, which is this machine."""

    def setUp(self):
        super().setUp()
        # munge refuses a folder that others can write to, as those around a temporary one.
        place = tempfile.TemporaryDirectory(dir="/run")
        self.addCleanup(place.cleanup)
        at = pathlib.Path(place.name)
        os.chmod(at, 0o755)
        (at / "key").write_bytes(os.urandom(128))
        os.chmod(at / "key", 0o600)
        host = socket.gethostname().split(".")[0]
        ports = [free_port(), free_port()]
        (at / "slurm.conf").write_text(
            f"ClusterName=one\nSlurmctldHost={host}(127.0.0.1)\nSlurmUser=root\nAuthType=auth/munge\n"
            f"AuthInfo=socket={at}/munge\nMpiDefault=none\nProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\n"
            f"SlurmctldPidFile={at}/control.pid\nSlurmdPidFile={at}/node.pid\nSlurmdSpoolDir={at}/spool\n"
            f"StateSaveLocation={at}/state\nSelectType=select/cons_tres\nSelectTypeParameters=CR_Core\n"
            f"SlurmctldPort={ports[0]}\nSlurmdPort={ports[1]}\nSlurmctldLogFile={at}/control.log\n"
            f"SlurmdLogFile={at}/node.log\nJobAcctGatherType=jobacct_gather/none\n"
            f"NodeName={host} NodeAddr=127.0.0.1 CPUs={os.cpu_count()} State=UNKNOWN\n"
            "PartitionName=main Nodes=ALL Default=YES State=UP\n"
        )
        self.log = at / "control.log"
        self.environment = {"SLURM_CONF": str(at / "slurm.conf")}
        named = [f"--{what}={at}/{what}" for what in ("pid-file", "log-file", "seed-file")]
        munged = ["munged", "--foreground", "--force", f"--socket={at}/munge", f"--key-file={at}/key", *named]
        for daemon, is_up in (
            (munged, (at / "munge").exists),
            (["slurmctld", "-D"], lambda: "is UP" in self.told("scontrol", "ping")),
            (["slurmd", "-D", "-N", host], lambda: "idle" in self.told("sinfo", "--noheader", "--format=%T")),
        ):
            going = subprocess.Popen(
                daemon, env=os.environ | self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            self.addCleanup(going.wait)
            self.addCleanup(going.terminate)
            self.wait_until(is_up, daemon[0])

    def told(self, *command: str) -> str:
        return subprocess.run(command, env=os.environ | self.environment, capture_output=True, text=True).stdout

    def wait_until(self, holds: Callable[[], bool], what: str) -> None:
        for _ in range(240):
            if holds():
                return
            time.sleep(0.5)
        logs = "".join(log.read_text() for log in self.folder.glob("slurm-*.log"))
        control = self.log.read_text()[-2000:] if self.log.exists() else ""
        self.fail(f"{what} is not there after two minutes: {logs}{control}")

    def test_it_gives_the_same_though_workers_are_killed(self):
        whole = self.root / "whole"
        self.succeeds("--shards", "1", folder=whole)
        self.dies.mkdir()
        with mock.patch.dict(os.environ, self.environment):
            self.assertIn("Slurm has the shards as job", self.succeeds("--shards", "4", "--engine", "slurm"))
        self.wait_until((self.folder / "certificate.json").exists, "the certificate")
        self.assertEqual(claims(self.certificate()), claims(self.certificate(whole)))
        self.assertEqual(len(list(self.dies.iterdir())), 4)
