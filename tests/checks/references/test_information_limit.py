import numpy as np
import pytest

from checkstar.checks.references.information_limit import InformationLimit
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.evidence import Verdict
from checkstar.prediction import Point
from checkstar.runs import Run
from checkstar.scope import Scope
from checkstar.simulators import LinearModel, linear_gaussian

P = 4
SCOPE = Scope(forward=LinearModel(np.ones((1, P))))


def examine(predict, n=3000, seed=0, y_err=None, check=None, **settings):
    rng = np.random.default_rng(seed)
    drawn = linear_gaussian(n, rng, **settings)
    seen = drawn.y if y_err is None else drawn.y + y_err * rng.normal(size=n)
    test = Dataset(drawn.x, seen, noise=drawn.sigma, y_err=y_err)
    run = Run(name="x", test=test, prediction=Point(predict(drawn)), scope=SCOPE)
    return (check or InformationLimit()).examine(run, Claim("object_value"), rng)


def posterior_mean(drawn, std=1.0):
    w = std**2 / (std**2 + drawn.noise**2)
    return w * drawn.estimate


def test_the_efficient_estimate_has_the_variance_of_the_bound_and_so_more_than_with_the_prior():
    found = examine(lambda drawn: drawn.estimate)
    assert found.verdict is Verdict.PASS
    inefficiency = found.limits_of_use[0]
    # noise^2 (1 + noise^2 / spread^2) / noise^2 = 1.25; 3000 squared errors: 2.6 % each way, and the spread as much.
    assert inefficiency.value == pytest.approx(1.25, abs=0.1)
    assert found.limits_of_use[1].value == pytest.approx(0.5)


def test_a_posterior_mean_beats_the_bound_of_unbiased_estimates_and_is_no_leak():
    drawn = linear_gaussian(3000, 0)
    error = posterior_mean(drawn) - drawn.y
    assert np.mean(error**2) < 0.9 * drawn.noise**2
    verdicts = [examine(posterior_mean, n=800, seed=seed).verdict for seed in range(200)]
    # It lies exactly at its bound, 0.05 below the limit: FAIL at most as often as at the limit, 2.5 %.
    # More than 13 of 200 has probability 0.001.
    assert verdicts.count(Verdict.FAIL) <= 13
    assert examine(posterior_mean, n=60_000, check=InformationLimit(max_objects=60_000)).verdict is Verdict.PASS


@pytest.mark.parametrize("noise", [0.2, 2.0])
def test_a_leak_is_found_however_strong_the_prior(noise):
    def leaky(drawn):
        w = 1 / (1 + noise**2)
        return drawn.y + 0.8 * (w * drawn.estimate - drawn.y)

    found = examine(leaky, noise=noise)
    assert found.verdict is Verdict.FAIL
    assert found.value == pytest.approx(1 - 0.64, abs=0.06)
    assert "shrinking does not explain it" in found.reason


def test_a_fault_at_the_limit_is_hardly_ever_decided():
    scale = np.sqrt(0.95)
    verdicts = [
        examine(lambda d: d.y + scale * (posterior_mean(d) - d.y), n=300, seed=seed).verdict for seed in range(300)
    ]
    # 2.5 % either way: more than 16 of 300 has probability 0.002.
    assert verdicts.count(Verdict.FAIL) <= 16
    assert verdicts.count(Verdict.PASS) <= 16


def test_the_small_errors_of_few_objects_are_not_taken_for_a_leak():
    scale = np.sqrt(0.95)
    verdicts = [
        examine(lambda d: d.y + scale * (posterior_mean(d) - d.y), n=15, seed=seed).verdict for seed in range(600)
    ]
    # At the limit; the variance of few small squares is small too, and t intervals from it would fail 7 %.
    # Level 2.5 %: more than 28 of 600 has probability 0.001.
    assert verdicts.count(Verdict.FAIL) <= 28


def test_errors_of_the_truth_do_not_hide_a_leak_or_make_one():
    honest = examine(lambda d: d.estimate, y_err=0.5)
    leaky = examine(lambda d: d.y + 0.6 * (d.estimate - d.y), y_err=0.3, n=10_000)
    assert honest.verdict is Verdict.PASS
    assert leaky.verdict is Verdict.FAIL
    # 0.36 of the variance of the efficient estimate, 1.25 times that at the bound.
    assert leaky.value == pytest.approx(1 - 0.36 * 1.25, abs=0.06)


def test_each_object_is_held_to_its_own_bound():
    rng = np.random.default_rng(0)
    n = 4000
    sigma = np.where(rng.random(n) < 0.5, 0.1, 3.0)
    y = rng.normal(size=n)
    x = y[:, None] + sigma[:, None] * rng.normal(size=(n, P))
    # The bright half is four times too good, the faint half is twenty times worse than the bound: half a leak is seen.
    error = np.where(sigma < 1, 0.25 * 0.05, 0.0) * rng.normal(size=n)
    error = np.where(sigma < 1, error, (x.mean(axis=1) - y) / 3)
    test = Dataset(x, y, noise=np.repeat(sigma[:, None], P, axis=1))
    found = InformationLimit().examine(
        Run(name="x", test=test, prediction=Point(y + error), scope=SCOPE), Claim("object_value"), rng
    )
    assert found.verdict is Verdict.FAIL


