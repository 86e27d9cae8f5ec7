"""Writes a run's report: one page of HTML that needs nothing beside it."""

from __future__ import annotations

import base64
import pathlib

import jinja2

from sluice_cli import advise, audit, bench, contract, goals, plots, verify
from sluice_cli.results import write_text


def _embedded(file: pathlib.Path) -> str:
    return "data:image/png;base64," + base64.b64encode(file.read_bytes()).decode()


def _capacity_of(samples: list[dict]) -> dict[str, str]:
    """The capacity at which each channel's scaling was measured: the one with the most numbers of threads."""
    counts: dict[str, dict[str, set[int]]] = {}
    for s in samples:
        if s["shape"] == "mpmc":
            counts.setdefault(s["channel"], {}).setdefault(s["capacity"], set()).add(s["threads"])
    return {channel: max(by, key=lambda capacity: len(by[capacity])) for channel, by in counts.items()}


def _cells(samples: list[dict]) -> list[dict]:
    """Every measured cell in numbers, with the command that takes one sample of it."""
    commands = {(s["shape"], s["capacity"], s["threads"], s["pinned"], s["channel"]): s["command"] for s in samples}
    rows = []
    for (shape, capacity, threads, pinned, channel), command in sorted(commands.items()):
        where = {"channel": channel, "shape": shape, "capacity": capacity, "threads": threads, "pinned": pinned}
        figures = {key: plots.estimate(samples, key, **where) for key in (*bench.COUNTERS, *bench.OWN_COUNTERS)}
        if (time := figures["ns_per_message"]) is None:
            continue
        others = [f"{key.removesuffix('_ns')} {figures[key].median:,.3g}" for key in bench.OWN_COUNTERS if figures[key]]
        rows.append(
            where
            | {
                "time": time,
                "cpu": figures["cpu_ns_per_message"].median,
                "switches": figures["switches_per_message"].median,
                "others": ", ".join(others),
                "command": command,
            }
        )
    return rows


def _probes(samples: list[dict]) -> list[tuple[str, str]]:
    """What the probe around each sample said of the machine."""
    rows = []
    for key, name in (("round_trip", "cache line to another processor and back"), ("pause", "spin-loop hint")):
        values = sorted(s["probe"][f"{key}_{when}_ns"] for s in samples for when in ("before", "after"))
        if values:
            middle = values[len(values) // 2]
            rows.append((name, f"{middle:.1f} ns (from {values[0]:.1f} to {values[-1]:.1f} over the run)"))
    return rows


def write(data: dict, folder: pathlib.Path) -> pathlib.Path:
    """Draws the pictures into the folder and writes report.html beside them; returns its path."""
    every_sample = data["samples"]
    # Pictures and goals are of pinned threads, unless all of them were free.
    samples = [s for s in every_sample if s["pinned"]] or every_sample
    pictures = []
    if samples:
        plots.heat(samples, folder / "heat.png", bench.USUAL_THREADS)
        plots.throughput(samples, folder / "throughput.png", bench.USUAL_THREADS)
        plots.latency(samples, folder / "latency.png")
        plots.loads(samples, folder / "loads.png")
        plots.scaling(samples, folder / "scaling.png", _capacity_of(samples))
        plots.costs(samples, folder / "costs.png", bench.USUAL_THREADS)
        pictures = [
            ("Who is fastest", "heat.png", "Each column is a shape and a capacity; its quickest channel is in bold."),
            ("Throughput", "throughput.png", "The same for the cells that most programs have, with the spread."),
            (
                "Latency",
                "latency.png",
                "A message to another thread and its answer back; the tail is what stalls look like.",
            ),
            (
                "Latency at a rate",
                "loads.png",
                "A sender that keeps to a timetable; who waits for a stalled message is counted from when it was due.",
            ),
            ("Scaling", "scaling.png", "More threads than processors is what tells channels apart on small machines."),
            (
                "Beside the messages",
                "costs.png",
                "What a channel costs when it rests, when it is made, and whom it favours.",
            ),
        ]
    long_histories = None
    if data.get("checking"):
        plots.checking(data["checking"], folder / "checking.png")
        long_histories = _embedded(folder / "checking.png")
    names, rows = verify.matrix(data["checks"])
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(pathlib.Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined
    )
    page = environment.get_template("report.html.j2").render(
        run={"audit": [], "litmus": [], "missing": {}} | data,
        names=names,
        rows=rows,
        caught=[c for c in data["checks"] if c["expected"] == "caught"],
        smallest=verify.smallest,
        searched=verify.searched(data["checks"]),
        kept=[row for row in data.get("audit", []) if row["verdict"] == "kept"],
        unexplained=audit.bad(data.get("audit", [])),
        third_party=verify.third_party(data["checks"]),
        long_histories=long_histories,
        bad=verify.bad(data["checks"]),
        lines=contract.lines(data.get("contract", [])),
        broken=contract.bad(data.get("contract", [])),
        executions=sum(c["executions"] for c in data["checks"] if c["expected"] == "passed"),
        pictures=[(title, _embedded(folder / file), text) for title, file, text in pictures],
        choices=advise.choices(samples),
        goals=goals.all_of(samples),
        cells=_cells(every_sample),
        probes=_probes(every_sample),
        odd=sum(s["odd"] for s in every_sample),
        compilers=sorted({s["compiler"] for s in every_sample}),
        library=sorted({s["benchmark_library"] for s in every_sample} - {""}),
    )
    file = folder / "report.html"
    write_text(file, page)
    return file
