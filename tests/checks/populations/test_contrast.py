import numpy as np
import pytest

from checkstar.checks.populations import Contrast
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.evidence import Verdict
from checkstar.prediction import Point
from checkstar.runs import Run
from checkstar.simulators import linear_gaussian


def run_of(weight=0.8, n=2000, apart=1.0, seed=0, truth_error=0.0, meta=None, **fields):
    rng = np.random.default_rng(seed)
    drawn = linear_gaussian(n, rng)
    halo = rng.random(n) < 0.4
    y = drawn.y - apart * halo
    table = {"component": np.where(halo, "halo", "disc"), **(meta or {})}
    test = Dataset(y=y + truth_error * rng.standard_normal(n), meta=table, labels=["feh"], **fields)
    return Run(name="t", test=test, prediction=Point(weight * (drawn.estimate - apart * halo)))


def examine(run, check=None):
    return (check or Contrast()).examine(run, Claim("population_mean"), np.random.default_rng(0))


@pytest.mark.parametrize("truth_error", [0.0, 0.7])
def test_posterior_means_compress_a_difference_by_their_weight(truth_error):
    found = examine(run_of(truth_error=truth_error))
    assert found.verdict is Verdict.FAIL
    assert found.low < 0.2 < found.high
    assert "disc and halo lie 0.98" in found.reason
    assert found.limits_of_use[0].low < 0.8 < found.limits_of_use[0].high


def test_estimates_without_a_prior_pass():
    assert examine(run_of(weight=1.0, n=6000)).verdict is Verdict.PASS


def test_groups_that_do_not_differ_have_no_contrast():
    with pytest.raises(NotApplicable, match="clearly different true means"):
        examine(run_of(apart=0.0))
    named = examine(run_of(apart=0.0), Contrast(columns=("component",)))
    assert named.verdict is Verdict.INCONCLUSIVE


def test_a_name_for_every_object_and_missing_values_are_no_groups():
    rng = np.random.default_rng(0)
    meta = {
        "star": [f"s{i}" for i in range(2000)],
        "nothing": np.full(2000, np.nan),
        "rare": np.where(np.arange(2000) < 3, "a", None),
        "chip": rng.integers(4, size=2000),
    }
    assert [p.name for p in examine(run_of(meta=meta)).parts] == ["component"]


def test_missing_values_are_left_out():
    rng = np.random.default_rng(1)
    run = run_of()
    with_holes = run.test.meta["component"].where(rng.random(2000) < 0.7, None)
    found = examine(run_of(meta={"component": with_holes}))
    assert found.parts[0].estimate.n == with_holes.notna().sum()


def test_groups_of_few_units_are_left_out():
    # Forty clusters of fifty stars, four of them of the halo: too few to tell its mean from that of four clusters.
    cluster = np.repeat(np.arange(40), 50)
    run = run_of(meta={"component": np.where(cluster < 4, "halo", "disc")}, group=cluster)
    with pytest.raises(NotApplicable):
        examine(run)


def test_weights_are_counted():
    rng = np.random.default_rng(2)
    weight = rng.random(2000)
    plain, weighted = examine(run_of()), examine(run_of(weight=0.8))
    heavy = Run(
        name="t",
        test=Dataset(y=run_of().test.y, meta=run_of().test.meta, labels=["feh"], weight=weight),
        prediction=run_of().prediction,
    )
    assert plain.value == weighted.value
    assert examine(heavy).value != plain.value


def test_of_many_columns_the_clearest_are_judged():
    rng = np.random.default_rng(3)
    run = run_of()
    halo = run.test.meta["component"] == "halo"
    meta = {f"flag{i}": np.where(rng.random(2000) < 0.1 * (i + 1), ~halo, halo) for i in range(6)}
    found = examine(run_of(meta=meta))
    assert len(found.parts) == 4
    assert found.parts[0].name == "component"
