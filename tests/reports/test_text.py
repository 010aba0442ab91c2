"""An audit in a terminal."""

from __future__ import annotations

from checkstar.reports import render_text


def test_the_verdict_comes_first_and_the_limits_of_use_before_the_evidence(record):
    text = render_text(record)
    assert text.startswith("FAIL  population_mean of feh, 500 objects, tolerance 0.02 dex\n")
    assert text.index("n_max = 38 [31, 47] objects") < text.index("* population")
    row = next(line for line in text.splitlines() if line.startswith("* population "))
    assert row.split() == ["*", "population", "FAIL", "0.0452", "dex", "[0.0368,", "0.0536]", "0.02", "(claim)", "143"]


def test_checks_that_could_not_be_asked_are_counted_and_named_in_one_line(record):
    lines = render_text(record).splitlines()
    assert not [line for line in lines if "SKIPPED" in line or "NOT APPLICABLE" in line]
    assert any(line.startswith("1 checks lack something: noise_response") for line in lines)
    assert any("do not apply: class_calibration" in line for line in lines)


def test_a_deciding_check_that_lacks_something_stays_in_the_table(record):
    skipped = next(e for e in record["evidence"] if e["verdict"] == "SKIPPED")
    skipped["deciding"] = True
    assert "* noise_response" in render_text(record)


def test_a_table_of_uses_says_what_is_allowed_what_not_and_what_is_missing(table):
    text = render_text(table)
    allowed, rest = text.split("may not be used for:")
    assert allowed.startswith("may be used for:\n  - ranking of teff (tolerance 0.01 K by convention)")
    refused, undecided = rest.split("could not be decided:")
    assert "population mean of feh" in refused
    assert "missing: about 1,240 independent test objects instead of 143 (pulls)" in undecided


def test_a_table_without_a_use_says_so(table):
    table["uses"] = [use for use in table["uses"] if use["verdict"] == "FAIL"]
    assert "may be used for: nothing that was tested" in render_text(table)


def test_nothing_reaches_the_terminal_that_it_would_obey(hostile):
    text = render_text(hostile)
    assert not set(text) & {"\x1b", "\x00", "\x08", "\r", "\u202e", "\ud800"}
    text.encode()


def test_a_record_of_nothing_is_an_error_and_not_a_pass(empty):
    assert "PASS" not in render_text(empty)
