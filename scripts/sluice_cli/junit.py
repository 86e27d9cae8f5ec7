"""Verdicts as JUnit XML, which CI servers show."""

from __future__ import annotations

import pathlib
import xml.etree.ElementTree as xml

from sluice_cli import outcome
from sluice_cli.results import write_text


def _case(suite: xml.Element, channel: str, name: str, seconds: float = 0.0) -> xml.Element:
    return xml.SubElement(suite, "testcase", classname=channel, name=name, time=f"{seconds:.3f}")


def _add_verdicts(suite: xml.Element, verdicts: list[dict], failing: list[dict]) -> None:
    for verdict in verdicts:
        name = f"{verdict['kind']} {verdict['check']}" if "kind" in verdict else verdict["test"]
        case = _case(suite, verdict["channel"], name, verdict["seconds"])
        if any(verdict is failed for failed in failing):
            lines = verdict["detail"].strip().splitlines()
            xml.SubElement(case, "failure", message=lines[0] if lines else verdict["verdict"]).text = verdict["detail"]
        elif verdict["verdict"] in ("failed", "differs", "not_applicable"):
            xml.SubElement(case, "skipped", message=verdict.get("known") or verdict["detail"] or verdict["verdict"])


def write(
    file: pathlib.Path, checks: list[dict] = (), lines: list[dict] = (), cells: list = (), dearer: list = ()
) -> None:
    """Writes checks, lines of the contract, a gate's workloads, and the operations that cost more than in its base.

    What fails no run is skipped there.
    """
    suites = xml.Element("testsuites")
    suite = xml.SubElement(suites, "testsuite", name="sluice")
    _add_verdicts(suite, checks, outcome.failed_checks(checks))
    _add_verdicts(suite, lines, outcome.broken_lines(lines))
    for cell in cells:
        case = _case(suite, cell.channel, f"speed {cell.workload}")
        if cell.verdict == "slower":
            xml.SubElement(case, "failure", message=f"slower: {cell.ratio:.3f} of the base's time")
        elif cell.verdict == "too noisy":
            xml.SubElement(case, "skipped", message="too noisy to judge")
    for change in dearer:
        case = _case(suite, change.core, f"cost {change.operation} at {change.capacity}")
        xml.SubElement(case, "failure", message=str(change))
    for attribute, tag in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")):
        suite.set(attribute, str(len(list(suite.iter(tag)))))
    xml.indent(suites)
    # Other control characters than these are not XML.
    text = xml.tostring(suites, encoding="unicode")
    write_text(file, "".join(c for c in text if c >= " " or c in "\n\t") + "\n")
