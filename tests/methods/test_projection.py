from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from checkstar.methods.projection import fit_projection, project

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(30, 12), (12, 30)])
def test_components_are_those_of_scikit_learn(shape):
    x = RNG.normal(size=shape) * RNG.uniform(1, 5, shape[1])
    ours = project(fit_projection("Test", x, 4), x)
    peer = PCA(4, svd_solver="full").fit_transform((x - x.mean(0)) / x.std(0))
    np.testing.assert_allclose(np.abs(ours), np.abs(peer), atol=1e-9)


def test_without_components_columns_are_standardised():
    x = RNG.normal(5, 3, size=(100, 3))
    standard = project(fit_projection("Test", x, None), x)
    np.testing.assert_allclose(standard.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(standard.std(axis=0), 1)


def test_a_constant_column_stays_finite_and_weightless():
    x = np.c_[RNG.normal(size=20), np.full(20, 0.1) * 3]
    assert np.abs(project(fit_projection("Test", x, None), x)[:, 1]).max() < 1e-12


def test_auto_takes_components_of_many_columns_only():
    assert "axes" not in fit_projection("Test", RNG.normal(size=(200, 100)), "auto")
    assert fit_projection("Test", RNG.normal(size=(200, 101)), "auto")["axes"].shape == (101, 30)


def test_there_are_never_more_components_than_objects():
    assert fit_projection("Test", RNG.normal(size=(10, 50)), 20)["axes"].shape == (50, 10)


def test_the_sign_of_a_component_does_not_depend_on_the_order_of_objects():
    x = RNG.normal(size=(40, 6))
    one, two = fit_projection("Test", x, 3), fit_projection("Test", x[::-1], 3)
    np.testing.assert_allclose(one["axes"], two["axes"], atol=1e-9)
