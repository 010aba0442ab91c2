import numpy as np
import pytest

from checkstar.noise import Covariance, Gaussian, Poisson
from checkstar.simulators import LinearModel
from checkstar.statistics.information import fisher_information, least_errors

RNG = np.random.default_rng(0)
SLOPES = RNG.normal(size=(2, 6))
LABELS = RNG.normal(size=(3, 2))
MODEL = LinearModel(SLOPES)


@pytest.mark.parametrize("noise", [Gaussian(0.3), Covariance(np.eye(6) + 0.5)], ids=repr)
def test_the_bound_is_the_error_of_weighted_least_squares(noise):
    information = fisher_information(MODEL.jacobian(LABELS), MODEL.mean(LABELS), noise)
    covariance = noise.covariance_ if isinstance(noise, Covariance) else 0.09 * np.eye(6)
    exact = np.sqrt(np.diag(np.linalg.inv(SLOPES @ np.linalg.inv(covariance) @ SLOPES.T)))
    assert least_errors(information) == pytest.approx(np.broadcast_to(exact, (3, 2)))


def test_counting_a_rate_is_known_to_its_root():
    rate = np.array([[16.0], [100.0]])
    information = fisher_information(np.ones((2, 1, 1)), rate, Poisson())
    assert least_errors(information)[:, 0].tolist() == [4.0, 10.0]


def test_masked_features_carry_no_information():
    sigma = np.ones((3, 6))
    sigma[0, 2:] = np.inf
    full, cut = (
        fisher_information(MODEL.jacobian(LABELS), MODEL.mean(LABELS), Gaussian(s)) for s in (np.ones((3, 6)), sigma)
    )
    assert cut[0] == pytest.approx(SLOPES[:, :2] @ SLOPES[:, :2].T)
    assert cut[1:] == pytest.approx(full[1:])


def test_with_a_prior_it_is_the_posterior_error_of_a_normal_population():
    information = np.array([[[4.0]]])
    assert least_errors(information, np.array([[1.0]])) == pytest.approx(np.sqrt(1 / 5))
    assert least_errors(information, np.array([[1e12]])) == pytest.approx(0.5)


def test_what_the_data_do_not_determine_has_an_infinite_error_without_a_prior():
    twins = np.array([[[1.0, 1.0], [1.0, 1.0]]])
    assert np.isinf(least_errors(twins)).all()
    assert np.isinf(least_errors(np.zeros((1, 2, 2)))).all()
    assert np.isinf(least_errors(np.full((1, 1, 1), np.nan))).all()
    assert np.isfinite(least_errors(twins, np.eye(2))).all()


def test_a_label_without_spread_counts_as_known():
    information = np.array([[[2.0, 1.0], [1.0, 2.0]]])
    found = least_errors(information, np.diag([1e6, 0.0]))
    assert found[0, 0] == pytest.approx(np.sqrt(1 / 2), rel=1e-3)
