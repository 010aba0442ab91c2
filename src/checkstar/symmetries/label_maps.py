"""LabelMap: how labels follow when their object is changed: an affine map, angles modulo their period."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checkstar.errors import unknown_name

__all__ = ["LabelMap", "scaled", "shifted", "turned"]

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelMap:
    """The map ``y -> matrix y + offset`` of k labels.

    Parameters
    ----------
    matrix : (k, k) array
    offset, period : (k,) array
        The period of a label that is an angle is finite.

    Examples
    --------
    >>> LabelMap.unchanged(2)(np.array([[1.0, 2.0]])).tolist()
    [[1.0, 2.0]]
    """

    matrix: Array
    offset: Array
    period: Array

    @classmethod
    def unchanged(cls, n_labels: int) -> LabelMap:
        """Labels that do not change."""
        return cls(matrix=np.eye(n_labels), offset=np.zeros(n_labels), period=np.full(n_labels, np.inf))

    @property
    def is_unchanged(self) -> bool:
        """Whether all labels stay as they are."""
        return self.is_diagonal and bool((np.diagonal(self.matrix) == 1).all() and not self.offset.any())

    @property
    def is_diagonal(self) -> bool:
        """Whether no label depends on another."""
        return not (self.matrix - np.diag(np.diagonal(self.matrix))).any()

    def __call__(self, y: Array) -> Array:
        """The labels (n, k) of the changed objects."""
        if self.is_diagonal:  # bit for bit, which a product with zeros need not be
            return self._wrapped(y * np.diagonal(self.matrix) + self.offset)
        return self._wrapped(y @ self.matrix.T + self.offset)

    def inverse(self) -> LabelMap:
        """The map back."""
        back: Array = np.linalg.inv(self.matrix).astype(float)
        return LabelMap(matrix=back, offset=-back @ self.offset, period=self.period)

    def widths(self, sigma: Array) -> Array:
        """Standard errors (n, k) of the changed labels, given those of independent labels."""
        return np.sqrt(np.square(sigma) @ np.square(self.matrix).T)

    def covariances(self, covariance: Array) -> Array:
        """Covariances (n, k, k) of the changed labels."""
        return self.matrix @ covariance @ self.matrix.T

    def difference(self, left: Array, right: Array) -> Array:
        """``left - right`` (n, k), the shorter way round for angles."""
        apart = left - right
        around = np.isfinite(self.period)
        if around.any():
            period = self.period[around]
            apart[:, around] = (apart[:, around] + period / 2) % period - period / 2
        return apart

    def _wrapped(self, y: Array) -> Array:
        around = np.isfinite(self.period)
        if around.any():
            y[:, around] = y[:, around] % self.period[around]
        return y


def shifted(names: Sequence[str], amounts: Mapping[str, float], periods: Mapping[str, float] | None = None) -> LabelMap:
    """The map that adds an amount to each named label.

    Raises
    ------
    InputError
        If there is no such label.
    """
    found = LabelMap.unchanged(len(names))
    for label, amount in amounts.items():
        found.offset[_index(names, label)] = amount
    for label, period in (periods or {}).items():
        found.period[_index(names, label)] = period
    return found


def scaled(names: Sequence[str], factors: Mapping[str, float]) -> LabelMap:
    """The map that multiplies each named label by a factor."""
    found = LabelMap.unchanged(len(names))
    for label, factor in factors.items():
        at = _index(names, label)
        found.matrix[at, at] = factor
    return found


def turned(
    names: Sequence[str],
    degrees: float,
    *,
    mirrored: bool = False,
    angles: Mapping[str, float],
    vectors: Iterable[tuple[str, str, int]],
    odd: Sequence[str] = (),
) -> LabelMap:
    """The map of labels with a direction in an image that is mirrored left to right, then turned counter-clockwise.

    Parameters
    ----------
    angles : mapping of label to period
        Angles in degrees, counter-clockwise from the right.
    vectors : iterable of (label, label, spin)
        Components along and across of spin 1 (an arrow) or 2 (an ellipticity): ``cos(spin phi), sin(spin phi)``.
    odd : sequence of str
        Labels that change sign in a mirror (a sense of rotation).
    """
    found = LabelMap.unchanged(len(names))
    for label, period in angles.items():
        at = _index(names, label)
        found.period[at] = period
        found.matrix[at, at] = -1.0 if mirrored else 1.0
        found.offset[at] = ((180.0 if mirrored else 0.0) + degrees) % period
    for along, across, spin in vectors:
        pair = [_index(names, along), _index(names, across)]
        mirror = np.diag([1.0, -1.0]) * (-1.0) ** spin if mirrored else np.eye(2)
        found.matrix[np.ix_(pair, pair)] = _rotation(spin * degrees) @ mirror
    for label in odd if mirrored else ():
        at = _index(names, label)
        found.matrix[at, at] = -1.0
    return found


def _rotation(degrees: float) -> Array:
    """The matrix of a rotation; exact for quarter turns."""
    if degrees % 90 == 0:
        quarter = int(degrees // 90) % 4
        cosine, sine = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[quarter]
    else:
        cosine, sine = float(np.cos(np.deg2rad(degrees))), float(np.sin(np.deg2rad(degrees)))
    return np.array([[cosine, -sine], [sine, cosine]])


def _index(names: Sequence[str], label: str) -> int:
    if label not in names:
        raise unknown_name("label", label, names)
    return list(names).index(label)
