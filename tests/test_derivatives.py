"""Three ways to the propagated error agree: exact gradients, differences in noise-scaled steps, redrawn noise."""

import numpy as np
import pytest

from checkstar.data.dataset import Dataset
from checkstar.derivatives import directional_derivatives, propagated_error, redrawn_variance, whitened_gradient
from checkstar.methods import Cannon, Ridge, as_method
from checkstar.noise import Covariance, Gaussian, Poisson
from checkstar.runs import Run
from checkstar.testing import simulate_spectra

torch = pytest.importorskip("torch")

N, P = 40, 5
RNG = np.random.default_rng(3)
X = RNG.normal(2.0, 1.0, (N, P))
SLOPE = RNG.normal(size=(2, P))
_ROOT = RNG.normal(size=(N, P, P))
NOISES = {
    "one sigma": Gaussian(0.05),
    "a sigma an element": Gaussian(RNG.uniform(0.02, 0.08, (N, P))),
    "one covariance": Covariance(0.002 * (np.ones((P, P)) + np.eye(P))),
    "a covariance an object": Covariance(0.0005 * (_ROOT @ np.swapaxes(_ROOT, 1, 2) + np.eye(P))),
}


class Linear(torch.nn.Module):
    def forward(self, x):
        return x @ torch.as_tensor(SLOPE.T, dtype=x.dtype)


class Bent(torch.nn.Module):
    def forward(self, x):
        return torch.sin(0.3 * x @ torch.as_tensor(SLOPE.T, dtype=x.dtype))


def linear(x):
    return x @ SLOPE.T


def bent(x):
    return np.sin(0.3 * x @ SLOPE.T)


def asked(method):
    return lambda x, noise: method.predict(x, noise=noise)


@pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES)
@pytest.mark.parametrize(("module", "function"), [(Linear(), linear), (Bent(), bent)], ids=["linear", "bent"])
def test_gradients_differences_and_redraws_agree(noise, module, function):
    method = as_method(module)
    by_gradient = np.sqrt(np.diagonal(noise.propagate(method.jacobian(X), X), axis1=1, axis2=2))
    whitened = noise.whiten_gradient(method.jacobian(X), X)
    # Double precision of the function against single precision of the module.
    assert propagated_error(whitened) == pytest.approx(by_gradient, rel=1e-6)
    by_difference = propagated_error(whitened_gradient(asked(as_method(function)), X, noise))
    # A step of 0.1 sigma over a sine of slope 0.3: its third derivative changes the slope by less than 1e-4.
    assert by_difference == pytest.approx(by_gradient, rel=2e-3, abs=1e-6)
    by_redraw = np.sqrt(redrawn_variance(asked(as_method(function)), X, noise, np.random.default_rng(0), 400))
    # 400 draws: a standard deviation is known to 3.5 %; 80 of them, five sigma; the bend adds where the slope is small.
    assert by_redraw == pytest.approx(by_gradient, rel=0.18, abs=0.01)
    assert np.sqrt(np.mean(by_redraw**2) / np.mean(by_gradient**2)) == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES)
def test_a_control_variate_leaves_a_linear_method_without_monte_carlo_error(noise):
    gradient = noise.whiten_gradient(np.broadcast_to(SLOPE, (N, 2, P)), X)
    variance = redrawn_variance(asked(as_method(linear)), X, noise, np.random.default_rng(0), 3, gradient)
    assert variance == pytest.approx(np.square(propagated_error(gradient)), rel=1e-6)


@pytest.mark.parametrize("error", [-2.0, 0.0, 0.3, 0.6, 1.0, 3.0])
def test_a_wrong_gradient_leaves_the_redrawn_variance_unbiased(error):
    noise = NOISES["one sigma"]
    wrong = noise.whiten_gradient(np.broadcast_to((1 + error) * SLOPE, (N, 2, P)), X)
    right = np.square(propagated_error(noise.whiten_gradient(np.broadcast_to(SLOPE, (N, 2, P)), X)))
    ask, seeds = asked(as_method(linear)), range(60)
    draws = [redrawn_variance(ask, X, noise, np.random.default_rng(seed), 8, wrong) for seed in seeds]
    # 60 x 40 objects with 7 degrees of freedom: known to 1.1 %, and less well by at most sqrt(2) with the variate.
    assert np.mean(draws, axis=(0, 1)) == pytest.approx(right.mean(axis=0), rel=0.05)


