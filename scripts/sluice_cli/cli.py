"""The commands."""

from __future__ import annotations

import dataclasses
import datetime
import pathlib
import sys

import click

from sluice_cli import advise as advising, audit as auditing
from sluice_cli import bench as benchmarks
from sluice_cli import build, compare as comparing, contract as contracting, gate as gating, machine, new as creating
from sluice_cli import merge as merging, peers, replay as replaying, report as reporting, results, setup
from sluice_cli import verify as verification
from sluice_cli.common import RESULTS, Failure, Unverified, Usage, console

LEVEL = click.option(
    "--level",
    default="quick",
    show_default=True,
    metavar="LEVEL",
    help=f"How much to try: {', '.join(verification.LEVELS)}.",
)
SEED = click.option("--seed", default=1, show_default=True, help="What random choices grow from.")


def shell_line() -> str:
    return " ".join(["scripts/sluice", *sys.argv[1:]])


def gather(
    level: str,
    seed: int,
    checks: list[dict],
    samples: list[dict],
    contract: list[dict] = (),
    checking: list[dict] = (),
    audit: list[dict] = (),
    litmus: list[dict] = (),
    missing: dict[str, str] | None = None,
) -> dict:
    """A run's results, as results/schema.json has them."""
    return {
        "schema": results.SCHEMA,
        "created": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "revision": build.revision(),
        "command": shell_line(),
        "level": level,
        "seed": seed,
        "machine": machine.facts(),
        "checks": checks,
        "contract": list(contract),
        "checking": list(checking),
        "audit": list(audit),
        "litmus": list(litmus),
        "missing": missing or {},
        "samples": samples,
    }


def publish(data: dict) -> None:
    """Writes a run's results and report to a folder of its own, and prints the report's path."""
    folder = results.new_run()
    results.save(data, folder / "results.json")
    console.print(str(reporting.write(data, folder)), markup=False)


def writable(file: pathlib.Path) -> None:
    """Ends the command, before any work, if a file could not be written after it."""
    if not file.absolute().parent.is_dir():
        raise Usage(f"`{file}` cannot be written: there is no folder {file.absolute().parent}")


def insist(checks: list[dict], contract: list[dict] = (), audit: list[dict] = ()) -> None:
    """Ends the command with exit code 1 if a check, a line of the contract or a row of the audit did not come out as it
    must."""
    if broken := contracting.bad(contract):
        names = ", ".join(f"{v['number']} on {v['channel']}" for v in broken[:5])
        raise Unverified(f"{len(broken)} lines of the contract do not hold: {names}")
    if wrong := verification.bad(checks):
        names = ", ".join(f"{c['channel']} {c['kind']} {c['check']}" for c in wrong[:5])
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise Unverified(f"{len(wrong)} checks did not come out as they must: {names}{more}")
    if unexplained := auditing.bad(audit):
        names = ", ".join(f"{row['file']}:{row['line']} {row['role']} {row['fault']}" for row in unexplained[:5])
        raise Unverified(
            f"{len(unexplained)} places are not shown to be needed: {names}; add the scenario that needs them, weaken "
            "them, or give the reason in models/kept.toml"
        )


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def commands() -> None:
    """Verify, measure, report and gate channels.

    Exit codes: 0 good, 1 a property or model failed, 2 wrong usage, 3 slower than the base, 4 this machine lacks
    something, 5 a results file cannot be used, 6 the tree does not build.
    """


@commands.command()
@click.option("--quick", is_flag=True, help="Fewer messages, rounds and executions: some 10 minutes after building.")
@click.option(
    "--from", "source", type=click.Path(path_type=pathlib.Path), help="Write the report of this results.json again."
)
@SEED
def report(quick: bool, source: pathlib.Path | None, seed: int) -> None:
    """Set up, build, verify, measure and plot; prints the path of results/<run>/report.html."""
    if source:
        console.print(str(reporting.write(results.load(source), source.parent)), markup=False)
        return
    level = "quick" if quick else "standard"
    binary = build.preset("release")
    channels = build.registry(binary)
    checks = verification.verify(channels, level, seed)
    verification.show(checks)
    audited = auditing.audit(build.registry(binary, of_tests=True), whole=True)
    contract = contracting.run(binary, divide=20 if quick else 1)
    effort = benchmarks.EFFORTS["quick" if quick else "full"]
    others, missing = peers.build()
    samples = benchmarks.measure(channels + others, effort, seed)
    speed = verification.checking_speed(binary)
    publish(gather(level, seed, checks, samples, contract, speed, audited, verification.litmus(binary), missing))
    insist(checks, contract, audited)


