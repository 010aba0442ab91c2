"""TimeShift: the same event, observed earlier or later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checkstar.symmetries.base import Additive
from checkstar.symmetries.label_maps import LabelMap, shifted
from checkstar.symmetries.rescalings import Rescaling

__all__ = ["TimeShift"]


@dataclass(frozen=True, kw_only=True)
class TimeShift(Additive, Rescaling):
    """All times plus a constant. Its elements are that constant, in the unit of the times.

    Parameters
    ----------
    columns : sequence of int
        Columns of x that are times.
    times : sequence of str
        Labels that are times, in the same unit, and follow: the time of maximum light.
    largest : float
        Elements are drawn between minus and plus this.
    unit : str
        Unit of the times, for the report.

    Examples
    --------
    >>> TimeShift(columns=[0]).act(2.0, np.array([[1.0, 7.0]])).tolist()
    [[3.0, 7.0]]
    """

    columns: Sequence[int]
    times: Sequence[str] = ()
    largest: float = 100.0
    unit: str = "d"

    @property
    def name(self) -> str:
        return "shifts in time"

    def draw(self, rng: np.random.Generator) -> float:
        return _short(rng.uniform(-self.largest, self.largest), self.largest)

    def describe(self, g: float) -> str:
        return f"observed {abs(g):g} {self.unit} {'later' if g >= 0 else 'earlier'}"

    def simpler(self, g: float) -> Sequence[float]:
        return [h for h in (np.sign(g) * 1.0, g / 16, g / 4, g / 2) if abs(h) < abs(g)]

    def factors(self, g: float, n_features: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        offset = np.zeros(n_features)
        offset[list(self.columns)] = g
        return np.ones(n_features), offset

    def label_map(self, g: float, names: Sequence[str]) -> LabelMap:
        return shifted(names, dict.fromkeys(self.times, g))


def _short(value: float, largest: float) -> float:
    """A number near `value` with few binary digits, so that adding it rounds as little as can be."""
    step = 2.0 ** np.floor(np.log2(largest) - 10)
    return float(np.round(value / step) * step) or step
