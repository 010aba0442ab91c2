import numpy as np
import pytest

from checkstar.errors import InputError
from checkstar.methods.continua import divide_continuum

RNG = np.random.default_rng(0)
LINES = 1 - 0.5 * (RNG.random((4, 200)) < 0.1)
SIGMA = np.full((4, 200), 0.01)


@pytest.mark.parametrize("continuum", ["mean", "median", "running"])
def test_level_and_noise_are_divided_out(continuum):
    level = np.array([[0.1], [1.0], [7.0], [1e5]])
    plain = divide_continuum(LINES, SIGMA, continuum, 10.0)
    scaled = divide_continuum(level * LINES, level * SIGMA, continuum, 10.0)
    np.testing.assert_allclose(scaled.flux, plain.flux, rtol=1e-12)
    np.testing.assert_allclose(scaled.sigma, plain.sigma, rtol=1e-12)
    np.testing.assert_allclose(scaled.flux * scaled.level, level * LINES, rtol=1e-12)


def test_mean_and_median_are_those_of_good_pixels():
    sigma = SIGMA.copy()
    sigma[:, :50] = np.inf
    for continuum, average in (("mean", np.mean), ("median", np.median)):
        level = divide_continuum(LINES, sigma, continuum, 10.0).level
        np.testing.assert_allclose(level[:, 0], average(LINES[:, 50:], axis=1))


def test_running_level_takes_out_a_slope_and_keeps_constants():
    slope = np.linspace(1, 3, 200)
    running = divide_continuum(np.ones((1, 200)) * slope, SIGMA[:1], "running", 5.0).flux
    # A straight line is its own mean away from the edges.
    np.testing.assert_allclose(running[0, 30:-30], 1, atol=1e-3)
    np.testing.assert_allclose(divide_continuum(np.full((1, 200), 4.0), SIGMA[:1], "running", 5.0).flux, 1)


@pytest.mark.parametrize("continuum", ["mean", "median", "running"])
def test_masked_pixels_are_never_read(continuum):
    mask = RNG.random(LINES.shape) < 0.2
    mask[:, 50:150] = True  # a gap wider than the running mean
    sigma = np.where(mask, np.inf, 0.01)
    first, second = (divide_continuum(np.where(mask, value, LINES), sigma, continuum, 3.0) for value in (np.nan, 1e9))
    np.testing.assert_array_equal(first.flux, second.flux)
    assert (first.flux[mask] == 0).all()
    assert np.isinf(first.sigma[mask]).all()
    assert np.isfinite(first.sigma[~mask]).all()


def test_spectra_without_a_level_are_refused():
    with pytest.raises(InputError, match="1 of 4 spectra have no good pixel"):
        divide_continuum(LINES, np.where(np.arange(4)[:, None] == 2, np.inf, SIGMA), "mean", 1.0)
    with pytest.raises(InputError, match=r"not positive \(rows 3\)"):
        divide_continuum(np.where(np.arange(4)[:, None] == 3, -1.0, LINES), SIGMA, "median", 1.0)
