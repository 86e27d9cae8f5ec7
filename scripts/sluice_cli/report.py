"""Writes a run's report: one page of HTML that needs nothing beside it."""

from __future__ import annotations

import base64
import pathlib

import jinja2

from sluice_cli import audit, bench, contract, plots, verify
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
    keys = dict.fromkeys((s["channel"], s["shape"], s["capacity"], s["threads"], s["messages"]) for s in samples)
    rows = []
    for channel, shape, capacity, threads, messages in sorted(keys, key=lambda k: (k[1], k[2], k[3], k[0])):
        where = {"channel": channel, "shape": shape, "capacity": capacity, "threads": threads}
        time = plots.estimate(samples, "ns_per_message", **where)
        if time is None:
            continue
        # Capacities 0 and 1 and ping_pong run fewer messages than asked for.
        asked = messages * (20 if shape == "ping_pong" else 10 if capacity in ("0", "1") else 1)
        rows.append(
            where
            | {
                "time": time,
                "cpu": plots.estimate(samples, "cpu_ns_per_message", **where).median,
                "switches": plots.estimate(samples, "switches_per_message", **where).median,
                "command": f"build/release/{channel}_bench --filter '^{shape}/{capacity}/{threads}/' "
                f"--threads {threads} --messages {asked:.0f}",
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
    samples = data["samples"]
    pictures = []
    if samples:
        plots.throughput(samples, folder / "throughput.png", bench.USUAL_THREADS)
        plots.latency(samples, folder / "latency.png")
        plots.scaling(samples, folder / "scaling.png", _capacity_of(samples))
        pictures = [
            ("Throughput", "throughput.png", "Time per message for each shape and capacity that a channel can have."),
            (
                "Latency",
                "latency.png",
                "A message to another thread and its answer back; the tail is what stalls look like.",
            ),
            ("Scaling", "scaling.png", "More threads than processors is what tells channels apart on small machines."),
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
        run={"audit": [], "litmus": []} | data,
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
        cells=_cells(samples),
        probes=_probes(samples),
        odd=sum(s["odd"] for s in samples),
        compilers=sorted({s["compiler"] for s in samples}),
        library=sorted({s["benchmark_library"] for s in samples}),
    )
    file = folder / "report.html"
    write_text(file, page)
    return file
