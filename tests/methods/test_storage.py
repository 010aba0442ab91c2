from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
from numpy.typing import ArrayLike

from checkstar.errors import ContractError, InputError
from checkstar.methods import Constant, Forest, Ridge
from checkstar.methods.base import Method
from checkstar.methods.storage import load_method, save_method
from checkstar.prediction import Point
from checkstar.testing import simulate_spectra

DATA = simulate_spectra(60)


class Hoard(Method):
    """Learns whatever its setting says."""

    def __init__(self, treasure: Any = None) -> None:
        self.treasure = treasure

    def fit(self, x: ArrayLike, y: ArrayLike, *, noise: Any = None, y_err: Any = None) -> Self:
        self.treasure_ = self.treasure
        return self

    def predict_distribution(self, x: ArrayLike, *, noise: Any = None) -> Point:
        return Point(np.zeros(len(np.asarray(x))))


def saved(tmp_path: Path) -> Path:
    return save_method(Ridge(5).fit_data(DATA), tmp_path / "ridge")


def same(left: Any, right: Any) -> bool:
    if isinstance(left, np.ndarray):
        return left.dtype == right.dtype and left.shape == right.shape and np.array_equal(left, right)
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple):
        return type(left) is type(right) and len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and (left == right or left != left)


@pytest.mark.parametrize(
    "treasure",
    [
        None,
        True,
        3,
        2.5,
        float("inf"),
        float("nan"),
        "Sirius \N{GREEK SMALL LETTER ALPHA}",
        (1, 2.0, ("a",)),
        [[], {}],
        {"a": [np.arange(3), {"b": None}]},
        np.arange(6.0).reshape(2, 3).T,
        np.empty((0, 4)),
        np.array(3.0),
        np.array([True, False]),
        np.arange(3, dtype=np.uint16),
        np.arange(3, dtype=np.float32),
        np.array([["RRAB", "EW"]]),
        np.arange(10)[::3],
    ],
    ids=lambda value: f"{type(value).__name__}",
)
def test_everything_a_method_may_learn_comes_back_as_it_was(treasure, tmp_path):
    method = Hoard(treasure).fit([[0.0]], [0.0])
    loaded = load_method(Hoard, save_method(method, tmp_path / "hoard"))
    assert same(treasure, loaded.treasure_)
    assert same(treasure, loaded.treasure)


def test_big_endian_arrays_come_back_with_the_same_values(tmp_path):
    method = Hoard(np.array([1.0, 2.0], dtype=">f8")).fit([[0.0]], [0.0])
    assert load_method(Hoard, save_method(method, tmp_path / "hoard")).treasure_.tolist() == [1.0, 2.0]


def test_numpy_numbers_come_back_as_numbers(tmp_path):
    method = Hoard(np.float64(2.5)).fit([[0.0]], [0.0])
    assert load_method(Hoard, save_method(method, tmp_path / "hoard")).treasure_ == 2.5


def test_loaded_methods_predict_the_same(tmp_path):
    method = Ridge(5).fit_data(DATA)
    loaded = Ridge.load(method.save(tmp_path / "deep" / "ridge"))
    assert np.array_equal(loaded.predict(DATA.x), method.predict(DATA.x))
    assert loaded.settings() == method.settings()
    loaded.coefficients_ += 1.0  # loaded arrays can be written, as fitted ones can


def test_the_folder_holds_two_readable_files_and_no_pickle(tmp_path):
    folder = saved(tmp_path)
    assert sorted(item.name for item in folder.iterdir()) == ["arrays.safetensors", "method.json"]
    record = json.loads((folder / "method.json").read_text())
    assert record["class"] == "checkstar.methods.ridge.Ridge"
    assert sorted(item.name for item in tmp_path.iterdir()) == ["ridge"]


def test_an_earlier_method_is_replaced(tmp_path):
    folder = saved(tmp_path)
    save_method(Constant().fit_data(DATA), folder)
    assert np.array_equal(Constant.load(folder).levels_, Constant().fit_data(DATA).levels_)


