"""Builds of the benchmark runners alone: of an earlier revision, or with sends that can be slowed down."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import shutil
import subprocess

from sluice_cli import build, registry
from sluice_cli.common import BuildFailed, Usage, output_of
from sluice_cli.project import Project
from sluice_cli.registry import Channel


def checkout(of: Project, revision: str) -> tuple[str, Project]:
    """A revision's full name, and the project as it was then, in a worktree below build/.

    Raises Usage if there is no such revision.
    """

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(of.source), *arguments], capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else ""

    commit = git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if not commit:
        if not git("rev-parse", "--git-dir"):
            raise Usage(f"{of.source} is in no git repository, so there is no earlier revision to compare with")
        shallow = git("rev-parse", "--is-shallow-repository") == "true"
        remedy = ", a shallow clone: fetch its history (git fetch --unshallow; in a workflow, fetch-depth: 0)"
        raise Usage(f"there is no revision `{revision}` in the repository of {of.source}{remedy if shallow else ''}")
    tree = of.builds / "gate" / commit[:12]
    if not (tree / ".git").exists():
        shutil.rmtree(tree, ignore_errors=True)
        git("worktree", "prune")
        output_of(["git", "-C", str(of.source), "worktree", "add", "--detach", "--force", str(tree), commit])
    # The project may be a folder of its repository.
    folder = git("rev-parse", "--show-prefix")
    if not (tree / folder / "CMakeLists.txt").exists():
        raise Usage(f"revision `{revision}` has no {folder}CMakeLists.txt")
    return commit, dataclasses.replace(of, source=tree / folder, given_binary=None)


def base_of(of: Project, tree: Project) -> list[Channel]:
    """The measured channels of a project's earlier revision, built in its own tree.

    Raises BuildFailed if that revision does not build.
    """
    try:
        return _build(of, tree.source, tree.builds / "gate", {})
    except BuildFailed as failure:
        raise BuildFailed(f"the base revision does not build, so name another: {failure.message}") from None


def slowed(of: Project) -> list[Channel]:
    """The measured channels, whose runners have `--slowdown` (harness/bench/slowed.hpp)."""
    return _build(of, of.source, of.builds / "slowed", {"SLUICE_SLOWED": "ON"})


def _build(of: Project, source: pathlib.Path, binary: pathlib.Path, more: dict[str, str]) -> list[Channel]:
    options = {"CMAKE_BUILD_TYPE": "Release", "SLUICE_PROPERTIES": "OFF", "SLUICE_MODELS": "OFF"} | more
    options |= {"SLUICE_TESTS": "OFF"} if of.own else {"sluice_DIR": str(build.package())}
    build.configure(source, binary, ["-G", "Ninja", *build.definitions(options)])
    channels = measured(_registered(binary))
    build.compile_targets(binary, registry.targets(channels, "bench"))
    return channels


def _registered(binary: pathlib.Path) -> list[Channel]:
    """The channels of a build folder, whose registry may be an earlier version's, without roles."""
    entries = json.loads((binary / "registry.json").read_text())
    if all("role" in entry for entry in entries):
        return registry.configured(binary)
    return [
        Channel(
            entry["name"],
            "third_party" if entry.get("third_party") else "faulty" if entry["caught_by"] else "core",
            runners={"bench": pathlib.Path(entry["bench"])} if "bench" in entry else {},
        )
        for entry in entries
    ]


def measured(channels: list[Channel]) -> list[Channel]:
    """The channels whose speed the gate guards."""
    return [channel for channel in channels if "bench" in channel.runners and not channel.third_party]
