from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import checkstar as cs
from checkstar.errors import InputError
from checkstar.methods import BoostedTrees, ConformalQuantiles, as_method
from checkstar.prediction import Normal
from checkstar.testing import check_method

#: Right where the noise is, wrong by a factor of two in width and by one in place.
WRONG = as_method(lambda x: Normal(x + 1, 0.5 * np.exp(x)))


def drawn(n, rng=0):
    generator = np.random.default_rng(rng)
    x = generator.uniform(-1, 1, (n, 1))
    return x, x + np.exp(x) * generator.standard_normal((n, 1))


def test_it_keeps_the_contract():
    check_method(ConformalQuantiles(BoostedTrees(n_iterations=5)))


@pytest.mark.parametrize("level", [0.025, 0.159, 0.5, 0.841, 0.975])
def test_the_share_of_truths_below_a_quantile_lies_in_the_99_percent_band(level):
    n, n_test = 1999, 5000
    x, y = drawn(n_test, 1)
    below = (y <= ConformalQuantiles(WRONG).fit(*drawn(n)).predict_distribution(x).quantile(level)).sum()
    cells = level * (n + 1)
    assert stats.betabinom(n_test, cells, n + 1 - cells).cdf(below) == pytest.approx(0.5, abs=0.495)


def test_each_quantile_is_moved_by_what_it_missed():
    x, y = drawn(99)
    method = ConformalQuantiles(WRONG, levels=(0.1, 0.9)).fit(x, y)
    for i, level in enumerate((0.1, 0.9)):
        missed = np.sort((y - WRONG.predict_distribution(x).quantile(level))[:, 0])
        assert method.moves_[0, i] == pytest.approx(missed[round(100 * level) - 1])


def test_widths_follow_the_noise_of_the_object():
    width = ConformalQuantiles(BoostedTrees()).fit(*drawn(4000)).predict_distribution([[-0.9], [0.9]]).std()[:, 0]
    # Moved by constants, trees that are too narrow everywhere keep most of the contrast, here exp(1.8) = 6.
    assert 4 < width[1] / width[0] < 8


def test_levels_that_too_few_objects_cannot_reach_are_left_out():
    assert ConformalQuantiles(WRONG).fit(*drawn(39)).levels_[[0, -1]].tolist() == [0.025, 0.975]
    with pytest.raises(
        InputError, match=r"^ConformalQuantiles got 2 independent calibration objects, too few for any two of its"
    ):
        ConformalQuantiles(WRONG, levels=(0.1, 0.9)).fit(*drawn(2))


def test_quantiles_learned_on_the_training_set_fail_the_check_of_coverage_and_moved_ones_pass():
    (x, y), (new, truth) = drawn(12_000), drawn(12_000, 1)
    x, new = (np.hstack([part, np.random.default_rng(2).normal(size=(12_000, 20))]) for part in (x, new))
    train, test = cs.Dataset(x, y), cs.Dataset(new, truth)
    trees = BoostedTrees(n_iterations=40, max_leaves=40, levels=(0.05, 0.5, 0.95))
    verdicts = [
        cs.checks.Coverage()
        .examine(cs.Run.of(m, train=train, test=test), cs.Claim("object_interval"), np.random.default_rng(0))
        .verdict
        for m in (trees, ConformalQuantiles(trees))
    ]
    assert verdicts == ["FAIL", "PASS"]


def test_bad_input_is_named():
    with pytest.raises(InputError, match=r"^ConformalQuantiles got levels=\(0.9, 0.1\); give at least two increasing"):
        ConformalQuantiles(WRONG, levels=(0.9, 0.1)).fit(*drawn(50))
    with pytest.raises(
        InputError, match=r"but its method predicts 'point'; wrap a method with a distribution, such as"
    ):
        ConformalQuantiles(as_method(lambda x: x)).fit(*drawn(50))
