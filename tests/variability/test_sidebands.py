from __future__ import annotations

import numpy as np
import pytest

from checkstar.data.light_curves import LightCurves
from checkstar.variability.epochs import usable_epochs
from checkstar.variability.harmonics import fit_harmonics, harmonic_model
from checkstar.variability.segments import Segments
from checkstar.variability.sidebands import describe_residuals, narrow_spectrum

RNG = np.random.default_rng(0)
COUNTS = [6, 80, 300]
TIME = np.concatenate([np.sort(RNG.uniform(0, 2500, m)) for m in COUNTS])
PARTS = Segments(np.concatenate([[0], np.cumsum(COUNTS)]))
PERIOD = 0.6


def residual_features(signal, period=PERIOD) -> dict[str, float]:
    """Features of what a series at `period` leaves of a sawtooth-like star with `signal` (time) on top."""
    time = np.sort(np.random.default_rng(1).uniform(0, 2500, 250))
    phase = 2 * np.pi * time / period
    value = 14 + 0.4 * np.cos(phase) + 0.2 * np.cos(2 * phase + 1) + signal(time)
    value += 0.02 * np.random.default_rng(2).standard_normal(250)
    curves = LightCurves.from_lists([time], [value], [np.full(250, 0.02)])
    fit = fit_harmonics(curves, [period], 5)
    found = describe_residuals(usable_epochs(curves), harmonic_model(curves, [period], fit), np.array([period]))
    return {name: float(column[0]) for name, column in found.items()}


CLEAN = residual_features(np.zeros_like)


@pytest.mark.parametrize("steps", [64, 512])
def test_the_narrow_spectrum_is_the_sum_over_epochs(steps):
    value, weight, centre = RNG.normal(size=len(TIME)), RNG.uniform(0.5, 2, len(TIME)), np.array([0.1, 1.7, 14.0])
    found = narrow_spectrum(PARTS, TIME, value, weight, centre, steps=steps)
    for i in range(3):
        part = slice(PARTS.offsets[i], PARTS.offsets[i + 1])
        t, y, w = TIME[part], value[part], weight[part]
        turn = np.exp(-2j * np.pi * (centre[i] + found.offset[i])[:, None] * t)
        power = 2 * np.abs(turn @ (w * y)) ** 2 / (w.sum() * (w * y**2).sum())
        # The kernel of the transform reaches four cells, which leaves a few 1e-4 of the largest power.
        assert found.power[i] == pytest.approx(power, abs=1e-3)


def test_the_spectrum_reaches_the_half_width_or_as_far_as_its_steps():
    short, long = (
        narrow_spectrum(Segments(np.array([0, 5])), np.linspace(0, span, 5), np.ones(5), np.ones(5), np.array([1.0]))
        for span in (10.0, 1e4)
    )
    assert short.offset[0, [0, -1]] == pytest.approx([-0.1, 0.1])
    assert long.offset[0, -1] == pytest.approx(512 / 3e4)


def test_a_clean_star_leaves_white_noise():
    # 250 residuals of 1 sigma less 11 parameters; the scatter of eta is 2 / sqrt(250) = 0.13.
    assert CLEAN["chi2_residual"] == pytest.approx(239 / 250, abs=0.2)
    assert CLEAN["eta_residual"] == pytest.approx(2.0, abs=0.4)
    phase = 2 * np.pi * np.arange(1000) / 1000
    raw = 0.4 * np.cos(phase) + 0.2 * np.cos(2 * phase + 1)
    assert CLEAN["scatter_res_raw"] == pytest.approx(0.02 * 0.6745 / np.median(np.abs(raw - np.median(raw))), rel=0.2)


def test_a_modulated_star_shows_both_sidebands_at_the_frequency_of_the_modulation():
    found = residual_features(lambda t: 0.1 * np.cos(2 * np.pi * t / 40) * np.cos(2 * np.pi * t / PERIOD))
    assert 10 ** found["sideband_distance"] == pytest.approx(1 / 40, abs=1 / 2500)
    # Each side carries half of the power, a bit less where they are correlated by the sampling.
    assert found["sideband_power"] > 0.4
    assert found["sideband_twin"] > 0.25
    assert CLEAN["sideband_power"] < 0.15


def test_a_single_sideband_has_no_twin():
    found = residual_features(lambda t: 0.1 * np.cos(2 * np.pi * t * (1 / PERIOD + 1 / 40)))
    assert found["sideband_power"] > 0.8
    assert found["sideband_twin"] < 0.1


def test_a_second_mode_is_found_at_the_ratio_of_double_mode_stars():
    found = residual_features(lambda t: 0.1 * np.cos(2 * np.pi * t / (PERIOD / 0.7442)))
    assert found["fundamental_ratio"] == pytest.approx(0.7442, abs=PERIOD / 2500)
    assert found["fundamental_power"] > 0.8
    assert found["fundamental_peak"] > 2 * CLEAN["fundamental_peak"]
    found = residual_features(lambda t: 0.1 * np.cos(2 * np.pi * t / (PERIOD * 0.7442)))
    assert found["overtone_ratio"] == pytest.approx(1 / 0.7442, abs=PERIOD / 2500)
    assert found["overtone_power"] > 0.8


def test_a_single_bad_epoch_does_not_hide_the_sidebands():
    def signal(time):
        bad = np.where(np.arange(len(time)) == 100, 5.0, 0.0)
        return bad + 0.1 * np.cos(2 * np.pi * time / 40) * np.cos(2 * np.pi * time / PERIOD)

    assert residual_features(signal)["sideband_power"] > 0.2
