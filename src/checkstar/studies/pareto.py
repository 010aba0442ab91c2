"""Pareto front: what no other beats in both cost and score."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["pareto_front"]


def pareto_front(
    cost: ArrayLike, score: ArrayLike, direction: Literal["lower", "higher"] = "higher"
) -> NDArray[np.bool_]:
    """Which (n,) are not beaten: no other costs as little or less and scores as well or better, and differs in one.

    Parameters
    ----------
    cost, score : (n,) array
        NaN is never on the front, and beats nothing.
    direction : {"lower", "higher"}
        Which score is better.

    Examples
    --------
    >>> pareto_front([1.0, 10.0, 20.0], [0.8, 0.9, 0.85]).tolist()
    [True, True, False]
    """
    costs = np.asarray(cost, dtype=float)
    scores = np.asarray(score, dtype=float) * (1 if direction == "higher" else -1)
    as_good = (costs[None, :] <= costs[:, None]) & (scores[None, :] >= scores[:, None])
    better = (costs[None, :] < costs[:, None]) | (scores[None, :] > scores[:, None])
    front: NDArray[np.bool_] = np.isfinite(costs) & np.isfinite(scores) & ~(as_good & better).any(axis=1)
    return front
