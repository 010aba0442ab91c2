"""Partitions: each is small, can be sent to a worker, and all together are the catalogue."""

import pickle
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from checkstar.data.curve_files import (
    iterate_light_curves,
    light_curve_partitions,
    read_light_curves,
    write_light_curves,
)
from checkstar.data.light_curves import LightCurves, joined
from checkstar.errors import InputError


def curves(n: int = 25, seed: int = 0) -> LightCurves:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(0, 7, n)
    time = [np.sort(rng.uniform(50000, 51000, size)) for size in sizes]
    value = [rng.normal(15, 1, size) for size in sizes]
    error = [rng.uniform(0.01, 0.1, size) for size in sizes]
    band = [rng.choice(["g", "r"], size) for size in sizes]
    return LightCurves.from_lists(time, value, error, band, meta={"id": [f"s{i}" for i in range(n)]}, name="toy")


def assert_same(one: LightCurves, other: LightCurves) -> None:
    for name in ("time", "value", "error", "band", "offsets"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert (one.bands, one.unit, one.time_scale) == (other.bands, other.unit, other.time_scale)
    assert one.meta["id"].tolist() == other.meta["id"].tolist()


def long_table(one: LightCurves) -> pd.DataFrame:
    columns = {"star": one.meta["id"].to_numpy()[one.owner], "mjd": one.time, "mag": one.value, "magerr": one.error}
    return pd.DataFrame(columns | {"band": np.array(one.bands)[one.band]})


@pytest.fixture
def catalogue(tmp_path):
    """One file with row groups of four objects."""
    write_light_curves(curves(), tmp_path / "a.parquet", n_objects=4)
    return tmp_path / "a.parquet"


@pytest.mark.parametrize("n_objects", [1, 4, 10, 1000])
def test_parts_are_the_whole_after_a_journey(catalogue, n_objects):
    parts = [pickle.loads(pickle.dumps(p)) for p in light_curve_partitions(catalogue, n_objects)]  # noqa: S301 - our own
    assert_same(joined([part.read() for part in parts]), curves())
    assert [part.n_objects for part in parts] == [len(part.read()) for part in parts]
    assert max(len(pickle.dumps(part)) for part in parts) < 2000


def test_row_groups_are_gathered_up_to_the_wanted_number(catalogue):
    assert [part.n_objects for part in light_curve_partitions(catalogue, 10)] == [8, 8, 9]
    assert [part.n_objects for part in light_curve_partitions(catalogue, 4)] == [4] * 6 + [1]
    assert [part.n_objects for part in light_curve_partitions(catalogue, 1)] == [4] * 6 + [1]  # none can be divided


@pytest.mark.parametrize("n_objects", [1, 3, 4, 25, 1000])
def test_portions_of_every_size_are_the_whole(catalogue, n_objects):
    portions = list(iterate_light_curves(catalogue, n_objects))
    assert max(len(portion) for portion in portions) <= n_objects
    assert_same(joined(portions), curves())


def test_a_folder_of_files_in_the_order_of_their_names(tmp_path):
    whole = curves()
    (tmp_path / "sub").mkdir()
    for i, name in enumerate(["0.parquet", "1.pq", "sub/2.parquet"]):
        write_light_curves(whole[i * 10 : (i + 1) * 10], tmp_path / name)
    (tmp_path / "_metadata.parquet").write_bytes(b"junk")
    assert_same(read_light_curves(tmp_path), whole)
    assert [part.n_objects for part in light_curve_partitions(tmp_path)] == [10, 10, 5]


def test_a_folder_of_text_files(tmp_path):
    for i in range(5):
        (tmp_path / f"{i}.dat").write_text(f"{1868 + i},11.{i},0.1\n")
    parts = light_curve_partitions(tmp_path, 2)
    assert [part.n_objects for part in parts] == [2, 2, 1]
    found = joined([part.read() for part in parts])
    assert found.meta["id"].tolist() == list("01234")
    assert found.time.tolist() == [51867.5 + i for i in range(5)]
    assert_same(joined(list(iterate_light_curves(tmp_path, 3))), found)


def test_rows_of_epochs_are_read_in_portions_if_sorted(tmp_path):
    whole = curves()
    whole = whole[whole.n_epochs > 0]
    pq.write_table(pa.Table.from_pandas(long_table(whole)), tmp_path / "long.parquet", row_group_size=7)
    assert_same(read_light_curves(tmp_path / "long.parquet"), whole.replace(name="long"))
    portions = list(iterate_light_curves(tmp_path / "long.parquet", 4))
    assert [len(portion) for portion in portions[:-1]] == [4] * (len(portions) - 1)
    assert_same(joined(portions), whole)
    assert len(light_curve_partitions(tmp_path / "long.parquet", 4)) == 1  # a row group may end within an object


def test_rows_of_epochs_that_are_not_sorted_are_read_whole_alone(tmp_path):
    whole = curves()
    frame = long_table(whole).sample(frac=1.0, random_state=0)
    frame.to_parquet(tmp_path / "long.parquet", index=False)
    found = read_light_curves(tmp_path / "long.parquet")
    order = [found.meta["id"].tolist().index(name) for name in whole.meta["id"][whole.n_epochs > 0]]
    again = found[order]
    assert again.n_epochs.tolist() == whole.n_epochs[whole.n_epochs > 0].tolist()
    with pytest.raises(InputError, match="comes again after another object"):
        list(iterate_light_curves(tmp_path / "long.parquet", 2))


def test_stated_bands_number_every_portion_alike(tmp_path):
    table = pa.table({"mjd": [[1.0], [2.0]], "mag": [[15.0], [16.0]], "band": [["g"], ["r"]]})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=1)
    portions = list(iterate_light_curves(tmp_path / "a.parquet", 1, bands=("g", "r")))
    assert [(one.bands, one.band.tolist()) for one in portions] == [(("g", "r"), [0]), (("g", "r"), [1])]


