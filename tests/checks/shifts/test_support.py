import time

import numpy as np
import pytest

from checkstar.checks.shifts.support import Support
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.evidence import Verdict
from checkstar.prediction import Point
from checkstar.runs import Run
from checkstar.scope import Scope


def examine(train, target, test=None, seed=0):
    test = train if test is None else test
    run = Run(name="t", train=train, test=test, prediction=Point(np.zeros(test.y.shape)), scope=Scope(target=target))
    return Support().examine(run, Claim("object_value"), np.random.default_rng(seed))


def normal(n, seed, p=4, **fields):
    return Dataset(np.random.default_rng(seed).normal(size=(n, p)), np.zeros(n), **fields)


def test_the_share_without_counterpart_is_counted_and_flagged():
    train, target = normal(4000, 0), normal(4000, 1)
    odd = np.arange(4000) % 10 == 0
    target.x[odd, 1] += 8
    found = examine(train, target, target)
    # A tenth of 4000 objects, of which 20 neighbours' distances decide.
    assert found.value == pytest.approx(0.1, abs=0.01)
    assert found.verdict is Verdict.FAIL
    assert found.flags["unsupported"][odd].mean() > 0.97
    assert found.flags["unsupported"][~odd].mean() < 0.01
    assert "their median x1 is " in found.reason
    assert found.limits_of_use[0].value == pytest.approx(10, abs=1)


def test_equal_samples_are_supported_to_the_last_object():
    shares = [examine(normal(1000, 2 * s, p=6), normal(1000, 2 * s + 1, p=6)).value for s in range(20)]
    # One false call in 1e5 objects, of 20000.
    assert np.mean(shares) < 5e-4


@pytest.mark.parametrize(("ratio", "called"), [(0.5, False), (0.02, True)])
def test_it_is_the_relative_density_that_counts(ratio, called):
    # Half of the target is a clump; the training set holds `ratio` of the clump that would match it.
    rng = np.random.default_rng(2)
    n, clump = 6000, int(3000 * ratio)
    train = rng.normal(size=(n, 3))
    train[:clump, 0] += 8
    target = rng.normal(size=(n, 3))
    target[:3000, 0] += 8
    found = examine(Dataset(train, np.zeros(n)), Dataset(target))
    assert (found.value > 0.4) is called


@pytest.mark.parametrize(("n_train", "n_target"), [(500, 20_000), (20_000, 500)])
def test_unequal_numbers_are_no_lack_of_support(n_train, n_target):
    assert examine(normal(n_train, 3), normal(n_target, 4)).value < 0.005


def test_noise_of_the_target_is_no_lack_of_support():
    rng = np.random.default_rng(5)
    train, target = normal(3000, 6, p=3, noise=0.1), normal(3000, 7, p=3)
    worse = Dataset(target.x + 3 * rng.standard_normal(target.x.shape), noise=3.0)
    assert examine(train, worse).verdict is Verdict.PASS
    assert examine(Dataset(train.x, train.y), Dataset(worse.x)).value > 0.05


def test_groups_and_weights_count():
    train, target = normal(1000, 8), normal(1000, 9)
    target.x[:100, 0] += 9
    heavy = Dataset(target.x, weight=np.where(np.arange(1000) < 100, 9.0, 1.0))
    assert examine(train, heavy).value == pytest.approx(0.5, abs=0.05)
    fields = Dataset(target.x, group=np.arange(1000) // 100)
    assert examine(train, fields).verdict is Verdict.INCONCLUSIVE
    assert examine(train, fields).reason.startswith("10 independent")


def test_constant_columns_holes_and_spectra_do_no_harm():
    train, target = normal(600, 10), normal(600, 11)
    for data in (train, target):
        data.x[:, 1], data.x[::7, 2] = 3.0, np.nan
    assert examine(train, target).value < 0.01
    assert examine(normal(600, 12, p=2000), normal(600, 13, p=2000)).verdict is Verdict.PASS


def test_a_target_without_observations_is_refused():
    with pytest.raises(NotApplicable, match="no observations"):
        examine(normal(500, 0), Dataset(y=np.zeros(500)))


def test_a_hundred_thousand_objects_take_seconds():
    start = time.perf_counter()
    examine(normal(100_000, 0, p=20), normal(100_000, 1, p=20))
    # Every one of 100,000 test objects is placed, for its flag; generous for a busy machine.
    assert time.perf_counter() - start < 60


def test_real_galaxies(boss):
    faint, cuts = boss("0"), boss("colorCuts")
    order = np.random.default_rng(0).permutation(len(faint))
    halves = examine(faint[order[:3000]], faint[order[3000:]])
    assert halves.verdict is Verdict.PASS
    backwards = examine(faint, cuts)
    forwards = examine(cuts, faint)
    # The colour cuts leave out what the whole sample has, and add nothing to it.
    assert backwards.verdict is Verdict.PASS
    assert forwards.verdict is Verdict.FAIL


def test_visits_of_one_object_crowd_together_without_leaving_holes():
    def visited(seed):
        rng = np.random.default_rng(seed)
        x = np.repeat(rng.normal(size=(500, 4)), 6, axis=0) + 0.05 * rng.normal(size=(3000, 4))
        return Dataset(x, np.zeros(3000), group=np.repeat(np.arange(500), 6) + 500 * seed)

    found = examine(visited(0), visited(1))
    # Both are drawn alike. With balls of twenty visits of three objects, 9 % were called unsupported.
    assert found.value < 0.005
    assert found.verdict is Verdict.PASS
