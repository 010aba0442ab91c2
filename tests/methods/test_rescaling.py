from __future__ import annotations

import numpy as np
import pytest

from checkstar.errors import ContractError
from checkstar.methods.rescaling import rescaled
from checkstar.prediction import Grid, Mixture, Normal, Point, Samples

RNG = np.random.default_rng(0)
N = 4
KINDS = {
    "normal": Normal(RNG.normal(size=(N, 2)), np.ones((N, 2)), np.broadcast_to([[1.0, 0.5], [0.5, 1.0]], (N, 2, 2))),
    "mixture": Mixture(np.full((N, 3), 1 / 3), RNG.normal(size=(N, 3, 2)), RNG.uniform(1, 2, (N, 3, 2))),
    "grid": Grid(np.sort(RNG.normal(size=(N, 2, 6))), np.full((N, 2, 5), 0.2)),
    "samples": Samples(RNG.normal(size=(N, 30, 2))),
}


@pytest.mark.parametrize("kind", KINDS)
def test_mean_spread_and_quantiles_move_together(kind):
    given = KINDS[kind]
    factor, shift = RNG.uniform(0.5, 3, (N, 2)), RNG.normal(size=(N, 2))
    moved = rescaled(given, factor, shift)
    assert moved.kind == kind
    np.testing.assert_allclose(moved.mean(), given.mean() + shift)
    np.testing.assert_allclose(moved.std(), factor * given.std())
    for level in (0.1, 0.5, 0.9):
        expected = given.mean() + shift + factor * (given.quantile(level) - given.mean())
        np.testing.assert_allclose(moved.quantile(level), expected, atol=1e-9)


def test_correlations_stay():
    covariance = rescaled(KINDS["normal"], np.full((N, 2), [2.0, 3.0]), np.zeros((N, 2))).covariance
    np.testing.assert_allclose(covariance[0], [[4.0, 3.0], [3.0, 9.0]])


def test_points_have_no_spread_to_rescale():
    with pytest.raises(ContractError, match=r"^predictions of kind 'point' have no spread to rescale; give error bars"):
        rescaled(Point([1.0]), np.ones((1, 1)), np.zeros((1, 1)))
