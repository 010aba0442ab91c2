"""The largest change of a function within a ball: of unit noise, where the observations are whitened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Slopes", "largest_changes", "orthonormal_directions", "slopes_from_projections"]

Array = NDArray[np.float64]

_PENALTIES = (1e-6, 1e-2, 0.1, 1.0, 10.0, 1e3)


class Slopes(NamedTuple):
    """Gradients (n, p) of n objects, and the share of their length that was measured, up to 1."""

    gradient: Array
    reach: float


def largest_changes(
    change: Callable[[Array], Array],
    gradient: Callable[[Array], Array] | None,
    start: Array,
    radii: Sequence[float],
    n_steps: int,
) -> Array:
    """Largest |change| (n, r) found within each radius, by projected gradient ascent in both directions.

    Each step is as long as the radius, so that the first one finds the worst case of a linear function; the path goes on
    from one radius to the next. What is found is a lower bound, and never smaller for a larger radius.

    Parameters
    ----------
    change : callable
        ``change(u) -> (n,)`` for perturbations `u` (n, p); called 2 r n_steps times.
    gradient : callable or None
        ``gradient(u) -> (n, p)``, called 2 (r n_steps - 1) times; None holds on to `start`.
    start : (n, p) array
        The gradient at zero.
    radii : sequence of float
        Rising.

    References
    ----------
    Madry et al. 2018, ICLR (projected gradient); Croce & Hein 2020, ICML.

    Examples
    --------
    >>> slope = np.array([[3.0, 4.0]])
    >>> largest_changes(lambda u: (u * slope).sum(axis=1), None, slope, [0.5, 1.0], 1).tolist()
    [[2.5, 5.0]]
    """
    found = np.zeros((len(start), len(radii)))
    for sign in (1.0, -1.0):
        at, slope, moved = np.zeros_like(start), start, False
        for i, radius in enumerate(radii):
            for _ in range(n_steps):
                if moved and gradient is not None:
                    slope = gradient(at)
                at, moved = _within(at + sign * radius * _unit(slope), radius), True
                found[:, i] = np.maximum(found[:, i], np.abs(change(at)))
    return np.maximum.accumulate(found, axis=1)


def orthonormal_directions(n: int, m: int, p: int, rng: np.random.Generator) -> Array:
    """For each of `n` objects `m` random orthonormal directions (n, m, p) out of p; all axes where m = p."""
    if m == p:
        return np.broadcast_to(np.eye(p), (n, p, p))
    return np.swapaxes(np.linalg.qr(rng.standard_normal((n, p, m)))[0], 1, 2)


def slopes_from_projections(directions: Array, derivatives: Array) -> Slopes:
    """Gradients from their `derivatives` (n, m) along orthonormal `directions` (n, m, p) of each object.

    A gradient common to all objects is found by ridge regression; each object's own derivatives then mend it in the m
    directions in which they were measured. Exact for m = p, and for a linear function as soon as n m >= p. Otherwise a
    share of the gradient stays unseen: `reach` is the length that was found, from how well the gradient of one half of
    the objects foretells the derivatives of the other.
    """
    _, m, p = directions.shape
    if m == p:
        return Slopes(np.einsum("nmp,nm->np", directions, derivatives), 1.0)
    penalty, foretold = _best_penalty(directions, derivatives)
    common = _common(directions, derivatives, penalty)
    own = derivatives - directions @ common
    return Slopes(common + np.einsum("nmp,nm->np", directions, own), float(np.sqrt(foretold + (1 - foretold) * m / p)))


def _common(directions: Array, derivatives: Array, penalty: float) -> Array:
    """Ridge regression: the penalty is the squared length of what objects have of their own, over that in common."""
    rows, values = directions.reshape(-1, directions.shape[2]), derivatives.ravel()
    n, p = rows.shape
    if n >= p:
        return np.asarray(np.linalg.solve(rows.T @ rows + penalty * np.eye(p), rows.T @ values))
    return rows.T @ np.linalg.solve(rows @ rows.T + penalty * np.eye(n), values)


def _best_penalty(directions: Array, derivatives: Array) -> tuple[float, float]:
    """The penalty with which half of the objects best foretell the other half, and the share that they foretell."""
    total = float(np.square(derivatives).sum())
    if len(directions) < 2 or total <= 0:
        return _PENALTIES[-1], 0.0
    even = np.arange(len(directions)) % 2 == 0

    def left(penalty: float) -> float:
        misses = (
            derivatives[half] - directions[half] @ _common(directions[~half], derivatives[~half], penalty)
            for half in (even, ~even)
        )
        return sum(float(np.square(miss).sum()) for miss in misses)

    least, best = min((left(penalty), penalty) for penalty in _PENALTIES)
    return best, max(0.0, 1 - least / total)


def _unit(vectors: Array) -> Array:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)


def _within(vectors: Array, radius: float) -> Array:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors * np.minimum(1.0, radius / np.maximum(length, 1e-300))
