import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression

from checkstar.checks.leaks.pooled_fit import PooledFit
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.evidence import Verdict
from checkstar.runs import Run
from checkstar.simulators import linear_gaussian

CLAIM = Claim("object_value")


def data(n=400, seed=0, **fields):
    drawn = linear_gaussian(2 * n, seed)
    return Dataset(drawn.x[:n], drawn.y[:n]), Dataset(drawn.x[n:], drawn.y[n:], **fields)


def examine(model, train, test, claim=CLAIM, seed=0):
    run = Run.of(model, train=train, test=test)
    return PooledFit().examine(run, claim, np.random.default_rng(seed)), run


def test_a_fit_without_random_numbers_is_repeated_exactly():
    found, run = examine(LinearRegression(), *data())
    assert (found.value, found.verdict) == (0.0, Verdict.PASS)
    assert run.costs.model_calls == 1 + PooledFit().calls(run)


def test_a_forest_that_was_fitted_on_the_test_objects_too_fails():
    train, test = data()
    pooled = RandomForestRegressor(20, random_state=0).fit(
        np.concatenate([train.x, test.x]), np.concatenate([train.y, test.y])[:, 0]
    )
    found, _ = examine(pooled, train, test)
    assert found.verdict is Verdict.FAIL
    assert "from those of fits on the training data alone" in found.reason


class Noisy(RegressorMixin, BaseEstimator):
    """A line whose predictions are off by a random function of the seed."""

    def __init__(self, random_state=0):
        self.random_state = random_state

    def fit(self, x, y):
        self.line_ = LinearRegression().fit(x, y)
        self.wave_ = np.random.default_rng(self.random_state).normal(size=(x.shape[1], 40)) * 5
        self.phase_ = np.random.default_rng(self.random_state + 1).uniform(0, 6.3, 40)
        return self

    def predict(self, x):
        return self.line_.predict(x) + 0.1 * np.sin(x @ self.wave_ + self.phase_).sum(axis=1)


def test_a_fit_that_differs_by_its_seed_alone_keeps_the_level():
    verdicts = []
    for seed in range(60):
        train, test = data(200, seed)
        found, _ = examine(Noisy(random_state=seed), train, test, seed=seed)
        verdicts.append(found.verdict)
        # Their scatter is most of the error, and is taken off.
        assert found.value == pytest.approx(0, abs=0.8)
    # 2.5 %: more than 6 of 60 has probability 0.001.
    assert verdicts.count(Verdict.FAIL) <= 6


def test_classes_are_compared_by_name_with_groups_and_weights():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 3))
    y = np.where(x[:, 0] + 0.5 * rng.normal(size=300) > 0, "star", "galaxy")
    train, test = (
        Dataset(x[:200], y[:200]),
        Dataset(x[200:], y[200:], group=np.arange(100) // 2, weight=rng.random(100)),
    )
    found, _ = examine(RandomForestClassifier(60, random_state=0), train, test, Claim("classification"))
    assert found.verdict is not Verdict.FAIL
    assert found.n < 50


def test_a_method_that_cannot_be_fitted_again_decides_nothing():
    train, test = data(50)
    fitted = LinearRegression().fit(train.x, train.y[:, 0])
    run = Run.of(fitted, train=Dataset(np.full((50, 4), np.nan), train.y), test=test)
    found = PooledFit().examine(run, CLAIM, np.random.default_rng(0))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "could not be fitted again" in found.reason


@pytest.mark.parametrize("n", [60, 400])
def test_the_planted_fault_is_found_and_its_clean_twin_passes(n):
    for size, verdict in ((1.0, Verdict.FAIL), (0.0, Verdict.PASS)):
        run, claim = PooledFit().plant(n, size, np.random.default_rng(0))
        assert PooledFit().examine(run, claim, np.random.default_rng(0)).verdict is verdict
