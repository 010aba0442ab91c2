"""Sphere: positions and proper motions of a catalogue as vectors, and back."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Tangent", "position", "tangent", "vector"]

Array = NDArray[np.float64]


class Tangent(NamedTuple):
    """Unit vectors (n, 3) towards east and north."""

    east: Array
    north: Array


def vector(longitude: Array, latitude: Array) -> Array:
    """Unit vectors (n, 3) of positions in degrees."""
    lon, lat = np.deg2rad(longitude), np.deg2rad(latitude)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)


def position(vectors: Array) -> tuple[Array, Array]:
    """Longitude in [0, 360) and latitude in degrees of vectors (n, 3)."""
    x, y, z = vectors.T
    # arctan2 keeps its digits near the poles, where arcsin loses half of them.
    return np.rad2deg(np.arctan2(y, x)) % 360, np.rad2deg(np.arctan2(z, np.hypot(x, y)))


def tangent(longitude: Array, latitude: Array) -> Tangent:
    """Directions of growing longitude and latitude at positions in degrees."""
    lon, lat = np.deg2rad(longitude), np.deg2rad(latitude)
    east = np.stack([-np.sin(lon), np.cos(lon), np.zeros_like(lon)], axis=1)
    north = np.stack([-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)], axis=1)
    return Tangent(east, north)
