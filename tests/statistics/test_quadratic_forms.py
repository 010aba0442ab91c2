import math

import numpy as np
import pytest
from scipy import stats

from checkstar.statistics.quadratic_forms import root_of_squares


def test_known_noise_is_subtracted_and_never_below_zero():
    assert root_of_squares(np.array([0.3, 0.4]), np.eye(2) * 0.01, 1000).value == pytest.approx(math.sqrt(0.25 - 0.02))
    assert root_of_squares(np.array([0.01, 0.0]), np.eye(2), 1000).value == 0.0


def test_the_ends_invert_the_noncentral_chi2_for_equal_variances():
    d, sigma = np.array([0.5, 0.2, -0.3]), 0.1
    found = root_of_squares(d, sigma**2 * np.eye(3), 1e9)
    size = d @ d / sigma**2
    # At the lower end such a large sum has probability 2.5 %, at the upper end such a small one.
    assert stats.ncx2.sf(size, 3, (found.low / sigma) ** 2) == pytest.approx(0.025, abs=1e-4)
    assert stats.ncx2.cdf(size, 3, (found.high / sigma) ** 2) == pytest.approx(0.025, abs=1e-4)


def test_agreement_better_than_chance_does_not_narrow_the_interval():
    perfect, usual = (root_of_squares(d, np.eye(4), 1e6) for d in (np.zeros(4), np.ones(4)))
    assert perfect.high == pytest.approx(usual.high)


def test_few_units_widen_the_interval_and_too_few_leave_it_open():
    d, covariance = np.array([0.5, 0.2]), 0.01 * np.eye(2)
    assert root_of_squares(d, covariance, 10).high > root_of_squares(d, covariance, 1000).high
    assert root_of_squares(d, covariance, 3).high == math.inf
    assert root_of_squares(d, np.zeros((2, 2)), 1000).high == math.inf


@pytest.mark.parametrize("theta", [0.0, 0.15, 0.5])
def test_the_interval_covers_the_length_with_unequal_variances(theta):
    rng = np.random.default_rng(1)
    variance = np.array([0.02, 0.01, 0.01, 0.005])
    mean = theta * np.array([0.5, 0.5, 0.5, 0.5])
    found = [
        root_of_squares(mean + np.sqrt(variance) * rng.standard_normal(4), np.diag(variance), 1e6) for _ in range(2000)
    ]
    # 5 % of 2000 is 100 +- 10; more than 140 has probability 1e-4.
    assert sum(not e.low <= theta <= e.high for e in found) <= 140
