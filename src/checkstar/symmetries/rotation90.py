"""Rotation90: quarter turns of an image; nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from checkstar.errors import InputError
from checkstar.symmetries.label_maps import LabelMap, turned
from checkstar.symmetries.rearrangements import Rearrangement, image_columns

__all__ = ["Rotation90"]


@dataclass(frozen=True, kw_only=True)
class Rotation90(Rearrangement):
    """Quarter turns of square images. Its elements are the turns 0, 1, 2, 3, counter-clockwise as displayed.

    Parameters
    ----------
    image_shape : tuple of int
        (rows, columns) or (bands, rows, columns): how a row of x is laid out.
    angles : mapping of label to period
        Labels that are angles in the image, in degrees counter-clockwise from the right, and their period (180 for the
        position angle of an ellipse).
    vectors : sequence of (label, label, spin)
        Pairs of labels that turn: spin 1 for an arrow, spin 2 for an ellipticity.
    origin : {"upper", "lower"}
        Where the first row is displayed; in FITS images "lower".

    Raises
    ------
    InputError
        If the images are not square.

    Examples
    --------
    >>> turns = Rotation90(image_shape=(2, 2))
    >>> turns.act(1, np.array([[1.0, 2.0, 3.0, 4.0]])).tolist()
    [[2.0, 4.0, 1.0, 3.0]]
    """

    image_shape: tuple[int, ...]
    angles: Mapping[str, float] = field(default_factory=dict)
    vectors: Sequence[tuple[str, str, int]] = ()
    origin: Literal["upper", "lower"] = "upper"

    def __post_init__(self) -> None:
        height, width = image_columns(self.image_shape).shape[-2:]
        if height != width:
            raise InputError(f"quarter turns need square images; image_shape is {self.image_shape}.")

    @property
    def name(self) -> str:
        return "quarter turns"

    @property
    def identity(self) -> int:
        return 0

    def draw(self, rng: np.random.Generator) -> int:
        return int(rng.integers(1, 4))

    def compose(self, g: int, h: int) -> int:
        return (g + h) % 4

    def inverse(self, g: int) -> int:
        return -g % 4

    def size(self, g: int) -> float:
        return 90.0 * min(g % 4, -g % 4)

    def describe(self, g: int) -> str:
        return f"rotated by {90 * g} degrees"

    def elements(self) -> tuple[int, ...]:
        return (0, 1, 2, 3)

    def simpler(self, g: int) -> Sequence[int]:
        return (1, 3) if g == 2 else ()

    def columns(self, g: int) -> NDArray[np.intp]:
        turns = g if self.origin == "upper" else -g
        return np.rot90(image_columns(self.image_shape), turns, axes=(-2, -1)).ravel()

    def label_map(self, g: int, names: Sequence[str]) -> LabelMap:
        return turned(names, 90.0 * g, angles=self.angles, vectors=self.vectors)
