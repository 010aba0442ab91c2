"""Numbers have the digits that their interval allows."""

from __future__ import annotations

import math

import pytest

from checkstar.reports.typesetting import clipped, count, duration, number, probability, sentence, typeset, written


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((0.0412, 0.0328, 0.0496), ("0.0412", "0.0328", "0.0496")),
        ((0.0412, -0.05, 0.13), ("0.041", "-0.050", "0.130")),
        ((5034.2, 4800.0, 5270.0), ("5,034", "4,800", "5,270")),
        ((1.234e-7, 1.0e-7, 1.5e-7), ("1.23e-07", "1.00e-07", "1.50e-07")),
        ((0.3, None, 0.4), ("0.30", "-inf", "0.40")),
        ((164.2, 25.0, None), ("164", "25", "inf")),
        ((0.5, None, None), ("0.5", "", "")),
        ((0.0, 0.0, 0.0), ("0", "", "")),
        ((None, 0.1, 0.2), ("", "", "")),
        ((-0.0001, -0.2, 0.2), ("0.00", "-0.20", "0.20")),
    ],
)
def test_digits_follow_the_half_width_of_the_interval(numbers, expected):
    assert written(*numbers) == expected


@pytest.mark.parametrize("high", [0.01996, 0.019996, 0.02004])
def test_an_end_never_rounds_onto_the_other_side_of_the_limit(high):
    shown = float(written(0.012, 0.004, high, limit=0.02).high)
    assert (shown > 0.02, shown < 0.02) == (high > 0.02, high < 0.02)


def test_whole_objects_are_rounded_down_and_have_no_decimals():
    assert written(163.7, 25.2, 480.9, whole=True) == ("163", "25", "480")
    assert written(27.9, whole=True).value == "27"


def test_numbers_alone():
    assert [number(x) for x in (0.02, 20000.0, 1e-9, 0.0, None)] == ["0.02", "20,000", "1.00e-09", "0", ""]
    assert [count(x) for x in (20000.0, 3e12, None)] == ["20,000", "3e+12", ""]
    assert [probability(x) for x in (0.0, 1.0, 0.999, 0.001)] == ["0 %", "100 %", "> 99 %", "< 1 %"]
    assert [duration(x) for x in (0.0004, 59.0, 7300.0)] == ["0.4 ms", "59 s", "2.03 h"]


@pytest.mark.parametrize(
    ("plain", "printed"),
    [
        ("-0.5 to -1", "−0.5 to −1"),
        ("2001-02-03 and arXiv:1501-07604", "2001-02-03 and arXiv:1501-07604"),
        ("[-inf, 3]", "[−∞, 3]"),
        ("1.2e-05", "1.2\u202f×\u202f10⁻⁵"),
        ("2e+06 K", "2\u202f×\u202f10⁶ K"),
        ("22 +- 4 %", "22 ± 4\u202f%"),
        ("2.34x slower", "2.34× slower"),
        ("0x1F", "0x1F"),
        ("information", "information"),
        ("S/N >= 40", "S/N ≥ 40"),
    ],
)
def test_signs_are_those_of_a_printed_page(plain, printed):
    assert typeset(plain) == printed


def test_a_sentence_begins_with_a_capital_unless_a_label_begins_it():
    assert sentence("the mean is off") == "The mean is off"
    assert sentence("feh may be averaged", {"feh"}) == "feh may be averaged"


def test_long_text_is_clipped_with_dots():
    assert clipped("abcdef", 4) == "abc…"
    assert not math.isnan(len(clipped("abc", 4)))
