"""Counter-examples: the simplest object and the smallest change that still break a rule (delta debugging)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from checkstar.data.curve_layout import CurveLayout
from checkstar.noise import Noise
from checkstar.symmetries.base import Element

__all__ = ["CounterExample", "Excess", "repeated", "shrink", "typical_object"]

Array = NDArray[np.float64]
_MOST_HALVINGS = 8
#: ``excess(x, noise, element) -> (m,)``: by how much each of m objects breaks the rule under one element.
Excess = Callable[[Array, Noise | None, Element], Array]


@dataclass(frozen=True, kw_only=True, eq=False)
class CounterExample:
    """One object that breaks a rule.

    Attributes
    ----------
    x : (p,) array
        Its observations.
    noise : Noise or None
        Their noise, of one object.
    element
        What was done to it: an element of a group, or an amount.
    excess : float
        By how much it breaks the rule.
    differs : (m,) array of int
        Columns in which it is not like the typical object.
    """

    x: Array
    noise: Noise | None
    element: Element
    excess: float
    differs: NDArray[np.intp]


def typical_object(x: Array) -> Array:
    """The median (p,) of each column of `x` (n, p); NaN where nothing is known."""
    known = np.isfinite(x)
    ordered = np.sort(np.where(known, x, np.inf), axis=0)
    count = known.sum(axis=0)
    middle = ordered[np.maximum(count - 1, 0) // 2, np.arange(x.shape[1])]
    return np.where(count > 0, middle, np.nan)


def shrink(
    excess: Excess,
    found: CounterExample,
    *,
    simpler: Callable[[Element], Sequence[Element]],
    typical: Array | CurveLayout,
    threshold: float,
    most: int,
) -> CounterExample:
    """The simplest counter-example that at most `most` trials find.

    The element is brought nearer to the identity, then columns of the object are set to their typical values, halves
    first (ddmin), then the element once more, then numbers are rounded; whatever keeps the excess above `threshold`
    stays. A light curve, whose layout is given in place of a typical object, loses epochs instead.

    References
    ----------
    Zeller & Hildebrandt 2002, IEEE Trans. Software Eng. 28, 183; MacIver & Donaldson 2020, ECOOP (Hypothesis).
    """
    plain = _FewerEpochs(typical) if isinstance(typical, CurveLayout) else _Typical(typical)
    search = _Search(excess, simpler, plain, threshold, most)
    simplest = search.nearer(search.plainer(search.nearer(found)))
    return search.rounded(simplest) if plain.can_be_rounded else simplest


class _Typical:
    """An object is plainer the more of its columns are typical."""

    can_be_rounded, fewest = True, 0

    def __init__(self, typical: Array) -> None:
        self.typical = typical

    def differs(self, x: Array) -> NDArray[np.intp]:
        """Columns that can be made plain."""
        return np.flatnonzero(np.isfinite(x) & np.isfinite(self.typical) & (x != self.typical))

    def made(self, x: Array, columns: NDArray[np.intp]) -> Array:
        """The object with some columns made plain."""
        plain = x.copy()
        plain[columns] = self.typical[columns]
        return plain


class _FewerEpochs:
    """A light curve is plainer the fewer epochs it has; an epoch goes by the column of its value.

    Five stay: nothing is asked of methods about fewer.
    """

    can_be_rounded, fewest = False, 5

    def __init__(self, layout: CurveLayout) -> None:
        self.layout = layout

    def differs(self, x: Array) -> NDArray[np.intp]:
        """Columns of the values that are there."""
        values = np.asarray(self.layout.value_columns)
        return values[np.isfinite(x[values])]

    def made(self, x: Array, columns: NDArray[np.intp]) -> Array:
        """The light curve without some epochs."""
        plain = x.copy()
        for start in range(len(self.layout.extras), len(x), self.layout.n_epochs):
            plain[columns - self.layout.value_columns.start + start] = np.nan
        return plain


class _Search:
    """Trials of simpler counter-examples, and how many are left."""

    def __init__(
        self,
        excess: Excess,
        simpler: Callable[[Element], Sequence[Element]],
        plain: _Typical | _FewerEpochs,
        threshold: float,
        left: int,
    ) -> None:
        self.excess, self.simpler, self.plain = excess, simpler, plain
        self.threshold, self.left = threshold, left

    def nearer(self, found: CounterExample) -> CounterExample:
        """The same object under the simplest element that breaks the rule."""
        # Halving has no end where the rule is broken however small the change.
        for _ in range(_MOST_HALVINGS):
            tried = (self._first(found, found.x[None], element) for element in self.simpler(found.element))
            better = next((example for example in tried if example is not None), None)
            if better is None:
                break
            found = better
        return found

    def plainer(self, found: CounterExample) -> CounterExample:
        """The same element on an object that differs from the typical one in as few columns as can be found."""
        found = replace(found, differs=self.plain.differs(found.x))
        size = len(found.differs)
        while size >= 1 and len(found.differs) and self.left > 0:
            better = self._without_blocks(found, size)
            if better is None:
                size = size // 2
            else:
                found, size = better, min(size, len(better.differs))
        return found

    def rounded(self, found: CounterExample) -> CounterExample:
        """The same with fewer digits."""
        for digits in (1, 2, 3):
            x = found.x.copy()
            x[found.differs] = [float(f"{value:.{digits}g}") for value in x[found.differs]]
            better = self._first(found, x[None], found.element)
            if better is not None:
                return better
        return found

    def _without_blocks(self, found: CounterExample, size: int) -> CounterExample | None:
        """The object with all blocks of columns made typical that may be; None where none may."""
        blocks = [found.differs[start : start + size] for start in range(0, len(found.differs), size)]
        blocks = [block for block in blocks if self._may_go(found, block)]
        if not blocks:
            return None
        excess = self._try(found, np.stack([self.plain.made(found.x, block) for block in blocks]), found.element)
        droppable = [block for block, size_ in zip(blocks, excess, strict=False) if size_ > self.threshold]
        if not droppable:
            return None
        together = np.concatenate(droppable)
        best = blocks[int(np.argmax(excess))]
        for block in (together, best) if len(droppable) > 1 and self._may_go(found, together) else (best,):
            better = self._first(found, self.plain.made(found.x, block)[None], found.element)
            if better is not None:
                return replace(better, differs=np.setdiff1d(found.differs, block))
        return None

    def _may_go(self, found: CounterExample, columns: NDArray[np.intp]) -> bool:
        return len(found.differs) - len(columns) >= self.plain.fewest

    def _first(self, found: CounterExample, x: Array, element: Element) -> CounterExample | None:
        excess = self._try(found, x, element)
        if not excess.size or not excess[0] > self.threshold:
            return None
        return replace(found, x=x[0], element=element, excess=float(excess[0]))

    def _try(self, found: CounterExample, x: Array, element: Element) -> Array:
        x = x[: max(self.left, 0)]
        self.left -= len(x)
        if not len(x):
            return np.empty(0)
        return self.excess(x, repeated(found.noise, len(x)), element)


def repeated(noise: Noise | None, n: int) -> Noise | None:
    """The noise of one object for `n` objects."""
    return None if noise is None else noise[np.zeros(n, dtype=int)]
