from __future__ import annotations

import numpy as np
import pytest

from checkstar.errors import InputError
from checkstar.evidence import binomial
from checkstar.variability.match_rates import match_kinds, match_rate

TRUTH = np.array([0.6, 0.6, 0.6, 0.6, 0.6, 0.6, np.nan, 0.6])
ALIAS = 1 / (1 / 0.6 - 1.0027379)
FOUND = np.array([0.605, 0.3, 1.2, ALIAS, 0.62, np.nan, 0.6, 1 / (2 - 1 / 0.6)])


def test_each_kind_of_match_is_told_apart():
    expected = ["exact", "harmonic", "harmonic", "alias", "other", "other", "", "alias"]
    assert match_kinds(FOUND, TRUTH).tolist() == expected


def test_rates_add_up_to_one_with_the_intervals_of_a_binomial():
    rates = match_rate(np.column_stack([FOUND, FOUND]), TRUTH)
    assert sum(rate.value for rate in rates) == pytest.approx(1.0)
    assert rates.harmonic == binomial(2, 7)


def test_a_tighter_tolerance_finds_fewer():
    assert match_rate(FOUND, TRUTH, tolerance=0.001).exact.value == 0


def test_unequal_numbers_are_refused():
    with pytest.raises(InputError, match="one of each an object"):
        match_rate([0.5, 0.6], [0.5])