def test_a_damaged_file_is_named_where_it_is_read(catalogue):
    parts = light_curve_partitions(catalogue)
    catalogue.write_bytes(catalogue.read_bytes()[:200])
    with pytest.raises(InputError, match=r"a\.parquet cannot be read as PARQUET"):
        parts[0].read()
    with pytest.raises(InputError, match=r"a\.parquet cannot be read as PARQUET"):
        list(parts[0].iterate(2))
    catalogue.unlink()
    with pytest.raises(InputError, match=r"there is no file .*a\.parquet"):
        parts[0].read()


def test_what_holds_nothing_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no light curves; give one of Parquet files"):
        light_curve_partitions(tmp_path)
    with pytest.raises(InputError, match="there is no file or folder"):
        light_curve_partitions(tmp_path / "absent")
    with pytest.raises(InputError, match="n_objects is 0"):
        light_curve_partitions(tmp_path, 0)
    with pytest.raises(InputError, match="n_objects is 0"):
        iterate_light_curves(tmp_path, 0)


PEAK = """
import pathlib, sys
import pyarrow.parquet
from checkstar.data.curve_files import iterate_light_curves
def peak():  # MB; what getrusage says includes the parent
    line = next(x for x in pathlib.Path("/proc/self/status").read_text().splitlines() if x.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
next(iterate_light_curves(sys.argv[1], 10))
before = peak()
print(sum(len(portion) for portion in iterate_light_curves(sys.argv[1], 500)), peak() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peak memory is read from /proc")
@pytest.mark.parametrize("n_objects", [10**6, pytest.param(4096, marks=pytest.mark.slow)])
def test_memory_does_not_grow_with_the_catalogue(tmp_path, n_objects):
    # 20,000 objects of 200 epochs hold 96 MB, a portion 2.4 MB; also if one row group is all, as others may write.
    rng = np.random.default_rng(0)
    epochs = {name: rng.normal(size=500 * 200) for name in ("time", "value", "error")}
    part = LightCurves(**epochs, offsets=np.arange(501) * 200)
    path = tmp_path / "a.parquet"
    write_light_curves(joined([part] * 40), path, n_objects=n_objects)
    done = subprocess.run([sys.executable, "-c", PEAK, str(path)], capture_output=True, text=True, check=True)
    n, grown = done.stdout.split()
    assert int(n) == 20_000
    # 26 to 40 MB of 60,000 objects too: two row groups of 4096, or some portions and what is read ahead.
    assert float(grown) < 60


@pytest.fixture
def hats_catalogue(tmp_path):
    """A HATS catalogue of eight objects over the sky, as lsdb writes it."""
    lsdb, nested_pandas = pytest.importorskip("lsdb"), pytest.importorskip("nested_pandas")
    rng = np.random.default_rng(0)
    frame = nested_pandas.NestedFrame(
        {"id": [f"s{i}" for i in range(8)], "ra": rng.uniform(0, 360, 8), "dec": rng.uniform(-60, 60, 8)}
    )
    epochs = pd.DataFrame({"mjd": 55000.0 + np.arange(24), "mag": rng.normal(15, 1, 24), "band": ["g", "r"] * 12})
    epochs.index = np.repeat(np.arange(8), 3)
    catalogue = lsdb.from_dataframe(frame.join_nested(epochs, "lc"), partition_rows=3, margin_threshold=None)
    catalogue.write_catalog(tmp_path / "sky", catalog_name="sky", progress_bar=False)
    return tmp_path / "sky", epochs


@pytest.mark.slow  # importing lsdb takes 3 s and more
@pytest.mark.filterwarnings("ignore")
def test_hats_is_read_partition_by_partition(hats_catalogue):
    path, epochs = hats_catalogue
    whole = read_light_curves(path)
    assert sorted(whole.meta["id"]) == [f"s{i}" for i in range(8)]
    assert whole.n_epochs.tolist() == [3] * 8
    one = whole.meta["id"].tolist().index("s5")
    assert whole[[one]].value.tolist() == epochs.loc[5, "mag"].tolist()
    parts = light_curve_partitions(path, 1)
    assert len(parts) > 1
    assert_same(joined([pickle.loads(pickle.dumps(part)).read() for part in parts]), whole)  # noqa: S301 - our own
    assert_same(joined(list(iterate_light_curves(path, 2))), whole)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_catalogue_of_lsdb_may_be_cut_before_it_is_read(hats_catalogue):
    import lsdb

    path, _ = hats_catalogue
    catalogue = lsdb.open_catalog(path).query("dec > 0")
    found = read_light_curves(catalogue)
    whole = read_light_curves(path)
    assert sorted(found.meta["id"]) == sorted(whole.meta["id"][whole.meta["dec"] > 0])
    assert sum(len(portion) for portion in iterate_light_curves(catalogue, 1)) == len(found)


@pytest.mark.parametrize("is_collection", [True, False])
def test_a_hats_catalogue_is_the_files_that_hats_names(tmp_path, monkeypatch, is_collection):
    (tmp_path / "hats.properties").write_text("x=1\n")
    for i, pixel in enumerate((17, 4)):
        write_light_curves(curves()[i : i + 1], tmp_path / f"Npix={pixel}.parquet")
    catalogue = SimpleNamespace(get_pixel_paths=lambda: (tmp_path / f"Npix={pixel}.parquet" for pixel in (17, 4)))
    catalogue = SimpleNamespace(main_catalog=catalogue) if is_collection else catalogue
    monkeypatch.setitem(sys.modules, "hats", SimpleNamespace(read_hats=lambda path: catalogue))
    assert read_light_curves(tmp_path).meta["id"].tolist() == ["s0", "s1"]


@pytest.mark.slow
def test_a_damaged_hats_catalogue_is_named(tmp_path):
    pytest.importorskip("hats")
    (tmp_path / "hats.properties").write_text("obs_collection=x\n")
    with pytest.raises(InputError, match="cannot be read as HATS catalogue"):
        light_curve_partitions(tmp_path)


def test_hats_without_its_library_names_the_extra(tmp_path, monkeypatch):
    (tmp_path / "hats.properties").write_text("x=1\n")
    monkeypatch.setitem(sys.modules, "hats", None)
    with pytest.raises(InputError, match=r"needs lsdb: pip install 'checkstar\[survey\]'"):
        read_light_curves(tmp_path)
