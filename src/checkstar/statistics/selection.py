"""Injections: objects of known label put through a selection, found or missed.

Reweighted from the density they were drawn from to a population, they measure which share of it is found,
``alpha = (1/M) sum over found of p(y | population) / p_draw(y)`` (Mandel, Farr & Gair 2019, MNRAS 486, 1086), and how
far the mean of what is found lies from that of what is there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.errors import InputError
from checkstar.estimates import from_influence
from checkstar.evidence import Estimate

__all__ = ["FEWEST_PER_OBJECT", "Found", "Injections", "find", "selection_bias"]

Array = NDArray[np.float64]

#: Effective number of found injections that each object of a population needs (Farr 2019, arXiv:1904.10879).
FEWEST_PER_OBJECT = 4.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Injections:
    """Injected objects.

    Attributes
    ----------
    labels : (m,) or (m, k) array
        True labels at which objects were injected.
    log_density : (m,) or (m, k) array
        Logarithm of the density from which each label was drawn (its own, where there are several).
    found : (m,) bool array
        Whether it was selected.
    weight : (m,) array, optional
        Weight with which a found object enters the mean, as the test objects' own; one where selection is ignored.

    Raises
    ------
    InputError
        If lengths disagree, or nothing or no number is there.
    """

    labels: ArrayLike
    log_density: ArrayLike
    found: ArrayLike
    weight: ArrayLike | None = None

    def __post_init__(self) -> None:
        labels, density = (_columns(name, getattr(self, name)) for name in ("labels", "log_density"))
        found = np.asarray(self.found).ravel().astype(bool)
        weight = np.ones(len(found)) if self.weight is None else np.asarray(self.weight, dtype=float).ravel()
        if labels.shape != density.shape or not len(found) == len(weight) == len(labels):
            raise InputError(
                f"injections have labels of shape {labels.shape}, densities {density.shape}, {len(found)} entries of found "
                f"and {len(weight)} weights; give one of each per injected object."
            )
        if not (np.isfinite(weight).all() and (weight >= 0).all()):
            raise InputError("weights of injections must be finite and not negative; give 1/P(selected).")
        for name, value in (("labels", labels), ("log_density", density), ("found", found), ("weight", weight)):
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(np.asarray(self.found))


class Found(NamedTuple):
    """Share of a population that is found, the effective number of found injections, and of all of them.

    `covered` is the share of the population that was injected at all: one, where injections reach beyond it.
    """

    share: Estimate
    n_effective: float
    n_effective_all: float
    covered: Estimate


def find(injections: Injections, mean: float, std: float, label: int = 0) -> Found:
    """Share of a normal population that is found, and how many found injections stand for it.

    The effective number is ``alpha^2 / var(alpha)`` (Farr 2019, arXiv:1904.10879, eq. 9).

    Examples
    --------
    >>> y = np.linspace(-4, 4, 2001)
    >>> half = Injections(labels=y, log_density=np.full(2001, -np.log(8.0)), found=y > 0)
    >>> round(find(half, 0.0, 1.0).share.value, 2)
    0.5
    """
    weight = population_weights(injections, mean, std, label)
    seen = weight * np.asarray(injections.found)
    share = from_influence(float(seen.mean()), seen - seen.mean(), np.arange(len(seen)))
    covered = from_influence(float(weight.mean()), weight - weight.mean(), np.arange(len(weight)))
    return Found(share, _effective(seen), _effective(weight), covered)


def selection_bias(injections: Injections, mean: float, std: float, label: int = 0) -> Estimate:
    """Mean of the objects found, as they are weighted, minus the mean of all of a normal population."""
    y = np.asarray(injections.labels)[:, label]
    weight = population_weights(injections, mean, std, label)
    seen = weight * np.asarray(injections.found) * np.asarray(injections.weight)
    if not seen.sum() > 0:
        return Estimate(math.nan, -math.inf, math.inf, 0.0)
    centre, of_found = (float(w @ y / w.sum()) for w in (weight, seen))
    influence = seen * (y - of_found) / seen.mean() - weight * (y - centre) / weight.mean()
    # Few heavy injections decide as few.
    n = min(_effective(seen), _effective(weight))
    estimate = from_influence(of_found - centre, influence, np.arange(len(y)), seen)
    return estimate._replace(n=n)


def population_weights(injections: Injections, mean: float, std: float, label: int = 0) -> Array:
    """Density (m,) of a normal population over that from which each injection was drawn."""
    z = (np.asarray(injections.labels)[:, label] - mean) / std
    log_ratio = -0.5 * z**2 - math.log(std) - 0.5 * math.log(2 * math.pi) - np.asarray(injections.log_density)[:, label]
    return np.exp(np.minimum(log_ratio, 700.0))


def _effective(weight: Array) -> float:
    variance = float(np.square(weight).sum()) - float(weight.sum()) ** 2 / len(weight)
    return float(weight.sum()) ** 2 / variance if variance > 0 else float(len(weight)) * bool(weight.sum() > 0)


def _columns(name: str, values: ArrayLike) -> Array:
    array = np.asarray(values, dtype=float)
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or len(array) == 0 or not np.isfinite(array).all():
        raise InputError(f"{name} of injections have shape {array.shape}; give finite numbers, one row per object.")
    return array
