import time

import numpy as np
import pytest
from scipy import stats

from checkstar.checks.shifts import novelty
from checkstar.checks.shifts.novelty import Novelty
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.evidence import Verdict
from checkstar.prediction import Point
from checkstar.runs import Run
from checkstar.scope import Scope


def examine(train, novelties, claim=None, seed=0):
    run = Run(
        name="t", train=train, test=train, prediction=Point(np.zeros(len(train))), scope=Scope(novelties=novelties)
    )
    return Novelty().examine(run, claim or Claim("anomaly"), np.random.default_rng(seed))


def normal(n, seed, shift=0.0, p=1, **fields):
    x = np.random.default_rng(seed).normal(size=(n, p))
    x[:, 0] += shift
    return Dataset(x, np.zeros(n), **fields)


@pytest.fixture
def exact(monkeypatch):
    """The score of one normal feature, known instead of learned."""
    monkeypatch.setattr(novelty, "along_components", lambda *_: lambda x: np.abs(x[:, 0]))


def test_the_share_missed_is_that_beyond_a_normal_threshold(exact):
    # In one feature the strangest 5 % of a unit normal lie beyond 1.96.
    found = examine(normal(8000, 0), normal(4000, 1, shift=3.0))
    expected = np.diff(stats.norm.cdf([-1.96, 1.96], loc=3.0))[0]
    assert found.low <= expected <= found.high
    assert found.value == pytest.approx(expected, abs=0.05)


def test_ordinary_objects_are_missed_and_the_detector_is_called_blind():
    found = examine(normal(2000, 0, p=4), normal(500, 5, p=4))
    assert found.value == pytest.approx(0.95, abs=0.03)
    assert found.verdict is Verdict.FAIL
    assert "blind" in found.reason


def test_the_tolerance_of_the_claim_is_the_limit():
    train, odd = normal(4000, 0, p=2), normal(1000, 1, shift=3.5, p=2)
    strict, lax = (examine(train, odd, Claim("anomaly", tolerance=tolerance)) for tolerance in (0.02, 0.5))
    assert (strict.verdict, lax.verdict) == (Verdict.FAIL, Verdict.PASS)
    assert strict.parts[0].limit_kind == "claim"


def test_intervals_hold_the_truth(exact):
    expected = np.diff(stats.norm.cdf([-1.96, 1.96], loc=2.0))[0]
    held = []
    for seed in range(150):
        found = examine(normal(600, 2 * seed), normal(200, 2 * seed + 1, shift=2.0), seed=seed)
        held.append(found.low <= expected <= found.high)
    # 95 % of 150 within three sigma.
    assert np.mean(held) > 0.89


def test_few_novelties_decide_nothing_and_groups_count():
    assert examine(normal(500, 0), normal(10, 1, shift=9.0)).verdict is Verdict.INCONCLUSIVE
    copies = Dataset(normal(500, 1, shift=9.0).x, group=np.arange(500) // 100)
    assert examine(normal(500, 0), copies).verdict is Verdict.INCONCLUSIVE


def test_other_features_do_not_apply():
    with pytest.raises(NotApplicable, match="novelties have no observations"):
        examine(normal(500, 0), normal(100, 1, p=3))


def test_a_hundred_thousand_objects_take_seconds():
    start = time.perf_counter()
    examine(normal(100_000, 0, p=20), normal(100_000, 1, p=20, shift=3.0))
    assert time.perf_counter() - start < 15


def test_galaxies_of_impossible_colours_are_novel_to_a_bright_survey(boss):
    faint, cuts = boss("0"), boss("colorCuts")
    bright = faint[np.nanmedian(faint.x, axis=1) < 20]
    odd = cuts[:50]
    odd.x = odd.x + np.array([3.0, -3.0, 0.0, 0.0, 0.0])
    assert examine(bright, Dataset(odd.x, noise=odd.noise)).value < 0.2
