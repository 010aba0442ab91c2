"""HubbleDiagram: redshifts of standard candles from how bright they are at maximum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.methods.base import Method
from checkstar.methods.curve_rows import check_curve_rows, short_names
from checkstar.noise import Noise
from checkstar.prediction import Normal
from checkstar.variability.event_windows import describe_events

__all__ = ["HubbleDiagram"]

Array = NDArray[np.float64]

_AT_MAXIMUM, _LATER = 3, 5
_SMALLEST_Z = 1e-4


class HubbleDiagram(Method):
    """Redshift from the magnitude at maximum of the brightest band, its colour, and how fast it fades, read backwards from Hubble's law.

    log10 z is linear in all three; in magnitude its slope would be 0.2 were all objects alike and found (Hubble 1929). Colour
    and decline correct for the scatter of luminosities (Phillips 1993, Tripp 1998); where they were not observed, they
    are as usual. The error bars are the scatter of the training set. Labels are redshifts above zero.

    References
    ----------
    Tripp 1998, A&A 331, 815; Phillips 1993, ApJ 413, L105.
    """

    references = ("Tripp 1998, A&A 331, 815", "Phillips 1993, ApJ 413, L105")

    def __init__(self) -> None:
        pass

    def fit(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        noise: Noise | None = None,
        y_err: ArrayLike | None = None,
        features: Sequence[str] | None = None,
    ) -> Self:
        """Learn the line from light curves in rows `x` (n, p) with columns `features` and redshifts `y` (n,)."""
        layout, rows = check_curve_rows("HubbleDiagram", x, noise, features)
        z = np.asarray(y)
        if z.dtype.kind not in "fiu" or z.size != len(rows):
            raise InputError(
                f"HubbleDiagram got labels of type {z.dtype} and shape {z.shape} for {len(rows)} events; give one redshift each."
            )
        z = z.astype(float).ravel()
        if not (z > 0).all():
            raise InputError(f"HubbleDiagram got {int((~(z > 0)).sum())} redshifts that are not above zero; drop them.")
        self.features_ = short_names(layout)
        numbers = _numbers(layout.unpack(rows, noise))
        with np.errstate(invalid="ignore"):
            usual = np.array(
                [np.median(column[np.isfinite(column)]) if np.isfinite(column).any() else 0.0 for column in numbers.T]
            )
        self.usual_ = usual
        design, target = self._design(numbers), np.log10(z)
        # A ridge of a millionth keeps columns that do not vary from having any weight.
        self.slopes_ = np.linalg.solve(design.T @ design + 1e-6 * np.eye(design.shape[1]), design.T @ target)
        freedom = max(len(z) - design.shape[1], 1)
        self.scatter_ = max(float(np.sqrt(np.sum((target - design @ self.slopes_) ** 2) / freedom)), 1e-4)
        return self

    def predict_distribution(self, x: ArrayLike, *, noise: Noise | None = None) -> Normal:
        """Redshifts of light curves in rows `x` (n, p), of any number of epochs."""
        self._fitted()
        layout, rows = check_curve_rows("HubbleDiagram", x, noise, self.features_)
        exponent = self._design(_numbers(layout.unpack(rows, noise))) @ self.slopes_
        z = np.maximum(10 ** np.clip(exponent, -5, 2), _SMALLEST_Z)
        return Normal(z, np.log(10) * self.scatter_ * z)

    def _design(self, numbers: Array) -> Array:
        filled = np.where(np.isfinite(numbers), numbers, self.usual_) - self.usual_
        return np.column_stack([np.ones(len(numbers)), filled])


def _numbers(curves: LightCurves) -> Array:
    """Magnitude at maximum, colour there of the first two bands, and magnitudes faded after 20 days (n, 3)."""
    events = describe_events(curves)
    with np.errstate(divide="ignore", invalid="ignore"):
        magnitudes = -2.5 * np.log10(np.where(events.flux > 0, events.flux, np.nan))
        top = magnitudes[:, :, _AT_MAXIMUM]
        colour = top[:, 0] - top[:, 1] if top.shape[1] > 1 else np.full(len(curves), np.nan)
        faded = magnitudes[:, :, _LATER] - top
    return np.column_stack([events.magnitude, colour, _mean_of_known(faded)])


def _mean_of_known(values: Array) -> Array:
    known = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, values, 0.0).sum(axis=1) / known.sum(axis=1))
