import numpy as np
import pytest
from scipy import stats

from checkstar.checks.posterior_draws import densities, features, following, joint_draws, planted
from checkstar.checks.posteriors import ExpectedCoverage, Sbc, Tarp
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.evidence import Verdict
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


def chains(n, s, correlation, seed):
    """Draws (n, s, 1) of unit variance that follow each other."""
    draws = np.random.default_rng(seed).standard_normal((n, s, 1))
    for j in range(1, s):
        draws[:, j] = correlation * draws[:, j - 1] + np.sqrt(1 - correlation**2) * draws[:, j]
    return draws


@pytest.mark.parametrize(("s", "correlation"), [(10, 0.5), (100, 0.9), (10, -0.5)])
def test_draws_that_follow_each_other_are_known(s, correlation):
    assert "follow each other" in following(chains(1000, s, correlation, 0))


@pytest.mark.parametrize("correlation", [0.0, 0.3])
def test_so_many_draws_that_their_ranks_are_right_all_the_same_are_taken(correlation):
    # An autocorrelation time of 1.9 among 100 draws changes the widths by 1 %.
    assert following(chains(1000, 100, correlation, 0)) == ""


@pytest.mark.parametrize(("n", "s"), [(10, 10), (100, 5), (1000, 4), (1000, 10), (5, 2)])
def test_independent_draws_do_not_seem_to_follow_each_other(n, s):
    rng = np.random.default_rng(1)
    alarms = sum(following(rng.standard_t(3, (n, s, 2))) != "" for _ in range(200))
    # The threshold is five standard errors: none of 200 is expected.
    assert alarms == 0


def test_sorted_and_equal_draws_lose_nothing():
    draws = np.sort(np.random.default_rng(0).standard_normal((200, 50, 1)), axis=1)
    assert following(draws) == following(draws[:, ::-1]) == following(np.ones((200, 50, 1))) == ""


@pytest.mark.parametrize("check", [Sbc(), ExpectedCoverage(), Tarp()], ids=lambda check: check.name)
def test_chains_hide_no_posterior_that_is_too_wide(check):
    rng = np.random.default_rng(2)
    x = rng.standard_normal(3000)
    truth = x + 0.5 * rng.standard_normal(3000)
    # A quarter too wide, with ranks of ten draws as a right posterior would have from independent draws.
    draws = x[:, None, None] + 0.625 * chains(3000, 10, 0.5, 3)
    found = check.examine(Run.from_samples(draws, truth[:, None], x=x[:, None]), Claim("posterior"), rng)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "thin the chains" in found.reason
