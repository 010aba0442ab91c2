from __future__ import annotations

import numpy as np
import pytest

from checkstar.data.light_curves import LightCurves
from checkstar.variability.epochs import Epochs, usable_epochs
from checkstar.variability.phases import describe_minima, describe_phases, phase_curve, phase_of, string_length, tamed

PERIOD = np.array([2.0])
N = 400
#: Every phase is met once, in an order that has nothing to do with it.
PHASE = (np.arange(N) * 157 % N) / N
TIME = 2.0 * (np.arange(N) + PHASE)


def epochs(value) -> Epochs:
    return usable_epochs(LightCurves.from_lists([TIME], [np.asarray(value, float)], [np.full(N, 0.05)]))


def eclipses(width=0.1, secondary=0.4, at=0.5):
    """Dips of 1 and `secondary` mag, `width` of the cycle wide, the first at phase 0."""
    away = np.abs((PHASE + 0.5) % 1 - 0.5), np.abs(PHASE - at)
    return 14 + 1.0 * (away[0] < width / 2) + secondary * (away[1] < width / 2)


def minima(value, period=PERIOD) -> dict[str, float]:
    return {name: float(v[0]) for name, v in describe_minima(phase_curve(epochs(value), period)).items()}


def test_phases_are_those_of_the_clock_of_the_first_epoch():
    assert phase_of(epochs(np.zeros(N)), PERIOD) == pytest.approx((PHASE - PHASE[0]) % 1, abs=1e-9)


def test_the_string_length_of_an_even_sine_is_that_of_its_step():
    seen = epochs(np.sin(2 * np.pi * PHASE))
    assert string_length(seen, phase_of(seen, PERIOD)) == pytest.approx([1 - np.cos(2 * np.pi / N)], rel=1e-6)


def test_the_string_length_of_noise_is_one():
    seen = epochs(np.random.default_rng(0).normal(size=N))
    # Its scatter is 1 / sqrt(400) = 0.05.
    assert string_length(seen, phase_of(seen, PERIOD)) == pytest.approx([1.0], abs=0.2)


def test_the_folded_curve_is_smooth_at_the_period_and_rough_in_time():
    found = describe_phases(epochs(np.sin(2 * np.pi * PHASE)), PERIOD)
    assert found["p2p_scatter_folded_over_raw"][0] < 0.05
    assert found["p2p_scatter_raw"][0] > 0.5
    # At half the period two branches lie on each other.
    assert found["string_length_half"][0] > 2


def test_at_half_its_period_a_binary_is_smoother_at_the_double():
    value = np.cos(4 * np.pi * PHASE) + 0.5 * np.cos(2 * np.pi * PHASE)
    assert describe_phases(epochs(value), PERIOD / 2)["string_length_double"][0] < -1


def test_eclipses_have_their_depths_place_and_width():
    found = minima(eclipses())
    assert found["folded_amplitude"] == pytest.approx(1.0, abs=0.15)
    assert found["secondary_depth"] == pytest.approx(0.4, abs=0.1)
    assert found["secondary_phase"] == pytest.approx(0.5, abs=0.05)
    assert found["minimum_width"] == pytest.approx(0.1, abs=0.05)
    assert found["faint_share"] == pytest.approx(0.1, abs=0.05)
    # The smoothing over three bins brings 2.5 % on both sides of both minima.
    assert found["bright_share"] == pytest.approx(0.8, abs=0.11)


def test_an_eccentric_binary_has_its_second_minimum_elsewhere():
    assert minima(eclipses(at=0.35))["secondary_phase"] == pytest.approx(0.35, abs=0.05)


def test_a_sine_has_one_minimum_half_a_cycle_wide():
    found = minima(14 + 0.3 * np.cos(2 * np.pi * PHASE))
    assert found["folded_amplitude"] == pytest.approx(0.6, rel=0.05)
    assert found["minimum_width"] == pytest.approx(0.5, abs=0.05)
    assert found["secondary_depth"] == pytest.approx(0.0, abs=0.05)
    assert found["minimum_asymmetry"] == pytest.approx(0.0, abs=0.06)


def test_empty_bins_are_filled_from_their_neighbours():
    time = np.array([0.0, 2.1, 4.2, 6.3, 8.4])  # phases 0 to 0.2
    seen = usable_epochs(LightCurves.from_lists([time], [[10, 10.5, 11, 10.5, 10]], [np.full(5, 0.1)]))
    curve = phase_curve(seen, PERIOD)
    assert np.isfinite(curve).all()
    assert np.ptp(curve) <= 1.0 + 1e-9
    assert curve[0].argmax() == 0


def test_an_outlier_is_drawn_in_and_a_narrow_eclipse_stays():
    value = eclipses(width=0.02) + 0.02 * np.random.default_rng(0).standard_normal(N)
    bad = value.copy()
    bad[np.argmin(np.abs(PHASE - 0.3))] += 3.0
    at, eclipse = np.argmin(np.abs(PHASE - 0.3)), np.argmin(PHASE)
    calm = tamed(epochs(bad), PERIOD)
    assert calm[at] == pytest.approx(14.0, abs=0.2)
    assert calm[eclipse] == pytest.approx(15.0, abs=0.1)
    assert np.abs(calm - value)[np.abs(PHASE - 0.3) > 0.01].max() < 0.05
