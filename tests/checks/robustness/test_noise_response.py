import numpy as np
import pytest

from checkstar.checks import NoiseResponse
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.evidence import Verdict
from checkstar.methods import as_method
from checkstar.runs import Run


def examine(function, n=2000, sigma=0.4, **fields):
    rng = np.random.default_rng(0)
    y = rng.normal(size=n)
    x = y[:, None] + sigma * rng.normal(size=(n, 4))
    run = Run.of(as_method(function), test=Dataset(x, y, noise=sigma, **fields))
    return NoiseResponse().examine(run, Claim("object_interval"), rng), run


def test_a_linear_estimator_scatters_by_its_propagated_noise():
    found, _ = examine(lambda x: (x.mean(axis=1), np.full(len(x), 0.2)))
    # The mean of four features of noise 0.4 has noise 0.2: claimed exactly.
    assert found.value == pytest.approx(1.0, abs=0.03)
    assert found.verdict is Verdict.PASS


def test_claiming_less_than_the_noise_fails():
    found, _ = examine(lambda x: (x.mean(axis=1), np.full(len(x), 0.15)))
    assert found.verdict is Verdict.FAIL
    assert found.value == pytest.approx(0.2 / 0.15, abs=0.05)


def test_one_pixel_that_carries_the_answer_is_paid_for_in_noise():
    found, _ = examine(lambda x: (x[:, 0], np.full(len(x), 0.2)))
    assert found.verdict is Verdict.FAIL


def test_the_redraws_are_counted_and_shared_between_claims():
    found, run = examine(lambda x: (x.mean(axis=1), np.full(len(x), 0.2)))
    assert run.costs.model_calls == 1 + NoiseResponse().n_redraws
    again = NoiseResponse().examine(run, Claim("object_value"), np.random.default_rng(7))
    first = NoiseResponse().examine(run, Claim("object_value"), np.random.default_rng(7))
    assert run.costs.model_calls == 1 + 2 * NoiseResponse().n_redraws
    assert first.value == again.value
    assert found.n == 2000


def test_a_constant_does_not_respond():
    found, _ = examine(lambda x: (np.zeros(len(x)), np.ones(len(x))))
    assert (found.value, found.verdict) == (0.0, Verdict.PASS)
