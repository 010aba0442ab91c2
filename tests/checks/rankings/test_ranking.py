import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from checkstar.checks import Ranking
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.prediction import Classes, Point
from checkstar.runs import Run


def examine(test, prediction, check=None):
    run = Run(name="t", test=test, prediction=prediction)
    return (check or Ranking()).examine(run, Claim("ranking"), np.random.default_rng(0))


def test_it_is_kendalls_tau_for_numbers():
    rng = np.random.default_rng(0)
    y = rng.normal(size=500)
    p = y + rng.normal(size=500)
    assert examine(Dataset(y=y), Point(p)).value == pytest.approx((1 - stats.kendalltau(y, p).statistic) / 2)


def test_it_is_the_auc_for_two_classes():
    rng = np.random.default_rng(0)
    truth = rng.random(800) < 0.3
    score = np.clip(0.3 + 0.2 * truth + 0.2 * rng.normal(size=800), 0, 1)
    prediction = Classes(np.column_stack([1 - score, score]), ["False", "True"])
    assert examine(Dataset(y=truth), prediction).value == pytest.approx(1 - roc_auc_score(truth, score))


def test_blocks_of_pairs_agree_with_all_pairs():
    rng = np.random.default_rng(0)
    y = rng.normal(size=3000)
    p = Point(y + rng.normal(size=3000))
    whole, blocks = (examine(Dataset(y=y), p, Ranking(block=b)) for b in (5000, 200))
    assert blocks.value == pytest.approx(whole.value, abs=3 * (whole.high - whole.low) / 4)
    assert blocks.high - blocks.low == pytest.approx(whole.high - whole.low, rel=0.1)


def test_the_interval_holds_the_truth():
    # Correlation r of a binormal pair: discordance arccos(r) / pi.
    r = 0.8
    expected, held = np.arccos(r) / np.pi, 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        y = rng.normal(size=150)
        p = r * y + np.sqrt(1 - r**2) * rng.normal(size=150)
        found = examine(Dataset(y=y), Point(p))
        held += found.low <= expected <= found.high
    # 400 repeats at 95 %: one sigma is 1.1 %.
    assert held / 400 == pytest.approx(0.95, abs=0.035)


def test_equal_truths_have_no_order():
    with pytest.raises(NotApplicable, match="there is no order"):
        examine(Dataset(y=np.ones(20)), Point(np.arange(20.0)))
