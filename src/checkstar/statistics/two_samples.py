"""Two samples: how well they can be told apart, by units."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from checkstar.estimates import unit_count
from checkstar.evidence import ALPHA, Estimate

__all__ = ["energy_p_value", "from_two_influences", "if_fully_learned", "joint_units", "told_apart"]

Array = NDArray[np.float64]
Units = NDArray[np.intp]


def told_apart(
    scores: tuple[Array, Array], units: tuple[Units, Units], folds: tuple[Units, Units] | None = None
) -> Estimate:
    """AUC - 0.5 of scores of two samples, with the interval of its placements summed by unit.

    The AUC is the probability that an object of the second scores higher than one of the first; zero is what chance
    gives. Scores are compared within folds only, because those of different fits have no common zero point.

    Parameters
    ----------
    scores : pair of (n,) and (m,) array
    units : pair of (n,) and (m,) array of int
        Independent unit of each object, numbered together (`joint_units`).
    folds : pair of (n,) and (m,) array of int, optional
        Fit that gave each score.

    References
    ----------
    DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44, 837; Obuchowski 1997, Biometrics 53, 567 (clusters); Welch 1947,
    Biometrika 34, 28 (degrees of freedom).
    """
    first, second = scores
    in_first, in_second = folds if folds is not None else (np.zeros(len(first), int), np.zeros(len(second), int))
    influence = np.zeros(len(first)), np.zeros(len(second))
    value, n_used = 0.0, 0
    for fold in np.intersect1d(in_first, in_second):
        rows, others = in_first == fold, in_second == fold
        below, above = _placements(first[rows], second[others])
        area = float(above.mean())
        n_used += len(above)
        value += len(above) * area
        influence[0][rows] = (below - area) * len(above) / len(below)
        influence[1][others] = above - area
    if not n_used:
        return Estimate(math.nan, -math.inf, math.inf, 0.0)
    return from_two_influences(value / n_used - 0.5, (influence[0] / n_used, influence[1] / n_used), units)


def from_two_influences(
    value: float, influence: tuple[Array, Array], units: tuple[Units, Units], most_degrees: float = math.inf
) -> Estimate:
    """Estimate from the influences of the objects of two samples, which add up to its error.

    Degrees of freedom are Welch's, and at most `most_degrees`.
    """
    codes = np.unique(np.concatenate(units), return_inverse=True)[1].ravel()
    split = len(influence[0])
    sums = [
        np.bincount(part, weights=values, minlength=int(codes.max()) + 1)
        for part, values in zip((codes[:split], codes[split:]), influence, strict=True)
    ]
    variances, counts = [], []
    for part, total in zip((codes[:split], codes[split:]), sums, strict=True):
        g = len(np.unique(part))
        counts.append(g)
        variances.append(g / (g - 1) * float((total**2).sum()) if g > 1 else math.inf)
    if not all(math.isfinite(v) for v in variances):
        return Estimate(value, -math.inf, math.inf, float(min(counts)))
    # A unit in both samples errs in both together.
    variance = max(sum(variances) + 2 * float((sums[0] * sums[1]).sum()), 1e-300)
    degrees = variance**2 / max(sum(v**2 / (g - 1) for v, g in zip(variances, counts, strict=True)), 1e-300)
    degrees = max(min(max(degrees, min(counts) - 1), sum(counts) - 2, most_degrees), 1.0)
    half = float(stats.t.isf(ALPHA, degrees)) * math.sqrt(variance)
    return Estimate(value, value - half, value + half, degrees + 1)


def if_fully_learned(found: Estimate, n_terms: int, n_first: float, n_second: float) -> Estimate:
    """A cross-fitted AUC - 0.5 with the upper end of the best direction, were it known.

    A direction learned among k whitened terms from n and m objects is off by noise of variance k (1/n + 1/m), so that a
    shift by d standard deviations is seen as ``d^2 / sqrt(d^2 + k (1/n + 1/m))`` (Raudys & Young 2004, J. Multivar. Anal.
    89, 1). The upper end is the inverse of this, at twice the variance: each pair of objects is learned from once and
    judged once, so that near chance a cross-fitted AUC varies twice as much as its placements do.

    Examples
    --------
    >>> found = Estimate(0.0, -0.02, 0.02)
    >>> round(if_fully_learned(found, 10, 1000, 1000).high, 2), round(if_fully_learned(found, 10, 1e6, 1e6).high, 2)
    (0.04, 0.03)
    """
    # An AUC below one half is chance, not evidence of more than equality.
    high = max(found.value, 0.0) + math.sqrt(2) * (found.high - found.value)
    if not math.isfinite(high):
        return found
    seen = math.sqrt(2) * float(special.ndtri(min(max(high, 0.0) + 0.5, 1 - 1e-12)))
    noise = n_terms * (1 / max(n_first, 1) + 1 / max(n_second, 1))
    shift = math.sqrt((seen**2 + math.sqrt(seen**4 + 4 * seen**2 * noise)) / 2)
    return found._replace(high=max(high, float(special.ndtr(shift / math.sqrt(2))) - 0.5))


def joint_units(first: Units, second: Units, groups: tuple[Array | None, Array | None]) -> tuple[Units, Units]:
    """Units of two samples numbered together: where both have groups, the same group is the same unit."""
    if groups[0] is None or groups[1] is None:
        return first, second + unit_count(first)
    names = np.concatenate([groups[0].astype(str), groups[1].astype(str)])
    codes = np.unique(names, return_inverse=True)[1].ravel()
    return codes[: len(first)], codes[len(first) :]


def energy_p_value(
    first: Array, second: Array, units: tuple[Units, Units], rng: np.random.Generator, n_permutations: int = 199
) -> float:
    """Permutation p-value ``(1 + k) / (1 + n)`` of equal distributions, by the energy distance; whole units permute.

    NaN where units are in both samples, which cannot be exchanged.

    References
    ----------
    Szekely & Rizzo 2013, J. Stat. Plan. Inference 143, 1249.
    """
    from scipy.spatial.distance import cdist

    if np.intersect1d(*units).size:
        return math.nan
    x = np.concatenate([first, second])
    codes = np.unique(np.concatenate(units), return_inverse=True)[1].ravel()
    is_second = np.zeros(unit_count(codes), dtype=bool)
    is_second[codes[len(first) :]] = True
    chosen = np.stack([is_second] + [rng.permutation(is_second) for _ in range(n_permutations)], axis=1)[codes]
    distance = cdist(x, x)
    n, m = (~chosen).sum(axis=0), chosen.sum(axis=0)
    to_second = distance @ chosen.astype(float)
    within_second = (chosen * to_second).sum(axis=0)
    between = to_second.sum(axis=0) - within_second
    within_first = distance.sum() - 2 * between - within_second
    energy = 2 * between / (n * m) - within_first / n**2 - within_second / m**2
    return float((1 + (energy[1:] >= energy[0] - 1e-12).sum()) / (1 + n_permutations))


def _placements(first: Array, second: Array) -> tuple[Array, Array]:
    """Share of the second above each of the first, and share of the first below each of the second; ties count half."""
    ordered_first, ordered_second = np.sort(first), np.sort(second)
    below = 1 - _midrank(ordered_second, first) / len(second)
    above = _midrank(ordered_first, second) / len(first)
    return below, above


def _midrank(ordered: Array, values: Array) -> Array:
    below, up_to = (np.searchsorted(ordered, values, side) for side in ("left", "right"))
    return 0.5 * (below + up_to).astype(float)
