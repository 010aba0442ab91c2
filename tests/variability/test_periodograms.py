from __future__ import annotations

import numpy as np
from astropy.timeseries import LombScargle, LombScargleMultiband

from checkstar.data.light_curves import LightCurves
from checkstar.variability.periodograms import lomb_scargle

RNG = np.random.default_rng(5)
STEP, N_FREQUENCIES = 1 / (4 * 300), 6000
FREQUENCY = STEP * np.arange(1, N_FREQUENCIES + 1)


def one(n: int, offset: float = 0.0):
    # Nights, so that the window has its day.
    time = 58_000 + np.sort(RNG.choice(300, n, replace=False) + RNG.normal(0, 0.1, n)) + offset
    error = RNG.uniform(0.02, 0.1, n)
    return time, 15 + 0.2 * np.sin(2 * np.pi * time / 0.37) + RNG.normal(0, error), error


def test_powers_are_those_of_astropy():
    time, value, error = zip(one(60), one(150), strict=True)
    powers = lomb_scargle(LightCurves.from_lists(time, value, error), STEP, N_FREQUENCIES)
    for power, *curve in zip(powers, time, value, error, strict=True):
        peer = LombScargle(*curve).power(FREQUENCY, method="cython")
        # Right to float32 but where nearly all phases fall together: at one over the span, and at whole days.
        np.testing.assert_allclose(power, peer, atol=2e-4)
        assert np.median(np.abs(power - peer)) < 3e-6


def test_powers_of_several_bands_are_those_of_astropy():
    time, value, error = one(150)
    band = RNG.choice(["g", "i", "r"], 150)
    value = value + np.select([band == "g", band == "r"], [0.8, -0.3], 0.0)
    curves = LightCurves.from_lists([time], [value], [error], band=[band])
    power = lomb_scargle(curves, STEP, N_FREQUENCIES)[0]
    some = slice(10, None, 40)
    peer = LombScargleMultiband(time, value, band, error, nterms_base=1, nterms_band=0, reg_band=1e-9)
    np.testing.assert_allclose(power[some], peer.power(FREQUENCY[some], method="flexible"), atol=1e-5)
    exact = [_by_least_squares(time, value, error, band, f) for f in FREQUENCY[some]]
    np.testing.assert_allclose(power[some], exact, atol=1e-5)


def _by_least_squares(time, value, error, band, frequency):
    means = np.stack([band == b for b in np.unique(band)], axis=1).astype(float)
    waves = np.stack([f(2 * np.pi * frequency * time) for f in (np.cos, np.sin)], axis=1)

    def chi2(design):
        scaled, wanted = design / error[:, None], value / error
        return np.sum((wanted - scaled @ np.linalg.lstsq(scaled, wanted)[0]) ** 2)

    return 1 - chi2(np.hstack([means, waves])) / chi2(means)


def test_bands_of_one_source_agree_with_a_single_band_where_offsets_are_nothing():
    time, value, error = one(150)
    single = lomb_scargle(LightCurves.from_lists([time], [value], [error]), STEP, N_FREQUENCIES)[0]
    split = LightCurves.from_lists([time], [value], [error], band=[RNG.choice(["g", "r"], 150)])
    double = lomb_scargle(split, STEP, N_FREQUENCIES)[0]
    assert double.argmax() == single.argmax()
    # One constant more of 150 epochs.
    assert abs(double.max() - single.max()) < 0.03


def test_a_batch_gives_what_each_object_gives_alone():
    time, value, error = zip(*(one(n) for n in (40, 90, 60)), strict=True)
    curves = LightCurves.from_lists(time, value, error)
    together = lomb_scargle(curves, STEP, 500)
    for i in range(3):
        np.testing.assert_allclose(lomb_scargle(curves[[i]], STEP, 500)[0], together[i], atol=1e-4)


def test_constant_and_empty_light_curves_have_no_power():
    curves = LightCurves.from_lists([[1.0, 2.0, 3.5], []], [[5.0, 5.0, 5.0], []], [[0.1] * 3, []])
    assert not lomb_scargle(curves, STEP, 100).any()
