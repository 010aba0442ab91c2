"""DescribedCurves: the base of methods that classify light curves by their features."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from inspect import signature
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError, unknown_name
from checkstar.methods.base import Method
from checkstar.methods.curve_rows import check_curve_classes, check_curve_rows, short_names
from checkstar.noise import Noise
from checkstar.prediction import Classes

if TYPE_CHECKING:
    from checkstar.variability.features import Features

__all__ = ["DescribedCurves"]

Array = NDArray[np.float64]

_CHUNK = 4096
_COUNTS = ("n_trees", "n_iterations", "n_boostings", "min_leaf")
_PERIOD, _DESCRIBED = "period", "is_described"


class DescribedCurves(Method, ABC):
    """A method that sees light curves through their features (`checkstar.variability.features.describe_curves`).

    The period is the extra named ``period`` (days) where there is one, else the best of `find_periods`. A catalogue's
    period was seen by whoever gave the class, so with it the label leaks: say which of the two a score belongs to. Other
    extras, as colours, are features too. An object with fewer than five epochs gets the frequencies of the classes.

    Attributes
    ----------
    balance : float in [0, 1]
        Probabilities are divided by the frequency of their class in the training set to this power. 0: as they
        are, calibrated for objects drawn as the training set was; 1: for classes that are equally frequent, so that the
        most probable class is the one with the best balanced accuracy. In between, both are nearly reached.
    period_search : dict, optional
        Settings of `find_periods`, used where there is no extra ``period``.
    """

    balance: float
    period_search: dict[str, Any] | None

    @abstractmethod
    def _learn(self, values: Array, codes: NDArray[np.intp], names: list[str]) -> None:
        """Learn from features (n, q) with these names, of objects that could be described, and their classes (n,)."""

    @abstractmethod
    def _probabilities(self, values: Array) -> Array:
        """Class probabilities (n, c), as frequent as in the training set, of features (n, q)."""

    def fit(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        noise: Noise | None = None,
        y_err: ArrayLike | None = None,
        features: Sequence[str] | None = None,
    ) -> Self:
        """Learn the classes `y` (n,) of light curves in rows `x` (n, p) with columns `features`."""
        name = type(self).__name__
        self._check_settings()
        layout, rows, codes, self.names_ = check_curve_classes(name, x, y, noise, features)
        self.features_ = short_names(layout)
        self.frequencies_ = np.bincount(codes) / len(codes)
        values, names = self._described(layout.unpack(rows, noise))
        usable = values[:, names.index(_DESCRIBED)] > 0
        if len(np.unique(codes[usable])) < 2:
            raise InputError(
                f"{name} got {int(usable.sum())} of {len(codes)} light curves with five good epochs, of "
                f"{len(np.unique(codes[usable]))} class; at least two classes are needed."
            )
        self.described_by_ = list(names)
        self.usual_ = np.median(values[usable], axis=0)
        self._learn(self._filled(values[usable]), codes[usable], self.described_by_)
        return self

    def predict_distribution(self, x: ArrayLike, *, noise: Noise | None = None) -> Classes:
        """Class probabilities (n, c) of light curves in rows `x` (n, p), of any number of epochs."""
        self._fitted()
        layout, rows = check_curve_rows(type(self).__name__, x, noise, self.features_)
        found = np.tile(self.frequencies_, (len(rows), 1))
        for start in range(0, len(rows), _CHUNK):
            part = slice(start, start + _CHUNK)
            values, _ = self._described(layout.unpack(rows[part], None if noise is None else noise[part]))
            usable = values[:, self.described_by_.index(_DESCRIBED)] > 0
            if usable.any():
                found[part][usable] = self._probabilities(self._filled(values[usable]))
        return Classes(self._balanced(found), self.names_)

    def describe(self, x: ArrayLike, *, noise: Noise | None = None) -> Features:
        """The features that it sees of light curves in rows `x` (n, p)."""
        self._fitted()
        layout, rows = check_curve_rows(type(self).__name__, x, noise, self.features_)
        return self._described(layout.unpack(rows, noise))

    def _check_settings(self) -> None:
        from checkstar.variability.periods import find_periods

        name = type(self).__name__
        if not isinstance(self.balance, int | float | np.number) or not 0 <= self.balance <= 1:
            raise InputError(f"{name} got balance={self.balance!r}; give a number from 0 to 1.")
        for key, value in self.get_params(deep=False).items():
            if key in _COUNTS and not (isinstance(value, int | np.integer) and value >= 1):
                raise InputError(f"{name} got {key}={value!r}; give a whole number of at least 1.")
        search = {} if self.period_search is None else self.period_search
        if not isinstance(search, dict):
            raise InputError(f"{name} got period_search={search!r}; give a dict of settings of find_periods.")
        known = list(signature(find_periods).parameters)[1:]
        for key in search:
            if key not in known:
                raise unknown_name("setting of find_periods", key, known)

    def _described(self, curves: LightCurves) -> Features:
        from checkstar.variability.features import Features, describe_curves

        values, names = describe_curves(curves, self._periods(curves))
        more = [column for column in curves.meta.columns if column != _PERIOD]
        return Features(np.hstack([values, curves.meta[more].to_numpy(dtype=float)]), (*names, *more))

    def _periods(self, curves: LightCurves) -> Any:
        if _PERIOD in curves.meta:
            return curves.meta[_PERIOD].to_numpy(dtype=float)
        from checkstar.variability.periods import find_periods

        return find_periods(curves, **(self.period_search or {}))

    def _filled(self, values: Array) -> Array:
        """An extra that is not known of an object is taken to be as usual."""
        usual = np.where(np.isfinite(self.usual_), self.usual_, 0.0)
        return np.where(np.isfinite(values), values, usual)

    def _balanced(self, probabilities: Array) -> Array:
        weighed = probabilities * self.frequencies_**-self.balance
        return weighed / weighed.sum(axis=1, keepdims=True)
