"""A summary for an appendix."""

from __future__ import annotations

import re

from checkstar.reports import render_markdown


def tables(text: str) -> list[list[str]]:
    return [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]


def columns(line: str) -> int:
    return len(re.findall(r"(?<!\\)\|", line)) - 1


def test_the_claim_and_its_verdict_are_the_title(record):
    assert render_markdown(record).startswith("# FAIL: population\\_mean of feh, 500 objects, tolerance 0.02 dex\n")


def test_the_evidence_is_a_table_with_its_limits_named(record):
    (table,) = tables(render_markdown(record))
    assert table[2].startswith("| FAIL | population | yes | 0.0452 dex | \\[0.0368, 0.0536\\] | 0.02 (claim) | 143 |")
    assert len(table) == 2 + len(record["evidence"])


def test_a_table_of_uses_prints_conventions_as_such(table):
    uses = tables(render_markdown(table))[0]
    assert len(uses) == 2 + len(table["uses"])
    assert any("(convention: one third of the spread of the truth)" in line for line in uses)


def test_no_text_breaks_a_table_or_becomes_markup(hostile):
    text = render_markdown(hostile)
    for table in tables(text):
        assert len({columns(line) for line in table}) == 1
    assert not re.search(r"(?<!\\)<script", text)


def test_a_record_of_nothing_is_no_pass(empty):
    assert "PASS" not in render_markdown(empty)
