import numpy as np
import pytest

from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.problems.stratified import stratified_split

LABELS = np.repeat(["a", "b", "c", "d"], [100, 10, 2, 1])


def dataset(**settings):
    return Dataset(x=np.arange(len(LABELS), dtype=float), y=LABELS, **settings)


def counts(data):
    return dict(zip(*np.unique(data.y, return_counts=True), strict=True))


def test_every_class_has_its_share_and_a_class_of_one_stays_in_train():
    train, test = stratified_split(dataset(), 0.3, 0)
    assert counts(test) == {"a": 30, "b": 3, "c": 1}
    assert counts(train) == {"a": 70, "b": 7, "c": 1, "d": 1}
    assert np.array_equal(np.sort(np.concatenate([train.x, test.x]).ravel()), np.arange(113))


def test_the_split_is_that_of_the_seed():
    one, same, other = (stratified_split(dataset(), 0.3, seed)[1].x for seed in (0, 0, 1))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_no_group_is_divided():
    group = np.arange(len(LABELS)) // 3
    train, test = stratified_split(dataset(group=group), 0.3, 2)
    assert not np.intersect1d(train.group, test.group).size
    assert len(test) == pytest.approx(0.3 * 113, abs=4)


def test_what_cannot_be_split_is_said():
    with pytest.raises(InputError, match="needs classes"):
        stratified_split(Dataset(x=np.zeros(3), y=[1.0, 2.0, 3.0]), 0.3, 0)
    with pytest.raises(InputError, match=r"fraction is 1\.5"):
        stratified_split(dataset(), 1.5, 0)
    with pytest.raises(InputError, match="no class of 2 objects"):
        stratified_split(dataset()[[0, 112]], 0.3, 0)
