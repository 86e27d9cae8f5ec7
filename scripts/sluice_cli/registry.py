"""The registered channels: their roles, and the runners that a build has made for them."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import subprocess

from sluice_cli.common import HOME, BuildFailed, Usage, console

TOOLS = ("properties", "models", "bench", "contract")


@dataclasses.dataclass(frozen=True)
class Channel:
    """A registered channel and its runners, by tool."""

    name: str
    role: str = "core"  # core, facade, baseline, third_party or faulty: see harness/cmake/sluice_channel.cmake
    kind: str = "queue"
    caught_by: tuple[str, ...] = ()
    known_violations: tuple[str, ...] = ()  # as caught_by: property/NAME or model/NAME
    runners: dict[str, pathlib.Path] = dataclasses.field(default_factory=dict, hash=False)
    language: str = "C++"
    version: str = ""  # of the library that it is from
    missing: str = ""  # why it cannot be built here
    shared_bench: bool = False  # its benchmark runner serves several channels

    @property
    def bench(self) -> list[str]:
        """The command of its benchmark runner."""
        return [str(self.runners["bench"]), *([self.name] if self.shared_bench else [])]

    @property
    def faulty(self) -> bool:
        return self.role == "faulty"

    @property
    def third_party(self) -> bool:
        return self.role == "third_party"

    @property
    def described(self) -> dict[str, str]:
        """As results record it."""
        told = {"name": self.name, "role": self.role, "language": self.language}
        return told | ({"version": self.version} if self.version else {})


# Measured beside ours where cargo and go are: harness/bench/peers.
RUST = ("rust_std", "crossbeam", "flume")
GO = ("go",)


def declared() -> list[Channel]:
    """Every channel in this tree's registry, without configuring or building anything."""
    script = HOME / "harness" / "cmake" / "list_channels.cmake"
    command = ["cmake", "-D", f"REGISTRY={HOME / 'impls' / 'registry.cmake'}", "-P", str(script)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise BuildFailed(f"impls/registry.cmake cannot be read: {done.stderr.strip()}")
    return [Channel(entry["name"], entry["role"], entry["kind"]) for entry in json.loads(done.stdout)]


def peers() -> list[Channel]:
    """The channels of other languages, whether they can be built here or not."""
    return [Channel(name, "third_party", language="Rust") for name in RUST] + [
        Channel(name, "third_party", language="Go") for name in GO
    ]


def configured(binary: pathlib.Path, of_tests: bool = False) -> list[Channel]:
    """The channels that a build folder is configured with; on demand with those of the harness's own tests.

    Raises Usage if there are none.
    """
    file = binary / "registry.json"
    entries = json.loads(file.read_text()) if file.exists() else []
    if not entries:
        raise Usage(
            f"{binary} has no channels: its project must call find_package(sluice COMPONENTS harness) and sluice_channel()"
        )
    with_tests = binary / "harness" / "tests" / "registry.json"
    if of_tests and with_tests.exists():
        entries = json.loads(with_tests.read_text())
    return [
        Channel(
            entry["name"],
            entry["role"],
            entry["kind"],
            tuple(entry.get("caught_by", ())),
            tuple(entry.get("known_violations", ())),
            {tool: pathlib.Path(entry[tool]) for tool in TOOLS if tool in entry},
            entry.get("language") or "C++",
            entry.get("version", ""),
            entry.get("missing", ""),
        )
        for entry in entries
    ]


def why_missing(channels: list[Channel]) -> dict[str, str]:
    """Why some of these channels cannot be built here, by name."""
    return {channel.name: channel.missing for channel in channels if channel.missing}


def say_missing(channels: list[Channel]) -> None:
    for name, why in why_missing(channels).items():
        console.print(f"{name}: N/A: {why}", markup=False)


def joined(channels: list[Channel], peers: list[Channel]) -> list[Channel]:
    """The channels and the peers. What is both has the runners of both; its own, where both have one."""
    by_name = {channel.name: channel for channel in channels}
    for peer in peers:
        known = by_name.setdefault(peer.name, peer)
        if "bench" not in known.runners:
            runners = known.runners | peer.runners
            by_name[peer.name] = dataclasses.replace(known, runners=runners, shared_bench=peer.shared_bench)
    return list(by_name.values())


def targets(channels: list[Channel], *tools: str) -> list[str]:
    """The build targets of these channels' runners."""
    return sorted({channel.runners[tool].name for channel in channels for tool in tools if tool in channel.runners})


def require_known(names: tuple[str, ...], channels: list[Channel]) -> None:
    """Raises Usage for a name that is none of these channels'."""
    known = [channel.name for channel in channels]
    for name in names:
        if name not in known:
            raise Usage(f"there is no channel `{name}`; there are {', '.join(known)}")


def choose(channels: list[Channel], names: tuple[str, ...]) -> list[Channel]:
    """The channels of these names, or all of them."""
    require_known(names, channels)
    by_name = {channel.name: channel for channel in channels}
    return [by_name[name] for name in names] if names else channels
