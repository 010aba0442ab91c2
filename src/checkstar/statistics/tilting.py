"""Tilting: reweight test objects so that their truth follows another population, allowing for errors of the truth.

The weight is ``exp(a y + b y^2)``, which turns one normal population into any other and shifts any population's mean
(exponential tilting; entropy balancing, Hainmueller 2012, Political Analysis 20, 25). Truth that is known with normal
error s would be selected by its error too. With ``q = 1 + 2 b s^2`` the weight and the truth are replaced by

    h = q^(-1/2) exp((a y + b y^2 - a^2 s^2 / 2) / q),    t = (y - a s^2) / q,    t2 = t^2 - s^2 / q,

whose expectations at fixed true y0 are ``exp(a y0 + b y0^2)`` times 1, y0 and y0^2 exactly (a Gaussian integral). So
every average under the tilted population is free of the errors of the truth, for any method whose predictions do not
share them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from checkstar.claims import Population
from checkstar.estimates import from_influence, kish
from checkstar.evidence import ALPHA, Estimate

__all__ = ["Tilt", "tilt", "tilted_mean"]

Array = NDArray[np.float64]


class Tilt(NamedTuple):
    """Weights `h` (n,) of mean one, their coefficients (a, b), the population reached and Kish's effective number."""

    h: Array
    coefficients: Array
    population: Population
    n_effective: float


def _moments(coefficients: Array, y: Array, s2: Array, weight: Array) -> tuple[Array, Array, Array]:
    a = coefficients[0]
    b = coefficients[1] if len(coefficients) > 1 else 0.0
    q = 1 + 2 * b * s2
    exponent = (a * y + b * y**2 - 0.5 * a**2 * s2) / q - 0.5 * np.log(q)
    h = weight * np.exp(exponent - exponent.max())
    t = (y - a * s2) / q
    return h / h.mean(), t, t**2 - s2 / q


def _excess(coefficients: Array, y: Array, s2: Array, weight: Array, population: Population) -> Array:
    """How far the tilted moments are from the population's; zero at the solution."""
    h, t, t2 = _moments(coefficients, y, s2, weight)
    wanted = [(h * t).mean() - population.mean]
    if population.std is not None:
        wanted.append((h * t2).mean() - population.mean**2 - population.std**2)
    return np.asarray(wanted)


def tilt(y: Array, y_err: Array, weight: Array, population: Population, units: NDArray[np.intp]) -> Tilt | None:
    """Weights that give the truth the population's mean (and spread); None where the objects do not reach it.

    Parameters
    ----------
    y, y_err : (n,) array
        Truth and its standard errors.
    weight : (n,) array
        Selection weights.
    population : Population
    units : (n,) array of int
        Independent unit of each object.
    """
    centre, scale = float(np.average(y, weights=weight)), float(np.std(y))
    if scale == 0 or not y.min() < population.mean < y.max():
        return None
    z, s2 = (y - centre) / scale, np.square(y_err / scale)
    target = _standardised(population, centre, scale)
    start = [target.mean] if target.std is None else [target.mean / target.std**2, 0.5 * (1 - target.std**-2)]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        solution = optimize.root(_excess, start, args=(z, s2, weight, target), method="hybr")
        h = _moments(solution.x, z, s2, weight)[0]
    if not solution.success or np.abs(solution.fun).max() > 1e-6 or not np.isfinite(h).all():
        return None
    return Tilt(h, solution.x, population, kish(h, units))


def tilted_mean(
    values: Array,
    found: Tilt,
    y: Array,
    y_err: Array,
    weight: Array,
    units: NDArray[np.intp],
    shares: Array | None = None,
) -> Estimate:
    """Mean of ``values - truth`` (n,) under the tilted population, each object counted `shares` times; with its interval.

    The interval knows that the coefficients were fitted to the same objects (two-step M-estimation, Newey & McFadden
    1994): the derivative of the mean along the coefficients is taken numerically and the moment conditions removed.
    """
    shares = np.ones(len(values)) if shares is None else shares
    centre, scale = float(np.average(y, weights=weight)), float(np.std(y))
    z, s2 = (y - centre) / scale, np.square(y_err / scale)
    target = _standardised(found.population, centre, scale)

    def average(coefficients: Array) -> tuple[float, Array]:
        h, t, _ = _moments(coefficients, z, s2, weight)
        counted = h * shares / float((h * shares).mean())
        difference = values - centre - scale * t
        value = float((counted * difference).mean())
        return value, counted * (difference - value)

    value, influence = average(found.coefficients)
    gradient, jacobian = [], []
    for j, size in enumerate(1e-5 * np.maximum(1.0, np.abs(found.coefficients))):
        step = np.zeros_like(found.coefficients)
        step[j] = size
        up, down = found.coefficients + step, found.coefficients - step
        gradient.append((average(up)[0] - average(down)[0]) / (2 * size))
        jacobian.append((_excess(up, z, s2, weight, target) - _excess(down, z, s2, weight, target)) / (2 * size))
    h, t, t2 = _moments(found.coefficients, z, s2, weight)
    conditions = [h * (t - target.mean)]
    if target.std is not None:
        conditions.append(h * (t2 - target.mean**2 - target.std**2))
    slope = np.linalg.lstsq(np.asarray(jacobian), np.asarray(gradient), rcond=None)[0]
    # Few objects carry most of the weight: each is judged by a fit without it (HC3; MacKinnon & White 1985).
    leverage = h / len(h) * (1 + (t - target.mean) ** 2 / float((h * (t - target.mean) ** 2).mean()))
    influence = (influence - np.asarray(conditions).T @ slope) / (1 - np.minimum(leverage, 0.9))
    estimate = from_influence(value, influence, units)
    return _with_degrees_of_freedom(estimate, kish(h, units) - 1 - len(found.coefficients))


def _with_degrees_of_freedom(estimate: Estimate, degrees: float) -> Estimate:
    """The interval with the degrees of freedom that the effective, not the actual, number of units leaves."""
    if degrees <= 1 or not np.isfinite(estimate.high):
        return estimate._replace(low=-np.inf, high=np.inf)
    quantiles = [float(special.stdtrit(d, 1 - ALPHA)) for d in (degrees, max(estimate.n - 1, 1))]
    half = (estimate.high - estimate.value) * quantiles[0] / quantiles[1] * np.sqrt((degrees + 2) / degrees)
    return estimate._replace(low=estimate.value - half, high=estimate.value + half)


def _standardised(population: Population, centre: float, scale: float) -> Population:
    return Population(
        mean=(population.mean - centre) / scale, std=None if population.std is None else population.std / scale
    )
