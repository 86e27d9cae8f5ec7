"""Runs the contract, line by line, and collects the verdicts on every channel."""

from __future__ import annotations

import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import tempfile
import xml.etree.ElementTree as xml

import click
import rich.table

from sluice_cli import build, known, options, outcome, project, registry, results
from sluice_cli.common import BuildFailed, Usage, console, ended, progress
from sluice_cli.junit import write as write_junit
from sluice_cli.project import OWN, Project
from sluice_cli.registry import Channel

HANGS = 60  # seconds without progress, of one line on one channel
LATEST = 20 * HANGS  # the runner ends itself before, unless it cannot
MARKS = {
    "passed": "[green]✓[/green]",
    "failed": "[bold red]FAILED[/bold red]",
    "differs": "[yellow]differs[/yellow]",
    "not_applicable": "[dim]–[/dim]",
}


def _mark(verdict: dict) -> str:
    return "[yellow]known[/yellow]" if "known" in verdict else MARKS[verdict["verdict"]]


def _run_tests(binary: pathlib.Path, divide: int) -> dict[str, bool]:
    """Runs every test of the contract under ctest; whether each passed, by its name."""
    listing = subprocess.run(
        ["ctest", "--test-dir", str(binary), "-N", "-R", "^contract[.]"], capture_output=True, text=True, check=True
    ).stdout
    names = re.findall(r"Test +#\d+: (contract\.\S+)", listing)
    if not names:
        raise BuildFailed(f"{binary} has no tests of the contract; was it configured with SLUICE_TESTS=OFF?")
    junit = binary / "contract-verdicts" / "tests.xml"
    command = ["ctest", "--test-dir", str(binary), "-R", "^contract[.]", "-j", str(os.cpu_count())]
    environment = os.environ | {"SLUICE_CONTRACT_DIVIDE": str(divide)}
    with progress("contract", len(names)) as advance:
        with subprocess.Popen(
            [*command, "--output-junit", str(junit)], stdout=subprocess.PIPE, text=True, env=environment
        ) as ctest:
            for line in ctest.stdout:
                if done := re.search(r"^ *\d+/\d+ Test +#\d+: (\S+)", line):
                    advance(done[1])
    return {case.get("name"): case.get("status") == "run" for case in xml.parse(junit).iter("testcase")}


def run(binary: pathlib.Path, divide: int = 1) -> list[dict]:
    """A verdict for each line on each channel, in the order of the lines.

    `divide` makes stress lines shorter by that factor. A test that ended without verdicts counts as failed.
    """
    folder = binary / "contract-verdicts"
    for stale in folder.glob("*.json"):
        stale.unlink()
    passed = _run_tests(binary, divide)
    verdicts: list[dict] = []
    reported: set[int] = set()
    for file in folder.glob("*.json"):
        found = json.loads(file.read_text())
        verdicts += found
        reported.update(verdict["number"] for verdict in found)
    for name, good in passed.items():
        _, number, title = name.split(".")
        # Compile-fail tests write no verdicts; nor does a test that crashed.
        rejected = title.removeprefix("rejects_").replace("_", " ")
        if title.startswith("rejects_") or (int(number) not in reported and not good):
            verdicts.append(
                {
                    "number": int(number),
                    "name": title,
                    "behaviour": f"Does not compile, and the error names the remedy: {rejected}.",
                    "channel": "compiler" if title.startswith("rejects_") else "all",
                    "verdict": "passed" if good else "failed",
                    "detail": "" if good else f"ctest -R {name} fails",
                    "seconds": 0.0,
                }
            )
    for verdict in verdicts:
        verdict["test"] = f"contract.{verdict['number']:03}.{verdict['name']}"
    return known.mark(OWN, sorted(verdicts, key=lambda v: v["number"]))


def run_on(of: Project, channels: list[Channel], divide: int = 1) -> list[dict]:
    """A verdict for each line on each of these channels, in the order of the lines; each in its own process.

    Where a line does not hold on a third-party channel, that differs from the contract, and fails nothing.
    """
    tested = [channel for channel in channels if "contract" in channel.runners]
    registry.say_missing(channels)
    if not tested:
        raise Usage(
            "the contract is about none of these channels: it needs a queue that can be built here and has not CONTRACT OFF"
        )
    lines_of = {channel.name: _listed(channel.runners["contract"]) for channel in tested}
    verdicts = []
    with progress("contract", sum(map(len, lines_of.values()))) as advance:
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            running = [
                pool.submit(_line_on, channel, *line, divide) for channel in tested for line in lines_of[channel.name]
            ]
            for future in concurrent.futures.as_completed(running):
                verdicts.append(future.result())
                advance(f"{verdicts[-1]['number']} {verdicts[-1]['channel']}")
    return known.mark(of, sorted(verdicts, key=lambda v: (v["number"], v["channel"])))


