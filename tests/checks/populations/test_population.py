"""The flagship, against its closed form: training prior N(0, 1), noise 0.5, a population of mean 0.5."""

import math

import numpy as np
import pytest

from checkstar.checks import PopulationMean
from checkstar.claims import Claim, Population, Shift
from checkstar.data.dataset import Dataset
from checkstar.evidence import Verdict
from checkstar.prediction import Normal, Point
from checkstar.runs import Run
from checkstar.simulators import linear_gaussian

N = 200_000
NOISE = 0.5
WEIGHT = 1 / (1 + NOISE**2)
#: Mean 0.5 and a spread of 0.7: at it the published z = -0.4, -1.4, -4.6, -14.5 hold.
CLAIMED = Population(mean=0.5, std=0.7)
BIAS = (1 - WEIGHT) * (0 - 0.5)
SCATTER = WEIGHT * math.hypot(0.7, NOISE)


def run_of(weight, truth_error=0.0, n=N, spread=True):
    rng = np.random.default_rng(1)
    drawn = linear_gaussian(n, rng, noise=NOISE)
    truth = drawn.y + truth_error * rng.standard_normal(n)
    sigma = np.full(n, NOISE * math.sqrt(weight))
    test = Dataset(y=truth, y_err=truth_error or None, labels=["feh"], units={"feh": "dex"})
    predicted = weight * drawn.estimate
    return Run(name="t", test=test, prediction=Normal(predicted, sigma) if spread else Point(predicted))


def examine(run, **claim):
    return PopulationMean().examine(run, Claim("population_mean", label="feh", **claim), np.random.default_rng(0))


@pytest.mark.parametrize("truth_error", [0.0, 0.4])
@pytest.mark.parametrize(("n_objects", "z"), [(10, -0.4), (100, -1.4), (1000, -4.6), (10_000, -14.5)])
def test_posterior_means_are_biased_as_the_closed_form_says(n_objects, z, truth_error):
    found = examine(run_of(WEIGHT, truth_error), n_objects=n_objects, population=CLAIMED)
    bias, low, high = signed_bias(found)
    # 200,000 objects: one sigma of the bias is 0.0011 (0.0014 with errors of the truth).
    assert bias == pytest.approx(BIAS, abs=0.005)
    assert low < BIAS < high
    # One decimal was published, from a simulation: -0.4 is -0.46 in closed form.
    assert bias * math.sqrt(n_objects) / SCATTER == pytest.approx(z, abs=0.08 + 0.04 * abs(z))


@pytest.mark.parametrize("truth_error", [0.0, 0.4])
def test_a_likelihood_estimator_shows_no_bias(truth_error):
    found = examine(run_of(1.0, truth_error), n_objects=10_000, tolerance=0.02, population=CLAIMED)
    _, low, high = signed_bias(found)
    assert low < 0 < high
    assert found.verdict is Verdict.PASS


def signed_bias(found):
    """The bias and its interval, as the figure shows them for the claimed population."""
    layer = found.figure["layers"][0]
    at = min(range(len(layer["x"])), key=lambda i: abs(layer["x"][i] - CLAIMED.mean))
    return layer["y"][at], layer["low"][at], layer["high"][at]


def test_n_max_is_where_the_bias_equals_the_standard_error():
    found = examine(run_of(WEIGHT), population=CLAIMED)
    limit = next(limit for limit in found.limits_of_use if limit.name == "n_max")
    assert limit.low < (SCATTER / BIAS) ** 2 < limit.high
    assert limit.value == pytest.approx((SCATTER / BIAS) ** 2, rel=0.05)


def test_products_of_posteriors_are_worse_than_their_means():
    found = examine(run_of(WEIGHT), population=CLAIMED)
    limit = next(limit for limit in found.limits_of_use if limit.name == "n_max_product")
    # |z| = 1 of N posteriors of width sqrt(w) * noise: the published -22.4 at N = 10,000 is 22.36 = 100 * 0.1 / 0.447.
    assert limit.value == pytest.approx((NOISE * math.sqrt(WEIGHT) / BIAS) ** 2, rel=0.05)


def test_without_a_population_the_worse_of_one_training_sigma_decides():
    found = examine(run_of(WEIGHT), n_objects=1000, tolerance=0.1)
    assert found.verdict is Verdict.FAIL
    assert found.worst.name.startswith(("shifted by +1", "shifted by -1"))
    assert found.value == pytest.approx(1 - WEIGHT, abs=0.01)


def test_a_population_like_the_training_set_proves_nothing_and_never_decides():
    found = examine(run_of(WEIGHT), n_objects=1000, tolerance=0.05)
    like = next(p for p in found.parts if p.name.startswith("like the test set"))
    assert like.estimate.value < 0.03
    assert not like.decides
    assert "a population like the training set would not show it" in found.reason


