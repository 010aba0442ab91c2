import numpy as np
import pytest

from checkstar.checks import Accuracy
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.evidence import Verdict
from checkstar.prediction import Point
from checkstar.runs import Run


def examine(error, tolerance=None, **fields):
    y = np.random.default_rng(9).normal(size=len(error))
    run = Run(name="t", test=Dataset(y=y, **fields), prediction=Point(y + error))
    return Accuracy().examine(run, Claim("object_value", tolerance=tolerance), np.random.default_rng(0))


def test_the_typical_error_of_a_normal_is_its_sigma():
    found = examine(0.3 * np.random.default_rng(0).normal(size=20_000), tolerance=1.0)
    whole = next(p for p in found.parts if p.name == "all objects")
    assert whole.estimate.value == pytest.approx(0.3, rel=0.03)


def test_the_kind_of_objects_that_is_wrong_is_named():
    rng = np.random.default_rng(0)
    snr = rng.uniform(10, 100, 3000)
    found = examine(rng.normal(size=3000) * 10 / snr, tolerance=0.3, meta={"snr": snr})
    assert found.verdict is Verdict.FAIL
    assert found.worst.name.startswith("snr 10")


def test_text_columns_are_kinds_too_and_the_group_is_not():
    rng = np.random.default_rng(0)
    survey = np.where(rng.random(2000) < 0.2, "south", "north")
    error = rng.normal(size=2000) * np.where(survey == "south", 1.0, 0.1)
    found = examine(error, tolerance=0.5, meta={"survey": survey, "field": np.arange(2000) % 300}, group="field")
    assert found.worst.name == "survey = south"
    assert not any(p.name.startswith("field") for p in found.parts)


def test_without_a_tolerance_a_third_of_the_spread_is_the_convention():
    found = examine(np.full(500, 0.1))
    assert found.worst.limit_kind == "convention"
    assert found.limit == pytest.approx(1 / 3, rel=0.1)


def test_missing_metadata_is_a_kind_of_no_object():
    meta = {"mag": np.where(np.arange(400) % 2, np.nan, np.arange(400.0))}
    found = examine(np.full(400, 0.01), tolerance=1.0, meta=meta)
    assert found.verdict is Verdict.PASS
