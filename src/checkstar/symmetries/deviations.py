"""Deviation: by how much a method breaks a symmetry, object by object, in units of its error bars."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.data.curve_layout import CurveLayout
from checkstar.noise import Noise
from checkstar.prediction import Classes, Normal, Prediction, Samples
from checkstar.symmetries.base import Element, Symmetry
from checkstar.symmetries.label_maps import LabelMap

__all__ = ["Deviation", "Digits", "Predict", "drawn_elements", "precision", "typical_width"]

Array = NDArray[np.float64]
Predict = Callable[[Array, Noise | None], Prediction]

#: How many roundings of the input and of the answer two exact evaluations may differ by.
_ROUNDINGS = 100.0
#: Error bars beyond which nothing is rounding: a method that answers at random would respond to it as to anything.
_MOST_FORGIVEN = 0.01
_DOUBLE, _SINGLE = 2.0**-52, 2.0**-23
#: 95th percentile of the difference of two normal numbers of unit variance.
_TWO_DRAWS = 1.96 * math.sqrt(2)


class Deviation:
    """How far ``f(g x)`` lies from ``rho(g) f(x)``, beyond what arithmetic or interpolation explains.

    The deviation of an object is the larger of those of its mean and of its error bar, in units of the error bar; for
    classes it is the largest change of a probability. From it are taken, for an exact symmetry, differences within the
    rounding error: a hundred roundings of the answer, and a hundred times the response of the method to one rounding of
    its input (the condition that a backward stable evaluation keeps to; Higham 2002, section 1.5), but never more than
    a hundredth of an error bar. For an interpolated symmetry, what ``f(g^-1 g x)`` differs from ``f(x)``; for draws,
    what two sets of draws differ by.

    Parameters
    ----------
    predict : callable
        ``predict(x, noise) -> Prediction``.
    symmetry : Symmetry
    names : sequence of str
        Names of the labels.
    column : int
        Which of them.
    typical : float
        The unit of the deviation where there are no error bars.
    eps : float
        Relative precision of the method (`precision`).
    digits : Digits, optional
        How columns may be rounded.
    """

    def __init__(
        self,
        predict: Predict,
        symmetry: Symmetry,
        names: tuple[str, ...],
        column: int,
        *,
        typical: float,
        eps: float = _DOUBLE,
        digits: Digits | None = None,
        n_rounded: int = 8,
    ) -> None:
        self.predict, self.symmetry, self.names, self.column = predict, symmetry, names, column
        self.typical, self.eps, self.n_rounded = typical, eps, n_rounded
        self.digits = digits or Digits()
        self._responses: dict[Element, float] = {}

    def __call__(self, x: Array, noise: Noise | None, g: Element, before: Prediction | None = None) -> Array:
        """Deviations (n,) of the objects `x` (n, p) under `g`; zero where there is none.

        With their predictions `before`, the response to rounding is measured; without, the largest known one is used.
        """
        measures = before is not None or not self._responses
        before = self.predict(x, noise) if before is None else before
        moved = self.symmetry.act(g, x)
        moved_noise = None if noise is None else self.symmetry.move_noise(g, noise, x)
        after = self.predict(moved, moved_noise)
        apart, scale, width = self._apart(before, after, g)
        if self.symmetry.exact:
            if measures:
                self._responses[g] = self._rounding_response(moved, moved_noise, after)
            response = self._responses.get(g, max(self._responses.values()))
            floor = np.minimum(_ROUNDINGS * (self.eps * scale + response), _MOST_FORGIVEN * width)
            apart = np.where(apart > floor, apart, 0.0)
        else:
            apart = np.maximum(apart - self._lost(x, noise, moved, moved_noise, g, before), 0.0)
        if isinstance(before, Samples):
            apart = np.maximum(apart - _TWO_DRAWS * width / math.sqrt(before.draws.shape[1]), 0.0)
        return apart / width

    def shown(self, x: Array, noise: Noise | None, g: Element) -> tuple[Array, Array]:
        """What was expected and what came, one row an object: the label, or all class probabilities."""
        before = self.predict(x, noise)
        moved_noise = None if noise is None else self.symmetry.move_noise(g, noise, x)
        after = self.predict(self.symmetry.act(g, x), moved_noise)
        if isinstance(before, Classes):
            return before.mean(), after.mean()
        expected = self._map(g)(before.mean())
        return expected[:, [self.column]], after.mean()[:, [self.column]]

    def _map(self, g: Element) -> LabelMap:
        return self.symmetry.label_map(g, self.names)

    def _apart(self, before: Prediction, after: Prediction, g: Element) -> tuple[Array, Array, Array]:
        """Deviation, size of the answer and unit (n,) each."""
        if isinstance(before, Classes):
            apart = np.abs(after.mean() - before.mean()).max(axis=1)
            return apart, np.ones(len(apart)), np.ones(len(apart))
        follow = self._map(g)
        expected = follow(before.mean())
        apart = np.abs(follow.difference(after.mean(), expected))[:, self.column]
        scale = np.maximum(np.abs(expected), np.abs(after.mean()))[:, self.column]
        if not before.has_spread:
            return apart, scale, follow.widths(np.full(expected.shape, self.typical))[:, self.column]
        width = _widths(follow, before)[:, self.column]
        apart = np.maximum(apart, np.abs(after.std()[:, self.column] - width))
        return apart, scale, np.maximum(width, 1e-9 * self.typical)

    def _rounding_response(self, x: Array, noise: Noise | None, base: Prediction) -> float:
        """The largest change of an answer when the input is rounded once; measured on a few of the objects."""
        some = slice(0, self.n_rounded)
        answer = self.predict(self.digits.rounded(x[some], self.eps), None if noise is None else noise[some])
        change = np.abs(answer.mean() - base.mean()[some])
        return float(change[:, slice(None) if isinstance(base, Classes) else self.column].max())

    def _lost(
        self, x: Array, noise: Noise | None, moved: Array, moved_noise: Noise | None, g: Element, before: Prediction
    ) -> Array:
        """What interpolating there and back changes."""
        inverse = self.symmetry.inverse(g)
        back_noise = None if moved_noise is None else self.symmetry.move_noise(inverse, moved_noise, moved)
        back = self.predict(self.symmetry.act(inverse, moved), back_noise)
        return self._apart(before, back, self.symmetry.identity)[0]


class _Precision(NamedTuple):
    fine: float
    coarse: float


class Digits:
    """How observations may be rounded: by one step of the method's precision; of light curves only the values.

    A method that works in single precision folds times at their full precision first, by a period that is held to it
    too; and a band is no number.

    Parameters
    ----------
    layout : CurveLayout, optional
        Of light curves.
    """

    def __init__(self, layout: CurveLayout | None = None) -> None:
        self.layout = layout

    def rounded(self, x: Array, eps: float) -> Array:
        """`x` with every element moved by up to `eps`, up and down in turn."""
        signs = np.where(np.random.default_rng(0).random(x.shape) < 0.5, -1.0, 1.0)
        if self.layout is None:
            return x * (1 + eps * signs)
        layout = self.layout.for_width(x.shape[1])
        size = np.zeros(x.shape[1])
        size[: layout.value_columns.start] = min(eps, _DOUBLE)
        size[layout.value_columns.start : layout.value_columns.stop] = eps
        return x * (1 + size * signs)


def precision(predict: Predict, x: Array, noise: Noise | None, digits: Digits | None = None) -> float:
    """Relative precision in which a method works: single if it overlooks what only double precision can hold.

    Parameters
    ----------
    predict : callable
    x : (n, p) array
        A few objects; it is asked three times.
    """
    base, digits = predict(x, noise).mean(), digits or Digits()
    changed = _Precision(
        *(_share_changed(predict(digits.rounded(x, step), noise).mean(), base) for step in (1e-11, 1e-5))
    )
    return _SINGLE if changed.fine == 0 and changed.coarse > 0.5 else _DOUBLE


def _share_changed(answer: Array, base: Array) -> float:
    return float((answer != base).any(axis=1).mean())


def _widths(follow: LabelMap, prediction: Prediction) -> Array:
    if isinstance(prediction, Normal) and prediction.covariance is not None and not follow.is_diagonal:
        return np.sqrt(np.diagonal(follow.covariances(prediction.covariance), axis1=1, axis2=2))
    return follow.widths(prediction.std())


def typical_width(error: Array, truth: Array) -> float:
    """What stands for an error bar where a method gives none: its typical error, 68.3 % of |prediction - truth|.

    The standard deviation of the true labels where that is no more than rounding, and one where that is zero.

    Examples
    --------
    >>> typical_width(np.array([0.5, -0.5]), np.array([1.0, 3.0])), typical_width(np.zeros(2), np.array([1.0, 3.0]))
    (0.5, 1.0)
    """
    size, spread = float(np.quantile(np.abs(error), 0.683)), float(np.std(truth))
    if size > 1e-9 * max(spread, float(np.abs(truth).max())):
        return size
    return spread if spread > 0 else 1.0


def drawn_elements(symmetry: Symmetry, count: int, rng: np.random.Generator) -> list[Element]:
    """Up to `count` different elements, none of them the identity; all of a group that has no more."""
    listed = symmetry.elements()
    if listed is None:
        return list(dict.fromkeys(symmetry.draw(rng) for _ in range(count)))
    others = [g for g in listed if symmetry.size(g) > 0]
    if len(others) <= count:
        return others
    return [others[i] for i in rng.choice(len(others), count, replace=False)]
