"""What a message costs any channel: instructions, system calls and allocations, as valgrind counts them while one thread
sends and receives (the workload `seq`). Rows as those of exact_costs."""

from __future__ import annotations

import concurrent.futures
import filecmp
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from sluice_cli import exact_costs
from sluice_cli.common import console
from sluice_cli.registry import Channel

OPERATION = "send and recv"
# What the longer of two runs does in addition is what its messages cost.
MESSAGES = (100_000, 200_000)
TIMEOUT = 120  # seconds, of one run

# What a run does besides varies a little.
TOLERANCE = 0.02

_SYSTEM_CALL = re.compile(r"^SYSCALL\[[\d,]+\]\( *\d+\) \w", re.MULTILINE)
_INSTRUCTIONS = re.compile(r"I +refs: +([\d,]+)")
_HEAP = re.compile(r"total heap usage: ([\d,]+) allocs, [\d,]+ frees, ([\d,]+) bytes")


class NotCounted(Exception):
    """Valgrind cannot run this channel, or it is not installed."""


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def _run(channel: Channel, room: str, messages: int, *tool: str) -> tuple[str, int]:
    """What valgrind says of one run, and how many messages that sent."""
    with tempfile.TemporaryDirectory() as name:
        log, out = pathlib.Path(name) / "log", pathlib.Path(name) / "out.json"
        command = ["valgrind", *tool, f"--log-file={log}", *channel.bench, "--no-probe", "--no-pin"]
        command += ["--filter", f"^seq/{room}/1/", "--messages", str(messages), "--json", str(out)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=TIMEOUT)
        except FileNotFoundError:
            raise NotCounted("valgrind is not installed") from None
        except subprocess.TimeoutExpired:
            raise NotCounted(f"no end within {TIMEOUT} s under valgrind") from None
        if done.returncode != 0:
            said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise NotCounted(f"valgrind cannot run it: {said[-1]}")
        [sample] = json.loads(out.read_text())["benchmarks"]
        return log.read_text(errors="replace"), int(sample["messages"])


def _executed(channel: Channel, room: str, messages: int) -> dict[str, int]:
    cachegrind = ("--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", "--trace-syscalls=yes")
    told, sent = _run(channel, room, messages, *cachegrind)
    return {
        "messages": sent,
        "instructions": _number(_INSTRUCTIONS.search(told)[1]),
        "system_calls": len(_SYSTEM_CALL.findall(told)),
    }


def _allocated(channel: Channel, room: str, messages: int) -> dict[str, int]:
    told, sent = _run(channel, room, messages, "--tool=memcheck", "--leak-check=no", "--undef-value-errors=no")
    heap = _HEAP.search(told)
    return {"messages": sent, "allocations": _number(heap[1]), "bytes": _number(heap[2])}


def _each(fewer: dict[str, int], more: dict[str, int]) -> dict[str, float]:
    """What one message costs."""
    messages = more["messages"] - fewer["messages"]
    costs = {count: (more[count] - fewer[count]) / messages for count in more if count != "messages"}
    digits = {"instructions": 0, "bytes": 1}
    costs = {count: round(cost, digits.get(count, 3)) for count, cost in costs.items()}
    return {count: cost for count, cost in costs.items() if cost > 0}


def _row(channel: Channel, room: str) -> dict:
    counts = [_each(*(count(channel, room, messages) for messages in MESSAGES)) for count in (_executed, _allocated)]
    return {"core": channel.name, "capacity": room, "operation": OPERATION} | counts[0] | counts[1]


def _capacities(channel: Channel) -> list[str]:
    done = subprocess.run([*channel.bench, "--list", "--filter", "^seq/"], capture_output=True, text=True)
    return re.findall(r"^seq/(unbounded|\d+)/1/", done.stdout, re.MULTILINE)


def changes(before: list[Channel], after: list[Channel]) -> list[exact_costs.Change]:
    """What differs between two builds of the same channels, beyond what varies."""
    old = {channel.name: channel for channel in before if "bench" in channel.runners}

    def changed(channel: Channel) -> bool:
        return channel.name in old and not filecmp.cmp(
            old[channel.name].runners["bench"], channel.runners["bench"], False
        )

    differing = [channel for channel in after if "bench" in channel.runners and changed(channel)]
    return exact_costs.changes(counted([old[c.name] for c in differing]), counted(differing), TOLERANCE)


def counted(channels: list[Channel]) -> list[dict]:
    """A row for each capacity of each channel that is measured; what valgrind cannot run is told, and left out."""
    if not shutil.which("valgrind"):
        console.print("not counted, since valgrind is not installed: instructions, system calls and allocations")
        return []
    cells = [(c, room) for c in channels if "bench" in c.runners and c.kind == "queue" for room in _capacities(c)]
    rows = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for (channel, room), row in zip(cells, [pool.submit(_row, *cell) for cell in cells]):
            try:
                rows.append(row.result())
            except NotCounted as reason:
                console.print(f"not counted, {channel.name} at capacity {room}: {reason}", markup=False)
    return rows
