"""A light curve in a row is the light curve: packed and unpacked it is the same, and a Dataset of rows keeps it so."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkstar.data.curve_layout import CurveLayout, curve_dataset
from checkstar.data.dataset import Dataset
from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.noise import Gaussian


def curves(n_bands: int = 2) -> LightCurves:
    """Four objects: three epochs, none, one, five."""
    sizes = np.array([3, 0, 1, 5])
    n = sizes.sum()
    rng = np.random.default_rng(0)
    return LightCurves(
        time=50000 + np.concatenate([np.sort(rng.uniform(0, 1000, size)) for size in sizes]),
        value=rng.normal(15, 1, n),
        error=rng.uniform(0.01, 0.1, n),
        band=rng.integers(0, n_bands, n),
        bands=("g", "r", "i")[:n_bands],
        offsets=np.concatenate([[0], np.cumsum(sizes)]),
        meta=pd.DataFrame(
            {
                "id": list("abcd"),
                "class": ["EA", "RR", "RR", "EA"],
                "period": [0.5, np.nan, 2.0, 3.0],
                "colour": [1, 2, 3, 4],
            }
        ),
        name="toy",
        citation="nobody 2000",
    )


def assert_same(one: LightCurves, other: LightCurves) -> None:
    for name in ("time", "value", "error", "band", "offsets"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert one.unit == other.unit


def unpacked(data: Dataset) -> LightCurves:
    return CurveLayout.of(data.features).unpack(data.x, data.noise)


@st.composite
def any_curves(draw):
    """Light curves of 0 to 5 objects of 0 to 6 epochs in 1 to 3 bands, sorted, with any numbers below 1e30."""
    sizes = draw(st.lists(st.integers(0, 6), max_size=5))
    n, n_bands = sum(sizes), draw(st.integers(1, 3))
    finite = st.floats(min_value=-9e29, max_value=9e29)
    columns = [draw(st.lists(finite, min_size=n, max_size=n)) for _ in range(2)]
    error = draw(st.lists(st.floats(min_value=5e-324, max_value=9e29), min_size=n, max_size=n))
    band = draw(st.lists(st.integers(0, n_bands - 1), min_size=n, max_size=n))
    offsets = np.concatenate([[0], np.cumsum(sizes, dtype=int)])
    time = np.array(columns[0])
    for first, last in pairwise(offsets):
        time[first:last].sort()
    extra = draw(st.lists(st.floats(), min_size=len(sizes), max_size=len(sizes)))
    return LightCurves(
        time=time,
        value=np.array(columns[1]),
        error=np.array(error),
        band=np.array(band, dtype=np.int16),
        bands=("g", "r", "i(z)")[:n_bands],
        offsets=offsets,
        meta=pd.DataFrame({"extra": np.array(extra, dtype=float)}),
        unit=draw(st.sampled_from(["mag", "nJy", "", "electron / s", "mag(AB)"])),
    )


@settings(max_examples=80, deadline=None)
@given(any_curves(), st.integers(0, 3), st.booleans())
def test_packed_and_unpacked_they_are_the_same(made, room, with_extra):
    width = max(int(made.n_epochs.max(initial=1)), 1) + room
    layout = CurveLayout(n_epochs=width, extras=("extra",) if with_extra else (), bands=made.bands, unit=made.unit)
    packed = layout.pack(made)
    assert packed.x.shape == packed.sigma.shape == (len(made), layout.n_features) == (len(made), len(layout.features))
    again = CurveLayout.of(layout.features).unpack(packed.x, Gaussian(packed.sigma))
    assert_same(again, made)
    if with_extra:
        np.testing.assert_array_equal(again.meta["extra"], made.meta["extra"])
    if len(made.bands) > 1:
        assert again.bands == made.bands


def test_the_columns_say_what_they_are():
    layout = CurveLayout(n_epochs=2, extras=("period",), bands=("g", "r"), unit="")
    assert layout.features == (
        "period", "time[0]", "time[1]", "flux[0]", "flux[1]", "band(g,r)[0]", "band(g,r)[1]",
    )  # fmt: skip
    assert CurveLayout.of(layout.features) == layout
    assert CurveLayout.of(None, 6) == CurveLayout(n_epochs=3)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (("u", "g", "r"), "these 3 columns hold no times"),
        (("time[0]", "time[1]", "mag[0]"), r"these 3 columns are not .* of 2 epochs \(4 columns\) in this order"),
        (("time[1]", "time[0]", "mag[0]", "mag[1]"), "in this order; make the data with curve_dataset"),
        (("time[0]", "mag[0]", "period"), "are not extras, times, values and bands of 1 epochs"),
    ],
)
def test_columns_of_another_form_are_refused(features, message):
    with pytest.raises(InputError, match=message):
        CurveLayout.of(features)


def test_settings_that_columns_cannot_show_are_refused():
    with pytest.raises(InputError, match="n_epochs is 0; give room for at least one epoch"):
        CurveLayout(n_epochs=0)
    with pytest.raises(InputError, match="band 'g, r' has a comma"):
        CurveLayout(n_epochs=1, bands=("g, r", "i"))
    with pytest.raises(InputError, match="rows of 5 columns are not 0 extras and 2 columns an epoch"):
        CurveLayout.of(None, 5)


@pytest.mark.parametrize("n_bands", [1, 2])
@pytest.mark.parametrize("extras", [(), ("period", "colour")])
def test_rows_of_another_width_are_the_same_light_curves(n_bands, extras):
    made = curves(n_bands)
    layout = CurveLayout(n_epochs=5, extras=extras, bands=made.bands)
    wide = CurveLayout(n_epochs=9, extras=extras, bands=made.bands).pack(made)
    assert layout.for_width(wide.x.shape[1]).n_epochs == 9
    assert_same(layout.unpack(wide.x, Gaussian(wide.sigma)), made)


def test_an_object_without_epochs_is_a_row_of_nothing():
    made = curves(1)
    packed = CurveLayout(n_epochs=5).pack(made)
    assert np.isnan(packed.x[1]).all()
    assert np.isinf(packed.sigma[1]).all()


def test_no_objects_and_one_object_are_in_order():
    for rows in (slice(0, 0), slice(0, 1), slice(1, 2)):
        part = curves()[rows]
        data = curve_dataset(part, "class")
        assert (len(data), data.task) == (len(part), "classification")
        assert_same(unpacked(data), part)


def test_long_light_curves_are_thinned_evenly():
    made = LightCurves.from_lists(
        [np.arange(1000.0), np.arange(10.0)], [np.zeros(1000), np.zeros(10)], [np.ones(1000), np.ones(10)]
    )
    for room in (1, 7, 10, 333, 999, 1000):
        found = CurveLayout(n_epochs=room).pack(made)
        n_kept = np.isfinite(found.x[:, :room]).sum(axis=1)
        assert n_kept.tolist() == [room, min(room, 10)]
        steps = np.diff(found.x[0, :room])
        assert steps.size == 0 or steps.max() - steps.min() <= 1


def test_epochs_come_in_the_order_of_time():
    made = LightCurves.from_lists([[3.0, 1.0, 2.0]], [[13.0, 11.0, 12.0]], [[0.3, 0.1, 0.2]])
    packed = CurveLayout(n_epochs=3).pack(made)
    assert packed.x.tolist() == [[1.0, 2.0, 3.0, 11.0, 12.0, 13.0]]
    assert packed.sigma[0, 3:].tolist() == [0.1, 0.2, 0.3]


def test_epochs_that_are_none_are_left_out():
    bad = [np.nan, 1.0, 2.0, 3.0, 4.0, 5.0]
    made = LightCurves.from_lists([bad], [[1, np.inf, 3, 4, 5, 6]], [[0.1, 0.1, 0.0, -1.0, np.inf, 0.2]])
    packed = CurveLayout(n_epochs=2).pack(made)
    assert packed.x[0, [0, 2]].tolist() == [5.0, 6.0]
    assert np.isnan(packed.x[0, [1, 3]]).all()


def test_an_object_without_errors_is_given_its_scatter():
    made = LightCurves.from_lists([[0.0, 1.0, 2.0]], [[1.0, 1.2, 1.0]])
    packed = CurveLayout(n_epochs=3).pack(made)
    assert packed.sigma[0, 3:] == pytest.approx(0.2 * 1.4826 / np.sqrt(2))


def test_without_noise_the_errors_of_a_row_depend_on_that_row_alone():
    made = curves()
    data = curve_dataset(made)
    layout = CurveLayout.of(data.features)
    whole = layout.unpack(data.x)
    for i in range(len(made)):
        np.testing.assert_array_equal(layout.unpack(data.x[[i]]).error, whole[[i]].error)
    assert whole.error[3] == 1.0  # one epoch has no scatter


def test_epochs_are_dropped_by_an_infinite_sigma():
    made = curves()
    data = curve_dataset(made)
    layout = CurveLayout.of(data.features)
    sigma = data.noise.sigma_.copy()
    sigma[3, layout.value_columns[2]] = np.inf
    assert_same(layout.unpack(data.x, Gaussian(sigma)), made.where(np.arange(9) != 6))


def test_noise_is_redrawn_in_the_values_alone():
    made = curves()
    data = curve_dataset(made, extras=["period"])
    drawn = data.noise.draw(data.x, np.random.default_rng(1))
    again = CurveLayout.of(data.features).unpack(drawn, data.noise)
    for name in ("time", "error", "band", "offsets"):
        np.testing.assert_array_equal(getattr(again, name), getattr(made, name))
    np.testing.assert_array_equal(again.meta["period"], made.meta["period"])
    pull = (again.value - made.value) / made.error
    assert (np.abs(pull) < 5).all()
    assert (pull != 0).all()


def test_bands_that_are_none_after_a_disturbance_are_no_epochs():
    made = curves()
    data = curve_dataset(made)
    layout = CurveLayout.of(data.features)
    x = data.x.copy()
    x[0, layout.value_columns.stop] = np.nan
    x[3, layout.value_columns.stop : layout.value_columns.stop + 2] = [-1.0, 2.0]
    assert layout.unpack(x, data.noise).n_epochs.tolist() == [2, 0, 1, 3]


def test_bands_are_brought_to_the_numbers_of_the_layout():
    made = curves()
    layout = CurveLayout(n_epochs=5, bands=("i", "r", "g"))
    packed = layout.pack(made)
    again = layout.unpack(packed.x, Gaussian(packed.sigma))
    assert [again.bands[code] for code in again.band] == [made.bands[code] for code in made.band]
    with pytest.raises(InputError, match="there is no band in what is needed"):
        CurveLayout(n_epochs=5, bands=("i", "z")).pack(made)


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        (CurveLayout(n_epochs=5, unit="nJy", bands=("g", "r")), "are in mag and g, r, the layout in nJy"),
        (CurveLayout(n_epochs=5), "are in mag and g, r, the layout in mag and V; convert them first"),
        (CurveLayout(n_epochs=5, bands=("g", "r"), extras=("perod",)), "no column .* 'perod'; did you mean 'period'"),
        (CurveLayout(n_epochs=5, bands=("g", "r"), extras=("id",)), "extra 'id' holds .* values; extras are numbers"),
    ],
)
def test_light_curves_of_another_kind_are_refused(layout, message):
    with pytest.raises(InputError, match=message):
        layout.pack(curves())


def test_another_single_band_is_welcome():
    made = curves(1).replace(bands=("V_CSS",))
    assert_same(unpacked(curve_dataset(made)), made)


def test_nullable_extras_are_nan_where_missing():
    made = curves()
    made = made.replace(meta=made.meta.assign(count=pd.array([1, None, 3, 4], dtype="Int64")))
    np.testing.assert_array_equal(curve_dataset(made, extras=["count"]).x[:, 0], [1, np.nan, 3, 4])


def test_a_dataset_knows_truth_noise_and_metadata():
    data = curve_dataset(curves(), "class", extras=["period"], group="id")
    assert data.y[:, 0].tolist() == ["EA", "RR", "RR", "EA"]
    assert (data.labels, data.task, data.name, data.citation) == (("class",), "classification", "toy", "nobody 2000")
    assert list(data.meta) == ["id", "period", "colour"]
    assert data.x.shape == (4, 1 + 3 * 5)
    with pytest.raises(InputError, match=r"no column .* 'klass'; did you mean 'class'"):
        curve_dataset(curves(), "klass")


def test_a_class_may_be_unknown_if_that_is_said():
    made = curves()
    made = made.replace(meta=made.meta.assign(**{"class": ["EA", None, "RR", np.nan]}))
    assert curve_dataset(made, "class", partly_labelled=True).y[:, 0].tolist() == ["EA", "", "RR", ""]
    with pytest.raises(InputError, match="y is missing for 2 of 4 objects"):
        curve_dataset(made, "class")


@pytest.mark.parametrize("rows", [slice(1, 3), np.array([True, False, False, True]), [3, 3, 0], 2, []])
def test_a_part_of_a_dataset_holds_its_light_curves(rows):
    assert_same(unpacked(curve_dataset(curves(), "class")[rows]), curves()[rows])


def test_folds_and_splits_hold_their_light_curves():
    made = curves()[[0, 1, 2, 3, 0, 1, 2, 3]]
    made = made.replace(meta=made.meta.assign(row=range(8)))
    data = curve_dataset(made, "class", group="id")
    for train, test in data.folds(4):
        assert not set(train.group) & set(test.group)
        for part in (train, test):
            assert_same(unpacked(part), made[part.meta["row"].to_numpy()])


@pytest.mark.parametrize("suffix", [".parquet", ".fits", ".ecsv"])
@pytest.mark.parametrize("rows", [slice(None), slice(3, 4)])
def test_a_written_dataset_holds_the_same_light_curves(tmp_path, suffix, rows):
    data = curve_dataset(curves(), "class", extras=["period"])[rows]
    data.write(tmp_path / f"data{suffix}")
    again = Dataset.read(tmp_path / f"data{suffix}")
    assert (again.features, again.labels) == (data.features, data.labels)
    np.testing.assert_array_equal(again.x, data.x)
    np.testing.assert_array_equal(again.noise.sigma(again.x), data.noise.sigma(data.x))
    assert_same(unpacked(again), curves()[rows])


@pytest.mark.parametrize("suffix", [".parquet", ".fits", ".ecsv"])
def test_a_dataset_of_long_light_curves_can_be_written(tmp_path, suffix):
    rng = np.random.default_rng(0)
    made = LightCurves.from_lists([np.arange(1500.0), [1.0]], [rng.normal(size=1500), [2.0]], [np.ones(1500), [0.1]])
    curve_dataset(made).write(tmp_path / f"long{suffix}")
    assert_same(unpacked(Dataset.read(tmp_path / f"long{suffix}")), made)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"extras": "period"}, "extras is the text 'period'"),
        ({"meta": ["nope"]}, "no column of the light curves' metadata 'nope'"),
    ],
)
def test_columns_that_are_not_there_are_named(settings, message):
    curves = LightCurves.from_lists([[1.0]], [[15.0]], meta={"period": [0.5]})
    with pytest.raises(InputError, match=message):
        curve_dataset(curves, **settings)


def test_a_path_is_no_light_curves():
    with pytest.raises(InputError, match="str came where LightCurves are needed; read them with read_light_curves"):
        curve_dataset("stars.csv")


def test_place_holders_of_any_size_are_epochs_that_are_not_there():
    values = [15.0, 1e300, 16.0, 17.0]
    curves = LightCurves.from_lists([[1.0, 2.0, 3.0, 4.0]], [values], [[0.1, 0.1, 3.4e38, 0.1]])
    data = curve_dataset(curves)
    assert CurveLayout.of(data.features).unpack(data.x, data.noise).value.tolist() == [15.0, 17.0]
