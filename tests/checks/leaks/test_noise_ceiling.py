import numpy as np
import pytest

from checkstar.checks.leaks.noise_ceiling import NoiseCeiling
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.evidence import Verdict
from checkstar.prediction import Point
from checkstar.runs import Run

CLAIM = Claim("object_value")


def examine(y, y_err, predicted, **fields):
    run = Run(name="t", test=Dataset(y=y, y_err=y_err, **fields), prediction=Point(predicted))
    return NoiseCeiling().examine(run, CLAIM, np.random.default_rng(0))


def measured(n, seed, own=0.0, sigma=0.4):
    """Measured labels, and predictions that miss the true ones by `own`."""
    rng = np.random.default_rng(seed)
    truth = rng.standard_normal(n)
    return truth + sigma * rng.standard_normal(n), truth + own * rng.standard_normal(n)


def test_the_fault_is_one_minus_the_ratio_of_variances():
    y, predicted = measured(20_000, 0, own=0.3)
    found = examine(y, 0.4, predicted)
    # (0.09 + 0.16) / 0.16 = 1.5625; of 20000 objects its relative error is 1 %.
    assert found.value == pytest.approx(1 - 1.5625, abs=0.06)
    assert found.parts[1].estimate.value == pytest.approx(1 - 1.5625, abs=0.1)
    assert found.verdict is Verdict.PASS
    assert "no better than the labels allow" in found.reason


def test_predictions_that_have_seen_the_labels_fail():
    y, predicted = measured(500, 0, own=0.3)
    found = examine(y, 0.4, predicted + 0.7 * (y - predicted))
    # The residual is 0.3 x 0.5: a ratio of 0.14.
    assert found.value == pytest.approx(1 - 0.09 * 1.5625, abs=0.03)
    assert found.verdict is Verdict.FAIL
    assert "these labels were seen or their errors are overestimated" in found.reason


@pytest.mark.parametrize("n", [20, 60, 400])
def test_perfect_predictions_sit_at_the_limit_and_are_hardly_ever_decided(n):
    verdicts = [examine(*_at_the_limit(n, seed)).verdict for seed in range(400)]
    # 2.5 % either way: more than 21 of 400 has probability 0.001.
    assert verdicts.count(Verdict.FAIL) <= 21
    assert verdicts.count(Verdict.PASS) <= 21


def _at_the_limit(n, seed):
    y, predicted = measured(n, seed)
    return y, 0.4, predicted


def test_groups_with_a_common_label_error_keep_the_level():
    failed = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        shared = np.repeat(0.4 * rng.standard_normal(30), 10)
        truth = rng.standard_normal(300)
        failed += examine(truth + shared, 0.4, truth, group=np.repeat(np.arange(30), 10)).verdict is Verdict.FAIL
    # 2.5 %: more than 16 of 300 has probability 0.002. By row it would be several times as many.
    assert failed <= 16


def test_errors_that_differ_from_object_to_object_are_compared_in_the_mean():
    rng = np.random.default_rng(0)
    sigma = rng.uniform(0.1, 1.0, 20_000)
    truth = rng.standard_normal(20_000)
    found = examine(truth + sigma * rng.standard_normal(20_000), sigma, truth)
    assert found.value == pytest.approx(0, abs=0.05)


def test_some_exact_labels_leave_the_typical_object_out():
    y, predicted = measured(500, 0, own=0.3)
    sigma = np.where(np.arange(500) < 50, 0.0, 0.4)
    assert len(examine(y, sigma, predicted).parts) == 1


def test_without_label_errors_the_question_has_no_meaning():
    with pytest.raises(NotApplicable, match="y_err"):
        examine(np.zeros(5), None, np.zeros(5))
    with pytest.raises(NotApplicable, match="y_err"):
        examine(np.zeros(5), 0.0, np.zeros(5))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_handful_of_objects_is_never_failed_by_chance(n):
    # Three residuals of half the label error have odds of one in seven (chi^2).
    assert examine(np.zeros(n), 1.0, np.full(n, 0.5)).verdict is not Verdict.FAIL


def test_weights_choose_the_objects_that_count():
    y, predicted = measured(1000, 0, own=0.3)
    predicted[:500] = y[:500]
    weight = np.where(np.arange(1000) < 500, 0.0, 1.0)
    assert examine(y, 0.4, predicted, weight=weight).verdict is Verdict.PASS
    assert examine(y, 0.4, predicted, weight=1 - weight).verdict is Verdict.FAIL


def test_outliers_cannot_hide_that_the_labels_were_seen():
    y, predicted = measured(1000, 0, own=0.3)
    seen = predicted + 0.9 * (y - predicted)
    seen[:30] += 5.0
    found = examine(y, 0.4, seen)
    assert found.parts[0].estimate.value < -1
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "typical object, by the median" in found.reason
    # Outliers without a leak are no leak.
    predicted[:30] += 5.0
    assert examine(y, 0.4, predicted).verdict is Verdict.PASS
