from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from checkstar.errors import InputError
from checkstar.statistics.purity import members_among, members_by_probability


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9, 1.0])
def test_each_limit_is_wrong_for_at_most_one_list_in_forty(share):
    rng = np.random.default_rng(0)
    n, k, trials = 60, 40, 4000
    found, truth = rng.binomial(n, share, trials), rng.binomial(k, share, trials)
    limits = {x: members_among(k, x, n) for x in np.unique(found)}
    low, high = np.array([limits[x] for x in found]).T
    # 4000 trials at 2.5 %: at most 124 by chance, but for one experiment in a thousand.
    most = stats.binom.isf(1e-3, trials, 0.025)
    assert (truth < low).sum() <= most
    assert (truth > high).sum() <= most


def test_the_limits_are_not_wider_than_they_must():
    rng = np.random.default_rng(1)
    found, truth = rng.binomial(200, 0.7, 4000), rng.binomial(200, 0.7, 4000)
    limit = {x: members_among(200, x, 200) for x in np.unique(found)}
    limits = np.array([limit[x] for x in found])
    inside = ((truth >= limits[:, 0]) & (truth <= limits[:, 1])).mean()
    assert inside < 0.98  # discrete, so above 0.95; 0.002 is one sigma
    assert np.diff(limits, axis=1).mean() < 2.2 * 1.96 * np.sqrt(0.21 * 200 * 2)


def test_without_anything_known_every_number_is_possible():
    assert members_among(7, 0, 0) == (0, 7)


def test_a_great_many_known_objects_leave_the_binomial():
    low, high = members_among(50, 800_000, 1_000_000)
    assert (low, high) == (stats.binom.ppf(0.025, 50, 0.8), stats.binom.isf(0.025, 50, 0.8))


def test_effective_numbers_are_rounded_to_the_wider_side():
    low, high = members_among(20, 8.4, 10.5)
    assert low <= members_among(20, 8, 10).low
    assert high >= members_among(20, 8, 10).high


def test_impossible_counts_are_refused():
    with pytest.raises(InputError, match=r"12 members of 10 objects"):
        members_among(5, 12, 10)


def test_right_probabilities_give_right_limits_and_wrong_ones_do_not():
    rng = np.random.default_rng(2)
    p = rng.uniform(0.2, 0.95, 60)
    counts = (rng.random((4000, 60)) < p).sum(axis=1)
    low, high = members_by_probability(p)
    most = stats.binom.isf(1e-3, 4000, 0.025)
    assert (counts < low).sum() <= most
    assert (counts > high).sum() <= most
    assert high - low < np.diff(stats.binom.interval(0.95, 60, p.mean()))[0]  # Hoeffding 1956
    believed = members_by_probability(np.minimum(1.0, p + 0.25))
    assert (counts < believed.low).mean() > 0.9


def test_the_law_of_equal_probabilities_is_binomial():
    assert members_by_probability(np.full(30, 0.4)) == (
        stats.binom.ppf(0.025, 30, 0.4),
        stats.binom.isf(0.025, 30, 0.4),
    )
