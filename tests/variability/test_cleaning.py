"""Cleaning: each fault is named, mended or left out, and counted; no object is lost and none stops the others."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkstar.data.curve_layout import curve_dataset
from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.variability.cleaning import REASONS, clean, flagged, label_faults, separate_bands


def one(time, value, error=0.1, band=None, **settings) -> LightCurves:
    error = np.broadcast_to(np.asarray(error, dtype=float), np.shape(time))
    return LightCurves.from_lists([time], [value], [error], None if band is None else [band], **settings)


def reasons(cleaned) -> set[str]:
    return {reason for reason in REASONS if cleaned.flags[reason].any()}


def good(n: int = 6) -> LightCurves:
    return one(np.arange(float(n)), 15 + 0.1 * np.arange(n))


def columns(curves: LightCurves) -> tuple:
    return curves.time.tolist(), curves.value.tolist(), curves.error.tolist()


def test_nothing_happens_to_good_light_curves():
    cleaned = clean(good())
    assert columns(cleaned.curves) == columns(good())
    assert reasons(cleaned) == set()
    assert cleaned.summary == "Nothing was wrong with 1 objects."
    assert list(cleaned.flags) == [*REASONS, *(f"n_{reason}" for reason in REASONS)]


@pytest.mark.parametrize("value", [99.0, -99.0, 99.999, -99.9, 999.0, 0.0, np.nan, np.inf, -np.inf])
def test_place_holders_for_magnitudes_are_left_out(value):
    cleaned = clean(one(np.arange(7.0), [15.0, 15.1, value, 15.2, 15.1, 15.0, 15.3]))
    assert reasons(cleaned) == {"bad_value"}
    assert cleaned.flags["n_bad_value"].tolist() == [1]
    assert cleaned.curves.time.tolist() == [0, 1, 3, 4, 5, 6]


def test_fluxes_may_be_zero_negative_and_large():
    curves = one(np.arange(7.0), [0.0, -99.0, 99.0, 1e6, -5.0, np.nan, np.inf], 20.0, unit="nJy")
    cleaned = clean(curves)
    assert cleaned.curves.value.tolist() == [0.0, -99.0, 99.0, 1e6, -5.0]
    assert reasons(cleaned) == {"bad_value"}


@pytest.mark.parametrize("time", [np.nan, np.inf, -2409998.5, 2455000.5, -9999999.0])
def test_times_that_are_no_date_are_left_out(time):
    cleaned = clean(one([*np.arange(6.0), time], np.full(7, 15.0) + np.arange(7)))
    assert reasons(cleaned) == {"bad_time"}
    assert cleaned.curves.time.tolist() == list(np.arange(6.0))


@pytest.mark.parametrize("error", [0.0, -0.1, np.nan, np.inf, 99.0, 9.999])
def test_epochs_with_an_error_that_is_none_are_left_out(error):
    cleaned = clean(one(np.arange(6.0), 15 + np.arange(6.0), [0.1, error, 0.1, 0.1, 0.1, 0.1]))
    assert reasons(cleaned) == {"bad_error"}
    assert cleaned.curves.time.tolist() == [0, 2, 3, 4, 5]


@pytest.mark.parametrize("error", [0.0, -1.0, np.nan, np.inf])
def test_without_any_error_each_epoch_has_the_scatter_of_its_neighbours(error):
    rng = np.random.default_rng(0)
    curves = one(np.arange(2000.0), 15 + 0.05 * rng.standard_normal(2000), error)
    cleaned = clean(curves)
    assert reasons(cleaned) == {"no_errors"}
    assert cleaned.flags["n_no_errors"].tolist() == [2000]
    assert len(cleaned.curves.time) == 2000
    assert cleaned.curves.error == pytest.approx(np.full(2000, 0.05), rel=0.1)  # one sigma is 3 %


def test_unsorted_epochs_are_sorted_with_everything_that_is_theirs():
    curves = one([3.0, 1.0, 2.0, 5.0, 4.0], [13.0, 11.0, 12.0, 15.0, 14.0], [0.3, 0.1, 0.2, 0.5, 0.4], list("grgrg"))
    cleaned = clean(curves)
    assert reasons(cleaned) == {"unsorted"}
    assert columns(cleaned.curves) == ([1, 2, 3, 4, 5], [11, 12, 13, 14, 15], [0.1, 0.2, 0.3, 0.4, 0.5])
    assert [cleaned.curves.bands[code] for code in cleaned.curves.band] == ["r", "g", "g", "g", "r"]


def test_the_same_measurement_twice_is_kept_once():
    cleaned = clean(one([0.0, 1.0, 1.0, 1.0, 2.0, 3.0, 4.0], [15, 16, 16, 16, 17, 18, 19]))
    assert reasons(cleaned) == {"duplicate"}
    assert cleaned.flags["n_duplicate"].tolist() == [2]
    assert columns(cleaned.curves) == ([0, 1, 2, 3, 4], [15, 16, 17, 18, 19], [0.1] * 5)


def test_measurements_of_one_moment_are_averaged_with_inverse_variances():
    cleaned = clean(one([0.0, 1.0, 1.0, 2.0, 3.0, 4.0], [15, 16, 16.1, 17, 18, 19], [0.1, 0.1, 0.2, 0.1, 0.1, 0.1]))
    assert cleaned.curves.value[1] == pytest.approx((16 / 0.01 + 16.1 / 0.04) / (1 / 0.01 + 1 / 0.04), rel=1e-14)
    assert cleaned.curves.error[1] == pytest.approx(1 / np.sqrt(1 / 0.01 + 1 / 0.04), rel=1e-14)
    assert cleaned.curves.n_epochs.tolist() == [5]


def test_a_repeated_measurement_counts_once_in_the_mean():
    cleaned = clean(one([1.0, 1.0, 1.0, 2.0], [16, 17, 16, 17]))
    assert cleaned.curves.value.tolist() == [16.5, 17]
    assert cleaned.curves.error[0] == pytest.approx(
        0.5
    )  # of 16 and 17 once each: half their distance, not 0.1 / sqrt(2)


def test_measurements_of_one_moment_that_disagree_are_no_better_known_than_they_agree():
    rng, n = np.random.default_rng(0), 2000
    sigma, others = 0.3, 0.05  # what they scatter by, and what they say
    times = [np.repeat([1.0, 2.0, 3.0, 4.0, 5.0], 3)] * n
    curves = LightCurves.from_lists(times, list(15 + sigma * rng.standard_normal((n, 15))), [np.full(15, others)] * n)
    cleaned = clean(curves).curves
    # Birge's ratio of three has two degrees of freedom: chi^2 is right on average.
    assert np.sqrt(np.mean(cleaned.error**2)) == pytest.approx(sigma / np.sqrt(3), rel=0.03)  # 10,000 means: 1 % each
    assert np.std(cleaned.value) == pytest.approx(sigma / np.sqrt(3), rel=0.03)


def test_bands_at_one_moment_stay_apart():
    curves = one([1.0, 1.0, 1.0, 2.0, 3.0, 4.0], [16, 14, 18, 15, 15, 15], 0.1, ["g", "r", "g", "g", "g", "g"])
    cleaned = clean(curves)
    assert cleaned.flags["n_duplicate"].tolist() == [1]
    assert cleaned.curves.time.tolist() == [1, 1, 2, 3, 4]
    assert cleaned.curves.value[:2].tolist() == [17, 14]


def test_neighbouring_objects_at_one_moment_stay_apart():
    times, values = [[0.0, 0.0, 1.0], [1.0, 2.0]], [[14.0, 15.0, 16.0], [16.0, 17.0]]
    cleaned = clean(LightCurves.from_lists(times, values, [[0.1] * 3, [0.1] * 2]))
    assert cleaned.flags["duplicate"].tolist() == [True, False]
    assert cleaned.curves.time.tolist() == [0.0, 1.0, 1.0, 2.0]
    assert cleaned.curves.n_epochs.tolist() == [2, 2]


def test_few_epochs_are_flagged_and_the_object_stays():
    curves = LightCurves.from_lists(
        [np.arange(5.0), np.arange(4.0), [], np.arange(9.0)],
        [np.full(5, 15.0), np.full(4, 15.0), [], np.full(9, 99.0)],
        [np.full(5, 0.1), np.full(4, 0.1), [], np.full(9, 0.1)],
    )
    cleaned = clean(curves)
    assert cleaned.flags["too_few"].tolist() == [False, True, True, True]
    assert cleaned.curves.n_epochs.tolist() == [5, 4, 0, 0]
    assert clean(curves, least_epochs=3).flags["too_few"].tolist() == [False, False, True, True]


def test_epochs_in_another_band_are_left_out_and_flagged():
    curves = one(np.arange(6.0), np.full(6, 15.0), 0.1, list("VVVIVV"))
    cleaned = clean(curves, band="V")
    assert reasons(cleaned) == {"mixed_bands"}
    assert (cleaned.curves.bands, cleaned.curves.time.tolist()) == (("V",), [0, 1, 2, 4, 5])
    assert reasons(clean(curves)) == set()
    with pytest.raises(InputError, match="there is no band 'B'"):
        clean(curves, band="B")


@pytest.mark.parametrize("period", [0.0, -0.5, np.nan, np.inf, None, "n/a"])
def test_what_is_no_period_is_unknown(period):
    curves = good()[[0, 0]]
    cleaned = clean(curves.replace(meta=pd.DataFrame({"period": pd.Series([0.7, period], dtype=object)})))
    assert cleaned.flags["bad_period"].tolist() == [False, True]
    np.testing.assert_array_equal(cleaned.curves.meta["period"], [0.7, np.nan])


def test_the_summary_counts_objects_and_epochs():
    curves = LightCurves.from_lists(
        [np.arange(6.0), np.arange(6.0), [0.0]],
        [[99.0, 99.0, 15, 15, 15, 15], np.full(6, 15.0), [15.0]],
        [np.full(6, 0.1), np.full(6, 0.1), [0.1]],
    )
    cleaned = clean(curves)
    assert cleaned.n_objects["bad_value"] == 1
    assert cleaned.summary.splitlines() == [
        "1 of 3 objects: values that are no measurement (99, -99, 0 mag, NaN, infinite); these epochs are left out (2 epochs).",
        "2 of 3 objects: fewer than 5 epochs left; the object stays, and nothing can be told about it.",
    ]


def test_cleaning_again_changes_nothing():
    dirty = many_faults()
    once = clean(dirty)
    twice = clean(once.curves)
    assert columns(once.curves) == columns(twice.curves)
    assert reasons(twice) <= {"too_few", "bad_period"}


def many_faults() -> LightCurves:
    """Every fault at once, each in an object of its own, beside a good one."""
    n = 8
    time = np.tile(np.arange(float(n)), (9, 1))
    value = 15 + 0.1 * np.tile(np.arange(n), (9, 1))
    error = np.full((9, n), 0.1)
    time[1] = time[1][::-1]
    time[2, 3] = time[2, 4]
    value[3, :4] = [99.0, 0.0, np.nan, -99.0]
    error[4] = np.nan
    error[5, 2] = 0.0
    time[6, 0] = np.nan
    value[7] = 99.0
    period = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0]
    return LightCurves.from_lists(list(time), list(value), list(error), meta={"period": period})


def test_every_fault_is_named_and_the_rest_go_on():
    cleaned = clean(many_faults())
    found = [{reason for reason in REASONS if cleaned.flags[reason][i]} for i in range(9)]
    assert found == [
        set(), {"unsorted"}, {"duplicate"}, {"bad_value", "too_few"}, {"no_errors"}, {"bad_error"}, {"bad_time"},
        {"bad_value", "too_few"}, {"bad_period"},
    ]  # fmt: skip
    assert len(cleaned.curves) == 9
    assert columns(cleaned.curves[[0]]) == columns(many_faults()[[0]])


anything = st.one_of(
    st.sampled_from([0.0, 1.0, 2.0, -1.0, 99.0, -99.0, np.nan, np.inf, -np.inf, 1e300, 15.0]), st.floats()
)
epochs = st.lists(st.tuples(anything, anything, anything, st.integers(0, 1)), max_size=8)


@settings(max_examples=80, deadline=None)
@given(st.lists(epochs, max_size=4), st.sampled_from(["mag", "nJy"]), st.sampled_from([None, "g"]))
def test_whatever_comes_what_goes_out_is_usable(objects, unit, band):
    flat = [epoch for one_object in objects for epoch in one_object]
    table = np.array([epoch[:3] for epoch in flat], dtype=float).reshape(-1, 3)
    curves = LightCurves(
        time=table[:, 0],
        value=table[:, 1],
        error=table[:, 2],
        band=np.array([epoch[3] for epoch in flat], dtype=np.int16),
        bands=("g", "r"),
        offsets=np.concatenate([[0], np.cumsum([len(one_object) for one_object in objects], dtype=int)]),
        unit=unit,
        meta=pd.DataFrame({"period": [epoch[0][0] if epoch else np.nan for epoch in objects]}),
    )
    with np.errstate(over="ignore", invalid="ignore"):  # differences of fluxes of 1e308
        cleaned = clean(curves, band=band)
    assert len(cleaned.curves) == len(cleaned.flags) == len(objects)
    out = cleaned.curves
    assert np.isfinite(out.time).all()
    same = np.diff(out.owner) == 0
    assert (np.diff(out.time)[same] >= 0).all()
    repeated = same & (np.diff(out.time) == 0) & (np.diff(out.band) == 0)
    assert not repeated.any()
    assert (out.n_epochs <= curves.n_epochs).all()
    assert (cleaned.flags["too_few"] == (out.n_epochs < 5)).all()
    assert isinstance(cleaned.summary, str)


def test_flags_become_metadata_of_light_curves_and_of_a_dataset():
    cleaned = clean(many_faults())
    curves = flagged(cleaned.curves, cleaned.flags)
    data = flagged(curve_dataset(cleaned.curves), cleaned.flags)
    for meta in (curves.meta, data.meta):
        assert meta["flag_too_few"].tolist() == [False, False, False, True, False, False, False, True, False]
        assert "flag_mixed_bands" not in meta
        assert not [name for name in meta if name.startswith("flag_n_")]
    assert list(cleaned.curves.meta) == ["period"]  # what was given is as it was
    with pytest.raises(InputError, match="the flags describe 9 objects but there are 2"):
        flagged(data[:2], cleaned.flags)


def test_bands_are_separated_with_their_metadata():
    curves = LightCurves.from_lists(
        [[0.0, 1.0, 2.0], [], [0.0]], [[15.0, 14.0, 15.1], [], [13.0]], None, [["g", "r", "g"], [], ["r"]],
        meta={"id": ["a", "b", "c"]},
    )  # fmt: skip
    apart = separate_bands(curves)
    assert apart.meta.to_dict("list") == {
        "id": ["a", "a", "b", "c"],
        "band": ["g", "r", "", "r"],
        "object": [0, 0, 1, 2],
    }
    assert [one_band.value.tolist() for one_band in apart] == [[15.0, 15.1], [14.0], [], [13.0]]


def test_labels_that_nobody_can_have_learned_are_named():
    faults = label_faults(["EA", "RR", None], pd.Series(["EA", "Mira", np.nan, "Mira", "SR"]))
    assert faults.only_in_test == {"Mira": 2, "SR": 1}
    assert (faults.missing_in_train.tolist(), faults.missing_in_test.tolist()) == ([2], [2])
    assert "1 objects of the training set have no label (rows 2)" in faults.summary
    assert "Mira (2), SR (1)" in faults.summary
    assert label_faults(["EA"], ["EA"]).summary == ""


def test_labels_may_be_numbers():
    assert label_faults([1, 2], [2, 3]).only_in_test == {"3": 1}


def test_a_path_is_no_light_curves():
    with pytest.raises(InputError, match="str came where LightCurves are needed"):
        clean("stars.csv")
