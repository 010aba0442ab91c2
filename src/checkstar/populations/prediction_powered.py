"""Prediction-powered inference: many predictions and a small gold sample of true values, together and without bias.

The gold sample must be drawn like the objects that were predicted, or weighted so that it is. Predictions may be of any
quality: good ones shorten the interval, bad ones do not bias it (Angelopoulos et al. 2023, Science 382, 669).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from checkstar.errors import InputError
from checkstar.estimates import from_influence, kish, normalised_weights, unit_count
from checkstar.evidence import ALPHA, Estimate, binomial

__all__ = ["Gold", "Unlabelled", "powered_mean", "powered_quantile", "powered_slope", "rectifier"]

Array = NDArray[np.float64]
Units = NDArray[np.intp]

#: Independent gold objects from which a power can be told.
_FEWEST = 4.0


class Gold(NamedTuple):
    """A small sample with truth: `truth` (n,), `predicted` (n,); unit and weight of each object where they matter."""

    truth: Array
    predicted: Array
    units: Units | None = None
    weights: Array | None = None


class Unlabelled(NamedTuple):
    """The objects that the answer is about: `predicted` (m,); unit and weight of each where they matter."""

    predicted: Array
    units: Units | None = None
    weights: Array | None = None


def powered_mean(gold: Gold, unlabelled: Unlabelled, power: float | None = None) -> Estimate:
    """Mean of the true values of the unlabelled objects.

    Parameters
    ----------
    gold : Gold
    unlabelled : Unlabelled
    power : float, optional
        How far predictions are used: 1 is prediction-powered inference, 0 the gold sample alone; by default what gives
        the shortest interval (PPI++).

    References
    ----------
    Angelopoulos et al. 2023, Science 382, 669; Angelopoulos, Duchi & Zrnic 2023, arXiv:2311.01453 (PPI++).

    Examples
    --------
    >>> f = np.array([1.0, 2.0, 3.0, 4.0])
    >>> round(powered_mean(Gold(f + 0.5, f), Unlabelled(np.full(1000, 2.0)), power=1.0).value, 6)
    2.5
    """
    gold, unlabelled = _checked(gold, unlabelled)
    return _combined(*_means(gold, unlabelled), gold, unlabelled, power)


def rectifier(gold: Gold, unlabelled: Unlabelled, power: float | None = None) -> Estimate:
    """Mean of the predictions of the unlabelled objects minus `powered_mean`: the bias of the naive mean."""
    gold, unlabelled = _checked(gold, unlabelled)
    truth, said, other = _means(gold, unlabelled)
    fitted, power = power is None, _best_power(truth, said, other, gold, unlabelled) if power is None else power
    value = other.value - truth.value + power * (said.value - other.value)
    of_gold, of_other = power * said.influence - truth.influence, (1 - power) * other.influence
    return _joined(value, of_gold, gold, of_other, unlabelled, fitted=fitted)


def powered_quantile(gold: Gold, unlabelled: Unlabelled, level: float, power: float | None = None) -> Estimate:
    """Quantile of the true values of the unlabelled objects: where the powered distribution function is `level`.

    Its interval holds the values that a test at 5 % does not refuse; beyond the outermost it is infinite.

    Parameters
    ----------
    level : float in (0, 1)
    power : float, optional
        As in `powered_mean`; chosen once, at the quantile of the gold sample.
    """
    if not 0 < level < 1:
        raise InputError(f"level is {level}; a quantile lies between 0 and 1.")
    gold, unlabelled = _checked(gold, unlabelled)
    every = np.concatenate([gold.truth, gold.predicted, unlabelled.predicted])
    candidates = np.unique(np.quantile(every, np.linspace(0, 1, min(len(every), 400)), method="nearest"))
    if power is None:
        middle = float(np.quantile(gold.truth, level))
        power = _best_power(*_means(*_below(gold, unlabelled, middle)), gold, unlabelled)
    shares = [_share(*_below(gold, unlabelled, float(c)), power) for c in candidates]
    reached = np.array([s.value >= level for s in shares])
    value = float(candidates[reached.argmax()] if reached.any() else candidates[-1])
    accepted = np.flatnonzero([s.low <= level <= s.high for s in shares])
    first, last = (accepted[0], accepted[-1]) if len(accepted) else (reached.argmax(), reached.argmax())
    low = -math.inf if first == 0 else float(candidates[first])
    # The share below a value jumps there: the next candidate is the first that is refused.
    high = math.inf if last + 1 >= len(candidates) else float(candidates[last + 1])
    return Estimate(value, min(low, value), max(high, value), shares[0].n)


def powered_slope(
    gold: Gold, unlabelled: Unlabelled, x_gold: ArrayLike, x_unlabelled: ArrayLike, power: float | None = None
) -> Estimate:
    """Slope of the true values on a covariate `x`, by least squares with an intercept.

    Parameters
    ----------
    x_gold, x_unlabelled : (n,), (m,) array
        The covariate, free of errors.
    power : float, optional
        As in `powered_mean`.
    """
    gold, unlabelled = _checked(gold, unlabelled)
    a, b = np.asarray(x_gold, dtype=float), np.asarray(x_unlabelled, dtype=float)
    if a.shape != gold.truth.shape or b.shape != unlabelled.predicted.shape:
        raise InputError(f"x has shapes {a.shape} and {b.shape}; give one value for each object of the two samples.")
    truth, said = (_slope(a, values, gold.weights) for values in (gold.truth, gold.predicted))
    return _combined(truth, said, _slope(b, unlabelled.predicted, unlabelled.weights), gold, unlabelled, power)


class _Linear(NamedTuple):
    """An estimate from one sample with its influence values, weights counted."""

    value: float
    influence: Array


def _means(gold: Gold, unlabelled: Unlabelled) -> tuple[_Linear, _Linear, _Linear]:
    return (
        _mean(gold.truth, gold.weights),
        _mean(gold.predicted, gold.weights),
        _mean(unlabelled.predicted, unlabelled.weights),
    )


def _mean(values: Array, weights: Array | None) -> _Linear:
    w = normalised_weights(weights, len(values))
    centre = float((w * values).mean())
    return _Linear(centre, w * (values - centre))


def _slope(x: Array, values: Array, weights: Array | None) -> _Linear:
    w = normalised_weights(weights, len(x))
    offset = x - float((w * x).mean())
    variance = float((w * offset**2).mean())
    if variance <= 0:
        raise InputError("all values of x are equal; a slope needs two different ones in either sample.")
    slope = float((w * offset * values).mean()) / variance
    rest = values - float((w * values).mean()) - slope * offset
    return _Linear(slope, w * offset * rest / variance)


def _below(gold: Gold, unlabelled: Unlabelled, value: float) -> tuple[Gold, Unlabelled]:
    """Whether each is at most `value`, as numbers."""
    inside = gold._replace(truth=(gold.truth <= value).astype(float), predicted=(gold.predicted <= value).astype(float))
    return inside, unlabelled._replace(predicted=(unlabelled.predicted <= value).astype(float))


def _share(gold: Gold, unlabelled: Unlabelled, power: float) -> Estimate:
    """`powered_mean` of a share; where the gold sample lies on one side, no narrower than a binomial share of none."""
    found = powered_mean(gold, unlabelled, power)
    if np.ptp(gold.truth) > 0:
        return found
    weights = np.ones(len(gold.truth)) if gold.weights is None else gold.weights
    n = kish(weights, gold.units)
    exact = binomial(n * float(gold.truth[0]), n)
    return found._replace(low=min(found.low, exact.low), high=max(found.high, exact.high))


def _combined(
    truth: _Linear, said: _Linear, other: _Linear, gold: Gold, unlabelled: Unlabelled, power: float | None
) -> Estimate:
    fitted, power = power is None, _best_power(truth, said, other, gold, unlabelled) if power is None else power
    value = truth.value - power * (said.value - other.value)
    of_gold, of_other = truth.influence - power * said.influence, power * other.influence
    return _joined(value, of_gold, gold, of_other, unlabelled, fitted=fitted)


def _best_power(truth: _Linear, said: _Linear, other: _Linear, gold: Gold, unlabelled: Unlabelled) -> float:
    """The power of least variance (PPI++, eq. 6), from the errors of the three estimates by unit; zero if it is not known."""
    if _effective(gold) < _FEWEST:
        return 0.0
    shared = _covariance(truth.influence, said.influence, gold.units)
    spread = _covariance(said.influence, said.influence, gold.units)
    spread += _covariance(other.influence, other.influence, unlabelled.units)
    return shared / spread if spread > 0 else 0.0


def _covariance(one: Array, other: Array, units: Units | None) -> float:
    """Covariance of two estimates from the influence of the same objects."""
    if units is None:
        return float(one @ other) / len(one) ** 2
    return float(np.bincount(units, weights=one) @ np.bincount(units, weights=other)) / len(one) ** 2


def _effective(gold: Gold) -> float:
    """Effective number of independent objects of the gold sample."""
    weights = np.ones(len(gold.truth)) if gold.weights is None else gold.weights
    units = np.arange(len(gold.truth)) if gold.units is None else gold.units
    return float(unit_count(units)) if gold.weights is None else kish(weights, units)


def _joined(
    value: float, of_gold: Array, gold: Gold, of_other: Array, unlabelled: Unlabelled, *, fitted: bool
) -> Estimate:
    """An estimate whose errors come from two independent samples; the gold sample sets its number of units.

    A power that was `fitted` to the gold sample is a slope: the residuals of n objects then have n - 2 degrees of freedom,
    and the mean of a regression on a normal covariate the variance RSS / (n (n - 3)) (Cochran 1977, Sampling Techniques,
    section 7.4).
    """
    parts = [
        from_influence(value, influence, np.arange(len(influence)) if s.units is None else s.units, s.weights)
        for influence, s in ((of_gold, gold), (of_other, unlabelled))
    ]
    halves = [part.high - value for part in parts]
    if fitted and (n := parts[0].n) >= _FEWEST:
        halves[0] *= math.sqrt((n - 1) / (n - 3)) * float(
            special.stdtrit(n - 2, 1 - ALPHA) / special.stdtrit(n - 1, 1 - ALPHA)
        )
    half = math.hypot(*halves)
    return Estimate(value, value - half, value + half, parts[0].n)


def _checked(gold: Gold, unlabelled: Unlabelled) -> tuple[Gold, Unlabelled]:
    truth, predicted, other = (
        np.asarray(values, dtype=float) for values in (gold.truth, gold.predicted, unlabelled.predicted)
    )
    if truth.ndim != 1 or truth.shape != predicted.shape or len(truth) < 2 or other.ndim != 1 or len(other) < 2:
        raise InputError(
            f"the gold sample has {truth.shape} true and {predicted.shape} predicted values, the others {other.shape}; "
            "give at least two objects in each, one value an object."
        )
    if not (np.isfinite(truth).all() and np.isfinite(predicted).all() and np.isfinite(other).all()):
        raise InputError("the gold sample or the predictions hold values that are not finite; drop these objects.")
    return gold._replace(truth=truth, predicted=predicted), unlabelled._replace(predicted=other)