def test_a_foreign_folder_is_not_overwritten(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(InputError, match=r"holds 'thesis.tex', which is not part of a saved method"):
        save_method(Constant().fit_data(DATA), tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "precious"
    with pytest.raises(InputError, match="is a file or a link"):
        save_method(Constant().fit_data(DATA), tmp_path / "thesis.tex")


@pytest.mark.parametrize(
    "bad", [object(), np.array([object()]), np.array([1j]), {1: 2}, {2, 3}, np.random.default_rng(0)]
)
def test_what_cannot_be_saved_is_named_and_leaves_nothing_behind(bad, tmp_path):
    with pytest.raises(ContractError, match=r"Hoard setting treasure is a .* which cannot be saved"):
        save_method(Hoard(bad).fit([[0.0]], [0.0]), tmp_path / "hoard")
    assert not list(tmp_path.iterdir())


def test_a_failed_write_keeps_the_earlier_method(tmp_path, monkeypatch):
    folder = saved(tmp_path)

    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        save_method(Constant().fit_data(DATA), folder)
    assert Ridge.load(folder).n_components == 5
    assert sorted(item.name for item in tmp_path.iterdir()) == ["ridge"]


def test_another_class_is_refused_and_never_imported(tmp_path):
    with pytest.raises(
        InputError, match=r"holds a checkstar.methods.ridge.Ridge, not a .*Constant; load it with Ridge"
    ):
        Constant.load(saved(tmp_path))


def test_altered_arrays_are_refused(tmp_path):
    path = saved(tmp_path) / "arrays.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="altered or truncated"):
        Ridge.load(path.parent)


@pytest.mark.parametrize("name", ["arrays.safetensors", "method.json"])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_truncated_files_are_refused(name, share, tmp_path):
    path = saved(tmp_path) / name
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match="again"):
        Ridge.load(path.parent)


@pytest.mark.parametrize(
    ("name", "message"), [("arrays.safetensors", "No such file"), ("method.json", "has no method.json")]
)
def test_missing_files_are_refused(name, message, tmp_path):
    folder = saved(tmp_path)
    (folder / name).unlink()
    with pytest.raises(InputError, match=message):
        Ridge.load(folder)


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"has no method.json"):
        Ridge.load(tmp_path / "nowhere")


def alter(folder: Path, change: Any, *, seal: bool) -> None:
    """Change the record; `seal` recomputes its hash, as a careful forger would."""
    from checkstar.methods.storage import _record_hash

    record = json.loads((folder / "method.json").read_text())
    stated = record.pop("record_sha256")
    change(record)
    record["record_sha256"] = _record_hash(record) if seal else stated
    (folder / "method.json").write_text(json.dumps(record))


def test_an_altered_record_is_refused(tmp_path):
    folder = saved(tmp_path)
    alter(folder, lambda record: record["settings"].update(n_components={"value": 6}), seal=False)
    with pytest.raises(InputError, match="was altered after it was saved"):
        Ridge.load(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r["learned"].update(predict={"value": 1}), "'predict' is no name of something learned"),
        (lambda r: r["learned"].update(__class__={"value": 1}), "'__class__' is no name"),
        (lambda r: r["learned"].clear(), "nothing learned"),
        (lambda r: r["settings"].update(colour={"value": 1}), "no setting 'colour'"),
        (lambda r: r["learned"].update(penalty_={"import": "os"}), "unknown form"),
        (lambda r: r["learned"].update(penalty_={"value": 1, "list": []}), "unknown form"),
        (lambda r: r["learned"].pop("penalty_"), "arrays that method.json does not name"),
        (lambda r: r["learned"]["penalty_"].update(shape=[9]), r"not float64 \(9,\)"),
        (lambda r: r["learned"]["penalty_"].update(array="a99"), "a99"),
        (lambda r: r.update(format_version=2), "format version 2"),
        (lambda r: r.update(format="pickle"), "is not a saved method"),
        (lambda r: r.pop("settings"), "was altered"),
    ],
)
def test_a_forged_record_is_refused(change, message, tmp_path):
    folder = saved(tmp_path)
    alter(folder, change, seal=True)
    with pytest.raises(InputError, match=message):
        Ridge.load(folder)


