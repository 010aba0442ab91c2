"""The least error that the data allow: Fisher information, the Cramer-Rao bound, its Bayesian form, any population."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from checkstar.noise import Noise

__all__ = ["fisher_information", "least_errors", "least_variances_in_population"]

Array = NDArray[np.float64]
#: Kernels that make a population smooth, in units of Scott's width: narrow, because a bound must not be too high.
_KERNEL = 0.3


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


def least_variances_in_population(
    information: Array, labels: Array, prior: Array, weights: Array, rng: np.random.Generator, *, most: int = 500
) -> tuple[NDArray[np.intp], Array]:
    """Objects (m,), and the least mean squared error (m, k) of their labels if the population is that of `labels`.

    The bound of van Trees takes the population for normal; two narrow peaks or a sharp edge say more than a normal of the
    same covariance. The best estimate is the posterior mean and its error the posterior variance, here of one simulated
    observation of each object under a normal likelihood of this `information`. The population is a mixture of narrow
    normal kernels at the labels of the other objects, moved so that its covariance is `prior`.

    Parameters
    ----------
    information : (n, k, k) array
    labels : (n, k) array
        With or without errors, of which `prior` is free.
    prior : (k, k) array
    weights : (n,) array
    most : int
        Objects for which it is computed, drawn at random; four times as many are the population.
    """
    some = rng.permutation(np.flatnonzero(weights > 0))[: 4 * most]
    scale = np.sqrt(np.maximum(np.diagonal(prior), 1e-300))
    unit = _powers(prior / np.outer(scale, scale), 1.0)
    atoms, log_weight = labels[some] / scale, np.log(weights[some])
    k = atoms.shape[1]
    kernel = (_KERNEL * len(some) ** (-1 / (k + 4))) ** 2
    centre = np.average(atoms, axis=0, weights=weights[some])
    spread = np.cov(atoms.T, aweights=weights[some]).reshape(k, k)
    atoms = centre + (atoms - centre) @ _powers(spread, -0.5) @ _powers((1 - kernel) * unit, 0.5)
    inverse, blur = _powers(kernel * unit, -1.0), _powers(kernel * unit, 0.5)
    told, pull = information[some[:most]] * np.outer(scale, scale), atoms @ inverse
    within, root = np.linalg.inv(told + inverse), [_powers(one, 0.5, least=0.0) for one in told]
    least = np.empty((len(told), k))
    for i, (one, posterior) in enumerate(zip(told, within, strict=True)):
        score = one @ (atoms[i] + blur @ rng.standard_normal(k)) + root[i] @ rng.standard_normal(k)
        toward = score + pull
        means = toward @ posterior
        log_chance = 0.5 * ((toward * means).sum(axis=1) - (atoms * pull).sum(axis=1)) + log_weight
        log_chance[i] = -np.inf
        chance = np.exp(log_chance - log_chance.max())
        chance /= chance.sum()
        least[i] = np.diagonal(posterior) + chance @ np.square(means - chance @ means)
    return some[:most], least * np.square(scale)


def _powers(matrix: Array, power: float, *, least: float = 1e-9) -> Array:
    """Power of a symmetric matrix whose eigenvalues are at least this share of the largest."""
    values, axes = np.linalg.eigh(matrix)
    values = np.maximum(values, max(least * float(values[-1]), 0.0 if power > 0 else 1e-300))
    found: Array = (axes * values**power) @ axes.T
    return found
