"""The numbers by which light curves are compared have closed forms, and heed neither padding nor the order of epochs."""

import numpy as np
import pytest

from checkstar.data.curve_layout import CurveLayout, curve_dataset
from checkstar.data.curve_shapes import CurveShapes
from checkstar.data.light_curves import LightCurves


def described(time, value, error=0.1, *, extras=(), band=None, **meta):
    import pandas as pd

    error = [np.full(len(one), error) for one in value]
    curves = LightCurves.from_lists(time, value, error, band, meta=pd.DataFrame(meta) if meta else None)
    data = curve_dataset(curves, extras=extras).described()
    return [dict(zip(data.features, row, strict=True)) for row in data.x]


def test_how_it_was_observed_is_in_logarithms_of_days():
    (found,) = described([[0.0, 10.0, 20.0, 30.0, 100.0]], [[15.0, 15.1, 15.0, 15.1, 15.3]])
    wanted = {"log epochs": np.log10(5), "log baseline": 2.0, "log cadence": 1.0, "log error": -1.0, "mean V": 15.1}
    assert {name: found[name] for name in wanted} == pytest.approx(wanted)


def test_the_shape_of_a_square_wave_is_known():
    time = np.arange(200.0)
    (found,) = described([time], [15 + 0.5 * np.where(time % 2, 1.0, -1.0)])
    # Half of the values on either side: kurtosis -2, and every step is twice the amplitude, so eta is 4.
    wanted = {"log scatter": np.log10(0.5), "log amplitude": 0.0, "asymmetry": 0.0, "middle half": 1.0}
    wanted |= {"skewness": 0.0, "kurtosis": -2.0, "eta": 4.0, "log chi2": np.log10(25)}
    assert {name: found[name] for name in wanted} == pytest.approx(wanted, abs=1e-9)
    assert abs(found["trend"]) < 0.01


def test_noise_has_a_chi2_of_one_and_an_eta_of_two():
    rng = np.random.default_rng(0)
    found = described([np.arange(500.0)] * 20, 15 + 0.1 * rng.standard_normal((20, 500)))
    # Means of 20 objects with 500 epochs each: one sigma is 0.014 of chi^2 and 0.02 of eta.
    assert np.mean([10 ** one["log chi2"] for one in found]) == pytest.approx(1.0, abs=0.05)
    assert np.mean([one["eta"] for one in found]) == pytest.approx(2.0, abs=0.06)


def test_eta_around_the_ring_of_phases_has_no_origin():
    rng = np.random.default_rng(1)
    time = np.sort(rng.uniform(0, 300, 80))
    saw = (time / 0.7 + 0.31) % 1
    here, moved = described([time, time + 12.34], [saw, saw], extras=["period"], period=[0.7, 0.7])
    assert here["eta in phase"] == pytest.approx(moved["eta in phase"], rel=1e-9)
    assert here["eta in phase"] < 0.4 < here["eta"]
    assert here["log period"] == pytest.approx(np.log10(0.7))


def test_bands_have_means_of_their_own_and_one_shape():
    time, band = np.arange(40.0), np.tile(["g", "r"], 20)
    (found,) = described([time], [np.where(band == "g", 18.0, 17.0)], band=[band])
    assert (found["mean g"], found["mean r"]) == (18.0, 17.0)
    # A colour is no variation.
    assert np.isnan(found["log scatter"])


def test_padding_and_the_order_of_epochs_change_nothing():
    rng = np.random.default_rng(2)
    x = np.column_stack([np.sort(rng.uniform(0, 99, (3, 20))), 15 + rng.standard_normal((3, 20))])
    layout, wide = CurveLayout(n_epochs=20), CurveLayout(n_epochs=25)
    order, blank = rng.permutation(20), np.full((3, 5), np.nan)
    padded = np.column_stack([x[:, order], blank, x[:, 20 + order], blank])
    shapes = CurveShapes()
    assert shapes(padded, None, wide.features) == pytest.approx(shapes(x, None, layout.features), nan_ok=True)


def test_too_few_epochs_say_nothing_of_shape_and_crash_nothing():
    found = described([[1.0, 2.0], [], [5.0]], [[15.0, 15.2], [], [14.0]])
    assert all(np.isnan(one["skewness"]) for one in found)
    assert [one["mean V"] for one in found] == pytest.approx([15.1, np.nan, 14.0], nan_ok=True)
