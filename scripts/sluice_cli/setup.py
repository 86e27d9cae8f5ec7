"""Installs missing Debian packages; on other systems, names them."""

from __future__ import annotations

import glob
import os
import pathlib
import shutil
import subprocess

from sluice_cli.common import HOME, Environment, console

# Programs and headers that show that a package's content is installed, from whatever source.
SIGNS = {
    "g++": "g++",
    "cmake": "cmake",
    "ninja-build": "ninja",
    "ccache": "ccache",
    "git": "git",
    "pkg-config": "pkg-config",
    "libgtest-dev": "gtest/gtest.h",
    "librapidcheck-dev": "rapidcheck.h",
    "relacy-dev": "relacy/relacy.hpp",
    "libcli11-dev": "CLI/CLI.hpp",
    "nlohmann-json3-dev": "nlohmann/json.hpp",
    "libbenchmark-dev": "benchmark/benchmark.h",
    "valgrind": "valgrind",
    "libconcurrentqueue-dev": "concurrentqueue/blockingconcurrentqueue.h",
    "libreaderwriterqueue-dev": "readerwriterqueue/readerwriterqueue.h",
    "libatomic-queue-dev": "atomic_queue/atomic_queue.h",
    "libtbb-dev": "oneapi/tbb/concurrent_queue.h",
    "libboost-fiber-dev": "/usr/lib/*/libboost_fiber.*",
    "cargo": "cargo",
    "librust-crossbeam-channel-dev": "/usr/share/cargo/registry/crossbeam-channel-*",
    "librust-flume-dev": "/usr/share/cargo/registry/flume-*",
    "librust-tokio-dev": "/usr/share/cargo/registry/tokio-1*",
    "golang-go": "go",
    "doxygen": "doxygen",
}

PURPOSES = ("build", "checking", "measuring", "counting", "peers", "docs")
# Of another project's own channels.
NEEDED = ("build", "checking", "measuring", "counting")

# With what `mutate` finds places to change.
PARSER = {"python3-clang-19": "/usr/lib/python3/dist-packages/clang/cindex.py"}

# What CMake fetches where it is not installed: harness/cmake/sluice_dependencies.cmake.
FETCHED = ("libgtest-dev", "librapidcheck-dev", "relacy-dev", "libcli11-dev", "nlohmann-json3-dev", "libbenchmark-dev")

# Without these, builds take longer or tests are skipped.
DISPENSABLE = ("ccache", "valgrind", "chromium", "parallel", "cargo", "golang-go", *PARSER)


def here(sign: str) -> bool:
    if sign.startswith("/"):
        return bool(glob.glob(sign))
    if not sign.endswith((".h", ".hpp")):
        return shutil.which(sign) is not None
    return any((pathlib.Path(folder) / sign).exists() for folder in ("/usr/include", "/usr/local/include"))


def wanted() -> dict[str, str]:
    """Each package with its purpose."""
    packages = {}
    for line in (HOME / "scripts" / "packages.txt").read_text().splitlines():
        purpose, *names = line.split()
        if purpose != "#":
            packages.update((name, purpose) for name in names)
    return packages


def ensure(extra: dict[str, str] | None = None, purposes: tuple[str, ...] = PURPOSES) -> None:
    """Installs what is missing for some purposes with apt-get, after saying what and why.

    `extra` maps further packages to the program or header that shows that they are installed.
    """
    purpose_of = wanted()
    signs = {name: sign for name, sign in SIGNS.items() if purpose_of[name] in purposes} | (extra or {})
    missing = {name: purpose_of.get(name, "these tests") for name, sign in signs.items() if not here(sign)}
    if not missing:
        return
    listing = ", ".join(f"{name} (for {purpose})" for name, purpose in missing.items())
    if shutil.which("apt-get") is None or os.environ.get("SLUICE_NO_INSTALL"):
        # CMake can fetch some libraries itself, and peers are left out, but a compiler and its tools must be here.
        libraries = [name for name in missing if signs[name].endswith((".h", ".hpp", "*"))]
        programs = [name for name in missing if name not in (*libraries, *DISPENSABLE)]
        if not programs:
            fetched = ", ".join(name for name in missing if name in FETCHED)
            told = f"; CMake fetches pinned releases of {fetched}" if fetched else ""
            console.print(f"sluice: not installed, and not needed: {listing}{told}", markup=False)
            return
        raise Environment(f"this machine lacks {listing}; install these and run the command again")
    console.print(f"sluice: installing with apt-get: {listing}", markup=False)
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run([*sudo, "apt-get", "update", "-qq"], env=environment, check=False)
    command = [*sudo, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
    if subprocess.run(command, env=environment, stdout=subprocess.DEVNULL).returncode != 0:
        raise Environment(f"apt-get could not install {', '.join(missing)}; see its messages above")
