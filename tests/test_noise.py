import numpy as np
import pytest

from checkstar.errors import InputError
from checkstar.noise import Covariance, Custom, Gaussian, Poisson

C = np.array([[1.0, 0.6], [0.6, 2.0]])
X = np.array([[3.0, 5.0], [10.0, 20.0], [0.0, 1.0]])
N_DRAWS = 40_000

NOISES = [
    Gaussian(0.5),
    Gaussian([0.5, 2.0]),
    Gaussian(np.full((3, 2), 0.7)),
    Covariance(C),
    Covariance(np.stack([C, 2 * C, 3 * C])),
    Poisson(gain=4.0, read_noise=3.0),
    Custom(lambda x, rng: x + rng.uniform(-1, 1, x.shape), sigma=1 / np.sqrt(3)),
]


@pytest.mark.parametrize("noise", NOISES, ids=repr)
def test_draws_scatter_by_sigma_and_leave_the_argument_alone(noise):
    before = X.copy()
    rng = np.random.default_rng(0)
    draws = np.stack([noise.draw(X, rng) for _ in range(4000)])
    assert np.array_equal(before, X)
    # 4000 draws: a standard deviation is known to 1.1 %. Poisson never has less than one count of noise.
    expected = noise.sigma(X)
    assert draws.std(axis=0) == pytest.approx(expected, rel=0.06)
    assert draws.mean(axis=0) == pytest.approx(X, abs=4 * expected.max() / np.sqrt(4000))


@pytest.mark.parametrize("noise", NOISES, ids=repr)
def test_indexing_keeps_each_objects_own_noise(noise):
    rows = np.array([2, 0])
    assert noise[rows].sigma(X[rows]) == pytest.approx(noise.sigma(X)[rows])
    assert noise[X[:, 0] > 1].sigma(X[:2]) == pytest.approx(noise.sigma(X)[:2])


def test_whitened_correlated_noise_is_independent_and_of_unit_size():
    rng = np.random.default_rng(1)
    zero = np.zeros((N_DRAWS, 2))
    white = Covariance(C).whiten(Covariance(C).draw(zero, rng), zero)
    # 40000 draws: a covariance is known to 0.5 %.
    assert np.cov(white.T) == pytest.approx(np.eye(2), abs=0.025)


@pytest.mark.parametrize("noise", [Gaussian([0.5, 2.0]), Covariance(C)], ids=repr)
def test_propagation_agrees_with_drawn_noise(noise):
    jacobian = np.array([[[1.0, 2.0], [0.5, -1.0]]])
    zero = np.zeros((N_DRAWS, 2))
    drawn = noise.draw(zero, np.random.default_rng(2)) @ jacobian[0].T
    assert noise.propagate(jacobian, np.zeros((1, 2)))[0] == pytest.approx(np.cov(drawn.T), abs=0.25)


def test_masked_elements_carry_no_information_and_are_never_redrawn():
    noise = Gaussian.from_inverse_variance([[4.0, 0.0], [np.nan, 1.0]])
    x = np.array([[1.0, 7.0], [8.0, 2.0]])
    drawn = noise.draw(x, np.random.default_rng(0))
    assert drawn[0, 1] == 7.0
    assert drawn[1, 0] == 8.0
    assert drawn[0, 0] != 1.0
    assert noise.inverse_variance(x) == pytest.approx(np.array([[4.0, 0.0], [0.0, 1.0]]))


def test_one_row_of_sigmas_holds_for_all_objects():
    assert Gaussian([[0.5, 2.0]])[np.array([0, 1, 2])].sigma(X).tolist() == [[0.5, 2.0]] * 3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Gaussian([1.0, 0.0]), "1 of 2 noise sigmas are not positive"),
        (lambda: Gaussian(np.nan), "not positive"),
        (lambda: Covariance([[1.0, 2.0], [0.0, 1.0]]), "not symmetric"),
        (lambda: Covariance([[1.0, 2.0], [2.0, 1.0]]), "not positive definite"),
        (lambda: Covariance([1.0, 2.0]), r"shape \(p, p\)"),
        (lambda: Poisson(gain=0.0), "gain is 0"),
        (lambda: Gaussian(np.ones((2, 5))).sigma(X), r"noise has shape \(2, 5\) but x has shape \(3, 2\)"),
        (lambda: Custom(lambda x, rng: x[:1], 1.0).draw(X, np.random.default_rng()), "keep the shape"),
    ],
)
def test_bad_noise_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


@pytest.mark.parametrize("noise", NOISES, ids=repr)
def test_colouring_is_the_inverse_of_whitening(noise):
    unit = np.random.default_rng(0).normal(size=X.shape)
    assert noise.whiten(noise.colour(unit, X), X) == pytest.approx(unit)


@pytest.mark.parametrize("noise", NOISES, ids=repr)
def test_whitened_gradients_give_the_propagated_covariance_and_the_change_of_a_linear_function(noise):
    jacobian = np.random.default_rng(1).normal(size=(3, 2, 2))
    gradient = noise.whiten_gradient(jacobian, X)
    assert gradient @ np.swapaxes(gradient, 1, 2) == pytest.approx(noise.propagate(jacobian, X))
    unit = np.random.default_rng(2).normal(size=X.shape)
    change = np.einsum("nkp,np->nk", jacobian, noise.colour(unit, X))
    assert np.einsum("nkp,np->nk", gradient, unit) == pytest.approx(change)
