"""Label fits: the labels of many spectra at once, from many starts, for a model that is polynomial in the labels.

For one star the misfit is chi^2(v) = c - 2 v.g + v^T G v, where v is its label vector without the constant,
G = theta^T W theta, g = theta^T W (flux - theta_0) and c = (flux - theta_0)^T W (flux - theta_0). One matrix product
gives G of all stars; every further step costs t x t operations a star, whatever the number of pixels.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.methods.pixel_fits import cholesky_solve, packed_outer
from checkstar.methods.polynomials import expand

__all__ = ["LabelFit", "Misfit", "build_misfit", "fit_labels", "group_starts"]

Array = NDArray[np.float64]

#: Longest step in scaled labels: polynomials of degree two and three run away outside the training set.
_LONGEST_STEP = 1.0
#: What a solution further outside than the training set is wide must gain in chi^2 to be chosen.
_FAR_PENALTY = 25.0
_LEAST_DAMPING, _FIRST_DAMPING = 1e-9, 1e-3
_CHUNK_ELEMENTS = 400_000


class Misfit(NamedTuple):
    """chi^2 of n stars: curvature G (n, t, t), slope g (n, t), chi^2 at the pivot c (n,), pixels used (n,)."""

    curvature: Array
    slope: Array
    level: Array
    n_pixels: NDArray[np.intp]

    def chi2(self, values: Array) -> Array:
        """chi^2 (n, s) at s label vectors (n, s, t) a star."""
        bent = values @ self.curvature
        bent -= 2 * self.slope[:, None, :]
        return self.level[:, None] + np.einsum("nst,nst->ns", bent, values)

    def rows(self, index: NDArray[np.intp]) -> Misfit:
        """The misfit of some of the stars."""
        return Misfit(self.curvature[index], self.slope[index], self.level[index], self.n_pixels[index])


class LabelFit(NamedTuple):
    """Scaled labels (n, k), their information (n, k, k), chi^2 (n,) and whether the search ended (n,)."""

    labels: Array
    information: Array
    chi2: Array
    converged: NDArray[np.bool_]


class _State(NamedTuple):
    """Where the searches of n stars from s starts stand."""

    labels: Array
    chi2: Array
    damping: Array
    done: NDArray[np.bool_]

    def rows(self, index: NDArray[np.intp]) -> _State:
        return _State(self.labels[index], self.chi2[index], self.damping[index], self.done[index])

    def write(self, whole: _State, index: NDArray[np.intp]) -> None:
        """Write these stars into the rows `index` of all of them."""
        whole.labels[index], whole.chi2[index] = self.labels, self.chi2
        whole.damping[index], whole.done[index] = self.damping, self.done


def build_misfit(flux: Array, sigma: Array, scatter_variance: Array, coefficients: Array) -> Misfit:
    """The misfit of stars `flux` (n, p) with noise `sigma` (n, p), infinite where masked.

    The constant of the `coefficients` (p, t) is subtracted from the flux first, so that little cancels in what follows.
    The `scatter_variance` (p,) adds to that of the noise; infinite means that the pixel is not used.
    """
    n_stars, n_pixels = flux.shape
    bending = np.ascontiguousarray(coefficients[:, 1:])
    n_terms = bending.shape[1]
    outer = packed_outer(bending)
    misfit = Misfit(
        np.empty((n_stars, n_terms, n_terms)), np.empty((n_stars, n_terms)), np.empty(n_stars), np.empty(n_stars, int)
    )
    first, second = np.triu_indices(n_terms)
    step = max(1, _CHUNK_ELEMENTS // n_pixels)
    for start in range(0, n_stars, step):
        rows = slice(start, start + step)
        weight = 1.0 / (np.square(sigma[rows]) + scatter_variance)
        misfit.n_pixels[rows] = np.count_nonzero(weight, axis=1)
        packed = weight @ outer
        misfit.curvature[rows, first, second] = packed
        misfit.curvature[rows, second, first] = packed
        offset = flux[rows] - coefficients[:, 0]
        weight *= offset
        misfit.slope[rows] = weight @ bending
        misfit.level[rows] = np.einsum("np,np->n", weight, offset)
    return misfit


def group_starts(labels: Array, n_groups: int, most: int = 1000) -> tuple[Array, NDArray[np.intp]]:
    """At most `most` scaled training labels (m, k) and the group (m,) of each, by k-means from spread-out centres."""
    chosen = np.unique(labels, axis=0)
    chosen = chosen[np.linspace(0, len(chosen) - 1, min(len(chosen), most)).astype(int)]
    distance = np.square(chosen).sum(axis=1)
    centres = [chosen[distance.argmin()]]
    for _ in range(min(n_groups, len(chosen)) - 1):
        distance = np.min([np.square(chosen - centre).sum(axis=1) for centre in centres], axis=0)
        centres.append(chosen[distance.argmax()])
    middle = np.array(centres)
    for _ in range(20):
        group = np.square(chosen[:, None, :] - middle).sum(axis=2).argmin(axis=1)
        members = np.eye(len(middle))[group]
        count = members.sum(axis=0)[:, None]
        middle = np.where(count > 0, members.T @ chosen / np.maximum(count, 1), middle)
    return chosen, np.unique(group, return_inverse=True)[1]


def fit_labels(
    misfit: Misfit,
    candidates: Array,
    groups: NDArray[np.intp],
    order: int,
    *,
    max_iterations: int,
    tolerance: float,
) -> LabelFit:
    """Scaled labels of least misfit, each star started at the best candidate (m, k) of each group (m,).

    A polynomial model has mirror minima, with a misfit that looks fine; only starts on both sides find the lower one.

    Parameters
    ----------
    misfit : Misfit
        Of n stars.
    candidates, groups : (m, k) array, (m,) array of int
        Where searches may start, and the group of each.
    order : int
        Degree of the polynomial.
    max_iterations : int
        Most steps of one search.
    tolerance : float
        A search ends when its next step is smaller than this share of the labels' standard errors.

    Returns
    -------
    LabelFit
    """
    state = _start(misfit, candidates, groups, order)
    state = _descend(misfit, state, order, max_iterations, tolerance)
    best = _choose(state, candidates)
    rows = np.arange(len(best))
    labels = state.labels[rows, best]
    gradients = expand(labels, order).gradients[:, 1:]
    information = np.swapaxes(gradients, 1, 2) @ misfit.curvature @ gradients
    return LabelFit(labels, information, state.chi2[rows, best], state.done[rows, best])


def _choose(state: _State, candidates: Array) -> NDArray[np.intp]:
    """The search (n,) of lowest chi^2; one that ended far outside the training set must be better by five sigma."""
    low, high = candidates.min(axis=0), candidates.max(axis=0)
    far = ((state.labels < 2 * low - high) | (state.labels > 2 * high - low)).any(axis=2)
    return (state.chi2 + _FAR_PENALTY * far).argmin(axis=1)


def _start(misfit: Misfit, candidates: Array, groups: NDArray[np.intp], order: int) -> _State:
    """The best candidate of each group for each star: all against all is one matrix product."""
    values = expand(candidates, order).values[:, 1:]
    first, second = np.triu_indices(values.shape[1])
    products = packed_outer(values) * np.where(first == second, 1.0, 2.0)
    chi2 = misfit.curvature[:, first, second] @ products.T - 2 * misfit.slope @ values.T + misfit.level[:, None]
    labels, lowest = [], []
    for group in range(groups.max() + 1):
        members = np.flatnonzero(groups == group)
        best = members[chi2[:, members].argmin(axis=1)]
        labels.append(candidates[best])
        lowest.append(np.take_along_axis(chi2, best[:, None], 1)[:, 0])
    at = np.stack(lowest, axis=1)
    return _State(np.stack(labels, axis=1), at, np.full(at.shape, _FIRST_DAMPING), np.zeros(at.shape, dtype=bool))


def _descend(misfit: Misfit, state: _State, order: int, max_iterations: int, tolerance: float) -> _State:
    """Levenberg-Marquardt on all searches together; stars whose searches have ended drop out."""
    active = np.arange(len(state.labels))
    final = state.rows(active)
    for _ in range(max_iterations):
        state = _step(misfit, state, order, tolerance)
        open_rows = np.asarray(~state.done.all(axis=1))
        if open_rows.sum() > 0.7 * open_rows.size:
            continue
        state.write(final, active)
        keep = np.flatnonzero(open_rows)
        active, state = active[keep], state.rows(keep)
        misfit = misfit.rows(keep)
        if not len(keep):
            return final
    state.write(final, active)
    return final


def _step(misfit: Misfit, state: _State, order: int, tolerance: float) -> _State:
    """One damped Gauss-Newton step of every search; refused, with more damping, where the misfit would rise."""
    step, decrement = _proposed_step(misfit, state, order)
    longest = np.abs(step).max(axis=2, keepdims=True)
    step *= np.minimum(1.0, _LONGEST_STEP / np.maximum(longest, 1e-300))
    trial = state.labels + step
    n_stars, n_starts, n_labels = trial.shape
    values = expand(trial.reshape(-1, n_labels), order).values[:, 1:]
    chi2 = misfit.chi2(values.reshape(n_stars, n_starts, values.shape[1]))
    # Steps of a thousandth of the error are taken unseen: rounding hides whether they help.
    better = ((chi2 < state.chi2) | (decrement < 1e-6)) & ~state.done
    small = (decrement < tolerance**2) & (state.damping < 1)
    damping = np.where(better, np.maximum(0.1 * state.damping, _LEAST_DAMPING), 10 * state.damping)
    return _State(
        np.where(better[..., None], trial, state.labels),
        np.where(better, chi2, state.chi2),
        np.minimum(damping, 1e12),
        state.done | small,
    )


def _proposed_step(misfit: Misfit, state: _State, order: int) -> tuple[Array, Array]:
    """Damped Gauss-Newton steps (n, s, k) and the decrease of chi^2 (n, s) they would bring to a linear model."""
    n_stars, n_starts, n_labels = state.labels.shape
    expansion = expand(state.labels.reshape(-1, n_labels), order)
    n_terms = expansion.values.shape[1] - 1
    values = expansion.values[:, 1:].reshape(n_stars, n_starts, n_terms)
    gradients = expansion.gradients[:, 1:].reshape(n_stars, n_starts, n_terms, n_labels)
    pull = misfit.slope[:, None, :] - values @ misfit.curvature
    downhill = np.einsum("nstk,nst->nsk", gradients, pull)
    flat = np.swapaxes(gradients, 2, 3).reshape(n_stars, n_starts * n_labels, n_terms)
    bent = (flat @ misfit.curvature).reshape(n_stars, n_starts, n_labels, n_terms)
    hessian = np.moveaxis((bent @ gradients).reshape(-1, n_labels, n_labels), 0, -1).copy()
    diagonal = np.arange(n_labels)
    trace = np.einsum("iip->p", hessian)
    # At a fold of the model a label may have no slope; a hair of the trace keeps its step finite.
    hessian[diagonal, diagonal] += state.damping.ravel() * hessian[diagonal, diagonal] + 1e-10 * trace + 1e-300
    right = downhill.reshape(-1, n_labels).T
    step, _ = cholesky_solve(hessian, right)
    decrement = np.einsum("kp,kp->p", step, right)
    return step.T.reshape(n_stars, n_starts, n_labels), decrement.reshape(n_stars, n_starts)
