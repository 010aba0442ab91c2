import numpy as np
import pytest

from checkstar.checks.populations import GoldSample
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.evidence import Verdict
from checkstar.methods import as_method
from checkstar.runs import Run
from checkstar.scope import Scope
from checkstar.simulators import linear_gaussian


def run_of(weight=0.8, n=400, n_target=2000, seed=0, own_labels=False, **fields):
    rng = np.random.default_rng(seed)
    gold, target = (linear_gaussian(m, rng, mean=1.0) for m in (n, n_target))
    there = Dataset(target.x, target.y if own_labels else None)
    method = as_method(lambda x: weight * x.mean(axis=1))
    return Run.of(method, test=Dataset(gold.x, gold.y, **fields), scope=Scope(target=there))


def examine(run, **claim):
    settings = {"n_objects": 1000, "tolerance": 0.1, **claim}
    return GoldSample().examine(run, Claim("population_mean", **settings), np.random.default_rng(0))


def test_posterior_means_are_off_by_their_pull():
    found = examine(run_of())
    assert found.verdict is Verdict.FAIL
    # (1 - w) (0 - 1) = -0.2; 400 objects know it to 0.02.
    assert found.low < 0.2 < found.high
    assert found.high - found.low < 0.15
    assert "predictions alone are off by -0.2" in found.reason


def test_predictions_without_a_pull_pass():
    assert examine(run_of(weight=1.0, n=1500)).verdict is Verdict.PASS


def test_the_powered_mean_is_the_limit_of_use_and_holds_the_truth():
    missed = 0
    for seed in range(150):
        limit = examine(run_of(seed=seed, n=100, n_target=500)).limits_of_use[0]
        missed += not limit.low <= 1.0 <= limit.high
    # 150 repeats of 5 %: more than 16 has probability 0.002.
    assert missed <= 16


def test_labels_of_the_target_itself_are_the_gold_sample_where_it_has_them():
    found = examine(run_of(own_labels=True))
    assert found.n == 2000
    assert found.verdict is Verdict.FAIL


def test_a_gold_sample_that_is_not_drawn_like_the_target_decides_nothing():
    rng = np.random.default_rng(1)
    gold, target = linear_gaussian(500, rng), linear_gaussian(2000, rng, mean=1.5)
    method = as_method(lambda x: x.mean(axis=1))
    run = Run.of(method, test=Dataset(gold.x, gold.y), scope=Scope(target=Dataset(target.x)))
    found = examine(run)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "not drawn like the target" in found.reason


def test_weights_make_it_like_the_target():
    rng = np.random.default_rng(2)
    gold, target = linear_gaussian(6000, rng), linear_gaussian(2000, rng, mean=0.8)
    weight = np.exp(0.8 * gold.y)
    method = as_method(lambda x: 0.8 * x.mean(axis=1))
    run = Run.of(method, test=Dataset(gold.x, gold.y, weight=weight), scope=Scope(target=Dataset(target.x)))
    found = examine(run, tolerance=0.05)
    # Tilted to a mean of 0.8 by exp(0.8 y): the pull there is -0.16.
    assert found.low < 0.16 < found.high
    assert found.verdict is Verdict.FAIL


def test_groups_widen_the_interval():
    single, grouped = examine(run_of()), examine(run_of(group=np.arange(400) // 10))
    assert grouped.n == 40
    assert grouped.high - grouped.low > single.high - single.low


def test_calls_are_counted_and_bounded():
    run = run_of(n=100, n_target=2000)
    before = run.costs.objects_predicted
    examine(run)
    asked = (run.costs.objects_predicted - before) / 100
    assert asked == GoldSample().calls(run) == 5.0


def test_a_target_without_observations_has_no_predictions():
    rng = np.random.default_rng(3)
    gold = linear_gaussian(50, rng)
    method = as_method(lambda x: x.mean(axis=1))
    run = Run.of(method, test=Dataset(gold.x, gold.y), scope=Scope(target=Dataset(y=gold.y)))
    with pytest.raises(NotApplicable, match="no observations x"):
        examine(run)


def test_two_objects_decide_nothing():
    assert examine(run_of(n=2, n_target=50)).verdict is Verdict.INCONCLUSIVE


def partly(n_gold=200, n_target=2000, weight=0.8, seed=0, n=100):
    """A run whose target knows the labels of `n_gold` of its objects."""
    run = run_of(weight=weight, n=n, n_target=n_target, seed=seed, own_labels=True)
    target = run.scope.target
    y = np.where(np.arange(n_target)[:, None] < n_gold, target.y, np.nan)
    run.scope = Scope(target=Dataset(target.x, y, partly_labelled=True))
    return run


def test_the_known_labels_of_a_partly_labelled_target_are_the_gold_sample():
    found = examine(partly(n_gold=800, n=400))
    assert found.verdict is Verdict.FAIL and found.low < 0.2 < found.high
    assert "1,200 target objects" in found.reason and "truth of 800" in found.reason


def test_a_target_without_any_known_label_is_one_without_labels():
    unlabelled = run_of(n=100)
    known, none = (examine(run) for run in (unlabelled, partly(n_gold=0)))
    assert known.reason == none.reason


def test_a_single_known_label_decides_nothing():
    assert examine(partly(n_gold=1)).verdict is Verdict.INCONCLUSIVE


def test_known_labels_are_kept_where_the_target_is_too_large():
    run = partly(n_gold=300)
    # 5 x 100 test objects may be predicted: half of the places go to the 300 labelled.
    assert "truth of 250" in examine(run).reason


def test_the_interval_of_a_partly_labelled_target_holds_its_level():
    # 200 clean targets: 10 misses expected of a two-sided 95 % interval, 20 have odds of 1 in 500.
    missed = sum(examine(partly(n_gold=60, n_target=300, weight=1.0, seed=s)).low > 0 for s in range(200))
    assert missed <= 20
