"""Trained boosters of xgboost and lightgbm, native and through scikit-learn's interface."""

import numpy as np
import pytest

import checkstar as cs
from checkstar.methods.boosters import booster_function
from checkstar.simulators import linear_gaussian

lightgbm = pytest.importorskip("lightgbm")
xgboost = pytest.importorskip("xgboost")

LEARNED, DRAWN = linear_gaussian(400, 0, noise=0.3), linear_gaussian(200, 1, noise=0.3)
SIDE = np.where(LEARNED.y > 0, 1, 0)


def trained(library, objective, target):
    if library is lightgbm:
        return lightgbm.train({"objective": objective, "verbosity": -1}, lightgbm.Dataset(LEARNED.x, target), 30)
    return xgboost.train({"objective": objective}, xgboost.DMatrix(LEARNED.x, target), 30)


@pytest.mark.parametrize(("library", "objective"), [(lightgbm, "regression"), (xgboost, "reg:squarederror")])
def test_a_native_regression_is_audited_as_it_is(library, objective):
    booster = trained(library, objective, LEARNED.y)
    run = cs.Run.of(booster, test=cs.Dataset(DRAWN.x, DRAWN.y))
    plain = booster.predict(DRAWN.x if library is lightgbm else xgboost.DMatrix(DRAWN.x))
    np.testing.assert_allclose(run.prediction.mean()[:, 0], plain)


@pytest.mark.parametrize(("library", "objective"), [(lightgbm, "binary"), (xgboost, "binary:logistic")])
def test_two_classes_have_two_columns(library, objective):
    method = cs.as_method(trained(library, objective, SIDE), output="probabilities", classes=["left", "right"])
    found = method.predict_distribution(DRAWN.x).probabilities
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    assert found[DRAWN.y > 0.5, 1].mean() > 0.8


@pytest.mark.parametrize("model", [lightgbm.LGBMRegressor(verbosity=-1), xgboost.XGBRegressor()])
def test_their_estimators_are_fitted_like_any_of_scikit_learn(model):
    run = cs.Run.of(model, train=cs.Dataset(LEARNED.x, LEARNED.y), test=cs.Dataset(DRAWN.x, DRAWN.y))
    assert run.failure is None
    assert "refit" in run.gives
    assert np.corrcoef(run.prediction.mean()[:, 0], DRAWN.y)[0, 1] > 0.8


def test_nothing_else_is_a_booster():
    assert booster_function(lambda x: x) is None
    assert booster_function(object()) is None
