import numpy as np
import pytest

from checkstar.statistics.conditional_means import Basis, squared_residuals, variation


def features(n, rng, q=3):
    return rng.standard_normal((n, q)) ** 3  # long tails


def test_functions_are_orthonormal_and_centred_with_weights():
    rng = np.random.default_rng(0)
    f, w = features(500, rng), rng.uniform(0.2, 3, 500)
    phi = Basis(f, w, 20)(f)
    assert phi.shape == (500, 6)
    np.testing.assert_allclose((w[:, None] * phi).T @ phi / w.sum(), np.eye(6), atol=1e-10)
    np.testing.assert_allclose(w @ phi, 0, atol=1e-9)


def test_constant_and_repeated_features_give_no_functions():
    rng = np.random.default_rng(0)
    f = rng.standard_normal((300, 1))
    assert Basis(np.ones((300, 2)), np.ones(300), 9).n_terms == 0
    twice = np.hstack([f, np.ones((300, 1)), 2 * f])
    assert Basis(twice, np.ones(300), 9).n_terms == 2  # linear and squared
    assert Basis(f, np.ones(300), 1).n_terms == 1


def test_an_increasing_transformation_of_features_changes_nothing():
    rng = np.random.default_rng(0)
    f = features(200, rng)
    np.testing.assert_allclose(Basis(f, np.ones(200), 9)(f), Basis(np.exp(f / 9), np.ones(200), 9)(np.exp(f / 9)))


@pytest.mark.parametrize("slope", [0.1, 0.5])
def test_a_linear_conditional_mean_is_recovered(slope):
    rng = np.random.default_rng(1)
    n = 40_000
    f = rng.standard_normal((n, 2))
    found = variation(slope * f[:, 0] + rng.standard_normal(n), Basis(f, np.ones(n), 9)(f), np.arange(n), None)
    # Standard error 1 / sqrt(n) = 0.005.
    assert found.estimate.value == pytest.approx(slope, abs=0.015)
    assert found.estimate.low < slope < found.estimate.high


def test_the_value_at_an_object_is_its_conditional_mean():
    rng = np.random.default_rng(2)
    n = 20_000
    f = rng.standard_normal((n, 1))
    basis = Basis(f, np.ones(n), 9)
    found = variation(0.4 * (f[:, 0] ** 2 - 1) + rng.standard_normal(n), basis(f), np.arange(n), None)
    value, error = found.at(basis(np.array([[0.0], [2.0]])))
    np.testing.assert_allclose(value, [-0.4, 1.2], atol=0.1)
    assert (np.abs(value - [-0.4, 1.2]) < 4 * error).all()


@pytest.mark.parametrize("n_per_unit", [1, 5])
def test_the_interval_of_nothing_starts_at_zero(n_per_unit):
    rng = np.random.default_rng(3)
    above = 0
    for _ in range(400):
        units = np.arange(300) // n_per_unit
        f = np.repeat(rng.standard_normal((300 // n_per_unit, 2)), n_per_unit, axis=0)
        score = np.repeat(rng.standard_normal(300 // n_per_unit), n_per_unit)  # one score a unit
        above += variation(score, Basis(f, np.ones(300), 4)(f), units, None).estimate.low > 0
    # 2.5 % of 400 is 10 +- 3.1; more than 21 has probability 5e-4.
    assert above <= 21


def test_the_interval_covers_a_variation_that_is_there():
    rng = np.random.default_rng(4)
    missed = 0
    for _ in range(400):
        f = rng.standard_normal((400, 3))
        score = 0.2 * f[:, 0] + rng.standard_t(6, 400) / np.sqrt(1.5)
        found = variation(score, Basis(f, np.ones(400), 6)(f), np.arange(400), None).estimate
        missed += not found.low <= 0.2 <= found.high
    # 5 % of 400 is 20 +- 4.4; more than 34 has probability 1e-3.
    assert missed <= 34


def test_squares_of_what_is_left_have_mean_one_and_no_trend_with_leverage():
    rng = np.random.default_rng(5)
    f = rng.standard_normal((60, 3))
    phi = Basis(f, np.ones(60), 6)(f)
    squares = np.mean([squared_residuals(rng.standard_normal(60), phi, None) for _ in range(4000)], axis=0)
    assert squares.mean() == pytest.approx(1.0)
    leverage = np.square(phi).sum(axis=1)
    # Without the correction objects of twice the mean leverage would have squares 10 % smaller.
    assert np.polyfit(leverage / 60, squares, 1)[0] == pytest.approx(0.0, abs=0.15)
