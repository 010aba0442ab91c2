"""TimeReference: the same times counted from another day: JD, MJD, BJD - 2454833."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from checkstar.errors import unknown_name
from checkstar.symmetries.base import Additive
from checkstar.symmetries.label_maps import LabelMap, shifted
from checkstar.symmetries.rescalings import Rescaling

__all__ = ["REFERENCES", "TimeReference"]

#: Julian date of day zero.
REFERENCES = {"JD": 0.0, "MJD": 2_400_000.5, "HJD-2450000": 2_450_000.0, "BKJD": 2_454_833.0, "BTJD": 2_457_000.0}


@dataclass(frozen=True, kw_only=True)
class TimeReference(Additive, Rescaling):
    """Times in days, counted from another day. Its elements are the days added.

    Parameters
    ----------
    columns : sequence of int
        Columns of x that are times in days.
    times : sequence of str
        Labels that are times of the same kind, and follow.
    given : {"JD", "MJD", "HJD-2450000", "BKJD", "BTJD"}
        The reference that the data use.

    Examples
    --------
    >>> reference = TimeReference(columns=[0], given="MJD")
    >>> reference.describe(2_400_000.5)
    'times in JD instead of MJD'
    """

    passive: ClassVar[bool] = True

    columns: Sequence[int]
    times: Sequence[str] = ()
    given: str = "JD"

    def __post_init__(self) -> None:
        if self.given not in REFERENCES:
            raise unknown_name("time reference", self.given, REFERENCES)

    @property
    def name(self) -> str:
        return "other references of time"

    def draw(self, rng: np.random.Generator) -> float:
        others = [name for name in REFERENCES if name != self.given]
        return REFERENCES[self.given] - REFERENCES[str(rng.choice(others))]

    def describe(self, g: float) -> str:
        for name, zero in REFERENCES.items():
            if REFERENCES[self.given] - zero == g:
                return f"times in {name} instead of {self.given}"
        return f"times counted from {abs(g):g} d {'earlier' if g >= 0 else 'later'}"

    def simpler(self, g: float) -> Sequence[float]:
        return [h for h in (1.0, 1000.0) if h < abs(g)]

    def factors(self, g: float, n_features: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        offset = np.zeros(n_features)
        offset[list(self.columns)] = g
        return np.ones(n_features), offset

    def label_map(self, g: float, names: Sequence[str]) -> LabelMap:
        return shifted(names, dict.fromkeys(self.times, g))
