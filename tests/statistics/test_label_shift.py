import numpy as np
import pytest

from checkstar.statistics.label_shift import class_shares, label_shift


def test_shares_solve_the_confusion_matrix():
    confusion = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.0, 0.3, 0.7]])
    truth = np.array([0.5, 0.2, 0.3])
    found = class_shares(confusion, truth @ confusion, 5000)
    assert found == pytest.approx(truth, abs=1e-4)
    assert found == pytest.approx(np.linalg.solve(confusion.T, truth @ confusion), abs=1e-4)


def test_shares_stay_positive_where_the_inverse_does_not():
    confusion = np.array([[0.7, 0.3], [0.3, 0.7]])
    predicted = np.array([0.2, 0.8])
    assert (np.linalg.solve(confusion.T, predicted) < 0).any()
    assert class_shares(confusion, predicted, 5000) == pytest.approx([0.0, 1.0], abs=0.01)


def test_a_planted_shift_of_the_classes_is_found_within_its_interval():
    rng = np.random.default_rng(0)
    right = 0.8

    def draw(n, share):
        truth = (rng.random(n) < share).astype(int)
        return truth, np.where(rng.random(n) < right, truth, 1 - truth)

    truth, predicted = draw(4000, 0.5)
    _, target = draw(4000, 0.8)
    own, theirs, again = label_shift(truth, predicted, target, 2, np.arange(4000), rng)
    assert own == pytest.approx([0.5, 0.5], abs=0.03)
    # sqrt(0.25 / 4000) / 0.6 = 0.013 for each of the samples.
    assert theirs == pytest.approx([0.2, 0.8], abs=0.05)
    assert np.quantile(again, 0.025) < 0.3 < np.quantile(again, 0.975)
