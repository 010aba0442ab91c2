import time

import numpy as np
import pytest

import checkstar as cs
from checkstar.checks.shifts.shift_kind import ShiftKind
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.evidence import Verdict
from checkstar.methods import as_method
from checkstar.prediction import Classes, Normal, Point
from checkstar.runs import Run
from checkstar.scope import Scope


def examine(run, seed=0, **settings):
    return ShiftKind(**settings).examine(run, Claim("object_value"), np.random.default_rng(seed))


def parts(found):
    return {part.name: part.estimate for part in found.parts}


def line(n, seed, shift=0.0, offset=0.0, known=None):
    """y = x0 + offset, seen without noise in x; scatter 0.2."""
    rng = np.random.default_rng(seed)
    x = rng.normal([shift, 0.0], 1, (n, 2))
    y = x[:, 0] + offset + 0.2 * rng.normal(size=n)
    data = Dataset(x, y)
    if known is not None:
        data.y[known:] = np.nan
    return data


def told(test, target):
    method = as_method(lambda x: (x[:, 0], np.full(len(x), 0.2)))
    return Run.of(method, test=test, scope=Scope(target=target))


def test_the_error_on_the_target_is_told_from_test_objects_alone():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5000, 2))
    error = np.exp(0.5 * x[:, 0]) * rng.normal(size=5000)
    run = Run(
        name="t",
        test=Dataset(x, np.zeros(5000)),
        prediction=Point(error),
        scope=Scope(target=Dataset(rng.normal([0.6, 0.0], 1, (5000, 2)))),
    )
    found = examine(run)
    # Exactly exp(0.5 * 0.6) - 1 = 0.35.
    assert found.low <= np.expm1(0.3) <= found.high
    assert found.value == pytest.approx(np.expm1(0.3), abs=0.08)


def test_covariates_that_shift_without_harm_pass():
    found = examine(told(line(3000, 0), line(3000, 1, shift=0.5)))
    assert found.verdict is Verdict.PASS
    assert "on the target the typical error of y is 0.2" in found.reason


def test_a_change_of_labels_at_given_observations_needs_few_labels_to_be_seen():
    blind = examine(told(line(3000, 0), Dataset(line(3000, 1, shift=0.3, offset=0.3).x)))
    found = examine(told(line(3000, 0), line(3000, 1, shift=0.3, offset=0.3, known=100)))
    assert blind.verdict is Verdict.PASS
    assert found.verdict is Verdict.FAIL
    # 0.3 in units of a scatter of 0.2.
    assert parts(found)["labels at given observations"].value == pytest.approx(1.5, abs=0.35)
    assert "which no weights mend" in found.reason
    same = examine(told(line(3000, 0), line(3000, 1, shift=0.3, known=400)))
    assert same.verdict is Verdict.PASS


def test_coverage_lost_on_the_target_is_seen():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(5000, 2))
    error = np.where(x[:, 0] > 0.5, 3.0, 1.0) * rng.normal(size=5000)
    run = Run(
        name="t",
        test=Dataset(x, np.zeros(5000)),
        prediction=Normal(error, np.ones(5000)),
        scope=Scope(target=Dataset(rng.normal([0.9, 0.0], 1, (5000, 2)))),
    )
    coverage = parts(examine(run))["coverage"]
    # P(x > 0.5) rises from 0.309 to 0.655; there 26 % are inside instead of 68 %.
    assert coverage.value == pytest.approx(0.346 * (0.6827 - 0.2611), abs=0.05)


def test_a_target_beyond_the_test_set_is_not_decided():
    found = examine(told(line(1000, 0), line(1000, 1, shift=6.0)))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.reason.startswith("no overlap: weighted like the target, the 1000 test objects are worth")


def test_deeper_noise_everywhere_is_no_overlap_either():
    test, target = line(500, 0), line(500, 1)
    run = told(Dataset(test.x, test.y, noise=0.1), Dataset(target.x, noise=1.0))
    assert examine(run).reason.startswith("no overlap")


