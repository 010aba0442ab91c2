import numpy as np
import pytest
from scipy import stats

from checkstar import estimates
from checkstar.estimates import kish, mean, quantile, ratio, share

N_REPEATS = 2000
# 2000 repeats at 5 %: one sigma of a miss rate is 0.5 %.
TOLERANCE = 0.02


def misses(estimate, truth, n=200, **units):
    """Share of repeats whose interval does not hold the truth."""
    out = 0
    for seed in range(N_REPEATS):
        found = estimate(np.random.default_rng(seed), n)
        out += not found.low <= truth <= found.high
    return out / N_REPEATS


def rows(n):
    return np.arange(n)


def test_mean_has_the_interval_of_student():
    x = np.random.default_rng(0).normal(size=30)
    expected = stats.t.interval(0.95, 29, loc=x.mean(), scale=stats.sem(x))
    assert mean(x, rows(30))[1:3] == pytest.approx(expected)


def test_clusters_widen_the_interval_as_much_as_they_must():
    def clustered(rng, n):
        common = np.repeat(rng.normal(size=n // 10), 10)
        return mean(common + 0.3 * rng.normal(size=n), np.repeat(np.arange(n // 10), 10))

    def naive(rng, n):
        common = np.repeat(rng.normal(size=n // 10), 10)
        return mean(common + 0.3 * rng.normal(size=n), rows(n))

    assert misses(clustered, 0.0) == pytest.approx(0.05, abs=TOLERANCE)
    assert misses(naive, 0.0) > 0.3


def test_one_unit_has_no_interval():
    found = mean(np.array([1.0, 2.0]), np.zeros(2, dtype=int))
    assert (found.low, found.high) == (-np.inf, np.inf)


def test_weights_give_the_weighted_mean():
    x, w = np.array([1.0, 3.0]), np.array([3.0, 1.0])
    assert mean(x, rows(2), w).value == pytest.approx(1.5)


def test_ratio_of_means_covers():
    def paired(rng, n):
        common = rng.exponential(size=n)
        return ratio(common * 2 + rng.normal(size=n), common, rows(n))

    assert misses(paired, 2.0) == pytest.approx(0.05, abs=TOLERANCE)


def test_ratio_to_nothing_is_undecided():
    assert np.isnan(ratio(np.ones(3), np.zeros(3), rows(3)).value)


def test_share_is_clopper_pearson_for_single_objects():
    inside = np.arange(50) < 7
    exact = stats.binomtest(7, 50).proportion_ci(0.95, method="exact")
    assert share(inside, rows(50))[1:3] == pytest.approx((exact.low, exact.high))


def test_share_knows_that_a_cluster_counts_once():
    inside = np.repeat(np.arange(20) < 8, 5)
    single = share(np.arange(20) < 8, rows(20))
    grouped = share(inside, np.repeat(np.arange(20), 5))
    assert grouped.value == single.value
    # Five equal copies of each object carry the information of one; that only twenty show how alike they are costs more.
    assert single.high - single.low <= grouped.high - grouped.low < 1.15 * (single.high - single.low)


@pytest.mark.parametrize(("alike", "g", "level"), [(0.9, 20, 0.95), (0.9, 10, 0.9), (0.9, 100, 0.99), (0.0, 20, 0.95)])
def test_the_share_of_a_rare_state_that_few_clusters_show_is_covered(alike, g, level):
    units, rng, missed = np.repeat(np.arange(g), 10), np.random.default_rng(0), np.zeros(2)
    for _ in range(600):
        z = np.sqrt(alike) * rng.standard_normal(g)[units] + np.sqrt(1 - alike) * rng.standard_normal(10 * g)
        found = share(np.abs(z) < stats.norm.ppf((1 + level) / 2), units)
        missed += found.low > level, found.high < level
    # 2.5 % of 600: more than 27 has probability 0.001. With Student's t of all clusters the lower ends miss 8 to 10 %.
    assert missed.max() <= 27


def test_clusters_of_objects_that_are_not_alike_cost_little():
    units, inside = np.repeat(np.arange(100), 10), np.random.default_rng(0).random(1000) < 0.9
    single, grouped = share(inside, rows(1000)), share(inside, units)
    assert grouped.high - grouped.low < 1.2 * (single.high - single.low)


def test_quantile_covers():
    def skewed(rng, n):
        return quantile(rng.exponential(size=n), 0.68, rows(n))

    assert misses(skewed, -np.log(0.32)) == pytest.approx(0.05, abs=TOLERANCE)


def test_a_quantile_beyond_the_data_is_open():
    assert quantile(np.arange(5.0), 0.99, rows(5)).high == np.inf


def test_kish_counts_equal_weights_in_full_and_one_heavy_object_once():
    assert kish(np.ones(10)) == pytest.approx(10)
    assert kish(np.array([1.0, 0, 0, 0])) == pytest.approx(1)
    assert kish(np.ones(10), np.repeat([0, 1], 5)) == pytest.approx(2)


def test_standard_error_is_infinite_for_a_single_unit():
    assert estimates.standard_error(np.zeros(3), np.zeros(3, dtype=int)) == np.inf