def _listed(runner: pathlib.Path) -> list[tuple[str, str, str]]:
    """Number, name and behaviour of each line that a runner tests."""
    listing = subprocess.run([runner, "--list"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"^ *(\d+) (\w+): (.*)$", listing, re.MULTILINE)


def _line_on(channel: Channel, number: str, name: str, behaviour: str, divide: int) -> dict:
    """The verdict of one line. A runner that dies or hangs has failed it."""
    command = [str(channel.runners["contract"]), "--line", number, "--channel", channel.name, "--divide", str(divide)]
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "verdict.json"
        try:
            done = subprocess.run(
                [*command, "--hang-timeout", str(HANGS), "--json", str(out)],
                capture_output=True,
                text=True,
                timeout=LATEST,
            )
            ending = f"the line {ended(done.returncode)}: {done.stderr.strip()[-500:]}"
        except subprocess.TimeoutExpired:
            ending = f"the line did not end within {LATEST} s"
        if out.exists():
            (verdict,) = json.loads(out.read_text())
        else:
            verdict = {"number": int(number), "name": name, "behaviour": behaviour, "channel": channel.name}
            verdict |= {"verdict": "failed", "detail": ending, "seconds": 0.0}
    if verdict["verdict"] == "failed":
        verdict["detail"] += f"\nreproduce: {' '.join(command[:5])}"
        if channel.third_party:
            verdict["verdict"] = "differs"
    return verdict | {"test": f"contract.{int(number):03}.{name}"}


def lines(verdicts: list[dict]) -> list[tuple[int, str, str, list[dict]]]:
    """Number, test, behaviour and verdicts of each line."""
    grouped: dict[tuple[int, str, str], list[dict]] = {}
    for verdict in verdicts:
        grouped.setdefault((verdict["number"], verdict["test"], verdict["behaviour"]), []).append(verdict)
    return [(*key, mine) for key, mine in grouped.items()]


def held(verdicts: list[dict]) -> set[int]:
    """The numbers of the lines that some channel passed and none failed."""
    passed, failed = ({v["number"] for v in verdicts if v["verdict"] == wanted} for wanted in ("passed", "failed"))
    return passed - failed


def show(verdicts: list[dict]) -> None:
    """Prints the table, the reasons why lines do not apply, and every failure."""
    test = rich.table.Column("test", overflow="fold")
    table = rich.table.Table("line", "behaviour", test, "channels", title="The contract; – where it does not apply")
    for number, name, behaviour, mine in lines(verdicts):
        table.add_row(str(number), behaviour, name, "  ".join(f"{v['channel']} {_mark(v)}" for v in mine))
    console.print(table)
    console.print("Where lines do not apply:")
    for reason in outcome.why_not_applicable(verdicts, "number"):
        console.print(f"  {reason}", markup=False)
    seconds = sum(v["seconds"] for v in verdicts)
    for verdict in verdicts:
        if verdict["verdict"] == "differs":
            console.print(
                f"{verdict['channel']} differs in line {verdict['number']}: {verdict['behaviour']}", markup=False
            )
    console.print(f"{len(held(verdicts))} lines hold; {seconds:.0f} s of tests")
    for verdict in outcome.broken_lines(verdicts):
        console.print(f"\nline {verdict['number']} on {verdict['channel']} failed", style="bold red")
        console.print(f"{verdict['behaviour']}\n{verdict['detail']}", markup=False)


@click.command("contract")
@click.argument("channels", nargs=-1)
@options.preset
@click.option(
    "--divide",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="Divide the repetitions of stress lines by this, for a quick run.",
)
@options.json_file("the verdicts")
@options.junit_file
@project.option
def command(
    project: Project,
    channels: tuple[str, ...],
    preset: str,
    divide: int,
    out: pathlib.Path | None,
    junit: pathlib.Path | None,
) -> None:
    """Test every line of the contract on CHANNELS, or on all that promise it, and print the table.

    In sluice's own tree, third-party channels are tested where they are named.
    """
    if preset != "release" and (channels or not project.own):
        raise Usage("--preset is for sluice's own tree as a whole; name your settings when you configure, and --binary")
    known.require_readable(project)
    if project.own and not channels:
        binary = project.given_binary or build.build_preset(preset)
        chosen = registry.configured(binary)
        verdicts = run(binary, divide)
    else:
        chosen = registry.choose(registry.configured(build.configure_project(project)), channels)
        build.build_runners(project, chosen, "contract")
        verdicts = run_on(project, chosen, divide)
    show(verdicts)
    if out:
        results.save(
            results.new_results(project, "none", 0, chosen, contract=verdicts, missing=registry.why_missing(chosen)),
            out,
        )
    if junit:
        write_junit(junit, lines=verdicts)
    outcome.require_passed([], verdicts)