def test_two_labels_are_bounded_together():
    rng = np.random.default_rng(0)
    slopes = np.array([[1.0, 1.0, 1.0, 1.0], [1.0, 1.2, 1.0, 0.8]])
    y = rng.normal(size=(3000, 2))
    x = y @ slopes + 0.3 * rng.normal(size=(3000, P))
    precision = slopes @ slopes.T / 0.09 + np.eye(2)
    predicted = x @ slopes.T / 0.09 @ np.linalg.inv(precision)
    test = Dataset(x, y, noise=0.3, labels=["a", "b"])
    run = Run(name="x", test=test, prediction=Point(predicted), scope=Scope(forward=LinearModel(slopes)))
    for label in "ab":
        found = InformationLimit().examine(run, Claim("object_value", label=label), rng)
        # The posterior mean meets its bound; one label taken as known would make it look much too bad.
        assert found.verdict is not Verdict.FAIL
        assert found.value < 0.06


def test_a_constant_truth_can_be_known():
    drawn = linear_gaussian(200, 0)
    test = Dataset(drawn.x, np.ones(200), noise=drawn.sigma)
    run = Run(name="x", test=test, prediction=Point(drawn.estimate), scope=SCOPE)
    with pytest.raises(NotApplicable, match="every estimate can be perfect"):
        InformationLimit().examine(run, Claim("object_value"), np.random.default_rng(0))


def test_few_objects_groups_and_weights():
    for n in (1, 2, 5):
        if n > 1:
            assert examine(lambda d: d.y + 0.6 * (d.estimate - d.y), n=n).verdict is not Verdict.PASS
    rng = np.random.default_rng(0)
    drawn = linear_gaussian(2000, rng)
    test = Dataset(
        drawn.x, drawn.y, noise=drawn.sigma, group=rng.integers(50, size=2000), weight=rng.uniform(0, 1, 2000)
    )
    run = Run(name="x", test=test, prediction=Point(drawn.estimate), scope=SCOPE)
    found = InformationLimit().examine(run, Claim("object_value"), rng)
    assert found.n <= 50
    assert found.verdict is not Verdict.FAIL


def two_peaks(n, seed, leak=0.0, sigma=0.3):
    """Labels in two narrow peaks, and the best estimate of who knows that; drawn to the truth by a share `leak`."""
    rng = np.random.default_rng(seed)
    centre = rng.choice([-1.0, 1.0], n)
    y = centre + 0.2 * rng.normal(size=n)
    x = y[:, None] + 2 * sigma * rng.normal(size=(n, 4))
    seen = x.mean(axis=1)
    total = 0.2**2 + sigma**2
    up = 1 / (1 + np.exp(-2 * seen / total))
    best = (0.2**2 * seen + sigma**2 * (2 * up - 1)) / total
    test = Dataset(x, y, noise=np.full(4, 2 * sigma))
    scope = Scope(forward=LinearModel(np.ones((1, 4))))
    return Run(name="t", test=test, prediction=Point(best + leak * (y - best)), scope=scope)


def test_knowing_a_population_of_two_peaks_is_no_leak():
    verdicts = [
        InformationLimit().examine(two_peaks(600, [4, i]), Claim("object_value"), np.random.default_rng(i)).verdict
        for i in range(40)
    ]
    # Taken for a normal population, all of them fail: the variance is 0.4 of that bound.
    assert verdicts.count(Verdict.FAIL) == 0
    assert verdicts.count(Verdict.PASS) == 0


def test_a_leak_beyond_what_two_peaks_allow_is_found():
    found = InformationLimit().examine(two_peaks(3000, 5, leak=0.5), Claim("object_value"), np.random.default_rng(0))
    assert found.verdict is Verdict.FAIL
    assert "nor does the shape of their population" in found.reason


def test_outliers_hide_no_leak():
    rng = np.random.default_rng(0)
    drawn = linear_gaussian(2000, rng)
    predicted = drawn.y + (drawn.estimate - drawn.y) / 1.6
    predicted[rng.random(2000) < 0.03] += 6 * drawn.noise
    run = Run(name="t", test=Dataset(drawn.x, drawn.y, noise=drawn.sigma), prediction=Point(predicted), scope=SCOPE)
    found = InformationLimit().examine(run, Claim("object_value"), rng)
    # The outliers lift the mean squared error above the bound, and leave the median at a half of it or less.
    assert found.value == 0
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "that of the typical object, by the median" in found.reason


@pytest.mark.parametrize("second", ["constant", "all error"])
def test_a_leak_is_found_beside_a_label_that_does_not_vary(second):
    rng = np.random.default_rng(0)
    drawn = linear_gaussian(1000, rng)
    other, error = (np.full(1000, 3.0), 0.0) if second == "constant" else (rng.normal(size=1000), 1.2)
    y = np.column_stack([drawn.y[:, 0] if drawn.y.ndim == 2 else drawn.y, other])
    estimate = drawn.estimate.reshape(1000)
    predicted = np.column_stack([y[:, 0] + (estimate - y[:, 0]) / 1.6, other])
    test = Dataset(drawn.x, y, noise=drawn.sigma, y_err=np.tile([0.0, error], (1000, 1)), labels=["a", "b"])
    scope = Scope(forward=LinearModel(np.array([[1.0] * P, [0.1, -0.1, 0.1, -0.1]])))
    run = Run(name="t", test=test, prediction=Point(predicted), scope=scope)
    found = InformationLimit().examine(run, Claim("object_value", label="a"), rng)
    assert found.verdict is Verdict.FAIL
