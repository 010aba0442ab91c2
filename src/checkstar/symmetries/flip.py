"""Flip: an image and its mirror image; nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from checkstar.symmetries.label_maps import LabelMap, turned
from checkstar.symmetries.rearrangements import Rearrangement, image_columns

__all__ = ["Flip"]


@dataclass(frozen=True, kw_only=True)
class Flip(Rearrangement):
    """Left and right exchanged. Its elements are 0 and 1. With `Rotation90`, all eight symmetries of the square.

    Parameters
    ----------
    image_shape : tuple of int
        (rows, columns) or (bands, rows, columns): how a row of x is laid out.
    angles, vectors
        Labels with a direction, as in `Rotation90`.
    odd : sequence of str
        Labels that change sign in a mirror: a sense of rotation, B-mode shear.

    Examples
    --------
    >>> Flip(image_shape=(2, 2)).act(1, np.array([[1.0, 2.0, 3.0, 4.0]])).tolist()
    [[2.0, 1.0, 4.0, 3.0]]
    """

    image_shape: tuple[int, ...]
    angles: Mapping[str, float] = field(default_factory=dict)
    vectors: Sequence[tuple[str, str, int]] = ()
    odd: Sequence[str] = ()

    def __post_init__(self) -> None:
        image_columns(self.image_shape)

    @property
    def name(self) -> str:
        return "mirror images"

    @property
    def identity(self) -> int:
        return 0

    def draw(self, rng: np.random.Generator) -> int:
        return 1

    def compose(self, g: int, h: int) -> int:
        return (g + h) % 2

    def inverse(self, g: int) -> int:
        return g

    def size(self, g: int) -> float:
        return float(g)

    def describe(self, g: int) -> str:
        return "mirrored left to right" if g else "not mirrored"

    def elements(self) -> tuple[int, ...]:
        return (0, 1)

    def columns(self, g: int) -> NDArray[np.intp]:
        grid = image_columns(self.image_shape)
        return (grid[..., ::-1] if g else grid).ravel()

    def label_map(self, g: int, names: Sequence[str]) -> LabelMap:
        return turned(names, 0.0, mirrored=bool(g), angles=self.angles, vectors=self.vectors, odd=self.odd)
