"""Measures the two error rates of a gate on this machine: false alarms, and the slowdowns that it finds.

Both come from pairs of samples of one build, whose sends are really slowed down in one of the two, on the machine as it
is and while another process uses a processor. The pairs are kept, so that a calibration goes on where it was broken off;
gate runs are drawn from them.
"""

from __future__ import annotations

import bisect
import contextlib
import dataclasses
import json
import multiprocessing
import os
import pathlib
import random
import signal
import statistics
import time
from collections.abc import Iterator

import rich.table

from sluice_cli import benchmark_builds, build, machine, pairs, results, sequential
from sluice_cli.common import BadResults, Usage, console, progress
from sluice_cli.project import Project
from sluice_cli.registry import Channel
from sluice_cli.sequential import Key, Verdict

SCHEMA = "sluice-calibration/2"
FILE = "calibration.json"
# What is added to each send, as a part of a message's time. What it adds to the time of a message is measured.
ADDED = ("0", "0.05", "0.1", "0.2")
RUNS = 500  # drawn from the pairs, for each rate
WANTED = 0.95
LEAST_PAIRS = 30  # of each workload
CONDITIONS = ("quiet", "busy")
# Of each of these, one channel has more pairs of equal builds than the others, for errors that are rare.
THOROUGH = ("seq/128/1", "seq/unbounded/1", "spsc/0/1", "spsc/128/1", "mpmc/128/4", "mpmc/unbounded/4")
THOROUGH_PAIRS = 7  # in a turn
BURST = 1.0  # seconds at most
MINUTES = 8.0  # of a gate run


def _machine() -> dict[str, str]:
    facts = machine.facts()
    return {key: facts[key] for key in ("processor", "processors", "kernel")}


def load(file: pathlib.Path) -> dict:
    """A calibration. Raises BadResults if the file is not one."""
    try:
        data = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise BadResults(f"{file} cannot be read: {error}; remove it to calibrate anew") from None
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise BadResults(f"{file} is no calibration of this version: remove it to calibrate anew")
    return data


def continued(file: pathlib.Path, revision: str) -> dict:
    """The calibration in a file, to go on with, or a new one.

    Raises Usage if it is of another revision or machine.
    """
    new = {"schema": SCHEMA, "revision": revision, "machine": _machine(), "workloads": {}}
    if not file.exists():
        return new
    old = load(file)
    for key in ("revision", "machine"):
        if old[key] != new[key]:
            raise Usage(f"{file} is of another {key}: move it away to calibrate anew")
    return old


