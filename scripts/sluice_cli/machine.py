"""The machine that figures were taken on."""

from __future__ import annotations

import os
import pathlib
import platform
import re
import subprocess


def _first(pattern: str, text: str, otherwise: str = "unknown") -> str:
    found = re.search(pattern, text, re.MULTILINE)
    return found[1].strip() if found else otherwise


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout
    except OSError:
        return ""


def _read(path: str) -> str:
    try:
        return pathlib.Path(path).read_text()
    except OSError:
        return ""


def facts() -> dict[str, str]:
    cpu = _read("/proc/cpuinfo")
    memory = _first(r"^MemTotal:\s+(\d+)", _read("/proc/meminfo"), "0")
    governor = _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").strip()
    return {
        "processor": _first(r"^model name\s*:\s*(.*)", cpu),
        "processors": str(len(os.sched_getaffinity(0))),
        "memory": f"{int(memory) / 2**20:.1f} GiB",
        "virtual": _first(r"^Hypervisor vendor:\s*(.*)", _output("lscpu"), "no"),
        "frequency governor": governor or "not visible",
        "kernel": platform.release(),
        "system": _first(r'^PRETTY_NAME="(.*)"', _read("/etc/os-release")),
    }
