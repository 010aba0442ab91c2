"""Pixel fits: the coefficients and the scatter of many pixels at once, by restricted maximum likelihood.

Every pixel is a weighted linear regression of the flux of n stars on t terms. Arrays keep the pixel as the last axis,
so that each step of the small factorisations is one vector operation over a chunk of pixels.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["PixelFit", "cholesky_solve", "fit_pixels", "packed_outer"]

Array = NDArray[np.float64]

_MAX_SCATTER_STEPS = 60
#: The scatter is found to this share of the total variance: a hundredth of its own standard error for 1e4 stars.
_SCATTER_TOLERANCE = 1e-4
_MAX_SWEEPS = 500
#: Coordinate descent ends when no coefficient moves by more than this share of its (marginal) standard error.
_SWEEP_TOLERANCE = 1e-4
#: Pivots below this share of the diagonal mean that the stars do not determine a coefficient.
_SINGULAR = 1e-11
#: Elements (stars x pixels) of one chunk: its half dozen arrays stay in the cache of the processor.
_CHUNK_ELEMENTS = 200_000


class PixelFit(NamedTuple):
    """Coefficients (p, t) and scatter variance (p,); where a pixel cannot be fitted, zeros and infinity."""

    coefficients: Array
    variance: Array


class _Solution(NamedTuple):
    """Coefficients (t, p), inverse of the normal matrix (t, t, p) and whether it exists (p,)."""

    coefficients: Array
    inverse: Array
    regular: NDArray[np.bool_]


def fit_pixels(
    design: Array, flux: Array, sigma: Array, allowed: NDArray[np.bool_] | None = None, l1: float = 0.0
) -> PixelFit:
    """Fit every pixel: flux = design @ coefficients + noise of variance sigma^2 + scatter.

    The scatter maximises the restricted likelihood, which allows for the fitted coefficients: with equal sigmas it is
    the unbiased residual variance less sigma^2, and never negative.

    Parameters
    ----------
    design : (n, t) array
        Terms of each star; the first is the constant.
    flux : (n, p) array
        Finite, also where masked.
    sigma : (n, p) array
        Standard deviation of the noise: infinite where masked, zero where unknown (the scatter takes it all).
    allowed : (p, t) boolean array, optional
        Terms that may act on each pixel.
    l1 : float
        Penalty l1 * sum |coefficient|, without the constant, added to chi^2.

    Returns
    -------
    PixelFit
    """
    n_stars, n_pixels = flux.shape
    n_terms = design.shape[1]
    coefficients, variance = np.zeros((n_pixels, n_terms)), np.full(n_pixels, np.inf)
    outer = packed_outer(design)
    step = max(16, _CHUNK_ELEMENTS // max(n_stars, n_terms**2))
    for start in range(0, n_pixels, step):
        columns = slice(start, start + step)
        free = None if allowed is None else allowed[columns].T
        known = np.square(sigma[:, columns])
        found, scatter = _fit_chunk(design, outer, flux[:, columns].copy(), known, free, l1)
        coefficients[columns], variance[columns] = found.T, scatter
    return PixelFit(coefficients, variance)


def packed_outer(vectors: Array) -> Array:
    """Products (n, t (t + 1) / 2) of all pairs of the t columns of `vectors` (n, t)."""
    first, second = np.triu_indices(vectors.shape[1])
    return vectors[:, first] * vectors[:, second]


def _unpack(packed: Array, n_terms: int) -> Array:
    """Symmetric matrices (t, t, p) from their upper triangles (t (t + 1) / 2, p)."""
    index = np.empty((n_terms, n_terms), dtype=np.intp)
    first, second = np.triu_indices(n_terms)
    index[first, second] = index[second, first] = np.arange(len(first))
    return packed[index]


def _fit_chunk(
    design: Array, outer: Array, flux: Array, known: Array, free: NDArray[np.bool_] | None, l1: float
) -> tuple[Array, Array]:
    """Coefficients (t, p) and scatter (p,) of one chunk by safeguarded steps on the restricted likelihood."""
    scatter, floor, enough = _first_scatter(flux, known, design.shape[1], free)
    low, high = floor.copy(), np.full(len(scatter), np.inf)
    usable, last, last_ratio, coefficients = enough, scatter, np.ones(len(scatter)), None
    for _ in range(_MAX_SCATTER_STEPS):
        weight = 1.0 / (known + scatter)
        solution = _regress(design, outer, weight, flux, free, l1, coefficients)
        coefficients = solution.coefficients
        usable = enough & solution.regular
        ratio, scale = _likelihood_ratio(design, outer, flux, weight, solution)
        low, high = np.where(ratio > 1, scatter, low), np.where(ratio > 1, high, scatter)
        # One over the ratio is nearly a straight line: secants after a first step with the expected slope.
        ratio = np.maximum(ratio, 1e-100)
        rise, run = 1 / ratio - 1 / last_ratio, scatter - last
        secant = rise * run > 0
        step = (1 - 1 / ratio) * np.where(secant, run / np.where(secant, rise, 1.0), ratio * scale)
        last, last_ratio = scatter, ratio
        proposal = np.maximum(scatter + step, floor)
        moved = np.abs(proposal - scatter) > _SCATTER_TOLERANCE * scale
        # The floor itself is a legal answer, the other ends of the bracket are not.
        inside = ~moved | ((proposal < high) & ((proposal > low) | (low <= floor)))
        middle = np.where(np.isfinite(high), 0.5 * (low + high), 2 * scatter + scale)
        scatter = np.where(usable, np.where(inside, proposal, middle), 1.0)
        if not (moved & usable).any():
            break
    weight = 1.0 / (known + scatter)
    coefficients = _regress(design, outer, weight, flux, free, l1, coefficients).coefficients
    return np.where(usable, coefficients, 0.0), np.where(usable, scatter, np.inf)


def _first_scatter(
    flux: Array, known: Array, n_terms: int, free: NDArray[np.bool_] | None
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """A first scatter, the least allowed one (p,) each, and which pixels have more stars than coefficients."""
    good = np.isfinite(known)
    n_good = good.sum(axis=0)
    terms = n_terms if free is None else free.sum(axis=0)
    information = np.divide(1.0, known, out=np.zeros_like(known), where=known > 0).sum(axis=0)
    level = np.square(np.where(good, flux, 0.0)).sum(axis=0) / np.maximum(n_good, 1)
    level = np.maximum(level, 1e-20 * level.max(initial=0.0)) if level.any() else np.ones_like(level)
    # Where the noise is unknown a perfect fit would have infinite weight: the scatter stays above rounding.
    floor = np.where(known.min(axis=0) > 0, 0.0, 1e-24 * level)
    first = np.where(information > 0, n_good / np.where(information > 0, information, 1.0), level)
    return np.maximum(first, floor), floor, n_good > terms


def _regress(
    design: Array,
    outer: Array,
    weight: Array,
    flux: Array,
    free: NDArray[np.bool_] | None,
    l1: float,
    start: Array | None,
) -> _Solution:
    """Weighted least squares of each pixel, censored and with its L1 penalty, whose search begins at `start` (t, p)."""
    normal = _unpack(outer.T @ weight, design.shape[1])
    right = design.T @ (weight * flux)
    if free is not None:
        normal, right = _hold(normal, right, free)
    plain = _solve(normal, right, free)
    if l1 == 0:
        return plain
    coefficients = _lasso(normal, right, plain.coefficients if start is None else start, l1)
    # An L1 fit has as many degrees of freedom as coefficients that are not zero (Zou et al. 2007).
    active = coefficients != 0
    active[0] = True
    inverse = _solve(*_hold(normal, right, active), active).inverse
    return _Solution(coefficients, inverse, plain.regular)


def _hold(normal: Array, right: Array, free: NDArray[np.bool_]) -> tuple[Array, Array]:
    """The same equations with the coefficients outside `free` (t, p) held at zero."""
    held = normal * (free[:, None] & free[None, :])
    diagonal = np.arange(len(free))
    held[diagonal, diagonal] += ~free
    return held, right * free


def _likelihood_ratio(
    design: Array, outer: Array, flux: Array, weight: Array, solution: _Solution
) -> tuple[Array, Array]:
    """Ratio (p,) of found to expected weighted residuals, one at the maximum, and the total variance (p,).

    The derivative of the restricted likelihood vanishes where sum w^2 r^2 = tr P = sum w - tr(A^-1 V^T W^2 V), with
    w = 1 / (sigma^2 + scatter). For equal sigmas the ratio is (unbiased residual variance) / (sigma^2 + scatter), so
    that one step lands on the answer.
    """
    residual = flux - design @ solution.coefficients
    residual *= weight
    found = np.einsum("np,np->p", residual, residual)
    second = np.square(weight)
    sum_first, sum_second = weight.sum(axis=0), second.sum(axis=0)
    first, other = np.triu_indices(design.shape[1])
    share = solution.inverse[first, other] * np.where(first == other, 1.0, 2.0)[:, None]
    expected = sum_first - np.einsum("tp,tp->p", outer.T @ second, share)
    expected = np.maximum(expected, 1e-12 * sum_first + 1e-300)
    return found / expected, sum_first / np.maximum(sum_second, 1e-300)


def _lasso(normal: Array, right: Array, start: Array, l1: float) -> Array:
    """Coordinate descent on c^T A c - 2 b^T c + l1 sum |c_1...| of all pixels together (Friedman et al. 2007)."""
    coefficients = start.copy()
    scale = np.sqrt(np.maximum(np.einsum("iip->ip", normal), 1e-300))
    for _ in range(_MAX_SWEEPS):
        largest = 0.0
        for i in range(len(coefficients)):
            diagonal = scale[i] ** 2
            target = right[i] - np.einsum("jp,jp->p", normal[i], coefficients) + diagonal * coefficients[i]
            if i > 0:
                target = np.sign(target) * np.maximum(np.abs(target) - 0.5 * l1, 0.0)
            new = target / diagonal
            largest = max(largest, float(np.max(np.abs(new - coefficients[i]) * scale[i], initial=0.0)))
            coefficients[i] = new
        if largest < _SWEEP_TOLERANCE:
            break
    return coefficients


def _solve(normal: Array, right: Array, free: NDArray[np.bool_] | None) -> _Solution:
    """Solve the normal equations; coefficients outside `free` (t, p), if given, have been held by `_hold`."""
    root, regular = _inverse_root(normal)
    inverse = np.einsum("kip,kjp->ijp", root, root)
    coefficients = np.einsum("ijp,jp->ip", inverse, right)
    if free is not None:
        # A coefficient that is held is known: it has no variance.
        inverse *= free[:, None]
    return _Solution(coefficients, inverse, regular)


def cholesky_solve(matrix: Array, right: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Solutions (t, p) of p symmetric positive systems (t, t, p), and which of them are regular (p,)."""
    root, regular = _inverse_root(matrix)
    half = np.einsum("kjp,jp->kp", root, right)
    return np.einsum("kip,kp->ip", root, half), regular


def _inverse_root(matrix: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Inverse (t, t, p) of the Cholesky factors of p matrices, and which matrices are positive definite (p,)."""
    size = len(matrix)
    factor, inverse = matrix.copy(), np.zeros_like(matrix)
    regular = np.ones(matrix.shape[2], dtype=bool)
    for i in range(size):
        if i:
            factor[i:, i] -= np.einsum("jkp,kp->jp", factor[i:, :i], factor[i, :i])
        sound = factor[i, i] > _SINGULAR * matrix[i, i]
        regular &= sound
        # A term that the others determine is left out, so that all stays finite.
        reciprocal = np.divide(1.0, np.sqrt(np.abs(factor[i, i])), out=np.zeros(len(sound)), where=sound)
        factor[i:, i] *= reciprocal
        inverse[i, i] = reciprocal
        if i:
            inverse[i, :i] = np.einsum("kp,kjp->jp", factor[i, :i], inverse[:i, :i]) * -reciprocal
    return inverse, regular
