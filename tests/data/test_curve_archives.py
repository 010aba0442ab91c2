"""Archives: text files of one star each and flat arrays; a damaged one gives one clear error."""

import io
import tarfile

import numpy as np
import pytest

from checkstar.data.curve_archives import Text, read_npz, read_texts, texts_in_tar
from checkstar.data.curve_columns import CurveSchema
from checkstar.errors import InputError

ASAS = b"1868.57131,11.769,0.024\n1869.55804,11.014,0.024\n"


def read(content: bytes, **settings):
    return read_texts([Text("folder/215707.dat", content)], CurveSchema(**settings))


def test_a_file_of_asas():
    found = read(ASAS)
    assert found.time == pytest.approx([51868.07131, 51869.05804], abs=1e-10)
    assert (found.value.tolist(), found.error.tolist()) == ([11.769, 11.014], [0.024, 0.024])
    assert (found.meta["id"].tolist(), found.time_scale, found.unit) == (["215707"], "hjd_utc", "mag")


@pytest.mark.parametrize(
    "content",
    [
        b"# from the survey, in 2010\n51868.07131 11.769 0.024\n\n51869.05804\t11.014  0.024",
        b"mjd,mag,magerr\n51868.07131,11.769,0.024\n51869.05804,11.014,0.024\n",
        b"# hjd mag e_mag\r\n2451868.57131 11.769 0.024\r\n2451869.55804 11.014 0.024\r\n",
        b"2451868.57131,11.769,0.024\n2451869.55804,11.014,0.024\n",
        b"\xef\xbb\xbf51868.07131 11.769 0.024\n51869.05804 11.014 0.024\n",
        b"\xef\xbb\xbfmjd,mag,err\n51868.07131,11.769,0.024\n51869.05804,11.014,0.024\n",
        b"# my star\n# of 2010\nmjd mag err\n51868.07131 11.769 0.024\n51869.05804 11.014 0.024\n",
        b"mag hjd-2450000 flag err\n11.769 1868.57131 1 0.024\n11.014 1869.55804 0 0.024",
    ],
)
def test_other_ways_to_write_the_same(content):
    found = read(content)
    assert found.time == pytest.approx([51868.07131, 51869.05804], abs=1e-9)
    assert (found.value.tolist(), found.error.tolist()) == ([11.769, 11.014], [0.024, 0.024])


def test_values_that_are_no_numbers_yet_stand_in_a_table_are_kept():
    found = read(b"nan,11.0,0.1\n1868.5,nan,0.1\n1869.5,inf,nan\n")
    assert np.isnan(found.time).tolist() == [True, False, False]
    assert (np.isnan(found.value[1]), np.isinf(found.value[2]), np.isnan(found.error[2])) == (True, True, True)


def test_an_empty_file_is_an_object_without_epochs():
    found = read_texts([Text("a.dat", b""), Text("b.dat", ASAS), Text("c.dat", b"# nothing\n")], CurveSchema())
    assert found.n_epochs.tolist() == [0, 2, 0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"1,2,3\n4,five,6\n", r"215707\.dat is not a table of numbers .*row 1"),
        (b"1,2,3\n4,5\n", r"215707\.dat is not a table of numbers"),
        (b"1,2,3,4\n", r"has 4 columns without names; give time, value and error alone"),
        (b"mjd,mag,e\n1,2\n", r"has 2 columns where mjd, mag, e are needed"),
        (b"\x00\x01\x02\xff", r"is not a table of numbers"),
    ],
)
def test_a_damaged_file_is_named(content, message):
    with pytest.raises(InputError, match=message):
        read(content)


def test_files_of_different_columns_are_refused():
    with pytest.raises(InputError, match=r"b\.dat has columns mjd, mag, those before it time, value, error"):
        read_texts([Text("a.dat", ASAS), Text("b.dat", b"mjd,mag\n55000,2\n")], CurveSchema())
    with pytest.raises(InputError, match="there is no light curve; give files that end in"):
        read_texts([], CurveSchema())


