"""The audit: mutation testing of the channels' memory orders, wake-ups and rechecks. Each mutant makes one of them one
step weaker, and a model must kill it."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import functools
import json
import os
import pathlib
import subprocess
import time

import click
import rich.markup
import rich.table

from sluice_cli import build, options, outcome, project, registry, results
from sluice_cli.common import PROGRAM, Unverified, Usage, console, progress
from sluice_cli.project import Project
from sluice_cli.registry import Channel
from sluice_cli.sources import OF_MUTANT, Sources, is_about

# Executions for each check and capacity before a mutant counts as a survivor, and to find the mutants.
EXECUTIONS = 30_000
EXECUTIONS_TO_FIND = 3_000
TIMEOUT = 600  # seconds, of one runner, before it may count as hung
SLOWER = 10  # times slower than without a mutant, for a runner to be hung


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One site made one step weaker, as model runners name it."""

    name: str  # FILE:LINE:COLUMN:ROLE:MUTATION
    file: str  # below the library's folder
    line: int
    column: int
    role: str
    mutation: str


def _runner(channel: Channel) -> list[str]:
    """The command of a channel's models, without the checks that fail on it as they are known to."""
    known = [name.removeprefix("model/") for name in channel.known_violations if name.startswith("model/")]
    return [
        str(channel.runners["models"]),
        *(word for name in known if name != "exhaustive" for word in ("--except", name)),
    ]


def _mutants(sources: Sources, channel: Channel) -> tuple[list[Mutant], float]:
    """The mutants that a channel's models reach, and how many seconds they take for each of the executions asked for."""
    begun = time.monotonic()
    done = subprocess.run(
        [*_runner(channel), "--list-mutants", "--executions", str(EXECUTIONS_TO_FIND)],
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise Usage(f"the models of {channel.name} fail without a mutant: run {PROGRAM} verify {channel.name}")
    mutants = []
    for name in done.stdout.splitlines():
        parts = name.rsplit(":", 4)
        if len(parts) == 5 and pathlib.Path(parts[0]).is_relative_to(sources.folder):
            file = str(pathlib.Path(parts[0]).relative_to(sources.folder))
            mutants.append(Mutant(name, file, int(parts[1]), int(parts[2]), parts[3], parts[4]))
    return mutants, (time.monotonic() - begun) / EXECUTIONS_TO_FIND


def _row(**known) -> dict:
    """A row of the audit's table; unknown fields are empty."""
    row = dict.fromkeys(
        ("file", "tag", "code", "role", "mutation", "verdict", "channel", "killed_by", "how", "reason"), ""
    )
    return row | {"line": 0, "executions": 0, "seconds": 0.0} | known


def _try_to_kill(
    sources: Sources, mutant: Mutant, channels: list[Channel], executions: int, pace: dict[str, float]
) -> dict:
    """Runs the models of one channel after another, until one kills the mutant.

    `pace` has each channel's seconds for each of the executions asked for: a runner that is slow has not hung.
    """
    row = _row(
        file=mutant.file,
        line=mutant.line,
        column=mutant.column,
        tag=sources.tag_of(mutant.file, mutant.line),
        code=sources.code_of(mutant.file, mutant.line),
        role=mutant.role,
        mutation=mutant.mutation,
        verdict="survived",
        channel=", ".join(channel.name for channel in channels),
    )
    # One channel may kill at once what another would never kill. Of an accepted mutant no more is asked than whether its
    # reason is plainly false: the survivors are nearly all of the audit's time.
    efforts = sorted({min(EXECUTIONS_TO_FIND, executions), executions})
    if any(is_about(entry, row) for entry in sources.accepted_mutants):
        efforts = efforts[:1]
    attempts = [(effort, channel) for effort in efforts for channel in channels]
    for effort, channel in attempts:
        command = [*_runner(channel), "--mutant", mutant.name, "--executions", str(effort)]
        limit = max(TIMEOUT, SLOWER * pace[channel.name] * effort)
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=limit)
        except subprocess.TimeoutExpired:
            done = None
        if done and done.returncode == 0:
            found = json.loads(done.stdout.splitlines()[-1])
            if not found["killed_by"] and not found["reached"]:
                raise Unverified(f"{channel.name} did not reach {mutant.name}, which it listed itself")
        elif done is None or done.returncode < 0:
            # The mutant crashed the runner or made it hang.
            how = f"died of signal {-done.returncode}" if done else f"did not end within {limit:.0f} s"
            found = {"killed_by": "the runner", "how": how, "executions": 0, "seconds": 0}
        else:
            raise Unverified(f"{channel.name} cannot be audited for {mutant.name}: {done.stderr.strip()}")
        row["executions"] += found["executions"]
        row["seconds"] += found["seconds"]
        if found["killed_by"]:
            row |= {"verdict": "killed", "channel": channel.name, "killed_by": found["killed_by"], "how": found["how"]}
            break
    return row


