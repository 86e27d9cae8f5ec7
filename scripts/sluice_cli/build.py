"""Configures and builds trees, and knows the programs that they hold."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
import subprocess

from sluice_cli import setup
from sluice_cli.common import ROOT, BuildFailed, Usage, console, progress

PRESETS = ("debug", "release", "asan-ubsan", "tsan", "models", "clang19")


@dataclasses.dataclass(frozen=True)
class Channel:
    """A registered channel and its programs, by tool: properties, models, bench."""

    name: str
    caught_by: tuple[str, ...]
    programs: dict[str, pathlib.Path]
    third_party: bool = False
    language: str = "C++"

    @property
    def bench(self) -> list[str]:
        """The command of its benchmark program; those of other languages serve several channels."""
        return [str(self.programs["bench"]), *([] if self.language == "C++" else [self.name])]

    @property
    def faulty(self) -> bool:
        return bool(self.caught_by)


def configure(source: pathlib.Path, binary: pathlib.Path, arguments: list[str]) -> None:
    done = subprocess.run(
        ["cmake", "-S", str(source), "-B", str(binary), *arguments], capture_output=True, text=True, cwd=source
    )
    if done.returncode != 0:
        # CMake wraps its messages; the first is the cause.
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
        told = [line.strip() for line in lines if "error:" in line]
        log = binary / "build.log"
        log.write_text("".join(lines))
        cause = told[0] if told else "".join(lines[-5:]).strip()
        raise BuildFailed(f"building failed: {cause} (the whole output is in {log})")


def preset(name: str, targets: list[str] = ()) -> pathlib.Path:
    """Sets up, configures and builds a preset; returns its build folder."""
    if name not in PRESETS:
        raise Usage(f"there is no preset `{name}`; there are {', '.join(PRESETS)}")
    setup.ensure({"clang-19": "clang++-19"} if name == "clang19" else None)
    binary = ROOT / "build" / name
    configure(ROOT, binary, ["--preset", name])
    compile_targets(binary, targets)
    return binary


def registry(binary: pathlib.Path, of_tests: bool = False) -> list[Channel]:
    """The channels that a build folder has programs for; on demand, those of the harness's own tests as well."""
    entries = json.loads((binary / "registry.json").read_text())
    more = binary / "harness" / "tests" / "registry.json"
    if of_tests and more.exists():
        entries = json.loads(more.read_text())
    tools = ("properties", "models", "bench")
    return [
        Channel(
            entry["name"],
            tuple(entry["caught_by"]),
            {tool: pathlib.Path(entry[tool]) for tool in tools if tool in entry},
            entry.get("third_party", False),
        )
        for entry in entries
    ]


def choose(channels: list[Channel], names: tuple[str, ...]) -> list[Channel]:
    """The channels of these names, or all of them."""
    known = {channel.name: channel for channel in channels}
    for name in names:
        if name not in known:
            raise Usage(f"there is no channel `{name}`; there are {', '.join(known)}")
    return [known[name] for name in names] if names else channels


def revision(tree: pathlib.Path = ROOT) -> str:
    """The commit that a tree is at, marked if it was changed since."""
    done = subprocess.run(
        ["git", "-C", str(tree), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
        capture_output=True,
        text=True,
    )
    return done.stdout.strip() or "unknown"


def test(name: str, build_first: bool = True) -> int:
    """Runs a preset's tests under ctest, which prints its own summary; returns its exit code."""
    if build_first:
        preset(name)
    console.print(f"sluice: running ctest on preset {name}", markup=False)
    return subprocess.run(["ctest", "--preset", name], cwd=ROOT).returncode
