"""The report command: sets up, builds, verifies, measures and plots."""

from __future__ import annotations

import dataclasses
import pathlib

import click

from sluice_cli import audit, bench, build, contract, exact_costs, known, options, outcome, page, peers, project
from sluice_cli import message_costs, registry, results, strategies, verify
from sluice_cli.common import Unverified, console
from sluice_cli.project import Project
from sluice_cli.registry import Channel
from sluice_cli.sources import Sources


def _without_models(channel: Channel) -> Channel:
    return dataclasses.replace(channel, runners={tool: r for tool, r in channel.runners.items() if tool != "models"})


@click.command("report")
@click.option(
    "--quick",
    is_flag=True,
    help="Fewer messages, rounds and executions; of sluice's own tree, without contract, audit, third-party models, "
    "faulty channels and what messages cost under valgrind.",
)
@click.option(
    "--from", "saved", type=click.Path(path_type=pathlib.Path), help="Write the report of this results file again."
)
@bench.minutes_option
@options.seed
@project.option
def command(project: Project, quick: bool, saved: pathlib.Path | None, minutes: float | None, seed: int) -> None:
    """Set up, build, verify, measure and plot; prints the path of the run's report.html."""
    if saved:
        console.print(str(page.write(results.load(saved), saved.parent)), markup=False)
        return
    level = "quick" if quick else "standard"
    divide = 20 if quick else 1
    known.require_readable(project)
    sources = Sources.of(project)
    sources.require_readable()
    binary = build.configure_project(project, peers=True)
    channels = registry.configured(binary)
    # Of another project, all of it: its channels are few.
    brief = quick and project.own
    audited = [] if brief else registry.configured(binary, of_tests=True)
    # Of this tree's own channels, ctest runs the contract.
    compared = [] if brief else [c for c in channels if c.third_party or not project.own]
    verified = channels
    if brief:
        verified = [_without_models(c) if c.third_party else c for c in channels if not c.faulty]
    own_parts = () if not project.own else ("litmus", "checking_speed", "costs", *([] if brief else ["contract"]))
    build.build_runners(project, verified, "properties", "models", "bench", also=own_parts)
    build.build_runners(project, compared, "contract")
    build.build_runners(project, audited, "models")
    checks = verify.verify(project, verified, level, seed)
    verify.show(checks)
    parts = {"checks": checks}
    if any("models" in channel.runners for channel in audited):
        parts["audit"] = audit.audit(sources, audited, whole=True)
    if project.own and not brief:
        mutants = strategies.mutants_of(parts["audit"])
        try:
            parts["strategies"] = strategies.study(audited, mutants, list(strategies.STRATEGIES))
        except Unverified as reason:
            console.print(f"sluice: no search strategies in this report: {reason.message}", markup=False)
    if project.own:
        if not brief:
            parts["contract"] = contract.run(binary, divide)
        parts |= {"checking": verify.checking_speed(binary), "litmus": verify.litmus(binary)}
        parts["costs"] = exact_costs.counted(binary)
    if not brief:
        parts["costs"] = parts.get("costs", []) + message_costs.counted([c for c in verified if not c.faulty])
    if any("contract" in channel.runners for channel in compared):
        both = parts.get("contract", []) + contract.run_on(project, compared, divide)
        parts["contract"] = sorted(both, key=lambda verdict: verdict["number"])
    others, not_measured = peers.build(project)
    parts["missing"] = registry.why_missing(channels) | not_measured
    channels = registry.joined(channels, others)
    parts["samples"], lost = bench.measure(channels, bench.effort("quick" if quick else "full", minutes), seed)
    page.publish(project, results.new_results(project, level, seed, channels, **parts))
    outcome.require_passed(checks, parts.get("contract", []), parts.get("audit", []))
    bench.require_none(lost)
