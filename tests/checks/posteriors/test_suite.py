"""What the checks of posteriors must find together, and must leave alone, where every posterior is known exactly.

Blind spots that single diagnostics are known for: a posterior equal to the prior has all the coverage it claims; a
constant bias is hardly seen by coverage about random points; shrinkage that is right on average by no rank of a
parameter.
"""

import time
from functools import cache

import numpy as np
import pytest
from scipy import stats

from checkstar.checks.posterior_draws import planted
from checkstar.checks.posteriors.contraction import Contraction
from checkstar.checks.posteriors.expected_coverage import ExpectedCoverage
from checkstar.checks.posteriors.sbc import Sbc
from checkstar.checks.posteriors.tarp import Tarp
from checkstar.claims import Claim
from checkstar.evidence import ALPHA, Verdict
from checkstar.simulators import gaussian_posteriors

SUITE = (Sbc(), ExpectedCoverage(), Tarp(), Contraction())
FAULTS = {
    "posteriors 0.7 times too narrow": {"width": 0.7},
    "the prior in place of the posterior": {"shrink": 1.0},
    "a bias of 0.3 sigma in one parameter": {"bias": 0.3},
    "shrinkage by 0.3 towards the mean, right on average": {"shrink": 0.3},
}
#: Shares that must be found, 0.99 where nothing else is said. A bias of 0.3 sigma against a limit of 0.1 is 4.5 standard
#: errors away at 500 simulations; with four faults looked at, 972 of 1000 are found in one dimension (994 in two, 991 in
#: five), so that one falls short of 0.99.
LEAST = {"shrinkage by 0.3 towards the mean, right on average": 0.95, ("a bias of 0.3 sigma in one parameter", 1): 0.97}


@cache
def verdicts(n, d, s, seed, **dials):
    run = planted(gaussian_posteriors(n, d, s, rng=seed, **dials))
    return {check.name: check.examine(run, Claim("posterior"), np.random.default_rng(seed)).verdict for check in SUITE}


def found(n_repeats, d, s, fault):
    return sum(Verdict.FAIL in verdicts(500, d, s, seed, **FAULTS[fault]).values() for seed in range(n_repeats))


def least(fault, d, n_repeats):
    """Fewest finds that a check of the required power falls below once in a thousand."""
    share = LEAST.get(fault, LEAST.get((fault, d), 0.99))
    return int(stats.binom.ppf(1e-3, n_repeats, share))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("d", [1, 2, 5])
def test_every_fault_is_found_by_some_check(d, fault):
    assert found(20, d, 100, fault) >= least(fault, d, 20)


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("d", [1, 2, 5])
def test_every_fault_is_found_as_often_as_required_in_100(d, fault):
    assert found(100, d, 1000, fault) >= least(fault, d, 100)


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ("posteriors 0.7 times too narrow", "sbc"),
        ("posteriors 0.7 times too narrow", "expected_coverage"),
        ("the prior in place of the posterior", "sbc"),
        ("the prior in place of the posterior", "tarp"),
        ("the prior in place of the posterior", "contraction"),
        ("a bias of 0.3 sigma in one parameter", "sbc"),
        ("shrinkage by 0.3 towards the mean, right on average", "sbc"),
        ("shrinkage by 0.3 towards the mean, right on average", "tarp"),
    ],
)
def test_each_check_finds_what_it_is_for(fault, check):
    said = [verdicts(500, 5, 100, seed, **FAULTS[fault])[check] for seed in range(20)]
    assert said.count(Verdict.FAIL) >= 19


def test_coverage_alone_sees_neither_the_prior_nor_shrinkage():
    for fault in ("the prior in place of the posterior", "shrinkage by 0.3 towards the mean, right on average"):
        said = [verdicts(500, 5, 100, seed, **FAULTS[fault])["expected_coverage"] for seed in range(20)]
        assert Verdict.FAIL not in said


@pytest.mark.parametrize("d", [1, 2, 5])
@pytest.mark.parametrize("check", [check.name for check in SUITE])
def test_right_posteriors_fail_no_more_often_than_the_level(d, check):
    said = [verdicts(150, d, 50, seed)[check] for seed in range(60)]
    # Level 2.5 %: more than the bound has probability 0.001.
    assert said.count(Verdict.FAIL) <= stats.binom.isf(1e-3, 60, ALPHA)


@pytest.mark.slow
@pytest.mark.parametrize("d", [1, 2, 5])
def test_right_posteriors_fail_no_more_often_than_the_level_in_500(d):
    for check in SUITE:
        said = [verdicts(500, d, 200, seed)[check.name] for seed in range(500)]
        assert said.count(Verdict.FAIL) <= stats.binom.isf(1e-3, 500, ALPHA)


@pytest.mark.parametrize("d", [1, 2, 5])
def test_right_posteriors_pass_at_5000_simulations(d):
    for seed in range(3):
        assert set(verdicts(5000, d, 100, seed).values()) == {Verdict.PASS}


@pytest.mark.parametrize("check", SUITE, ids=lambda check: check.name)
def test_500_posteriors_of_5_parameters_take_well_under_a_second(check):
    run = planted(gaussian_posteriors(500, 5, 1000, rng=0))
    check.examine(run, Claim("posterior"), np.random.default_rng(0))
    begun = time.process_time()
    check.examine(run, Claim("posterior"), np.random.default_rng(0))
    assert time.process_time() - begun < 0.7
