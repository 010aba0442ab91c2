"""The repaired mean against F1: unbiased where the naive mean is not, and refused where it cannot be known."""

import numpy as np
import pytest

from checkstar.checks.populations import PopulationMean, PopulationRepair
from checkstar.claims import Claim, Population
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.evidence import Verdict
from checkstar.methods import Cannon
from checkstar.prediction import Normal, Samples
from checkstar.runs import Run
from checkstar.simulators import linear_gaussian

NOISE = 0.5
WEIGHT = 1 / (1 + NOISE**2)
CLAIMED = Population(mean=0.5, std=0.7)


def run_of(n=20_000, seed=1, draws=None, truth_error=0.0, group=None, method=None):
    rng = np.random.default_rng(seed)
    drawn = linear_gaussian(n, rng, noise=NOISE)
    posterior = Normal(WEIGHT * drawn.estimate, np.full(n, NOISE * np.sqrt(WEIGHT)))
    test = Dataset(
        y=drawn.y + truth_error * rng.standard_normal(n), y_err=truth_error or None, labels=["feh"], group=group
    )
    prediction = Samples(posterior.sample(draws, rng)) if draws else posterior
    train = Dataset(y=rng.standard_normal(50_000), labels=["feh"])
    return Run(name="t", test=test, train=train, prediction=prediction, method=method)


def examine(run, check=None, **claim):
    settings = {"n_objects": 1000, "tolerance": 0.1, **claim}
    return (check or PopulationRepair()).examine(run, Claim("population_mean", **settings), np.random.default_rng(0))


@pytest.mark.parametrize(("draws", "truth_error"), [(None, 0.0), (None, 0.4), (200, 0.0)])
def test_the_repaired_mean_is_right_where_the_naive_one_is_not(draws, truth_error):
    run = run_of(20_000 if draws is None else 5000, draws=draws, truth_error=truth_error)
    naive = examine(run, PopulationMean(), tolerance=0.06, population=CLAIMED)
    repaired = examine(run, tolerance=0.06, population=CLAIMED)
    assert naive.verdict is Verdict.FAIL
    assert repaired.verdict is Verdict.PASS
    layer = repaired.figure["layers"][2]
    at = min(range(len(layer["x"])), key=lambda i: abs(layer["x"][i] - 0.5))
    assert layer["low"][at] < 0 < layer["high"][at]


def test_the_intervals_hold_zero_as_often_as_they_say():
    missed = 0
    for seed in range(150):
        found = examine(run_of(600, seed), population=Population(mean=0.5))
        layer = found.figure["layers"][2]
        at = min(range(len(layer["x"])), key=lambda i: abs(layer["x"][i] - 0.5))
        missed += not layer["low"][at] <= 0 <= layer["high"][at]
    # 150 repeats of 5 %: more than 16 has probability 0.002.
    assert missed <= 16


def test_it_decides_nothing_and_says_what_the_naive_mean_was():
    found = examine(run_of(), population=CLAIMED)
    assert not PopulationRepair().decides(Claim("population_mean"))
    assert "with the training prior divided out the mean feh" in found.reason
    assert "instead of -0.1" in found.reason
    assert found.limits_of_use[0].text.startswith("after dividing out the training prior the mean feh")


def test_a_method_without_a_prior_has_nothing_to_divide_out():
    with pytest.raises(NotApplicable, match="nothing to divide out"):
        examine(run_of(500, method=Cannon()))


def test_too_few_draws_cannot_be_repaired_and_say_so():
    # Ten draws of each object, and a population three deviations away.
    found = examine(run_of(3000, draws=4), population=Population(mean=1.5, std=0.3))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "effective draws" in found.reason


def test_a_kernel_prior_repairs_too():
    found = examine(run_of(4000, draws=200), PopulationRepair(interim="kernel"), population=Population(mean=0.5))
    assert found.verdict is Verdict.PASS


def test_a_population_out_of_reach_is_not_decided():
    found = examine(run_of(500), population=Population(mean=9.0))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "too few test objects" in found.reason


def test_equal_labels_decide_nothing():
    test, train = Dataset(y=np.ones(50)), Dataset(y=np.ones(50))
    run = Run(name="t", test=test, train=train, prediction=Normal(np.ones(50), np.ones(50)))
    assert examine(run).verdict is Verdict.INCONCLUSIVE


def test_copies_of_one_unit_do_not_narrow_the_interval():
    single = run_of(1000)
    rows = np.repeat(np.arange(1000), 5)
    test = Dataset(y=single.test.y[rows], labels=["feh"], group=rows)
    copied = Run(name="t", test=test, train=single.train, prediction=single.prediction[rows])
    one, five = examine(single), examine(copied)
    assert five.n == one.n == 1000
    # The small correction for heavy objects counts rows: 3 % at a thousand.
    assert five.high == pytest.approx(one.high, rel=0.05)


def test_many_objects_are_drawn_from():
    found = examine(run_of(5000), PopulationRepair(max_objects=1000))
    assert found.n == 1000
