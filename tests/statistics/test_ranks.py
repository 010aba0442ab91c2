import numpy as np
import pytest
from scipy import stats

from checkstar.simulators import gaussian_posteriors
from checkstar.statistics.ranks import chunks, location_and_scale, mean_scores, ranks, uniform_scores


def of_posteriors(n, s, seed=0, **dials):
    found = gaussian_posteriors(n, 1, s, rng=seed, **dials)
    return ranks(found.draws[..., 0], found.theta[:, 0], np.random.default_rng(seed))


def test_chunks_cover_every_object_once_whatever_the_size():
    for n, elements in ((0, 5), (1, 10**9), (1000, 10_000)):
        covered = [i for rows in chunks(n, elements) for i in range(rows.start, rows.stop)]
        assert covered == list(range(n))


def test_ranks_count_the_draws_below_in_every_shape():
    draws = np.array([[[1.0, 5.0], [2.0, 6.0]], [[3.0, 7.0], [4.0, 8.0]]])
    truth = np.array([[1.5, 9.0], [2.0, 7.5]])
    assert ranks(draws, truth, np.random.default_rng(0)).tolist() == [[1, 2], [0, 1]]
    assert ranks(draws[..., 0], truth[:, 0], np.random.default_rng(0)).tolist() == [1, 0]


def test_equal_values_are_ranked_at_random():
    rank = ranks(np.zeros((6000, 5)), np.zeros(6000), np.random.default_rng(0))
    # Six ranks of 1000 each: chi^2 with 5 degrees of freedom is above 20.5 once in a thousand.
    assert stats.chisquare(np.bincount(rank, minlength=6)).statistic < 20.5


@pytest.mark.parametrize("s", [1, 7, 300])
def test_scores_of_right_posteriors_are_exactly_uniform_however_few_draws(s):
    rank = of_posteriors(20_000, s)
    u = uniform_scores(rank, s, np.random.default_rng(1))
    assert stats.kstest(u, "uniform").pvalue > 1e-3
    # The mean normal score has at most the variance 1 / 20,000.
    assert abs(mean_scores(rank, s).mean()) < 4 / np.sqrt(20_000)


def test_mean_scores_are_the_means_of_normal_scores_over_their_cell():
    u = (2 + (np.arange(200_000) + 0.5) / 200_000) / 8
    assert mean_scores(np.array([2]), 7)[0] == pytest.approx(stats.norm.ppf(u).mean(), abs=1e-5)


@pytest.mark.parametrize("s", [10, 60, 400])
@pytest.mark.parametrize(("width", "bias"), [(1.0, 0.0), (0.7, 0.0), (1.5, 0.0), (1.0, 0.3), (0.8, -0.6)])
def test_bias_and_width_come_back_whatever_the_number_of_draws(s, width, bias):
    found = location_and_scale(of_posteriors(20_000, s, seed=s, width=width, bias=bias), s, np.arange(20_000))
    # 20,000 ranks: one sigma of the bias is at most 0.011, of ln width 0.012 (ten draws); four of them.
    assert found.bias.value == pytest.approx(-bias / width, abs=0.045)
    assert np.exp(-found.log_width.value) == pytest.approx(width, rel=0.05)


def test_without_the_correction_few_draws_would_hide_a_third_of_the_fault():
    rank = of_posteriors(20_000, 10, width=0.5)
    spread = np.log(np.sqrt((mean_scores(rank, 10) ** 2).mean()))
    assert spread < 0.67 * np.log(2)
    assert location_and_scale(rank, 10, np.arange(20_000)).log_width.value == pytest.approx(np.log(2), abs=0.06)


@pytest.mark.parametrize("n", [100, 400])
def test_intervals_miss_on_either_side_no_more_often_than_they_say(n):
    misses = np.zeros(4)
    for seed in range(400):
        found = location_and_scale(of_posteriors(n, 50, seed, width=0.9, bias=0.1), 50, np.arange(n))
        for i, (estimate, right) in enumerate(((found.bias, -0.1 / 0.9), (found.log_width, -np.log(0.9)))):
            misses[2 * i : 2 * i + 2] += estimate.low > right, estimate.high < right
    # 2.5 % of 400 is 10; more than 23 has probability 0.0002. Upper ends of widths are a little short at n = 100.
    assert misses.max() <= 23


def test_groups_widen_the_intervals_and_weights_count():
    rank = of_posteriors(600, 50)
    single = location_and_scale(rank, 50, np.arange(600))
    repeated = location_and_scale(np.repeat(rank, 4), 50, np.repeat(np.arange(600), 4))
    assert repeated.bias == pytest.approx(single.bias, rel=1e-6)
    weight = np.where(np.arange(600) < 300, 1.0, 3.0)
    counted = np.concatenate([rank[:300], np.repeat(rank[300:], 3)])
    weighted = location_and_scale(rank, 50, np.arange(600), weight)
    assert weighted.bias.value == pytest.approx(location_and_scale(counted, 50, np.arange(1200)).bias.value)


@pytest.mark.parametrize("extreme", [0, 50])
def test_truths_beyond_every_draw_give_finite_numbers(extreme):
    found = location_and_scale(np.where(np.arange(200) % 2, extreme, 50 - extreme), 50, np.arange(200))
    assert found.log_width.low > np.log(10)
    assert np.isfinite([*found.bias, *found.log_width]).all()
