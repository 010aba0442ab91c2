"""FITS tables of light curves: what is written is read again exactly, and what others write is understood."""

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from astropy.table import Table

from checkstar.data.curve_columns import CurveSchema
from checkstar.data.curve_fits import read_fits, write_fits
from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError


def curves() -> LightCurves:
    return LightCurves.from_lists(
        [[51868.07131, 1 / 3, 3.0], [], [4.0, 5.0]],
        [[15.0, np.nan, 15.2], [], [-np.inf, 5e-324]],
        [[0.1, np.nan, 0.3], [], [0.2, 0.1]],
        [["g", "r", "g"], [], ["r", "i"]],
        meta=pd.DataFrame(
            {
                "id": ["a", "sud-été", ""],
                "n": [1, 2, -(2**40)],
                "period": [0.5, np.nan, np.inf],
                "ok": [True, False, True],
                "small": np.array([1, 2, 3], np.int16),
                "mag i": np.array([1.5, 2.5, np.nan], np.float32),
                "note": pd.Series(["x", None, "it's & 'so'"], dtype=object),
                "kind": pd.Categorical(["a", None, "b"]),
            }
        ),
        unit="nJy",
        time_scale="bjd_tdb",
        name="toy",
        citation="O'Neill & Søn 2000",
    )


def assert_same(one: LightCurves, other: LightCurves) -> None:
    for name in ("time", "value", "error", "band", "offsets"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
        assert getattr(one, name).dtype.isnative
    for name in ("bands", "unit", "time_scale", "name", "citation"):
        assert getattr(one, name) == getattr(other, name), name
    # Categories that no object has are not kept.
    pd.testing.assert_frame_equal(
        *(part.meta.astype(dict.fromkeys(set(part.meta) & {"kind"}, object)) for part in (one, other))
    )


@pytest.mark.parametrize("rows", [slice(None), slice(1, 2), slice(0, 0), [2, 0]])
def test_there_and_back_is_exact(tmp_path, rows):
    write_fits(curves()[rows], tmp_path / "a.fits")
    assert_same(read_fits(tmp_path / "a.fits", CurveSchema()), curves()[rows])


def test_lists_of_equal_length_and_one_band_survive(tmp_path):
    one = LightCurves.from_lists([[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [3.0, 4.0]], bands=("I",))
    write_fits(one, tmp_path / "a.fits")
    assert_same(read_fits(tmp_path / "a.fits", CurveSchema()), one)


def test_astropy_reads_what_is_written(tmp_path):
    write_fits(curves(), tmp_path / "a.fits")
    table = Table.read(tmp_path / "a.fits", hdu=1)
    assert table["time"][0].tolist() == [51868.07131, 1 / 3, 3.0]
    assert (str(table["time"].unit), str(table["value"].unit)) == ("d", "nJy")
    assert table["band"][2].tolist() == [2, 1]


@pytest.mark.parametrize("letter", ["P", "Q"])
def test_lists_of_any_type_in_any_order_of_the_heap(tmp_path, letter):
    column = fits.Column
    lists = [
        column("HJD", f"{letter}D()", array=as_lists([[2455000.5, 2455001.5], [2455002.5]])),
        column("mag", f"{letter}E()", unit="mag", array=as_lists([[15.0, 16.0], [17.0]], np.float32)),
        column("fid", f"{letter}I()", array=as_lists([[1, 2], [1]], np.int16)),
        column("magerr", f"{letter}E()", unit="mmag", array=as_lists([[10, 20], [30]], np.float32)),
        column("id", "4A", array=["a", "bb"]),
        column("seen", "L", array=[True, False]),
        column("count", "I", null=-1, array=[5, -1]),
    ]
    fits.BinTableHDU.from_columns(lists).writeto(tmp_path / "a.fits")
    found = read_fits(tmp_path / "a.fits", CurveSchema())
    assert (found.time.tolist(), found.value.tolist(), found.bands) == (
        [55000.0, 55001.0, 55002.0],
        [15.0, 16.0, 17.0],
        ("1", "2"),
    )
    assert found.error == pytest.approx([0.01, 0.02, 0.03], rel=1e-6)  # 32 bits
    assert found.meta["id"].tolist() == ["a", "bb"]
    assert found.meta["seen"].tolist() == [True, False]
    np.testing.assert_array_equal(found.meta["count"], [5, np.nan])


def as_lists(values, dtype=float):
    lists = np.empty(len(values), dtype=object)
    for i, one in enumerate(values):
        lists[i] = np.array(one, dtype)
    return lists


def test_scaled_and_unsigned_columns(tmp_path):
    columns = [
        fits.Column("mjd", "2D", array=[[55000.0, 55001.0]]),
        fits.Column("mag", "2I", array=[[5123, -1]]),
        fits.Column("id", "K", bzero=2**63, array=np.array([2**63 + 5], dtype=np.uint64)),
    ]
    table = fits.BinTableHDU.from_columns(columns)
    table.header["XSCAL2"], table.header["XZERO2"] = 0.001, 10.0  # astropy itself cannot write scaled arrays
    table.writeto(tmp_path / "a.fits")
    content = (tmp_path / "a.fits").read_bytes().replace(b"XSCAL2", b"TSCAL2").replace(b"XZERO2", b"TZERO2")
    (tmp_path / "a.fits").write_bytes(content)
    found = read_fits(tmp_path / "a.fits", CurveSchema())
    assert found.value == pytest.approx([15.123, 9.999], abs=1e-9)
    assert int(found.meta["id"][0]) == 2**63 + 5


def test_one_row_an_epoch(tmp_path):
    table = Table({"star": ["b", "a", "b"], "mjd": [55000.0, 55001.0, 55002.0], "flux": [1.0, 2.0, 3.0]})
    table["flux"].unit = "uJy"
    table.write(tmp_path / "a.fits")
    found = read_fits(tmp_path / "a.fits", CurveSchema())
    assert (found.meta["id"].tolist(), found.value.tolist(), found.unit) == (["b", "a"], [1.0, 3.0, 2.0], "uJy")


def test_a_compressed_file(tmp_path):
    import gzip

    write_fits(curves(), tmp_path / "a.fits")
    (tmp_path / "a.fits.gz").write_bytes(gzip.compress((tmp_path / "a.fits").read_bytes()))
    assert_same(read_fits(tmp_path / "a.fits.gz", CurveSchema()), curves())


def test_an_image_alone_is_refused(tmp_path):
    fits.PrimaryHDU(np.zeros((2, 2))).writeto(tmp_path / "a.fits")
    with pytest.raises(InputError, match="holds no binary table"):
        read_fits(tmp_path / "a.fits", CurveSchema())
