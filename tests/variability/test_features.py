from __future__ import annotations

from collections import namedtuple

import numpy as np
import pandas as pd
import pytest

from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.variability.features import Features, describe_curves

RNG = np.random.default_rng(0)


def stars(n: int = 12) -> tuple[LightCurves, np.ndarray]:
    period = RNG.uniform(0.3, 30.0, n)
    time = [55000 + np.sort(RNG.uniform(0, 1500, 30 + 5 * i)) for i in range(n)]
    value = [
        15 + 0.4 * np.cos(2 * np.pi * t / p) + 0.05 * RNG.standard_normal(len(t))
        for t, p in zip(time, period, strict=True)
    ]
    curves = LightCurves.from_lists(time, value, [np.full(len(t), 0.05) for t in time])
    return curves, period


CURVES, PERIOD = stars()


def get(features: Features, name: str) -> np.ndarray:
    return features.values[:, features.names.index(name)]


def test_there_is_one_row_per_object_and_a_name_per_column():
    features = describe_curves(CURVES, PERIOD)
    assert features.values.shape == (12, len(features.names))
    assert len(set(features.names)) == len(features.names) >= 60
    assert get(features, "log_period") == pytest.approx(np.log10(PERIOD))


def test_an_object_is_described_alike_alone_and_in_a_batch():
    whole = describe_curves(CURVES, PERIOD).values
    alone = np.concatenate([describe_curves(CURVES[[i]], PERIOD[[i]]).values for i in range(12)])
    assert alone == pytest.approx(whole, rel=1e-9, abs=1e-12)


def test_the_order_of_epochs_and_the_zero_of_time_change_nothing():
    order = np.lexsort((RNG.random(len(CURVES.time)), CURVES.owner))
    moved = CURVES.sorted_by(order).replace(time=CURVES.time[order] + 1024.0)
    assert describe_curves(moved, PERIOD).values == pytest.approx(
        describe_curves(CURVES, PERIOD).values, rel=1e-6, abs=1e-6
    )


def test_a_flux_upside_down_has_the_shape_of_the_magnitude():
    flux = CURVES.replace(value=200 - 10 * CURVES.value, error=10 * CURVES.error, unit="nJy")
    one, other = describe_curves(CURVES, PERIOD), describe_curves(flux, PERIOD)
    for name in ("skew", "r21", "phi21", "stetson_k", "rise_share", "secondary_phase", "eta", "sideband_power"):
        assert get(other, name) == pytest.approx(get(one, name), rel=1e-6, abs=1e-6), name
    assert get(other, "amplitude") == pytest.approx(10 * get(one, "amplitude"))


@pytest.mark.parametrize(
    "value",
    [
        np.full(40, 15.0),
        np.where(np.arange(40) == 7, 1e6, 15.0),
        np.where(np.arange(40) == 7, -1e300, 15.0),
        np.arange(40.0),
        np.where(np.arange(40) % 2, np.nan, 15.0),
    ],
    ids=["constant", "outlier", "absurd", "line", "holes"],
)
@pytest.mark.parametrize("unit", ["mag", "nJy"])
def test_every_number_is_finite_whatever_comes(value, unit):
    for error in (np.full(40, 0.1), np.full(40, np.nan), np.full(40, 1e-12)):
        for time in (np.arange(40.0), np.zeros(40), np.repeat(np.arange(20.0), 2)):
            curves = LightCurves.from_lists([time], [value], [error], unit=unit)
            features = describe_curves(curves, [0.7])
            assert np.isfinite(features.values).all()
            assert (np.abs(features.values) <= 1e30).all()


def test_five_epochs_are_described_and_four_are_not():
    time, value = [np.arange(5.0) * 1.3, np.arange(4.0) * 1.3, []], [[10, 11, 10, 11, 12], [10, 11, 10, 11], []]
    curves = LightCurves.from_lists(time, value, [np.full(len(t), 0.1) for t in time])
    features = describe_curves(curves, [2.0] * 3)
    assert get(features, "is_described").tolist() == [1, 0, 0]
    assert np.isfinite(features.values).all()
    assert get(features, "amplitude").tolist() == [1, 0, 0]
    assert not features.values[1:].any()


