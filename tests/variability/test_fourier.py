from __future__ import annotations

import numpy as np
import pytest

from checkstar.data.light_curves import LightCurves
from checkstar.variability.fourier import describe_fourier

N = 200
PERIOD = 0.7
#: Phases spread evenly by the golden ratio.
TIME = PERIOD * (np.arange(N) + np.arange(N) * 0.6180339887498949 % 1)


def described(value, period=PERIOD) -> dict[str, float]:
    curves = LightCurves.from_lists([TIME], [value], [np.full(N, 0.01)])
    found, _ = describe_fourier(curves, np.array([period]))
    return {name: float(column[0]) for name, column in found.items()}


def series(amplitudes, phases, period=PERIOD):
    k = np.arange(1, len(amplitudes) + 1)[:, None]
    return 14 + (np.array(amplitudes)[:, None] * np.cos(2 * np.pi * k * TIME / period + np.array(phases)[:, None])).sum(
        0
    )


def test_ratios_and_phase_differences_are_those_that_were_put_in():
    found = described(series([0.3, 0.15, 0.09, 0.03], [0.4, 1.0, 2.0, 3.0]))
    assert found["fourier_amplitude"] == pytest.approx(0.3, rel=1e-3)
    assert [found[f"r{k}1"] for k in (2, 3, 4)] == pytest.approx([0.5, 0.3, 0.1], abs=1e-3)
    expected = np.mod([1.0 - 0.8, 2.0 - 1.2, 3.0 - 1.6], 2 * np.pi)
    assert [found[f"phi{k}1"] for k in (2, 3, 4)] == pytest.approx(expected, abs=1e-2)


def test_the_shape_does_not_depend_on_when_the_clock_starts():
    shape = ([0.3, 0.15, 0.09], [0.4, 1.0, 2.0])
    one, later = (
        described(series(*shape)),
        described(series(shape[0], [p + 0.9 * k for k, p in enumerate(shape[1], 1)])),
    )
    for name in ("r21", "phi21", "phi31", "model_amplitude", "model_skew"):
        assert later[name] == pytest.approx(one[name], abs=1e-2), name


def test_a_sine_needs_one_harmonic_and_has_the_extreme_slopes_of_a_sine():
    found = described(series([0.3], [0.0]))
    assert found["explained_1"] == pytest.approx(1, abs=1e-6)
    assert found["r21"] == pytest.approx(0, abs=1e-4)
    assert found["model_amplitude"] == pytest.approx(0.6, rel=1e-3)
    assert found["rise_share"] == pytest.approx(0.5, abs=0.02)
    # 2 pi A a cycle over 2 A.
    assert found["steepest_rise"] == pytest.approx(np.pi, rel=1e-2)
    assert found["steepest_fall"] == pytest.approx(np.pi, rel=1e-2)
    assert found["model_kurtosis"] == pytest.approx(1.5, rel=1e-2)


def test_a_sawtooth_that_brightens_fast_rises_in_a_short_share_of_the_cycle():
    k = np.arange(1, 6)
    # Magnitudes grow slowly and fall fast: sum of sin(k x) / k, with sin = cos(x - pi/2), reversed in time.
    found = described(series(0.3 / k, np.full(5, np.pi / 2)))
    assert found["rise_share"] < 0.3
    assert found["steepest_rise"] > 2 * found["steepest_fall"]
    assert found["phi21"] == pytest.approx(2 * np.pi - np.pi / 2, abs=1e-2)


def test_unequal_minima_at_half_the_period_show_as_alternation():
    binary = series([0.05, 0.3], [0.0, 0.3], period=2 * PERIOD)
    found, equal = described(binary), described(series([0.3], [0.3]) + 0.005 * np.cos(37 * TIME))
    assert found["alternation"] > 0.95
    assert found["half_period_ratio"] == pytest.approx(0.05 / 0.3, rel=1e-2)
    assert equal["alternation"] < 0.2


def test_the_gain_of_harmonics_is_the_drop_of_chi2_in_decades():
    found = described(series([0.3, 0.1], [0.0, 0.0]) + 0.01 * np.cos(37 * TIME))
    # One harmonic leaves 0.1^2 / 2 a point, five leave 0.01^2 / 2.
    assert found["harmonics_gain"] == pytest.approx(2.0, abs=0.1)
