import numpy as np
import pytest
from scipy import stats

from checkstar.checks.posterior_draws import densities, features, joint_draws, planted
from checkstar.data.dataset import Dataset
from checkstar.prediction import Samples
from checkstar.runs import Run
from checkstar.simulators import gaussian_posteriors
from checkstar.statistics.ranks import ranks

DRAWN = gaussian_posteriors(200, 2, 30, rng=0)


def test_a_planted_run_holds_all_that_was_simulated():
    run = planted(DRAWN)
    assert {"samples", "density", "training"} <= run.gives
    assert np.array_equal(run.test.x, DRAWN.x)
    assert densities(run).truth.shape == (200,)


def test_draws_get_the_errors_of_the_truth_and_densities_are_left_aside():
    data = Dataset(y=DRAWN.theta, y_err=np.full((200, 2), 3.0))
    run = Run(name="t", test=data, prediction=Samples(DRAWN.draws), log_prob=planted(DRAWN).log_prob)
    draws, truth = joint_draws(run, np.random.default_rng(0))
    # 6000 draws of each parameter: one sigma of their spread is 1 %.
    assert (draws - DRAWN.draws).std(axis=(0, 1)) == pytest.approx([3.0, 3.0], rel=0.05)
    assert np.array_equal(truth, DRAWN.theta)
    assert densities(run) is None
    plain, _ = joint_draws(planted(DRAWN), np.random.default_rng(0))
    assert np.array_equal(plain, DRAWN.draws)


def test_features_leave_the_rank_of_the_truth_uniform():
    rng = np.random.default_rng(0)
    draws, truth = rng.normal(size=(20_000, 5, 1)), rng.normal(size=(20_000, 1))
    high = features(Run.from_samples(draws, truth), draws, truth)[:, 0] > 0
    rank = ranks(draws, truth, rng)[high, 0]
    # Six ranks, alike among objects whose points lie high: chi^2 with 5 degrees of freedom is above 20.5 once in 1000.
    assert stats.chisquare(np.bincount(rank, minlength=6)).statistic < 20.5


@pytest.mark.parametrize("p", [3, 400])
def test_long_observations_become_few_components(p):
    x = DRAWN.x @ np.random.default_rng(0).normal(size=(2, p))
    seen = features(Run.from_samples(DRAWN.draws, DRAWN.theta, x=x), DRAWN.draws, DRAWN.theta)
    assert seen.shape == (200, 2 + min(p, 20))
    assert np.isfinite(seen).all()
