import numpy as np
import pytest

from checkstar.checks.calibrations.epistemic_honesty import EpistemicHonesty, _gain, _inclusion
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.evidence import Verdict
from checkstar.prediction import Classes, Normal, Samples
from checkstar.runs import Run

CHECK = EpistemicHonesty()


def examine(prediction, use="object_interval", **data):
    run = Run(name="t", test=Dataset(**data), prediction=prediction)
    return CHECK.examine(run, Claim(use), np.random.default_rng(0))


def drawn(n, seed=0):
    """Truth, right sigmas between 0.5 and 2, and predictions with these errors."""
    rng = np.random.default_rng(seed)
    y, sigma = rng.standard_normal(n), np.exp(rng.uniform(np.log(0.5), np.log(2), n))
    return y, sigma, y + sigma * rng.standard_normal(n)


def test_right_sigmas_keep_their_promise_whatever_their_common_size():
    y, sigma, predicted = drawn(4000)
    small, large = (examine(Normal(predicted, factor * sigma), y=y) for factor in (0.5, 3.0))
    assert small.verdict is Verdict.PASS
    assert small.value == pytest.approx(large.value, abs=1e-9)
    assert small.value == pytest.approx(0, abs=0.15)


def test_sigmas_of_other_objects_promise_what_they_do_not_keep():
    y, sigma, predicted = drawn(4000)
    found = examine(Normal(predicted, np.random.default_rng(1).permutation(sigma)), y=y)
    assert found.verdict is Verdict.FAIL
    # Unrelated to the errors: all of the promise is missing. Standard error 0.05.
    assert found.value == pytest.approx(1.0, abs=0.2)


def test_sigmas_turned_round_are_worse_than_none():
    y, sigma, predicted = drawn(4000)
    found = examine(Normal(predicted, 1 / sigma), y=y)
    assert found.value > 1.5
    assert "below that of all by -" in found.reason


def test_the_gain_is_that_of_a_sorted_list():
    loss, rank = np.arange(1.0, 11.0), np.arange(10.0)
    gain = _gain(loss, rank, np.ones(10), 0.8)
    assert gain.value == pytest.approx(1 - np.mean(loss[:8]) / np.mean(loss))
    assert gain.influence.mean() == pytest.approx(0, abs=1e-12)


def test_ties_share_what_is_left_and_weights_count():
    assert _inclusion(np.zeros(5), np.ones(5), 0.8).tolist() == [0.8] * 5
    np.testing.assert_allclose(_inclusion(np.array([2.0, 1.0, 2.0]), np.array([1.0, 1.0, 1.0]), 0.5), [0.25, 1, 0.25])
    np.testing.assert_allclose(_inclusion(np.array([1.0, 2.0]), np.array([3.0, 1.0]), 0.75), [1, 0])


def test_the_interval_of_the_gain_covers_it():
    exact = _gain(*_law(np.random.default_rng(9), 400_000), np.ones(400_000), 0.8).value
    missed = 0
    for seed in range(400):
        loss, rank = _law(np.random.default_rng(seed), 400)
        gain = _gain(loss, rank, np.ones(400), 0.8)
        missed += abs(gain.value - exact) > 1.96 * gain.influence.std() / 20
    # 5 % of 400 is 20 +- 4.4; outside 7 to 36 has probability 1e-3. With a known threshold it would be wider.
    assert 7 <= missed <= 36


def _law(rng, n):
    sigma = np.exp(rng.uniform(np.log(0.5), np.log(2), n))
    return sigma * np.abs(rng.standard_normal(n)), sigma


def test_equal_sigmas_have_no_answer_and_equal_posteriors_seen_through_draws_no_verdict():
    y, _, predicted = drawn(2000)
    with pytest.raises(NotApplicable, match="equally certain"):
        examine(Normal(predicted, np.ones(2000)), y=y)
    rng = np.random.default_rng(3)
    for seed in range(20):
        y = rng.standard_normal(2000)
        found = examine(Samples(rng.standard_normal((2000, 50))), y=y)
        assert found.verdict is not Verdict.FAIL, seed


def test_confidence_of_classes_is_judged_by_wrong_classes():
    rng = np.random.default_rng(0)
    p = rng.uniform(0.5, 1, 6000)
    right = rng.random(6000) < p
    truth = np.where(right, "a", "b")
    good = examine(Classes(np.column_stack([p, 1 - p]), ["a", "b"]), use="classification", y=truth)
    assert good.verdict is Verdict.PASS
    assert "wrong classes" in good.reason
    q = rng.permutation(p)
    bad = examine(Classes(np.column_stack([q, 1 - q]), ["a", "b"]), use="classification", y=truth)
    assert bad.verdict is Verdict.FAIL


def test_without_errors_or_with_few_objects_nothing_is_decided():
    y, sigma, predicted = drawn(100)
    assert examine(Normal(y, sigma), y=y).verdict is Verdict.INCONCLUSIVE
    assert examine(Normal(predicted[:10], sigma[:10]), y=y[:10]).verdict is Verdict.INCONCLUSIVE
    sure = Classes(np.column_stack([np.ones(50), np.zeros(50)]), ["a", "b"])
    with pytest.raises(NotApplicable):
        examine(sure, use="classification", y=np.full(50, "a"))


def test_groups_widen_the_interval():
    y, sigma, predicted = drawn(400)
    repeated = [np.repeat(values, 5) for values in (y, sigma, predicted)]
    single = examine(Normal(repeated[2], repeated[1]), y=repeated[0])
    grouped = examine(Normal(repeated[2], repeated[1]), y=repeated[0], group=np.repeat(np.arange(400), 5))
    assert grouped.high - grouped.low > 1.8 * (single.high - single.low)


def test_it_decides_no_claim():
    assert not CHECK.decides(Claim("object_interval"))
