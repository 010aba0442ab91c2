"""The front is what nothing beats in both."""

import numpy as np
import pytest

from checkstar.studies.pareto import pareto_front


def test_the_front_of_a_monotone_curve_is_all_of_it():
    assert pareto_front([1, 2, 3], [0.1, 0.2, 0.3]).all()


def test_what_costs_more_and_is_worse_is_not_on_it():
    assert pareto_front([1, 2, 3], [0.3, 0.2, 0.4]).tolist() == [True, False, True]
    assert pareto_front([1, 2, 3], [0.3, 0.2, 0.4], "lower").tolist() == [True, True, False]


def test_twins_are_both_on_it_and_what_is_unknown_never_is():
    assert pareto_front([1, 1, np.nan, 1], [0.3, 0.3, 0.9, np.nan]).tolist() == [True, True, False, False]


@pytest.mark.parametrize("seed", range(5))
def test_every_other_point_is_beaten_by_one_on_the_front(seed):
    rng = np.random.default_rng(seed)
    cost, score = rng.random((2, 60))
    front = pareto_front(cost, score)
    for c, s in zip(cost[~front], score[~front], strict=True):
        assert ((cost[front] <= c) & (score[front] >= s)).any()
    for c, s in zip(cost[front], score[front], strict=True):
        assert not ((cost < c) & (score > s)).any()
