"""ZeroPoint: all magnitudes plus a constant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from checkstar.symmetries.base import Additive, dyadic_step
from checkstar.symmetries.label_maps import LabelMap, shifted
from checkstar.symmetries.rescalings import Rescaling

__all__ = ["ZeroPoint"]


@dataclass(frozen=True, kw_only=True)
class ZeroPoint(Additive, Rescaling):
    """Magnitudes of all bands plus a constant. Its elements are that constant, in magnitudes.

    Parameters
    ----------
    columns : sequence of int, optional
        Columns of x that are magnitudes; all by default.
    labels : mapping of label to factor
        Labels that follow: 1 for a magnitude, -0.4 for the decimal logarithm of a flux. All others stay.
    largest : float
        Elements are drawn between minus and plus this.

    Examples
    --------
    >>> ZeroPoint(columns=[0, 1]).act(0.5, np.array([[20.0, 19.0, 0.3]])).tolist()
    [[20.5, 19.5, 0.3]]
    """

    passive: ClassVar[bool] = True

    columns: Sequence[int] | None = None
    labels: Mapping[str, float] = field(default_factory=dict)
    largest: float = 1.0

    @property
    def name(self) -> str:
        return "other zero points"

    def draw(self, rng: np.random.Generator) -> float:
        return dyadic_step(self.largest, rng)

    def describe(self, g: float) -> str:
        return f"all magnitudes {'plus' if g >= 0 else 'minus'} {abs(g):g}"

    def simpler(self, g: float) -> Sequence[float]:
        return [h for h in (np.sign(g) * 0.01, np.sign(g) * 0.1, g / 2) if abs(h) < abs(g)]

    def factors(self, g: float, n_features: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        offset = np.full(n_features, g) if self.columns is None else np.zeros(n_features)
        offset[list(self.columns or ())] = g
        return np.ones(n_features), offset

    def label_map(self, g: float, names: Sequence[str]) -> LabelMap:
        return shifted(names, {label: factor * g for label, factor in self.labels.items()})
