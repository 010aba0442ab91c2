"""Match rates: how often periods that were found are those of a catalogue, or multiples or aliases of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.errors import InputError
from checkstar.evidence import Estimate, binomial
from checkstar.variability.aliases import DAILY

__all__ = ["MatchRates", "match_kinds", "match_rate"]


class MatchRates(NamedTuple):
    """Shares of objects, each with its exact binomial 95 % interval: the same period, half or double, a daily alias, another."""

    exact: Estimate
    harmonic: Estimate
    alias: Estimate
    other: Estimate

    def __str__(self) -> str:
        shares = (
            f"{name} {e.value:.3f} [{e.low:.3f}, {e.high:.3f}]" for name, e in zip(self._fields, self, strict=True)
        )
        return f"{', '.join(shares)} of {self.exact.n:.0f}"


def match_rate(
    found: ArrayLike, catalogue: ArrayLike, *, tolerance: float = 0.01, resolution: float = 1e-3
) -> MatchRates:
    """How often the periods found (n,) are those of the catalogue (n,); see `match_kinds`.

    Objects without a catalogue period are left out; an object without a found one counts as `other`.

    Examples
    --------
    >>> print(match_rate([0.5, 0.25, 0.9, np.nan], [0.501, 0.5, 0.6, 2.0]))
    exact 0.250 [0.006, 0.806], harmonic 0.250 [0.006, 0.806], alias 0.000 [0.000, 0.602], other 0.500 [0.068, 0.932] of 4
    """
    kinds = match_kinds(found, catalogue, tolerance=tolerance, resolution=resolution)
    known = kinds[kinds != ""]
    return MatchRates(*(binomial(int((known == kind).sum()), len(known)) for kind in MatchRates._fields))


def match_kinds(
    found: ArrayLike, catalogue: ArrayLike, *, tolerance: float = 0.01, resolution: float = 1e-3
) -> NDArray[np.str_]:
    """What each period (n,) is to that of the catalogue (n,): "exact", "harmonic", "alias" or "other"; "" where that has none.

    Parameters
    ----------
    found, catalogue : (n,) arrays
        Days; NaN where there is none. Of several candidates for each (n, k), the first is taken.
    tolerance : float
        Relative difference that counts as the same; of half and of double the period too.
    resolution : float
        Difference of frequency, per day, within which it is an alias: the catalogue's or half or twice of it, moved by
        one or two solar or sidereal days. A few over the span of the light curves.
    """
    given, truth = np.asarray(found, dtype=float), np.asarray(catalogue, dtype=float)
    given = given[:, 0] if given.ndim == 2 else given
    if given.shape != truth.shape or given.ndim != 1:
        raise InputError(
            f"{given.shape} periods were found but the catalogue has {truth.shape}; give one of each an object."
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio, f, true_f = given / truth, 1 / given, 1 / truth
    multiples = np.array([1.0, 2.0, 0.5])
    same = np.abs(ratio[:, None] / multiples - 1) <= tolerance
    apart = np.abs(f[:, None, None] - multiples[:, None] * true_f[:, None, None])
    together = f[:, None, None] + multiples[:, None] * true_f[:, None, None]
    near = (np.abs(apart - DAILY) < resolution) | (np.abs(together - DAILY) < resolution)
    kinds = np.select([same[:, 0], same.any(axis=1), near.any(axis=(1, 2))], ["exact", "harmonic", "alias"], "other")
    return np.where(np.isfinite(truth) & (truth > 0), kinds, "")
