from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import check_grad
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

from checkstar.errors import InputError
from checkstar.methods import GaussianProcess
from checkstar.methods.gaussian_process import _loss
from checkstar.noise import Gaussian


def wave(n: int, rng: int, scatter: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(rng)
    x = generator.uniform(-2, 2, (n, 2))
    return x, np.sin(2 * x[:, 0]) + 0.3 * x[:, 1] + scatter * generator.standard_normal(n)


def test_the_mean_and_the_spread_are_those_of_scikit_learn_at_the_same_kernel():
    x, y = wave(120, 0)
    ours = GaussianProcess().fit(x, y)
    logs = ours.kernels_[0]
    lengths, (amplitude, scatter) = np.exp(logs[:2]), np.exp(logs[2:4])
    kernel = ConstantKernel(amplitude) * RBF(lengths) + WhiteKernel(scatter)
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    peer = GaussianProcessRegressor(kernel, optimizer=None, alpha=1e-8 * amplitude, normalize_y=True).fit(standard, y)
    new = wave(30, 1)[0]
    mean, std = peer.predict((new - x.mean(axis=0)) / x.std(axis=0), return_std=True)
    prediction = ours.predict_distribution(new)
    np.testing.assert_allclose(prediction.mean()[:, 0], mean, atol=1e-6)
    np.testing.assert_allclose(prediction.std()[:, 0], std, rtol=1e-5)


def test_its_likelihood_is_at_least_that_of_scikit_learns_search():
    x, y = wave(150, 2)
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    peer = GaussianProcessRegressor(
        ConstantKernel(1.0) * RBF([2.0, 2.0]) + WhiteKernel(0.1), normalize_y=True, random_state=0
    ).fit(standard, y)
    ours = GaussianProcess().fit(x, y)
    value = -_loss(ours.kernels_[0], ours.points_, ours.targets_[:, 0], np.zeros(150), np.zeros(150))[0]
    reached = value - 75 * np.log(2 * np.pi)
    # Both stop where the gradient is small: 0.1 in the logarithm is nothing.
    assert reached > peer.log_marginal_likelihood_value_ - 0.1


@pytest.mark.parametrize("n_lengths", [1, 3])
def test_the_gradient_of_the_likelihood_is_that_of_differences(n_lengths):
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(40, 3)), rng.normal(size=40)
    extra = np.full(40, 0.01), 0.1 * rng.random(40)
    logs = np.array([*np.linspace(0.2, 0.6, n_lengths), 0.2, -2.0, -0.5])
    error = check_grad(lambda t: _loss(t, x, y, *extra)[0], lambda t: _loss(t, x, y, *extra)[1], logs)
    assert error < 1e-4


def test_the_jacobian_is_that_of_differences():
    x, y = wave(100, 4)
    method = GaussianProcess().fit(x, np.stack([y, x[:, 1]], axis=1))
    at, step = x[:5], 1e-5
    for column in range(2):
        moved = np.eye(2)[column] * step
        slope = (method.predict(at + moved) - method.predict(at - moved)) / (2 * step)
        np.testing.assert_allclose(method.jacobian(at)[:, :, column], slope, atol=1e-6)


def test_noise_goes_through_the_slope_into_the_error():
    rng = np.random.default_rng(5)
    clean = rng.uniform(-2, 2, (400, 1))
    sigma = rng.choice([0.01, 0.3], (400, 1))
    y = np.sin(1.5 * clean[:, 0])
    noise = Gaussian(sigma)
    method = GaussianProcess().fit(noise.draw(clean, rng), y, noise=noise)

    # At zero the slope is 1.5, at its crest nothing goes through.
    def error(at: float, s: float) -> float:
        return float(method.predict_distribution([[at]], noise=Gaussian(s)).std().item())

    assert error(0.0, 0.3) > 3 * error(0.0, 0.01)
    assert error(np.pi / 3, 0.3) < 0.5 * error(0.0, 0.3)


def test_error_bars_are_honest():
    x, y = wave(300, 6)
    new, truth = wave(2000, 7)
    prediction = GaussianProcess().fit(x, y).predict_distribution(new)
    pulls = (truth - prediction.mean()[:, 0]) / prediction.std()[:, 0]
    # 300 objects fix the scatter to 4 %, 2000 pulls their spread to 2 %.
    assert pulls.std() == pytest.approx(1.0, abs=0.12)


def test_errors_of_the_labels_are_taken_out():
    x, y = wave(400, 8, scatter=0.0)
    errors = np.where(np.arange(400) % 2 == 0, 0.5, 0.01)
    y = y + errors * np.random.default_rng(9).standard_normal(400)
    told = GaussianProcess().fit(x, y, y_err=errors).predict_distribution(wave(200, 10)[0]).std()
    untold = GaussianProcess().fit(x, y).predict_distribution(wave(200, 10)[0]).std()
    assert np.median(told) < 0.3 * np.median(untold)


def test_more_objects_than_allowed_are_thinned():
    x, y = wave(200, 11)
    assert GaussianProcess(max_objects=50).fit(x, y).points_.shape == (50, 2)
    with pytest.raises(InputError, match="max_objects=1"):
        GaussianProcess(max_objects=1).fit(x, y)
