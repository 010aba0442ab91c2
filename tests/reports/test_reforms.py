"""The REFORMS checklist: what the run knows is filled in, what it does not know is asked for."""

from __future__ import annotations

import re

from checkstar.reports import render_reforms
from checkstar.reports.reforms import ITEMS, filled


def test_there_are_the_32_items_of_the_paper_in_its_eight_modules():
    assert len(ITEMS) == len({item.number for item in ITEMS}) == 32
    modules = list(dict.fromkeys(item.module for item in ITEMS))
    assert [sum(item.module == module for item in ITEMS) for module in modules] == [3, 5, 7, 3, 6, 3, 3, 2]
    assert [item.number[0] for item in ITEMS] == [str(modules.index(item.module) + 1) for item in ITEMS]


def test_what_the_run_knows_is_filled(record):
    answers = filled(record)
    assert "population_mean of feh" in answers["1a"]
    assert "Sanchez-Blazquez" in answers["2a"]
    assert "785" in answers["3e"] and "143" in answers["3e"]
    assert "order = 2" in answers["5a"]
    assert "template matching" in answers["5f"]


def test_what_is_not_known_is_asked_and_counted(record):
    text = render_reforms(record)
    asked = text.count("**to be written by the authors**")
    stated = int(re.search(r"(\d+) are for the authors", text)[1])
    assert asked == stated == sum(not answer for answer in filled(record).values())


def test_a_check_that_did_not_run_fills_nothing(record):
    for item in record["evidence"]:
        item["verdict"] = "SKIPPED"
    assert filled(record)["5f"] == ""


def test_a_record_of_nothing_asks_for_everything():
    assert render_reforms({}).count("**to be written by the authors**") == 32


def test_no_text_breaks_the_table_or_becomes_markup(hostile):
    text = render_reforms(hostile)
    for line in text.splitlines():
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) == 4
    assert not re.search(r"(?<!\\)<script", text)
