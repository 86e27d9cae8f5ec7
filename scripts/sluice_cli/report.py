"""The report command: sets up, builds, verifies, measures and plots."""

from __future__ import annotations

import pathlib

import click

from sluice_cli import audit, bench, build, contract, options, outcome, page, peers, registry, results, verify
from sluice_cli.common import console


@click.command("report")
@click.option("--quick", is_flag=True, help="Fewer messages, rounds and executions: some 10 minutes after building.")
@click.option(
    "--from", "source", type=click.Path(path_type=pathlib.Path), help="Write the report of this results file again."
)
@options.seed
def command(quick: bool, source: pathlib.Path | None, seed: int) -> None:
    """Set up, build, verify, measure and plot; prints the path of results/<run>/report.html."""
    if source:
        console.print(str(page.write(results.load(source), source.parent)), markup=False)
        return
    level = "quick" if quick else "standard"
    binary = build.build_preset("release")
    channels = registry.built(binary)
    checks = verify.verify(channels, level, seed)
    verify.show(checks)
    mutants = audit.audit(registry.built(binary, of_tests=True), whole=True)
    lines = contract.run(binary, divide=20 if quick else 1)
    others, missing = peers.build()
    channels += others
    samples = bench.measure(channels, bench.EFFORTS["quick" if quick else "full"], seed)
    page.publish(
        results.new_results(
            level,
            seed,
            channels,
            checks=checks,
            contract=lines,
            checking=verify.checking_speed(binary),
            audit=mutants,
            litmus=verify.litmus(binary),
            missing=missing,
            samples=samples,
        )
    )
    outcome.require_passed(checks, lines, mutants)
