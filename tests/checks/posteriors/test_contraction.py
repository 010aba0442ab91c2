import numpy as np
import pytest
from scipy import stats

from checkstar.checks.posterior_draws import planted
from checkstar.checks.posteriors import contraction
from checkstar.checks.posteriors.contraction import Contraction
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.evidence import Verdict
from checkstar.prediction import Samples
from checkstar.runs import Run
from checkstar.simulators import gaussian_posteriors


def examine(run, seed=0):
    return Contraction().examine(run, Claim("posterior"), np.random.default_rng(seed))


def posteriors(n=1000, d=2, s=100, seed=0, **dials):
    return planted(gaussian_posteriors(n, d, s, rng=seed, **dials))


@pytest.mark.parametrize("d", [1, 2, 5])
def test_the_prior_in_place_of_the_posterior_fails(d):
    found = examine(posteriors(d=d, s=300, shrink=1.0))
    assert found.verdict is Verdict.FAIL
    assert found.value == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("noise", [0.2, 0.5, 1.0])
def test_the_score_of_one_exact_posterior_is_its_width_relative_to_the_prior(noise):
    found = examine(posteriors(n=5000, d=1, noise=noise))
    # CRPS of a right normal is sigma / sqrt(pi); 5000 simulations know it to 1 %, 1000 labels of the prior to 2 %.
    assert found.value == pytest.approx(noise / np.sqrt(1 + noise**2), rel=0.06)
    assert found.verdict is Verdict.PASS
    assert f"contraction of {100 / (1 + noise**2):.0f} %" in found.reason


@pytest.mark.parametrize("d", [1, 3])
def test_draws_and_pairs_of_draws_give_the_energy_score(d):
    rng = np.random.default_rng(0)
    draws, truth = rng.normal(size=(400, 300, d)), rng.normal(size=(400, d))
    first = np.linalg.norm(draws - truth[:, None], axis=2).mean(axis=1)
    # Distance of two unit normals: sqrt(2) times the mean of chi_d; 60,000 pairs know it to 0.004.
    apart = np.sqrt(2) * stats.chi.mean(d)
    assert (first - contraction._energy_scores(draws, truth)).mean() == pytest.approx(apart / 2, abs=0.008)


def test_the_score_of_the_prior_leaves_each_truth_out_of_its_own_prior():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(30, 2))
    scores = contraction._scores_of_prior(truth, truth, np.ones(30, dtype=bool))
    distance = np.linalg.norm(truth[:, None] - truth, axis=2)
    assert scores == pytest.approx(distance.sum(axis=1) / 29 - 0.5 * distance.sum() / (30 * 29))


def test_the_other_truths_stand_for_a_prior_that_is_not_given():
    drawn = gaussian_posteriors(1500, 2, 100, rng=0)
    given, pooled = examine(planted(drawn)), examine(Run.from_samples(drawn.draws, drawn.theta))
    assert pooled.value == pytest.approx(given.value, rel=0.05)
    blind = gaussian_posteriors(1500, 2, 100, rng=0, shrink=1.0)
    assert examine(Run.from_samples(blind.draws, blind.theta)).verdict is Verdict.FAIL


def test_narrow_claims_about_the_wrong_place_are_no_skill():
    rng = np.random.default_rng(0)
    draws = rng.normal(size=(500, 1, 2)) + 0.05 * rng.normal(size=(500, 100, 2))
    found = examine(Run.from_samples(draws, rng.normal(size=(500, 2))))
    assert found.verdict is Verdict.FAIL
    assert "claim a contraction of at least 100 %" in found.reason


def test_a_silent_parameter_is_shown_and_does_not_decide():
    drawn = gaussian_posteriors(800, 1, 100, rng=0)
    rng = np.random.default_rng(1)
    draws = np.concatenate([drawn.draws, rng.normal(size=(800, 100, 1))], axis=2)
    found = examine(Run.from_samples(draws, np.column_stack([drawn.theta, rng.normal(size=800)])))
    assert found.verdict is Verdict.PASS
    silent = found.parts[2]
    assert silent.name == "y1" and not silent.decides
    assert silent.estimate.value == pytest.approx(1.0, abs=0.03)


def test_the_unit_of_a_parameter_changes_nothing_and_a_constant_one_is_left_out():
    drawn = gaussian_posteriors(400, 2, 60, rng=0)
    units, constant = np.array([1e6, 1e-3]), np.ones((400, 60, 1))
    plain = examine(Run.from_samples(drawn.draws, drawn.theta)).value
    scaled = examine(Run.from_samples(drawn.draws * units, drawn.theta * units)).value
    padded = Run.from_samples(np.concatenate([drawn.draws, constant], 2), np.column_stack([drawn.theta, np.ones(400)]))
    assert scaled == pytest.approx(plain)
    assert examine(padded).value == pytest.approx(plain)


def test_copies_of_a_simulation_widen_the_interval_and_a_heavy_weight_decides_nothing():
    drawn = gaussian_posteriors(50, 2, 60, rng=0)
    copied = np.repeat(np.arange(50), 10)
    train = Dataset(y=drawn.training)
    once = examine(Run.from_samples(drawn.draws, drawn.theta, train=train)).parts[0].estimate
    again = Run.from_samples(drawn.draws[copied], drawn.theta[copied], group=copied, train=train)
    assert examine(again).parts[0].estimate == pytest.approx(once)
    heavy = Dataset(y=drawn.theta, weight=np.where(np.arange(50) == 3, 1e7, 1.0))
    found = examine(Run(name="t", test=heavy, train=train, prediction=Samples(drawn.draws)))
    assert found.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("n", [1, 2, 7])
def test_a_handful_of_simulations_decides_nothing(n):
    assert examine(posteriors(n=n)).verdict is Verdict.INCONCLUSIVE


def test_equal_truths_have_no_prior_to_beat():
    found = examine(Run.from_samples(np.random.default_rng(0).normal(size=(30, 10, 2)), np.ones((30, 2))))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "all true values are equal" in found.reason
