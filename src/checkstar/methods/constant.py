"""Constant: the distribution of the training labels as the prediction for every object."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from checkstar.errors import InputError
from checkstar.methods.base import Method, check_observations, check_training
from checkstar.methods.class_labels import check_classes, holds_classes
from checkstar.noise import Noise
from checkstar.prediction import Classes, Grid, Prediction

__all__ = ["Constant"]


class Constant(Method):
    """The prior alone (climatology): what to beat, and what a method falls back to when it has learned nothing.

    Numbers give a `Grid` of the quantiles of each training label, classes give their base rates. Observations are
    checked but not used.

    Parameters
    ----------
    n_quantiles : int
        Number of quantiles kept of each label; with fewer training objects, every label is kept.

    References
    ----------
    Gneiting & Raftery 2007, JASA 102, 359 (climatological forecasts as reference).

    Examples
    --------
    >>> prior = Constant().fit([[0.0], [1.0], [2.0], [3.0]], ["star", "star", "star", "galaxy"])
    >>> prior.predict([[9.0]]).tolist()
    [[0.25, 0.75]]
    """

    references = ("Gneiting & Raftery 2007, JASA 102, 359",)

    def __init__(self, n_quantiles: int = 200) -> None:
        self.n_quantiles = n_quantiles

    def fit(self, x: ArrayLike, y: ArrayLike, *, noise: Noise | None = None, y_err: ArrayLike | None = None) -> Self:
        """Keep the quantiles of `y` (n, k), or the base rates of its classes (n,)."""
        if not self.n_quantiles >= 2:
            raise InputError(f"Constant got n_quantiles={self.n_quantiles}; at least two are needed.")
        if holds_classes(y):
            observations, codes, self.names_ = check_classes("Constant", x, y, noise)
            self.levels_, self.quantiles_ = np.empty(0), np.empty((0, 0))
            self.rates_ = np.bincount(codes) / len(codes)
        else:
            observations, labels = check_training("Constant", x, y, noise)
            size = min(self.n_quantiles, len(labels))
            # Weibull's plotting positions: a new label falls outside n old ones with probability 2 / (n + 1).
            self.levels_ = np.arange(1, size + 1) / (size + 1)
            self.quantiles_ = np.quantile(labels, self.levels_, axis=0, method="weibull").T
            self.names_, self.rates_ = [], np.empty(0)
        self.n_features_ = observations.shape[1]
        return self

    def predict_distribution(self, x: ArrayLike, *, noise: Noise | None = None) -> Prediction:
        """The same distribution for each object of `x` (n, p)."""
        self._fitted()
        n_objects = len(check_observations("Constant", x, noise, self.n_features_))
        if self.names_:
            return Classes(np.broadcast_to(self.rates_, (n_objects, len(self.names_))), self.names_)
        one = Grid.from_quantiles(self.levels_, self.quantiles_[None])
        return Grid(one.edges[0], np.broadcast_to(one.mass, (n_objects, *one.mass.shape[1:])))
