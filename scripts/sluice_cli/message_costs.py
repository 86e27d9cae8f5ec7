"""What a message costs any channel: instructions, system calls and allocations, as valgrind counts them while one thread
sends and receives (the workload `seq`). Rows as those of exact_costs."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import filecmp
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from sluice_cli import bench, exact_costs
from sluice_cli.bench import Cell
from sluice_cli.common import console
from sluice_cli.registry import Channel

OPERATION = "send and recv"
# What the longer of two runs does in addition is what its messages cost.
MESSAGES = (100_000, 200_000)
TIMEOUT = 120  # seconds, of one run
# What a run does besides varies a little: a count differs by this share at least, and by this much.
SHARE = 0.02
LEAST = {"instructions": 2.0, "system_calls": 0.01, "allocations": 0.01, "bytes": 1.0}

_SYSTEM_CALL = re.compile(r"^SYSCALL\[[\d,]+\]\( *\d+\) \w", re.MULTILINE)
_INSTRUCTIONS = re.compile(r"I +refs: +([\d,]+)")
_HEAP = re.compile(r"total heap usage: ([\d,]+) allocs, [\d,]+ frees, ([\d,]+) bytes")


class NotCounted(Exception):
    """Valgrind cannot run this channel."""


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def _run(cell: Cell, messages: int, *tool: str) -> tuple[str, int]:
    """What valgrind says of one run, and how many messages that sent."""
    with tempfile.TemporaryDirectory() as name:
        log, out = pathlib.Path(name) / "log", pathlib.Path(name) / "out.json"
        command = ["valgrind", *tool, f"--log-file={log}", *bench.command_of(cell, messages), "--no-probe"]
        try:
            done = subprocess.run(
                [*command, "--json", str(out)], capture_output=True, text=True, errors="replace", timeout=TIMEOUT
            )
        except subprocess.TimeoutExpired:
            raise NotCounted(f"no end within {TIMEOUT} s under valgrind") from None
        if done.returncode != 0:
            said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise NotCounted(f"valgrind cannot run it: {said[-1]}")
        [sample] = json.loads(out.read_text())["benchmarks"]
        return log.read_text(errors="replace"), int(sample["messages"])


def _executed(cell: Cell, messages: int) -> dict[str, int]:
    cachegrind = ("--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", "--trace-syscalls=yes")
    told, sent = _run(cell, messages, *cachegrind)
    return {
        "messages": sent,
        "instructions": _number(_INSTRUCTIONS.search(told)[1]),
        "system_calls": len(_SYSTEM_CALL.findall(told)),
    }


def _allocated(cell: Cell, messages: int) -> dict[str, int]:
    told, sent = _run(cell, messages, "--tool=memcheck", "--leak-check=no", "--undef-value-errors=no")
    heap = _HEAP.search(told)
    return {"messages": sent, "allocations": _number(heap[1]), "bytes": _number(heap[2])}


def _each(fewer: dict[str, int], more: dict[str, int]) -> dict[str, float]:
    """What one message costs, without what varies from run to run."""
    messages = more["messages"] - fewer["messages"]
    costs = {count: (more[count] - fewer[count]) / messages for count in more if count != "messages"}
    return {count: round(cost, 3) for count, cost in costs.items() if cost >= LEAST[count]}


def _row(cell: Cell) -> dict:
    row = {"core": cell.channel.name, "capacity": cell.capacity, "operation": OPERATION}
    for count in (_executed, _allocated):
        row |= _each(*(count(cell, messages) for messages in MESSAGES))
    return row


def _differs(count: str, before: float, after: float) -> bool:
    return abs(after - before) > max(SHARE * before, LEAST[count])


def changes(before: list[Channel], after: list[Channel]) -> list[exact_costs.Change]:
    """What differs between two builds of the same channels, beyond what varies."""
    old = {channel.name: channel for channel in before if "bench" in channel.runners}

    def changed(channel: Channel) -> bool:
        runners = [c.runners.get("bench") for c in (old.get(channel.name), channel) if c]
        return len(runners) == 2 and all(runners) and not filecmp.cmp(*runners, shallow=False)

    differing = [channel for channel in after if changed(channel)]
    rows = [counted([build[c.name] for c in differing]) for build in (old, {c.name: c for c in differing})]
    return exact_costs.changes(*rows, _differs)


def counted(channels: list[Channel]) -> list[dict]:
    """A row for each capacity of each queue that is measured; what valgrind cannot run is told, and left out."""
    queues = [channel for channel in channels if channel.kind == "queue"]
    cells = [cell for cell in bench.cells(queues) if cell.shape == "seq" and cell.capacity != "n"]
    if not cells:
        return []
    if not shutil.which("valgrind"):
        console.print("not counted, since valgrind is not installed: instructions, system calls and allocations")
        return []
    cells = [dataclasses.replace(cell, pinned=False) for cell in cells]
    rows = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for cell, row in zip(cells, [pool.submit(_row, cell) for cell in cells]):
            try:
                rows.append(row.result())
            except NotCounted as reason:
                console.print(f"not counted, {cell.channel.name} at capacity {cell.capacity}: {reason}", markup=False)
    return rows
