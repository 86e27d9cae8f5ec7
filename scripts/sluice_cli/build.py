"""Configures, builds and tests trees."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess

import click

from sluice_cli import options, project, registry, setup
from sluice_cli.common import HOME, IN_TREE, BuildFailed, Unverified, Usage, console, output_of, progress
from sluice_cli.project import OWN, Project
from sluice_cli.registry import Channel

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
        done = total = 0
        for line in ninja.stdout:
            lines.append(line)
            step = re.match(r"\[(\d+)/(\d+)\]", line)
            if not step:
                continue
            # Where CMake runs again, ninja begins with that as its only step.
            if int(step[2]) > total:
                if bar is not None:
                    bar.__exit__(None, None, None)
                done, total = 0, int(step[2])
                bar = progress("building", total)
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
        if target := re.search(r"^FAILED: \S*?(\w+)\.dir/", "".join(lines), re.MULTILINE):
            cause = f"{target[1]}: {cause}"
        raise BuildFailed(f"building failed: {cause} (all output: {log})")


def build_preset(name: str, targets: list[str] = ()) -> pathlib.Path:
    """Sets up, configures and builds a preset; returns its build folder."""
    setup.ensure(TOOLCHAINS.get(name))
    binary = OWN.builds / name
    configure(HOME, binary, ["--preset", name])
    compile_targets(binary, targets)
    return binary


def definitions(values: dict[str, str]) -> list[str]:
    """CMake's arguments that set cache variables."""
    return [word for name, value in values.items() for word in ("-D", f"{name}={value}")]


def package() -> pathlib.Path:
    """The folder of this version's sluiceConfig.cmake. A tree is installed into its build folder first."""
    if not IN_TREE:
        return HOME.parent / "cmake" / "sluice"
    binary, prefix = OWN.builds / "package", OWN.builds / "installed"
    parts = ("PROPERTIES", "MODELS", "BENCHMARKS", "TESTS")
    configure(HOME, binary, ["-G", "Ninja", *definitions({f"SLUICE_{part}": "OFF" for part in parts})])
    output_of(["cmake", "--install", str(binary), "--prefix", str(prefix)])
    return prefix / "share" / "cmake" / "sluice"


_SANITIZED = "-O1 -fno-omit-frame-pointer -fsanitize="
# CMake's definitions for builds that find more, and measure nothing.
VARIANTS = {
    "thread": {"CMAKE_CXX_FLAGS": f"{_SANITIZED}thread"},
    "address": {"CMAKE_CXX_FLAGS": f"{_SANITIZED}address"},
    "undefined": {"CMAKE_CXX_FLAGS": f"{_SANITIZED}undefined -fno-sanitize-recover=undefined"},
    "coverage": {"SLUICE_COVERAGE": "ON"},
    "mutants": {
        "CMAKE_PROJECT_INCLUDE": str(HOME / "harness" / "cmake" / "source_mutants.cmake"),
        "CMAKE_EXPORT_COMPILE_COMMANDS": "ON",
        "SLUICE_WERROR": "OFF",
    },
}
# A sanitizer does not understand the model checker's fibers.
SANITIZERS = tuple(name for name in VARIANTS if name not in ("coverage", "mutants"))


def configure_project(of: Project, peers: bool = False) -> pathlib.Path:
    """Sets up and configures a project, unless its build folder is used as it is; returns the build folder.

    `peers`: with the benchmarks of third-party channels; this tree's always are.
    """
    if of.given_binary:
        return of.given_binary
    choices = dict(VARIANTS.get(of.variant, {}))
    with_contract = of.variant in ("", "mutants")
    if of.variant:
        choices["SLUICE_BENCHMARKS"] = "OFF"
    if of.variant in SANITIZERS:
        choices["SLUICE_MODELS"] = "OFF"
    if of.own:
        setup.ensure()
        if not with_contract:
            choices["SLUICE_TESTS"] = "OFF"
        configure(HOME, of.binary, ["--preset", "release", *definitions(choices)])
        return of.binary
    setup.ensure(purposes=(*setup.NEEDED, *(["peers"] if peers else [])))
    choices |= {"CMAKE_BUILD_TYPE": "Release", "SLUICE_CONTRACT": "ON" if with_contract else "OFF"}
    choices["SLUICE_PEERS"] = "ON" if peers else "OFF"
    choices["sluice_DIR"] = str(package())
    configure(of.source, of.binary, ["-G", "Ninja", *definitions(choices)])
    return of.binary


def build_runners(of: Project, channels: list[Channel], *tools: str, also: tuple[str, ...] = ()) -> None:
    """Builds these channels' runners of these tools and further targets, unless the build folder is used as it is."""
    targets = [*registry.targets(channels, *tools), *also]
    if targets and not of.given_binary:
        compile_targets(of.binary, targets)


def revision(tree: pathlib.Path = HOME) -> str:
    """The commit of a tree, marked -dirty if the tree has changes."""
    done = subprocess.run(
        ["git", "-C", str(tree), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
        capture_output=True,
        text=True,
    )
    return done.stdout.strip() or "unknown"


def _ctest(arguments: list[str], **environment: str) -> bool:
    return subprocess.run(["ctest", *arguments], cwd=HOME, env=os.environ | environment).returncode == 0


def _test_other(of: Project) -> bool:
    binary = configure_project(of)
    if not of.given_binary:
        compile_targets(binary)
    console.print(f"sluice: running ctest in {binary}", markup=False)
    return _ctest(["--test-dir", str(binary), "--output-on-failure", "--no-tests=error", "-j", str(os.cpu_count())])


@click.command("test")
@options.preset
@click.option("--smoke", is_flag=True, help="Only a part of the tests, which proves the preset in minutes.")
@project.option
def command(project: Project, preset: str, smoke: bool) -> None:
    """Set up, build and run every test under ctest; of sluice's own tree, those of a preset."""
    if not project.own or project.given_binary:
        if smoke or preset != "release":
            raise Usage(
                "--preset and --smoke are for sluice's own tree; name your settings when you configure, and --binary"
            )
        if not _test_other(project):
            raise Unverified(f"tests of {project.binary} failed; ctest's output is above")
        return
    # A browser tests the report.
    setup.ensure({} if smoke else {"chromium": "chromium", "parallel": "parallel"} | setup.PARSER)
    binary = build_preset(preset, ["smoke"] if smoke else [])
    console.print(f"sluice: running ctest on preset {preset}", markup=False)
    if smoke:
        arguments = ["--test-dir", str(binary), "--label-regex", "^smoke$", "--output-on-failure"]
        passed = _ctest([*arguments, "--no-tests=error"], SLUICE_CONTRACT_DIVIDE="50")
    else:
        passed = _ctest(["--preset", preset])
    if not passed:
        raise Unverified(f"tests of preset {preset} failed; ctest's output is above")
