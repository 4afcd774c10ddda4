"""Scenario results as JUnit XML, which test reporters read."""

from __future__ import annotations

from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from comity.policy.scenarios.reports import ScenarioReport
from comity.policy.scenarios.results import ScenarioResult, Verdict


def junit_of(report: ScenarioReport) -> str:
    """Return one suite a scenario file, and one for what no scenario shows.

    Source: JUnit XML as Jenkins and GitLab read it.
    """
    root = Element("testsuites", name="comity policy test")
    for file, results in groupby(report.results, key=lambda result: result.file):
        suite = SubElement(root, "testsuite", name=file)
        for result in results:
            _add_case(suite, result)
        _count(suite)
    if report.gaps:
        suite = SubElement(root, "testsuite", name="coverage")
        for gap in report.gaps:
            case = SubElement(suite, "testcase", name=str(gap), classname="coverage", file=gap.file)
            SubElement(case, "failure", message=str(gap)).text = str(gap)
        _count(suite)
    _count(root)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _add_case(suite: Element, result: ScenarioResult) -> None:
    """Add a result to its suite."""
    name = result.name if result.at is None else f"{result.name} @ {result.at.isoformat()}"
    case = SubElement(
        suite,
        "testcase",
        name=name,
        classname=result.file,
        file=result.file,
        line=str(result.line),
    )
    if result.verdict is Verdict.FAILED:
        message = " ".join(map(str, result.differences))
        SubElement(case, "failure", message=message).text = str(result)
    elif result.verdict is Verdict.SKIPPED:
        SubElement(case, "skipped", message=result.reason)


def _count(parent: Element) -> None:
    """Set how many cases an element holds, and how many failed or were skipped."""
    for attribute, path in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")):
        parent.set(attribute, str(len(list(parent.iter(path)))))
