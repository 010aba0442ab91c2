"""Long tables: the epochs of each object are brought together, whole or in portions."""

import numpy as np
import pandas as pd
import pytest

from checkstar.data.curve_columns import CurveSchema
from checkstar.data.curve_files import read_light_curves
from checkstar.data.curve_groups import grouped, whole_objects
from checkstar.errors import InputError


def long(ids, **columns) -> pd.DataFrame:
    n = len(ids)
    return pd.DataFrame({"star": ids, "mjd": np.arange(n, dtype=float), "mag": 10.0 + np.arange(n), **columns})


def test_epochs_of_an_object_come_together_in_their_order():
    found = grouped(long(["b", "a", "b", "c", "a"]), CurveSchema())
    assert found.meta["id"].tolist() == ["b", "a", "c"]
    assert found.offsets.tolist() == [0, 2, 4, 5]
    assert found.epochs["mjd"].tolist() == [0.0, 2.0, 1.0, 4.0, 3.0]


def test_what_is_constant_within_objects_is_metadata_and_the_rest_is_left_out():
    frame = long(["a", "a", "b"], label=["RR", "RR", "EA"], period=[0.5, 0.5, np.nan], airmass=[1.0, 1.1, 1.0])
    assert grouped(frame, CurveSchema()).meta.to_dict("list") == {
        "id": ["a", "b"],
        "label": ["RR", "EA"],
        "period": [0.5, pytest.approx(np.nan, nan_ok=True)],
    }


def test_a_missing_name_is_refused():
    with pytest.raises(InputError, match=r"column 'star' names no object for 1 epochs \(rows 1\)"):
        grouped(long(["a", None, "b"]), CurveSchema())


def test_an_index_of_names_is_a_column():
    frame = long(["a", "a", "b"]).set_index("star")
    assert grouped(frame, CurveSchema()).meta["id"].tolist() == ["a", "b"]


def test_nullable_numbers_are_numbers():
    frame = long(["a", "b"]).astype({"mag": "Float64"})
    frame.loc[1, "mag"] = pd.NA
    np.testing.assert_array_equal(grouped(frame, CurveSchema()).epochs["mag"], [10.0, np.nan])


@pytest.mark.parametrize("n_objects", [1, 2, 3, 100])
@pytest.mark.parametrize("rows", [1, 2, 3, 7, 100])
def test_portions_hold_whole_objects_wherever_batches_end(n_objects, rows):
    sizes = [1, 5, 2, 1, 1, 4, 3]
    frame = long(np.repeat([f"s{i}" for i in range(7)], sizes))
    batches = [frame.iloc[i : i + rows].reset_index(drop=True) for i in range(0, len(frame), rows)]
    portions = list(whole_objects(batches, "star", n_objects))
    assert [p["star"].nunique() for p in portions[:-1]] == [min(n_objects, 7)] * (len(portions) - 1)
    assert max(p["star"].nunique() for p in portions) <= n_objects
    pd.testing.assert_frame_equal(pd.concat(portions, ignore_index=True), frame)


def test_an_object_that_comes_again_is_refused():
    frame = long(["a", "b", "a"])
    with pytest.raises(InputError, match=r"object 'a' comes again .* sort it by 'star', or read it whole"):
        list(whole_objects([frame], "star", 1))


def test_no_rows_give_no_portions():
    assert list(whole_objects([], "star", 2)) == []
    assert list(whole_objects([long([])], "star", 2)) == []


def test_integer_names_that_were_read_as_floats_are_integers_again():
    found = grouped(long([1.0, 1.0, 2.0]), CurveSchema()).meta["id"]
    assert (found.tolist(), found.dtype.kind) == ([1, 2], "i")


def test_names_that_floats_cannot_tell_apart_are_refused():
    # 2^63 + 1 and 2^63 + 2 are the same float: two stars would be one light curve.
    with pytest.raises(InputError, match=r"floating-point numbers up to 9\.22.*write them as integers below 2\^63"):
        grouped(long(np.array([2**63 + 1, 2**63 + 2], float)), CurveSchema())


def test_names_in_bytes_are_text():
    assert grouped(long(np.array([b"V1", b"V1", b"V2"], object)), CurveSchema()).meta["id"].tolist() == ["V1", "V2"]


def test_times_with_a_zone_are_in_utc():
    frame = long(["a", "a"]).drop(columns="mjd")
    frame["time"] = pd.date_range("2015-01-01 02:00", periods=2, tz="Europe/Athens")
    assert read_light_curves(frame).time.tolist() == [57023.0, 57024.0]


def test_a_column_that_is_there_twice_is_named():
    frame = pd.concat([long(["a"]), long(["a"])[["mag"]]], axis=1)
    with pytest.raises(InputError, match="two columns are named 'mag'"):
        read_light_curves(frame)