def test_nothing_at_all_has_a_table_of_no_rows():
    assert describe_curves(CURVES[[]], []).values.shape == (0, len(describe_curves(CURVES, PERIOD).names))


@pytest.mark.parametrize("bad", [np.nan, 0.0, -1.0, np.inf])
def test_without_a_period_folded_features_are_zero_and_say_so(bad):
    period = PERIOD.copy()
    period[0] = bad
    features = describe_curves(CURVES, period)
    assert get(features, "has_period").tolist() == [0] + [1] * 11
    assert get(features, "fourier_amplitude")[0] == get(features, "sideband_power")[0] == 0
    assert get(features, "amplitude")[0] > 0
    assert features.values[1:] == pytest.approx(describe_curves(CURVES, PERIOD).values[1:], rel=1e-9, abs=1e-12)


def test_without_periods_there_are_no_folded_features():
    names = describe_curves(CURVES).names
    assert "amplitude" in names
    assert not {"has_period", "log_period", "r21"} & set(names)


def test_candidates_are_described_by_their_ratios_and_powers():
    periods = namedtuple("Periods", "period power false_alarm")(
        np.column_stack([PERIOD, PERIOD / 2]), np.tile([0.8, 0.4], (12, 1)), np.tile([1e-9, 1e-3], (12, 1))
    )
    features = describe_curves(CURVES, periods)
    assert get(features, "period_ratio_21") == pytest.approx(np.full(12, 0.5))
    assert get(features, "power_ratio_21") == pytest.approx(np.full(12, 0.5))
    assert get(features, "log_false_alarm") == pytest.approx(np.full(12, -9.0))


def test_statistics_of_errors_are_zero_where_no_error_is_known():
    unknown = describe_curves(CURVES.replace(error=np.full(len(CURVES.time), np.nan)), PERIOD)
    assert not get(unknown, "chi2").any()
    assert get(unknown, "skew") == pytest.approx(get(describe_curves(CURVES, PERIOD), "skew"))


def test_colours_are_differences_of_medians():
    band = np.tile([0, 1], len(CURVES.time))[: len(CURVES.time)].astype(np.int16)
    curves = CURVES.replace(value=CURVES.value + 0.7 * band, band=band, bands=("g", "r"))
    # 15 epochs in a band scatter by 0.28 mag: medians by about 0.1.
    assert get(describe_curves(curves, PERIOD), "colour_g_r") == pytest.approx(np.full(12, -0.7), abs=0.45)


def test_periods_of_other_objects_are_refused():
    with pytest.raises(InputError, match="periods have shape"):
        describe_curves(CURVES, PERIOD[:5])


def test_metadata_is_no_feature():
    labelled = CURVES.replace(meta=pd.DataFrame({"class": ["EA"] * 12, "vmag": np.arange(12.0)}))
    assert (describe_curves(labelled, PERIOD).values == describe_curves(CURVES, PERIOD).values).all()


@pytest.mark.parametrize("scale", [1e-29, 1e-33, 1e10])
def test_features_without_a_unit_are_the_same_in_every_unit_of_flux(scale):
    # 23 mag AB in erg / s / cm2 / Hz is 2e-29, in W / m2 / Hz 2e-32: errors so small are errors all the same.
    time = np.sort(np.random.default_rng(0).uniform(0, 300, 100))
    flux = 1 + 0.2 * np.sin(2 * np.pi * time / 0.61)
    made = [LightCurves.from_lists([time], [s * flux], [np.full(100, 0.02 * s)], unit="Jy") for s in (1.0, scale)]
    found = [describe_curves(curves, [0.61]) for curves in made]
    for name in ("chi2", "stetson_k", "stetson_j", "percent_amplitude", "chi2_residual", "roms"):
        one, other = (float(f.values[0, f.names.index(name)]) for f in found)
        assert other == pytest.approx(one, rel=1e-6)
