import re
from itertools import pairwise

import pytest

from checkstar.reports.scatter import Mark, scatter
from checkstar.reports.study_page import render_study
from checkstar.reports.thumbnails import thumbnail

EVIL = "<script>alert(1)</script>"


def standing(method, score, verdict):
    return {
        "method": method, "score": score, "low": score - 0.02, "high": score + 0.02, "behind": 0.0, "behind_low": -0.01,
        "behind_high": 0.013, "verdict": verdict,
    }  # fmt: skip


def record(name="trees"):
    pair = {
        "first": name, "second": "cuts", "value": 0.2, "low": 0.18, "high": 0.22, "retrained_low": None, "retrained_high": None
    }  # fmt: skip
    metric = {
        "name": "accuracy", "direction": "higher", "unit": "", "source": "s", "sign": 1.0, "pooled": {name: 0.9, "cuts": 0.7},
        "comparison": {"standings": [standing(name, 0.9, "PASS"), standing("cuts", 0.7, "FAIL")], "differences": [pair], "n_folds": 1, "tolerance": 0.01},
        "simplest": name, "sentence": f"{name} has the best accuracy",
    }  # fmt: skip
    label = {
        "label": "class", "unit": "", "metrics": [metric],
        "confusion": [{"method": name, "names": ["RRab", EVIL], "counts": [[9, 1], [0, 10]]}],
        "learning": [{"method": name, "metric": "accuracy", "n_train": [100, 400], "mean": [0.7, 0.9], "standard_error": [0.01, None]}],
        "worst": [{"id": EVIL, "truth": "RRab", "said": [{"method": name, "answer": "EA", "probability": 0.99}],
                   "picture": {"x": [0.0, 1.0], "y": [1.0, 2.0], "band": [0, 1], "inverted": True}}],
    }  # fmt: skip
    analysed = {
        "problem": "stars", "question": "Which?", "labels": [label],
        "costs": [{"method": name, "fit_cpu_seconds": 3.0, "energy_joules_modelled": 30.0}],
        "failures": [{"method": "net", "fold": 2, "share": 0.3, "stage": "fit", "reason": EVIL, "traceback": "T"}],
        "histories": [{"method": "net", "fold": 0, "curves": {"held": [1.0, 0.5]}}],
    }  # fmt: skip
    board = [
        {"problem": "stars", "label": "class", "metric": "accuracy", "method": m, "mean": v, "standard_error": 0.01,
         "cpu_seconds": s, "on_pareto_front": True}
        for m, v, s in ((name, 0.9, 3.0), ("cuts", 0.7, 0.01))
    ]  # fmt: skip
    study = {
        "name": EVIL, "key": "k", "problems": [{"name": "stars", "question": "which star?", "n_objects": 1200, "n_units": 1200}],
        "methods": [{"name": name, "method_class": "m", "settings": {"a": EVIL}, "references": [EVIL]}],
        "folds": {"kind": "folds", "of": 3}, "cells": [{"state": "done"}, {"state": "failed"}], "leaderboard": board,
        "lessons": [{"text": EVIL, "about": "net"}], "warnings": [EVIL], "environment": {"python": "3.11"}, "created": "now",
        "audits": [{"problem": "stars", "method": name, "claim": "ranking", "verdict": "PASS", "path": "audits/a"}],
    }  # fmt: skip
    return {"study": study, "problems": [analysed]}


def test_the_page_shows_scores_verdicts_costs_and_failures():
    page = render_study(record())
    for said in (
        "0.900",
        "[0.880, 0.920]",
        "Which star?",
        "1,200 objects",
        "with 30 % of the training objects",
        "0.01 in accuracy",
    ):
        assert said in page
    assert page.count("#i-pass") >= 2
    assert 'href="audits/a/report.html"' in page


def test_whatever_came_from_data_is_escaped():
    page = render_study(record(name=EVIL))
    assert EVIL not in page
    assert page.count("<script>") == 1


def test_the_page_loads_nothing_and_has_no_inline_style():
    page = render_study(record())
    assert not re.search(r'(src|href)="https?:', page)
    assert 'style="' not in page
    assert "default-src &#39;none&#39;" in page


def test_names_of_points_do_not_lie_on_one_another():
    drawn = scatter([Mark(1.0, 0.8, 0.0, f"m{i}", False) for i in range(4)], "cost", "score")
    heights = sorted(float(y) for y in re.findall(r'<text x="[\d.]+" y="([\d.]+)">', drawn))
    assert min(b - a for a, b in pairwise(heights)) >= 13.9


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_points_that_are_all_alike_can_be_drawn(value):
    assert "circle" in scatter([Mark(2.0, value, 0.0, "a", True), Mark(2.0, value, 0.0, "b", True)], "cost", "score")


def test_magnitudes_grow_downwards():
    faint_last = {"x": [0.0, 1.0], "y": [10.0, 12.0], "band": [0, 0], "inverted": True}
    d = re.findall(r"M([\d.]+) ([\d.]+)h0", thumbnail(faint_last, "star"))
    assert float(d[0][1]) < float(d[1][1])
    flux = re.findall(r"M([\d.]+) ([\d.]+)h0", thumbnail({**faint_last, "inverted": False}, "star"))
    assert float(flux[0][1]) > float(flux[1][1])
    assert thumbnail(None, "star") is None
