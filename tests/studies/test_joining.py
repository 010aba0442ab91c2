"""Two parts of a problem are one dataset again, with their noise."""

import numpy as np
import pytest

import checkstar as cs
from checkstar.errors import InputError
from checkstar.noise import Covariance, Custom, Gaussian, Poisson
from checkstar.studies.joining import joined


def data(noise, n=6):
    rng = np.random.default_rng(0)
    return cs.Dataset(x=rng.uniform(1, 2, (n, 2)), y=rng.normal(size=n), noise=noise, meta={"id": np.arange(n)})


@pytest.mark.parametrize(
    "noise", [None, Gaussian(0.1), Gaussian(np.linspace(0.1, 1, 12).reshape(6, 2)), Covariance(np.eye(2)), Poisson(2.0)]
)
def test_what_was_split_is_what_it_was(noise):
    whole = data(noise)
    again = joined(whole[:4], whole[4:])
    np.testing.assert_array_equal(again.x, whole.x)
    np.testing.assert_array_equal(again.y, whole.y)
    assert again.meta["id"].tolist() == list(range(6))
    if noise is not None:
        np.testing.assert_array_equal(again.noise.sigma(again.x), whole.noise.sigma(whole.x))
        np.testing.assert_allclose(again.noise.whiten(again.x, again.x), whole.noise.whiten(whole.x, whole.x))


def test_errors_of_labels_groups_and_weights_go_along():
    whole = cs.Dataset(
        x=np.ones((4, 1)), y=np.arange(4.0), y_err=[0.1, 0.2, 0.3, 0.4], group=[0, 0, 1, 1], weight=[1.0, 2.0, 3.0, 4.0]
    )
    again = joined(whole[:2], whole[2:])
    assert again.y_err[:, 0].tolist() == [0.1, 0.2, 0.3, 0.4]
    assert again.group.tolist() == [0, 0, 1, 1]
    assert again.weight.tolist() == [1.0, 2.0, 3.0, 4.0]


def test_noise_that_cannot_be_joined_is_named():
    whole = data(Custom(lambda x, rng: x, 0.1))
    with pytest.raises(InputError, match="noise of kind Custom and Custom cannot be joined"):
        joined(whole[:4], whole[4:])
    with pytest.raises(InputError, match="only one of the two parts has group"):
        joined(whole[:4], cs.Dataset(x=np.ones((2, 2)), y=[1.0, 2.0], group=[1, 2]))
