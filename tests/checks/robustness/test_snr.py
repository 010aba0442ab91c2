import numpy as np
import pytest

from checkstar.checks.robustness.snr import SignalToNoise
from checkstar.checks.weighted_mean import WeightedMean
from checkstar.claims import USES, Claim
from checkstar.data.dataset import Dataset
from checkstar.evidence import Verdict
from checkstar.methods import Cannon, Ridge
from checkstar.noise import Covariance, Gaussian, Poisson
from checkstar.runs import Run
from checkstar.testing import simulate_spectra

CLAIM = Claim("object_interval")


def examine(method, n=2000, noise=None, seed=0, y_err=None, check=None, **fields):
    rng = np.random.default_rng(seed)
    noise = noise or Gaussian(0.4)
    y = rng.normal(size=n)
    x = noise.draw(np.repeat(y[:, None], 4, axis=1), rng)
    seen = y if y_err is None else y + y_err * rng.normal(size=n)
    run = Run.of(method, test=Dataset(x, seen, noise=noise, y_err=y_err, **fields))
    return (check or SignalToNoise()).examine(run, CLAIM, rng), run


@pytest.mark.parametrize("noise", [Gaussian(0.4), Covariance(0.16 * np.eye(4))], ids=repr)
def test_fixed_error_bars_lag_by_the_growth_of_the_noise(noise):
    found, _ = examine(
        WeightedMean(claimed=0.2)
        if isinstance(noise, Gaussian)
        else (lambda x: (x.mean(axis=1), np.full(len(x), 0.2))),
        noise=noise,
    )
    assert found.verdict is Verdict.FAIL
    # Errors grow by sqrt(1 + c^2); 2000 pairs: 2 and 3 %.
    assert [part.estimate.value for part in found.parts] == pytest.approx([np.sqrt(2) - 1, np.sqrt(5) - 1], abs=0.13)


def test_error_bars_that_propagate_the_noise_keep_up():
    found, _ = examine(WeightedMean())
    assert found.verdict is Verdict.PASS
    data = simulate_spectra(2400)
    run = Run.of(Cannon(), train=data[:400], test=data[400:])
    found = SignalToNoise().examine(run, Claim("object_interval", label="hot"), np.random.default_rng(0))
    assert found.parts[0].estimate.value < 0.1


def test_correlated_noise_is_scaled_as_a_covariance():
    assert examine(WeightedMean(), noise=Covariance(0.16 * np.eye(4)))[0].verdict is Verdict.PASS


def test_hardly_any_noise_added_is_hardly_any_doubt():
    found, _ = examine(WeightedMean(), n=200, check=SignalToNoise(added=(0.01,)))
    # Paired: what 200 objects scatter by, 5 %, does not enter.
    assert found.high < 0.01


def test_error_bars_that_are_wrong_to_begin_with_are_left_to_other_checks():
    class Timid(WeightedMean):
        def predict_distribution(self, x, *, noise=None):
            right = super().predict_distribution(x, noise=noise)
            return type(right)(right.mean(), right.std() / 3)

    assert examine(Timid())[0].verdict is Verdict.PASS


def test_error_bars_that_grow_too_fast_are_no_fault():
    class Careful(WeightedMean):
        def predict_distribution(self, x, *, noise=None):
            right = super().predict_distribution(x, noise=noise)
            return type(right)(right.mean(), right.std() ** 2 * 5)

    found, _ = examine(Careful())
    assert (found.value, found.verdict) == (0.0, Verdict.PASS)


def test_the_error_that_noise_does_not_explain_is_extrapolated():
    class Biased(WeightedMean):
        def predict_distribution(self, x, *, noise=None):
            right = super().predict_distribution(x, noise=noise)
            return type(right)(right.mean() + 0.3, right.std())

    assert examine(Biased(), n=20_000)[0].limits_of_use[0].value == pytest.approx(0.3, abs=0.03)
    twice = SignalToNoise(added=(2.0,))
    assert examine(Biased(), n=20_000, check=twice)[0].limits_of_use[0].value == pytest.approx(0.3, abs=0.03)
    # Nothing is left of an unbiased one: the square of what is found is 0 +- 0.001.
    assert examine(WeightedMean(), n=20_000)[0].limits_of_use[0].value < 0.06


def test_errors_of_the_truth_count_as_neither_growth_nor_floor():
    found, _ = examine(WeightedMean(), y_err=0.4, n=20_000)
    assert found.verdict is Verdict.PASS
    assert found.limits_of_use[0].value < 0.1


def test_it_decides_nothing():
    assert not any(SignalToNoise().decides(Claim(use)) for use in USES)


def test_counts_may_be_noisier_too():
    rng = np.random.default_rng(0)
    rate = rng.uniform(50, 100, (1000, 1))
    data = Dataset(Poisson().draw(np.repeat(rate, 4, axis=1), rng), rate, noise=Poisson())
    found = SignalToNoise().examine(Run.of(WeightedMean(), test=data), CLAIM, rng)
    assert found.verdict is not Verdict.FAIL


@pytest.mark.parametrize("n", [10, 300, 5000])
def test_it_asks_two_calls_at_most(n):
    _, run = examine(WeightedMean(), n=n)
    assert (run.costs.objects_predicted - n) / n == pytest.approx(SignalToNoise().calls(run))
    assert SignalToNoise().calls(run) <= 2


def test_a_perfect_method_groups_weights_and_few_objects():
    rng = np.random.default_rng(0)
    data = Dataset(rng.normal(size=(200, 2)), np.zeros(200), noise=0.1)
    run = Run.of(lambda x: (np.zeros(len(x)), np.ones(len(x))), test=data)
    assert SignalToNoise().examine(run, CLAIM, rng).verdict is Verdict.PASS
    found, _ = examine(WeightedMean(), group=rng.integers(9, size=2000), weight=rng.uniform(0, 1, 2000))
    assert found.n <= 9
    for n in (1, 2, 9):
        assert examine(WeightedMean(), n=n)[0].verdict is Verdict.INCONCLUSIVE


def test_masked_elements_stay_masked():
    data = simulate_spectra(500)
    sigma, x = np.full(data.x.shape, 0.01), data.x.copy()
    sigma[:, 4], x[:, 4] = np.inf, np.nan
    masked = Dataset(x, data.y, noise=Gaussian(sigma), labels=data.labels)
    run = Run.of(Cannon().fit_data(data[:300]), test=masked[300:])
    assert SignalToNoise().examine(run, Claim("object_interval", label="hot"), np.random.default_rng(0)).value < 0.2
    ridge = Run.of(Ridge(), train=data[:300], test=data[300:])
    assert SignalToNoise().examine(ridge, Claim("object_interval", label="hot"), np.random.default_rng(0)).value < 0.3
