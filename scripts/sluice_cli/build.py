"""Configures, builds and tests trees."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess

import click

from sluice_cli import options, setup
from sluice_cli.common import ROOT, BuildFailed, Unverified, console, progress

# Presets that need packages of their own, each with the program or file that shows that it is installed.
_GOOGLETEST = {"googletest": "/usr/src/googletest"}
TOOLCHAINS = {
    "clang19": {"clang-19": "clang++-19"},
    "library-libcxx": _GOOGLETEST
    | {
        "clang-19": "clang++-19",
        "libc++-19-dev": "/usr/lib/llvm-19/include/c++",
        "libc++abi-19-dev": "/usr/lib/llvm-19/lib/libc++abi.so",
    },
    "library-i686": _GOOGLETEST | {"g++-i686-linux-gnu": "i686-linux-gnu-g++", "qemu-user": "qemu-i386"},
    "library-aarch64": _GOOGLETEST | {"g++-aarch64-linux-gnu": "aarch64-linux-gnu-g++", "qemu-user": "qemu-aarch64"},
    "library-mingw": _GOOGLETEST
    | {"g++-mingw-w64-x86-64-posix": "x86_64-w64-mingw32-g++-posix", "wine64": "/usr/lib/wine/wine64"},
}


def configure(source: pathlib.Path, binary: pathlib.Path, arguments: list[str]) -> None:
    done = subprocess.run(
        ["cmake", "-S", str(source), "-B", str(binary), *arguments], capture_output=True, text=True, cwd=source
    )
    if done.returncode != 0:
        # CMake wraps its messages; the first one is the cause.
        message = re.search(r"CMake Error[^\n]*:\n+(.*?)(?:\n\n|Call Stack)", done.stderr, re.DOTALL)
        cause = " ".join(message[1].split()) if message else done.stderr.strip()
        raise BuildFailed(f"configuring failed: {cause}")


def compile_targets(binary: pathlib.Path, targets: list[str] = ()) -> None:
    command = ["cmake", "--build", str(binary)]
    if targets:
        command += ["--target", *targets]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as ninja:
        lines: list[str] = []
        bar = None
        advance = None
        done = 0
        for line in ninja.stdout:
            lines.append(line)
            step = re.match(r"\[(\d+)/(\d+)\]", line)
            if not step:
                continue
            if bar is None:
                bar = progress("building", int(step[2]))
                advance = bar.__enter__()
            while done < int(step[1]):
                done += 1
                advance(line[step.end() :].strip()[-40:])
        if bar is not None:
            bar.__exit__(None, None, None)
    if ninja.returncode != 0:
        errors = [line.strip() for line in lines if "error:" in line]
        log = binary / "build.log"
        log.write_text("".join(lines))
        cause = errors[0] if errors else "".join(lines[-5:]).strip()
        raise BuildFailed(f"building failed: {cause} (all output: {log})")


def build_preset(name: str, targets: list[str] = ()) -> pathlib.Path:
    """Sets up, configures and builds a preset; returns its build folder."""
    setup.ensure(TOOLCHAINS.get(name))
    binary = ROOT / "build" / name
    configure(ROOT, binary, ["--preset", name])
    compile_targets(binary, targets)
    return binary


def revision(tree: pathlib.Path = ROOT) -> str:
    """The commit of a tree, marked -dirty if the tree has changes."""
    done = subprocess.run(
        ["git", "-C", str(tree), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
        capture_output=True,
        text=True,
    )
    return done.stdout.strip() or "unknown"


def _ctest(arguments: list[str], **environment: str) -> bool:
    return subprocess.run(["ctest", *arguments], cwd=ROOT, env=os.environ | environment).returncode == 0


@click.command("test")
@options.preset
@click.option("--smoke", is_flag=True, help="Only a part of the tests, which proves the preset in minutes.")
def command(preset: str, smoke: bool) -> None:
    """Set up, build and run every test of a preset under ctest."""
    # A browser tests the report.
    setup.ensure({} if smoke else {"chromium": "chromium"})
    binary = build_preset(preset, ["smoke"] if smoke else [])
    console.print(f"sluice: running ctest on preset {preset}", markup=False)
    if smoke:
        arguments = ["--test-dir", str(binary), "--label-regex", "^smoke$", "--output-on-failure"]
        passed = _ctest([*arguments, "--no-tests=error"], SLUICE_CONTRACT_DIVIDE="50")
    else:
        passed = _ctest(["--preset", preset])
    if not passed:
        raise Unverified(f"tests of preset {preset} failed; ctest's output is above")
