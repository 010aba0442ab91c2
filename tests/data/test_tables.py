"""A user's table is read whatever its format; a damaged one gives one clear error and never a wrong table."""

import gzip
import re
import time

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from astropy.table import QTable, Table

from checkstar.data import tables
from checkstar.errors import InputError

SUFFIXES = [".parquet", ".fits", ".ecsv"]


@pytest.fixture
def table():
    result = Table({"z_phot": [0.1, 0.2], "name": ["a", "bc"], "n": [1, 2], "good": [True, False]})
    result["z_phot"].unit = "mag"
    return result


def write_table(table: Table, path) -> None:
    if path.name.endswith(".csv"):
        table.write(path, format="ascii.csv")
    else:
        table.write(path, format=tables.FORMATS[path.suffix])


@pytest.mark.parametrize("suffix", [".csv", *SUFFIXES])
def test_a_table_is_read_whatever_its_format(tmp_path, table, suffix):
    path = tmp_path / f"t{suffix}"
    write_table(table, path)
    frame, units = tables.read_table(path)
    assert frame["z_phot"].tolist() == [0.1, 0.2]
    assert frame["name"].tolist() == ["a", "bc"]
    assert frame["n"].tolist() == [1, 2]
    assert [str(value) for value in frame["good"]] == ["True", "False"]
    assert units == ({} if suffix == ".csv" else {"z_phot": "mag"})
    assert all(dtype.isnative for dtype in frame.dtypes if isinstance(dtype, np.dtype))


@pytest.mark.parametrize("suffix", [".parquet", ".ecsv", ".fits"])
def test_masked_values_are_missing(tmp_path, suffix):
    table = Table({"f": [1.0, 2.0], "i": [1, 2], "s": ["a", "b"]}, masked=True)
    for name in ("f", "i"):
        table[name].mask = [False, True]
    if suffix != ".fits":  # FITS has no masked text
        table["s"].mask = [False, True]
    write_table(table, tmp_path / f"t{suffix}")
    frame = tables.read_table(tmp_path / f"t{suffix}").frame
    for name in ("f", "i"):
        assert frame[name].dtype == float
        assert frame[name].isna().tolist() == [False, True]
    assert frame["s"].isna().tolist() == [False, suffix != ".fits"]


def test_a_pandas_parquet_file_with_index_and_nulls_is_read(tmp_path):
    frame = pd.DataFrame({"z": pd.array([1, None], dtype="Int64")}, index=pd.Index(["a", "b"], name="star"))
    frame.to_parquet(tmp_path / "t.parquet")
    found = tables.read_table(tmp_path / "t.parquet").frame
    assert found["star"].tolist() == ["a", "b"]
    assert found["z"].dtype == float
    assert found["z"].isna().tolist() == [False, True]


def test_vectors_become_one_column_an_element(tmp_path):
    Table({"p": [[0.1, 0.9], [0.3, 0.7]]}).write(tmp_path / "t.fits")
    frame = tables.read_table(tmp_path / "t.fits").frame
    assert frame.columns.tolist() == ["p_0", "p_1"]
    assert frame["p_1"].tolist() == [0.9, 0.7]


def test_the_first_table_of_a_fits_file_is_read_even_behind_images(tmp_path):
    images = [fits.PrimaryHDU(), fits.ImageHDU(np.zeros((2, 2)))]
    behind = [fits.table_to_hdu(Table({"a": [value]})) for value in (1.0, 2.0)]
    fits.HDUList(images + behind).writeto(tmp_path / "t.fits")
    assert tables.read_table(tmp_path / "t.fits").frame["a"].tolist() == [1.0]


def test_an_odd_fits_unit_is_kept_as_text(tmp_path):
    hdu = fits.BinTableHDU.from_columns([fits.Column("a", "D", unit="maggies/beam", array=[1.0])])
    hdu.writeto(tmp_path / "t.fits")
    assert tables.read_table(tmp_path / "t.fits").units == {"a": "maggies/beam"}


def test_quantities_are_numbers_with_a_unit(tmp_path):
    from astropy import units

    QTable({"d": [1.0, 2.0] * units.pc}).write(tmp_path / "t.ecsv")
    frame, found = tables.read_table(tmp_path / "t.ecsv")
    assert frame["d"].tolist() == [1.0, 2.0]
    assert found == {"d": "pc"}


def test_times_are_numbers_in_their_own_format(tmp_path):
    from astropy.time import Time

    QTable({"when": Time([51544.5, 60000.25], format="mjd")}).write(tmp_path / "t.ecsv")
    assert tables.read_table(tmp_path / "t.ecsv").frame["when"].tolist() == [51544.5, 60000.25]


