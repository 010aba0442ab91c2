"""Effective temperature, surface gravity and metallicity of stars from spectra: real stars of the MILES library."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from checkstar.claims import Claim
from checkstar.errors import InputError
from checkstar.methods.template_fit import TemplateFit
from checkstar.problems.base import Metric, Problem

__all__ = ["stellar_labels"]


def stellar_labels(
    split: Literal["cluster", "random"] = "cluster",
    *,
    fraction: float = 0.3,
    teff_range: tuple[float, float] = (3800.0, 7500.0),
    seed: int = 0,
) -> Problem:
    """Labels of stars from 3600-7400 A spectra at 2.5 A resolution, embedded in the package.

    Parameters
    ----------
    split : {"cluster", "random"}
        "cluster" keeps the stars of one cluster, which share one metallicity, on one side of the split; "random" does
        not, and leaks: it is there to show by how much.
    fraction : float
        Share of test stars.
    teff_range : (float, float)
        Effective temperatures (K) kept; single models do not span M to O stars.
    seed : int
        Seed of the split.

    Returns
    -------
    Problem
        Its reference is `TemplateFit`, the domain's own way: chi^2 against the library with local interpolation.
    """
    from checkstar.data.embedded import miles

    if split not in ("cluster", "random"):
        raise InputError(f"split is {split!r}; choose 'cluster' or 'random'.")
    data = miles()
    assert data.y is not None
    teff = data.y[:, data.label_index("teff")]
    data = data[(teff_range[0] <= teff) & (teff <= teff_range[1])]
    if len(data) < 100:
        raise InputError(f"teff_range {teff_range} keeps {len(data)} stars; at least 100 are needed.")
    if split == "cluster":
        train, test = data.split(fraction, seed)
    else:
        order = np.random.default_rng(seed).permutation(len(data))
        n_test = round(fraction * len(data))
        train, test = data[np.sort(order[n_test:])], data[np.sort(order[:n_test])]
    units = data.units
    return Problem(
        name="stellar-labels",
        question="Teff, log g and [Fe/H] of stars from low-resolution optical spectra",
        train=train,
        test=test,
        reference=TemplateFit(),
        metrics={label: _metrics(units.get(label, "")) for label in data.labels},
        claims=(
            Claim("object_value", tolerance=0.2, label="feh", unit="dex"),
            Claim("population_mean", n_objects=500, tolerance=0.02, label="feh", unit="dex"),
            Claim("object_interval", label="feh"),
        ),
        citation=data.citation,
    )


def _metrics(unit: str) -> tuple[Metric, ...]:
    return (
        Metric(name="bias", function=_bias, direction="lower", unit=unit, source="median of prediction - truth"),
        Metric(
            name="std", function=_std, direction="lower", unit=unit, source="standard deviation of prediction - truth"
        ),
        Metric(
            name="sigma_mad",
            function=_sigma_mad,
            direction="lower",
            unit=unit,
            source="1.4826 MAD; Rousseeuw & Croux 1993",
        ),
    )


def _bias(truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    return float(np.median(predicted - truth))


def _std(truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    return float(np.std(predicted - truth))


def _sigma_mad(truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    error = predicted - truth
    return float(1.4826 * np.median(np.abs(error - np.median(error))))