@commands.command()
@click.option("--preset", default="release", show_default=True, help=f"One of {', '.join(build.PRESETS)}.")
def test(preset: str) -> None:
    """Set up, build and run every test of a preset under ctest."""
    if build.test(preset) != 0:
        raise Unverified(f"tests of preset {preset} failed; ctest's output is above")


@commands.command()
@click.argument("channels", nargs=-1)
@LEVEL
@SEED
@click.option(
    "--shard", default="1/1", show_default=True, help="Only the i-th of n parts of the work, as i/n; see merge."
)
@click.option("--json", "out", type=click.Path(path_type=pathlib.Path), help="Write the verdicts to this file.")
def verify(channels: tuple[str, ...], level: str, seed: int, shard: str, out: pathlib.Path | None) -> None:
    """Run the property tests and models of CHANNELS, or of all, and print the matrix of verdicts."""
    if out:
        writable(out)
    registered = build.registry(build.preset("release"))
    checks = verification.verify(build.choose(registered, channels), level, seed, shard)
    verification.show(checks)
    if out:
        results.save(gather(level, seed, checks, []) | {"shard": shard}, out)
    insist(checks)


@commands.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=pathlib.Path))
@click.option("--json", "out", required=True, type=click.Path(path_type=pathlib.Path), help="Where to write the whole.")
def merge(files: tuple[pathlib.Path, ...], out: pathlib.Path) -> None:
    """Join the results of all shards of one verification, as verify --shard i/n --json FILE wrote them."""
    writable(out)
    whole = merging.merge({file: results.load(file) for file in files})
    verification.show(whole["checks"])
    results.save(whole, out)
    insist(whole["checks"])


@commands.command()
@click.argument("channels", nargs=-1)
@click.option(
    "--executions",
    default=auditing.EXECUTIONS,
    show_default=True,
    type=click.IntRange(1),
    help="Schedules for each scenario before a place counts as not needed.",
)
@click.option("--json", "out", type=click.Path(path_type=pathlib.Path), help="Write the table to this file.")
@click.option("--binary", type=click.Path(path_type=pathlib.Path), help="Use this build folder as it is.")
def audit(channels: tuple[str, ...], executions: int, out: pathlib.Path | None, binary: pathlib.Path | None) -> None:
    """Make each memory order, wake-up and second look of CHANNELS one step weaker; a model must fail each time.

    Exits with 1 if one survives without a reason in models/kept.toml, or a comment's tag is untrue.
    """
    if out:
        writable(out)
    registered = build.registry(binary or build.preset("release"), of_tests=True)
    rows = auditing.audit(build.choose(registered, channels), whole=not channels, executions=executions)
    auditing.show(rows)
    if out:
        results.save(gather("none", 0, [], [], audit=rows), out)
    if wrong := auditing.wrong_tags():
        console.print("comments say what is not so:\n  " + "\n  ".join(wrong), style="bold red", markup=False)
    insist([], [], rows)
    if wrong:
        raise Unverified(f"{len(wrong)} comments say what is not so; they are named above")


@commands.command()
@click.argument("file", type=click.Path(path_type=pathlib.Path))
@click.option("--channel", metavar="NAME", help="Run it on this channel instead.")
@click.option("--executions", type=click.IntRange(1), help="How often, in place of what the file says.")
def replay(file: pathlib.Path, channel: str | None, executions: int | None) -> None:
    """Run the program of a failure FILE again, on real threads and in the model.

    Exits with 1 if it fails again. Such files are written to results/failures; by hand, two lines are enough:
    `Channel: NAME` and `Program: capacity 1: send | recv recv`.
    """
    failure = replaying.read(file)
    registered = build.registry(build.preset("release"))
    [chosen] = build.choose(registered, (channel or failure["Channel"],))
    if replaying.replay(chosen, failure, executions):
        raise Unverified(f"{chosen.name} failed on `{failure['Program']}`")


@commands.command()
@click.option("--preset", default="release", show_default=True, help=f"One of {', '.join(build.PRESETS)}.")
@click.option(
    "--divide",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="Divide the repetitions of stress lines by this, for a quick look.",
)
@click.option("--json", "out", type=click.Path(path_type=pathlib.Path), help="Write the verdicts to this file.")
def contract(preset: str, divide: int, out: pathlib.Path | None) -> None:
    """Run every line of the contract on every channel that it applies to, and print the table."""
    if out:
        writable(out)
    verdicts = contracting.run(build.preset(preset), divide)
    contracting.show(verdicts)
    if out:
        results.save(gather("none", 0, [], [], verdicts), out)
    insist([], verdicts)


