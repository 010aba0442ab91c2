import numpy as np
import pytest

import checkstar as cs
from checkstar.checks.leaks.neighbours import Neighbours, _uniform
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.evidence import Verdict
from checkstar.prediction import Point
from checkstar.runs import Run

CLAIM = Claim("object_value")


def examine(train, test, seed=0, **settings):
    train, test = (d if isinstance(d, Dataset) else Dataset(d, np.zeros(len(d))) for d in (train, test))
    run = Run(name="t", train=train, test=test, prediction=Point(np.zeros(test.y.shape)))
    return Neighbours(**settings).examine(run, CLAIM, np.random.default_rng(seed))


def normal(n, seed, p=6, scale=1.0):
    return scale * np.random.default_rng(seed).standard_normal((n, p))


def test_ratios_of_distances_are_uniform_where_the_density_is_even():
    # Distances in m dimensions: volumes of spheres are sums of exponential numbers.
    rng = np.random.default_rng(0)
    volume = np.cumsum(rng.exponential(size=(20_000, 6)), axis=1)
    for m in (1, 3, 12):
        u = _uniform(volume ** (1 / m))
        for j in range(5):
            # Kolmogorov-Smirnov at 20000: 1.63 / sqrt(n) at one per cent, twice that for five columns.
            assert np.abs(np.sort(u[:, j]) - (np.arange(20_000) + 0.5) / 20_000).max() < 0.023
        assert abs(np.corrcoef(u[:, 0], u[:, 1])[0, 1]) < 0.03
        # A twin of every object leaves the others as they are.
        near = volume ** (1 / m) * [1e-3, 1, 1, 1, 1, 1]
        assert _uniform(near)[:, 1:] == pytest.approx(u[:, 1:], abs=1e-12)


def test_the_share_of_twins_is_measured_and_they_are_flagged():
    rng = np.random.default_rng(0)
    train, test = normal(2000, 1), normal(1000, 2)
    twins = rng.permutation(1000)[:150]
    test[twins] = train[twins] + 0.02 * rng.standard_normal((150, 6))
    found = examine(train, test)
    # 15 % twins; binomial errors of the chance share are 0.3 %.
    assert found.value == pytest.approx(0.15, abs=0.012)
    assert found.verdict is Verdict.FAIL
    assert found.flags["near_training"][twins].mean() > 0.95
    assert np.delete(found.flags["near_training"], twins).mean() < 0.02


def test_a_random_split_of_twins_is_found_although_the_training_set_holds_twins_too():
    rng = np.random.default_rng(0)
    x = normal(1500, 1)
    data = Dataset(np.concatenate([x, x + 0.02 * rng.standard_normal(x.shape)]), np.zeros(3000))
    found = examine(*data.split(0.3, 0))
    # The twin of a test object is in the training set with probability 0.7; pairs among the farther ones hide a few.
    assert 0.55 < found.value < 0.72
    assert found.verdict is Verdict.FAIL


def test_a_denser_thinner_or_shifted_test_set_raises_no_alarm():
    train = normal(2000, 1)
    for test in (normal(1000, 2, scale=0.3), normal(1000, 2, scale=3.0), normal(1000, 2) + 2):
        assert examine(train, test).verdict is Verdict.PASS


@pytest.mark.parametrize("p", [1, 3, 8, 15])
def test_false_alarms_keep_the_level_in_any_dimension(p):
    failed = [
        examine(normal(400, 2 * i, p), normal(300, 2 * i + 1, p), limit=0.0, level=0.05).verdict for i in range(150)
    ].count(Verdict.FAIL)
    # A fault of zero against a limit of zero: 2.5 %, more than 10 of 150 has probability 0.002.
    assert failed <= 10


