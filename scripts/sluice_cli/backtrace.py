"""Backtraces of runners that crashed, with functions and lines in place of addresses."""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess

# As glibc's backtrace_symbols_fd() prints a frame.
FRAME = re.compile(r"^(\S+)\((?:\w*)\+(0x[0-9a-f]+)\) ?\[0x[0-9a-f]+\]$")
# The harness calls the channel from here.
CALLER = "sluice::harness::detail::erased"
LONGEST = 200


def _blocks(stderr: str) -> list[list[tuple[str, int]]]:
    """File and offset of each frame of each backtrace."""
    blocks: list[list[tuple[str, int]]] = [[]]
    for line in stderr.splitlines():
        if frame := FRAME.match(line):
            blocks[-1].append((frame[1], int(frame[2], 16)))
        elif blocks[-1]:
            blocks.append([])
    return [block for block in blocks if block]


def _named(frames: list[tuple[str, int]], runner: pathlib.Path) -> str:
    # The signal's handler comes first, and returns to the C library.
    handlers = next((i + 1 for i in range(1, len(frames)) if frames[i][0] != frames[0][0]), 0)
    own = [
        # A frame's address follows its call, except the innermost one's.
        offset - (i > 0)
        for i, (file, offset) in enumerate(frames[handlers:])
        if pathlib.Path(file).name == runner.name
    ]
    if not own or shutil.which("addr2line") is None:
        return ""
    command = ["addr2line", "-Cfipe", str(runner), *map(hex, own)]
    named = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    last = next((i for i, line in enumerate(named) if CALLER in line), len(named))
    return "\n".join(line.strip()[-LONGEST:] for line in named[:last])


def read(stderr: str, runner: pathlib.Path) -> list[str]:
    """For each crash in a runner's output, the functions of the channel, innermost first; empty if they are not known."""
    return [_named(frames, runner) for frames in _blocks(stderr)]
