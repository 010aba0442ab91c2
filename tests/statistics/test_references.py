import numpy as np
import pytest

from checkstar.statistics.references import blocks, nearest, regressed


def test_a_block_learns_only_from_earlier_units_and_none_is_divided():
    units = np.repeat(np.arange(100), 3)
    seen = set()
    for known, new in blocks(units, np.random.default_rng(0)):
        assert not set(units[known]) & set(units[new])
        assert not seen & set(new)
        assert seen <= set(known)
        seen |= set(new)
    assert len(seen) == 3 * (100 - 32)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 31, 33])
def test_few_objects_leave_what_they_can(n):
    new = [new for _, new in blocks(np.arange(n), np.random.default_rng(0))]
    assert sum(map(len, new)) == n - min(32, n // 2) if n > 1 else not new


def test_no_two_objects_learn_from_each_other():
    learned = np.zeros((80, 80), dtype=bool)
    for known, new in blocks(np.arange(80), np.random.default_rng(1)):
        learned[np.ix_(new, known)] = True
    assert not (learned & learned.T).any()


def test_the_regression_is_that_of_least_squares_on_what_is_known():
    rng = np.random.default_rng(0)
    features, known, new = rng.normal(size=(5000, 3)), np.arange(4000), np.arange(4000, 5000)
    truth = 2 + features @ np.array([[1.0, 0.0], [0.5, -1.0], [0.0, 3.0]]) + 0.1 * rng.normal(size=(5000, 2))
    expected, residuals = regressed(features, truth, known, new)
    design = np.column_stack([np.ones(4000), features[known]])
    slopes = np.linalg.lstsq(design, truth[known], rcond=None)[0]
    # The ridge shrinks by about a thousandth of the spread.
    assert expected == pytest.approx(slopes[0] + features[new] @ slopes[1:], abs=0.03)
    assert residuals.std() == pytest.approx(0.1, rel=0.05)


def test_constant_and_repeated_features_say_nothing_more():
    rng = np.random.default_rng(0)
    x, known, new = rng.normal(size=(200, 1)), np.arange(150), np.arange(150, 200)
    expected = regressed(np.hstack([x, x, np.full((200, 1), 7.0)]), x, known, new)[0]
    assert expected == pytest.approx(x[new], abs=0.05)
    assert np.array_equal(nearest(np.hstack([x, np.ones((200, 1))]), known, new), nearest(x, known, new))


def test_the_nearest_known_object_is_found():
    rng = np.random.default_rng(0)
    z, known, new = rng.normal(size=(300, 4)), np.arange(0, 300, 2), np.arange(1, 300, 2)
    unit = z / z[known].std(axis=0)
    distance = np.linalg.norm(unit[new][:, None] - unit[known], axis=2)
    assert np.array_equal(nearest(z, known, new), known[distance.argmin(axis=1)])
