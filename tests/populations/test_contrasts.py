import numpy as np
import pytest

from checkstar.populations import contrast


def groups(n, rng, slope=0.8, n_groups=3, truth_error=0.0):
    codes = rng.integers(n_groups, size=n)
    y = 0.7 * codes + rng.standard_normal(n)
    return slope * y + 0.5 * rng.standard_normal(n), y + truth_error * rng.standard_normal(n), codes


def test_two_groups_give_the_ratio_of_the_differences():
    found = contrast([0.0, 1.0, 4.0, 5.0], [0.0, 1.0, 5.0, 6.0], np.array([0, 0, 1, 1]))
    assert found.slope.value == pytest.approx(4 / 5)
    assert found.true.tolist() == [0.5, 5.5]
    assert found.predicted.tolist() == [0.5, 4.5]


@pytest.mark.parametrize("truth_error", [0.0, 0.8])
def test_errors_of_the_truth_neither_bias_the_slope_nor_its_interval(truth_error):
    rng = np.random.default_rng(0)
    found = [contrast(*groups(400, rng, truth_error=truth_error)).slope for _ in range(300)]
    # 300 repeats of 5 %: more than 26 has probability 0.003.
    assert sum(not s.low <= 0.8 <= s.high for s in found) <= 26
    # The slope over objects would be 0.8 (1 + 0.33) / (1 + 0.33 + 0.64) = 0.54 with these errors.
    assert np.median([s.value for s in found]) == pytest.approx(0.8, abs=0.02)


def test_equal_groups_are_weak_and_different_ones_strong():
    rng = np.random.default_rng(1)
    equal = contrast(rng.normal(size=300), rng.normal(size=300), rng.integers(2, size=300))
    assert equal.strength < 10
    assert contrast(*groups(300, rng)).strength > 10


def test_equal_means_have_no_slope():
    found = contrast([1.0, 2.0, 1.0, 2.0], [1.0, 1.0, 1.0, 1.0], np.array([0, 0, 1, 1]))
    assert np.isnan(found.slope.value)
    assert found.strength == 0.0


def test_weights_count_as_copies_do():
    p, y, codes = groups(100, np.random.default_rng(2))
    rows = np.concatenate([np.arange(100), np.arange(30)])
    copied = contrast(p[rows], y[rows], codes[rows])
    weighted = contrast(p, y, codes, weights=np.where(np.arange(100) < 30, 2.0, 1.0))
    assert weighted.slope.value == pytest.approx(copied.slope.value)


def test_copies_of_one_unit_do_not_narrow_the_interval():
    p, y, codes = groups(200, np.random.default_rng(3))
    rows = np.repeat(np.arange(200), 4)
    one, four = contrast(p, y, codes).slope, contrast(p[rows], y[rows], codes[rows], units=rows).slope
    assert four.high - four.low == pytest.approx(one.high - one.low, rel=0.01)


@pytest.mark.parametrize("small", [10, 20])
def test_a_small_group_beside_a_large_one_keeps_its_own_degrees_of_freedom(small):
    rng, missed = np.random.default_rng(0), np.zeros(2)
    codes = np.concatenate([np.zeros(small, int), np.ones(500, int)])
    for _ in range(600):
        y = 2.0 * codes + 0.5 * rng.standard_normal(len(codes))
        slope = contrast(y + 0.5 * rng.standard_normal(len(codes)), y, codes).slope
        missed += slope.low > 1, slope.high < 1
    # 2.5 % of 600: more than 27 has probability 0.001. With the degrees of freedom of all objects it is 5 % for ten.
    assert missed.max() <= 27


def test_a_group_of_one_object_has_no_interval():
    slope = contrast([0.0, 1.0, 4.0], [0.0, 1.0, 5.0], np.array([0, 0, 1])).slope
    assert slope.low == -np.inf and slope.high == np.inf
