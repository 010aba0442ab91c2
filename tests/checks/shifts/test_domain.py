import numpy as np
import pytest

from checkstar.checks import Domain
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.evidence import Verdict
from checkstar.noise import Gaussian
from checkstar.prediction import Point
from checkstar.runs import Run


def examine(train, test, seed=0):
    run = Run(name="t", test=test, train=train, prediction=Point(np.zeros(test.y.shape)))
    return Domain().examine(run, Claim("object_value"), np.random.default_rng(seed))


def data(n, seed, shift=0.0, **fields):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 6)) @ rng.normal(size=(6, 6)) + 0.1
    return Dataset(x + shift, np.zeros(n), **fields)


def test_far_objects_are_flagged_one_by_one():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1000, 5))
    # A p-value cannot fall below 1 / 1001 here: forty is what a false-discovery rate of 5 % can find.
    x[:40] += 15
    found = examine(Dataset(rng.normal(size=(2000, 5)), np.zeros(2000)), Dataset(x, np.zeros(1000)))
    assert found.flags["outside_domain"][:40].all()
    assert found.flags["outside_domain"][40:].mean() < 0.01
    assert found.verdict is Verdict.PASS


def test_a_line_never_seen_is_strange_though_each_pixel_is_ordinary():
    # Training objects vary along two axes only; the left-over norm sees a third.
    rng = np.random.default_rng(0)
    axes = rng.normal(size=(2, 40))
    plain = rng.normal(size=(1500, 2)) @ axes + 0.05 * rng.normal(size=(1500, 40))
    odd = plain[:300] + 0.5 * np.sign(rng.normal(size=40))
    found = examine(Dataset(plain[300:], np.zeros(1200)), Dataset(odd, np.zeros(300)))
    assert found.verdict is Verdict.FAIL


def test_masked_elements_do_not_make_an_object_strange():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(800, 5))
    sigma = np.full(x.shape, 0.1)
    x[::10, 2], sigma[::10, 2] = np.nan, np.inf
    masked = Dataset(x, np.zeros(800), noise=Gaussian(sigma))
    found = examine(Dataset(rng.normal(size=(800, 5)), np.zeros(800), noise=0.1), masked)
    assert found.verdict is Verdict.PASS


def test_the_expected_share_is_exact_for_exchangeable_objects():
    rng = np.random.default_rng(1)
    excess = []
    for seed in range(60):
        x = rng.normal(size=(600, 4))
        excess.append(examine(Dataset(x[:400], np.zeros(400)), Dataset(x[400:], np.zeros(200)), seed).value)
    # 60 repeats of a share known to 2 %: one sigma of the mean is 0.3 %.
    assert np.mean(excess) == pytest.approx(0.0, abs=0.01)


def test_few_training_objects_calibrate_nothing():
    found = examine(data(30, 0), data(30, 1))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.reason.startswith("30 independent training objects are too few")
    assert found.n_needed == 80


def test_the_verdict_does_not_hang_on_the_seed():
    import checkstar as cs

    problem = cs.problems.stellar_labels()
    cool = problem.train[problem.train.y[:, 0] < 5000]
    values = {}
    for name, train in (("like", problem.train), ("cool only", cool)):
        values[name] = [examine(train, problem.test, seed) for seed in range(2)]
    assert {found.verdict for found in values["cool only"]} == {Verdict.FAIL}
    for found in values.values():
        # Each interval holds the other seeds' estimates.
        centre = np.mean([e.value for e in found])
        assert all(e.low <= centre <= e.high for e in found)


def test_a_few_heavy_objects_that_happen_to_be_ordinary_decide_nothing():
    rng = np.random.default_rng(0)
    x, weight = rng.normal(size=(1000, 3)), np.ones(1000)
    x[:6], weight[:6] = 0.3 * x[:6], 2000.0
    train = Dataset(rng.normal(size=(2000, 3)), np.zeros(2000))
    assert examine(train, Dataset(x, np.zeros(1000))).verdict is Verdict.PASS
    # Kish's number is 7: nothing strange among seven leaves 41 % possible.
    assert examine(train, Dataset(x, np.zeros(1000), weight=weight)).verdict is Verdict.INCONCLUSIVE
