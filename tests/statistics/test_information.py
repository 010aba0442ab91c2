import numpy as np
import pytest

from checkstar.noise import Covariance, Gaussian, Poisson
from checkstar.simulators import LinearModel
from checkstar.statistics.information import fisher_information, least_errors, least_variances_in_population

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


def test_the_least_variance_in_a_normal_population_is_that_of_van_trees():
    rng = np.random.default_rng(0)
    prior = np.array([[1.0, 0.5], [0.5, 2.0]])
    labels = rng.multivariate_normal([3.0, -1.0], prior, 2000)
    information = np.broadcast_to(np.array([[4.0, 1.0], [1.0, 2.0]]), (2000, 2, 2))
    chosen, least = least_variances_in_population(information, labels, np.cov(labels.T), np.ones(2000), rng)
    bound = least_errors(information[chosen], np.cov(labels.T)) ** 2
    # Posterior variances among 2000 kernels scatter by a few per cent an object; the mean of 500 by less than 1 %.
    assert least.mean(axis=0) / bound.mean(axis=0) == pytest.approx([1.0, 1.0], abs=0.03)


def test_the_least_variance_between_two_points_is_that_of_telling_them_apart():
    rng = np.random.default_rng(0)
    labels = np.where(np.arange(4000) % 2, 1.0, -1.0)[:, None] + 0.01 * rng.standard_normal((4000, 1))
    information = np.ones((4000, 1, 1))
    _, least = least_variances_in_population(information, labels, np.cov(labels.T).reshape(1, 1), np.ones(4000), rng)
    z = np.random.default_rng(1).standard_normal(400_000)
    wanted = np.mean(1 / np.cosh(1 + z) ** 2)  # E var(y | x) for y = +-1 and unit noise
    # 500 objects: one sigma of the mean is 3 %; the kernels add up to 3 %.
    assert least.mean() == pytest.approx(wanted, rel=0.12)


def test_objects_of_weight_zero_are_no_population():
    rng = np.random.default_rng(0)
    labels = np.concatenate([rng.standard_normal((300, 1)), 100 + rng.standard_normal((300, 1))])
    weights = np.repeat([1.0, 0.0], 300)
    chosen, least = least_variances_in_population(np.zeros((600, 1, 1)), labels, np.ones((1, 1)), weights, rng)
    assert chosen.max() < 300
    assert least.mean() == pytest.approx(1.0, abs=0.1)
