"""Transport: the mean that values measured on a source would have on a target, of which only the observations are known.

Weighting by the ratio of densities is right where the ratio is, predicting the values from the observations where that
prediction is. Together, ``mean of m(x) over the target + weighted mean of (values - m(x)) over the source``, they are right
if either is, and the errors of both enter as a product only (augmented inverse probability weighting; Robins, Rotnitzky &
Zhao 1994, JASA 89, 846; cross-fitted: Chernozhukov et al. 2018, Econometrics J. 21, C1). So the interval needs no error of
the weights, only a little width for the number of terms (measured: tests).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.statistics.density_ratio import DensityRatio

__all__ = ["Transported", "transported"]

Array = NDArray[np.float64]

_RIDGE = 10.0


class Transported(NamedTuple):
    """Mean on the target, mean on the source, and the influence of each source and target object on the former.

    Influences add up to the error of the mean: their squares, summed by unit, are its variance.
    """

    value: float
    at_source: float
    of_source: Array
    of_target: Array


def transported(values: Array, ratio: DensityRatio, x_source: Array, x_target: Array) -> Transported:
    """Mean of `values` (n,) of the source objects on the target.

    Parameters
    ----------
    values : (n,) array
    ratio : DensityRatio
        Of target and source, cross-fitted at `x_source` and `x_target`.
    x_source, x_target : (n, p) and (m, p) array
        Observations, as `ratio` was fitted to.
    """
    terms = [ratio.model.terms(x) for x in (x_source, x_target)]
    centre, width = terms[0].mean(axis=0), np.maximum(terms[0].std(axis=0), 1e-9)
    # Beyond the source a polynomial may say anything.
    design = [np.column_stack([np.ones(len(t)), np.clip((t - centre) / width, -5, 5)]) for t in terms]
    expected = np.zeros(len(values)), np.zeros(len(x_target))
    for fold in np.unique(ratio.folds[0]):
        rows, others = ratio.folds[0] == fold, ratio.folds[1] == fold
        slopes = _regression(design[0][~rows], values[~rows])
        expected[0][rows], expected[1][others] = design[0][rows] @ slopes, design[1][others] @ slopes
    n, m = len(values), len(x_target)
    value = float(expected[1].mean() + (ratio.weights * (values - expected[0])).mean())
    of_source = ratio.weights * (values - expected[0])
    # Each of the two fits, ratio and prediction, scatters by its number of terms over the effective number of objects.
    n_folds = len(np.unique(ratio.folds[0]))
    learned = max(ratio.n_effective * (1 - 1 / n_folds), 1.0)
    widen = 1 + 2 * min(terms[0].shape[1] / learned, 1.0)
    return Transported(
        value=value,
        at_source=float(values.mean()),
        of_source=widen * (of_source - of_source.mean()) / n,
        of_target=widen * (expected[1] - expected[1].mean()) / m,
    )


def _regression(design: Array, values: Array) -> Array:
    penalty: Array = np.full(design.shape[1], _RIDGE)
    penalty[0] = 1e-9
    return np.asarray(np.linalg.solve(design.T @ design + np.diag(penalty), design.T @ values), dtype=float)