def test_forged_trees_are_refused_before_use(tmp_path):
    forest = Forest(n_trees=3).fit_data(DATA)
    forest.trees_["left"][0] = 0  # would be walked for ever
    with pytest.raises(InputError, match="broken trees"):
        Forest.load(forest.save(tmp_path / "forest"))


def test_json_that_is_no_record_is_refused(tmp_path):
    for text in ("[1, 2]", "null", "[" * 100000):
        (tmp_path / "method.json").write_text(text)
        with pytest.raises(InputError):
            Ridge.load(tmp_path)


def nested() -> Hoard:
    return Hoard([Ridge(5).fit_data(DATA), {"prior": Constant()}]).fit([[0.0]], [0.0])


def test_methods_inside_a_method_come_back_fitted_or_not_as_they_were(tmp_path):
    before = nested()
    folder = save_method(before, tmp_path / "hoard")
    assert sorted(item.name for item in folder.iterdir()) == ["arrays.safetensors", "method.json"]
    for loaded in (load_method(Hoard, folder).treasure, load_method(Hoard, folder).treasure_):
        assert np.array_equal(loaded[0].predict(DATA.x), before.treasure[0].predict(DATA.x))
        assert isinstance(loaded[1]["prior"], Constant) and not loaded[1]["prior"].is_fitted()


def test_a_method_inside_that_is_not_of_this_package_must_have_been_imported(tmp_path):
    folder = save_method(nested(), tmp_path / "hoard")

    def change(record: dict[str, Any]) -> None:
        record["learned"]["treasure_"]["list"][0]["method"]["class"] = "os.path.Evil"

    alter(folder, change, seal=True)
    with pytest.raises(InputError, match=r"it holds a os.path.Evil, which is not imported; import it first"):
        load_method(Hoard, folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m["settings"].update(colour={"value": 1}), "Ridge has no setting 'colour'"),
        (lambda m: m["learned"].update(__class__={"value": 1}), "'__class__' is no name"),
        (lambda m: m.update(code="1"), "unknown form"),
        (lambda m: m.update({"class": "checkstar.methods.storage.save_method"}), "not imported"),
        (lambda m: m.update({"class": "checkstar.methods.wrapping.as_method"}), "not imported"),
        (lambda m: m["learned"]["coefficients_"].update(shape=[9]), r"not float64 \(9,\)"),
        (lambda m: m["learned"].pop("coefficients_"), "arrays that method.json does not name"),
    ],
)
def test_a_forged_method_inside_is_refused(change, message, tmp_path):
    folder = save_method(nested(), tmp_path / "hoard")
    alter(folder, lambda r: change(r["learned"]["treasure_"]["list"][0]["method"]), seal=True)
    with pytest.raises(InputError, match=message):
        load_method(Hoard, folder)


def test_forged_trees_inside_a_method_are_refused(tmp_path):
    forest = Forest(n_trees=3).fit_data(DATA)
    forest.trees_["left"][0] = 0
    with pytest.raises(InputError, match="broken trees"):
        load_method(Hoard, save_method(Hoard(forest).fit([[0.0]], [0.0]), tmp_path / "hoard"))


def test_a_model_of_another_library_inside_is_named_and_not_pickled(tmp_path):
    from sklearn.linear_model import LinearRegression

    from checkstar.methods import as_method

    with pytest.raises(
        ContractError, match=r"^Hoard setting treasure cannot be saved: LinearRegression is or holds what"
    ):
        save_method(Hoard(as_method(LinearRegression())).fit([[0.0]], [0.0]), tmp_path / "hoard")
    assert not list(tmp_path.iterdir())
