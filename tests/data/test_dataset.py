"""A dataset keeps its rows together, never splits a group, and refuses what cannot be used."""

import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.noise import Covariance, Gaussian


def make(n: int = 30) -> Dataset:
    rng = np.random.default_rng(1)
    row = np.arange(n, dtype=float)
    return Dataset(
        x=np.stack([row, -row], axis=1),
        y=np.stack([row + 0.5, row**2], axis=1),
        noise=np.stack([row + 1, row + 2], axis=1),
        y_err=np.stack([row, row + 3], axis=1),
        meta={"row": row, "field": rng.integers(0, 6, n).astype(str)},
        group="field",
        weight=row + 1,
        labels=["a", "b"],
        units={"a": "mag"},
        name="made",
    )


@pytest.mark.parametrize("index", [slice(3, 9), [5, 2, 2], np.arange(30) % 2 == 0, 7, -1])
def test_every_part_follows_the_same_rows(index):
    part = make()[index]
    row = part.meta["row"].to_numpy()
    assert len(part) == len(row) > 0
    np.testing.assert_array_equal(part.x[:, 0], row)
    np.testing.assert_array_equal(part.y[:, 0], row + 0.5)
    np.testing.assert_array_equal(part.y_err[:, 1], row + 3)
    np.testing.assert_array_equal(part.weight, row + 1)
    np.testing.assert_array_equal(part.noise.sigma(part.x)[:, 0], row + 1)
    np.testing.assert_array_equal(part.group, part.meta["field"])


def test_slicing_leaves_the_original_alone():
    data = make()
    data[:3].x[:] = 99.0
    assert data.x[0, 0] == 0.0
    assert len(data) == 30


def test_a_covariance_is_sliced_with_its_objects():
    covariance = np.eye(2) * np.arange(1, 5)[:, None, None]
    part = Dataset(x=np.zeros((4, 2)), noise=Covariance(covariance))[[2]]
    np.testing.assert_allclose(part.noise.sigma(part.x) ** 2, [[3.0, 3.0]])


@pytest.mark.parametrize("seed", range(5))
def test_split_divides_no_group_and_loses_no_object(seed):
    train, test = make().split(0.3, rng=seed)
    assert not set(train.group) & set(test.group)
    assert sorted([*train.meta["row"], *test.meta["row"]]) == list(range(30))


def test_split_without_groups_has_the_wanted_size():
    train, test = Dataset(x=np.arange(1000.0)).split(0.3)
    assert (len(train), len(test)) == (700, 300)


def test_folds_test_every_object_once_and_divide_no_group():
    tested = []
    for train, test in make().folds(3, rng=4):
        assert not set(train.group) & set(test.group)
        assert len(train) + len(test) == 30
        tested += list(test.meta["row"])
    assert sorted(tested) == list(range(30))


def test_folds_are_balanced_when_objects_are_independent():
    assert [len(test) for _, test in Dataset(x=np.arange(103.0)).folds(5)] == [21, 21, 21, 20, 20]


def test_select_keeps_one_label_with_its_error():
    part = make().select("b")
    assert part.labels == ("b",)
    np.testing.assert_array_equal(part.y[:, 0], np.arange(30.0) ** 2)
    np.testing.assert_array_equal(part.y_err[:, 0], np.arange(30.0) + 3)


def test_names_come_from_a_table():
    data = Dataset(x=pd.DataFrame({"g": [1.0], "r": [2.0]}), y=pd.DataFrame({"z_spec": [0.1]}))
    assert (data.features, data.labels) == (("g", "r"), ("z_spec",))


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["star", "galaxy"], "classification"),
        ([True, False], "classification"),
        ([1, 2], "regression"),
        (np.array([1.5, 2], dtype=object), "regression"),
        (pd.Series([1, 2], dtype="Int64"), "regression"),
        (pd.Series(["a", "b"], dtype="category"), "classification"),
    ],
)
def test_the_task_follows_from_the_labels(values, task):
    assert Dataset(y=values).task == task


def test_numbers_can_be_class_names():
    data = Dataset(y=[0, 1], task="classification")
    assert (data.task, data.y.tolist()) == ("classification", [["0"], ["1"]])


