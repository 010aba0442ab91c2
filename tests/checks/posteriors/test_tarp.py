import numpy as np
import pytest
from scipy import stats

from checkstar.checks.posterior_draws import planted
from checkstar.checks.posteriors import tarp
from checkstar.checks.posteriors.tarp import Tarp
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.evidence import Verdict
from checkstar.prediction import Samples
from checkstar.runs import Run
from checkstar.simulators import gaussian_posteriors

RULES = ["another truth", "truth of the nearest neighbour in x", "regression on x", "regression on x, with scatter"]


def examine(run, seed=0, check=Tarp()):  # noqa: B008 - a frozen record
    return check.examine(run, Claim("posterior"), np.random.default_rng(seed))


def posteriors(n=1000, d=2, s=100, seed=0, **dials):
    return planted(gaussian_posteriors(n, d, s, rng=seed, **dials))


def by_rule(found):
    return {part.name: part.estimate for part in found.parts}


def test_the_prior_is_found_by_every_reference_that_knows_x_and_by_no_other():
    found = by_rule(examine(posteriors(shrink=1.0)))
    assert list(found) == RULES
    assert found["another truth"].low < 0.01
    assert min(found[rule].low for rule in RULES[1:]) > 0.3


@pytest.mark.parametrize("dials", [{"width": 0.6}, {"width": 1.6}, {"shrink": 0.4}])
def test_wrong_widths_and_shrinkage_are_found(dials):
    assert examine(posteriors(n=2000, **dials)).verdict is Verdict.FAIL


def test_the_coverage_about_a_known_centre_is_that_of_chi_squared():
    # All truths lie within 1e-6 of zero but for their posterior scatter: every reference but scatter is at the centre.
    rng = np.random.default_rng(0)
    n, width = 20_000, 0.7
    found = by_rule(examine(Run.from_samples(width * rng.normal(size=(n, 60, 2)), rng.normal(size=(n, 2)))))
    level = np.linspace(0.001, 0.999, 999)
    wanted = np.max(level - stats.chi2.cdf(stats.chi2.ppf(level, 2) * width**2, 2))
    # 10,000 values: one sigma of the share is 0.5 %; sixty draws smear the level a little.
    assert found["regression on x"].value == pytest.approx(wanted, abs=0.02)


@pytest.mark.parametrize("with_x", [True, False])
@pytest.mark.parametrize("s", [3, 50])
def test_coverage_values_of_right_posteriors_are_exactly_uniform_and_independent(with_x, s):
    mean, square, u = [], [], []
    for seed in range(150):
        drawn = gaussian_posteriors(64, 2, s, rng=seed)
        run = planted(drawn) if with_x else Run.from_samples(drawn.draws, drawn.theta)
        values = np.stack([c.u for c in tarp._coverages(run, np.random.default_rng(seed)).values()])
        mean.append(values.mean(axis=1))
        square.append(np.square(values - 0.5).mean(axis=1))
        u.append(values)
    flat = np.concatenate(u, axis=1)
    assert min(stats.kstest(row, "uniform").pvalue for row in flat) > 1e-4
    # Dependence would change the variance of the mean of 32 values, 1 / 384; 150 of them know it to 12 %.
    assert np.var(mean, axis=0) * 384 == pytest.approx(1.0, abs=0.45)


def test_a_reference_never_knows_its_own_truth():
    drawn = gaussian_posteriors(200, 2, 50, rng=0)
    for own in (3, 17, 120):
        moved = drawn.theta.copy()
        moved[own] += 100.0
        (rows, before), (_, after) = (
            tarp._references(drawn.x, drawn.x, truth, np.arange(200), np.random.default_rng(3))
            for truth in (drawn.theta, moved)
        )
        assert np.array_equal(before[:, rows == own], after[:, rows == own])
        assert np.abs(before - after).max() > 1


def test_the_interval_is_that_of_the_values_and_not_of_a_curve():
    found = examine(posteriors(n=1032))
    estimate = found.parts[0].estimate
    assert estimate.n == 1000
    assert estimate.high - estimate.value == pytest.approx(np.sqrt(np.log(40) / 2000))


def test_copies_of_a_simulation_count_once_and_never_refer_to_each_other():
    drawn = gaussian_posteriors(100, 2, 50, rng=0)
    copied = np.repeat(np.arange(100), 20)
    run = Run.from_samples(drawn.draws[copied], drawn.theta[copied], x=drawn.x[copied], group=copied)
    found = examine(run)
    assert found.parts[1].estimate.n == pytest.approx(68)
    assert found.verdict is Verdict.INCONCLUSIVE


def test_weights_count():
    drawn = gaussian_posteriors(600, 2, 50, rng=0)
    data = Dataset(x=drawn.x, y=drawn.theta, weight=np.where(np.arange(600) == 3, 1e5, 1.0))
    assert examine(Run(name="t", test=data, prediction=Samples(drawn.draws))).verdict is Verdict.INCONCLUSIVE


def test_large_runs_are_thinned_by_simulation():
    found = examine(posteriors(n=900), check=Tarp(max_objects=232))
    assert found.parts[0].estimate.n == 200


@pytest.mark.parametrize("n", [1, 10, 40])
def test_a_handful_of_simulations_passes_nothing(n):
    assert examine(posteriors(n=n)).verdict is Verdict.INCONCLUSIVE


def test_equal_numbers_and_constant_observations_are_borne():
    truth = np.random.default_rng(0).normal(size=(300, 2))
    assert examine(Run.from_samples(np.zeros((300, 10, 2)), truth, x=np.ones((300, 2)))).verdict is Verdict.FAIL
    assert examine(Run.from_samples(np.zeros((300, 10, 2)), np.zeros((300, 2)))).verdict is Verdict.INCONCLUSIVE
