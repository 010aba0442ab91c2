"""The cure of the flagship fault: posterior means in, likelihood estimates out."""

import math

import numpy as np
import pytest

import checkstar as cs
from checkstar.errors import InputError
from checkstar.evidence import Verdict
from checkstar.methods import Cannon, Constant, Forest, Method, PriorDivided, Ridge, as_method
from checkstar.prediction import Mixture, Normal, Samples
from checkstar.simulators import linear_gaussian
from checkstar.testing import check_method, simulate_classes

NOISE = 0.5
WEIGHT = 1 / (1 + NOISE**2)


class Sampler(Method):
    """Exact posteriors under the prior N(0, 1), as draws that depend on the object alone."""

    def __init__(self, n_draws: int = 400, noise: float = NOISE) -> None:
        self.n_draws = n_draws
        self.noise = noise

    def fit(self, x, y, *, noise=None, y_err=None):
        self.n_ = len(x)
        return self

    def predict_distribution(self, x, *, noise=None):
        weight = 1 / (1 + self.noise**2)
        unit = np.random.default_rng(0).standard_normal(self.n_draws)
        unit = (unit - unit.mean()) / unit.std(ddof=1)
        return Samples(weight * np.mean(x, axis=1)[:, None] + self.noise * math.sqrt(weight) * unit)


def data(n, seed, noise=NOISE):
    drawn = linear_gaussian(n, seed, noise=noise)
    return cs.Dataset(drawn.x, drawn.y)


def examine(method, train, test):
    claim = cs.Claim("population_mean", n_objects=1000, tolerance=0.1)
    run = cs.Run.of(method, train=train, test=test)
    return run, cs.checks.PopulationMean().examine(run, claim, np.random.default_rng(0))


@pytest.mark.parametrize("interim", ["normal", "kernel"])
@pytest.mark.parametrize("method", [Ridge(), Forest(n_trees=20), Sampler()], ids=lambda m: type(m).__name__)
def test_it_keeps_the_contract_of_methods(method, interim):
    if isinstance(method, Sampler):
        return check_method_of_one_label(PriorDivided(method, interim=interim))
    return check_method(PriorDivided(method, interim=interim))


def check_method_of_one_label(method):
    train, test = data(200, 0), data(50, 1)
    fitted = method.fit_data(train)
    prediction = fitted.predict_distribution(test.x)
    assert isinstance(prediction, Mixture)
    one = fitted.predict_distribution(test.x[7:8])
    np.testing.assert_allclose(one.mean(), prediction.mean()[7:8], rtol=1e-9)
    np.testing.assert_allclose(prediction.cdf(prediction.quantile(0.3)), 0.3, atol=1e-6)


def test_the_division_is_the_closed_form():
    train, test = data(3000, 0), data(100, 1)
    ridge, divided = Ridge().fit_data(train), PriorDivided(Ridge()).fit_data(train)
    posterior, likelihood = (m.predict_distribution(test.x) for m in (ridge, divided))
    m, t = train.y.mean(), train.y.std(ddof=1)
    np.testing.assert_allclose(likelihood.std() ** -2.0, posterior.std() ** -2.0 - t**-2.0, rtol=1e-9)
    again = likelihood.mean() * likelihood.std() ** -2.0 + m * t**-2.0
    np.testing.assert_allclose(again / posterior.std() ** -2.0, posterior.mean(), rtol=1e-9)


@pytest.mark.parametrize("method", [Ridge(), Sampler()], ids=lambda m: type(m).__name__)
@pytest.mark.parametrize("interim", ["normal", "kernel"])
def test_it_turns_the_population_check_from_fail_to_pass(method, interim):
    train, test = data(20_000, 1), data(4000, 2)
    assert examine(method, train, test)[1].verdict is Verdict.FAIL
    run, found = examine(PriorDivided(method, interim=interim), train, test)
    assert found.verdict is Verdict.PASS
    view = run.view(None)
    # Error bars stay honest: 4000 pulls know their spread to 1 %, the division and 400 draws to a few.
    assert np.std(view.error / view.prediction.std()[:, 0]) == pytest.approx(1.0, abs=0.06)


def test_weighted_draws_give_the_likelihood_of_a_normal_posterior():
    test = data(300, 3)
    found = PriorDivided(Sampler(n_draws=20_000)).fit_data(data(100_000, 4)).predict_distribution(test.x)
    near = np.abs(test.x.mean(axis=1)) < 1.5
    # Twenty thousand draws of effective number above 5000, under a prior known to 0.3 %.
    np.testing.assert_allclose(found.mean()[near, 0], test.x.mean(axis=1)[near], atol=0.04)
    np.testing.assert_allclose(found.std()[near], NOISE, rtol=0.05)


def test_errors_of_the_labels_are_no_part_of_the_prior():
    drawn = linear_gaussian(20_000, 5)
    noisy = drawn.y + 0.8 * np.random.default_rng(6).standard_normal(20_000)
    fitted = PriorDivided(Ridge()).fit(drawn.x, noisy, y_err=np.full((20_000, 1), 0.8))
    assert fitted.std_[0] == pytest.approx(1.0, abs=0.03)


def test_an_object_that_says_nothing_is_abstained_from():
    class Halves(Sampler):
        """Normal posteriors; the first feature says which objects were seen."""

        def predict_distribution(self, x, *, noise=None):
            x = np.asarray(x)
            blind = x[:, 0] > 0
            mean = np.where(blind, 0.0, WEIGHT * x[:, 1])
            return Normal(mean, np.where(blind, 1.0, NOISE * math.sqrt(WEIGHT)))

    y = np.random.default_rng(7).normal(size=4000)
    x = np.column_stack([np.where(np.arange(4000) % 4 == 0, 1.0, -1.0), y])
    fitted = PriorDivided(Halves()).fit(x, y)
    found = fitted.predict_distribution(x)
    blind = fitted.abstains(x)[:, 0]
    assert blind.mean() == pytest.approx(0.25)
    np.testing.assert_allclose(found.std()[blind, 0], 10 * y.std(ddof=1))
    np.testing.assert_allclose(found.mean()[blind, 0], y.mean())
    assert found.std()[~blind].max() < 0.6


def test_its_estimand_is_the_likelihood_and_its_name_says_what_it_wraps():
    assert PriorDivided(Ridge()).estimand == "likelihood"
    assert PriorDivided(Ridge()).name == "PriorDivided(Ridge)"


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (Constant(), "has learned nothing beyond its prior"),
        (as_method(lambda x: x.mean(axis=1)), "says no error bars"),
        (Cannon(), "without a prior of its training set"),
    ],
)
def test_what_cannot_be_divided_is_refused(method, message):
    train = data(500, 8)
    with pytest.raises(InputError, match=message):
        PriorDivided(method).fit_data(train)


def test_classes_and_bad_settings_are_refused():
    with pytest.raises(InputError, match="divides the prior out of numbers"):
        PriorDivided(Ridge()).fit_data(simulate_classes())
    with pytest.raises(InputError, match="interim='flat'"):
        PriorDivided(Ridge(), interim="flat").fit_data(data(100, 9))
