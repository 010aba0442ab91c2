from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge as SklearnRidge
from sklearn.preprocessing import StandardScaler

from checkstar.errors import InputError
from checkstar.methods.ridge import Ridge
from checkstar.noise import Covariance, Gaussian

RNG = np.random.default_rng(0)
SLOPE = RNG.normal(size=(8, 2))


def line(n: int, rng: int, scatter: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(rng)
    x = generator.normal(size=(n, 8)) * np.arange(1, 9)
    return x, x @ SLOPE + scatter * generator.standard_normal((n, 2)) + [10.0, -3.0]


def test_equals_scikit_learn_at_the_same_penalty():
    x, y = line(60, 1)
    ours = Ridge(penalties=(0.03,)).fit(x, y)
    scaler = StandardScaler().fit(x)
    peer = SklearnRidge(alpha=ours.penalty_[0]).fit(scaler.transform(x), y)
    new = line(20, 2)[0]
    np.testing.assert_allclose(ours.predict(new), peer.predict(scaler.transform(new)), rtol=1e-9)


def test_the_penalty_is_that_of_least_explicit_leave_one_out_error():
    x, y = line(25, 3, scatter=8.0)
    x = StandardScaler().fit_transform(x)  # so that leaving one out changes no scale by choice of units
    grid = (1e-3, 1e-2, 1e-1, 1.0)
    chosen = Ridge(penalties=grid).fit(x, y)
    largest = np.linalg.svd(x, compute_uv=False)[0] ** 2

    def left_out_error(alpha: float) -> np.ndarray:
        misses = []
        for i in range(len(x)):
            keep = np.arange(len(x)) != i
            # The closed form leaves the centre of x, which knows no label, as it is.
            gram = np.block(
                [[x[keep].T @ x[keep] + alpha * np.eye(8), x[keep].sum(0)[:, None]], [x[keep].sum(0), 24.0]]
            )
            solution = np.linalg.solve(gram, np.vstack([x[keep].T @ y[keep], y[keep].sum(0)]))
            misses.append(y[i] - np.append(x[i], 1.0) @ solution)
        return np.square(misses).mean(axis=0)

    errors = np.array([left_out_error(share * largest) for share in grid])
    np.testing.assert_allclose(chosen.penalty_, np.array(grid)[errors.argmin(axis=0)] * largest, rtol=1e-9)


def test_errors_are_honest_on_new_objects():
    x, y = line(40, 4)
    new, truth = line(4000, 5)
    prediction = Ridge().fit(x, y).predict_distribution(new)
    pulls = (truth - prediction.mean()) / prediction.std()
    # The variance is known from 31 degrees of freedom: 13 %.
    np.testing.assert_allclose(pulls.std(axis=0), 1.0, atol=0.3)


def test_errors_are_honest_on_average_over_training_sets():
    pulls = []
    for seed in range(60):
        x, y = line(30, seed)
        new, truth = line(50, 1000 + seed)
        prediction = Ridge().fit(x, y).predict_distribution(new)
        pulls.append((truth - prediction.mean()) / prediction.std())
    # 60 training sets: 2 %; Student's t with 21 degrees of freedom adds 5 %.
    assert np.std(pulls) == pytest.approx(1.05, abs=0.06)


def test_errors_grow_outside_the_training_set():
    method = Ridge().fit(*line(40, 6))
    near, far = method.predict_distribution([np.zeros(8), 100 * np.arange(1, 9)]).std()
    assert (far > 5 * near).all()


def test_errors_of_the_training_labels_are_taken_out():
    x, y = line(3000, 7, scatter=0.5)
    y_err = np.array([0.4, 0.0])
    noisy = y + np.random.default_rng(8).standard_normal(y.shape) * y_err
    std = Ridge().fit(x, noisy, y_err=np.broadcast_to(y_err, y.shape)).predict_distribution(x[:1]).std()[0]
    np.testing.assert_allclose(std, 0.5, rtol=0.06)


def test_noise_of_a_new_object_widens_its_error_by_its_share():
    x, y = line(5000, 9)
    method = Ridge().fit(x, y)
    plain = method.predict_distribution(x[:3])
    noisy = method.predict_distribution(x[:3], noise=Gaussian(0.7))
    expected = plain.std() ** 2 + 0.49 * np.square(SLOPE).sum(axis=0)
    np.testing.assert_allclose(noisy.std() ** 2, expected, rtol=0.02)


def test_noise_equal_to_that_of_training_changes_nothing():
    x, y = line(5000, 10)
    noise = Gaussian(0.2)
    method = Ridge().fit(noise.draw(x, np.random.default_rng(0)), y, noise=noise)
    np.testing.assert_allclose(
        method.predict_distribution(x[:3], noise=noise).std(), method.predict_distribution(x[:3]).std(), rtol=0.01
    )


def test_a_diagonal_covariance_is_gaussian_noise():
    x, y = line(50, 11)
    method = Ridge(n_components=5).fit(x, y)
    one = method.predict_distribution(x, noise=Gaussian(0.3))
    two = method.predict_distribution(x, noise=Covariance(0.09 * np.eye(8)))
    np.testing.assert_allclose(one.covariance, two.covariance, rtol=1e-9)


def test_labels_that_scatter_together_are_correlated_in_the_prediction():
    x, y = line(500, 12, scatter=0.0)
    together = np.random.default_rng(13).standard_normal((500, 1))
    prediction = Ridge().fit(x, y + together * [1.0, 2.0]).predict_distribution(x[:1])
    correlation = prediction.covariance[0, 0, 1] / prediction.std()[0].prod()
    assert correlation == pytest.approx(1.0, abs=0.01)


def test_more_columns_than_objects_are_no_difficulty():
    rng = np.random.default_rng(14)
    x = rng.normal(size=(80, 1)) * np.linspace(0.5, 1.5, 300) + 0.1 * rng.normal(size=(80, 300))
    y = x.mean(axis=1)
    prediction = Ridge().fit(x[:50], y[:50]).predict_distribution(x[50:])
    assert np.abs(prediction.mean()[:, 0] - y[50:]).max() < 0.05


def test_what_the_training_set_never_varied_is_known_from_the_prior_alone():
    x, y = line(6, 16)  # six objects span five directions of eight
    method = Ridge().fit(x, y)
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    never = np.linalg.svd(standard)[2][-1] * x.std(axis=0)
    gain = method.predict_distribution([x.mean(axis=0) + 3 * never]).std()[0] ** 2
    at_home = method.predict_distribution([x.mean(axis=0)]).std()[0] ** 2
    np.testing.assert_allclose(gain - at_home, method.variance_ * 9 / method.penalty_, rtol=1e-6)


def test_exact_labels_give_tiny_errors():
    x, y = line(50, 15, scatter=0.0)
    prediction = Ridge().fit(x, y).predict_distribution(x)
    np.testing.assert_allclose(prediction.mean(), y, atol=1e-4)
    assert (prediction.std() < 1e-3).all()


def test_penalties_must_be_positive():
    with pytest.raises(InputError, match="give at least one positive number"):
        Ridge(penalties=(0.0,)).fit(*line(10, 0))


@pytest.mark.parametrize("n_components", [0, 2.5, "all", True])
def test_components_must_be_a_positive_integer(n_components):
    with pytest.raises(InputError, match=f"Ridge got n_components={n_components!r}"):
        Ridge(n_components=n_components).fit(*line(10, 0))


@pytest.mark.parametrize("value", [0.0, 1.0, 1e8])
def test_columns_that_are_all_constant_say_the_mean_and_nothing_elsewhere(value):
    y = np.arange(20.0)
    method = Ridge().fit(np.full((20, 3), value), y)
    said = method.predict_distribution(np.full((1, 3), value))
    assert said.mean().item() == pytest.approx(9.5)
    assert said.std().item() == pytest.approx(y.std(ddof=1) * np.sqrt(1 + 1 / 20), rel=0.05)
    assert np.isfinite(method.predict_distribution(np.full((1, 3), value + 1)).std()).all()
