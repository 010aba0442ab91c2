"""Files of light curves: written whole or not at all, read again exactly, whatever their format."""

import warnings

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from astropy.table import QTable
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checkstar.data.curve_files import read_light_curves, write_light_curves
from checkstar.data.light_curves import LightCurves, joined
from checkstar.errors import InputError


def curves() -> LightCurves:
    return LightCurves.from_lists(
        [[51868.07131, 1 / 3, 3.0], [], [4.0, 5.0]],
        [[15.0, np.nan, 15.2], [], [-np.inf, 5e-324]],
        [[0.1, np.nan, 0.3], [], [0.2, 0.1]],
        [["g", "r", "g"], [], ["r", "i"]],
        meta=pd.DataFrame({"id": ["a", "sud-été", None], "n": [1, 2, -(2**40)], "period": [0.5, np.nan, np.inf]}),
        unit="nJy",
        time_scale="bjd_tdb",
        name="toy",
        citation="Søn 2000",
    )


def assert_same(one: LightCurves, other: LightCurves) -> None:
    for name in ("time", "value", "error", "band", "offsets"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    for name in ("bands", "unit", "time_scale", "name", "citation"):
        assert getattr(one, name) == getattr(other, name), name
    pd.testing.assert_frame_equal(one.meta, other.meta)


@pytest.mark.parametrize("suffix", [".parquet", ".pq", ".fits", ".fit"])
def test_there_and_back_is_exact(tmp_path, suffix):
    path = tmp_path / f"curves{suffix}"
    for part in (curves(), curves()[1:2], curves()[:0]):
        write_light_curves(part, path)
        assert_same(read_light_curves(path), part)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


numbers = st.floats(allow_nan=True, allow_infinity=True, width=64)
objects = st.lists(st.lists(st.tuples(numbers, numbers, st.sampled_from("gr")), max_size=4), max_size=4)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(objects, st.sampled_from([".parquet", ".fits"]))
def test_any_numbers_survive(tmp_path, made, suffix):
    path = tmp_path / f"any{suffix}"
    times = [np.arange(len(one)) + 0.1 for one in made]
    value, error, band = ([[epoch[i] for epoch in one] for one in made] for i in range(3))
    whole = LightCurves.from_lists(times, value, error, name="any")
    whole = whole.replace(band=np.array([b == "r" for one in band for b in one], np.int16), bands=("g", "r"))
    write_light_curves(whole, path)
    assert_same(read_light_curves(path), whole)


def test_portions_are_written_one_after_the_other(tmp_path):
    whole = curves()
    write_light_curves((whole[i : i + 1] for i in range(3)), tmp_path / "a.parquet")
    assert_same(read_light_curves(tmp_path / "a.parquet"), whole)
    assert pq.ParquetFile(tmp_path / "a.parquet").num_row_groups == 3


def test_portions_of_another_kind_are_refused_and_leave_no_file(tmp_path):
    whole = curves()
    with pytest.raises(InputError, match=r"a portion has .*; bring them to the same bands, unit and metadata"):
        write_light_curves([whole, whole.replace(unit="mag")], tmp_path / "a.parquet")
    with pytest.raises(InputError, match="there are no light curves to write"):
        write_light_curves([], tmp_path / "a.parquet")
    with pytest.raises(InputError, match="as Parquet alone"):
        write_light_curves([whole], tmp_path / "a.fits")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.parquet"
    write_light_curves(curves(), path)

    def portions():
        yield curves()
        raise RuntimeError("the simulator stopped")

    with pytest.raises(RuntimeError, match="the simulator stopped"):
        write_light_curves(portions(), path)
    assert_same(read_light_curves(path), curves())
    assert [file.name for file in tmp_path.iterdir()] == ["a.parquet"]


def test_where_it_cannot_be_written_is_said(tmp_path):
    with pytest.raises(InputError, match=r"'a\.csv' does not tell its format; use one of \.parquet, \.pq, \.fits"):
        write_light_curves(curves(), tmp_path / "a.csv")
    with pytest.raises(InputError, match=r"the folder .* does not exist; create it first"):
        write_light_curves(curves(), tmp_path / "none" / "a.parquet")


def test_pyarrow_alone_reads_what_is_written(tmp_path):
    write_light_curves(curves(), tmp_path / "a.parquet")
    table = pq.read_table(tmp_path / "a.parquet")
    assert table.column("time").to_pylist() == [[51868.07131, 1 / 3, 3.0], [], [4.0, 5.0]]
    assert table.column("band").to_pylist() == [["g", "r", "g"], [], ["r", "i"]]


def test_nested_pandas_reads_what_is_written(tmp_path):
    nested_pandas = pytest.importorskip("nested_pandas")
    write_light_curves(curves(), tmp_path / "a.parquet")
    frame = nested_pandas.read_parquet(tmp_path / "a.parquet")
    nested = frame.nest_lists(["time", "value", "error", "band"], "lc")
    assert nested["lc.time"].to_numpy().tolist() == [51868.07131, 1 / 3, 3.0, 4.0, 5.0]
    assert_same(read_light_curves(nested, columns={"time": "lc.time"}, time_format="mjd", unit="nJy").replace(
        time_scale="bjd_tdb", name="toy", citation="Søn 2000", meta=curves().meta
    ), curves())  # fmt: skip


def test_nested_pandas_writes_what_is_read(tmp_path):
    nested_pandas = pytest.importorskip("nested_pandas")
    write_light_curves(curves(), tmp_path / "a.parquet")
    frame = nested_pandas.read_parquet(tmp_path / "a.parquet")
    frame.nest_lists(["time", "value", "error", "band"], "lc").to_parquet(tmp_path / "b.parquet")
    found = read_light_curves(tmp_path / "b.parquet")
    for name in ("time", "value", "error", "band", "offsets"):
        np.testing.assert_array_equal(getattr(found, name), getattr(curves(), name), err_msg=name)


def long() -> pd.DataFrame:
    return pd.DataFrame({"star": [2, 1, 2], "HJD": [2455000.5, 2455001.5, 2455002.5], "Vmagnitude": [15.0, 16.0, 15.1]})


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".ecsv", ".fits", ".parquet"])
def test_a_table_of_one_row_an_epoch_in_every_format(tmp_path, suffix):
    path, frame = tmp_path / f"long{suffix}", long()
    if suffix.startswith(".csv"):
        frame.to_csv(path, index=False)
    elif suffix == ".parquet":
        frame.to_parquet(path)
    else:
        QTable.from_pandas(frame).write(path)
    found = read_light_curves(path, columns={"value": "Vmagnitude"})
    assert found.meta["id"].tolist() == [2, 1]
    assert (found.time.tolist(), found.value.tolist()) == ([55000.0, 55002.0, 55001.0], [15.0, 15.1, 16.0])
    assert (found.time_scale, found.name) == ("hjd_utc", "long")


