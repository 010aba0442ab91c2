from typing import ClassVar

import numpy as np
import pytest
from sklearn.base import BaseEstimator

import checkstar as cs
from checkstar.checks.practice import LearningCurve
from checkstar.evidence import Verdict

RNG = np.random.default_rng


class PowerLaw(BaseEstimator):
    """Errors that fall exactly as n^-exponent, whatever the data."""

    def __init__(self, exponent=0.5):
        self.exponent = exponent

    def fit(self, X, y):
        self.size_ = 10.0 * len(X) ** -self.exponent
        return self

    def predict(self, X):
        return X[:, 0] + self.size_ * np.where(X[:, 1] > 0, 1.0, -1.0)


def made(model, n_train=400, n=300, **more):
    rng = RNG(0)
    x, y = rng.normal(size=(n_train, 2)), rng.normal(size=(n, 2))
    return cs.Run.of(model, train=cs.Dataset(x, x[:, 0], **more), test=cs.Dataset(y, y[:, 0]))


@pytest.mark.parametrize("exponent", [0.0, 0.1, 0.5, 1.0])
def test_the_exponent_of_a_power_law_is_found_exactly(exponent):
    found = LearningCurve().examine(made(PowerLaw(exponent)), cs.Claim("object_value"), RNG(0))
    # Random subsets hold a share of the units, give or take one of 50.
    assert found.value == pytest.approx(1 - 2.0**-exponent, abs=0.01)
    assert found.verdict is (Verdict.FAIL if exponent > 0.1 else Verdict.PASS if exponent == 0 else found.verdict)


def test_it_says_so_where_more_data_would_not_help():
    found = LearningCurve().examine(made(PowerLaw(0.0)), cs.Claim("object_value"), RNG(0))
    assert found.reason.startswith("no gain from more data was shown")


def test_groups_are_never_split():
    class Groups(PowerLaw):
        seen: ClassVar[list[int]] = []

        def fit(self, X, y):
            Groups.seen.append(len(X))
            return super().fit(X, y)

    run = made(Groups(), n_train=400, group=np.repeat(np.arange(40), 10))
    LearningCurve().examine(run, cs.Claim("object_value"), RNG(0))
    assert all(size % 10 == 0 for size in Groups.seen)


def test_few_training_objects_are_too_few_to_share():
    found = LearningCurve().examine(made(PowerLaw(), n_train=30), cs.Claim("object_value"), RNG(0))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.n_needed == 40


def test_the_interval_holds_the_gain_of_another_test_set_and_another_training_set():
    from sklearn.neighbors import KNeighborsRegressor

    def gain(seed, n_test=400):
        rng = RNG([3, seed])

        def drawn(m):
            x = rng.random((m, 2))
            return cs.Dataset(x, np.sin(6 * x).sum(axis=1) + 0.3 * rng.standard_normal(m))

        run = cs.Run.of(KNeighborsRegressor(), train=drawn(400), test=drawn(n_test))
        return LearningCurve().examine(run, cs.Claim("object_value"), rng)

    found = [gain(seed) for seed in range(60)]
    typical = np.mean([e.value for e in found])
    missed = sum(not e.low <= typical <= e.high for e in found)
    # 5 % of 60: more than 8 has probability 0.005.
    assert missed <= 8


def test_classes_have_a_learning_curve_too():
    from sklearn.linear_model import LogisticRegression

    rng = RNG(0)
    x = rng.normal(size=(900, 2))
    y = np.where(x[:, 0] + 0.5 * rng.normal(size=900) > 0, "star", "galaxy")
    run = cs.Run.of(LogisticRegression(), train=cs.Dataset(x[:600], y[:600]), test=cs.Dataset(x[600:], y[600:]))
    found = LearningCurve().examine(run, cs.Claim("classification"), rng)
    assert found.verdict is Verdict.PASS
