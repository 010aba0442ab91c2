import numpy as np
import pytest
from scipy import stats

from checkstar.errors import InputError
from checkstar.simulators import gaussian_posteriors


@pytest.mark.parametrize("d", [1, 2, 5])
def test_the_exact_posterior_is_that_of_the_joint_normal_of_truth_and_observation(d):
    found = gaussian_posteriors(200_000, d, 1, rng=1)
    joint = np.cov(found.theta.T, found.x.T)
    slope = joint[:d, d:] @ np.linalg.inv(joint[d:, d:])
    # Conditioning a normal on its second half; 200,000 objects: one sigma of a covariance is below 0.004.
    assert joint[:d, :d] - slope @ joint[d:, :d] == pytest.approx(found.exact_covariance, abs=0.01)
    assert found.exact_mean == pytest.approx(found.x @ slope.T, abs=0.06)


def test_the_log_densities_are_those_of_the_claimed_normal():
    found = gaussian_posteriors(20, 3, 7, rng=2, width=0.7, bias=0.4, shrink=0.3)
    for i in range(20):
        claimed = stats.multivariate_normal(found.mean[i], found.covariance)
        assert found.log_prob[0][i] == pytest.approx(claimed.logpdf(found.draws[i]))
        assert found.log_prob[1][i] == pytest.approx(claimed.logpdf(found.theta[i]))


@pytest.mark.parametrize("shrink", [0.0, 0.4, 1.0])
def test_truths_have_the_claimed_scatter_whatever_the_shrinkage(shrink):
    found = gaussian_posteriors(100_000, 2, 1, rng=3, shrink=shrink)
    # One sigma of a variance of at most 1 is 0.0045.
    assert np.cov((found.theta - found.mean).T) == pytest.approx(found.covariance, abs=0.02)


def test_full_shrinkage_is_the_prior():
    found = gaussian_posteriors(10, 3, 5, rng=0, shrink=1.0)
    assert found.mean == pytest.approx(0.0)
    assert found.covariance == pytest.approx(np.eye(3))


def test_the_dials_change_the_claim_and_not_the_truth():
    right, wrong = (gaussian_posteriors(10, 2, 5, rng=4, **k) for k in ({}, {"width": 0.5, "bias": 1.0}))
    assert np.array_equal(right.x, wrong.x)
    assert wrong.covariance == pytest.approx(0.25 * right.covariance)
    sigma = np.sqrt(right.exact_covariance[0, 0])
    assert wrong.mean - right.mean == pytest.approx(np.tile([sigma, 0.0], (10, 1)))


@pytest.mark.parametrize("bad", [{"width": 0.0}, {"noise": -1.0}, {"correlation": 1.0}, {"correlation": -0.6}])
def test_settings_without_a_meaning_are_refused(bad):
    with pytest.raises(InputError, match="positive width and noise"):
        gaussian_posteriors(10, 3, 5, rng=0, **bad)
