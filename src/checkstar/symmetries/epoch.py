"""Epoch: positions carried to another epoch by their proper motions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from checkstar.noise import Noise
from checkstar.symmetries.base import Additive, dyadic_step
from checkstar.symmetries.moved_noise import MovedNoise
from checkstar.symmetries.sphere import position, tangent, vector

__all__ = ["Epoch"]

Array = NDArray[np.float64]

_RADIANS_PER_MAS = np.pi / 648_000_000


@dataclass(frozen=True, kw_only=True)
class Epoch(Additive):
    """The same stars at another epoch. Its elements are years.

    Each star moves along the great circle of its proper motion, which turns with it; perspective acceleration is left
    out. Labels stay.

    Parameters
    ----------
    longitude, latitude : int
        Columns of x, in degrees.
    motions : pair of int
        Columns of the proper motions in longitude (times the cosine of the latitude) and latitude, in mas / yr.
    epoch : int, optional
        Column of the epoch, in years, which grows.
    largest : float
        Elements are drawn between minus and plus this.
    """

    passive: ClassVar[bool] = True

    longitude: int
    latitude: int
    motions: tuple[int, int]
    epoch: int | None = None
    largest: float = 20.0

    @property
    def name(self) -> str:
        return "other epochs"

    def draw(self, rng: np.random.Generator) -> float:
        return dyadic_step(self.largest, rng)

    def describe(self, g: float) -> str:
        return f"positions at an epoch {abs(g):g} yr {'later' if g >= 0 else 'earlier'}"

    def simpler(self, g: float) -> Sequence[float]:
        return [float(h) for h in (np.sign(g) * 1.0, g / 2) if abs(h) < abs(g)]

    def act(self, g: float, x: Array) -> Array:
        moved = np.array(x, dtype=float)
        lon, lat = x[:, self.longitude], x[:, self.latitude]
        here = vector(lon, lat)
        east, north = tangent(lon, lat)
        motion = x[:, [self.motions[0]]] * east + x[:, [self.motions[1]]] * north
        speed = np.linalg.norm(motion, axis=1, keepdims=True)
        way = motion / np.where(speed > 0, speed, 1.0)
        angle = speed * _RADIANS_PER_MAS * g
        lon, lat = position(np.cos(angle) * here + np.sin(angle) * way)
        motion = speed * (np.cos(angle) * way - np.sin(angle) * here)
        moved[:, self.longitude], moved[:, self.latitude] = lon, lat
        for column, axis in zip(self.motions, tangent(lon, lat), strict=True):
            moved[:, column] = (motion * axis).sum(axis=1)
        if self.epoch is not None:
            moved[:, self.epoch] += g
        return moved

    def move_sigma(self, g: float, sigma: Array, x: Array) -> Array:
        """Positions gain the error of the motion times the years; correlations are dropped."""
        moved = np.array(sigma, dtype=float)
        years = abs(g) / 3.6e6  # mas to degrees
        shrink = np.maximum(np.cos(np.deg2rad(x[:, self.latitude])), 1e-9)
        moved[:, self.longitude] = np.hypot(sigma[:, self.longitude], years * sigma[:, self.motions[0]] / shrink)
        moved[:, self.latitude] = np.hypot(sigma[:, self.latitude], years * sigma[:, self.motions[1]])
        # A star whose position or motion is not known is nowhere at another epoch.
        columns = [self.longitude, self.latitude, *self.motions]
        lost = ~np.isfinite(sigma[:, columns]).all(axis=1)
        for column in columns:
            moved[lost, column] = np.inf
        return moved

    def move_noise(self, g: float, noise: Noise, x: Array) -> Noise:
        return MovedNoise.of(noise, self, g)
