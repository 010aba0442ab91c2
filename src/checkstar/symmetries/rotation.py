"""Rotation: an image turned by any angle about its centre, by interpolation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from checkstar.symmetries.label_maps import LabelMap, turned
from checkstar.symmetries.rearrangements import image_columns
from checkstar.symmetries.resamplings import Resampling

__all__ = ["Rotation"]

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Rotation(Resampling):
    """Turns about the centre of the image. Its elements are degrees, counter-clockwise as displayed.

    Parameters
    ----------
    image_shape : tuple of int
        (rows, columns) or (bands, rows, columns): how a row of x is laid out.
    angles, vectors, origin
        Labels with a direction, and where the first row is displayed, as in `Rotation90`.
    """

    image_shape: tuple[int, ...]
    angles: Mapping[str, float] = field(default_factory=dict)
    vectors: Sequence[tuple[str, str, int]] = ()
    origin: Literal["upper", "lower"] = "upper"

    def __post_init__(self) -> None:
        image_columns(self.image_shape)

    @property
    def name(self) -> str:
        return "rotations"

    @property
    def identity(self) -> float:
        return 0.0

    def draw(self, rng: np.random.Generator) -> float:
        return float(np.round(rng.uniform(-180, 180), 3))

    def compose(self, g: float, h: float) -> float:
        return (g + h) % 360

    def inverse(self, g: float) -> float:
        return -g % 360

    def size(self, g: float) -> float:
        return float(min(g % 360, -g % 360))

    def describe(self, g: float) -> str:
        return f"rotated by {(g + 180) % 360 - 180:g} degrees"

    def simpler(self, g: float) -> Sequence[float]:
        side = 1.0 if g % 360 <= 180 else -1.0
        return [side * step for step in (1.0, 5.0, 15.0, 45.0, 90.0, 180.0) if step < self.size(g)]

    def source(self, g: float, rows: Array, columns: Array) -> tuple[Array, Array]:
        centre = (rows.max() / 2, columns.max() / 2)
        turn = np.deg2rad(g if self.origin == "upper" else -g)
        cosine, sine = np.cos(turn), np.sin(turn)
        y, x = rows - centre[0], columns - centre[1]
        # Rows count downwards: the pixel is read where it was before the turn.
        return cosine * y + sine * x + centre[0], cosine * x - sine * y + centre[1]

    def label_map(self, g: float, names: Sequence[str]) -> LabelMap:
        return turned(names, g, angles=self.angles, vectors=self.vectors)
