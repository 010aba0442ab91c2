import numpy as np
import pytest

from checkstar.simulators import linear_gaussian


def test_the_estimate_has_the_noise_it_says_and_the_posterior_mean_its_closed_form():
    drawn = linear_gaussian(100_000, 0, noise=0.5, n_features=7)
    error = drawn.estimate - drawn.y
    # 100,000 objects: a standard deviation is known to 0.2 %.
    assert error.std() == pytest.approx(0.5, rel=0.01)
    weight = 1 / (1 + 0.25)
    assert (weight * drawn.estimate - drawn.y).std() == pytest.approx(0.5 * np.sqrt(weight), rel=0.01)
    assert (drawn.x - drawn.y[:, None]).std() == pytest.approx(drawn.sigma, rel=0.01)


def test_the_population_is_the_one_asked_for_and_the_seed_decides():
    drawn = linear_gaussian(50_000, 1, mean=3.0, std=0.2)
    assert drawn.y.mean() == pytest.approx(3.0, abs=0.01)
    assert drawn.y.std() == pytest.approx(0.2, rel=0.02)
    assert np.array_equal(linear_gaussian(5, 1).x, linear_gaussian(5, 1).x)
