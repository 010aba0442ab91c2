import numpy as np
import pytest
from scipy import stats

from checkstar.statistics.uniformity import band, ecdf, largest_deviation, uniformity_p_value


def test_the_largest_deviation_is_the_statistic_of_kolmogorov():
    u = np.random.default_rng(0).random(200) ** 1.3
    assert largest_deviation(u, np.arange(200)).value == pytest.approx(stats.kstest(u, "uniform").statistic)


@pytest.mark.parametrize("power", [1.0, 1.5, 0.8])
def test_the_interval_holds_the_true_deviation(power):
    # F(u) = u^(1/p), and the deviation is largest where its density is one.
    at = np.linspace(0, 1, 100_001)
    true = np.abs(at ** (1 / power) - at).max()
    missed = np.zeros(2)
    for seed in range(400):
        u = np.random.default_rng(seed).random(150) ** power
        found = largest_deviation(u, np.arange(150))
        missed += found.low > true + 1e-9, found.high < true - 1e-9
    # 2.5 % of 400 is 10; more than 22 has probability 0.0005.
    assert missed.max() <= 22


def test_the_worst_of_several_is_judged_as_such():
    false, n = 0, 100
    for seed in range(300):
        u = np.random.default_rng(seed).random((8, n))
        worst = max(u, key=lambda row: largest_deviation(row, np.arange(n)).value)
        false += largest_deviation(worst, np.arange(n), looked_at=8).low > 0
    # 2.5 % of 300 is 7.5; more than 17 has probability 0.001.
    assert false <= 17


def test_groups_count_once():
    u = np.random.default_rng(0).random(100) ** 2
    once = largest_deviation(u, np.arange(100))
    repeated = largest_deviation(np.repeat(u, 5), np.repeat(np.arange(100), 5))
    assert repeated == pytest.approx(once)
    assert uniformity_p_value(np.repeat(u, 5), np.repeat(np.arange(100), 5)) == uniformity_p_value(u, np.arange(100))


def test_weights_are_repetitions_of_the_distribution():
    u = np.array([0.1, 0.4, 0.9])
    assert ecdf(u, np.array([0.5]), np.array([1.0, 1.0, 2.0])).tolist() == [0.5]
    found = largest_deviation(u, np.arange(3), np.array([1.0, 1.0, 2.0]))
    assert found.value == pytest.approx(0.4)
    assert found.n == pytest.approx(16 / 6)


@pytest.mark.parametrize("n", [30, 500])
def test_the_band_holds_all_points_together_as_often_as_it_says(n):
    inside = band(n)
    rng = np.random.default_rng(n)
    out = 0
    for _ in range(1000):
        difference = ecdf(rng.random(n), inside.points) - inside.points
        out += bool((difference < inside.low - 1e-9).any() or (difference > inside.high + 1e-9).any())
    # 5 % of 1000 is 50, one sigma 7; the level itself is simulated to half a percent.
    assert 25 <= out <= 80


def test_the_band_is_near_that_of_kolmogorov_in_the_middle_and_narrower_at_the_ends():
    inside = band(1000)
    middle = stats.kstwobign.ppf(0.95) / np.sqrt(1000)
    assert inside.high[49] == pytest.approx(1.15 * middle, rel=0.12)
    assert inside.high[0] < 0.5 * middle


def test_the_p_value_is_uniform_for_uniform_numbers():
    rng = np.random.default_rng(2)
    p = [uniformity_p_value(rng.random(200), np.arange(200)) for _ in range(400)]
    # Discrete counts make it a little uneven; a share of 5 % (20 of 400) has one sigma 4.4.
    assert 5 <= np.count_nonzero(np.array(p) <= 0.05) <= 36
    assert stats.kstest(p, "uniform").statistic < 0.1


def test_the_p_value_finds_what_the_tails_hide_from_kolmogorov():
    rng = np.random.default_rng(3)
    u = np.concatenate([rng.random(482), np.full(18, 0.9999)])
    assert uniformity_p_value(u, np.arange(500)) < 0.01 < stats.kstest(u, "uniform").pvalue
