"""Cards: gauges, references, and figures that are drawn once."""

from __future__ import annotations

import math

import pytest

from checkstar.reports.cards import Album, card, citation, gauge


def test_a_gauge_puts_zero_limit_and_interval_in_order():
    g = gauge({"value": 0.045, "low": 0.037, "high": 0.054, "limit": 0.02, "unit": "dex"})
    assert g["zero"] < g["limit"] < g["low"] < g["value"] < g["high"] < g["width"]
    assert g["limit_text"] == "0.02 dex"


def test_an_end_that_is_not_known_reaches_the_edge():
    g = gauge({"value": 0.1, "low": None, "high": None, "limit": 0.2})
    assert (g["low"], g["high"]) == (4.0, g["width"] - 4)


@pytest.mark.parametrize(
    "item", [{"value": None, "limit": 1}, {"value": 1, "limit": None}, {"value": 0.0, "limit": 0.0}]
)
def test_no_gauge_where_there_is_nothing_to_show(item):
    assert gauge(item) is None


def test_identifiers_become_links_and_nothing_else_does():
    pieces = citation("A 2020, arXiv:2405.18095; B, doi:10.1093/biomet/26.4.404. javascript:alert(1) http://evil")
    assert [address for _, address in pieces if address] == [
        "https://arxiv.org/abs/2405.18095",
        "https://doi.org/10.1093/biomet/26.4.404",
    ]
    assert "".join(text for text, _ in pieces).endswith("javascript:alert(1) http://evil")


def test_the_same_figure_is_drawn_once_and_then_referred_to(record):
    album = Album()
    first, second = (card(record["evidence"][0], anchor, album) for anchor in ("e1", "e2"))
    assert first["figure"] is not None
    assert (second["figure"], second["same"], second["parts"]) == (None, "e1", [])


def test_a_figure_with_another_limit_is_another_figure(record):
    album = Album()
    card(record["evidence"][0], "e1", album)
    record["evidence"][0]["parts"][0]["limit"] = 0.5
    assert card(record["evidence"][0], "e2", album)["figure"] is not None


def test_evidence_without_a_figure_is_drawn_from_its_parts(record):
    reference = record["evidence"][3]
    assert card(reference, "e", Album())["figure"].title == "Each fault against its limit"
    assert card({**reference, "parts": reference["parts"][:1]}, "e", Album())["figure"] is None


def test_what_a_check_needs_is_said_once(record):
    assert card(record["evidence"][4], "e", Album())["missing"] == []


def test_a_card_of_nothing_is_an_error():
    assert card({}, "e", Album())["verdict"] == "ERROR"
    assert not math.isnan(len(card({}, "e", Album())["value"]))
