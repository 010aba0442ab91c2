import numpy as np
import pytest

import checkstar as cs
from checkstar.checks.practice import Simplicity
from checkstar.errors import NotApplicable
from checkstar.evidence import Verdict
from checkstar.simulators import linear_gaussian

RNG = np.random.default_rng


def data(n, seed):
    drawn = linear_gaussian(n, seed, noise=0.3)
    return cs.Dataset(drawn.x, drawn.y)


def test_the_ridge_regression_itself_is_not_compared_with_itself():
    run = cs.Run.of(cs.methods.Ridge(), train=data(300, 0), test=data(300, 1))
    with pytest.raises(NotApplicable, match="is a ridge regression itself"):
        Simplicity().examine(run, cs.Claim("object_value"), RNG(0))


def test_trees_on_a_linear_problem_gain_nothing():
    run = cs.Run.of(cs.methods.BoostedTrees(), train=data(500, 0), test=data(2000, 1))
    found = Simplicity().examine(run, cs.Claim("object_value"), RNG(0))
    assert found.verdict is Verdict.FAIL
    assert "larger" in found.reason


def test_the_gain_is_the_ratio_of_the_mean_losses():
    train, test = data(500, 0), data(2000, 1)
    run = cs.Run.of(lambda x: x.mean(axis=1), train=train, test=test)
    found = Simplicity().examine(run, cs.Claim("object_value"), RNG(0))
    # Plain predictions have no spread, so the medians are compared by their absolute errors.
    ridge = run.baseline("Ridge").quantile(0.5)[:, 0]
    ours, theirs = (np.abs(p - test.y[:, 0]).mean() for p in (test.x.mean(axis=1), ridge))
    assert found.value == pytest.approx(ours / theirs - 1)


def test_only_what_is_asked_for_is_fitted():
    run = cs.Run.of(lambda x: x.mean(axis=1), train=data(300, 0), test=data(300, 1))
    run.baseline("Ridge")
    assert set(run._peers._predicted) == {"Ridge"}
    assert set(run.baselines) == {"Constant", "BoostedTrees", "Ridge"}