def test_two_training_sigmas_are_shown_and_do_not_decide():
    found = examine(run_of(WEIGHT), n_objects=1000, tolerance=0.3)
    far = [p for p in found.parts if p.name.startswith(("shifted by +2", "shifted by -2"))]
    assert far
    assert not any(p.decides for p in far)
    assert min(p.estimate.value for p in far if "product" not in p.name) > 0.3
    assert found.verdict is Verdict.PASS


def test_too_few_objects_for_the_tolerance_fail_even_without_bias():
    found = examine(run_of(1.0), n_objects=10, tolerance=0.05)
    assert found.verdict is Verdict.FAIL
    # The error of the mean of ten is 0.5 / sqrt(10).
    assert found.value == pytest.approx(NOISE / math.sqrt(10), rel=0.02)
    n_min = next(limit for limit in found.limits_of_use if limit.name == "n_min")
    assert n_min.value == pytest.approx((NOISE / 0.05) ** 2, rel=0.02)


def test_a_population_out_of_reach_is_not_decided_and_says_so():
    found = examine(run_of(WEIGHT, n=2000), n_objects=100, tolerance=0.1, population=Population(mean=9.0))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "too few test objects there" in found.reason


def test_forty_objects_are_not_enough_and_the_number_needed_is_stated():
    found = examine(run_of(WEIGHT, n=40), n_objects=100, tolerance=0.1)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.n_needed > 40


def test_points_are_judged_like_densities_without_products():
    found = examine(run_of(WEIGHT, spread=False), n_objects=1000, tolerance=0.1)
    assert found.verdict is Verdict.FAIL
    assert not any("product" in p.name for p in found.parts)


def test_clusters_widen_the_interval():
    single = run_of(WEIGHT, n=4000)
    copies = Dataset(y=np.repeat(single.test.y, 5, axis=0), labels=["feh"], group=np.repeat(np.arange(4000), 5))
    repeated = Run(name="t", test=copies, prediction=single.prediction[np.repeat(np.arange(4000), 5)])
    one, five = (examine(r, n_objects=100, tolerance=0.1) for r in (single, repeated))
    assert five.value == pytest.approx(one.value, rel=1e-3)
    assert five.high - five.value == pytest.approx(one.high - one.value, rel=0.01)


def test_equal_predictions_are_biased_and_have_no_z():
    y = np.random.default_rng(0).normal(size=3000)
    run = Run(name="t", test=Dataset(y=y, labels=["feh"]), prediction=Point(np.full(3000, 0.1)))
    found = examine(run, n_objects=100, tolerance=0.2)
    assert found.verdict is Verdict.FAIL
    assert "are all equal" in found.reason


def test_the_number_needed_reaches_and_decides_every_population():
    # Exponential truth: one deviation below its mean lies at its edge and is out of reach.
    rng = np.random.default_rng(1)
    y = rng.exponential(size=150)
    run = Run(name="t", test=Dataset(y=y, labels=["feh"]), prediction=Point(y + 0.3 * rng.normal(size=150)))
    found = examine(run, n_objects=1000, tolerance=0.02)
    reachable = [p for p in found.parts if p.decides and np.isfinite(p.limit)]
    from checkstar.evidence import n_needed

    if reachable and found.n_needed is not None:
        assert found.n_needed >= max(n_needed(p.estimate, p.limit) or 0 for p in reachable)


def test_a_claimed_shift_is_counted_from_the_training_mean():
    rng = np.random.default_rng(0)
    drawn = linear_gaussian(50_000, rng, noise=NOISE, mean=0.3)
    test = Dataset(y=drawn.y, labels=["feh"])
    # Trained on N(0, 1): the posterior mean is pulled to zero, wherever the test objects lie.
    run = Run(name="t", test=test, train=Dataset(y=rng.normal(size=5000)), prediction=Point(WEIGHT * drawn.estimate))
    found = examine(run, n_objects=1000, tolerance=0.01, population=Shift(by=0.5))
    assert found.worst.name.startswith("shifted as claimed (mean 0.5")
    assert found.value == pytest.approx(0.2 * 0.5, abs=0.02)


def test_without_a_tolerance_the_bias_is_held_against_the_standard_error():
    claimed = examine(run_of(WEIGHT), n_objects=100, population=CLAIMED)
    assert claimed.worst.limit_kind == "derived"
    assert claimed.limit == pytest.approx(SCATTER / 10, rel=0.02)
    assert claimed.value == pytest.approx(-BIAS, abs=0.005)
    unsaid = examine(run_of(WEIGHT), population=CLAIMED)
    assert unsaid.worst.limit_kind == "convention"
    assert unsaid.limit == pytest.approx(SCATTER / math.sqrt(1000), rel=0.02)
