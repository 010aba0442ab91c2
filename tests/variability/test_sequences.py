from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from checkstar.data.light_curves import LightCurves
from checkstar.variability.epochs import Epochs, usable_epochs
from checkstar.variability.sequences import describe_sequence, describe_time_scales, random_walk_likelihood


def epochs(time, value, error=0.1) -> Epochs:
    return usable_epochs(LightCurves.from_lists([time], [value], [np.full(len(time), error)]))


def described(time, value, **settings) -> dict[str, float]:
    seen = epochs(np.asarray(time, float), np.asarray(value, float), **settings)
    return {name: float(column[0]) for name, column in (describe_sequence(seen) | describe_time_scales(seen)).items()}


def walk(days: float, n: int, rng, variance: float = 0.04, step: float = 3.0):
    """A damped random walk observed every `step` days."""
    memory = np.exp(-step / days)
    value = [rng.normal(0, np.sqrt(variance))]
    for _ in range(n - 1):
        value.append(memory * value[-1] + rng.normal(0, np.sqrt(variance * (1 - memory**2))))
    return step * np.arange(n), np.array(value)


def test_a_line_has_its_slope_no_noise_and_the_sums_of_a_triangle():
    n = 101
    found = described(2.0 * np.arange(n), 14 + 0.02 * np.arange(n))
    std = 0.02 * np.sqrt(n * (n + 1) / 12)
    assert found["linear_trend"] == pytest.approx(0.01)
    assert found["linear_trend_noise"] == pytest.approx(0, abs=1e-12)
    assert found["maximum_slope"] == pytest.approx(0.01)
    assert found["eta"] == pytest.approx((0.02 / std) ** 2)
    assert found["cusum"] == pytest.approx(0.02 * (n**2 - 1) / 8 / (n * std))


def test_the_trend_and_its_error_are_those_of_least_squares():
    rng = np.random.default_rng(0)
    time, value = np.sort(rng.uniform(0, 500, 60)), rng.normal(size=60)
    fit = stats.linregress(time, value)
    found = described(time, value)
    assert found["linear_trend"] == pytest.approx(fit.slope)
    assert found["linear_trend_sigma"] == pytest.approx(fit.stderr)
    assert found["trend_snr"] == pytest.approx(abs(fit.slope) / fit.stderr)


def test_von_neumanns_ratio_of_an_even_sine_is_that_of_its_step():
    # 40 steps a cycle over 25 cycles: 2 (1 - cos(2 pi / 40)), but for the ends.
    found = described(np.arange(1000.0), np.sin(2 * np.pi * np.arange(1000) / 40))
    assert found["eta"] == pytest.approx(2 * (1 - np.cos(2 * np.pi / 40)), rel=3e-3)


def test_von_neumanns_ratio_and_the_structure_function_of_white_noise():
    rng = np.random.default_rng(1)
    time = np.sort(rng.uniform(0, 40000, 4000))
    found = described(time, rng.normal(size=4000))
    # The scatter of eta is 2 / sqrt(n) = 0.03; of a mean of 10^4 pairs, correlated over eight, about 0.03.
    assert found["eta"] == pytest.approx(2.0, abs=0.1)
    assert found["structure_30d"] == pytest.approx(1.0, abs=0.1)
    assert found["structure_300d"] == pytest.approx(1.0, abs=0.1)


def test_the_structure_function_tells_the_time_scale():
    # A period of 10 days seen every day for 3 days, once a year: alike within a night's lag, unlike after days.
    time = np.concatenate([365.0 * year + np.arange(0, 3, 0.1) for year in range(20)])
    found = described(time, np.sin(2 * np.pi * time / 10))
    assert found["structure_0.2d"] < 0.02 < found["structure_3d"] < 1


def test_epochs_of_the_same_time_have_no_slope():
    found = described([0, 1, 1, 2, 3], [10, 10, 11, 10, 10.5])
    assert found["maximum_slope"] == pytest.approx(1.0)
    assert described([4, 4, 4, 4, 4], [10, 10, 11, 10, 10.5])["maximum_slope"] == 0


def test_stetson_j_of_pairs_that_move_together_is_their_pull():
    # Pairs within minutes, every ten days, at +-0.3 mag with errors of 0.1: residuals of 3 sigma, sqrt(n / (n - 1)) more.
    night = 10.0 * np.repeat(np.arange(20), 2) + np.tile([0.0, 0.01], 20)
    value = 0.3 * np.repeat(np.tile([1, -1], 10), 2)
    assert described(night, value)["stetson_j"] == pytest.approx(3 * np.sqrt(40 / 39))
    assert described(night, np.tile([0.3, -0.3], 20))["stetson_j"] == pytest.approx(-3 * np.sqrt(40 / 39))


def test_the_likelihood_of_a_random_walk_is_that_of_its_covariance():
    rng = np.random.default_rng(2)
    time, value = walk(200.0, 40, rng)
    value = value + 0.05 * rng.standard_normal(40)
    found = random_walk_likelihood(epochs(time, value, error=0.05))[0]
    deviation, total = value - value.mean(), value.var()
    signal = max(total - 0.05**2, 0.01 * total)
    covariance = signal * np.exp(-np.abs(time[:, None] - time) / 200.0) + 0.05**2 * np.eye(40)
    white = stats.norm.logpdf(deviation, 0, np.sqrt(signal + 0.05**2)).sum()
    assert found == pytest.approx((stats.multivariate_normal(cov=covariance).logpdf(deviation) - white) / 40, rel=1e-9)


def test_a_random_walk_is_told_from_white_noise_and_from_a_fast_sine():
    rng = np.random.default_rng(3)
    time, slow = walk(200.0, 200, rng)
    fast = 0.28 * np.sin(2 * np.pi * time / 0.7)
    found = [random_walk_likelihood(epochs(time, v, 0.02))[0] for v in (slow, 0.2 * rng.standard_normal(200), fast)]
    assert found[0] > 0.5
    assert max(found[1:]) < -0.5
