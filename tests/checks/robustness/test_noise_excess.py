import numpy as np
import pytest

from checkstar.checks.robustness.noise_excess import NoiseExcess
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import InputError, NotApplicable
from checkstar.evidence import Verdict
from checkstar.methods import Cannon, Ridge
from checkstar.noise import Covariance, Gaussian
from checkstar.runs import Run
from checkstar.scope import Scope
from checkstar.simulators import LinearModel
from checkstar.simulators.base import ForwardModel
from checkstar.testing import simulate_spectra

P = 5
SLOPES = np.random.default_rng(1).normal(size=(2, P))
COVARIANCE = 0.02 * (np.eye(P) + 0.5)


def examine(model, noise, n=800, scope=None, check=None, **fields):
    rng = np.random.default_rng(0)
    y = rng.normal(size=(n, 2))
    data = Dataset(noise.draw(y @ SLOPES, rng), y, noise=noise, labels=["a", "b"], **fields)
    run = Run.of(model, test=data, scope=scope or Scope(forward=LinearModel(SLOPES)))
    return (check or NoiseExcess()).examine(run, Claim("object_value", label="b"), rng), run


def generalised(x):
    inverse = np.linalg.inv(COVARIANCE)
    return x @ inverse @ SLOPES.T @ np.linalg.inv(SLOPES @ inverse @ SLOPES.T)


def test_generalised_least_squares_answers_to_noise_as_little_as_possible():
    found, _ = examine(generalised, Covariance(COVARIANCE))
    # 800 objects with 7 degrees of freedom each: the median is known to 1.3 %.
    assert found.value == pytest.approx(1.0, abs=0.05)
    assert found.verdict is Verdict.PASS


def test_ignoring_correlations_costs_what_the_sandwich_says():
    solve = np.linalg.pinv(SLOPES)
    found, _ = examine(lambda x: x @ solve, Covariance(COVARIANCE))
    bound = np.linalg.inv(SLOPES @ np.linalg.inv(COVARIANCE) @ SLOPES.T)[1, 1]
    exact = np.sqrt((solve.T @ COVARIANCE @ solve)[1, 1] / bound)
    assert found.value == pytest.approx(exact, rel=0.05)


def test_redraws_and_derivatives_agree():
    data = simulate_spectra(900)

    class Spectra(ForwardModel):
        def mean(self, labels):
            pixel = np.linspace(-1, 1, 40)
            hot, metals = labels[:, :1], labels[:, 1:]
            lines = np.exp(-0.5 * ((pixel + 0.4) / 0.1) ** 2), np.exp(-0.5 * ((pixel - 0.3) / 0.15) ** 2)
            deep = 0.3 * np.exp(0.7 * metals) * lines[0] + 0.2 * np.exp(0.5 * (metals - hot)) * lines[1]
            return 1 + 0.2 * hot * pixel - deep

    scope, claim = Scope(forward=Spectra()), Claim("object_value", label="metals")
    cannon = Cannon().fit_data(data[:300])
    known = Run.of(cannon, test=data[300:], scope=scope)
    plain = Run.of(lambda x: cannon.predict(x, noise=Gaussian(0.01)), test=data[300:], scope=scope)
    exact, redrawn = (NoiseExcess().examine(run, claim, np.random.default_rng(0)) for run in (known, plain))
    # The Cannon is efficient here; 150 objects with 7 degrees of freedom: 3 %.
    assert exact.value == pytest.approx(1.0, abs=0.03)
    assert redrawn.value == pytest.approx(exact.value, abs=0.08)
    assert exact.verdict is redrawn.verdict is Verdict.PASS
    assert NoiseExcess().calls(known) == 1.0
    assert NoiseExcess().calls(plain) == 2.0


def test_shrinking_lies_below_one():
    found, _ = examine(lambda x: 0.5 * generalised(x), Covariance(COVARIANCE))
    assert found.value == pytest.approx(0.5, abs=0.03)


def test_a_regression_that_learned_noise_by_heart_is_found():
    rng = np.random.default_rng(4)
    p, n = 60, 70
    slopes = np.zeros((1, p))
    slopes[0, :10] = 1.0
    scope = Scope(forward=LinearModel(slopes))
    y = rng.normal(size=n + 1000)
    x = np.outer(y, slopes) + 0.5 * rng.normal(size=(n + 1000, p))
    data = Dataset(x, y, noise=0.5)
    wild = np.linalg.lstsq(x[:n], y[:n], rcond=None)[0]
    learned = Run.of(lambda x: x @ wild, test=data[n:], scope=scope)
    ridge = Run.of(Ridge(), train=data[:n], test=data[n:], scope=scope)
    found, cured = (NoiseExcess().examine(run, Claim("object_value"), rng) for run in (learned, ridge))
    assert found.value > cured.value + 0.5
    assert cured.verdict is Verdict.PASS


def test_a_label_that_the_data_do_not_determine_is_not_asked_about():
    with pytest.raises(NotApplicable, match="do not determine b"):
        examine(generalised, Gaussian(0.1), scope=Scope(forward=LinearModel(np.vstack([SLOPES[0], 2 * SLOPES[0]]))))


def test_a_forward_model_of_something_else_is_refused():
    with pytest.raises(InputError, match=r"observations of shape \(200, 7\)"):
        examine(generalised, Gaussian(0.1), n=800, scope=Scope(forward=LinearModel(np.ones((2, 7)))))


def test_without_a_forward_model_it_says_what_to_declare():
    _, run = examine(generalised, Gaussian(0.1))
    bare = Run.of(generalised, test=run.test)
    assert "Scope(forward=...)" in NoiseExcess().undeclared(bare)


def test_groups_weights_and_few_objects():
    rng = np.random.default_rng(0)
    found, _ = examine(
        generalised, Gaussian(0.1), group=rng.integers(9, size=800), weight=rng.uniform(0, 1, 800), n=800
    )
    assert found.n <= 9
    for n in (1, 2, 3):
        found, _ = examine(generalised, Gaussian(0.1), n=n)
        assert found.verdict is Verdict.INCONCLUSIVE