def test_class_shares_of_the_target_are_shown():
    rng = np.random.default_rng(3)

    def draw(n, share):
        truth = rng.random(n) < share
        return Dataset(truth[:, None] * 1.5 + rng.normal(size=(n, 1)), np.where(truth, "b", "a"))

    def judge(x):
        p = 1 / (1 + np.exp(-1.5 * (x[:, 0] - 0.75)))
        return Classes(np.column_stack([1 - p, p]), ["a", "b"])

    test, target = draw(4000, 0.5), draw(4000, 0.8)

    class Judge(cs.methods.base.Method):
        def fit(self, x, y, *, noise=None, y_err=None):
            self.fitted_ = 1
            return self

        def predict_distribution(self, x, *, noise=None):
            return judge(x)

    run = Run.of(Judge().fit(test.x, test.y), test=test, scope=Scope(target=target))
    found = ShiftKind().examine(run, Claim("classification"), np.random.default_rng(0))
    assert parts(found)["label distribution"].value == pytest.approx(0.3, abs=0.07)
    assert "of the classes are wrong" in found.reason


def test_intervals_hold_the_truth():
    # Rise exp(0.8 * 0.7 * size) - 1 = 0.2, the limit.
    verdicts = []
    for seed in range(200):
        run, _ = ShiftKind().plant(500, 0.3256, np.random.default_rng(seed))
        verdicts.append(examine(run, seed + 1000).verdict)
    # 2.5 % either way: more than 12 of 200 has probability 0.003.
    assert verdicts.count(Verdict.PASS) <= 12
    assert verdicts.count(Verdict.FAIL) <= 12


def test_few_objects_and_targets_without_observations():
    assert examine(told(line(30, 0), line(500, 1))).reason.startswith("30 independent")
    with pytest.raises(NotApplicable, match="no observations"):
        examine(told(line(300, 0), Dataset(y=np.zeros(10))))


def test_groups_and_perfect_predictions_do_no_harm():
    test = line(600, 0)
    perfect = Run(name="t", test=test, prediction=Point(test.y), scope=Scope(target=line(600, 1)))
    assert examine(perfect).verdict is Verdict.INCONCLUSIVE
    grouped = Dataset(test.x, test.y, group=np.arange(600) // 2)
    assert np.isfinite(examine(told(grouped, line(600, 1))).value)


def test_a_hundred_thousand_objects_take_seconds():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100_000, 20))
    run = Run(
        name="t", test=Dataset(x, x[:, 0]), prediction=Point(x[:, 0] + x[:, 1]), scope=Scope(target=Dataset(x + 0.1))
    )
    start = time.process_time()
    examine(run)
    assert time.process_time() - start < 25


def test_redshifts_of_real_galaxies(boss):
    # Non-detections at 30 mag: trees take them as faint.
    first, second = (
        Dataset(np.where(np.isfinite(d.noise.sigma(d.x)), d.x, 30.0), d.y, labels=["z"]) for d in (boss("0"), boss("1"))
    )
    trees = cs.methods.BoostedTrees(random_state=0).fit_data(first[:3000])
    run = Run.of(trees, test=first[3000:], scope=Scope(target=Dataset(second.x)))
    found = parts(ShiftKind().examine(run, Claim("object_value"), np.random.default_rng(0)))["error"]
    truth = np.abs(trees.predict(second.x) - second.y).mean() / np.abs(run.view("z").error).mean() - 1
    assert found.low <= truth <= found.high


@pytest.mark.parametrize("share", [0.06, 0.2])
def test_target_objects_beyond_all_test_objects_are_not_judged(share):
    # Their errors could be anything; the weighted rest alone would pass.
    rng = np.random.default_rng(0)
    x, new = rng.normal(size=(2, 2000, 3))
    new[rng.random(2000) < share, 0] += 8
    y = x.mean(axis=1)
    run = Run(
        name="t", test=Dataset(x, y), prediction=Point(y + rng.normal(size=2000)), scope=Scope(target=Dataset(new))
    )
    found = examine(run)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "lie beyond all test objects" in found.reason