def test_directions_of_an_objects_own_give_its_own_derivatives():
    noise = NOISES["a covariance an object"]
    directions = np.random.default_rng(1).normal(size=(N, 3, P))
    found = directional_derivatives(asked(as_method(linear)), X, noise, directions, step=0.5)
    gradient = noise.whiten_gradient(np.broadcast_to(SLOPE, (N, 2, P)), X)
    assert found == pytest.approx(np.einsum("nkp,nmp->nkm", gradient, directions), rel=1e-8)


def test_many_directions_are_taken_in_blocks(monkeypatch):
    noise = NOISES["a sigma an element"]
    whole = whitened_gradient(asked(as_method(bent)), X, noise)
    monkeypatch.setattr("checkstar.derivatives._ROWS", 1)
    assert np.array_equal(whole, whitened_gradient(asked(as_method(bent)), X, noise))


def test_the_cannon_and_ridge_know_their_derivatives():
    data = simulate_spectra(150)
    for method in (Cannon(), Cannon(order=1), Ridge(), Ridge(n_components=5)):
        run = Run.of(method, train=data[:120], test=data[120:])
        x, noise = run.test.x, run.test.noise
        exact = noise.whiten_gradient(run.jacobian(x, noise), x)
        differences = whitened_gradient(lambda x, noise: run.predict(x, noise).mean(), x, noise, step=0.01)  # noqa: B023
        # The search for labels ends at a relative tolerance of 1e-6.
        assert exact == pytest.approx(differences, abs=1e-4 * np.abs(exact).max())


def test_a_masked_pixel_has_no_derivative():
    data = simulate_spectra(150)
    sigma = np.full(data.x.shape, 0.01)
    sigma[:, 7] = np.inf
    x = data.x.copy()
    x[:, 7] = np.nan
    cannon = Cannon().fit_data(data)
    jacobian = cannon.jacobian(x, noise=Gaussian(sigma))
    assert not jacobian[:, :, 7].any()
    assert np.isfinite(jacobian).all()
    assert Cannon(continuum="mean").fit_data(data).jacobian(data.x, noise=data.noise) is None


def test_torch_derivatives_are_of_the_values_alone_and_leave_the_module_as_it_was():
    layer = torch.nn.Linear(P, 4)
    net = torch.nn.Sequential(torch.nn.Dropout(0.9), layer).train()
    method = as_method(net, output="mean_std")
    assert method.jacobian(X) == pytest.approx(np.broadcast_to(layer.weight.detach().numpy()[:2], (N, 2, P)))
    assert net.training
    assert layer.weight.grad is None

    class Pair(torch.nn.Module):
        def forward(self, x):
            return x[:, 0] ** 2, torch.ones(len(x))

    found = as_method(Pair(), batch_size=7).jacobian(X)
    assert found.shape == (N, 1, P)
    assert found[:, 0, 0] == pytest.approx(2 * X[:, 0], rel=1e-6)


def test_what_has_no_derivatives_says_so():
    class Cut(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(1))

        def forward(self, x):
            return self.weight * x.detach().sum(dim=1)

    class Constant(torch.nn.Module):
        def forward(self, x):
            return torch.zeros(len(x))

    for model in (Cut(), Constant(), linear):
        assert as_method(model).jacobian(X) is None
    net = torch.nn.Linear(P, 2)
    assert as_method(net, output="logits", classes=["a", "b"]).jacobian(X) is None


def test_a_run_counts_derivatives_as_one_call_and_gives_none_where_there_are_none():
    data = Dataset(X, X[:, 0], noise=0.1)
    run = Run.of(as_method(torch.nn.Linear(P, 1)), test=data)
    assert run.jacobian(X[:10]).shape == (10, 1, P)
    assert (run.costs.model_calls, run.costs.objects_predicted) == (2, N + 10)
    plain = Run.of(lambda x: x[:, 0], test=data)
    assert plain.jacobian(X) is None
    assert plain.costs.model_calls == 1


def test_poisson_noise_is_propagated_at_the_observed_counts():
    counts = np.random.default_rng(0).uniform(50, 200, (30, P))
    noise = Poisson()
    gradient = noise.whiten_gradient(np.ones((30, 1, P)), counts)
    assert propagated_error(gradient)[:, 0] == pytest.approx(np.sqrt(counts.sum(axis=1)))
