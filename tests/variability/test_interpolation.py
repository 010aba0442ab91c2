from __future__ import annotations

import numpy as np
import pytest

from checkstar.data.light_curves import LightCurves, joined
from checkstar.errors import InputError
from checkstar.variability.interpolation import _AMPLITUDES, _DAYS, _JITTER, WAVELENGTHS, interpolate

DAYS = np.linspace(-30, 60, 46)


def bump(time: np.ndarray, at: float, width: float = 15.0) -> np.ndarray:
    """A rise and fall about `at`."""
    return np.exp(-0.5 * ((time - at) / width) ** 2)


def draw(n: int = 5, rng: int = 0, sigma: float = 0.02, n_epochs: int = 40) -> LightCurves:
    """Events in g and r, in r half as bright, at day 60 of 120, observed in turn."""
    generator = np.random.default_rng(rng)
    times, values, bands = [], [], []
    for i in range(n):
        time = np.sort(generator.uniform(0, 120, n_epochs + i))
        band = generator.choice(["g", "r"], len(time))
        flux = np.where(band == "g", 1.0, 0.5) * bump(time, 60)
        times.append(59_000 + time)
        values.append(100 * (flux + sigma * generator.standard_normal(len(time))))
        bands.append(band)
    return LightCurves.from_lists(times, values, [np.full(len(t), 100 * sigma) for t in times], bands, unit="nJy")


def test_the_truth_is_found_where_it_was_observed():
    found = interpolate(draw(), days=DAYS)
    assert found.flux.shape == (5, 46, 2)
    np.testing.assert_allclose(found.peak, 59_060, atol=3)
    for i in range(5):
        truth = bump(found.peak[i] + DAYS, 59_060)[:, None] * np.array([1.0, 0.5])
        # Forty epochs of 0.02 about a smooth curve: 0.02 or better between them, more at gaps.
        assert np.sqrt(np.mean((found.flux[i] * found.scale[i] / 100 - truth) ** 2)) < 0.03


def test_one_object_by_the_equations_of_the_book():
    # Rasmussen & Williams 2006, eqs. 2.25, 2.26 and 2.30, with plain inverses.
    curves = draw(1)
    found = interpolate(curves, days=DAYS, errors=True)
    wave = np.array([WAVELENGTHS[b] for b in ("g", "r")]) / 600
    unit = curves.value[curves.value > 3 * curves.error].max()
    y, s2, colour = curves.value / unit, (curves.error / unit) ** 2, wave[curves.band]

    def kernel(t1, c1, t2, c2, a, length):
        r = np.sqrt(3 * (((t1[:, None] - t2) / length) ** 2 + (c1[:, None] - c2) ** 2))
        return a**2 * (1 + r) * np.exp(-r)

    def covariance(a, length):
        return kernel(curves.time, colour, curves.time, colour, a, length) + np.diag(s2 + (_JITTER * a) ** 2)

    def likelihood(pair):
        k = covariance(*pair)
        return -0.5 * y @ np.linalg.inv(k) @ y - 0.5 * np.linalg.slogdet(k)[1]

    a, length = max(((a, length) for a in _AMPLITUDES for length in _DAYS), key=likelihood)
    assert found.length[0] == length
    inverse = np.linalg.inv(covariance(a, length))
    for band in range(2):
        across = kernel(found.peak[0] + DAYS, np.full(46, wave[band]), curves.time, colour, a, length)
        np.testing.assert_allclose(
            found.flux[0, :, band] * found.scale[0], unit * across @ inverse @ y, atol=1e-6 * unit
        )
        variance = a**2 - np.einsum("tn,nm,tm->t", across, inverse, across)
        np.testing.assert_allclose(found.error[0, :, band] * found.scale[0], unit * np.sqrt(variance), rtol=1e-5)


def test_errors_are_those_that_are_made():
    found = interpolate(draw(60, 1), days=np.linspace(-20, 20, 9), errors=True)
    truth = bump(found.peak[:, None] + found.days, 59_060)[:, :, None] * np.array([1.0, 0.5])
    pulls = (found.flux * found.scale[:, None, None] / 100 - truth) / (found.error * found.scale[:, None, None] / 100)
    # The curve is smoother than the process allows for, so its errors are cautious.
    assert 0.3 < np.sqrt(np.mean(pulls**2)) < 1.2


def test_an_object_does_not_depend_on_its_company():
    curves = draw(30, 2)
    whole = interpolate(curves)
    alone = interpolate(curves[[7]])
    np.testing.assert_allclose(whole.flux[7], alone.flux[0], atol=1e-9)
    assert whole.length[7] == alone.length[0]


