"""Posteriors of sbi: drawn and evaluated for every object, in either of its two interfaces."""

import numpy as np
import pytest

import checkstar as cs
from checkstar.errors import InputError
from checkstar.evidence import Verdict
from checkstar.interop import from_sbi

torch = pytest.importorskip("torch")

SIGMA = 0.5


class OneByOne:
    """The exact posterior of theta ~ N(0, 1), x = theta + noise, as sbi's MCMC posteriors answer."""

    weight = 1 / (1 + SIGMA**2)

    def __init__(self, width=1.0):
        self.scale = width * np.sqrt(self.weight) * SIGMA

    def sample(self, shape, x, show_progress_bars=False):
        assert x.shape == (1, 2)
        return self.weight * x + self.scale * torch.randn(*shape, x.shape[1])

    def log_prob(self, theta, x):
        return torch.distributions.Normal(self.weight * x, self.scale).log_prob(theta).sum(-1)


class Batched(OneByOne):
    """The same, as sbi's direct posteriors answer."""

    def sample_batched(self, shape, x, show_progress_bars=False):
        return self.weight * x[None] + self.scale * torch.randn(*shape, *x.shape)

    def log_prob_batched(self, theta, x):
        return torch.distributions.Normal(self.weight * x[None], self.scale).log_prob(theta).sum(-1)


@pytest.fixture
def simulated():
    rng = np.random.default_rng(0)
    theta = rng.normal(size=(250, 2))
    return theta, theta + SIGMA * rng.normal(size=(250, 2))


@pytest.mark.parametrize("kind", [OneByOne, Batched])
def test_draws_and_densities_belong_to_their_objects(kind, simulated):
    torch.manual_seed(0)
    theta, x = simulated
    run = from_sbi(kind(), theta, x, n_draws=200)
    weight, scale = kind.weight, kind().scale
    # 200 draws: the mean is known to 0.07 of the width.
    np.testing.assert_allclose(run.prediction.mean(), weight * x, atol=5 * scale / np.sqrt(200))
    exact = -0.5 * ((theta - weight * x) / scale) ** 2 - np.log(scale) - 0.5 * np.log(2 * np.pi)
    np.testing.assert_allclose(run.log_prob.truth, exact.sum(axis=1), rtol=1e-3, atol=1e-3)
    assert run.log_prob.draws.shape == (250, 200)
    assert {"samples", "density"} <= run.gives


def test_a_posterior_that_is_too_narrow_fails_its_audit_and_the_exact_one_does_not(simulated):
    torch.manual_seed(0)
    exact, narrow = (from_sbi(Batched(width), *simulated, n_draws=200) for width in (1.0, 0.5))
    assert cs.audit(narrow, "posterior").verdict is Verdict.FAIL
    assert cs.audit(exact, "posterior").verdict is not Verdict.FAIL


def test_progress_is_told_and_densities_may_be_left_out(simulated):
    told = []
    run = from_sbi(Batched(), *simulated, n_draws=10, log_prob=False, progress=lambda *state: told.append(state))
    assert told == [("sampling", done, 250) for done in (0, 100, 200)]
    assert run.log_prob is None


def test_what_does_not_fit_is_refused(simulated):
    with pytest.raises(InputError, match="250 true parameters but 100 observations"):
        from_sbi(Batched(), simulated[0], simulated[1][:100])
    with pytest.raises(InputError, match="a dict cannot be sampled"):
        from_sbi({}, *simulated)
