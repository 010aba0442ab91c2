from __future__ import annotations

import numpy as np
import pytest

from checkstar.variability.candidates import Epochs, harmonic_powers
from checkstar.variability.cycles import CYCLE_FEATURES, cycle_features, strongest_sinusoid

RNG = np.random.default_rng(9)
TIME = np.sort(RNG.uniform(0.0, 1000.0, 300))


def shape(phase, depth: float, other: float, width: float):
    """Magnitudes of two eclipses in a cycle."""
    dips = [(0.0, depth), (0.5, other), (1.0, depth)]
    return sum(d * np.exp(-0.5 * ((np.mod(phase, 1) - at) / width) ** 2) for at, d in dips)


def ready(value) -> Epochs:
    return Epochs.of(TIME, value, np.full(300, 1e4), np.zeros(300, np.int16), 1)


def test_the_features_of_a_known_series_are_in_closed_form():
    turn = 2 * np.pi * TIME / 0.4
    value = 14 + 0.2 * (np.cos(turn + 0.3) + 0.25 * np.cos(2 * turn + 0.6 + 1.0) + 0.1 * np.cos(3 * turn + 0.9 + np.pi))
    epochs = ready(value)
    explained = harmonic_powers(epochs, np.array([2.5, 1.25]), 6)
    got = dict(zip(CYCLE_FEATURES, cycle_features(epochs, 2.5, explained), strict=True))
    assert got["short"] == pytest.approx(np.log10(0.4))
    assert got["amplitude"] == pytest.approx(np.log10(0.2), abs=1e-4)
    assert got["narrow_minima"] == pytest.approx(np.tanh(np.cos(1.0)), abs=1e-4)
    assert got["asymmetry"] == pytest.approx(np.tanh(np.sin(1.0)), abs=1e-4)
    assert got["third"] == pytest.approx(np.tanh(-0.4), abs=1e-4)
    assert got["long"] == 0


def test_even_harmonics_give_two_minima_away():
    for frequency, other, expected in ((1.1, 0.5, 2.2), (1.1, 0.0, 1.1)):
        explained = harmonic_powers(ready(shape(TIME * frequency, 0.6, other, 0.05)), np.array([frequency]), 6)[0]
        assert strongest_sinusoid(frequency, explained) == expected
