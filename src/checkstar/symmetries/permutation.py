"""Permutation: exchangeable features, or objects with the same features, in another order; bands and epochs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from checkstar.data.curve_layout import CurveLayout
from checkstar.errors import InputError
from checkstar.symmetries.rearrangements import Rearrangement

__all__ = ["BandOrder", "EpochOrder", "Permutation"]

#: Up to so many blocks all orders are listed: 120 of five.
_MOST_LISTED = 5


class _Orders(Rearrangement):
    """Orders of blocks of columns: an element says which block comes to stand at each place."""

    n_features: int

    @abstractmethod
    def _blocks(self) -> NDArray[np.intp]:
        """Columns (m, d) of each of the m exchangeable blocks."""

    @property
    def identity(self) -> tuple[int, ...]:
        return tuple(range(len(self._blocks())))

    def draw(self, rng: np.random.Generator) -> tuple[int, ...]:
        while True:
            order = tuple(int(i) for i in rng.permutation(len(self._blocks())))
            if order != self.identity:
                return order

    def compose(self, g: tuple[int, ...], h: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(h[i] for i in g)

    def inverse(self, g: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(int(i) for i in np.argsort(g))

    def size(self, g: tuple[int, ...]) -> float:
        return float(sum(i != j for i, j in enumerate(g)))

    def elements(self) -> tuple[tuple[int, ...], ...] | None:
        m = len(self._blocks())
        return tuple(permutations(range(m))) if m <= _MOST_LISTED else None

    def simpler(self, g: tuple[int, ...]) -> Sequence[tuple[int, ...]]:
        pairs = [(i, j) for i, j in enumerate(g) if i != j]
        swaps = dict.fromkeys(self._swapped(i, j) for i, j in pairs[:20])
        return [swap for swap in swaps if self.size(swap) < self.size(g)]

    def columns(self, g: tuple[int, ...]) -> NDArray[np.intp]:
        blocks = self._blocks()
        columns = np.arange(self.n_features)
        columns[blocks] = blocks[list(g)]
        return columns

    def _swapped(self, i: int, j: int) -> tuple[int, ...]:
        order = list(self.identity)
        order[i], order[j] = j, i
        return tuple(order)


@dataclass(frozen=True, kw_only=True)
class Permutation(_Orders):
    """Features, or objects of several features each, that have no order. Its elements are orders.

    Parameters
    ----------
    n_features : int
        Number of columns of x.
    blocks : sequence of sequences of int, optional
        Columns of each exchangeable object, all equally many and in the same order of meaning; by default every column
        is one.

    Examples
    --------
    >>> Permutation(n_features=3).act((2, 0, 1), np.array([[1.0, 2.0, 3.0]])).tolist()
    [[3.0, 1.0, 2.0]]
    """

    n_features: int
    blocks: Sequence[Sequence[int]] | None = None

    def __post_init__(self) -> None:
        _check_blocks(self._blocks(), self.n_features)

    @property
    def name(self) -> str:
        return f"reordered {self._kind()}s"

    def describe(self, g: tuple[int, ...]) -> str:
        moved = [i for i, j in enumerate(g) if i != j]
        if len(moved) == 2:
            return f"{self._kind()}s {moved[0]} and {moved[1]} exchanged"
        return f"{len(moved)} {self._kind()}s in another order"

    def _blocks(self) -> NDArray[np.intp]:
        if self.blocks is None:
            return np.arange(self.n_features)[:, None]
        return _as_blocks(self.blocks)

    def _kind(self) -> str:
        return "feature" if self._blocks().shape[1] == 1 else "object"


@dataclass(frozen=True, kw_only=True)
class BandOrder(_Orders):
    """Bands, each with the columns that say which band it is, listed in another order.

    Parameters
    ----------
    n_features : int
        Number of columns of x.
    bands : mapping of name to columns, as a sequence of pairs
        Columns of each band, all equally many and in the same order of meaning: flux, error, wavelength.

    Examples
    --------
    >>> order = BandOrder(n_features=4, bands=(("g", (0, 1)), ("r", (2, 3))))
    >>> order.describe((1, 0)), order.act((1, 0), np.array([[20.1, 480.0, 19.5, 620.0]])).tolist()
    ('bands g and r exchanged', [[19.5, 620.0, 20.1, 480.0]])
    """

    passive: ClassVar[bool] = True

    n_features: int
    bands: Sequence[tuple[str, Sequence[int]]]

    def __post_init__(self) -> None:
        _check_blocks(self._blocks(), self.n_features)

    @property
    def name(self) -> str:
        return "reordered bands"

    def describe(self, g: tuple[int, ...]) -> str:
        names = [self.bands[i][0] for i, j in enumerate(g) if i != j]
        if len(names) == 2:
            return f"bands {names[0]} and {names[1]} exchanged"
        return f"bands listed as {', '.join(self.bands[i][0] for i in g)}"

    def _blocks(self) -> NDArray[np.intp]:
        return _as_blocks([columns for _, columns in self.bands])


@dataclass(frozen=True, kw_only=True)
class EpochOrder(_Orders):
    """Epochs of light curves, each with its value and band, listed in another order.

    Parameters
    ----------
    features : sequence of str
        Names of the columns of x.

    Examples
    --------
    >>> order = EpochOrder(features=("time[0]", "time[1]", "mag[0]", "mag[1]"))
    >>> order.describe((1, 0)), order.act((1, 0), np.array([[1.0, 2.0, 15.1, 15.2]])).tolist()
    ('epochs 1 and 2 exchanged', [[2.0, 1.0, 15.2, 15.1]])
    """

    passive: ClassVar[bool] = True

    features: Sequence[str]

    def __post_init__(self) -> None:
        _check_blocks(self._blocks(), self.n_features)

    @property
    def n_features(self) -> int:  # type: ignore[override]
        """Number of columns of x."""
        return len(self.features)

    @property
    def name(self) -> str:
        return "reordered epochs"

    def describe(self, g: tuple[int, ...]) -> str:
        moved = [i + 1 for i, j in enumerate(g) if i != j]
        if len(moved) == 2:
            return f"epochs {moved[0]} and {moved[1]} exchanged"
        return f"{len(moved)} epochs listed in another order"

    def _blocks(self) -> NDArray[np.intp]:
        layout = CurveLayout.of(self.features)
        return np.arange(len(layout.extras), len(self.features)).reshape(-1, layout.n_epochs).T


def _as_blocks(blocks: Sequence[Sequence[int]]) -> NDArray[np.intp]:
    lengths = {len(block) for block in blocks}
    if len(lengths) != 1 or 0 in lengths:
        raise InputError(f"the blocks have {sorted(lengths)} columns; give each the same columns, at least one.")
    return np.asarray(blocks, dtype=int)


def _check_blocks(blocks: NDArray[np.intp], n_features: int) -> None:
    if len(blocks) < 2:
        raise InputError(f"there is {len(blocks)} block; at least two are needed to be exchanged.")
    flat = blocks.ravel()
    if len(np.unique(flat)) < flat.size or flat.min() < 0 or flat.max() >= n_features:
        raise InputError(f"the blocks use columns {sorted(flat.tolist())} of {n_features}; name each column once.")
