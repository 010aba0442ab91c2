"""Subsamples: some of many objects, where all would take too long."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["some_rows"]


def some_rows(n: int, most: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """At most `most` of `n` rows, drawn without replacement, in order; all of them, and no draw, where they are so few.

    Examples
    --------
    >>> some_rows(3, 5, np.random.default_rng(0)).tolist()
    [0, 1, 2]
    >>> len(some_rows(100, 5, np.random.default_rng(0)))
    5
    """
    return np.arange(n) if n <= most else np.sort(rng.choice(n, most, replace=False))
