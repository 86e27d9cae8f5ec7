"""Channels of other languages, built beside ours where their tools are."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess

from sluice_cli import setup
from sluice_cli.build import Channel
from sluice_cli.common import BUILDS, ROOT, Environment, console

SOURCES = ROOT / "harness" / "bench" / "peers"
RUST = ("rust_std", "crossbeam", "flume")
GO = ("go",)
SIGNS = {
    "cargo": "cargo",
    "librust-crossbeam-channel-dev": "/usr/share/cargo/registry/crossbeam-channel-*",
    "librust-flume-dev": "/usr/share/cargo/registry/flume-*",
    "golang-go": "go",
}


def _channels(names: tuple[str, ...], program: pathlib.Path, language: str) -> list[Channel]:
    return [Channel(name, (), {"bench": program}, third_party=True, language=language) for name in names]


def _build(command: list[str], folder: pathlib.Path, environment: dict[str, str]) -> str:
    """Builds; returns why it could not be done, or an empty text."""
    if shutil.which(command[0]) is None:
        return f"no {command[0]}"
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=os.environ | environment)
    if done.returncode == 0:
        return ""
    told = [line for line in done.stderr.splitlines() if "error" in line]
    return f"{command[0]}: {(told or done.stderr.splitlines() or ['failed'])[0].strip()}"


def build() -> tuple[list[Channel], dict[str, str]]:
    """The peers that can be built here, and for each other one why it cannot."""
    try:
        setup.ensure(SIGNS)
    except Environment as lacking:
        console.print(f"sluice: {lacking.message}", markup=False)
    target = BUILDS / "peers"
    target.mkdir(parents=True, exist_ok=True)
    # Neither may look for anything in the network.
    rust = ["cargo", "build", "--release", "--offline", "--target-dir", str(target / "rust")]
    go = ["go", "build", "-buildvcs=false", "-o", str(target / "sluice-go-peers"), "."]
    here: list[Channel] = []
    missing: dict[str, str] = {}
    for names, language, command, folder, program, environment in (
        (RUST, "Rust", rust, SOURCES / "rust", target / "rust" / "release" / "sluice-rust-peers", {}),
        (GO, "Go", go, SOURCES / "go", target / "sluice-go-peers", {"GOTOOLCHAIN": "local"}),
    ):
        if why := _build(command, folder, environment):
            missing |= dict.fromkeys(names, why)
        else:
            here += _channels(names, program, language)
    return here, missing
