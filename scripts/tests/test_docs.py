"""Whatever is added has its row: in the documentation, in the lists that other code reads, and in the install."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import tempfile
import unittest

from sluice_cli import bench, figures, registry, results
from sluice_cli.cli import COMMANDS
from sluice_cli.common import HOME, REFERENCE
from tests.test_commands import BUILD

# What Google Benchmark itself writes of a run.
STANDARD_KEYS = {
    *("name", "family_index", "per_family_instance_index", "run_name", "run_type", "repetitions", "repetition_index"),
    *("threads", "iterations", "real_time", "cpu_time", "time_unit"),
}

# The capacity of a channel's figures in the README: the first of these that it has.
CAPACITIES = ("128", "unbounded", "0")


def read(path: str) -> str:
    return (HOME / path).read_text()


def first_column(path: str, header: str) -> list[str]:
    """The first cells of the table below this header row, without the header."""
    lines = read(path).split("\n")
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {header} "))
    cells = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        cells.append(line.split("|")[1].strip())
    return cells


def quoted(cells: list[str]) -> list[str]:
    return [name for cell in cells for name in re.findall(r"`(\w+)", cell)]


def listed(program: pathlib.Path) -> list[str]:
    return subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout.split()


class Documentation(unittest.TestCase):
    def test_every_property_has_a_row(self):
        self.assertEqual(first_column("properties/README.md", "property"), listed(BUILD / "mutex_properties"))

    def test_every_property_of_a_broadcast_has_a_row(self):
        rows = ", ".join(first_column("properties/README.md", "property of a broadcast")).split(", ")
        self.assertEqual(rows, listed(BUILD / "broadcast_properties"))

    def test_every_operation_has_a_row(self):
        table = re.findall(r'op\{op_kind::(\w+),\s*"(\w+)"', read("harness/op.hpp"))
        self.assertGreater(len(table), 10)
        names = [name for kind, name in table if kind != "quiescent"]
        self.assertCountEqual(quoted(first_column("properties/README.md", "operation")), names)

    def test_every_benchmark_has_a_row(self):
        shapes = {name.split("/")[0] for channel in registry.configured(BUILD) for name in self.benchmarks(channel)}
        self.assertCountEqual(quoted(first_column("harness/bench/README.md", "shape")), shapes)

    @staticmethod
    def benchmarks(channel: registry.Channel) -> list[str]:
        return listed(channel.runners["bench"]) if "bench" in channel.runners else []

    def test_every_command_has_a_row(self):
        self.assertEqual(list(dict.fromkeys(quoted(first_column("scripts/README.md", "command")))), list(COMMANDS))

    def test_every_adapter_has_a_row(self):
        adapters = re.findall(r"^_sluice_adapter\((\w+)", read("impls/adapters/registry.cmake"), re.M)
        self.assertEqual(re.findall(r"\| \[(\w+)\]", read("impls/adapters/README.md")), adapters)

    def test_the_readme_counts_right(self):
        readme = read("README.md")
        faulty = [channel for channel in registry.declared() if channel.faulty]
        self.assertIn(f"| {len(faulty)} faulty channels", readme)
        self.assertEqual(21, len(list((HOME / "impls" / "examples").glob("*.cpp"))))
        self.assertIn("[Twenty-one small programs](impls/examples)", readme)

    def test_the_figures_of_the_readme_are_those_of_the_reference_run(self):
        run = results.load(REFERENCE)
        rows = re.findall(r"^\| `(\w+)` \|.*\| ([\d–]+) \| ([\d–]+) \|$", read("README.md"), re.M)
        roles = figures.Roles.of(run)
        measured = {sample["channel"] for sample in run["samples"]}
        self.assertCountEqual([row[0] for row in rows], measured.intersection(roles.named("core", "baseline")))
        for channel, *shown in rows:
            for shape, threads, figure in zip(("spsc", "mpmc"), (1, figures.USUAL_THREADS), shown):
                where = {"channel": channel, "shape": shape, "threads": threads, "pinned": True}
                found = (figures.estimate(run["samples"], "ns_per_message", capacity=c, **where) for c in CAPACITIES)
                median = next((f"{estimate.median:.0f}" for estimate in found if estimate), "–")
                self.assertEqual(figure, median, f"{channel} {shape}")


class Lists(unittest.TestCase):
    def test_every_public_header_is_installed(self):
        headers = [str(file.relative_to(HOME / "impls")) for file in (HOME / "impls" / "sluice").rglob("*.hpp")]
        self.assertCountEqual(re.findall(r"\s(sluice/[\w/]+\.hpp)", read("impls/CMakeLists.txt")), headers)

    def test_every_peer_of_the_runners_is_known(self):
        arms = re.findall(r'^        "(\w+)" => \{', read("harness/bench/peers/rust/src/main.rs"), re.M)
        self.assertCountEqual(arms, registry.RUST)
        [go] = registry.GO
        self.assertIn(f'"{go}"', read("harness/bench/peers/go/main.go"))

    def test_every_property_is_listed(self):
        files = (HOME / "properties").glob("*.hpp")
        defined = [
            name for f in files for name in re.findall(r'^  static .*string_view name = "(\w+)"', f.read_text(), re.M)
        ]
        self.assertEqual(set(defined), {*listed(BUILD / "mutex_properties"), *listed(BUILD / "broadcast_properties")})

    def test_every_workload_is_registered(self):
        runner = read("harness/bench/workloads.hpp")
        texts = [f.read_text() for f in (HOME / "harness" / "bench").glob("*.hpp")]
        workloads = dict(found for text in texts for found in re.findall(r"^sample (\w+)\((.*?)^}", text, re.M | re.S))
        self.assertGreater(len(workloads), 5)
        # Or part of one that is.
        used = runner + "".join(body for name, body in workloads.items() if f"{name}<Channel" in runner)
        self.assertEqual([name for name in workloads if f"{name}<Channel" not in used], [])

    def test_every_rust_channel_is_compiled(self):
        folder = HOME / "harness" / "bench" / "peers" / "rust" / "src" / "channels"
        modules = re.findall(r"^mod (\w+);", (folder / "mod.rs").read_text(), re.M)
        self.assertCountEqual(modules, [f.stem for f in folder.glob("*.rs") if f.stem != "mod"])

    def test_every_command_is_reached(self):
        files = (HOME / "scripts" / "sluice_cli").glob("*.py")
        self.assertCountEqual(
            [f.stem for f in files if re.search(r"^def command\(", f.read_text(), re.M)], COMMANDS.values()
        )

    def test_every_counter_of_a_benchmark_is_recorded(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "out.json"
            command = [BUILD / "mutex_bench", "--smoke", "--json", file]
            subprocess.run(command, capture_output=True, check=True)
            runs = json.loads(file.read_text())["benchmarks"]
        self.assertTrue(runs)
        known = STANDARD_KEYS | set(figures.COUNTERS) | set(figures.OWN_COUNTERS) | set(bench.PROBES)
        declared = json.loads(read("results/schema.json"))["definitions"]["sample"]["properties"]
        self.assertLessEqual(set(figures.OWN_COUNTERS), set(declared))
        for run in runs:
            self.assertLessEqual(set(run), known, run["name"])


if __name__ == "__main__":
    unittest.main()
