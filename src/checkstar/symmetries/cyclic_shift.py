"""CyclicShift: a periodic sequence that begins elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checkstar.errors import InputError
from checkstar.symmetries.label_maps import LabelMap, shifted
from checkstar.symmetries.rearrangements import Rearrangement

__all__ = ["CyclicShift"]


@dataclass(frozen=True, kw_only=True)
class CyclicShift(Rearrangement):
    """A folded light curve or a map of longitudes, begun at another phase. Its elements are steps 0 .. length - 1.

    Parameters
    ----------
    length : int
        Steps of one period.
    n_sequences : int
        Sequences one after the other in a row of x (bands), shifted together.
    phase : str, optional
        The label that is a phase or angle, and follows.
    period : float
        Its period.

    Examples
    --------
    >>> CyclicShift(length=3).act(1, np.array([[1.0, 2.0, 3.0]])).tolist()
    [[3.0, 1.0, 2.0]]
    """

    length: int
    n_sequences: int = 1
    phase: str | None = None
    period: float = 1.0

    def __post_init__(self) -> None:
        if self.length < 2 or self.n_sequences < 1:
            raise InputError(f"length is {self.length} and n_sequences {self.n_sequences}; give at least 2 and 1.")

    @property
    def name(self) -> str:
        return "cyclic shifts"

    @property
    def identity(self) -> int:
        return 0

    def draw(self, rng: np.random.Generator) -> int:
        return int(rng.integers(1, self.length))

    def compose(self, g: int, h: int) -> int:
        return (g + h) % self.length

    def inverse(self, g: int) -> int:
        return -g % self.length

    def size(self, g: int) -> float:
        return float(min(g % self.length, -g % self.length))

    def describe(self, g: int) -> str:
        return f"begun {g} of {self.length} steps later"

    def elements(self) -> tuple[int, ...]:
        return tuple(range(self.length))

    def simpler(self, g: int) -> Sequence[int]:
        return [step for step in (1, self.length - 1, g // 2) if 0 < self.size(step) < self.size(g)]

    def columns(self, g: int) -> NDArray[np.intp]:
        grid = np.arange(self.length * self.n_sequences).reshape(self.n_sequences, self.length)
        return np.roll(grid, g, axis=1).ravel()

    def label_map(self, g: int, names: Sequence[str]) -> LabelMap:
        if self.phase is None:
            return LabelMap.unchanged(len(names))
        return shifted(names, {self.phase: g / self.length * self.period}, {self.phase: self.period})