@pytest.mark.parametrize("kind", ["cauchy", "clusters", "curve", "ragged"])
def test_uneven_densities_raise_no_alarm(kind):
    def drawn(rng, n):
        if kind == "cauchy":
            return rng.standard_cauchy((n, 4))
        if kind == "clusters":
            centres = np.random.default_rng(7).normal(size=(60, 4))
            return centres[rng.integers(0, 60, n)] + 0.02 * rng.normal(size=(n, 4))
        if kind == "curve":
            t = rng.uniform(0, 6, n)
            return np.column_stack([np.sin(t), np.cos(t), t]) + 0.003 * rng.normal(size=(n, 3))
        return np.where(rng.random((n, 3)) < 0.4, 0.0, rng.lognormal(size=(n, 3)))

    failed = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        failed += examine(drawn(rng, 800), drawn(rng, 400)).verdict is Verdict.FAIL
    # Never, at its own limit: more than 4 of 40 has probability 0.003 even at the level.
    assert failed <= 1


def augmented(n, m, seed):
    """A random split of n objects with m copies of each, a hundredth of the spread apart."""
    rng = np.random.default_rng(seed)
    x = np.repeat(normal(n, seed), m, axis=0) + 0.01 * rng.standard_normal((n * m, 6))
    return Dataset(x, np.zeros(n * m)).split(0.2, seed)


@pytest.mark.parametrize("m", [2, 4, 8])
def test_a_random_split_of_augmented_objects_is_found(m):
    found = examine(*augmented(500, m, 0))
    # All but 0.2^(m - 1) have a copy in the training set; the farther ones take off up to two tenths.
    assert found.verdict is Verdict.FAIL
    assert found.value > 1 - 0.2 ** (m - 1) - 0.2


def clusters(n, number, seed):
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(7).normal(size=(number, 4))
    return centres[rng.integers(0, number, n)] + 0.02 * rng.normal(size=(n, 4))


def test_knots_that_may_be_nature_neither_fail_nor_pass():
    for found in (
        examine(*augmented(300, 16, 0)),
        examine(clusters(800, 60, 1), clusters(400, 60, 2)),
    ):
        assert found.verdict is Verdict.INCONCLUSIVE
        assert "in tight knots of up to 30 training objects" in found.reason
    # Larger clusters hold more neighbours than are looked at.
    assert examine(clusters(800, 10, 1), clusters(400, 10, 2)).verdict is Verdict.PASS


def test_real_stars_have_no_twins_until_they_are_made():
    stars = cs.problems.stellar_labels(split="random")
    assert examine(stars.train, stars.test).verdict is not Verdict.FAIL
    twins = Dataset(
        stars.test.x * (1 + 0.01 * normal(len(stars.test), 0, stars.test.x.shape[1])),
        stars.test.y,
        labels=stars.test.labels,
    )
    assert examine(stars.test, twins).verdict is Verdict.FAIL


def test_the_number_of_objects_a_scale_or_a_rotation_change_nothing():
    train, test = normal(500, 1), normal(300, 2)
    factor = np.array([1e6, 1e-3, 1, 1, 1, 1])
    assert examine(train * factor, test * factor).value == pytest.approx(examine(train, test).value, abs=1e-12)


def test_features_of_few_values_are_never_too_near():
    rng = np.random.default_rng(0)
    train, test = (rng.integers(0, 3, size=(n, 3)).astype(float) for n in (900, 300))
    with pytest.raises(NotApplicable, match="most distances coincide"):
        examine(train, test)


@pytest.mark.parametrize("n", [1, 5])
def test_few_training_objects_decide_nothing(n):
    found = examine(normal(n, 1), normal(50, 2))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "too few to have 6 neighbours" in found.reason


def test_masked_and_missing_elements_constant_columns_weights_and_one_object_do_not_crash():
    rng = np.random.default_rng(0)
    x = normal(600, 1)
    x[:, 2] = 5.0
    x[rng.random(x.shape) < 0.1] = np.nan
    sigma = np.where(np.isfinite(x), 0.1, np.inf)
    train = Dataset(x[:400], np.zeros(400), noise=sigma[:400])
    test = Dataset(x[400:], np.zeros(200), noise=sigma[400:], weight=rng.random(200), group=np.arange(200) // 2)
    assert np.isfinite(examine(train, test).value)
    assert examine(train, test[0]).verdict is not Verdict.FAIL


def test_large_sets_are_bounded():
    found = examine(normal(20_000, 1), normal(8000, 2), max_objects=1000)
    assert found.n == 1000
    assert found.flags["near_training"].shape == (8000,)