def _explain(sources: Sources, rows: list[dict], whole: bool) -> list[dict]:
    """Gives accepted survivors their reasons, and adds the accepted mutants that are stale."""
    stale = []
    for entry in sources.accepted_mutants:
        of_entry = [row for row in rows if is_about(entry, row)]
        survivors = [r for r in of_entry if r["verdict"] == "survived"]
        for row in survivors:
            row |= {"verdict": "accepted", "reason": entry["reason"]}
        if whole and not survivors:
            why = "a model kills it" if of_entry else "there is no such mutant"
            stale.append(
                _row(
                    **{key: entry[key] for key in OF_MUTANT},
                    verdict="stale",
                    killed_by=of_entry[0]["killed_by"] if of_entry else "",
                    reason=f"{sources.accepted.name} accepts it, but {why}",
                )
            )
    return rows + stale


def audit(sources: Sources, channels: list[Channel], whole: bool, executions: int = EXECUTIONS) -> list[dict]:
    """Tries to kill every mutant that the channels' models reach.

    whole: whether these are all channels, so that a site which none of them reaches is an error.
    """
    sound = [c for c in channels if "models" in c.runners and not c.faulty and not (whole and c.third_party)]
    if not sound:
        raise Usage("none of these channels has models, so none can be audited")
    reached: dict[Mutant, list[Channel]] = {}
    pace: dict[str, float] = {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for channel, (mutants, seconds) in zip(sound, pool.map(functools.partial(_mutants, sources), sound)):
            pace[channel.name] = seconds
            for mutant in mutants:
                reached.setdefault(mutant, []).append(channel)
        if not reached and sources.tagged:
            raise Usage(f"these models reach no code in {sources.folder}: is the build folder another tree's?")
        rows = []
        with progress("auditing", len(reached)) as advance:
            running = [
                pool.submit(_try_to_kill, sources, mutant, by, executions, pace) for mutant, by in reached.items()
            ]
            for future in concurrent.futures.as_completed(running):
                rows.append(future.result())
                advance(f"{rows[-1]['file']}:{rows[-1]['line']}")
    if whole:
        rows += _unreached(sources, {(row["file"], row["line"]) for row in rows})
    return sorted(
        _explain(sources, rows, whole), key=lambda row: (row["file"], row["line"], row["role"], row["mutation"])
    )


def _unreached(sources: Sources, reached: set[tuple[str, int]]) -> list[dict]:
    # Of another project, what its models do not include at all may belong to something else.
    files = sources.files() if sources.tagged else sorted({file for file, _ in reached})
    return [
        _row(
            file=file,
            line=line,
            tag=sources.tag_of(file, line),
            code=sources.code_of(file, line),
            mutation="none",
            verdict="survived",
            reason="no model reaches it",
        )
        for file in files
        for line, _ in sources.ordered_calls(file)
        if (file, line) not in reached
    ]


def show(rows: list[dict]) -> None:
    table = rich.table.Table("site", "mutation", "verdict", "by", "executions", title="Mutants of the channels")
    for row in rows:
        style = {"killed": "green", "accepted": "yellow"}.get(row["verdict"], "bold red")
        table.add_row(
            f"{row['file']}:{row['line']}" + (rich.markup.escape(f" [{row['tag']}]") if row["tag"] else ""),
            f"{row['role']} {row['mutation']}",
            f"[{style}]{row['verdict']}[/{style}]",
            f"{row['channel']}: {row['killed_by']}, {row['how'].lower()[:40]}" if row["killed_by"] else row["reason"],
            f"{row['executions']:,}",
        )
    console.print(table)


@click.command("audit")
@click.argument("channels", nargs=-1)
@click.option(
    "--executions",
    default=EXECUTIONS,
    show_default=True,
    type=click.IntRange(1),
    help=f"Executions of each check before a mutant counts as a survivor; at most {EXECUTIONS_TO_FIND:,} of an accepted one.",
)
@click.option(
    "--sources",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=pathlib.Path),
    help="Mutate the headers in this folder, as of a library that CHANNELS wrap, instead of the project's.",
)
@options.json_file("the table")
@project.option
def command(
    project: Project,
    channels: tuple[str, ...],
    executions: int,
    folder: pathlib.Path | None,
    out: pathlib.Path | None,
) -> None:
    """Mutate each memory order, wake-up and recheck of CHANNELS, one step weaker; a model must kill each mutant.

    Exits with 1 if one survives without a reason in accepted_mutants.toml (of sluice's own tree, in models), or if a
    comment's tag is false.
    """
    if folder and not channels:
        raise Usage("--sources is about certain channels: name them")
    if project.own and not project.given_binary:
        registry.require_known(channels, registry.declared())
    sources = Sources(folder.resolve(), Sources.of(project).accepted, tagged=False) if folder else Sources.of(project)
    sources.require_readable()
    registered = registry.configured(build.configure_project(project), of_tests=True)
    chosen = registry.choose(registered, channels)
    build.build_runners(project, [channel for channel in chosen if not channel.faulty], "models")
    rows = audit(sources, chosen, whole=not channels, executions=executions)
    if not rows:
        raise Usage(f"nothing to mutate: the models reach no atomic access, wake-up or recheck in {sources.folder}")
    show(rows)
    if out:
        results.save(results.new_results(project, "none", 0, registered, audit=rows), out)
    false = sources.false_tags() if sources.tagged else []
    if false:
        console.print("false comments:\n  " + "\n  ".join(false), style="bold red", markup=False)
    outcome.require_passed([], [], rows)
    if false:
        raise Unverified(f"{len(false)} comments are false; they are listed above")
