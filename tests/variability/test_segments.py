from __future__ import annotations

import numpy as np
import pytest

from checkstar.variability.segments import Segments

RNG = np.random.default_rng(0)
COUNTS = np.array([1, 7, 30, 2])
PARTS = Segments(np.concatenate([[0], np.cumsum(COUNTS)]))
COLUMN = RNG.normal(size=COUNTS.sum())


def pieces(column=COLUMN):
    return np.split(column, PARTS.offsets[1:-1])


@pytest.mark.parametrize(("name", "one"), [("sum", np.sum), ("mean", np.mean), ("max", np.max), ("min", np.min)])
def test_a_reduction_is_that_of_each_object_alone(name, one):
    assert getattr(PARTS, name)(COLUMN) == pytest.approx([one(piece) for piece in pieces()], rel=1e-13)


@pytest.mark.parametrize("level", [0.0, 0.05, 0.5, 0.9, 1.0])
def test_quantiles_are_those_of_hazen(level):
    found = PARTS.quantile(PARTS.sorted(COLUMN), level)
    assert found == pytest.approx([np.quantile(piece, level, method="hazen") for piece in pieces()], rel=1e-12)


def test_order_sorts_every_object_and_leaves_ties_as_they_were():
    column = np.round(COLUMN)
    assert PARTS.order(column).tolist() == np.lexsort((column, PARTS.owner)).tolist()


def test_the_running_sum_of_an_object_does_not_depend_on_those_before_it():
    huge = COLUMN.copy()
    huge[PARTS.owner < 2] *= 1e12
    last = PARTS.owner >= 2
    assert (PARTS.running_sum(huge)[last] == PARTS.running_sum(COLUMN)[last]).all()
    assert PARTS.running_sum(COLUMN)[PARTS.owner == 2] == pytest.approx(np.cumsum(pieces()[2]))


def test_neighbours_are_of_the_same_object():
    first = PARTS.has_next(2)
    assert (PARTS.owner[first] == PARTS.owner[first + 2]).all()
    assert np.bincount(PARTS.owner[first], minlength=4).tolist() == [0, 5, 28, 0]


def test_the_largest_of_nothing_is_minus_infinity():
    first = PARTS.has_next()
    steps = np.abs(COLUMN[first + 1] - COLUMN[first])
    found = PARTS.max_of(first, steps)
    assert found[0] == -np.inf
    assert found[2] == np.abs(np.diff(pieces()[2])).max()