@commands.command()
@click.argument("channels", nargs=-1)
@click.option("--quick", is_flag=True, help="Fewer messages and rounds: 2 minutes with --peers, in place of 40.")
@click.option("--free", is_flag=True, help="Do not pin threads to processors.")
@click.option("--peers", "beside", is_flag=True, help="Other people's channels as well, of C++, Rust and Go.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="Begin no round of samples later than that.")
@SEED
def bench(channels: tuple[str, ...], quick: bool, free: bool, beside: bool, minutes: float | None, seed: int) -> None:
    """Measure CHANNELS, or all of ours; writes results/<run>/results.json and its report."""
    registered = build.registry(build.preset("release"))
    missing: dict[str, str] = {}
    if beside:
        others, missing = peers.build()
        registered += others
    elif not channels:
        registered = [channel for channel in registered if not channel.third_party]
    effort = benchmarks.EFFORTS["quick" if quick else "full"]
    effort = dataclasses.replace(effort, minutes=minutes or effort.minutes)
    samples = benchmarks.measure(build.choose(registered, channels), effort, seed, pinned=not free)
    publish(gather("none", seed, [], samples, missing=missing))


@commands.command()
@click.option("--producers", type=click.Choice(["one", "many"]), required=True, help="Threads that send.")
@click.option("--consumers", type=click.Choice(["one", "many"]), required=True, help="Threads that receive.")
@click.option("--capacity", type=click.IntRange(0), help="Messages it may hold; leave it out for no bound.")
@click.option("--latency", is_flag=True, help="Round trips count more than throughput.")
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=pathlib.Path),
    default=RESULTS / "reference" / "results.json",
    help="The results.json to go by; your own machine's is better than the reference.",
)
def advise(producers: str, consumers: str, capacity: int | None, latency: bool, source: pathlib.Path) -> None:
    """Name the channel to take for a need, and what it and its peers cost."""
    need = advising.Need(producers, consumers, capacity, latency)
    advising.show(results.load(source)["samples"], need)


@commands.command()
@click.argument("first", type=click.Path(path_type=pathlib.Path))
@click.argument("second", type=click.Path(path_type=pathlib.Path))
def compare(first: pathlib.Path, second: pathlib.Path) -> None:
    """Print which figures of two runs differ by more than their intervals: their results.json files.

    For two runs of one tree, to see how far figures can be trusted, or before and after a change of machine or
    compiler. A change of the code is better judged by gate, which samples both in turn.
    """
    comparing.show(results.load(first)["samples"], results.load(second)["samples"])


@commands.command()
@click.option("--base", required=True, metavar="REV", help="The revision to hold this tree against.")
@click.option(
    "--pairs", default=gating.PAIRS, show_default=True, type=click.IntRange(5, 1000), help="Pairs of samples."
)
@SEED
def gate(base: str, pairs: int, seed: int) -> None:
    """Verify this tree, and compare its speed with REV's; writes gate.json and gate.md to results/gate."""
    setup.ensure()
    commit, tree = gating.checkout(base)
    channels = build.registry(build.preset("release"))
    checks = verification.verify(channels, "quick", seed)
    verification.show(verification.bad(checks))
    insist(checks)
    before = gating.build_benchmarks(tree, tree / "build" / "gate")
    verdicts = gating.compare(before, gating.measured(channels), seed, pairs)
    gating.show(verdicts)
    folder = RESULTS / "gate"
    folder.mkdir(parents=True, exist_ok=True)
    gating.write(verdicts, commit, folder)
    console.print(f"against {commit[:12]}: {gating.overall(verdicts)} ({folder / 'gate.json'})", markup=False)
    if slower := [f"{v.channel} {v.workload}" for v in verdicts if v.verdict == "slower"]:
        raise gating.Slower(f"slower than {commit[:12]}: {', '.join(slower)}")


@commands.command()
@click.argument("name")
def new(name: str) -> None:
    """Start a channel NAME: a working core to change, and its registry line."""
    header = creating.create(name)
    console.print(f"{header}\nnext: change it, then run scripts/sluice verify {name}", markup=False)


def main() -> None:
    try:
        commands(prog_name="scripts/sluice", standalone_mode=False)
    except click.exceptions.Abort:
        console.print("sluice: interrupted; earlier results are as they were")
        sys.exit(130)
    except Failure as failure:
        failure.show()
        sys.exit(failure.exit_code)
    except click.ClickException as misuse:
        misuse.show()
        sys.exit(misuse.exit_code)
