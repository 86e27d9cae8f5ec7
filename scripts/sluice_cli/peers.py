"""Builds the benchmark runners of other languages, where their tools are installed."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess

from sluice_cli.common import HOME
from sluice_cli.project import Project
from sluice_cli.registry import GO, RUST, Channel

SOURCES = HOME / "harness" / "bench" / "peers"


def _channels(names: tuple[str, ...], runner: pathlib.Path, language: str) -> list[Channel]:
    return [
        Channel(name, "third_party", runners={"bench": runner}, language=language, shared_bench=True) for name in names
    ]


def _build(command: list[str], folder: pathlib.Path, environment: dict[str, str]) -> str:
    """Builds. Returns why that failed, or an empty text."""
    if shutil.which(command[0]) is None:
        return f"no {command[0]}"
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=os.environ | environment)
    if done.returncode == 0:
        return ""
    errors = [line for line in done.stderr.splitlines() if "error" in line]
    return f"{command[0]}: {(errors or done.stderr.splitlines() or ['failed'])[0].strip()}"


def build(of: Project) -> tuple[list[Channel], dict[str, str]]:
    """The peers that can be built here, in a project's build folder, and for each other one the reason why not."""
    target = of.builds / "peers"
    # Built in a copy, since both write beside their sources, where this program may not.
    shutil.copytree(SOURCES, target / "sources", dirs_exist_ok=True)
    # Neither may access the network.
    rust = ["cargo", "build", "--release", "--offline", "--target-dir", str(target / "rust")]
    go = ["go", "build", "-buildvcs=false", "-o", str(target / "sluice-go-peers"), "."]
    here: list[Channel] = []
    missing: dict[str, str] = {}
    for names, language, command, folder, runner, environment in (
        (RUST, "Rust", rust, target / "sources" / "rust", target / "rust" / "release" / "sluice-rust-peers", {}),
        (GO, "Go", go, target / "sources" / "go", target / "sluice-go-peers", {"GOTOOLCHAIN": "local"}),
    ):
        if why := _build(command, folder, environment):
            missing |= dict.fromkeys(names, why)
        else:
            here += _channels(names, runner, language)
    return here, missing