def test_a_column_that_is_neither_number_nor_text_is_named(tmp_path):
    from astropy.coordinates import SkyCoord

    QTable({"where": SkyCoord([1.0, 2.0], [3.0, 4.0], unit="deg")}).write(tmp_path / "t.ecsv")
    with pytest.raises(InputError, match=r"column 'where' holds .* give numbers, text or booleans"):
        tables.read_table(tmp_path / "t.ecsv")


@pytest.mark.parametrize(
    ("text", "columns", "first"),
    [
        ("a,b\n1,x\n2,\n", ["a", "b"], [1, "x"]),
        ("# a,b\n1,x\n2,y\n", ["a", "b"], [1, "x"]),
        ("# a note\n# another, longer\na,b\n1,x\n", ["a", "b"], [1, "x"]),
        ("a, b\n1.5,2.5\n", ["a", "b"], [1.5, 2.5]),
        ("\ufeffa,b\n1,2\n", ["a", "b"], [1, 2]),
    ],
    ids=["plain", "commented header", "comments", "blank after the comma", "byte order mark"],
)
def test_csv_as_people_write_it(tmp_path, text, columns, first):
    for name, content in (("t.csv", text.encode()), ("t.csv.gz", gzip.compress(text.encode()))):
        (tmp_path / name).write_bytes(content)
        frame = tables.read_table(tmp_path / name).frame
        assert frame.columns.tolist() == columns
        assert frame.iloc[0].tolist() == first


@pytest.mark.parametrize("suffix", [".csv", *SUFFIXES])
class TestDamagedFiles:
    def test_a_missing_file(self, tmp_path, suffix):
        with pytest.raises(InputError, match=r"there is no file .*t\..*; check the path"):
            tables.read_table(tmp_path / f"t{suffix}")

    def test_an_empty_file(self, tmp_path, suffix):
        (tmp_path / f"t{suffix}").touch()
        with pytest.raises(InputError, match=r"t\..* is empty \(0 bytes\)"):
            tables.read_table(tmp_path / f"t{suffix}")

    def test_a_folder(self, tmp_path, suffix):
        (tmp_path / f"t{suffix}").mkdir()
        with pytest.raises(InputError, match="is a folder; give a file"):
            tables.read_table(tmp_path / f"t{suffix}")

    def test_bytes_without_meaning(self, tmp_path, suffix):
        path = tmp_path / f"t{suffix}"
        path.write_bytes(np.random.default_rng(0).bytes(5000))
        with pytest.raises(InputError) as caught:
            tables.read_table(path)
        assert re.search(
            r"cannot be read as \w+ \(.+\); check that it is whole and its suffix right", str(caught.value)
        )
        assert "\n" not in str(caught.value)

    def test_no_rows(self, tmp_path, table, suffix):
        write_table(table[:0], tmp_path / f"t{suffix}")
        with pytest.raises(InputError, match="has columns z_phot, name, n, good but no rows"):
            tables.read_table(tmp_path / f"t{suffix}")


@pytest.mark.parametrize("suffix", [".parquet", ".fits"])
@pytest.mark.parametrize("kept", [0.05, 0.5, 0.97])
def test_a_truncated_file_is_never_half_read(tmp_path, suffix, kept):
    path = tmp_path / f"t{suffix}"
    write_table(Table({"a": np.random.default_rng(0).normal(size=5000)}), path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(InputError, match=r"cannot be read as|holds no table"):
        tables.read_table(path)


def test_a_fits_file_that_lacks_only_its_padding_is_read(tmp_path):
    write_table(Table({"a": np.arange(5.0)}), tmp_path / "t.fits")
    content = (tmp_path / "t.fits").read_bytes()
    (tmp_path / "t.fits").write_bytes(content[:-2000])
    assert tables.read_table(tmp_path / "t.fits").frame["a"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_a_fits_image_holds_no_table(tmp_path):
    fits.PrimaryHDU(np.zeros((3, 3))).writeto(tmp_path / "t.fits")
    with pytest.raises(InputError, match="is FITS but holds no table"):
        tables.read_table(tmp_path / "t.fits")


def test_an_unknown_suffix_lists_the_known(tmp_path):
    with pytest.raises(InputError, match=r"'t\.xlsx' does not tell its format; use one of \.parquet, .*\.csv"):
        tables.read_table(tmp_path / "t.xlsx")


def test_a_million_rows_of_csv_take_seconds(tmp_path):
    rng = np.random.default_rng(0)
    block = "\n".join(",".join(f"{value:.6f}" for value in row) for row in rng.normal(size=(10_000, 5))) + "\n"
    (tmp_path / "t.csv").write_text("z_spec,z_phot,z_err,mag_i,weight\n" + 100 * block)
    start = time.perf_counter()
    frame = tables.read_table(tmp_path / "t.csv").frame
    assert frame.shape == (1_000_000, 5)
    assert time.perf_counter() - start < 5  # 0.2 s on two idle cores
