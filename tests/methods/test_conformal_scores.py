from __future__ import annotations

import numpy as np
import pytest

from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.methods.conformal_scores import conformal_levels, conformal_scores, score_quantiles, spread_or_one
from checkstar.methods.wrappers import Held
from checkstar.prediction import Classes, Normal, Point


@pytest.mark.parametrize("n", [1, 2, 19, 200, 201, 5000])
def test_levels_are_ranks_symmetric_and_reach_the_outermost_scores(n):
    levels = conformal_levels(n)
    rank = levels * (n + 1)
    np.testing.assert_allclose(rank, np.round(rank), atol=1e-9 * n)
    np.testing.assert_allclose(levels, 1 - levels[::-1], atol=1.01 / (n + 1))  # the middle rank of an even number
    assert levels[0] == pytest.approx(1 / (n + 1)) and (np.diff(levels) > 0).all() and len(levels) <= 200


def test_the_score_of_rank_k_is_the_quantile_of_level_k_by_n_plus_one():
    scores = np.random.default_rng(0).normal(size=9)
    np.testing.assert_allclose(score_quantiles(scores, np.arange(1, 10) / 10), np.sort(scores))


def test_equal_weights_change_nothing_and_integer_weights_are_copies():
    rng = np.random.default_rng(0)
    scores, levels = rng.normal(size=500), np.linspace(0.1, 0.9, 9)
    np.testing.assert_allclose(score_quantiles(scores, levels, np.full(500, 7.0)), score_quantiles(scores, levels))
    times = rng.integers(1, 4, 500)
    copied = score_quantiles(np.repeat(scores, times), levels)
    # Ranks to the middle of a weight lie within one object of those of its copies: gaps of 1/500.
    np.testing.assert_allclose(score_quantiles(scores, levels, times.astype(float)), copied, atol=0.02)


def test_scores_are_pulls_or_errors():
    held = Held(Dataset(y=[3.0, 1.0]), Normal([1.0, 1.0], [2.0, 4.0]))
    assert conformal_scores(held, "sigma", "Me").scores[:, 0].tolist() == [1, 0]
    assert conformal_scores(held, "none", "Me").scores[:, 0].tolist() == [2, 0]
    assert spread_or_one(Point([1.0, 2.0]), "sigma").tolist() == [[1], [1]]


def test_classes_have_no_scores():
    with pytest.raises(InputError, match=r"^Me predicts numbers but got classes; use TemperatureScaled, Isotonic or"):
        conformal_scores(Held(Dataset(y=["a"]), Classes([[1.0]], ["a"])), "sigma", "Me")
