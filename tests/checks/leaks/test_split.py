import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from checkstar.checks.leaks.split import Split, _folds, _some_whole
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.evidence import Verdict
from checkstar.runs import Run

CLAIM = Claim("object_value")


def examine(model, data, claim=CLAIM, seed=0, **settings):
    n = len(data) * 2 // 3
    run = Run.of(model, train=data[:n], test=data[n:])
    return Split(**settings).examine(run, claim, np.random.default_rng(seed)), run


def on_the_sky(n, offset, seed=0, **fields):
    """A field that varies over the sky and is known by the positions alone."""
    rng = np.random.default_rng(seed)
    ra, dec = rng.uniform(150, 210, n), rng.uniform(-10, 50, n)
    field = offset * np.sin(np.radians(ra) * 9) * np.cos(np.radians(dec) * 9)
    x = np.column_stack([rng.standard_normal(n), ra / 10, dec / 10])
    y = x[:, 0] + field + 0.3 * rng.standard_normal(n)
    return Dataset(x, y, meta={"ra": ra, "dec": dec, "mjd": rng.uniform(0, 1000, n)}, **fields)


def test_what_is_known_by_its_place_is_lost_with_its_cell():
    found, run = examine(KNeighborsRegressor(5), on_the_sky(1500, 1.5))
    sky, time = found.parts
    assert found.verdict is Verdict.FAIL
    assert (sky.name, time.name) == ("cell on the sky", "stretch of mjd")
    assert sky.estimate.low > 0.1
    # Nothing depends on time.
    assert time.estimate.value == pytest.approx(0, abs=0.1)
    assert "split by cell on the sky instead of at random, its absolute error is" in found.reason
    assert run.costs.objects_predicted - 500 == Split().calls(run) * 500


def test_a_line_that_knows_no_place_is_as_good_anywhere():
    found, _ = examine(LinearRegression(), on_the_sky(1500, 0.0))
    assert found.verdict is Verdict.PASS


def test_declared_groups_are_the_blocks():
    rng = np.random.default_rng(0)
    group = np.arange(900) % 60
    mark = rng.standard_normal((60, 2))[group]
    y = rng.standard_normal(60)[group] + 0.1 * rng.standard_normal(900)
    found, _ = examine(KNeighborsRegressor(5), Dataset(mark, y, meta={"night": group}, group="night"))
    assert found.verdict is Verdict.FAIL
    assert [part.name for part in found.parts] == ["night"]
    assert found.n == 60


def test_objects_without_a_common_cause_keep_the_level():
    failed = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((300, 3))
        data = Dataset(x, x[:, 0] + rng.standard_normal(300), group=rng.integers(0, 40, 300))
        failed += examine(KNeighborsRegressor(5), data, seed=seed, limit=0.0)[0].verdict is Verdict.FAIL
    # The fault is zero: 2.5 %, more than 6 of 60 has probability 0.001.
    assert failed <= 6


def test_both_ways_learn_from_as_many_objects():
    rng = np.random.default_rng(0)
    for order in (np.arange(1000), rng.integers(0, 37, 1000)):
        sizes = np.bincount(_folds(order, 5))
        assert sizes.sum() == 1000
        # The emptiest fold gets the next block, so folds differ by no more than the largest block.
        assert np.ptp(sizes) <= np.bincount(order).max()
    assert len(np.unique(_folds(np.zeros(10, dtype=int), 5))) == 1


def test_nothing_to_split_by_has_no_meaning_and_few_blocks_decide_nothing():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((90, 2))
    with pytest.raises(NotApplicable, match="no groups, positions or times"):
        examine(LinearRegression(), Dataset(x, x[:, 0]))
    found, _ = examine(LinearRegression(), Dataset(x, x[:, 0], group=np.arange(90) % 4))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "4 blocks by group are too few" in found.reason


def test_a_class_that_lives_in_one_block_decides_nothing():
    rng = np.random.default_rng(0)
    group = np.arange(300) % 20
    y = np.where(group == 3, "nova", np.where(rng.random(300) < 0.5, "star", "galaxy"))
    found, _ = examine(
        KNeighborsClassifier(3), Dataset(rng.normal(size=(300, 2)), y, group=group), Claim("classification")
    )
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "parts of the training data" in found.reason


def test_large_sets_are_thinned_by_whole_groups():
    rng = np.random.default_rng(0)
    star = np.repeat(np.arange(3000), 2)
    x = rng.standard_normal((3000, 3))[star] + 0.01 * rng.standard_normal((6000, 3))
    data = Dataset(x, rng.standard_normal(3000)[star], group=star)
    for most in (4000, 400):
        found, _ = examine(KNeighborsRegressor(1), data, max_objects=most)
        # The twin is found at random in four folds of five; objects drawn singly would have parted most pairs.
        assert found.verdict is Verdict.FAIL
        assert found.n == most / 2
    rows = _some_whole(star, 401, rng)
    assert len(rows) == 400 and set(np.bincount(star[rows])) == {0, 2}


def test_groups_too_large_to_keep_whole_are_thinned():
    rng = np.random.default_rng(0)
    data = Dataset(rng.standard_normal((3000, 2)), rng.standard_normal(3000), group=np.arange(3000) % 25)
    found, _ = examine(LinearRegression(), data, max_objects=500)
    assert found.n == 25


def test_weights_and_missing_positions_do_not_crash():
    data = on_the_sky(300, 0.5, weight=np.random.default_rng(0).random(300))
    data.meta.loc[::7, "ra"] = np.nan
    data.meta.loc[::5, "mjd"] = np.nan
    assert np.isfinite(examine(KNeighborsRegressor(5), data)[0].value)
