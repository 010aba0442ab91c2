"""A dataset survives writing and reading; a damaged file gives one clear error and never a wrong table."""

import gzip
import re
import time

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from astropy.table import QTable, Table

from checkstar.data import files
from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.noise import Covariance, Custom, Gaussian, Poisson

SUFFIXES = [".parquet", ".fits", ".ecsv"]


def assert_same(one: Dataset, other: Dataset) -> None:
    for name in ("x", "y", "y_err", "weight"):
        a, b = getattr(one, name), getattr(other, name)
        assert (a is None) == (b is None), name
        if a is not None:
            np.testing.assert_array_equal(a, b)
            assert (a.dtype.kind, b.dtype.isnative) == (b.dtype.kind, True)
    for name in ("features", "labels", "units", "name", "citation", "task", "group_name", "weight_name", "n_objects"):
        assert getattr(one, name) == getattr(other, name), name
    assert (one.group is None) == (other.group is None)
    if one.group is not None:
        np.testing.assert_array_equal(one.group, other.group)
    pd.testing.assert_frame_equal(one.meta, other.meta)
    assert type(one.noise) is type(other.noise)
    if isinstance(one.noise, Gaussian):
        np.testing.assert_array_equal(one.noise.sigma_, other.noise.sigma_)


def full() -> Dataset:
    """Everything that a dataset can hold, and everything that a format might break."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 3))
    x[1, 2] = np.nan
    return Dataset(
        x=x,
        y=[[0.1, 1e300], [1 / 3, -2.0], [0.0, 5e-324], [4.0, 5.0]],
        noise=[[0.1, np.inf, 1.0], [0.2, 0.3, 0.4], [np.inf] * 3, [1.0] * 3],
        y_err=[[0.0, 1.0]] * 4,
        meta=pd.DataFrame(
            {
                "field": ["north", "", "sud-été", "north"],
                "mag i": [17.5, np.nan, -np.inf, 3.0],
                "Mag_I": [1, 2, 3, -(2**40)],
                "small": np.array([1, 2, 3, 4], dtype=np.int16),
                "seen": [True, False, True, True],
                "kind": pd.Categorical(["a", "b", None, "a"]),
                "note": pd.array(["x", None, "it's a 'b' & \\ c", "nan"], dtype="str"),
                "loose": pd.Series(["p", None, "q", "r"], dtype=object),
                "count": pd.array([1, None, 3, 4], dtype="Int64"),
                "night": pd.to_datetime(
                    ["2024-01-02 03:04:05.678901", None, "1999-12-31", "2000-01-01"], format="ISO8601"
                ),
            }
        ),
        group="field",
        weight=[1.0, 2.0, 0.0, 1e-9],
        features=["3602.15 A", "u - g", "été"],
        labels=["Teff", "teff"],
        units={"Teff": "K", "teff": "K", "mag i": "mag", "3602.15 A": "", "été": "km / s"},
        name="A 'name' & more",
        citation="Smith & Jones 2020, MNRAS 1, 2; " * 30,
    )


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_everything_survives_writing_and_reading(tmp_path, suffix):
    full().write(tmp_path / f"data{suffix}")
    assert_same(full(), Dataset.read(tmp_path / f"data{suffix}"))


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "data",
    [
        Dataset(y=["star", "a b", "galaxy"]),
        Dataset(y=[0, 1, 2], task="classification"),
        Dataset(x=np.ones((3, 2), dtype=np.float32), noise=0.5),
        Dataset(x=np.ones((3, 2)), noise=[0.1, np.inf]),
        Dataset(x=np.ones((3, 2)), noise=Poisson(gain=2.5, read_noise=3.0)),
        Dataset(x=[1.0, 2.0, 3.0], group=[3, 1, 1], weight=[1, 2, 3]),
        Dataset(x=[1.0, 2.0, 3.0], group=["a", "b", "b"], meta={"group": [1, 2, 3], "x": [1, 2, 3]}),
        Dataset(x=[1.0, 2.0, 3.0], group="g", weight="w", meta=pd.DataFrame({"g": [1.0, np.nan, 1.0], "w": [1, 2, 3]})),
        Dataset(x=np.ones((1, 1)), y=[2.0], y_err=0.5),
    ],
    ids=[
        "text",
        "numbers as classes",
        "float32",
        "sigma a feature",
        "poisson",
        "arrays",
        "names clash",
        "missing group",
        "one object",
    ],
)
def test_partial_datasets_survive_too(tmp_path, data, suffix):
    data.write(tmp_path / f"data{suffix}")
    back = Dataset.read(tmp_path / f"data{suffix}")
    assert_same(data, back)
    if data.x is not None:
        assert back.x.dtype == data.x.dtype
    if isinstance(data.noise, Poisson):
        assert (back.noise.gain, back.noise.read_noise) == (2.5, 3.0)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_other_programs_see_the_units(tmp_path, suffix):
    path = tmp_path / f"data{suffix}"
    Dataset(
        x=[[1.0, 2.0]], y=[5.0], labels=["teff"], features=["u", "g"], units={"teff": "K", "u": "mag", "g": "mag"}
    ).write(path)
    frame, units = files.read_table(path)
    assert frame[["x_0", "x_1", "y_teff"]].to_numpy().tolist() == [[1.0, 2.0, 5.0]]
    assert units == {"x_0": "mag", "x_1": "mag", "y_teff": "K"}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "unit", ["dex", "maggy", "dex(cm / s2)", "furlong per fortnight", "10**-17 erg / (s cm2)", "h"]
)
def test_a_unit_that_the_format_does_not_know_is_kept_all_the_same(tmp_path, unit, suffix):
    data = Dataset(y=[1.0, 2.0], labels=["feh"], units={"feh": unit}, meta={"a": [1.0, 2.0]})
    data.write(tmp_path / f"data{suffix}")
    assert_same(data, Dataset.read(tmp_path / f"data{suffix}"))


def test_any_text_survives_the_header_of_fits(tmp_path):
    # FITS trims blanks, doubles quotes and joins lines at ampersands; astropy loses most texts of this alphabet.
    rng = np.random.default_rng(0)
    for _ in range(50):
        text = "".join(rng.choice(list(" '&ab\\/,é\n"), rng.integers(1, 600)))
        data = Dataset(y=[1.0], citation=text)
        data.write(tmp_path / "data.fits")
        assert Dataset.read(tmp_path / "data.fits").citation == text


def test_a_wide_dataset_with_a_thousand_names_survives_in_fits(tmp_path):
    data = Dataset(x=np.random.default_rng(0).normal(size=(5, 4300)), features=[f"{i:.2f} A" for i in range(4300)])
    data.write(tmp_path / "wide.fits")
    assert_same(data, Dataset.read(tmp_path / "wide.fits"))


@pytest.mark.parametrize(
    ("noise", "kind"),
    [(Covariance(np.eye(2)), "Covariance"), (Custom(lambda x, rng: x, sigma=1.0), "Custom")],
)
def test_noise_that_is_no_column_is_refused_before_anything_is_written(tmp_path, noise, kind):
    with pytest.raises(InputError, match=f"noise of kind {kind} cannot be stored in a table; store .* Gaussian"):
        Dataset(x=np.ones((3, 2)), noise=noise).write(tmp_path / "data.fits")
    assert list(tmp_path.iterdir()) == []


def test_metadata_that_is_no_column_is_refused(tmp_path):
    data = Dataset(x=[1.0, 2.0], meta=pd.DataFrame({"box": [[1], {}]}))
    with pytest.raises(InputError, match="metadata column 'box' holds dict, list values"):
        data.write(tmp_path / "data.parquet")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_interrupted_write_leaves_the_old_file_and_no_other(tmp_path, suffix, monkeypatch):
    path = tmp_path / f"data{suffix}"
    full().write(path)
    before = path.read_bytes()

    def interrupted(self, target, **_):
        target.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(Table, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Dataset(x=[1.0]).write(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_writing_replaces_an_existing_file(tmp_path):
    for value in (1.0, 2.0):
        Dataset(x=[value]).write(tmp_path / "data.fits")
    assert Dataset.read(tmp_path / "data.fits").x.item() == 2.0


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(InputError, match=r"the folder .*nowhere of data.fits does not exist; create it"):
        Dataset(x=[1.0]).write(tmp_path / "nowhere" / "data.fits")


@pytest.mark.parametrize("name", ["data.csv", "data.h5", "data"])
def test_a_dataset_has_three_formats(tmp_path, name):
    with pytest.raises(InputError, match=r"does not tell its format; use one of \.parquet, \.pq, \.fits"):
        Dataset(x=[1.0]).write(tmp_path / name)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_table_that_is_no_dataset_is_told_apart(tmp_path, suffix):
    path = tmp_path / f"table{suffix}"
    Table({"a": [1.0]}).write(path, format=files.FORMATS[suffix])
    with pytest.raises(InputError, match="not a dataset written by checkstar; read it with read_table"):
        Dataset.read(path)


# Tables of users.


@pytest.fixture
def table():
    result = Table({"z_phot": [0.1, 0.2], "name": ["a", "bc"], "n": [1, 2], "good": [True, False]})
    result["z_phot"].unit = "mag"
    return result


def write_table(table: Table, path) -> None:
    if path.name.endswith(".csv"):
        table.write(path, format="ascii.csv")
    else:
        table.write(path, format=files.FORMATS[path.suffix])


@pytest.mark.parametrize("suffix", [".csv", *SUFFIXES])
def test_a_table_is_read_whatever_its_format(tmp_path, table, suffix):
    path = tmp_path / f"t{suffix}"
    write_table(table, path)
    frame, units = files.read_table(path)
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
    frame = files.read_table(tmp_path / f"t{suffix}").frame
    for name in ("f", "i"):
        assert frame[name].dtype == float
        assert frame[name].isna().tolist() == [False, True]
    assert frame["s"].isna().tolist() == [False, suffix != ".fits"]


def test_a_pandas_parquet_file_with_index_and_nulls_is_read(tmp_path):
    frame = pd.DataFrame({"z": pd.array([1, None], dtype="Int64")}, index=pd.Index(["a", "b"], name="star"))
    frame.to_parquet(tmp_path / "t.parquet")
    found = files.read_table(tmp_path / "t.parquet").frame
    assert found["star"].tolist() == ["a", "b"]
    assert found["z"].dtype == float
    assert found["z"].isna().tolist() == [False, True]


def test_vectors_become_one_column_an_element(tmp_path):
    Table({"p": [[0.1, 0.9], [0.3, 0.7]]}).write(tmp_path / "t.fits")
    frame = files.read_table(tmp_path / "t.fits").frame
    assert frame.columns.tolist() == ["p_0", "p_1"]
    assert frame["p_1"].tolist() == [0.9, 0.7]


def test_the_first_table_of_a_fits_file_is_read_even_behind_images(tmp_path):
    images = [fits.PrimaryHDU(), fits.ImageHDU(np.zeros((2, 2)))]
    tables = [fits.table_to_hdu(Table({"a": [value]})) for value in (1.0, 2.0)]
    fits.HDUList(images + tables).writeto(tmp_path / "t.fits")
    assert files.read_table(tmp_path / "t.fits").frame["a"].tolist() == [1.0]


def test_an_odd_fits_unit_is_kept_as_text(tmp_path):
    hdu = fits.BinTableHDU.from_columns([fits.Column("a", "D", unit="maggies/beam", array=[1.0])])
    hdu.writeto(tmp_path / "t.fits")
    assert files.read_table(tmp_path / "t.fits").units == {"a": "maggies/beam"}


def test_quantities_are_numbers_with_a_unit(tmp_path):
    from astropy import units

    QTable({"d": [1.0, 2.0] * units.pc}).write(tmp_path / "t.ecsv")
    frame, found = files.read_table(tmp_path / "t.ecsv")
    assert frame["d"].tolist() == [1.0, 2.0]
    assert found == {"d": "pc"}


def test_times_are_numbers_in_their_own_format(tmp_path):
    from astropy.time import Time

    QTable({"when": Time([51544.5, 60000.25], format="mjd")}).write(tmp_path / "t.ecsv")
    assert files.read_table(tmp_path / "t.ecsv").frame["when"].tolist() == [51544.5, 60000.25]


def test_a_column_that_is_neither_number_nor_text_is_named(tmp_path):
    from astropy.coordinates import SkyCoord

    QTable({"where": SkyCoord([1.0, 2.0], [3.0, 4.0], unit="deg")}).write(tmp_path / "t.ecsv")
    with pytest.raises(InputError, match=r"column 'where' holds .* give numbers, text or booleans"):
        files.read_table(tmp_path / "t.ecsv")


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
        frame = files.read_table(tmp_path / name).frame
        assert frame.columns.tolist() == columns
        assert frame.iloc[0].tolist() == first


@pytest.mark.parametrize("suffix", [".csv", *SUFFIXES])
class TestDamagedFiles:
    def test_a_missing_file(self, tmp_path, suffix):
        with pytest.raises(InputError, match=r"there is no file .*t\..*; check the path"):
            files.read_table(tmp_path / f"t{suffix}")

    def test_an_empty_file(self, tmp_path, suffix):
        (tmp_path / f"t{suffix}").touch()
        with pytest.raises(InputError, match=r"t\..* is empty \(0 bytes\)"):
            files.read_table(tmp_path / f"t{suffix}")

    def test_a_folder(self, tmp_path, suffix):
        (tmp_path / f"t{suffix}").mkdir()
        with pytest.raises(InputError, match="is a folder; give a file"):
            files.read_table(tmp_path / f"t{suffix}")

    def test_bytes_without_meaning(self, tmp_path, suffix):
        path = tmp_path / f"t{suffix}"
        path.write_bytes(np.random.default_rng(0).bytes(5000))
        with pytest.raises(InputError) as caught:
            files.read_table(path)
        assert re.search(
            r"cannot be read as \w+ \(.+\); check that it is whole and its suffix right", str(caught.value)
        )
        assert "\n" not in str(caught.value)

    def test_no_rows(self, tmp_path, table, suffix):
        write_table(table[:0], tmp_path / f"t{suffix}")
        with pytest.raises(InputError, match="has columns z_phot, name, n, good but no rows"):
            files.read_table(tmp_path / f"t{suffix}")


@pytest.mark.parametrize("suffix", [".parquet", ".fits"])
@pytest.mark.parametrize("kept", [0.05, 0.5, 0.97])
def test_a_truncated_file_is_never_half_read(tmp_path, suffix, kept):
    path = tmp_path / f"t{suffix}"
    write_table(Table({"a": np.random.default_rng(0).normal(size=5000)}), path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(InputError, match=r"cannot be read as|holds no table"):
        files.read_table(path)


def test_a_fits_file_that_lacks_only_its_padding_is_read(tmp_path):
    write_table(Table({"a": np.arange(5.0)}), tmp_path / "t.fits")
    content = (tmp_path / "t.fits").read_bytes()
    (tmp_path / "t.fits").write_bytes(content[:-2000])
    assert files.read_table(tmp_path / "t.fits").frame["a"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_truncated_dataset_is_refused(tmp_path, suffix):
    path = tmp_path / f"d{suffix}"
    Dataset(x=np.random.default_rng(0).normal(size=(300, 5)), noise=np.ones((300, 5))).write(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 + 1])
    with pytest.raises(InputError):
        Dataset.read(path)


def test_a_fits_image_holds_no_table(tmp_path):
    fits.PrimaryHDU(np.zeros((3, 3))).writeto(tmp_path / "t.fits")
    with pytest.raises(InputError, match="is FITS but holds no table"):
        files.read_table(tmp_path / "t.fits")


def test_an_unknown_suffix_lists_the_known(tmp_path):
    with pytest.raises(InputError, match=r"'t\.xlsx' does not tell its format; use one of \.parquet, .*\.csv"):
        files.read_table(tmp_path / "t.xlsx")


def test_a_million_rows_of_csv_take_seconds(tmp_path):
    rng = np.random.default_rng(0)
    block = "\n".join(",".join(f"{value:.6f}" for value in row) for row in rng.normal(size=(10_000, 5))) + "\n"
    (tmp_path / "t.csv").write_text("z_spec,z_phot,z_err,mag_i,weight\n" + 100 * block)
    start = time.perf_counter()
    frame = files.read_table(tmp_path / "t.csv").frame
    assert frame.shape == (1_000_000, 5)
    assert time.perf_counter() - start < 5  # 0.2 s on two idle cores