def test_time_and_scale_are_carried_along():
    curves = draw()
    moved = curves.replace(time=curves.time + 300, value=7 * curves.value, error=7 * curves.error)
    one, other = interpolate(curves), interpolate(moved)
    np.testing.assert_allclose(one.flux, other.flux, atol=1e-7)
    np.testing.assert_allclose(other.peak - one.peak, 300, atol=1e-5)
    np.testing.assert_allclose(other.scale / one.scale, 7, rtol=1e-8)


def test_a_band_that_was_not_observed_is_told_by_the_other():
    curves = draw(1).in_band("g").with_bands(("g", "r"))
    found = interpolate(curves, days=DAYS)
    # 140 nm away is near for a length of 600 nm.
    assert np.corrcoef(found.flux[0, :, 0], found.flux[0, :, 1])[0, 1] > 0.99


def test_far_from_all_epochs_there_is_no_flux():
    found = interpolate(draw(1), days=[0.0, 600.0])
    assert abs(found.flux[0, 1]).max() < 0.01


def test_magnitudes_are_turned_into_fluxes():
    curves = draw(3, sigma=0.001)
    bright = curves.where(curves.value > 5 * curves.error)
    magnitudes = bright.replace(
        value=25 - 2.5 * np.log10(bright.value), error=2.5 / np.log(10) * bright.error / bright.value, unit="mag"
    )
    one, other = interpolate(bright), interpolate(magnitudes)
    np.testing.assert_allclose(one.flux, other.flux, atol=1e-6)


def test_objects_of_few_or_no_good_epochs_are_zero_and_named():
    good = draw(2)
    bad = good.where(good.place < np.array([4, 99])[good.owner])
    broken = good.replace(error=np.full(len(good.time), np.nan))
    found = interpolate(joined([bad, broken]))
    assert found.usable.tolist() == [False, True, False, False]
    assert (found.flux[~found.usable] == 0).all()
    assert np.isfinite(found.flux).all()


def test_negative_fluxes_are_no_trouble():
    curves = draw(3)
    found = interpolate(curves.replace(value=-curves.value))
    assert np.isfinite(found.flux).all()
    assert (found.scale > 0).all()


def test_a_band_of_unknown_wavelength_is_refused_and_may_be_given():
    curves = draw(1).replace(bands=("g", "narrow"))
    with pytest.raises(InputError, match="no wavelength of band 'narrow'"):
        interpolate(curves)
    assert interpolate(curves, wavelengths=[482.7, 656.3]).flux.shape == (1, 100, 2)
    with pytest.raises(InputError, match="1 wavelengths for the 2 bands"):
        interpolate(curves, wavelengths=[482.7])


@pytest.mark.parametrize("bright", [0.01, 1.0, 100.0])
def test_what_was_never_seen_is_read_in_its_own_errors_whatever_else_is_asked(bright):
    time, rng = np.linspace(0, 100, 30), np.random.default_rng(0)
    dark = -np.abs(rng.normal(1.0, 0.3, 30))  # a star that was brighter in the reference image
    other = bump(time, 40)
    curves = LightCurves.from_lists(
        [time, time], [dark, 20 * bright * other], [np.full(30, 0.5), np.full(30, bright)], unit="uJy"
    )
    alone, together = interpolate(curves[[0]]), interpolate(curves)
    np.testing.assert_array_equal(alone.flux[0], together.flux[0])
    assert alone.scale[0] == 0.5
    assert np.abs(alone.flux).max() < 5  # fluxes of -1 with errors of 0.5


@pytest.mark.parametrize("magnitude", [1e9, -1e9])
def test_a_magnitude_that_is_no_flux_leaves_the_others_as_they_are(magnitude):
    time = np.linspace(0, 60, 20)
    good = LightCurves.from_lists([time], [20 + 0.001 * (time - 30) ** 2], [np.full(20, 0.05)])
    both = interpolate(joined([good.replace(value=np.full(20, magnitude)), good]))
    assert both.usable.tolist() == [False, True]
    np.testing.assert_array_equal(both.flux, [np.zeros_like(both.flux[0]), interpolate(good).flux[0]])


def test_thousands_of_epochs_are_averaged_in_each_band_and_say_the_same():
    # Forty thousand epochs would ask for a covariance matrix of 13 GB.
    many, few = draw(1, n_epochs=40_000), draw(2, rng=1)
    found = interpolate(joined([few, many]), days=DAYS)
    np.testing.assert_array_equal(found.flux[:2], interpolate(few, days=DAYS).flux)
    truth = bump(found.peak[2] + DAYS, 59_060)[:, None] * np.array([1.0, 0.5])
    # Eighty epochs become one of error 0.02 / 9, on which the model's own error of 1 % is put.
    inside = np.abs(found.peak[2] + DAYS - 59_060) < 50
    np.testing.assert_allclose((found.flux[2] * found.scale[2] / 100)[inside], truth[inside], atol=0.01)