def test_a_csv_without_names_of_objects_is_one_star(tmp_path):
    (tmp_path / "V1.csv").write_text("mjd,mag,e_mag\n55000,15,0.1\n55001,16,0.1\n")
    found = read_light_curves(tmp_path / "V1.csv")
    assert (found.meta["id"].tolist(), found.n_epochs.tolist()) == (["V1"], [2])
    (tmp_path / "V2.csv").write_text("1868.5,15,0.1\n")
    assert read_light_curves(tmp_path / "V2.csv").time.tolist() == [51868.0]


def test_an_ecsv_keeps_units_and_times(tmp_path):
    from astropy.time import Time

    table = QTable({"id": ["a", "a"], "time": Time([55000.0, 55001.0], format="mjd", scale="tdb"), "flux": [1, 2]})
    table["flux"].unit = "mJy"
    table.write(tmp_path / "a.ecsv")
    found = read_light_curves(tmp_path / "a.ecsv", unit="uJy")
    assert (found.time.tolist(), found.time_scale, found.unit) == ([55000.0, 55001.0], "tdb", "uJy")
    assert found.value == pytest.approx([1000.0, 2000.0])


@pytest.mark.parametrize("suffix", [".parquet", ".fits", ".ecsv", ".csv", ".npz", ".tar.gz", ".csv.gz"])
@pytest.mark.parametrize("content", [b"", b"junk", bytes(range(256)) * 20])
def test_a_damaged_file_is_one_clear_error(tmp_path, suffix, content):
    path = tmp_path / f"bad{suffix}"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"bad") as caught:
        read_light_curves(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".parquet", ".fits"])
@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9])
def test_a_truncated_file_is_one_clear_error(tmp_path, suffix, kept):
    path = tmp_path / f"cut{suffix}"
    write_light_curves(joined([curves()] * 200), path)
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    # Outside of tests a warning is no error: the one message must come without it, and alone.
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(InputError, match="cannot be read as"):
            read_light_curves(path)
    assert caught == []


def test_a_csv_may_begin_with_comments_and_the_mark_of_a_spreadsheet(tmp_path):
    (tmp_path / "a.csv").write_text("\ufeff# mine, of 2010\nid,mjd,mag\nV1,55000,15\nV2,55000,16\n")
    assert read_light_curves(tmp_path / "a.csv").meta["id"].tolist() == ["V1", "V2"]


def test_an_unknown_suffix_names_those_that_are_known(tmp_path):
    (tmp_path / "a.xyz").write_text("1")
    with pytest.raises(InputError, match=r"'a\.xyz' does not tell its format; use one of \.parquet, .*\.npz, \.dat"):
        read_light_curves(tmp_path / "a.xyz")


def test_a_table_that_is_no_light_curves_says_what_it_has(tmp_path):
    pd.DataFrame({"id": [1], "ra": [2.0]}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(InputError, match="no column looks like the time of a light curve; there are ra"):
        read_light_curves(tmp_path / "a.parquet")
