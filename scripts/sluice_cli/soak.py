"""Long runs of channels under changing conditions, in constant memory."""

from __future__ import annotations

import json
import pathlib
import random
import re
import signal
import subprocess
import time

import click

from sluice_cli import build, options, project, registry
from sluice_cli.common import BadResults, Unverified, Usage, console, ended, progress
from sluice_cli.project import Project
from sluice_cli.registry import Channel

MESSAGES = 1_000_000_000
# Between two stops of the process, and in each.
RUNS_FOR = (0.5, 3.0)
STOPS_FOR = (0.01, 0.2)
POLL = 0.05


def lines_of(log: pathlib.Path) -> list[dict]:
    """The phases in a runner's log. Raises BadResults for a file that is none; half of a last line does not count."""
    try:
        whole = log.read_text().rpartition("\n")[0] if log.exists() else ""
        found = [json.loads(line) for line in whole.splitlines()]
        if not all("total" in line and "resident_bytes" in line for line in found):
            raise ValueError("a line is no phase")
    except (ValueError, TypeError) as error:
        raise BadResults(f"{log} is no log of a soak: {error}; remove it to begin anew") from None
    return found


def _total(log: pathlib.Path) -> int:
    """The messages so far, by the last whole line of a log."""
    if not log.exists():
        return 0
    with open(log, "rb") as file:
        file.seek(max(0, log.stat().st_size - 4096))
        found = re.findall(rb'"total": ?(\d+).*\n', file.read())
    return int(found[-1]) if found else 0


def _end(runner: subprocess.Popen) -> None:
    """Ends a runner, also a stopped one."""
    runner.kill()
    runner.wait()


def soak(channel: Channel, log: pathlib.Path, messages: int, seed: int) -> str:
    """Runs a channel's soak, or goes on with it, and stops and continues the process meanwhile.

    Returns what failed, or an empty text. Raises Usage if the log is another soak's.
    """
    command = [channel.runners["properties"], "--soak", str(messages), "--seed", str(seed), "--json", log]
    # Not of the seed alone: the moments do not repeat anyway.
    draw = random.Random(f"{seed} {channel.name}")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as runner:
        try:
            with progress(f"soaking {channel.name}, in millions", messages // 1_000_000 or 1) as advance:
                shown = 0
                next_stop = time.monotonic() + draw.uniform(*RUNS_FOR)
                while runner.poll() is None:
                    time.sleep(POLL)
                    if time.monotonic() > next_stop:
                        runner.send_signal(signal.SIGSTOP)
                        time.sleep(draw.uniform(*STOPS_FOR))
                        runner.send_signal(signal.SIGCONT)
                        next_stop = time.monotonic() + draw.uniform(*RUNS_FOR)
                    now = min(_total(log), messages) // 1_000_000
                    for _ in range(now - shown):
                        advance(channel.name)
                    shown = max(now, shown)
        except BaseException:
            _end(runner)
            raise
        text = runner.stdout.read()
        if runner.returncode == 0:
            return ""
        if runner.returncode == 2:
            raise Usage(text.strip())
        return text.strip() or f"{channel.name}: the soak {ended(runner.returncode)}"


def _summary(channel: str, lines: list[dict]) -> str:
    """What a log shows, in a row of a table."""
    messages = lines[-1]["total"]
    seconds = sum(line["seconds"] for line in lines)
    small = sum(line["messages"] for line in lines if line["capacity"] in ("0", "1"))
    wait = max(line["longest_wait_ns"] for line in lines) / 1e6
    memory = max(line["resident_bytes"] for line in lines) / 2**20
    return f"| {channel} | {messages:,} | {small:,} | {len(lines):,} | {seconds:,.0f} | {wait:,.0f} | {memory:,.0f} |"


@click.command("soak")
@click.argument("channels", nargs=-1)
@click.option("--messages", default=MESSAGES, show_default=True, type=click.IntRange(1), help="For each channel.")
@options.seed
@project.option
def command(project: Project, channels: tuple[str, ...], messages: int, seed: int) -> None:
    """Send so many MESSAGES through CHANNELS, or all that are not third-party or faulty, under changing conditions.

    Threads come and go, pause, are interrupted by signals or yield to all others; allocations fail, address space is
    limited, and the process is stopped and continued. Every message must arrive once and in order, and all memory come
    back. Broken off, it goes on. Writes a log for each channel and soak.png to the project's results/soak.
    """
    if project.own:
        registry.require_known(channels, registry.declared())
    registered = registry.configured(build.configure_project(project))
    chosen = [
        c
        for c in registry.choose(registered, channels)
        if "properties" in c.runners
        and c.kind == "queue"
        and (c.name in channels or not (c.third_party or c.faulty or c.role == "facade"))
    ]
    if not chosen:
        raise Usage("none of these channels is a queue with a property runner")
    build.build_runners(project, chosen, "properties")
    folder = project.results / "soak"
    folder.mkdir(parents=True, exist_ok=True)
    failures = {}
    refused = []
    for channel in chosen:
        try:
            if failed := soak(channel, folder / f"{channel.name}.jsonl", messages, seed):
                failures[channel.name] = failed
                console.print(failed, markup=False)
        except Usage as usage:
            refused.append(usage.message)
            console.print(f"{channel.name}: {usage.message}", markup=False)
    logs = {channel.name: lines_of(folder / f"{channel.name}.jsonl") for channel in chosen}
    logs = {name: lines for name, lines in logs.items() if lines}
    if logs:
        # Imported here: a command that draws nothing need not wait for matplotlib.
        from sluice_cli import soak_plot

        soak_plot.draw(logs, folder / "soak.png")
        console.print("| channel | messages | at capacity 0 and 1 | phases | s | longest wait, ms | memory, MiB |")
        console.print("|---|---:|---:|---:|---:|---:|---:|")
        for name, lines in logs.items():
            console.print(_summary(name, lines), markup=False)
        console.print(str(folder / "soak.png"), markup=False)
    if failures:
        raise Unverified(f"a soak failed: {', '.join(failures)}")
    if refused:
        raise Usage("; ".join(refused))
