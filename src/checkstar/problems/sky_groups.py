"""Groups of stars that are close on the sky: one star under two names, or two whose light is mixed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["sky_groups"]


def sky_groups(ra: ArrayLike, dec: ArrayLike, radius_arcsec: float) -> NDArray[np.intp]:
    """Number (n,) of the group of each position in degrees: neighbours within the radius are in one, and theirs too.

    Examples
    --------
    >>> sky_groups([359.999, 0.001, 90.0], [0.0, 0.0, 0.0], 10.0).tolist()
    [0, 0, 1]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    alpha, delta = np.radians(np.asarray(ra, dtype=float)), np.radians(np.asarray(dec, dtype=float))
    place = np.column_stack([np.cos(delta) * np.cos(alpha), np.cos(delta) * np.sin(alpha), np.sin(delta)])
    chord = 2 * np.sin(np.radians(radius_arcsec / 3600) / 2)
    first, second = cKDTree(place).query_pairs(chord, output_type="ndarray").T
    links = coo_array((np.ones(len(first)), (first, second)), shape=(len(place), len(place)))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.intp)
