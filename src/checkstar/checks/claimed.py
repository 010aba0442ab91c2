"""The populations that a mean is claimed for, and the limit of its bias: shared by the checks of averages."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.claims import Claim, Population, Shift
from checkstar.estimates import mean, normalised_weights
from checkstar.evidence import Estimate, LimitKind
from checkstar.runs import LabelView
from checkstar.statistics.tilting import Tilt, tilt, tilted_mean

__all__ = [
    "CONVENTIONAL_N",
    "Claimed",
    "claimed_populations",
    "limit_of_mean",
    "mean_bias",
    "plainly",
    "reach",
    "scatter",
]

#: Objects whose standard error of the mean is the limit where a claim names neither a tolerance nor a number.
CONVENTIONAL_N = 1000


class Claimed(NamedTuple):
    """A population with its name; None is that of the test objects themselves."""

    name: str
    population: Population | None
    decides: bool


def claimed_populations(view: LabelView, claim: Claim, *, deciding: float, shown: float) -> list[Claimed]:
    """The population claimed; without one, the training set's mean shifted by plus and minus `deciding` deviations.

    Those shifted by `deciding` and `shown` training standard deviations are shown in any case, and the test objects'.
    """
    centre = float(np.mean(view.truth if view.training is None else view.training))
    chosen = [Claimed("like the test set", None, False)]
    if isinstance(claim.population, Shift):
        chosen.append(Claimed("shifted as claimed", Population(mean=centre + claim.population.by), True))
    elif claim.population is not None:
        chosen.append(Claimed("as claimed", claim.population, True))
    for shift in (-shown, -deciding, deciding, shown):
        decides = claim.population is None and abs(shift) == deciding
        chosen.append(Claimed(f"shifted by {shift:+g} sd", Population(mean=centre + shift * view.spread), decides))
    return chosen


def reach(view: LabelView, population: Population | None, min_effective: float) -> Tilt | None:
    """Weights that turn the test objects into a population; None where fewer than `min_effective` are left of them."""
    weight = normalised_weights(view.weight, len(view.truth))
    if population is None:
        return Tilt(weight, np.zeros(0), Population(mean=float(view.truth.mean())), float(len(weight)))
    found = tilt(view.truth, view.truth_err, weight, population, view.units)
    return None if found is None or found.n_effective < min_effective else found


def mean_bias(
    values: NDArray[np.float64], found: Tilt, view: LabelView, shares: NDArray[np.float64] | None = None
) -> Estimate:
    """Mean of `values` (n,) minus truth under a tilted population, each object counted `shares` times."""
    weight = normalised_weights(view.weight, len(view.truth))
    if not len(found.coefficients):
        return mean(values - view.truth, view.units, weight if shares is None else weight * shares)
    return tilted_mean(values, found, view.truth, view.truth_err, weight, view.units, shares)


def scatter(values: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """Weighted standard deviation."""
    centre = np.average(values, weights=weight)
    return float(np.sqrt(np.average((values - centre) ** 2, weights=weight)))


def limit_of_mean(spread: float, claim: Claim) -> tuple[float, LimitKind]:
    """The tolerance of a claim on a mean, else the standard error of the mean of values that scatter so much."""
    if claim.tolerance is not None and claim.use == "population_mean":
        return claim.tolerance, "claim"
    if claim.n_objects is not None:
        return spread / math.sqrt(claim.n_objects), "derived"
    return spread / math.sqrt(CONVENTIONAL_N), "convention"


def plainly(value: float) -> str:
    """A number in words of a reason: no more digits than mean anything."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
