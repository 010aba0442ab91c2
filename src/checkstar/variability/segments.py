"""Segments: sums, quantiles and order of flat columns whose entries belong to objects, all objects at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Segments"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Segments:
    """Where the entries of each of n objects lie in a flat column (N,); every object has at least one.

    Examples
    --------
    >>> parts = Segments(np.array([0, 2, 5]))
    >>> column = np.array([1.0, 3.0, 5.0, 9.0, 7.0])
    >>> parts.mean(column).tolist(), parts.quantile(parts.sorted(column), 0.5).tolist()
    ([2.0, 7.0], [2.0, 7.0])
    """

    offsets: NDArray[np.int64]

    @property
    def counts(self) -> NDArray[np.int64]:
        """Entries (n,) of each object."""
        return np.diff(self.offsets)

    @property
    def starts(self) -> NDArray[np.int64]:
        """Position (n,) of the first entry of each object."""
        return self.offsets[:-1]

    @property
    def owner(self) -> NDArray[np.int64]:
        """Object (N,) of each entry."""
        return np.repeat(np.arange(len(self.offsets) - 1), self.counts)

    def spread(self, values: NDArray[Any]) -> NDArray[Any]:
        """`values` (n,) of the objects at each of their entries (N,)."""
        return np.repeat(values, self.counts)

    def sum(self, column: NDArray[Any]) -> Array:
        """Sum (n,) of `column` (N,) over each object."""
        return np.add.reduceat(column, self.starts, dtype=float) if len(self.starts) else np.empty(0)

    def mean(self, column: NDArray[Any]) -> Array:
        """Mean (n,)."""
        return self.sum(column) / self.counts

    def max(self, column: Array) -> Array:
        """Largest entry (n,)."""
        return np.maximum.reduceat(column, self.starts) if len(self.starts) else np.empty(0)

    def min(self, column: Array) -> Array:
        """Smallest entry (n,)."""
        return np.minimum.reduceat(column, self.starts) if len(self.starts) else np.empty(0)

    def running_sum(self, column: Array) -> Array:
        """Sum (N,) of the entries up to and with each, within its object."""
        table, filled = self._table(column, 0.0)
        return table.cumsum(axis=1)[filled]

    def order(self, column: Array) -> NDArray[np.intp]:
        """Positions (N,) that put the entries of each object in ascending order of `column`; ties stay as they were."""
        table, filled = self._table(column)
        return (table.argsort(axis=1, kind="stable") + self.starts[:, None])[filled]

    def sorted(self, column: Array) -> Array:
        """`column` (N,) ascending within each object."""
        table, filled = self._table(column)
        table.sort(axis=1)
        return table[filled]

    def _table(self, column: Array, end: float = np.inf) -> tuple[Array, NDArray[np.bool_]]:
        """One row an object, filled up with `end`: sorting rows is ten times faster than sorting by two keys."""
        filled = np.arange(self.counts.max(initial=0)) < self.counts[:, None]
        table = np.full(filled.shape, end)
        table[filled] = column
        return table, filled

    def quantile(self, ascending: Array, level: float) -> Array:
        """Quantile (n,) of a column that is sorted within each object, linear between the mid-ranks (Hazen 1914)."""
        place = np.clip(self.counts * level - 0.5, 0.0, self.counts - 1.0)
        low = np.floor(place).astype(np.int64)
        high = np.minimum(low + 1, self.counts - 1)
        lower, upper = ascending[self.starts + low], ascending[self.starts + high]
        return lower + (place - low) * (upper - lower)

    def median(self, column: Array) -> Array:
        """Median (n,)."""
        return self.quantile(self.sorted(column), 0.5)

    def has_next(self, steps: int = 1) -> NDArray[np.intp]:
        """Entries that have another one `steps` further on in the same object."""
        place = np.arange(self.offsets[-1]) - self.spread(self.starts)
        return np.flatnonzero(place + steps < self.spread(self.counts))

    def sum_of(self, entries: NDArray[np.intp], values: NDArray[Any]) -> Array:
        """Sum (n,) over each object of `values` known at some `entries` only."""
        return np.bincount(self.owner[entries], values, len(self.starts)).astype(float)

    def max_of(self, entries: NDArray[np.intp], values: Array) -> Array:
        """Largest (n,) of `values` known at some `entries` only; -inf for an object without any."""
        largest = np.full(len(self.starts), -np.inf)
        np.maximum.at(largest, self.owner[entries], values)
        return largest
