"""Ensembles of qp are read by their quantiles."""

import numpy as np
import pytest
from scipy import stats

import checkstar as cs
from checkstar.errors import InputError
from checkstar.interop import from_qp


class Ensemble:
    """n normal densities, as qp answers."""

    def __init__(self, mean, sigma):
        self.mean, self.sigma = np.asarray(mean)[:, None], np.asarray(sigma)[:, None]

    def ppf(self, levels):
        return stats.norm.ppf(np.atleast_2d(levels), self.mean, self.sigma)


def test_moments_and_coverage_are_those_of_the_densities():
    rng = np.random.default_rng(0)
    z = rng.uniform(0.1, 1.0, 2000)
    sigma = 0.02 * (1 + z)
    run = from_qp(Ensemble(z + sigma * rng.normal(size=2000), sigma), z, unit="")
    np.testing.assert_allclose(run.prediction.std()[:, 0], sigma, rtol=0.01)
    coverage = cs.checks.Coverage().examine(run, cs.Claim("object_interval", tolerance=0.2), rng)
    assert coverage.verdict is cs.Verdict.PASS


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match="a list has no quantiles"):
        from_qp([], np.zeros(3))
    with pytest.raises(InputError, match="describes 5 objects but there are 3"):
        from_qp(Ensemble(np.zeros(5), np.ones(5)), np.zeros(3))
    with pytest.raises(InputError, match="1 of 5 densities have quantiles that are not finite"):
        from_qp(Ensemble([0, 0, np.nan, 0, 0], np.ones(5)), np.zeros(5))
