"""No group is ever divided, and rare classes are spread."""

import numpy as np
import pytest

import checkstar as cs
from checkstar.errors import InputError
from checkstar.studies.splits import grouped_folds, part_of, random_splits


def rare(n=600, seed=0):
    rng = np.random.default_rng(seed)
    y = np.array(["common"] * (n - 12) + ["rare"] * 12)
    return cs.Dataset(
        x=rng.normal(size=(n, 2)), y=y, group=np.concatenate([rng.integers(0, 150, n - 12), np.arange(200, 212)])
    )


def test_folds_test_every_object_once_and_divide_no_group():
    data = rare()
    splits = grouped_folds(data, 5, np.random.default_rng(0))
    assert sorted(np.concatenate([s.test for s in splits])) == list(range(len(data)))
    for split in splits:
        assert not set(data.group[split.train]) & set(data.group[split.test])
        assert len(split.train) + len(split.test) == len(data)


def test_folds_hold_as_many_of_a_rare_class_as_can_be():
    data = rare()
    held = [int((data.y[s.test] == "rare").sum()) for s in grouped_folds(data, 5, np.random.default_rng(1))]
    assert sorted(held) == [2, 2, 2, 3, 3]


def test_folds_of_numbers_are_of_equal_size():
    data = cs.Dataset(x=np.ones((103, 1)), y=np.arange(103.0))
    assert sorted(len(s.test) for s in grouped_folds(data, 5, np.random.default_rng(0))) == [20, 20, 21, 21, 21]


def test_random_splits_hold_the_share_of_each_class_and_differ():
    data = rare()
    splits = random_splits(data, 4, 0.25, np.random.default_rng(0))
    for split in splits:
        assert (data.y[split.test] == "rare").sum() == 3
        assert not set(data.group[split.train]) & set(data.group[split.test])
        # Groups are of unequal size: about four objects each.
        assert len(split.test) / len(data) == pytest.approx(0.25, abs=0.04)
    assert len({tuple(split.test) for split in splits}) == 4


def test_a_class_of_two_groups_is_in_both_parts_of_every_split():
    data = cs.Dataset(x=np.ones((22, 1)), y=["a"] * 20 + ["b"] * 2)
    for split in random_splits(data, 10, 0.1, np.random.default_rng(0)):
        assert (data.y[split.train] == "b").sum() == (data.y[split.test] == "b").sum() == 1


def test_smaller_shares_lie_inside_larger_ones():
    data, rows = rare(), np.arange(300, 600)
    parts = [set(part_of(data, rows, share, np.random.default_rng(0))) for share in (0.1, 0.5, 1.0)]
    assert parts[0] < parts[1] < parts[2] == set(rows)
    assert "rare" in data.y[sorted(parts[0])]


def test_too_few_groups_are_refused():
    data = cs.Dataset(x=np.ones((6, 1)), y=np.arange(6.0), group=[0, 0, 0, 1, 1, 1])
    with pytest.raises(InputError, match=r"folds is 5; with 2 independent groups it lies between 2 and 2"):
        grouped_folds(data, 5, np.random.default_rng(0))
    with pytest.raises(InputError, match=r"test share of 1\.5"):
        random_splits(data, 5, 1.5, np.random.default_rng(0))
