import time

import numpy as np
import pytest

from checkstar.checks.shifts.domain import Domain
from checkstar.checks.shifts.input_shift import InputShift
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.evidence import Verdict
from checkstar.noise import Gaussian
from checkstar.prediction import Point
from checkstar.runs import Run
from checkstar.scope import Scope


def examine(train, target, seed=0, **settings):
    test = Dataset(train.x, np.zeros(len(train)), noise=train.noise, labels=train.labels or ["y"])
    if train.y is None:
        train = Dataset(train.x, np.zeros(len(train)), noise=train.noise, group=train.group)
    run = Run(name="t", train=train, test=test, prediction=Point(np.zeros(len(test))), scope=Scope(target=target))
    return InputShift(**settings).examine(run, Claim("object_value"), np.random.default_rng(seed))


def normal(n, seed, p=5, shift=0.0, **fields):
    x = np.random.default_rng(seed).normal(size=(n, p))
    x[:, 0] += shift
    return Dataset(x, **fields)


def test_the_auc_of_a_known_shift_is_found():
    found = examine(normal(5000, 0), normal(5000, 1, shift=0.8))
    # AUC of two unit normals 0.8 apart: Phi(0.8 / sqrt(2)) = 0.714; 5000 objects each: 0.005.
    assert found.value == pytest.approx(0.214, abs=0.02)
    assert found.verdict is Verdict.FAIL
    assert "most different are x0 (+0." in found.reason


def test_a_difference_of_noise_alone_is_no_shift():
    rng = np.random.default_rng(2)
    truth = rng.normal(size=(2, 3000, 5))
    good = Dataset(truth[0] + 0.1 * rng.standard_normal((3000, 5)), noise=0.1)
    bad = Dataset(truth[1] + 1.0 * rng.standard_normal((3000, 5)), noise=1.0)
    assert examine(good, bad).verdict is Verdict.PASS
    unmatched = examine(Dataset(good.x), Dataset(bad.x))
    assert unmatched.verdict is Verdict.FAIL
    assert "noise included, as it was not given" in unmatched.reason


def test_a_shift_in_a_weak_direction_that_the_neighbours_miss_is_found():
    rng = np.random.default_rng(3)
    axes = rng.normal(size=(4, 30))
    weak = rng.normal(size=30)

    def spectra(n, metallicity):
        strong = rng.normal(size=(n, 4)) @ axes
        return strong + 0.05 * (metallicity + 0.5 * rng.normal(size=(n, 1))) * weak + 0.05 * rng.normal(size=(n, 30))

    train, target = Dataset(spectra(2000, 0.0), np.zeros(2000)), Dataset(spectra(2000, 0.5), np.zeros(2000))
    assert examine(train, target).verdict is Verdict.FAIL
    run = Run(name="t", train=train, test=target, prediction=Point(np.zeros(2000)))
    assert Domain().examine(run, Claim("object_value"), np.random.default_rng(0)).verdict is Verdict.PASS


def test_a_change_of_correlation_alone_is_found():
    rng = np.random.default_rng(4)
    plain = rng.normal(size=(3000, 2))
    tied = rng.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], 3000)
    assert examine(Dataset(plain), Dataset(tied)).verdict is Verdict.FAIL


def test_missing_elements_of_the_target_are_a_shift_and_do_not_crash():
    holes = normal(2000, 6)
    holes.x[np.random.default_rng(0).random(2000) < 0.5, 1] = np.nan
    assert examine(normal(2000, 5), holes).verdict is Verdict.FAIL
    masked = Dataset(normal(2000, 6).x, noise=Gaussian(np.where(np.isnan(holes.x), np.inf, 0.1)))
    assert examine(Dataset(normal(2000, 5).x, noise=0.1), masked).verdict is Verdict.FAIL


def test_constant_and_never_seen_columns_do_no_harm():
    first, second = normal(500, 7), normal(500, 8)
    for data in (first, second):
        data.x[:, 1], data.x[:, 2] = 5.0, np.nan
    assert np.isfinite(examine(first, second).value)


def test_few_objects_of_many_features_never_pass():
    verdicts = {examine(normal(100, 2 * s, p=12), normal(100, 2 * s + 1, p=12), s).verdict for s in range(30)}
    assert verdicts == {Verdict.INCONCLUSIVE}
    assert examine(normal(20, 0), normal(500, 1)).reason.startswith("20 independent objects")


@pytest.mark.parametrize("kind", ["mean", "variance"])
def test_a_shift_at_the_limit_is_hardly_ever_decided(kind):
    # AUC 0.6 of the best classifier: a mean shift of 0.358, or one variance of which |x| has AUC 0.6 (1.73).
    verdicts = []
    for seed in range(100):
        train, target = normal(400, 2 * seed), normal(400, 2 * seed + 1, shift=0.358 if kind == "mean" else 0.0)
        target.x[:, 0] *= 1.0 if kind == "mean" else 1.376
        verdicts.append(examine(train, target, seed).verdict)
    # 2.5 % either way: more than 8 of 100 has probability 0.001.
    assert verdicts.count(Verdict.PASS) <= 8
    assert verdicts.count(Verdict.FAIL) <= 8


def test_copies_of_few_objects_are_few_objects():
    rng = np.random.default_rng(9)
    rows = np.repeat(np.arange(60), 30)
    train = Dataset(rng.normal(size=(60, 4))[rows], group=rows)
    target = Dataset(rng.normal(size=(60, 4))[rows], group=rows + 100)
    assert examine(train, target).verdict is Verdict.INCONCLUSIVE


def test_other_features_and_no_observations_are_refused_in_words():
    with pytest.raises(NotApplicable, match="the target has 3 features but the method was tested on 5"):
        examine(normal(200, 0), normal(200, 1, p=3))
    with pytest.raises(NotApplicable, match="no observations"):
        examine(normal(200, 0), Dataset(y=np.zeros(200)))


def test_a_hundred_thousand_objects_take_seconds():
    start = time.process_time()
    examine(normal(100_000, 0, p=20), normal(100_000, 1, p=20))
    assert time.process_time() - start < 15


@pytest.mark.parametrize(("name", "verdict"), [("1", Verdict.FAIL), ("colorCuts", Verdict.FAIL)])
def test_known_differences_of_real_galaxies_are_found(boss, name, verdict):
    found = examine(boss("0"), boss(name))
    assert found.verdict is verdict


def test_random_halves_of_real_galaxies_are_alike(boss):
    data = boss("0")
    verdicts = []
    for seed in range(10):
        order = np.random.default_rng(seed).permutation(len(data))
        verdicts.append(examine(data[order[:3000]], data[order[3000:]], seed).verdict)
    assert set(verdicts) == {Verdict.PASS}
