import numpy as np
import pytest
from scipy import stats

from checkstar.checks.populations import Selection
from checkstar.claims import Claim, Population
from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.evidence import Verdict
from checkstar.prediction import Point
from checkstar.runs import Run
from checkstar.scope import Scope
from checkstar.statistics.selection import Injections

CLAIMED = Population(mean=0.5, std=1.0)


def injected(n, rng, steepness=1.0, weighted=False):
    y = 2 * rng.standard_normal(n)
    chance = 1 / (1 + np.exp(-steepness * y))
    return Injections(
        labels=y,
        log_density=stats.norm(0, 2).logpdf(y),
        found=rng.random(n) < chance,
        weight=1 / chance if weighted else None,
    )


def examine(injections, n=1000, check=None, **claim):
    y = np.random.default_rng(9).normal(size=n)
    run = Run(name="t", test=Dataset(y=y, labels=["feh"]), prediction=Point(y), scope=Scope(injections=injections))
    settings = {"n_objects": 1000, "tolerance": 0.1, "population": CLAIMED, **claim}
    return (check or Selection()).examine(run, Claim("population_mean", **settings), np.random.default_rng(0))


def test_the_bias_is_that_of_the_truncated_normal():
    # Found above zero only: the mean of N(0.5, 1) above 0 is 0.5 + phi(0.5) / Phi(0.5) = 1.009.
    rng = np.random.default_rng(0)
    y = 2 * rng.standard_normal(100_000)
    found = examine(Injections(labels=y, log_density=stats.norm(0, 2).logpdf(y), found=y > 0))
    bias = stats.norm.pdf(0.5) / stats.norm.cdf(0.5)
    assert found.low < bias < found.high
    # 40,000 effective injections of width 0.6: one sigma is 0.004.
    assert found.value == pytest.approx(bias, abs=0.015)
    assert found.verdict is Verdict.FAIL
    assert f"{100 * stats.norm.cdf(0.5):.0f}" in found.reason


def test_weights_of_one_over_the_chance_cure_it():
    rng = np.random.default_rng(1)
    ignored, weighted = (examine(injected(60_000, rng, weighted=w)) for w in (False, True))
    assert ignored.verdict is Verdict.FAIL
    assert weighted.verdict is Verdict.PASS


def test_too_few_injections_for_the_objects_decide_nothing_and_say_how_many_are_needed():
    found = examine(injected(3000, np.random.default_rng(2)))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "4,000 are needed for 1,000 objects" in found.reason
    effective = 1000 * 4 * 3000 / found.n_needed / 1000
    more = examine(injected(int(1.2 * found.n_needed), np.random.default_rng(3)))
    assert more.verdict is Verdict.FAIL
    assert effective < 4000


def test_the_limit_of_use_is_the_number_of_objects_that_the_injections_carry():
    found = examine(injected(40_000, np.random.default_rng(4)))
    text = found.limits_of_use[0].text
    assert text.startswith("the injections are enough to correct the selection of at most")
    assert found.limits_of_use[0].value * 4 < 40_000


def test_without_a_population_both_sides_decide():
    found = examine(injected(60_000, np.random.default_rng(5)), population=None)
    assert len(found.parts) == 2
    assert all(p.decides for p in found.parts)


def test_injections_far_from_the_population_decide_nothing():
    found = examine(injected(5000, np.random.default_rng(6)), population=Population(mean=80.0, std=1.0), n_objects=1)
    assert found.verdict is Verdict.INCONCLUSIVE


def test_injections_of_other_labels_are_refused():
    both = Injections(labels=np.zeros((5, 2)), log_density=np.zeros((5, 2)), found=np.ones(5))
    with pytest.raises(InputError, match=r"2 labels but the run 1 \(feh\)"):
        examine(both)


def test_undeclared_injections_leave_it_out():
    run = Run(name="t", test=Dataset(y=[0.0, 1.0]), prediction=Point([0.0, 1.0]))
    assert "Scope(injections=...)" in Selection().undeclared(run)


def test_a_population_that_was_not_injected_is_not_judged():
    rng = np.random.default_rng(0)
    y = rng.uniform(-1, 1, 200_000)
    found = examine(Injections(labels=y, log_density=np.full(200_000, -np.log(2.0)), found=rng.random(200_000) < 0.5))
    # Of N(0.5, 1) the range holds Phi(0.5) - Phi(-1.5) = 0.625.
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "injections were made at 62" in found.reason


def test_densities_that_are_not_normalised_are_not_judged():
    rng = np.random.default_rng(0)
    y = 2 * rng.standard_normal(100_000)
    found = examine(Injections(labels=y, log_density=stats.norm(0, 2).logpdf(y) - 1, found=rng.random(100_000) < 0.5))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "not normalised" in found.reason
