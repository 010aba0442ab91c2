"""JUnit XML: an audit for a continuous-integration server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from checkstar.reports.records import fault_of, judgements, readable

__all__ = ["render_junit"]


def render_junit(record: Mapping[str, Any]) -> str:
    """One suite a claim; one test case for its verdict and one for each piece of evidence.

    A failed claim and a deciding check that FAILs are failures; ERROR is an error; what was not decided (INCONCLUSIVE,
    SKIPPED, NOT_APPLICABLE) is skipped, with its reason, and never passed. A FAIL that does not decide is said in
    ``system-out`` and breaks no build.
    """
    found = readable(record)
    root = ElementTree.Element("testsuites", name="checkstar")
    created = (found.get("environment") or {}).get("created")
    for judgement in judgements(found):
        root.append(_suite(judgement, created))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(judgement: Mapping[str, Any], created: str | None) -> ElementTree.Element:
    sentence = str(judgement.get("sentence") or "claim")
    suite = ElementTree.Element("testsuite", name=sentence)
    claim = ElementTree.SubElement(suite, "testcase", classname="checkstar.claim", name=sentence)
    _conclude(claim, str(judgement.get("verdict") or "ERROR"), str(judgement.get("headline") or ""), deciding=True)
    for item in judgement.get("evidence") or []:
        suite.append(_case(item))
    cases = suite.findall("testcase")
    suite.attrib |= {
        "tests": str(len(cases)),
        "failures": str(len(suite.findall("testcase/failure"))),
        "errors": str(len(suite.findall("testcase/error"))),
        "skipped": str(len(suite.findall("testcase/skipped"))),
        "time": f"{sum(float(case.get('time', 0)) for case in cases):.3f}",
    }
    if created:
        suite.set("timestamp", created.removesuffix("Z"))
    return suite


def _case(item: Mapping[str, Any]) -> ElementTree.Element:
    check = str(item.get("check") or "check")
    case = ElementTree.Element("testcase", classname=f"checkstar.{item.get('family') or 'check'}", name=check)
    case.set("time", f"{item.get('seconds') or 0.0:.3f}")
    value, interval, limit = fault_of(item)
    size = f"{item.get('quantity') or 'fault'}: {value} {interval}, limit {limit}" if value else ""
    reason = str(item.get("reason") or "")
    _conclude(case, str(item.get("verdict") or "ERROR"), reason, size, deciding=bool(item.get("deciding")))
    if item.get("traceback"):
        ElementTree.SubElement(case, "system-err").text = item["traceback"]
    return case


def _conclude(case: ElementTree.Element, verdict: str, reason: str, details: str = "", *, deciding: bool) -> None:
    name = {"PASS": "", "FAIL": "failure" if deciding else "", "ERROR": "error"}.get(verdict, "skipped")
    if name:
        result = ElementTree.SubElement(case, name, message=f"{verdict}: {reason}")
        if name != "skipped":
            result.set("type", verdict)
            result.text = details or None
    elif verdict == "FAIL":
        ElementTree.SubElement(case, "system-out").text = f"FAIL, which does not decide the claim: {reason}. {details}"
