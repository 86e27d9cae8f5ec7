"""Renders a run's report: one self-contained page of HTML."""

from __future__ import annotations

import base64
import pathlib

import jinja2

from sluice_cli import advise, contract, exact_costs, figures, history, outcome, results, strategies, trend, verify
from sluice_cli.common import BadResults, console
from sluice_cli.figures import COUNTERS, OWN_COUNTERS, Roles
from sluice_cli.project import Project


def _embedded(file: pathlib.Path) -> str:
    return "data:image/png;base64," + base64.b64encode(file.read_bytes()).decode()


def _capacity_of(samples: list[dict]) -> dict[str, str]:
    """The capacity at which each channel's scaling was measured: the one with the most thread counts."""
    counts: dict[str, dict[str, set[int]]] = {}
    for s in samples:
        if s["shape"] == "mpmc":
            counts.setdefault(s["channel"], {}).setdefault(s["capacity"], set()).add(s["threads"])
    return {channel: max(by, key=lambda capacity: len(by[capacity])) for channel, by in counts.items()}


def _cells(samples: list[dict]) -> list[dict]:
    """Every measured cell in numbers, with the command for one sample."""
    commands = {(s["shape"], s["capacity"], s["threads"], s["pinned"], s["channel"]): s["command"] for s in samples}
    rows = []
    for (shape, capacity, threads, pinned, channel), command in sorted(commands.items()):
        where = {"channel": channel, "shape": shape, "capacity": capacity, "threads": threads, "pinned": pinned}
        found = {key: figures.estimate(samples, key, **where) for key in (*COUNTERS, *OWN_COUNTERS)}
        if (time := found["ns_per_message"]) is None:
            continue
        others = [f"{key.removesuffix('_ns')} {found[key].median:,.3g}" for key in OWN_COUNTERS if found[key]]
        rows.append(
            where
            | {
                "time": time,
                "cpu": found["cpu_ns_per_message"].median,
                "switches": found["switches_per_message"].median,
                "others": ", ".join(others),
                "command": command,
            }
        )
    return rows


