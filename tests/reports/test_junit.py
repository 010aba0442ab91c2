"""An audit for a continuous-integration server."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from checkstar.reports import render_junit


def cases(record) -> dict[str, ElementTree.Element]:
    return {case.get("name"): case for case in ElementTree.fromstring(render_junit(record)).iter("testcase")}


def test_the_claim_is_a_case_of_its_own(record):
    case = cases(record)["population_mean of feh, 500 objects, tolerance 0.02 dex"]
    assert case.get("classname") == "checkstar.claim"
    assert case.find("failure").get("message").startswith("FAIL: the mean of a population")


@pytest.mark.parametrize(
    ("check", "outcome"),
    [
        ("population", "failure"),
        ("coverage", "skipped"),
        ("reference", None),
        ("noise_response", "skipped"),
        ("class_calibration", "skipped"),
        ("leakage", "error"),
    ],
)
def test_each_verdict_has_its_outcome(record, check, outcome):
    assert [child.tag for child in cases(record)[check] if not child.tag.startswith("system")] == [outcome] * (
        outcome is not None
    )


def test_only_pass_counts_as_passed(either):
    root = ElementTree.fromstring(render_junit(either))
    for suite in root:
        passed = [case for case in suite.iter("testcase") if not len(case)]
        total = int(suite.get("tests")) - sum(int(suite.get(name)) for name in ("failures", "errors", "skipped"))
        assert total == len(passed)
        assert {case.get("name") for case in passed} <= {"reference", suite.get("name")}


def test_a_failure_that_does_not_decide_breaks_no_build(record):
    record["evidence"][3]["verdict"] = "FAIL"
    case = cases(record)["reference"]
    assert [child.tag for child in case] == ["system-out"]
    assert "does not decide the claim" in case.find("system-out").text


@pytest.mark.parametrize(("verdict", "outcome"), [("INCONCLUSIVE", "skipped"), ("PASS", None)])
def test_an_undecided_claim_is_skipped_and_never_passed(record, verdict, outcome):
    record["verdict"] = verdict
    assert [child.tag for child in cases(record)[record["sentence"]]] == [outcome] * (outcome is not None)


def test_one_suite_a_use(table):
    assert len(ElementTree.fromstring(render_junit(table))) == len(table["uses"])


def test_hostile_text_and_nothing_at_all_are_still_xml(hostile, empty):
    ElementTree.fromstring(render_junit(hostile).encode())
    root = ElementTree.fromstring(render_junit(empty).encode())
    assert not [case for case in root.iter("testcase") if not len(case)]
