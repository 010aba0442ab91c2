"""Figures are small, follow the page's colours, and never fail on what they are given."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest

from checkstar.reports.figures import KINDS, MOST_ELEMENTS, draw, draw_parts

RNG = np.random.default_rng(3)


def layer(kind: str, n: int = 5, **fields) -> dict:
    x = np.linspace(1, 2, n)
    y = RNG.normal(5, 1, n)
    return {"kind": kind, "x": x.tolist(), "y": y.tolist(), "low": (y - 1).tolist(), "high": (y + 1).tolist(), **fields}


def figure(*layers: dict, **fields) -> dict:
    return {"title": "T", "xlabel": "x", "ylabel": "y", "layers": list(layers), **fields}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", ["linear", "log"])
def test_every_kind_of_layer_leaves_its_colour_on_the_page(kind, scale):
    drawing = draw(figure(layer(kind, tone="second", label="L"), xscale=scale, yscale=scale), "f")
    assert drawing is not None
    assert "var(--fig-second)" in drawing.svg
    assert not re.search(r"#[0-9a-f]{6}", drawing.svg)
    assert drawing.legend[0].label == "L"


def test_a_figure_of_the_most_points_keeps_its_budget():
    points = layer("points", MOST_ELEMENTS)
    assert len(draw(figure(points), "f").svg) < 20_000
    assert len(draw(figure(layer("points", 300)), "f").svg) < 15_000


def test_larger_layers_become_a_picture():
    drawing = draw(figure(layer("points", 20_000)), "f")
    assert "data:image/png;base64" in drawing.svg
    assert len(drawing.svg) < 80_000


def test_the_same_figure_is_the_same_text():
    record = figure(layer("band"), layer("interval"))
    assert draw(record, "f") == draw(record, "f")


def test_ids_start_with_the_prefix_and_every_reference_has_a_target():
    root = ElementTree.fromstring(draw(figure(layer("points"), layer("interval")), "q7").svg)
    ids = {element.get("id") for element in root.iter() if element.get("id")}
    found = {m for element in root.iter() for v in element.attrib.values() for m in re.findall(r"#([\w-]+)", v)}
    assert found
    assert found <= ids
    assert all(name.startswith("q7") for name in ids)


def test_no_style_that_a_strict_page_would_refuse():
    svg = draw(figure(layer("points")), "f").svg
    assert "style" not in svg
    assert "<metadata" not in svg


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "$\\frac{", "星 ☄ ﷽", "a\nb\tc", "x" * 5000, "\"'&]]>", ""]
)
def test_text_is_text(text):
    drawing = draw(figure(layer("line", label=text), title=text, xlabel=text, ylabel=text, xticks=[text] * 9), "f")
    root = ElementTree.fromstring(drawing.svg)
    assert not list(root.iter("script"))
    assert len(drawing.svg) < 30_000


def test_a_dollar_sign_is_not_mathematics():
    assert "a $_1$ b" in draw(figure(layer("line"), xlabel="a $_1$ b"), "f").svg


@pytest.mark.parametrize(
    "layers",
    [
        [],
        [{"kind": "pie", "x": [1], "y": [1]}],
        [{"kind": "line"}],
        [{"kind": "line", "x": [None, None], "y": [None, 1.0]}],
        [{"kind": "points", "x": [1.0], "y": [math.nan]}],
        [{"kind": "band", "x": [1.0, 2.0], "y": [1.0, 2.0]}],
    ],
)
def test_nothing_to_draw_is_no_figure(layers):
    assert draw(figure(*layers), "f") is None


@pytest.mark.parametrize(
    "odd",
    [
        {"kind": "interval", "x": [1, 2, 3], "y": [1.0, None]},
        {"kind": "interval", "x": [1, 2], "y": [1.0, 2.0], "low": [None, 3.0], "high": [None, 1.0]},
        {"kind": "line", "x": [0.0, -1.0], "y": [-1.0, 0.0]},
        {"kind": "bars", "x": [1, 1], "y": [1.0, 2.0]},
        {"kind": "hline", "y": [0.0], "tone": "loud"},
        {"kind": "points", "x": ["a", 1.0], "y": [1.0, 2.0]},
        {"kind": "line", "x": [1e-300, 1e300], "y": [1e-300, 1e300]},
    ],
)
@pytest.mark.parametrize("scale", ["linear", "log", "odd"])
def test_odd_layers_do_not_stop_a_report(odd, scale):
    draw(figure(layer("line"), odd, xscale=scale, yscale=scale), "f")


def test_the_users_settings_change_nothing_and_are_left_alone():
    record = figure(layer("line"))
    before = draw(record, "f")
    with matplotlib.rc_context({"text.usetex": True, "font.size": 40, "axes.grid": True, "svg.fonttype": "path"}):
        assert draw(record, "f") == before
        assert matplotlib.rcParams["font.size"] == 40


def part(name: str, value: float | None, **fields) -> dict:
    return {
        "name": name,
        "value": value,
        "low": None,
        "high": None,
        "limit": 1.0,
        "unit": "K",
        "verdict": "FAIL",
        **fields,
    }


def test_parts_are_drawn_with_the_worst_rows_first():
    drawing = draw_parts([part(f"p{i:02d}", float(i)) for i in range(60)], "bias", "f")
    assert "p59" in drawing.svg
    assert "p36" in drawing.svg
    assert "p35" not in drawing.svg
    assert "bias (K)" in drawing.svg


def test_parts_in_different_units_share_an_axis_in_units_of_their_limits():
    drawing = draw_parts([part("a", 1.0, unit="K"), part("b", -2.0, unit="dex", decides=False)], "bias", "f")
    assert "in units of the limit" in drawing.svg
    assert [entry.label for entry in drawing.legend][1] == "shown, does not decide"


def test_parts_without_values_are_no_figure():
    assert draw_parts([part("a", None), part("b", math.nan)], "bias", "f") is None
    assert draw_parts([part("a", 1.0, limit=None, unit="K"), part("b", 1.0, limit=None, unit="s")], "bias", "f") is None


def test_a_logarithmic_axis_of_less_than_two_decades_has_more_than_one_number():
    layers = [{"kind": "points", "x": [0.3, 0.5, 0.9], "y": [30.0, 40.0, 90.0], "tone": "main", "label": "objects"}]
    record = {"title": "t", "xlabel": "x", "ylabel": "y", "xscale": "log", "yscale": "log", "layers": layers}
    drawing = draw(record, "f")
    assert drawing is not None
    assert all(f">{value}<" in drawing.svg for value in ("0.5", "50"))


def test_a_million_is_written_out():
    layers = [{"kind": "line", "x": [0, 1], "y": [0, 1e6], "tone": "main", "label": "cost"}]
    drawing = draw({"title": "t", "xlabel": "x", "ylabel": "y", "layers": layers}, "f")
    assert drawing is not None and "1e6" not in drawing.svg and "1000000" in drawing.svg