def _probes(samples: list[dict]) -> list[tuple[str, str]]:
    """Summaries of the probes of the machine around each sample."""
    rows = []
    for key, name in (("round_trip", "cache line to another processor and back"), ("pause", "spin-loop hint")):
        values = sorted(s["probe"][f"{key}_{when}_ns"] for s in samples for when in ("before", "after"))
        if values:
            middle = values[len(values) // 2]
            rows.append((name, f"{middle:.1f} ns (from {values[0]:.1f} to {values[-1]:.1f} over the run)"))
    return rows


def _sparse(samples: list[dict]) -> str:
    """What to think of a run of which many samples were left out; otherwise empty."""
    outliers = sum(s["outlier"] for s in samples)
    if 4 * outliers <= len(samples):
        return ""
    return (
        f"{outliers} of {len(samples)} samples were left out, since the machine was in another state around them: "
        "measure again when nothing else runs, or on a machine whose state is steadier"
    )


def _families(checks: list[dict]) -> list[dict]:
    """The checks of sound channels by kind, each with its verdicts on all channels."""
    names, rows = verify.matrix(checks)
    families = []
    for kind, title in (("property", "Properties on real threads"), ("model", "Models under weak memory")):
        mine = []
        for of_kind, check, verdicts in rows:
            if of_kind != kind:
                continue
            ran = {name: v for name, v in verdicts.items() if v["verdict"] != "not_applicable"}
            mine.append(
                {
                    "check": check,
                    "claim": next(iter(verdicts.values()))["claim"],
                    "channels": ran,
                    "failed": [name for name, v in ran.items() if v["verdict"] == "failed"],
                    "executions": sum(v["executions"] for v in ran.values()),
                }
            )
        if mine:
            families.append({"title": title, "checks": mine, "executions": sum(row["executions"] for row in mine)})
    return families


def _not_applicable(checks: list[dict]) -> list[tuple[str, str, list[str]]]:
    """Channel, reason and checks, for the checks that do not apply to a sound channel."""
    found: dict[tuple[str, str], list[str]] = {}
    for check in checks:
        if check["expected"] == "passed" and check["verdict"] == "not_applicable":
            found.setdefault((check["channel"], check["detail"]), []).append(check["check"])
    return [(channel, reason, names) for (channel, reason), names in found.items()]


def _pictures(samples: list[dict], roles: Roles, folder: pathlib.Path) -> list[tuple[str, str, str]]:
    """Draws the pictures; title, file and text of each. The first one is the summary."""
    # Imported here: a command that draws nothing need not wait for matplotlib.
    from sluice_cli import plots

    plots.heat(samples, roles, folder / "heat.png")
    plots.throughput(samples, roles, folder / "throughput.png")
    plots.latency(samples, roles, folder / "latency.png")
    plots.loads(samples, roles, folder / "loads.png")
    plots.scaling(samples, roles, folder / "scaling.png", _capacity_of(samples))
    plots.costs(samples, roles, folder / "costs.png")
    return [
        (
            "How fast",
            "heat.png",
            "A column is a shape and a capacity; the fastest channel in it is bold.",
        ),
        ("Throughput", "throughput.png", "The most common workloads, with intervals."),
        ("Latency", "latency.png", "A message to another thread and its answer back, by percentile."),
        (
            "Latency by load",
            "loads.png",
            "An open loop: the sender follows a schedule, and latency counts from when a message was due.",
        ),
        ("Scaling", "scaling.png", "More threads than processors show how a channel waits."),
        ("Other costs", "costs.png", "Waking an idle receiver, creating a channel, its memory, and its fairness."),
    ]


def write(data: dict, folder: pathlib.Path, runs: list[dict] = ()) -> pathlib.Path:
    """Draws the pictures into the folder and writes report.html beside them; returns its path.

    `runs`: the lines of a history, which it shows as well if there is something to follow.
    """
    roles = Roles.of(data)
    every_sample = data["samples"]
    # Pictures show pinned threads, unless no sample was pinned.
    samples = [s for s in every_sample if s["pinned"]] or every_sample
    pictures = _pictures(samples, roles, folder) if samples else []
    if len(runs) > 1:
        pictures += trend.pictures(runs, folder)
    long_histories = None
    if data["checking"]:
        from sluice_cli import plots

        plots.checking(data["checking"], folder / "checking.png")
        long_histories = _embedded(folder / "checking.png")
    searches = data.get("strategies")
    if searches:
        from sluice_cli import strategies_plot

        strategies_plot.draw(searches, folder / "strategies.png")
        searches = searches | {
            "picture": _embedded(folder / "strategies.png"),
            "summary": strategies.summary(searches["bugs"], searches["strategies"]),
            "hard": strategies.HARD,
        }
    checks = data["checks"]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(pathlib.Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("report.html.j2").render(
        run=data,
        costs=data.get("costs", []),
        cost_names=list(
            dict.fromkeys(name for row in data.get("costs", []) for name in row if name not in exact_costs.PLACE)
        ),
        sound=verify.matrix(checks)[0],
        families=_families(checks),
        not_applicable=_not_applicable(checks),
        caught=[c for c in checks if c["expected"] == "caught"],
        smallest=verify.smallest,
        size_of=verify.size_of,
        searched=verify.searched(checks),
        accepted=[row for row in data["audit"] if row["verdict"] == "accepted"],
        unexplained=outcome.unexplained_mutants(data["audit"]),
        third_party=verify.third_party(checks),
        long_histories=long_histories,
        searches=searches,
        failed=outcome.failed_checks(checks),
        lines=contract.lines(data["contract"]),
        held=contract.held(data["contract"]),
        broken=outcome.broken_lines(data["contract"]),
        executions=sum(c["executions"] for c in checks if c["expected"] == "passed"),
        pictures=[(title, _embedded(folder / file), text) for title, file, text in pictures],
        choices=advise.choices(data | {"samples": samples}) if samples else [],
        cells=_cells(every_sample),
        probes=_probes(every_sample),
        outliers=sum(s["outlier"] for s in every_sample),
        sparse=_sparse(every_sample),
        compilers=sorted({s["compiler"] for s in every_sample}),
        library=sorted({s["benchmark_library"] for s in every_sample} - {""}),
    )
    file = folder / "report.html"
    results.write_text(file, page)
    return file


def publish(of: Project, data: dict) -> None:
    """Writes a run's results and report to its own folder and its line to the history; prints the report's path."""
    folder = results.new_run(of)
    results.save(data, folder / "results.json")
    if sparse := _sparse(data["samples"]):
        console.print(f"sluice: {sparse}", style="yellow", markup=False)
    runs = []
    if data["samples"]:
        file = history.file_of(of)
        history.append(file, data)
        try:
            runs = history.of_one_machine(history.load(file)) if file.exists() else []
        except BadResults as unusable:
            # The run's own report does not depend on earlier ones.
            console.print(f"sluice: {unusable.message}", markup=False)
    console.print(str(write(data, folder, runs)), markup=False)
