"""Objects of other libraries: their times, units and names are understood."""

import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from astropy import units
from astropy.table import QTable, Table
from astropy.time import Time
from astropy.timeseries import TimeSeries

from checkstar.data.curve_files import read_light_curves
from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError


def series(n: int = 3, **columns) -> TimeSeries:
    columns = {"mag": (15.0 + np.arange(n)) * units.mag, "mag_err": np.full(n, 10.0) * units.mmag} | columns
    return TimeSeries(time=Time(55000.0 + np.arange(n), format="mjd", scale="tdb"), data=columns)


def test_a_time_series_is_one_light_curve():
    found = read_light_curves(series())
    assert (found.time.tolist(), found.value.tolist()) == ([55000.0, 55001.0, 55002.0], [15.0, 16.0, 17.0])
    assert found.error == pytest.approx([0.01] * 3)
    assert (found.unit, found.time_scale, len(found)) == ("mag", "tdb", 1)


def test_dates_of_any_format_are_mjd():
    one = TimeSeries(time=Time(["2000-01-01T12:00:00", "2000-01-02"]), data={"flux": [1.0, 2.0] * units.Jy})
    found = read_light_curves(one)
    assert (found.time.tolist(), found.unit) == ([51544.5, 51545.0], "Jy")


def test_a_mapping_names_its_light_curves_and_a_list_numbers_them():
    assert read_light_curves({"V1": series(2), "V2": series(4)}).meta["id"].tolist() == ["V1", "V2"]
    named = series(2)
    named.meta["OBJECT"] = "Mira"
    found = read_light_curves([series(2), named])
    assert found.meta["id"].tolist() == ["0", "Mira"]
    assert found.n_epochs.tolist() == [2, 2]


def test_all_are_brought_to_the_unit_of_the_first():
    time = Time([55000.0], format="mjd")
    fluxes = [TimeSeries(time=time, data={"flux": one}) for one in ([1.0] * units.Jy, [5.0] * units.mJy)]
    found = read_light_curves(fluxes)
    assert (found.value.tolist(), found.unit) == ([1.0, 0.005], "Jy")


def test_masked_values_are_unknown():
    one = series(3)
    one["mag"] = units.Quantity([1.0, 2.0, 3.0], "mag")
    masked = Table({"time": one.time, "mag": np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False]), "id": ["a"] * 3})
    np.testing.assert_array_equal(read_light_curves(masked).value, [1.0, np.nan, 3.0])


def test_a_table_of_one_row_an_epoch_keeps_its_units():
    table = QTable({"id": ["a", "b", "a"], "mjd": [55000.0, 55001.0, 55002.0] * units.d, "flux": [1, 2, 3] * units.uJy})
    found = read_light_curves(table)
    assert (found.meta["id"].tolist(), found.value.tolist(), found.unit) == (["a", "b"], [1.0, 3.0, 2.0], "uJy")


def test_a_table_of_arrays_is_one_row_an_object():
    table = Table({"id": ["a", "b"], "mjd": [[1.0, 2.0], [3.0, 4.0]], "mag": [[15.0, 16.0], [17.0, 18.0]]})
    assert read_light_curves(table).n_epochs.tolist() == [2, 2]


@pytest.mark.parametrize("kind", ["long", "lists", "arrays"])
def test_data_frames(kind):
    if kind == "long":
        frame = pd.DataFrame({"id": ["a", "a", "b"], "mjd": [1.0, 2.0, 3.0], "mag": [4.0, 5.0, 6.0]})
    else:
        make = list if kind == "lists" else np.array
        frame = pd.DataFrame(
            {"id": ["a", "b"], "mjd": [make([1.0, 2.0]), make([3.0])], "mag": [make([4.0, 5.0]), make([6.0])]}
        )
    found = read_light_curves(frame)
    assert (found.n_epochs.tolist(), found.value.tolist(), found.meta["id"].tolist()) == (
        [2, 1],
        [4.0, 5.0, 6.0],
        ["a", "b"],
    )


def test_an_arrow_table_and_light_curves_themselves():
    one = read_light_curves(pa.table({"id": ["a"], "mjd": [[1.0]], "mag": [[4.0]]}))
    assert read_light_curves(one) is one


@pytest.mark.parametrize("source", [3, None, [], {}, object()])
def test_what_is_no_light_curve_is_refused(source):
    with pytest.raises(InputError, match="is no kind of light curves that is known; give a path"):
        read_light_curves(source)


def test_a_stranger_among_the_series_is_named():
    with pytest.raises(InputError, match=r"dict stands among the light curves.*DataFrame of one row an epoch"):
        read_light_curves([series(), {}])


@pytest.fixture(scope="module")
def lightkurve():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("lightkurve")


@pytest.mark.slow  # importing lightkurve takes 6 s
@pytest.mark.filterwarnings("ignore")
def test_lightkurve_of_tess_is_barycentric(lightkurve):
    one = lightkurve.TessLightCurve(
        time=Time([1500.0, 1501.0], format="btjd", scale="tdb"),
        flux=[1.0, 2.0] * units.electron / units.s,
        flux_err=[0.1, np.nan] * units.electron / units.s,
        meta={"LABEL": "TIC 1", "TARGETID": 1},
    )
    found = read_light_curves(one)
    assert (found.time.tolist(), found.time_scale, found.unit) == ([58499.5, 58500.5], "bjd_tdb", "electron / s")
    np.testing.assert_array_equal(found.error, [0.1, np.nan])
    assert read_light_curves({"x": one, "y": one}).meta["id"].tolist() == ["x", "y"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_lightkurve_with_bare_numbers_needs_their_format(lightkurve):
    one = lightkurve.LightCurve(time=[131.5, 132.5], flux=[1.0, 2.0])
    with pytest.raises(InputError, match="no date of an observation"):
        read_light_curves(one)
    found = read_light_curves(one, time_format="bkjd")
    assert (found.time.tolist(), found.time_scale) == ([54964.0, 54965.0], "bjd_tdb")
    assert isinstance(found, LightCurves)
