from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import (
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from threadpoolctl import threadpool_limits

from checkstar.errors import InputError
from checkstar.methods import tree_arrays
from checkstar.methods.tree_arrays import check_trees, find_leaves, from_boosting, from_forest, sum_leaves

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 5))
X[:, 2] = RNG.integers(4, size=400)  # ties at the thresholds
Y = np.c_[X[:, 0] * X[:, 1] + X[:, 2], np.sin(3 * X[:, 3])]
CODES = (Y[:, 0] > 0).astype(int) + (Y[:, 1] > 0.3)
NEW = np.vstack([RNG.normal(size=(200, 5)), X])


@pytest.fixture(autouse=True)
def one_thread():
    """Peers of scikit-learn spin for minutes where threads share a core."""
    with threadpool_limits(1, user_api="openmp"):
        yield


def on_thresholds(trees: dict[str, np.ndarray]) -> np.ndarray:
    """Objects whose every feature equals one of the thresholds used for it."""
    inner = trees["left"] != np.arange(len(trees["left"]))
    objects = np.zeros((300, 5))
    for feature in range(5):
        used = trees["threshold"][inner & (trees["feature"] == feature)]
        objects[:, feature] = RNG.choice(used, 300)
    return objects


@pytest.mark.parametrize("kind", [RandomForestRegressor, ExtraTreesRegressor])
def test_forests_predict_as_scikit_learn_does(kind):
    model = kind(30, random_state=0).fit(X.astype(np.float32), Y)
    trees = from_forest(model.estimators_)
    for new in (NEW, on_thresholds(trees)):
        ours = sum_leaves(trees, new.astype(np.float32)) / 30
        np.testing.assert_allclose(ours, model.predict(new), rtol=0, atol=1e-9)


def test_forests_of_one_label_predict_as_scikit_learn_does():
    model = RandomForestRegressor(10, random_state=0).fit(X, Y[:, 0])
    ours = sum_leaves(from_forest(model.estimators_), NEW.astype(np.float32))[:, 0] / 10
    np.testing.assert_allclose(ours, model.predict(NEW), rtol=0, atol=1e-9)


def test_forests_of_classes_predict_as_scikit_learn_does():
    model = RandomForestClassifier(30, min_samples_leaf=3, random_state=0).fit(X, CODES)
    ours = sum_leaves(from_forest(model.estimators_), NEW.astype(np.float32)) / 30
    np.testing.assert_allclose(ours, model.predict_proba(NEW), rtol=0, atol=1e-9)


@pytest.mark.parametrize("loss", ["squared_error", "quantile"])
def test_boosting_predicts_as_scikit_learn_does(loss):
    quantile = 0.2 if loss == "quantile" else None
    model = HistGradientBoostingRegressor(loss=loss, quantile=quantile, max_iter=40).fit(X, Y[:, 0])
    trees = from_boosting(step[0] for step in model._predictors)
    for new in (NEW, on_thresholds(trees)):
        ours = sum_leaves(trees, new)[:, 0] + np.ravel(model._baseline_prediction)
        np.testing.assert_allclose(ours, model.predict(new), rtol=0, atol=1e-9)


def test_boosting_of_classes_predicts_as_scikit_learn_does():
    model = HistGradientBoostingClassifier(max_iter=20).fit(X, CODES)
    raw = [sum_leaves(from_boosting(step[c] for step in model._predictors), NEW)[:, 0] for c in range(3)]
    ours = np.stack(raw, axis=1) + np.ravel(model._baseline_prediction)
    np.testing.assert_allclose(ours, model.decision_function(NEW), rtol=0, atol=1e-9)


def test_leaves_are_those_of_scikit_learn_and_pieces_change_nothing(monkeypatch):
    model = RandomForestRegressor(10, random_state=0).fit(X, Y)
    trees = from_forest(model.estimators_)
    whole = find_leaves(trees, NEW.astype(np.float32))
    assert np.array_equal(whole - trees["root"], model.apply(NEW))
    monkeypatch.setattr(tree_arrays, "_CHUNK_ELEMENTS", 70)
    assert np.array_equal(find_leaves(trees, NEW.astype(np.float32)), whole)


def good_trees() -> dict[str, np.ndarray]:
    return from_forest(RandomForestRegressor(3, max_depth=3, random_state=0).fit(X, Y).estimators_)


def test_good_trees_pass():
    check_trees("Test", good_trees(), 5)


def test_trees_of_one_leaf_pass():
    trees = from_forest(RandomForestRegressor(2, random_state=0).fit(X[:1], Y[:1]).estimators_)
    check_trees("Test", trees, 5)
    np.testing.assert_allclose(sum_leaves(trees, NEW.astype(np.float32))[0] / 2, Y[0])


def with_entry(key: str, at: int, value: float) -> dict[str, np.ndarray]:
    trees = good_trees()
    trees[key][at] = value
    return trees


@pytest.mark.parametrize(
    ("trees", "message"),
    [
        (with_entry("left", 1, 0), "the children of node 1 are 0"),  # a loop back
        (with_entry("left", 0, 0), "not later nodes of its tree"),  # a loop on the spot
        (with_entry("right", 0, 10**6), "are 1 and 1000000"),
        (with_entry("right", 0, good_trees()["root"][1] + 1), "not later nodes of its tree"),  # into the next tree
        (with_entry("right", 0, -3), "the children of node 0"),
        (with_entry("feature", 0, 5), "node 0 asks for feature 5 of 5"),
        (with_entry("feature", 0, -1), "node 0 asks for feature -1"),
        (with_entry("threshold", 0, np.nan), "must be numbers"),
        (with_entry("root", 0, 1), "the roots do not increase from 0"),
        (with_entry("root", 2, 10**6), "the roots do not increase from 0"),
        ({**good_trees(), "left": np.zeros(2, dtype=int)}, "differ in length"),
        ({**good_trees(), "value": np.zeros((2, 1))}, r"value has shape \(2, 1\)"),
        ({**good_trees(), "feature": good_trees()["feature"].astype(float)}, "must be integers"),
        ({"feature": np.zeros(1, dtype=int)}, "are needed"),
        ([1, 2], "are needed"),
    ],
)
def test_broken_trees_are_refused(trees, message):
    with pytest.raises(InputError, match=message):
        check_trees("Test", trees, 5)
