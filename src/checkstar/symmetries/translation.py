"""Translation: the object elsewhere in its image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from checkstar.symmetries.label_maps import LabelMap, shifted
from checkstar.symmetries.rearrangements import Rearrangement, image_columns
from checkstar.symmetries.resamplings import Resampling

__all__ = ["CyclicTranslation", "Translation"]

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class CyclicTranslation(Rearrangement):
    """Images moved by whole pixels, what leaves on one side entering on the other. Nothing is lost.

    Its elements are (down, right) in pixels. For maps that are periodic, or objects far from the border of an empty
    image.

    Parameters
    ----------
    image_shape : tuple of int
        (rows, columns) or (bands, rows, columns): how a row of x is laid out.
    largest : int
        Pixels up to which elements are drawn.

    Examples
    --------
    >>> CyclicTranslation(image_shape=(2, 2)).act((0, 1), np.array([[1.0, 2.0, 3.0, 4.0]])).tolist()
    [[2.0, 1.0, 4.0, 3.0]]
    """

    image_shape: tuple[int, ...]
    largest: int = 4

    def __post_init__(self) -> None:
        image_columns(self.image_shape)

    @property
    def name(self) -> str:
        return "cyclic translations"

    @property
    def identity(self) -> tuple[int, int]:
        return (0, 0)

    def draw(self, rng: np.random.Generator) -> tuple[int, int]:
        while True:
            down, right = rng.integers(-self.largest, self.largest + 1, 2)
            if down or right:
                return self._folded(int(down), int(right))

    def compose(self, g: tuple[int, int], h: tuple[int, int]) -> tuple[int, int]:
        return self._folded(g[0] + h[0], g[1] + h[1])

    def inverse(self, g: tuple[int, int]) -> tuple[int, int]:
        return self._folded(-g[0], -g[1])

    def size(self, g: tuple[int, int]) -> float:
        return float(abs(g[0]) + abs(g[1]))

    def describe(self, g: tuple[int, int]) -> str:
        return _moved(*g)

    def simpler(self, g: tuple[int, int]) -> Sequence[tuple[int, int]]:
        one = [(int(np.sign(g[0])), 0), (0, int(np.sign(g[1]))), (g[0], 0), (0, g[1])]
        return [h for h in one if 0 < self.size(h) < self.size(g)]

    def columns(self, g: tuple[int, int]) -> NDArray[np.intp]:
        return np.roll(image_columns(self.image_shape), g, axis=(-2, -1)).ravel()

    def _folded(self, down: int, right: int) -> tuple[int, int]:
        height, width = self.image_shape[-2:]
        return (down + height // 2) % height - height // 2, (right + width // 2) % width - width // 2


@dataclass(frozen=True, kw_only=True)
class Translation(Resampling):
    """Images moved by any distance, by interpolation; beyond the border the outermost pixel is repeated.

    Its elements are (down, right) in pixels.

    Parameters
    ----------
    image_shape : tuple of int
        (rows, columns) or (bands, rows, columns): how a row of x is laid out.
    largest : float
        Pixels up to which elements are drawn.
    down, right : mapping of label to factor
        Labels that follow the position, in their unit per pixel.
    """

    image_shape: tuple[int, ...]
    largest: float = 2.0
    down: Mapping[str, float] = field(default_factory=dict)
    right: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        image_columns(self.image_shape)

    @property
    def name(self) -> str:
        return "translations"

    @property
    def identity(self) -> tuple[float, float]:
        return (0.0, 0.0)

    def draw(self, rng: np.random.Generator) -> tuple[float, float]:
        down, right = np.round(rng.uniform(-self.largest, self.largest, 2), 3)
        return float(down), float(right)

    def compose(self, g: tuple[float, float], h: tuple[float, float]) -> tuple[float, float]:
        return g[0] + h[0], g[1] + h[1]

    def inverse(self, g: tuple[float, float]) -> tuple[float, float]:
        return -g[0], -g[1]

    def size(self, g: tuple[float, float]) -> float:
        return abs(g[0]) + abs(g[1])

    def describe(self, g: tuple[float, float]) -> str:
        return _moved(*g)

    def simpler(self, g: tuple[float, float]) -> Sequence[tuple[float, float]]:
        whole = float(np.trunc(g[0])), float(np.trunc(g[1]))
        one = [(float(np.sign(g[0])), 0.0), (0.0, float(np.sign(g[1]))), whole, (g[0], 0.0), (0.0, g[1])]
        return [h for h in one if 0 < self.size(h) < self.size(g)]

    def source(self, g: tuple[float, float], rows: Array, columns: Array) -> tuple[Array, Array]:
        return rows - g[0], columns - g[1]

    def label_map(self, g: tuple[float, float], names: Sequence[str]) -> LabelMap:
        moves = {label: factor * g[0] for label, factor in self.down.items()}
        for label, factor in self.right.items():
            moves[label] = moves.get(label, 0.0) + factor * g[1]
        return shifted(names, moves)


def _moved(down: float, right: float) -> str:
    ways = [
        f"{abs(step):g} pixel{'s' if abs(step) != 1 else ''} {way[step < 0]}"
        for step, way in ((down, ("down", "up")), (right, ("right", "left")))
        if step
    ]
    return "moved " + (" and ".join(ways) or "by nothing")
