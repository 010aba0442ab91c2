import numpy as np
import pytest

from checkstar.errors import InputError
from checkstar.nuisances import background, bad_pixel, smoothing, wavelength_shift, zero_point

X = np.random.default_rng(0).uniform(1, 2, (5, 60))
PIXEL = np.arange(60.0)
ALL = [background(0.1), zero_point(0.05), bad_pixel(3, 2.0), smoothing(2.0, 0.2), wavelength_shift(0.3)]


@pytest.mark.parametrize("nuisance", ALL, ids=lambda n: n.name)
@pytest.mark.parametrize("size", [-1.0, 0.0, 1.0, 2.5])
def test_each_gives_a_new_array_and_nothing_at_size_zero(nuisance, size):
    before = X.copy()
    changed = nuisance.apply(X, size)
    assert np.array_equal(X, before)
    assert changed.shape == X.shape
    assert not np.shares_memory(changed, X)
    assert (np.abs(changed - X).max() < 1e-9) == (size == 0)


@pytest.mark.parametrize("nuisance", ALL, ids=lambda n: n.name)
def test_masked_pixels_stay_masked_and_spoil_no_others(nuisance):
    x = X.copy()
    x[:, 20] = np.nan
    changed = nuisance.apply(x, 1.0)
    assert np.array_equal(np.isnan(changed), np.isnan(x))


def line(centre, width):
    return np.exp(-0.5 * ((PIXEL - centre) / width) ** 2)[None]


def width_of(profile):
    weight = profile[0] / profile[0].sum()
    return np.sqrt(weight @ PIXEL**2 - (weight @ PIXEL) ** 2)


@pytest.mark.parametrize("change", [0.001, 0.03, 0.5])
def test_smoothing_makes_a_line_as_wide_as_it_says_and_keeps_its_flux(change):
    wider = smoothing(3.0, change).apply(line(30, 3.0), 1.0)
    # A twentieth of the change: the wings of the line leave the spectrum.
    assert width_of(wider) - width_of(line(30, 3.0)) == pytest.approx(change, rel=0.05)
    assert wider.sum() == pytest.approx(line(30, 3.0).sum())


def test_sharpening_undoes_smoothing_to_first_order():
    narrow = smoothing(3.0, 0.1).apply(line(30, 3.0), -1.0)
    assert width_of(narrow) == pytest.approx(2.9, abs=0.01)


def test_a_shift_moves_a_line_by_its_pixels():
    moved = wavelength_shift(0.25).apply(line(30, 3.0), 2.0)
    # A cubic spline of a line three pixels wide is right to 1e-4.
    assert moved == pytest.approx(line(30.5, 3.0), abs=1e-3)
    assert wavelength_shift(0.25).apply(moved, -2.0) == pytest.approx(line(30, 3.0), abs=1e-3)


def test_offsets_and_factors_may_differ_between_features():
    assert background([0.0, 1.0]).apply(np.zeros((1, 2)), 3.0).tolist() == [[0.0, 3.0]]
    assert zero_point([0.0, 0.1]).apply(np.ones((1, 2)), 1.0) == pytest.approx(np.array([[1.0, 1.1]]))


@pytest.mark.parametrize(("width", "change"), [(0.0, 0.1), (1.0, 0.0), (1.0, 2.0)])
def test_widths_that_mean_nothing_are_refused(width, change):
    with pytest.raises(InputError, match="positive change below the width"):
        smoothing(width, change)
