"""Conformal: the distribution of the errors of objects that were held out, around each prediction."""

from __future__ import annotations

from typing import ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from checkstar.data.dataset import Dataset
from checkstar.errors import InputError, unknown_name
from checkstar.estimates import relabelled, unit_count
from checkstar.methods.conformal_scores import Scale, conformal_scores, held_levels, score_quantiles, spread_or_one
from checkstar.methods.wrappers import Wrapper
from checkstar.noise import Noise
from checkstar.prediction import Grid

__all__ = ["Conformal"]

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
By = Literal["prediction", "sigma"]

#: Fewest calibration objects of a category: enough for a 95 % interval.
_FEWEST = 39


class Conformal(Wrapper):
    """Split conformal prediction: intervals of every level that hold the truths they promise, whatever the method.

    A part of the training groups is held out. Their errors, in units of the claimed sigma where there is one, sorted,
    ``r_(1) <= ... <= r_(n)``, cut the line around a new prediction into n + 1 cells that are equally probable if the new
    object is exchangeable with those held out: the quantile of level k / (n + 1) is ``mean + sigma r_(k)``. On average
    over calibration sets the coverage of the interval between two such quantiles with m cells between is exactly
    m / (n + 1); for one calibration set it is drawn from Beta(m, n + 1 - m). The prediction is the whole distribution, a
    `Grid`. Nothing is known beyond the outermost errors: there the tails are given the length of normal ones.

    Objects of one group err together, so n counts groups: a new object is one of a new group, which weighs as much as a
    whole one of those held out. Then coverage is at least about what is said, more where members of a group differ. Several
    labels are covered one by one, not all at once.

    That holds on average over objects. With `by`, it holds within each category too (Mondrian), at the price of fewer
    calibration objects for each. Labels with errors are covered as they would be measured. The estimand is that of the
    inner method.

    Parameters
    ----------
    method : Method or scikit-learn regressor
        Predicts numbers, with or without error bars.
    by : {"prediction", "sigma"}, int or None
        Calibrate within `n_bins` quantile bins of the predicted value or of the claimed sigma, or within the values of
        a column of `x` (by position); None for all objects together.
    n_bins : int
        Largest number of bins; each has at least 39 calibration objects.
    scale : {"sigma", "none"}
        Whether errors are measured in units of the claimed sigma (intervals then widen where the method is unsure).
    held_out : float
        Share of the objects that are held out.
    random_state : int
        Seed of the split and of the method.

    Attributes
    ----------
    levels_ : (q,) array
        Levels of the quantiles that are kept.
    quantiles_ : (k, c, q) array
        Quantiles of the scores of each label and category.

    References
    ----------
    Vovk, Gammerman & Shafer 2005, Algorithmic Learning in a Random World; Vovk, Shen, Manokhin & Xie 2017, COPA
    (predictive distributions); Vovk 2012, ACML (Beta law of the coverage); Lei et al. 2018, JASA 113, 1094.

    Examples
    --------
    >>> from checkstar.methods import Ridge
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(2000, 1))
    >>> y = x[:, 0] + rng.exponential(size=2000)
    >>> method = Conformal(Ridge()).fit(x[:1000], y[:1000])
    >>> below = y[1000:, None] <= method.predict_distribution(x[1000:]).quantile(0.9)
    >>> bool(0.85 < below.mean() < 0.95)
    True
    """

    references: ClassVar[tuple[str, ...]] = (
        "Vovk, Gammerman & Shafer 2005, Algorithmic Learning in a Random World",
        "Vovk, Shen, Manokhin & Xie 2017, COPA",
    )

    def __init__(
        self,
        method: object,
        by: By | int | None = None,
        n_bins: int = 5,
        scale: Scale = "sigma",
        held_out: float = 0.3,
        random_state: int = 0,
    ) -> None:
        self.method = method
        self.by = by
        self.n_bins = n_bins
        self.scale = scale
        self.held_out = held_out
        self.random_state = random_state

    def _learn(self, data: Dataset) -> None:
        self._check_settings(data)
        held = self._hold_out(data, self.held_out)
        scores, centre, sigma = conformal_scores(held, self.scale, "Conformal")
        kinds = self._kinds(held.data, centre, sigma)
        self.edges_, categories = [edges for edges, _ in kinds], [codes for _, codes in kinds]
        units, weight = held.data.units_of_independence, held.weight()
        counts = [self._independent(units, codes == kind) for codes in categories for kind in np.unique(codes)]
        self.levels_ = held_levels(min(counts), "Conformal")
        self.quantiles_ = np.array(
            [
                [self._quantiles(scores[:, j], codes == kind, weight, units) for kind in range(len(self.edges_[j]) + 1)]
                for j, codes in enumerate(categories)
            ]
        )

    def _predict(self, x: Array, noise: Noise | None) -> Grid:
        prediction = self.method_.predict_distribution(x, noise=noise)
        centre, sigma = prediction.mean(), spread_or_one(prediction, self.scale)
        values = np.empty((*centre.shape, len(self.levels_)))
        for j in range(centre.shape[1]):
            codes = np.searchsorted(self.edges_[j], self._sorted_by(x, centre[:, j], sigma[:, j]), side="right")
            values[:, j] = centre[:, j, None] + sigma[:, j, None] * self.quantiles_[j, codes]
        return Grid.from_quantiles(self.levels_, values)

    def _check_settings(self, data: Dataset) -> None:
        if data.task == "classification":
            raise InputError("Conformal predicts numbers but got classes; use TemperatureScaled, Isotonic or DeepKNN.")
        if self.scale not in get_args(Scale):
            raise unknown_name("scale of Conformal", str(self.scale), get_args(Scale))
        if not (self.by is None or self.by in get_args(By) or isinstance(self.by, int)):
            raise unknown_name("category of Conformal", str(self.by), get_args(By))
        if isinstance(self.by, int) and not 0 <= self.by < self.n_features_:
            raise InputError(
                f"Conformal got by={self.by} but x has {self.n_features_} columns, from 0; give one of them."
            )
        if not self.n_bins >= 1:
            raise InputError(f"Conformal got n_bins={self.n_bins}; at least one is needed.")

    def _sorted_by(self, x: Array, centre: Array, sigma: Array) -> Array:
        """What decides the category (n,)."""
        match self.by:
            case "prediction":
                return centre
            case "sigma":
                return sigma
            case None:
                return np.zeros(len(x))
        return x[:, self.by]

    def _kinds(self, data: Dataset, centre: Array, sigma: Array) -> list[tuple[Array, Codes]]:
        """For each label the lower edges of the categories but the first, and the category (n,) of each object."""
        assert data.x is not None
        kinds = []
        for j in range(centre.shape[1]):
            values = self._sorted_by(data.x, centre[:, j], sigma[:, j])
            edges = _edges(values, self.n_bins) if isinstance(self.by, str) else np.unique(values)[1:]
            kinds.append((edges, np.searchsorted(edges, values, side="right")))
        return kinds

    def _independent(self, units: Codes, inside: NDArray[np.bool_]) -> int:
        """Independent calibration objects of a category."""
        if inside.sum() < min(_FEWEST, len(inside)):
            raise InputError(
                f"Conformal got {int(inside.sum())} calibration objects in a category (by={self.by!r}); at least "
                f"{_FEWEST} are needed: give coarser categories, more objects or a larger held_out."
            )
        return unit_count(relabelled(units[inside]))

    def _quantiles(self, scores: Array, inside: NDArray[np.bool_], weight: Array, units: Codes) -> Array:
        return score_quantiles(scores[inside], self.levels_, weight[inside], self._independent(units, inside))


def _edges(values: Array, n_bins: int) -> Array:
    """Lower edges of the bins but the first, at quantiles; no bin has fewer objects than are needed."""
    above = values[values > values.min()]
    if not above.size:
        return above
    # Where many values tie at the smallest, the first quantiles do not divide them from the rest.
    wanted = np.maximum(np.quantile(values, np.arange(1, n_bins) / n_bins), above.min())
    edges: list[float] = []
    for edge in np.unique(wanted):
        inside = (values < edge) & (values >= (edges[-1] if edges else -np.inf))
        if inside.sum() >= _FEWEST and (values >= edge).sum() >= _FEWEST:
            edges.append(float(edge))
    return np.array(edges)
