import numpy as np
import pytest

from checkstar.checks.populations import DoubleUse
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.evidence import Verdict
from checkstar.prediction import Point
from checkstar.runs import Run
from checkstar.scope import Scope


def numbers(n, seed, p=4):
    return np.random.default_rng(seed).normal(size=(n, p))


def examine(train, **other_uses):
    test = Dataset(numbers(20, 99), np.zeros(20))
    run = Run(name="t", test=test, train=train, prediction=Point(np.zeros(20)), scope=Scope(other_uses=other_uses))
    return DoubleUse().examine(run, Claim("population_mean"), np.random.default_rng(0))


def test_objects_of_the_training_set_are_found_by_their_observations():
    x = numbers(100, 0)
    found = examine(Dataset(x, np.zeros(100)), calibrators=Dataset(np.concatenate([x[:5], numbers(45, 1)])))
    assert found.verdict is Verdict.FAIL
    assert found.value == pytest.approx(0.1)
    assert found.reason == "5 of 50 objects of calibrators (10 %) are in the training set by their observations"


def test_other_objects_pass():
    found = examine(Dataset(numbers(100, 0), np.zeros(100)), calibrators=Dataset(numbers(50, 1)))
    assert found.verdict is Verdict.PASS


def test_the_order_of_the_features_counts_and_masks_and_signs_of_zero_do_not():
    x = numbers(10, 0)
    x[0, 1], x[1, 2] = np.nan, 0.0
    again = x[:2].copy()
    again[1, 2] = -0.0
    assert examine(Dataset(x, np.zeros(10)), zero_point=Dataset(again)).value == 1.0
    assert examine(Dataset(x, np.zeros(10)), zero_point=Dataset(x[2:, ::-1])).value == 0.0


def test_one_object_observed_again_is_found_by_its_name_or_group():
    train = Dataset(numbers(30, 0), np.zeros(30), meta={"source_id": np.arange(30)}, group=np.arange(30) // 3)
    other = Dataset(numbers(10, 1), meta={"source_id": np.arange(25, 35, dtype=float)}, group=np.arange(100, 110))
    found = examine(train, prior=other)
    assert {p.name: p.estimate.value for p in found.parts} == {
        "observations of prior": 0.0,
        "group of prior": 0.0,
        "source_id of prior": 0.5,
    }


def test_each_use_is_judged():
    x = numbers(40, 0)
    found = examine(Dataset(x, np.zeros(40)), clean=Dataset(numbers(10, 1)), shared=Dataset(x[:10]))
    assert [p.estimate.value for p in found.parts] == [0.0, 1.0]
    assert found.verdict is Verdict.FAIL


def test_observations_that_tell_no_objects_apart_are_not_compared():
    # Three bits: eight rows, each many times in the training set.
    bits = (numbers(200, 0, 3) > 0).astype(float)
    found = examine(Dataset(bits, np.zeros(200)), calibrators=Dataset(bits[:50]))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "nothing to compare in calibrators" in found.reason


def test_missing_names_are_no_name():
    train = Dataset(numbers(4, 0), np.zeros(4), meta={"name": ["a", None, "c", None]})
    other = Dataset(numbers(3, 1), meta={"name": [None, "x", "c"]})
    found = examine(train, catalogue=other)
    assert {p.name: round(p.estimate.value, 3) for p in found.parts}["name of catalogue"] == 0.333


def test_labels_alone_can_be_compared_with_nothing():
    found = examine(Dataset(y=np.zeros(5)), literature=Dataset(y=np.zeros(5)))
    assert found.verdict is Verdict.INCONCLUSIVE
