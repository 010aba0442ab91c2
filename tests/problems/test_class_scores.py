import numpy as np
import pytest
from sklearn import metrics

from checkstar.errors import InputError
from checkstar.prediction import Classes, Point
from checkstar.problems.class_scores import CLASS_METRICS, accuracy, balanced_accuracy, log_loss, macro_f1

RNG = np.random.default_rng(0)
NAMES = np.array(["EA", "RRab", "RRc", "SR"])
TRUTH = RNG.choice(NAMES, 500, p=[0.6, 0.3, 0.08, 0.02])
PREDICTED = np.where(RNG.random(500) < 0.7, TRUTH, RNG.choice(NAMES, 500))


def test_scores_are_those_of_scikit_learn():
    assert accuracy(TRUTH, PREDICTED) == pytest.approx(metrics.accuracy_score(TRUTH, PREDICTED))
    assert balanced_accuracy(TRUTH, PREDICTED) == pytest.approx(metrics.balanced_accuracy_score(TRUTH, PREDICTED))
    assert macro_f1(TRUTH, PREDICTED) == pytest.approx(metrics.f1_score(TRUTH, PREDICTED, average="macro"))
    probabilities = RNG.dirichlet(np.ones(4), 500)
    expected = metrics.log_loss(TRUTH, probabilities, labels=list(NAMES))
    assert log_loss(TRUTH, Classes(probabilities, NAMES)) == pytest.approx(expected)


def test_a_class_that_is_never_predicted_counts_as_nothing_found():
    truth, predicted = np.array(["a", "a", "b"]), np.array(["a", "a", "c"])
    assert balanced_accuracy(truth, predicted) == 0.5
    # Of a, b and c only a is found.
    assert macro_f1(truth, predicted) == pytest.approx(1 / 3)


def test_a_class_that_the_method_does_not_know_counts_as_nearly_impossible():
    sure = Classes([[1.0, 0.0], [0.5, 0.5]], ["a", "b"])
    assert log_loss(np.array(["a", "new"]), sure) == pytest.approx(-np.log(1e-15) / 2)
    assert log_loss(np.array(["new", "new"]), sure) == pytest.approx(-np.log(1e-15))


def test_numbers_have_no_logarithmic_loss():
    with pytest.raises(InputError, match="needs class probabilities"):
        log_loss(np.array(["a"]), Point(np.zeros((1, 1))))


def test_metrics_score_a_prediction_with_their_direction_and_source():
    truth = np.array(["a", "a", "b", "b"])
    good, bad = (
        Classes(np.stack([p, 1 - np.array(p)], axis=1), ["a", "b"])
        for p in ([0.9, 0.8, 0.1, 0.2], [0.4, 0.6, 0.7, 0.4])
    )
    for metric in CLASS_METRICS:
        better, worse = metric.score(truth, good), metric.score(truth, bad)
        assert better > worse if metric.direction == "higher" else better < worse
        assert metric.source
