"""Polynomials of the labels: the label vector of The Cannon and its gradient, for any number of labels."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations_with_replacement
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Expansion", "bends", "expand", "polynomial_terms"]


class Expansion(NamedTuple):
    """All monomials of the labels (n, t) and their gradients (n, t, k)."""

    values: NDArray[np.float64]
    gradients: NDArray[np.float64]


@lru_cache(maxsize=32)
def polynomial_terms(n_labels: int, order: int) -> tuple[tuple[int, ...], ...]:
    """The labels multiplied in each of the t terms, by rising degree; the first term is the constant.

    Examples
    --------
    >>> polynomial_terms(2, 2)
    ((), (0,), (1,), (0, 0), (0, 1), (1, 1))
    """
    return tuple(term for degree in range(order + 1) for term in combinations_with_replacement(range(n_labels), degree))


def expand(labels: NDArray[np.float64], order: int) -> Expansion:
    """Monomials up to degree `order` of `labels` (n, k) and their gradients, by the product rule.

    Examples
    --------
    >>> expand(np.array([[2.0, 3.0]]), 2).values.tolist()
    [[1.0, 2.0, 3.0, 4.0, 6.0, 9.0]]
    """
    n_objects, n_labels = labels.shape
    terms = polynomial_terms(n_labels, order)
    position = {term: i for i, term in enumerate(terms)}
    values = np.ones((n_objects, len(terms)))
    gradients = np.zeros((n_objects, len(terms), n_labels))
    for i, term in enumerate(terms[1:], start=1):
        parent, last = position[term[:-1]], term[-1]
        values[:, i] = values[:, parent] * labels[:, last]
        gradients[:, i] = gradients[:, parent] * labels[:, last, None]
        gradients[:, i, last] += values[:, parent]
    return Expansion(values, gradients)


def bends(labels: NDArray[np.float64], order: int) -> NDArray[np.float64]:
    """Second derivatives (n, t, k, k) of the monomials of `labels` (n, k).

    Examples
    --------
    >>> bends(np.array([[2.0, 3.0]]), 2)[0, 4].tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    n_objects, n_labels = labels.shape
    terms = polynomial_terms(n_labels, order)
    position = {term: i for i, term in enumerate(terms)}
    gradients = expand(labels, order).gradients
    second = np.zeros((n_objects, len(terms), n_labels, n_labels))
    for i, term in enumerate(terms[1:], start=1):
        parent, last = position[term[:-1]], term[-1]
        second[:, i] = second[:, parent] * labels[:, last, None, None]
        second[:, i, last] += gradients[:, parent]
        second[:, i, :, last] += gradients[:, parent]
    return second
