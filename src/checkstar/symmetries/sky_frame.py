"""SkyFrame: the same positions on the sky in another frame: ICRS, Galactic, ecliptic, supergalactic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from checkstar.errors import unknown_name
from checkstar.noise import Noise
from checkstar.symmetries.base import Symmetry
from checkstar.symmetries.moved_noise import MovedNoise
from checkstar.symmetries.sphere import position, tangent, vector

__all__ = ["FRAMES", "SkyFrame"]

Array = NDArray[np.float64]
Turn = tuple[float, ...]

#: Frames of the sky that differ by a rotation, as astropy names them.
FRAMES = ("icrs", "galactic", "barycentricmeanecliptic", "supergalactic")


@dataclass(frozen=True, kw_only=True)
class SkyFrame(Symmetry):
    """Positions, and proper motions where they are given, in another frame. Its elements are rotations of the sphere.

    An element is a rotation matrix, row by row; `to` makes one of the name of a frame, by astropy. Labels stay.

    Parameters
    ----------
    longitude, latitude : int
        Columns of x, in degrees.
    motions : pair of int, optional
        Columns of the proper motions in longitude (times the cosine of the latitude) and latitude, in any unit.
    given : str
        The frame that the data use: one of `FRAMES`.

    Examples
    --------
    >>> sky = SkyFrame(longitude=0, latitude=1)
    >>> sky.act(sky.to("galactic"), np.array([[266.405, -28.936]])).round(1).tolist()  # the Galactic centre
    [[0.0, 0.0]]
    """

    passive: ClassVar[bool] = True

    longitude: int
    latitude: int
    motions: tuple[int, int] | None = None
    given: str = "icrs"

    def __post_init__(self) -> None:
        if self.given not in FRAMES:
            raise unknown_name("frame", self.given, FRAMES)

    @property
    def name(self) -> str:
        return "other frames of the sky"

    @property
    def identity(self) -> Turn:
        return tuple(np.eye(3).ravel().tolist())

    def to(self, frame: str) -> Turn:
        """The element that leads from the frame of the data to another."""
        if frame not in FRAMES:
            raise unknown_name("frame", frame, FRAMES)
        return tuple((_rotation(frame) @ _rotation(self.given).T).ravel().tolist())

    def draw(self, rng: np.random.Generator) -> Turn:
        return self.to(str(rng.choice([frame for frame in FRAMES if frame != self.given])))

    def compose(self, g: Turn, h: Turn) -> Turn:
        return tuple((_matrix(g) @ _matrix(h)).ravel().tolist())

    def inverse(self, g: Turn) -> Turn:
        return tuple(_matrix(g).T.ravel().tolist())

    def size(self, g: Turn) -> float:
        return float(np.rad2deg(2 * np.arcsin(min(np.linalg.norm(_matrix(g) - np.eye(3)) / np.sqrt(8), 1.0))))

    def describe(self, g: Turn) -> str:
        for frame in FRAMES:
            if np.allclose(g, self.to(frame), rtol=0, atol=1e-9):
                return f"positions in {frame} instead of {self.given} coordinates"
        return f"positions in a frame turned by {self.size(g):.3g} degrees"

    def simpler(self, g: Turn) -> Sequence[Turn]:
        return [_about_the_pole(angle) for angle in (1.0, 10.0) if angle < self.size(g)]

    def act(self, g: Turn, x: Array) -> Array:
        moved = np.array(x, dtype=float)
        lon, lat = x[:, self.longitude], x[:, self.latitude]
        turned = vector(lon, lat) @ _matrix(g).T
        moved[:, self.longitude], moved[:, self.latitude] = position(turned)
        if self.motions is not None:
            here = tangent(lon, lat)
            motion = sum(x[:, [column]] * way for column, way in zip(self.motions, here, strict=True)) @ _matrix(g).T
            there = tangent(moved[:, self.longitude], moved[:, self.latitude])
            for column, way in zip(self.motions, there, strict=True):
                moved[:, column] = (motion * way).sum(axis=1)
        return moved

    def move_sigma(self, g: Turn, sigma: Array, x: Array) -> Array:
        """Errors along the new axes; their correlation, which no list of sigmas holds, is dropped."""
        there = self.act(g, x)
        before = tangent(x[:, self.longitude], x[:, self.latitude])
        after = tangent(there[:, self.longitude], there[:, self.latitude])
        cosine = (before.east @ _matrix(g).T * after.east).sum(axis=1)
        sine = (before.east @ _matrix(g).T * after.north).sum(axis=1)
        moved = np.array(sigma, dtype=float)
        pair = (self.longitude, self.latitude)
        shrink = np.cos(np.deg2rad(x[:, self.latitude])), np.cos(np.deg2rad(there[:, self.latitude]))
        east, north = _turned(sigma[:, pair[0]] * shrink[0], sigma[:, pair[1]], cosine, sine)
        moved[:, pair[0]], moved[:, pair[1]] = east / np.fmax(shrink[1], 1e-9), north
        if self.motions is not None:
            east, north = (sigma[:, column] for column in self.motions)
            # Where the position is not known, neither are the axes of the motion.
            lost = ~np.isfinite(sigma[:, list(pair)]).all(axis=1)
            east = np.where(lost, np.inf, east)
            moved[:, self.motions[0]], moved[:, self.motions[1]] = _turned(east, north, cosine, sine)
        return moved

    def move_noise(self, g: Turn, noise: Noise, x: Array) -> Noise:
        return MovedNoise.of(noise, self, g)


def _matrix(g: Turn) -> Array:
    return np.reshape(g, (3, 3))


def _about_the_pole(degrees: float) -> Turn:
    cosine, sine = float(np.cos(np.deg2rad(degrees))), float(np.sin(np.deg2rad(degrees)))
    return (cosine, -sine, 0.0, sine, cosine, 0.0, 0.0, 0.0, 1.0)


def _turned(east: Array, north: Array, cosine: Array, sine: Array) -> tuple[Array, Array]:
    masked = ~np.isfinite(east + north)
    e, n = np.where(masked, 0.0, east), np.where(masked, 0.0, north)
    along, across = np.hypot(cosine * e, sine * n), np.hypot(sine * e, cosine * n)
    return np.where(masked, np.inf, along), np.where(masked, np.inf, across)


@cache
def _rotation(frame: str) -> Array:
    """The rotation (3, 3) from ICRS to a frame, as astropy has it."""
    from astropy.coordinates import CartesianRepresentation, SkyCoord

    axes = SkyCoord(CartesianRepresentation(*np.eye(3)), frame="icrs")
    found: Array = np.asarray(axes.transform_to(frame).cartesian.xyz, dtype=float)
    return found