def tar(path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def test_only_the_curves_of_an_archive_are_read(tmp_path):
    path = tmp_path / "all.tar.gz"
    tar(path, {"set/1.dat": ASAS, "set/._1.dat": b"junk", "set/README": b"words", "../../2.csv": ASAS})
    assert [text.path for text in texts_in_tar(path)] == ["set/1.dat", "../../2.csv"]


@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_a_truncated_archive_is_refused(tmp_path, kept):
    path = tmp_path / "all.tar.gz"
    tar(path, {f"{i}.dat": np.random.default_rng(i).bytes(4000).hex().encode() for i in range(5)})
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    with pytest.raises(InputError, match=r"cannot be read as tar .* truncated or damaged"):
        list(texts_in_tar(path))


def arrays(**changes):
    flat = {"time": np.array([55000.0, 55001.0, 55002.0]), "mag": np.array([15, 16, 17], np.float32)}
    flat |= {"magerr": np.array([0.1, 0.2, 0.3]), "band": np.array(["R", "g", "R"]), "offsets": np.array([0, 2, 3])}
    return flat | {"id": np.array(["a", "b"]), "period": np.array([0.5, np.nan]), "note": np.array("scalar")} | changes


def test_flat_arrays_with_offsets(tmp_path):
    np.savez(tmp_path / "a.npz", **arrays())
    found = read_npz(tmp_path / "a.npz", CurveSchema())
    assert (found.n_epochs.tolist(), found.value.tolist()) == ([2, 1], [15.0, 16.0, 17.0])
    assert (found.bands, found.band.tolist()) == (("R", "g"), [0, 1, 0])
    assert list(found.meta) == ["id", "period"]


def test_one_epoch_an_object_is_told_from_metadata(tmp_path):
    np.savez(tmp_path / "a.npz", **arrays(offsets=np.array([0, 1, 2, 3]), id=np.array(["a", "b", "c"])))
    found = read_npz(tmp_path / "a.npz", CurveSchema())
    assert (found.n_epochs.tolist(), list(found.meta)) == ([1, 1, 1], ["id"])


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ({"time": np.ones(2)}, "holds time but no offsets"),
        (arrays(offsets=np.array([0, 4])), "no column looks like the time"),
        (arrays(offsets=np.array([1, 3])), "offsets do not divide 3 epochs"),
    ],
)
def test_arrays_that_are_no_light_curves_are_refused(tmp_path, made, message):
    np.savez(tmp_path / "a.npz", **made)
    with pytest.raises(InputError, match=message):
        read_npz(tmp_path / "a.npz", CurveSchema())


def test_python_objects_are_never_loaded(tmp_path):
    np.savez(tmp_path / "a.npz", **arrays(id=np.array([{}, {}], dtype=object)))
    with pytest.raises(InputError, match=r"cannot be read as npz \(ValueError"):
        read_npz(tmp_path / "a.npz", CurveSchema())


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
def test_a_truncated_npz_is_refused(tmp_path, kept):
    path = tmp_path / "a.npz"
    np.savez(path, **arrays())
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    with pytest.raises(InputError, match="cannot be read as npz"):
        read_npz(path, CurveSchema())


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_an_empty_file_among_files_with_names_is_an_object_without_epochs(order):
    texts = [Text("a.dat", b""), Text("b.dat", b"mjd mag flag err\n55000 15 1 0.1\n")]
    found = read_texts([texts[i] for i in order], CurveSchema())
    assert (found.n_epochs[order].tolist(), found.value.tolist()) == ([0, 1], [15.0])


@pytest.mark.parametrize("cell", ["--", "null", ">17.5"])
def test_a_sign_for_a_missing_number_is_named_with_what_to_write(cell):
    with pytest.raises(InputError, match=f"{cell}.* and nan where a number is missing"):
        read(f"55000 {cell} 0.1\n".encode())


def test_times_that_are_all_missing_are_an_object_without_a_date():
    assert np.isnan(read(b"nan 15 0.1\n").time).all()
