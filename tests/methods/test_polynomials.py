from math import comb

import numpy as np
import pytest

from checkstar.methods.polynomials import expand, polynomial_terms


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("n_labels", [1, 2, 4])
def test_there_are_as_many_terms_as_monomials(order, n_labels):
    terms = polynomial_terms(n_labels, order)
    assert len(terms) == len(set(terms)) == comb(n_labels + order, order)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_values_are_the_products_of_the_labels(order):
    labels = np.random.default_rng(0).standard_normal((5, 3))
    products = [labels[:, list(term)].prod(axis=1) for term in polynomial_terms(3, order)]
    np.testing.assert_allclose(expand(labels, order).values, np.stack(products, axis=1), rtol=1e-14)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_gradients_are_those_of_finite_differences(order):
    labels = np.random.default_rng(1).standard_normal((7, 3))
    gradients = expand(labels, order).gradients
    for k in range(3):
        step = 1e-6 * np.eye(3)[k]
        difference = (expand(labels + step, order).values - expand(labels - step, order).values) / 2e-6
        # Central differences of cubics: 1e-12 of truncation, 1e-10 of rounding.
        np.testing.assert_allclose(gradients[:, :, k], difference, atol=1e-8)
