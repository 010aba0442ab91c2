"""The least error that the data allow: Fisher information, the Cramer-Rao bound, and its Bayesian form."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from checkstar.noise import Noise

__all__ = ["fisher_information", "least_errors"]

Array = NDArray[np.float64]


def fisher_information(jacobian: Array, mean: Array, noise: Noise) -> Array:
    """Information (n, k, k) of observations about their labels, J^T C^-1 J.

    Exact for normal noise whose covariance does not depend on the labels, and for Poisson noise.

    Parameters
    ----------
    jacobian : (n, p, k) array
        Derivatives of the noiseless observations by the labels.
    mean : (n, p) array
        Noiseless observations, at which the noise is taken.

    Examples
    --------
    >>> from checkstar.noise import Gaussian
    >>> fisher_information(np.ones((1, 4, 1)), np.zeros((1, 4)), Gaussian(0.5)).tolist()
    [[[16.0]]]
    """
    columns = [noise.whiten(jacobian[:, :, label], mean) for label in range(jacobian.shape[2])]
    white = np.stack(columns, axis=2)
    return np.swapaxes(white, 1, 2) @ white


def least_errors(information: Array, prior: Array | None = None) -> Array:
    """Least standard error (n, k) of each label, the others unknown; infinite where the data do not determine it.

    Parameters
    ----------
    information : (n, k, k) array
    prior : (k, k) array, optional
        Covariance of the labels in the population. Without it, the bound is that of unbiased estimates (Cramer 1946);
        with it, that of the mean squared error over a normal population, which no estimate can beat, however much it
        shrinks (van Trees 1968; Gill & Levit 1995, Bernoulli 1, 59).

    Examples
    --------
    >>> least_errors(np.array([[[4.0]]])).tolist(), least_errors(np.array([[[4.0]]]), np.array([[0.25]])).round(3).tolist()
    ([[0.5]], [[0.354]])
    """
    total = information if prior is None else information + _inverse(prior)
    size = np.sqrt(np.diagonal(np.nan_to_num(total), axis1=1, axis2=2))
    dark = np.logical_not(np.all(size > 0, axis=1) & np.isfinite(total).all(axis=(1, 2)))
    unit = total / np.where(dark[:, None, None], 1.0, size[:, :, None] * size[:, None, :])
    unit[dark] = np.eye(size.shape[1])
    # Two labels that do the same to the data: the correlation of their information has no inverse.
    flat = dark | (np.linalg.eigvalsh(unit)[:, 0] < 1e-12)
    unit[flat] = np.eye(size.shape[1])
    errors = np.sqrt(np.diagonal(np.linalg.inv(unit), axis1=1, axis2=2)) / np.where(flat[:, None], 1.0, size)
    return np.where(flat[:, None], np.inf, errors)


def _inverse(covariance: Array) -> Array:
    """Inverse of a covariance that sampling or errors taken out may have made singular: such labels count as known."""
    values, axes = np.linalg.eigh(covariance)
    return (axes / np.maximum(values, 1e-12 * max(float(values[-1]), 1e-300))) @ axes.T
