"""Records as `checkstar.audits.Audit.to_dict` gives them, made by hand: what the reports read and nothing more."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

POPULATIONS = "Hogg & Villar 2024, ICML, arXiv:2405.18095"
PULLS = "Hogg, Bovy & Lang 2010, arXiv:1008.4686"
COVERAGE = "Clopper & Pearson 1934, Biometrika 26, 404, doi:10.1093/biomet/26.4.404"
HOSTILE = "<script>alert(1)</script>\" onmouseover='x' ]]> a|b `c` $\\frac{ & \x00\x1b[31m\x08 \u202e \ud800 {{ 7*7 }}"


def make_part(name: str, value: float, half: float, limit: float, **fields: Any) -> dict[str, Any]:
    low, high = value - half, value + half
    verdict = "PASS" if high <= limit else "FAIL" if low > limit else "INCONCLUSIVE"
    part = {
        "name": name,
        "value": value,
        "low": low,
        "high": high,
        "n": 143.0,
        "limit": limit,
        "limit_kind": "convention",
        "unit": "",
        "of_tolerance": False,
        "decides": True,
        "text": f"{name} is {value}",
        "verdict": verdict,
    }
    return {**part, **fields}


def make_evidence(check: str, family: str, question: str, parts: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """Evidence whose first part decides."""
    nothing = {
        **dict.fromkeys(["value", "low", "high", "limit", "n"]),
        "limit_kind": "convention", "unit": "", "name": "", "verdict": "SKIPPED",
    }  # fmt: skip
    first = parts[0] if parts else nothing
    evidence = {
        "check": check,
        "code": "F1",
        "family": family,
        "question": question,
        "quantity": "bias of the mean",
        "label": "feh",
        "verdict": first["verdict"],
        "deciding": True,
        **{name: first[name] for name in ("value", "low", "high", "limit", "limit_kind", "unit", "n")},
        "part": first["name"],
        "p_fail": 0.0003 if parts else None,
        "n_needed": 1240.0 if first["verdict"] == "INCONCLUSIVE" else None,
        "power": 0.97 if parts else None,
        "detects": {
            "fault": "error bars too small by a factor of 1.40",
            "power": 0.97,
            "low": 0.94,
            "high": 0.99,
            "false_alarms": 0.01,
            "n": 600,
            "trials": 200,
        }
        if parts
        else None,
        "reason": "",
        "missing": [],
        "references": [],
        "limits_of_use": [],
        "parts": parts,
        "figure": None,
        "traceback": None,
        "seconds": 0.213,
    }
    return {**evidence, **fields}


def _population(tolerance: float, unit: str) -> dict[str, Any]:
    size = dict(unit=unit, limit_kind="claim", of_tolerance=True)
    bias = [0.0402, 0.0212, 0.0005, -0.0226, -0.0431]
    x = [-0.9, -0.6, -0.28, 0.05, 0.38]
    parts = [
        make_part("shifted by +1 sd", 2.26 * tolerance, 0.42 * tolerance, tolerance, **size),
        make_part("shifted by -1 sd", 2.01 * tolerance, 0.39 * tolerance, tolerance, **size),
        make_part("like the test set", 0.03 * tolerance, 0.31 * tolerance, tolerance, decides=False, **size),
        make_part("shifted by +0.5 sd", 1.13 * tolerance, 0.3 * tolerance, tolerance, decides=False, **size),
    ]
    figure = {
        "title": "Bias of the mean by population",
        "xlabel": f"mean of the population ({unit})",
        "ylabel": f"bias of the mean ({unit})",
        "xscale": "linear",
        "yscale": "linear",
        "layers": [
            {"kind": "hline", "y": [tolerance], "label": "tolerance", "tone": "limit"},
            {"kind": "hline", "y": [-tolerance], "label": "", "tone": "limit"},
            {"kind": "hline", "y": [0.0], "label": "", "tone": "muted"},
            {"kind": "interval", "x": x, "y": [b * tolerance / 0.02 for b in bias],
             "low": [(b - 0.008) * tolerance / 0.02 for b in bias], "high": [(b + 0.008) * tolerance / 0.02 for b in bias],
             "label": "mean of predictions", "tone": "main"},
            {"kind": "points", "x": x, "y": [b * 1.6 * tolerance / 0.02 for b in bias],
             "label": "product of densities", "tone": "second"},
        ],
    }  # fmt: skip
    return make_evidence(
        "population", "population", "Is the mean of a population right that differs from the training set?", parts,
        reason=f"the mean of a population shifted by +1 sd is off by {2.26 * tolerance:.3f} {unit}, "
        f"{2.26:.1f} times the tolerance", references=[POPULATIONS], figure=figure, seconds=1.82,
        limits_of_use=[
            {"name": "n_max", "value": 38.2, "low": 31.4, "high": 47.9, "unit": "objects",
             "text": "feh may be averaged over at most 38 objects of a population shifted by +1 sd before its bias exceeds "
                     "the standard error of the mean"},
            {"name": "n_min", "value": 27.0, "low": None, "high": None, "unit": "objects",
             "text": "the scatter of single values alone needs 27 objects for a mean of feh within the tolerance"},
        ],
    )  # fmt: skip


def _pulls() -> dict[str, Any]:
    quantiles = np.linspace(-2.6, 2.6, 100)
    wide = quantiles * 1.22 + 0.05
    figure = {
        "title": "Quantiles of the pulls", "xlabel": "unit normal", "ylabel": "pulls",
        "layers": [
            {"kind": "line", "x": [-3, 3], "y": [-3, 3], "tone": "reference", "label": "honest error bars"},
            {"kind": "points", "x": quantiles.tolist(), "y": wide.tolist(), "tone": "main", "label": "pulls"},
        ],
    }  # fmt: skip
    parts = [
        make_part("width of the pulls", 0.22, 0.11, 0.1, limit_kind="convention"),
        make_part("mean pull", 0.05, 0.09, 0.1, unit="sigma"),
    ]
    return make_evidence(
        "pulls", "calibration", "Are the error bars as large as the errors?", parts, code="B1",
        quantity="relative error of the error bars", figure=figure, references=[PULLS], power=0.61,
        reason="the error bars are 22 % [11, 33] too small; 3 of 143 objects lie beyond 5 sigma",
    )  # fmt: skip


def _coverage() -> dict[str, Any]:
    levels = [0.5, 0.68, 0.9, 0.95]
    found = [0.44, 0.60, 0.84, 0.91]
    figure = {
        "title": "Coverage of central intervals", "xlabel": "nominal level", "ylabel": "share of truths inside",
        "layers": [
            {"kind": "line", "x": [0, 1], "y": [0, 1], "tone": "reference", "label": "honest intervals"},
            {"kind": "interval", "x": levels, "y": found, "low": [y - 0.07 for y in found],
             "high": [y + 0.06 for y in found], "tone": "main", "label": "measured"},
        ],
    }  # fmt: skip
    parts = [make_part(f"{100 * level:.0f} % interval", 0.14, 0.13, 0.1) for level in levels]
    return make_evidence(
        "coverage", "calibration", "Do the intervals hold the share of truths that they say?", parts, code="B3",
        quantity="relative error of the error bars", figure=figure, references=[COVERAGE], power=0.48,
        reason="the 68 % interval holds 60.1 % [51.6, 68.2] of the truths, as error bars wrong by 14 % would",
    )  # fmt: skip


def _reference() -> dict[str, Any]:
    parts = [make_part(f"{name} S/N", 0.004 * i, 0.003, 0.0311, unit="dex", limit_kind="derived") for i, name in
             enumerate(["all", "low", "middle", "high"], 1)]  # fmt: skip
    return make_evidence(
        "reference", "reference", "Does the domain's own method do as well?", parts, code="A1", deciding=False,
        quantity="excess of the typical error over the reference's", references=[COVERAGE, PULLS],
        reason="the typical error is 0.004 dex larger than that of template matching",
    )  # fmt: skip


def _unfinished() -> list[dict[str, Any]]:
    return [
        make_evidence(
            "noise_response", "robustness", "Is the claimed error at least the method's own noise response?", [],
            code="D1", deciding=False, verdict="SKIPPED", reason="needs the noise of the observations (Dataset(noise=...))",
            missing=["the noise of the observations (Dataset(noise=...))"], seconds=None,
        ),
        make_evidence(
            "class_calibration", "calibration", "Are class probabilities right?", [], code="B7", deciding=False,
            verdict="NOT_APPLICABLE", reason="asked of classification only", seconds=None,
        ),
        make_evidence(
            "leakage", "leakage", "Are test objects also in the training set?", [], code="I1", deciding=False,
            verdict="ERROR", reason="the check itself failed: ZeroDivisionError: division by zero", seconds=None,
            traceback='Traceback (most recent call last):\n  File "leakage.py", line 40, in examine\nZeroDivisionError',
        ),
    ]  # fmt: skip


def make_judgement(
    use: str, label: str, verdict: str, tolerance: float | None, unit: str = "dex", **fields: Any
) -> dict[str, Any]:
    evidence = [_population(tolerance or 0.01, unit), _pulls(), _coverage(), _reference(), *_unfinished()]
    for item in evidence:
        item["label"] = label
        if tolerance is None:
            item["parts"] = [{**part, "limit_kind": "convention"} for part in item["parts"]]
    words = f"tolerance {tolerance:g} {unit}" if tolerance else "tolerance by convention (10 %)"
    judgement = {
        "claim": {"use": use, "n_objects": 500 if tolerance else None, "tolerance": tolerance, "label": label,
                  "unit": unit, "population": None},
        "sentence": f"{use} of {label}, 500 objects, {words}",
        "question": "May the values be averaged over a population?",
        "verdict": verdict,
        "headline": f"{evidence[0]['reason']} (3 of 3 deciding checks ran)",
        "coverage": {"deciding": 3, "ran": 3, "passed": 0, "failed": 1},
        "missing": [] if verdict != "INCONCLUSIVE" else
        ["about 1,240 independent test objects instead of 143 (pulls)", "the noise of the observations (Dataset(noise=...))"],
        "limits_of_use": [limit for item in evidence for limit in item["limits_of_use"]],
        "evidence": evidence,
    }  # fmt: skip
    return {**judgement, **fields}


def make_record(judgement: Mapping[str, Any] | None = None) -> dict[str, Any]:
    single = dict(judgement or make_judgement("population_mean", "feh", "FAIL", 0.02))
    single.pop("question")
    return {"schema_version": 1, **single, "uses": [], "subject": _subject(), "environment": _environment()}


def make_table(labels: tuple[str, ...] = ("teff", "logg", "feh")) -> dict[str, Any]:
    verdicts = {"ranking": "PASS", "object_value": "INCONCLUSIVE", "object_interval": "FAIL", "population_mean": "FAIL"}
    uses = [
        make_judgement(use, label, verdict if (use, label) != ("object_value", "feh") else "PASS", None,
                       {"teff": "K", "logg": "dex"}.get(label, "dex"))
        for label in labels for use, verdict in verdicts.items()
    ]  # fmt: skip
    return {
        "schema_version": 1,
        "verdict": "PASS",
        "claim": None,
        "sentence": None,
        "headline": "may be used for: ranking of teff; may not be used for: population_mean of teff",
        "coverage": {"deciding": 36, "ran": 36, "passed": 12, "failed": 12},
        "missing": [],
        "limits_of_use": uses[0]["limits_of_use"],
        "evidence": [],
        "uses": uses,
        "subject": _subject(),
        "environment": _environment(),
    }


def _subject() -> dict[str, Any]:
    return {
        "name": "Cannon on stellar-labels", "problem": "stellar-labels", "method": "Cannon",
        "settings": {"order": 2, "ridge": 1e-3, "labels": ["teff", "logg", "feh"]},
        "settings_hash": "9f2c" * 16, "estimand": "maximum likelihood",
        "references": ["Ness et al. 2015, ApJ 808, 16, arXiv:1501.07604"], "labels": ["teff", "logg", "feh"],
        "task": "regression", "n_test": 200, "n_independent": 143, "n_train": 785, "data": "MILES",
        "citation": "Sanchez-Blazquez et al. 2006, MNRAS 371, 703", "group": "cluster", "data_hash": "a01b" * 16,
        "training_hash": "77de" * 16, "prediction_kind": "normal", "reference": "template matching",
        "costs": {"fit_seconds": 2.41, "fit_cpu_seconds": 4.7, "predict_seconds": 0.183, "predict_cpu_seconds": 0.35,
                  "peak_memory_mb": 412.3, "model_calls": 24, "objects_predicted": 4800},
        "reference_costs": {"fit_seconds": 0.02, "fit_cpu_seconds": 0.02, "predict_seconds": 7.3,
                            "predict_cpu_seconds": 13.9, "peak_memory_mb": 655.0, "model_calls": 1,
                            "objects_predicted": 200},
        "seed": 0,
    }  # fmt: skip


def _environment() -> dict[str, Any]:
    return {
        "python": "3.11.7", "platform": "Linux-6.1", "packages": {"checkstar": "0.1.0", "numpy": "2.4.6", "scipy": "1.17.0"},
        "git_revision": "4be1" * 10, "git_dirty": True, "seed": 0, "created": "2026-05-14T09:21:07Z",
    }  # fmt: skip


def _poisoned(value: Any) -> Any:
    """Every text replaced by a hostile one, every number by a NaN; the words that the schema fixes are kept."""
    kept = {"FAIL", "PASS", "INCONCLUSIVE", "SKIPPED", "NOT_APPLICABLE", "ERROR", "claim", "derived", "convention"}
    if isinstance(value, dict):
        fixed = {"kind", "tone", "xscale", "yscale", "use", "task"}
        return {key: item if key in fixed else _poisoned(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_poisoned(item) for item in value]
    if isinstance(value, str):
        return value if value in kept else HOSTILE
    return math.nan if isinstance(value, float) else value


def _emptied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _emptied(item) for key, item in value.items()}
    return [_emptied(item) for item in value] if isinstance(value, list) else None


@pytest.fixture
def record() -> dict[str, Any]:
    """One claim, FAIL, with every kind of verdict among its evidence."""
    return make_record()


@pytest.fixture
def table() -> dict[str, Any]:
    """A table of uses: four uses of three labels."""
    return make_table()


@pytest.fixture(params=["record", "table"])
def either(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Both kinds of record."""
    return make_record() if request.param == "record" else make_table()


@pytest.fixture(params=["record", "table"])
def hostile(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A record whose every text attacks and whose numbers are not numbers, but for one part that can be drawn."""
    record = _poisoned(make_record() if request.param == "record" else make_table(("feh", "logg")))
    record["subject"]["settings"][HOSTILE] = HOSTILE
    for judgement in record["uses"] or [record]:
        drawn = copy.deepcopy(_pulls())
        drawn["figure"] |= {"title": HOSTILE, "xlabel": HOSTILE, "ylabel": HOSTILE, "xticks": [HOSTILE, HOSTILE]}
        drawn["figure"]["layers"][1]["label"] = HOSTILE
        parts = [{**part, "name": HOSTILE, "unit": HOSTILE} for part in drawn["parts"]]
        judgement["evidence"] += [drawn, {**drawn, "figure": None, "parts": parts, "check": HOSTILE}]
    return record


@pytest.fixture(params=["record", "table"])
def empty(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A record in which everything is None."""
    return _emptied(make_record() if request.param == "record" else make_table())
