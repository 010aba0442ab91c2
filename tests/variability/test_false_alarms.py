from __future__ import annotations

import numpy as np
import pytest
from astropy.timeseries import LombScargle

from checkstar.evidence import binomial
from checkstar.variability.candidates import Epochs, harmonic_powers
from checkstar.variability.false_alarms import effective_span, false_alarm

FASTEST = 2.0


def highest_powers(n_trials: int, n_epochs: int, n_harmonics: int, seed: int):
    """Highest power of white noise in each trial, and the bandwidth."""
    rng = np.random.default_rng(seed)
    time, error = rng.uniform(0.0, 30.0, n_epochs), rng.uniform(0.5, 1.5, n_epochs)
    frequency = np.arange(0.01, FASTEST, 1 / (5 * n_harmonics * 30.0))
    weight, band = error**-2, np.zeros(n_epochs, np.int16)
    trials = (Epochs.of(time, rng.normal(0, error), weight, band, 1) for _ in range(n_trials))
    powers = [harmonic_powers(epochs, frequency, n_harmonics)[:, -1].max() for epochs in trials]
    return np.array(powers), FASTEST * effective_span(time, weight)


@pytest.mark.parametrize("n_harmonics", [1, 2, 3])
def test_noise_raises_as_many_false_alarms_as_stated(n_harmonics):
    powers, bandwidth = highest_powers(400 if n_harmonics < 3 else 200, 40, n_harmonics, seed=n_harmonics)
    chance = false_alarm(powers, 39, bandwidth, n_harmonics)
    for stated in (0.05, 0.2):
        seen = binomial(int((chance < stated).sum()), len(chance))
        # An upper limit, and not a loose one: never more than stated, nor less than half of it.
        assert seen.low <= stated
        assert seen.high >= 0.5 * stated


def test_one_harmonic_is_what_astropy_gives():
    rng = np.random.default_rng(3)
    time, error = rng.uniform(0, 100, 60), rng.uniform(0.5, 1.5, 60)
    peer = LombScargle(time, rng.normal(size=60), error)
    bandwidth = FASTEST * effective_span(time, error**-2)
    # Astropy rounds the highest frequency to a grid of its own.
    for power in (0.2, 0.4, 0.6):
        expected = peer.false_alarm_probability(power, method="baluev", maximum_frequency=FASTEST)
        assert false_alarm(power, 59, bandwidth) == pytest.approx(float(expected), rel=1e-3)


def test_no_degree_of_freedom_is_no_evidence():
    np.testing.assert_array_equal(false_alarm([1.0, 0.9], [4, 2], 100.0, [2, 3]), 1.0)


def test_a_perfect_fit_is_no_false_alarm_and_no_power_always_one():
    np.testing.assert_allclose(false_alarm([1.0, 0.0], 100, 1000.0, 2), [0.0, 1.0])
