"""An audit in a terminal."""

from __future__ import annotations

from checkstar.reports import render_text


def test_the_verdict_comes_first_and_the_limits_of_use_before_the_evidence(record):
    text = render_text(record)
    assert text.startswith("FAIL  population_mean of feh, 500 objects, tolerance 0.02 dex\n")
    assert text.index("n_max = 38 [31, 47] objects") < text.index("* population")
    assert "* population         FAIL            0.0452 dex  [0.0368, 0.0536]      0.02 (claim)  143" in text
    assert "  noise_response     SKIPPED\n" in text


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
