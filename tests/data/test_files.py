"""A dataset survives writing and reading; a damaged file gives one clear error and never a wrong table."""

import numpy as np
import pandas as pd
import pytest
from astropy.table import Table

from checkstar.data import tables
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
        Dataset(x=[1.0, 2.0, 3.0], group="g", weight="w", meta=pd.DataFrame({"g": [1.0, 2.0, 1.0], "w": [1, 2, 3]})),
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
        "group in metadata",
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
    frame, units = tables.read_table(path)
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
    Table({"a": [1.0]}).write(path, format=tables.FORMATS[suffix])
    with pytest.raises(InputError, match="not a dataset written by checkstar; read it with read_table"):
        Dataset.read(path)


# Tables of users.


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_truncated_dataset_is_refused(tmp_path, suffix):
    path = tmp_path / f"d{suffix}"
    Dataset(x=np.random.default_rng(0).normal(size=(300, 5)), noise=np.ones((300, 5))).write(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 + 1])
    with pytest.raises(InputError):
        Dataset.read(path)