def test_float32_observations_are_not_doubled():
    assert Dataset(x=np.zeros((2, 3), dtype=np.float32)).x.dtype == np.float32


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "needs observations x, labels y, or both; got neither"),
        ({"x": [1.0, 2.0], "y": [1.0]}, "y describes 1 objects but x has 2; pass one row per object"),
        ({"x": [1.0], "meta": {"a": [1, 2]}}, "meta describes 2 objects but there are 1"),
        ({"x": [1.0], "group": [1, 2]}, "group describes 2 objects but x has 1"),
        ({"x": [1.0], "meta": {"field": [1]}, "group": "feild"}, "no group column 'feild'; did you mean 'field'?"),
        ({"x": ["a"]}, "x holds <U1 values; numbers are needed"),
        ({"x": np.zeros((2, 2, 2))}, "x has shape (2, 2, 2); one row per object"),
        ({"y": [1.0, np.nan]}, "y is not finite for 1 of 2 objects (rows 1); drop those rows"),
        ({"y": [1.0, None]}, "y is missing for 1 of 2 objects (rows 1); drop those rows"),
        ({"y": ["a", None]}, "y is missing for 1 of 2 objects (rows 1); drop those rows"),
        ({"y": ["a"], "task": "regression"}, "y holds text but the task is regression"),
        ({"x": [1.0], "features": ["a", "b"]}, "2 features were named but x has 1 columns"),
        ({"y": [1.0], "noise": 1.0}, "noise was given without observations x"),
        ({"x": [[1.0, 2.0]], "noise": [1.0, 2.0, 3.0]}, "the noise has shape (3,) but x has shape (1, 2)"),
        ({"y": [1.0], "y_err": [-1.0]}, "y_err has negative or non-finite entries"),
        ({"y": [1.0, 2.0], "y_err": [1.0, 1.0, 1.0]}, "y_err has shape (3,) but y has (2, 1)"),
        ({"y": [1.0], "weight": [0.0]}, "weights must be finite, not negative and not all zero"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(arguments, message):
    with pytest.raises(InputError, match=re.escape(message)):
        Dataset(**arguments)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda data: data.select("c"), "no label 'c'"),
        (lambda data: data.split(1.0), "fraction is 1.0"),
        (lambda data: next(data.folds(7)), "with 6 independent groups it lies between 2 and 6"),
        (lambda data: data[np.ones(3, dtype=bool)], "a mask of shape (3,) cannot choose among 30 objects"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_reason(act, message):
    with pytest.raises(InputError, match=re.escape(message)):
        act(make())


def test_a_dataset_is_not_iterated():
    with pytest.raises(TypeError, match="slice it"):
        iter(make())


def test_an_array_as_noise_is_the_sigma_of_a_gaussian():
    data = Dataset(x=[[1.0, 2.0]], noise=[0.1, np.inf])
    assert isinstance(data.noise, Gaussian)
    np.testing.assert_array_equal(data.noise.sigma(data.x), [[0.1, np.inf]])


def test_the_data_package_loads_nothing_heavy():
    code = (
        "import sys, checkstar.data, checkstar.data.dataset, checkstar.data.files, checkstar.data.sources\n"
        "print({'pandas', 'astropy', 'pooch', 'torch', 'matplotlib', 'pyarrow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_data_package_exports_what_it_lists():
    import checkstar.data

    for name in checkstar.data.__all__:
        assert getattr(checkstar.data, name) is not None
    assert set(checkstar.data.__all__) <= set(dir(checkstar.data))
    with pytest.raises(AttributeError, match="no attribute 'datasets'"):
        checkstar.data.datasets  # noqa: B018


def test_what_is_hidden_or_missing_is_never_used():
    masked = np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False])
    with pytest.raises(InputError, match="y is not finite for 1 of 3 objects"):
        Dataset(y=masked)
    assert np.isnan(Dataset(x=masked).x[1, 0])
    with pytest.raises(InputError, match="field is missing for 1 of 3 objects"):
        Dataset(y=[1.0, 2.0, 3.0], meta={"field": [1.0, np.nan, 2.0]}, group="field")


def test_labels_are_named_once_and_in_a_list():
    with pytest.raises(InputError, match="name a column twice"):
        Dataset(y=np.zeros((3, 2)), labels=["a", "a"])
    with pytest.raises(InputError, match="labels is the text 'mass'"):
        Dataset(y=np.zeros(3), labels="mass")
