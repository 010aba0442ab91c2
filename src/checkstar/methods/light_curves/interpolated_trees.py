"""InterpolatedTrees: boosted trees on a Gaussian process's view of an explosion, the reference of the field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone

from checkstar.data.curve_layout import CurveLayout
from checkstar.errors import InputError
from checkstar.methods.base import Method
from checkstar.methods.curve_rows import check_curve_classes, check_curve_rows, short_names
from checkstar.methods.interpolated_inputs import InterpolatedInputs, interpolated_inputs
from checkstar.methods.trees import BoostedTrees
from checkstar.methods.wrappers import aligned
from checkstar.noise import Noise
from checkstar.prediction import Classes

__all__ = ["InterpolatedTrees"]

Array = NDArray[np.float64]

_DAYS = np.linspace(-50.0, 130.0, 100)
#: Shares of the largest flux in a band, and days after maximum, at which the light curve is read.
_LEVELS, _LATER = (0.5, 0.2), (15.0, 45.0)
_BATCH = 512


class InterpolatedTrees(Method):
    """Classes of explosions by boosted trees on features of an interpolated light curve (Boone 2019).

    A Gaussian process in time and wavelength (`checkstar.variability.interpolation`) gives, of each band: the largest
    flux as a share of that of all bands, its day, the days above one half and one fifth of it before and after, and the
    fluxes 15 and 45 days later. Beside these: the extras (such as ``redshift``), the logarithms of brightness and time
    scale. Objects with fewer than five epochs are given the shares of the classes. The process uses all epochs: the classes
    are those of finished light curves.

    Parameters
    ----------
    trees : Method, optional
        What classifies; by default boosted trees.
    random_state : int
        Seed of the trees, where `trees` is not given.

    References
    ----------
    Boone 2019, AJ 158, 257.
    """

    references = ("Boone 2019, AJ 158, 257",)

    def __init__(self, trees: Method | None = None, random_state: int = 0) -> None:
        self.trees = trees
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier"
        return tags

    def fit(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        noise: Noise | None = None,
        y_err: ArrayLike | None = None,
        features: Sequence[str] | None = None,
    ) -> Self:
        """Learn classes `y` (n,) of light curves `x` (n, p)."""
        layout, rows, codes, names = check_curve_classes("InterpolatedTrees", x, y, noise, features)
        self.features_, self.names_ = short_names(layout), names
        self.frequency_ = np.bincount(codes) / len(codes)
        values, usable = self._described(layout, rows, noise)
        if len(np.unique(codes[usable])) < 2:
            raise InputError(
                f"InterpolatedTrees got {int(usable.sum())} objects of at least five epochs, of fewer than two classes; give more."
            )
        trees = BoostedTrees(n_components=None, random_state=self.random_state) if self.trees is None else self.trees
        self.trees_ = clone(trees).fit(values[usable], np.array(names)[codes[usable]])
        return self

    def predict_distribution(self, x: ArrayLike, *, noise: Noise | None = None) -> Classes:
        """Class probabilities (n, c) of light curves `x` (n, p)."""
        self._fitted()
        layout, rows = check_curve_rows("InterpolatedTrees", x, noise, self.features_)
        values, usable = self._described(layout, rows, noise)
        found = np.tile(self.frequency_, (len(rows), 1))
        if usable.any():
            given = self.trees_.predict_distribution(values[usable])
            found[usable] = aligned(given, self.names_, "InterpolatedTrees")
        return Classes(found, self.names_)

    def _described(self, layout: CurveLayout, rows: Array, noise: Noise | None) -> tuple[Array, NDArray[np.bool_]]:
        parts = [slice(i, i + _BATCH) for i in range(0, max(len(rows), 1), _BATCH)]
        inputs = [interpolated_inputs(layout, rows[p], None if noise is None else noise[p], _DAYS) for p in parts]
        return np.concatenate([_features(one) for one in inputs]), np.concatenate([one.curves.usable for one in inputs])


def _features(inputs: InterpolatedInputs) -> Array:
    """Features (n, q) of interpolated light curves; what is not known of an object is 0."""
    flux = inputs.curves.flux
    peak, at = flux.max(axis=1), flux.argmax(axis=1)
    step = np.arange(len(_DAYS))[None, :, None]
    width = _DAYS[1] - _DAYS[0]
    columns = [peak, _DAYS[at]]
    for level in _LEVELS:
        above = (flux > level * peak[:, None]) & (peak[:, None] > 0)
        columns += [width * (above & side).sum(axis=1) for side in (step < at[:, None], step >= at[:, None])]
    for days in _LATER:
        place = np.minimum(at + round(days / width), len(_DAYS) - 1)
        columns.append(np.take_along_axis(flux, place[:, None], axis=1)[:, 0])
    return np.hstack([*columns, np.where(np.isfinite(inputs.beside), inputs.beside, 0.0)])
