"""The model card: what the model may be used for, and what not, from the record alone."""

from __future__ import annotations

import re

from checkstar.reports import render_model_card


def test_uses_stand_under_their_verdicts(table):
    text = render_model_card(table)
    passed, failed = text.index("May be used for:"), text.index("May not be used for:")
    assert passed < text.index("ranking of teff") < failed < text.index("population mean of teff")


def test_model_data_limits_and_costs_are_there(record):
    text = render_model_card(record)
    assert text.startswith("# Model card: Cannon on stellar-labels\n")
    for words in ("order = 2", "## Limits of use", "test objects: 200", "- fit: 2.4", "## References"):
        assert words in text


def test_a_record_of_nothing_asks_for_everything():
    text = render_model_card({})
    assert "May be used for" not in text
    assert text.count("*To be written by the authors.*") >= 3


def test_no_text_becomes_markup(hostile):
    assert not re.search(r"(?<!\\)<script", render_model_card(hostile))
