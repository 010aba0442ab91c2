import numpy as np
import pytest
from scipy import stats

from checkstar.checks.calibrations import Coverage
from checkstar.checks.posterior_draws import planted
from checkstar.checks.posteriors.expected_coverage import ExpectedCoverage
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.evidence import Verdict
from checkstar.prediction import Samples
from checkstar.runs import Run
from checkstar.simulators import gaussian_posteriors


def examine(run, seed=0, **claim):
    return ExpectedCoverage().examine(run, Claim("posterior", **claim), np.random.default_rng(seed))


def posteriors(n=3000, d=3, s=100, seed=0, densities=True, **dials):
    drawn = gaussian_posteriors(n, d, s, rng=seed, **dials)
    return planted(drawn) if densities else Run.from_samples(drawn.draws, drawn.theta)


@pytest.mark.parametrize("densities", [True, False])
@pytest.mark.parametrize("d", [1, 2, 5])
@pytest.mark.parametrize("width", [0.7, 1.4])
def test_the_width_comes_back_in_every_dimension_with_and_without_densities(densities, d, width):
    found = examine(posteriors(d=d, densities=densities, width=width))
    assert found.verdict is Verdict.FAIL
    # The 90 % region holds a share known to 1 %; the widths it explains are known to 5 % in one dimension.
    assert found.parts[2].estimate.value == pytest.approx(max(width, 1 / width) - 1, abs=0.1)
    assert f"too {'narrow' if width < 1 else 'wide'} would" in found.parts[2].text


@pytest.mark.parametrize("s", [5, 20, 2000])
def test_few_draws_hide_no_part_of_the_fault(s):
    found = examine(posteriors(n=8000 if s < 100 else 1000, d=2, s=s, width=0.8))
    # 8000 simulations: one sigma of the widths from the 90 % region is 1 to 2 %.
    assert found.parts[2].estimate.value == pytest.approx(0.25, abs=0.08)


def test_coverage_of_a_region_is_that_of_chi_squared():
    found = examine(posteriors(n=20_000, d=4, s=300, width=0.8))
    wanted = stats.chi2.cdf(stats.chi2.ppf(0.9, 4) * 0.64, 4)
    # 20,000 simulations: one sigma is 0.3 %.
    assert f"holds {100 * wanted:.0f}"[:9] in found.parts[2].text
    assert found.figure["layers"][2]["y"][2] == pytest.approx(wanted - 0.9, abs=0.012)


def test_in_one_dimension_it_agrees_with_the_coverage_of_central_intervals():
    run = posteriors(n=4000, d=1, s=500, densities=False, width=0.8)
    central = Coverage().examine(run, Claim("object_interval"), np.random.default_rng(0))
    ours = examine(run)
    for part, other in zip(ours.parts, central.parts, strict=True):
        # The same truths, cut at their common mean here and at quantiles there.
        assert part.estimate.value == pytest.approx(other.estimate.value, abs=0.06)


@pytest.mark.parametrize("s", [2, 8])
def test_the_ellipsoid_is_exact_even_for_fewer_draws_than_dimensions(s):
    rng = np.random.default_rng(0)
    found = examine(Run.from_samples(rng.normal(size=(20_000, s, 10)), rng.normal(size=(20_000, 10))))
    covered = next(layer for layer in found.figure["layers"] if layer["kind"] == "interval")["y"]
    # 20,000 simulations at four levels: one sigma is at most 0.35 %.
    assert np.abs(covered).max() < 0.014


def test_the_rank_of_densities_that_are_zero_or_equal_is_random():
    drawn = gaussian_posteriors(4000, 2, 20, rng=0)
    nothing = np.full((4000, 20), -np.inf), np.full(4000, -np.inf)
    found = examine(Run.from_samples(drawn.draws, drawn.theta, log_prob=nothing))
    assert found.verdict is Verdict.PASS
    outside = drawn.log_prob[0], np.full(4000, -np.inf)
    assert examine(Run.from_samples(drawn.draws, drawn.theta, log_prob=outside)).verdict is Verdict.FAIL


def test_where_the_truth_has_errors_densities_are_left_aside():
    drawn = gaussian_posteriors(4000, 2, 100, rng=0)
    seen = drawn.theta + 0.4 * np.random.default_rng(1).normal(size=drawn.theta.shape)
    run = Run.from_samples(drawn.draws, seen, log_prob=drawn.log_prob)
    assert examine(run).verdict is not Verdict.PASS or "region" in examine(run).reason
    data = Dataset(y=seen, y_err=np.full_like(seen, 0.4))
    found = examine(Run(name="t", test=data, prediction=Samples(drawn.draws), log_prob=drawn.log_prob))
    assert found.verdict is Verdict.PASS
    assert "ellipsoid" in found.reason


def test_the_prior_and_shrinkage_have_the_coverage_they_say():
    for shrink in (0.4, 1.0):
        assert examine(posteriors(n=4000, d=2, shrink=shrink)).verdict is Verdict.PASS


def test_the_tolerance_is_the_limit_at_every_level():
    assert {part.limit for part in examine(posteriors(n=100), tolerance=0.25).parts} == {0.25}
    assert {part.limit for part in examine(posteriors(n=100)).parts} == {0.1}


def test_at_the_limit_hardly_anything_is_decided():
    verdicts = [examine(posteriors(n=300, d=3, s=50, seed=seed, width=1 / 1.1), seed).verdict for seed in range(200)]
    # 2.5 % of 200 is 5; more than 13 has probability 0.001.
    assert verdicts.count(Verdict.FAIL) <= 13
    assert verdicts.count(Verdict.PASS) <= 13


@pytest.mark.parametrize("n", [1, 2, 10])
def test_a_handful_of_simulations_passes_nothing(n):
    assert examine(posteriors(n=n)).verdict is Verdict.INCONCLUSIVE


def test_copies_of_a_simulation_count_once():
    drawn = gaussian_posteriors(60, 2, 50, rng=0)
    copied = np.repeat(np.arange(60), 50)
    run = Run.from_samples(drawn.draws[copied], drawn.theta[copied], group=copied)
    assert examine(run).verdict is Verdict.INCONCLUSIVE