def _use_processor(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
    draw = random.Random(parent)
    while os.getppid() == parent:
        until = time.monotonic() + draw.uniform(0, BURST)
        while time.monotonic() < until:
            pass
        time.sleep(draw.uniform(0, BURST))


@contextlib.contextmanager
def busy_processor() -> Iterator[None]:
    """Meanwhile, another process uses a processor for half of the time, in bursts of random length."""
    process = multiprocessing.Process(target=_use_processor, args=(os.getpid(),), daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


def _thorough(keys: list[Key]) -> set[Key]:
    """The workloads that have more pairs: of different channels, as far as there are any."""
    chosen = set()
    for place, workload in enumerate(THOROUGH):
        measured = [key for key in keys if key[1] == workload]
        chosen |= {measured[place % len(measured)]} if measured else set()
    return chosen


def take_pairs(
    channels: list[Channel], data: dict, file: pathlib.Path, seed: int, minutes: float, condition: str
) -> None:
    """Adds pairs to the calibration for so long, and saves it after each turn over all workloads."""
    cells = pairs.cells(channels)
    thorough = _thorough(list(cells))
    taken = sum(
        len(ratios)
        for told in data["workloads"].values()
        for of in CONDITIONS
        for ratios in told[of]["ratios"].values()
    )
    order = random.Random(f"{seed} {taken}")  # other choices where it goes on
    until = time.monotonic() + 60 * minutes
    with progress("calibrating, in tenths of the time", 10) as advance:
        tenths = 0
        while time.monotonic() < until:
            for key, cell in order.sample(list(cells.items()), len(cells)):
                name = " ".join(key)
                if name not in data["workloads"]:
                    messages, ns = pairs.pilot(cell)
                    none_yet = {of: {"seconds": 0.0, "ratios": {part: [] for part in ADDED}} for of in CONDITIONS}
                    data["workloads"][name] = {"messages": messages, "ns": ns} | none_yet
                told = data["workloads"][name]
                found = told[condition]
                slowed = min(ADDED[1:], key=lambda part: len(found["ratios"][part]))
                for part in ("0",) * (THOROUGH_PAIRS if key in thorough else 1) + (slowed,):
                    start = time.monotonic()
                    sides = [("--slowdown", f"{float(added) * told['ns']:.3f}") for added in ("0", part)]
                    found["ratios"][part].append(pairs.ratio(cell, cell, told["messages"], order, *sides))
                    if part == "0":
                        passed = time.monotonic() - start
                        found["seconds"] += (passed - found["seconds"]) / len(found["ratios"][part])
                    taken += 1
            results.write_text(file, json.dumps(data) + "\n")
            over = int(10 - (until - time.monotonic()) / (6 * minutes))
            while tenths < min(over, 10):
                tenths += 1
                advance(f"{taken} pairs")


@dataclasses.dataclass(frozen=True)
class Found:
    """A slowdown, and how often a gate run calls it `slower`, and how often `same`."""

    added: str
    slowdown: float  # measured: the median ratio less 1
    slower: float
    same: float


@dataclasses.dataclass(frozen=True)
class Rates:
    """What gate runs drawn from the pairs of a calibration say."""

    runs: int
    alarms: int  # runs that called an equal workload slower or faster
    alarms_at_most: float  # the upper end of the 95 % interval of that rate, for these pairs
    minutes: float  # of sampling, in the median
    undecided: float  # of the equal workloads
    found: dict[str, list[Found]]  # by workload

    def least(self, workload: str) -> float | None:
        """The least of the slowdowns that is found 95 times in 100, if any is."""
        enough = [found.slowdown for found in self.found.get(workload, []) if found.slower >= WANTED]
        return min(enough, default=None)


def measured(data: dict, condition: str) -> dict[str, dict]:
    """The pairs of each workload under a condition, and the seconds of one; empty where they are too few to tell a rate."""
    of = {name: told[condition] for name, told in data["workloads"].items()}
    few = any(len(told["ratios"]["0"]) < LEAST_PAIRS for told in of.values())
    return {} if few else of


def _gate_run(of: dict, least: dict[Key, float], minutes: float, draw: random.Random) -> tuple[list[Verdict], float]:
    """A gate run of equal builds whose pairs are drawn; its verdicts, and the seconds that it would have taken."""
    seconds = 0.0

    def sample(key: Key) -> float:
        nonlocal seconds
        told = of[" ".join(key)]
        seconds += told["seconds"]
        return draw.choice(told["ratios"]["0"])

    verdicts = sequential.decide(least, sample, lambda: seconds > 60 * minutes, draw)
    return verdicts, seconds


def rates(of: dict[str, dict], effect: float, minutes: float, seed: int, runs: int = RUNS) -> Rates:
    """The error rates, by pairs of each workload, of a gate with this least effect and limit of time."""
    import scipy.stats

    draw = random.Random(seed)
    keys = [tuple(name.split(" ", 1)) for name in of]
    least = pairs.least_effects(keys, effect)
    alarms = 0
    undecided = 0
    took = []
    with progress("drawing gate runs", runs + len(keys)) as advance:
        for _ in range(runs):
            verdicts, seconds = _gate_run(of, least, minutes, draw)
            alarms += any(v.verdict in ("slower", "faster") for v in verdicts)
            undecided += sum(v.verdict == "too noisy" for v in verdicts)
            took.append(seconds)
            advance("")
        # A slowed workload has its part of every turn, and the time that the others leave.
        left = max(60 * minutes - statistics.median(took), 0)
        turns = 60 * minutes / sum(told["seconds"] for told in of.values())
        found: dict[str, list[Found]] = {}
        error = sequential.error_of_each(len(keys))
        for key in keys:
            name = " ".join(key)
            most = int(max(left / of[name]["seconds"], turns))
            found[name] = []
            for part in ADDED[1:]:
                ratios = of[name]["ratios"][part]
                verdicts = [_verdict(ratios, least[key], error, most, draw) for _ in range(runs // 5)]
                share = lambda verdict: verdicts.count(verdict) / len(verdicts)  # noqa: E731
                found[name].append(Found(part, statistics.median(ratios) - 1, share("slower"), share("same")))
            advance(name)
    interval = scipy.stats.binomtest(alarms, runs).proportion_ci()
    return Rates(runs, alarms, interval.high, statistics.median(took) / 60, undecided / (runs * len(keys)), found)


def _verdict(ratios: list[float], least: float, error: float, most: int, draw: random.Random) -> str:
    """The verdict over a workload with these ratios, in so many pairs at most."""
    drawn: list[float] = []
    verdict = "too noisy"
    while len(drawn) < most and verdict not in sequential.DECIDED:
        bisect.insort(drawn, draw.choice(ratios))
        verdict = sequential.judge(drawn, least, error)[1]
    return verdict


def by_shape(found: Rates) -> dict[str, list[Found]]:
    """What is added to the sends of all workloads of a shape: the slowdown in the median, and the rates on average."""
    shapes: dict[str, list[list[Found]]] = {}
    for name, slowdowns in found.found.items():
        shapes.setdefault(name.split()[1].split("/")[0], []).append(slowdowns)
    return {
        shape: [
            Found(
                of[0].added,
                statistics.median(f.slowdown for f in of),
                statistics.mean(f.slower for f in of),
                statistics.mean(f.same for f in of),
            )
            for of in zip(*workloads)
        ]
        for shape, workloads in shapes.items()
    }


def show(of: dict[str, dict], condition: str, found: Rates) -> None:
    added = [f"added {float(part):.0%}" for part in ADDED[1:]]
    cells = lambda slowdowns: [f"{f.slowdown:+.1%}: {f.slower:.0%}, {f.same:.0%}" for f in slowdowns]  # noqa: E731
    title = f"{condition}: the slowdown, how often it is called slower, and the same"
    table = rich.table.Table("workload", "pairs", *added, "found 95 in 100", title=title)
    for name, told in of.items():
        least = found.least(name)
        pairs_of = str(len(told["ratios"]["0"]))
        table.add_row(name, pairs_of, *cells(found.found[name]), "none" if least is None else f"{least:.1%}")
    for shape, slowdowns in by_shape(found).items():
        table.add_row(f"all {shape}", "", *cells(slowdowns), "", style="bold")
    console.print(table)
    console.print(
        f"{condition}: of {found.runs} gate runs drawn from these pairs, {found.alarms} raised a false alarm (at most"
        f" {found.alarms_at_most:.1%} do); they took {found.minutes:.1f} min in the median, and left {found.undecided:.1%} of"
        " the workloads undecided"
    )


def run(of: Project, folder: pathlib.Path, seed: int, effect: float, minutes: float, busy: bool) -> None:
    """Takes pairs for so long, then tells the rates, which later gates show."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / FILE
    data = continued(file, build.revision(of.source))
    condition = "busy" if busy else "quiet"
    channels = benchmark_builds.slowed(of)
    with busy_processor() if busy else contextlib.nullcontext():
        take_pairs(channels, data, file, seed, minutes, condition)
    if not measured(data, condition):
        raise Usage(
            f"the pairs of some workload tell nothing: calibrate on for more --minutes, until there are {LEAST_PAIRS} of each"
        )
    found = {}
    for condition in CONDITIONS:
        if told := measured(data, condition):
            found[condition] = rates(told, effect, MINUTES, seed)
            show(told, condition, found[condition])
    # What gates show is what they find where nothing disturbs them, as far as that is known.
    best = next(iter(found.values()))
    gate = {
        "least_effect": effect,
        "minutes": MINUTES,
        "least": {name: best.least(name) for name in data["workloads"]},
    }
    told = {condition: dataclasses.asdict(rate) for condition, rate in found.items()}
    results.write_text(file, json.dumps(data | {"rates": told, "gate": gate}) + "\n")


def least_found(folder: pathlib.Path, effect: float, minutes: float) -> dict[str, float | None]:
    """By workload, what such a gate finds 95 times in 100, by a calibration of this machine; empty if there is none."""
    file = folder / FILE
    if not file.exists():
        return {}
    data = load(file)
    told = data.get("gate", {})
    if data["machine"] != _machine() or (told.get("least_effect"), told.get("minutes")) != (effect, minutes):
        return {}
    return told["least"]
