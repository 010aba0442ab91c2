from __future__ import annotations

import numpy as np
import pytest

from checkstar.methods.error_factors import LARGEST_FACTOR, SMALLEST_FACTOR, factor_of, robust_factor

RNG = np.random.default_rng(0)


def test_without_errors_of_the_truth_it_is_the_root_mean_square_pull():
    error, sigma, weight = RNG.normal(size=50), RNG.uniform(1, 2, 50), RNG.uniform(0, 1, 50)
    expected = np.sqrt(np.average((error / sigma) ** 2, weights=weight))
    assert factor_of(error, sigma, np.zeros(50), weight) == pytest.approx(expected, rel=1e-9)


def test_errors_of_the_truth_are_not_blamed_on_the_method():
    sigma, truth_err = np.full(100_000, 1.0), np.full(100_000, 3.0)
    error = 2 * RNG.normal(size=100_000) + truth_err * RNG.normal(size=100_000)
    # The variance of 13 is known to 0.45 %: that of the method, 4, to 1.5 %, its root to 0.75 %.
    assert factor_of(error, sigma, truth_err, np.ones(100_000)) == pytest.approx(2, rel=0.03)


def test_no_error_and_endless_error_end_at_the_bounds():
    one = np.ones(3)
    assert factor_of(0 * one, one, 0 * one, one) == pytest.approx(SMALLEST_FACTOR)
    assert factor_of(1e12 * one, one, 0 * one, one) == pytest.approx(LARGEST_FACTOR)


def test_the_robust_factor_of_normal_errors_is_their_sigma_and_does_not_feel_outliers():
    error = 3 * RNG.normal(size=20_000)
    one = np.ones(20_000)
    # The 68.3 % quantile of |z| of 20000 objects has a standard error of 0.7 %.
    assert robust_factor(error, one, 0 * one, one) == pytest.approx(3, rel=0.03)
    error[:20] = 1e9
    assert robust_factor(error, one, 0 * one, one) == pytest.approx(3, rel=0.03)
