import numpy as np
import pytest

from checkstar.noise import Covariance, Gaussian, Poisson
from checkstar.statistics.noise_matching import match_noise


def test_the_better_sample_gets_the_noise_of_the_worse_feature_by_feature():
    rng = np.random.default_rng(0)
    sigma = np.array([1.0, 3.0]), np.array([2.0, 1.0])
    truth = rng.normal(size=(2, 20_000, 2))
    samples = [t + s * rng.standard_normal(t.shape) for t, s in zip(truth, sigma, strict=True)]
    first, second = match_noise(samples[0], Gaussian(sigma[0]), samples[1], Gaussian(sigma[1]), rng)
    expected = np.sqrt(1 + np.array([4.0, 9.0]))
    # 20000 objects: the spread is known to 0.5 %.
    assert first.std(axis=0) == pytest.approx(expected, rel=0.02)
    assert second.std(axis=0) == pytest.approx(expected, rel=0.02)
    assert np.array_equal(first[:, 1], samples[0][:, 1])


def test_noise_that_grows_with_magnitude_is_matched_at_each_magnitude():
    rng = np.random.default_rng(1)
    truth = rng.uniform(18, 22, (2, 20_000, 1))
    sigma = [0.02 * 10 ** (0.2 * (truth[0] - 18)), 0.05 * 10 ** (0.2 * (truth[1] - 18))]
    samples = [t + s * rng.standard_normal(t.shape) for t, s in zip(truth, sigma, strict=True)]
    matched = match_noise(samples[0], Gaussian(sigma[0]), samples[1], Gaussian(sigma[1]), rng)
    for low in (18, 19, 20, 21):
        spread = [(m - t)[(t > low) & (t < low + 1)].std() for m, t in zip(matched, truth, strict=True)]
        # 5000 objects each: 1 % each; the magnitude that lends is itself noisy.
        assert spread[0] == pytest.approx(spread[1], rel=0.05)


def test_masks_are_kept_and_never_drawn():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(100, 2))
    sigma = np.full(x.shape, 0.1)
    x[:30, 1], sigma[:30, 1] = np.nan, np.inf
    first, second = match_noise(x, Gaussian(sigma), rng.normal(size=(80, 2)), Gaussian(0.5), rng)
    assert np.array_equal(np.isnan(first), np.isnan(x))
    assert np.isfinite(second).all()
    nothing, _ = match_noise(x, Gaussian(0.1), np.full((5, 2), np.nan), Gaussian(np.full((5, 2), np.inf)), rng)
    assert np.array_equal(nothing, x, equal_nan=True)


def test_correlated_noise_is_matched_with_its_correlation():
    rng = np.random.default_rng(3)
    covariance = np.array([[1.0, 0.9], [0.9, 1.0]])
    noise = Covariance(covariance), Gaussian(0.5)
    samples = [n.draw(np.zeros((20_000, 2)), rng) for n in noise]
    matched = match_noise(samples[0], noise[0], samples[1], noise[1], rng)
    for x in matched:
        assert np.cov(x.T) == pytest.approx(covariance + 0.25 * np.eye(2), abs=0.05)


def test_counting_noise_has_a_sigma_like_any_other():
    rng = np.random.default_rng(4)
    flux = np.full((20_000, 1), 100.0)
    noise = Poisson(gain=1.0), Poisson(gain=0.25)
    matched = match_noise(noise[0].draw(flux, rng), noise[0], noise[1].draw(flux, rng), noise[1], rng)
    assert matched[0].std() == pytest.approx(matched[1].std(), rel=0.06)
