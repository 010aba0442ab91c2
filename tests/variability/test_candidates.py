from __future__ import annotations

import numpy as np
import pytest
from astropy.timeseries import LombScargle

from checkstar.variability.candidates import Epochs, harmonic_powers, highest_peaks, refined, scored

RNG = np.random.default_rng(8)
FREQUENCY = 1 / 0.613
TIME = np.sort(RNG.uniform(0.0, 1000.0, 90))
ERROR = RNG.uniform(0.02, 0.08, 90)
PURE = 0.4 * np.sin(2 * np.pi * FREQUENCY * TIME) + 0.2 * np.cos(4 * np.pi * FREQUENCY * TIME)
VALUE = 15 + PURE + RNG.normal(0, ERROR)
BAND = RNG.choice(np.array([0, 1, 2], np.int16), 90)


def epochs(value=VALUE, band=None, n_bands: int = 1) -> Epochs:
    return Epochs.of(TIME, value, ERROR**-2.0, np.zeros(90, np.int16) if band is None else band, n_bands)


@pytest.mark.parametrize("n_harmonics", [1, 2, 5])
def test_powers_of_several_harmonics_are_those_of_astropy(n_harmonics):
    tried = np.array([FREQUENCY, 0.31, 1.7, 5.2])
    peer = LombScargle(TIME, VALUE, ERROR, nterms=n_harmonics).power(tried, method="chi2")
    # Phases are float32: 1e-6 or so.
    np.testing.assert_allclose(harmonic_powers(epochs(), tried, 5)[:, n_harmonics - 1], peer, atol=3e-6)


def test_powers_with_bands_are_those_of_least_squares_with_a_mean_in_each():
    value = VALUE + np.array([0.0, 0.7, -0.4])[BAND]
    means = np.eye(3)[BAND]
    waves = [f(2 * np.pi * k * 1.7 * TIME) for k in (1, 2) for f in (np.cos, np.sin)]
    design, wanted = np.column_stack([means, *waves]) / ERROR[:, None], value / ERROR
    left = np.linalg.lstsq(design, wanted)[1][0] / np.linalg.lstsq(design[:, :3], wanted)[1][0]
    # A fourth band has no epochs.
    power = harmonic_powers(epochs(value, BAND, 4), np.array([1.7]), 2)[0, 1]
    assert power == pytest.approx(1 - left, abs=3e-6)


def test_a_peak_is_climbed_to_its_top():
    # Noiseless: the top is the frequency itself. A hundredth of the width of the peak is 1e-5 per day.
    found = refined(epochs(15 + PURE), np.array([FREQUENCY + 1.5e-4, FREQUENCY - 1e-4]), np.array([2, 2]), rounds=3)
    np.testing.assert_allclose(found, FREQUENCY, atol=3e-6)


def test_the_score_takes_as_many_harmonics_as_there_are():
    tried = np.array([FREQUENCY, FREQUENCY / 4])
    found = scored(epochs(), tried, (1, 2, 4, 6), penalty=1.5, slow=0.01)
    assert found.n_harmonics[0] == 2
    assert found.power[0] == pytest.approx(found.explained[0, 1])
    # At a quarter of the frequency the strongest harmonic is the fourth, so no more than two are allowed.
    assert found.n_harmonics[1] <= 2
    assert found.best_first().frequency[0] == FREQUENCY
    slow = scored(epochs(), tried, (1, 6), penalty=0.0, slow=10.0)
    assert (slow.n_harmonics == 1).all()


def test_the_highest_peaks_come_in_order_of_height_with_no_side_lobes():
    grid = np.arange(1000.0)
    heights = {100.3: 0.5, 500.0: 0.9, 820.6: 0.7}
    power = sum(h * np.exp(-0.5 * ((grid - at) / 2) ** 2) for at, h in heights.items()).astype(np.float32)
    np.testing.assert_allclose(highest_peaks(power, 3), [500.0, 820.6, 100.3], atol=0.1)
    assert len(highest_peaks(np.zeros(1000, np.float32), 3)) == 0
    assert len(highest_peaks(np.zeros(2, np.float32), 3)) == 0
