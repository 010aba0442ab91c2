"""Interim priors: what the training set put into every posterior, and what must be divided out again."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.errors import InputError

__all__ = ["HistogramPrior", "InterimPrior", "KernelPrior", "NormalPrior"]

Array = NDArray[np.float64]


class InterimPrior(ABC):
    """The density of one label under which posteriors were made."""

    mean: float
    std: float

    @abstractmethod
    def log_density(self, values: ArrayLike) -> Array:
        """Log-density at `values`, of their shape; finite everywhere."""


@dataclass(frozen=True, kw_only=True)
class NormalPrior(InterimPrior):
    """A normal prior; with normal posteriors everything is known in closed form.

    Examples
    --------
    >>> NormalPrior.of([-1.0, 0.0, 1.0])
    NormalPrior(mean=0.0, std=1.0)
    """

    mean: float
    std: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and 0 < self.std < math.inf):
            raise InputError(
                f"the interim prior has mean {self.mean} and standard deviation {self.std}; give finite numbers, the "
                "second positive."
            )

    @classmethod
    def of(cls, labels: ArrayLike, labels_err: ArrayLike | float = 0.0) -> Self:
        """The normal distribution of training labels (n,), without the scatter of their standard errors."""
        values = _labels(labels)
        variance = float(values.var(ddof=1))
        kept = variance - float(np.mean(np.square(np.asarray(labels_err, dtype=float))))
        # Errors as large as the spread leave nothing to measure a prior by.
        return cls(mean=float(values.mean()), std=math.sqrt(max(kept, 0.01 * variance)))

    def log_density(self, values: ArrayLike) -> Array:
        z = (np.asarray(values, dtype=float) - self.mean) / self.std
        return -0.5 * np.square(z) - math.log(self.std) - 0.5 * math.log(2 * math.pi)


class HistogramPrior(InterimPrior):
    """A histogram of training labels; beyond its ends the density of the outermost bins.

    Parameters
    ----------
    edges : (b + 1,) array
        Increasing.
    mass : (b,) array
        Positive; normalised here.
    """

    def __init__(self, edges: ArrayLike, mass: ArrayLike) -> None:
        self.edges, share = np.asarray(edges, dtype=float), np.asarray(mass, dtype=float)
        if self.edges.ndim != 1 or share.shape != (len(self.edges) - 1,) or not (np.diff(self.edges) > 0).all():
            raise InputError(
                f"the histogram has {self.edges.shape} edges and {share.shape} masses; give increasing edges, one more "
                "than masses."
            )
        if not (np.isfinite(share).all() and (share > 0).all()):
            raise InputError(
                "a bin of the interim prior has no mass; merge empty bins: nothing can be divided by zero."
            )
        self.mass = share / share.sum()
        centre = 0.5 * (self.edges[1:] + self.edges[:-1])
        self.mean = float(self.mass @ centre)
        self.std = math.sqrt(float(self.mass @ ((centre - self.mean) ** 2 + np.diff(self.edges) ** 2 / 12)))

    @classmethod
    def of(cls, labels: ArrayLike, n_bins: int | None = None) -> Self:
        """Counts of training labels (n,) in equal bins (Rice's rule), one pseudo-count in each."""
        values = _labels(labels)
        n_bins = n_bins or max(int(2 * len(values) ** (1 / 3)), 2)
        counts, edges = np.histogram(values, bins=n_bins)
        return cls(edges, counts + 1.0)

    def log_density(self, values: ArrayLike) -> Array:
        bins = np.clip(np.searchsorted(self.edges, values, side="right") - 1, 0, len(self.mass) - 1)
        return np.log(self.mass / np.diff(self.edges))[bins]


class KernelPrior(InterimPrior):
    """A kernel density of training labels, tabulated: `nodes` (g,) and their `log_densities` (g,)."""

    def __init__(self, nodes: ArrayLike, log_densities: ArrayLike, mean: float, std: float) -> None:
        self.nodes, self.log_densities = np.asarray(nodes, dtype=float), np.asarray(log_densities, dtype=float)
        self.mean, self.std = mean, std

    @classmethod
    def of(cls, labels: ArrayLike) -> Self:
        """Gaussian kernels on training labels (n,), of Silverman's robust width (1986, eq. 3.31)."""
        values = _labels(labels)
        quartiles = np.quantile(values, [0.25, 0.75])
        spread = min(values.std(ddof=1), (quartiles[1] - quartiles[0]) / 1.34) or values.std(ddof=1)
        width = 0.9 * float(spread) * len(values) ** -0.2
        edges = np.linspace(values.min() - 4 * width, values.max() + 4 * width, 2001)
        counts = np.histogram(values, bins=edges)[0].astype(float)
        step = edges[1] - edges[0]
        reach = min(int(4 * width / step) + 1, 999)
        kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step / width) ** 2)
        density = np.convolve(counts, kernel / kernel.sum(), mode="same") / (len(values) * step)
        # In gaps and tails one label in ten times the training set, so that nothing is divided by zero.
        floor = 0.1 / (len(values) * float(values.max() - values.min()))
        middle = 0.5 * (edges[1:] + edges[:-1])
        return cls(middle, np.log(np.maximum(density, floor)), float(values.mean()), float(values.std(ddof=1)))

    def log_density(self, values: ArrayLike) -> Array:
        return np.interp(np.asarray(values, dtype=float), self.nodes, self.log_densities)


def _labels(labels: ArrayLike) -> Array:
    values = np.asarray(labels, dtype=float).ravel()
    if values.size < 2 or not np.isfinite(values).all() or np.ptp(values) == 0:
        raise InputError(
            f"an interim prior needs at least two different finite training labels; got {values.size} values with "
            f"{int((~np.isfinite(values)).sum())} not finite."
        )
    return values
