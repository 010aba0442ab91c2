"""WeightedConformal: intervals that hold what they promise for a target that is not like the training set."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.estimates import kish, unit_count
from checkstar.methods.base import check_observations
from checkstar.methods.conformal_scores import Scale, conformal_scores, held_levels, spread_or_one
from checkstar.methods.wrappers import Wrapper, seen
from checkstar.noise import Noise
from checkstar.prediction import Grid
from checkstar.statistics.density_ratio import LogRatio, fit_log_ratio

__all__ = ["WeightedConformal"]

Array = NDArray[np.float64]

_LARGEST_FIT = 5000
_LARGEST_LOG = 15.0


class WeightedConformal(Wrapper):
    """Split conformal prediction under covariate shift: calibrated on training objects, valid for the target.

    `Conformal` promises coverage for objects like those held out. If the target's observations are distributed
    otherwise (a deeper survey, another field) but the same observation still means the same label, ``p(y | x)`` unchanged,
    held-out objects count by the ratio of densities ``w(x) = p_target(x) / p_train(x)``, and the new object counts w(x)
    too: score r_i has probability ``w(x_i) / (sum_j w(x_j) + w(x))`` and what remains lies at infinity, half of it on
    either side. Where a target object is unlike all that were held out, that remainder is large (`mass_at_infinity`),
    and quantiles that would be infinite are put as far outside the range of the labels as that range is wide: the
    distribution says that nothing is known.

    The ratio is that of a classifier between the objects that the method learned from and the target
    (`checkstar.statistics.density_ratio`); the promise is as good as that ratio. It refuses to calibrate if the weighted
    held-out objects are worth fewer than `fewest` (Kish). Selection weights are not used: the target says what is wanted.
    The estimand is that of the inner method.

    Parameters
    ----------
    method : Method or scikit-learn regressor
        Predicts numbers, with or without error bars.
    target : (m, p) array, optional
        Observations of the objects that will be predicted; no labels are needed. None means that the target is like the
        training set, which is `Conformal`.
    scale : {"sigma", "none"}
        Whether errors are measured in units of the claimed sigma.
    fewest : float
        Smallest effective number of held-out objects.
    held_out : float
        Share of the objects that are held out.
    random_state : int
        Seed of the split and of the method.

    Attributes
    ----------
    n_effective_ : float
        Kish's effective number of held-out objects, times the share of the target that they reach.

    References
    ----------
    Tibshirani, Barber, Candes & Ramdas 2019, NeurIPS (arXiv:1904.06019).

    Examples
    --------
    >>> from checkstar.methods import Ridge
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(2000, 1))
    >>> y = x[:, 0] + np.exp(x[:, 0]) * rng.normal(size=2000)
    >>> method = WeightedConformal(Ridge(), target=rng.normal(0.5, 1, (2000, 1))).fit(x, y)
    >>> 300 < method.n_effective_ < 600
    True
    """

    references: ClassVar[tuple[str, ...]] = ("Tibshirani, Barber, Candes & Ramdas 2019, NeurIPS (arXiv:1904.06019)",)

    def __init__(
        self,
        method: object,
        target: ArrayLike | None = None,
        scale: Scale = "sigma",
        fewest: float = 30.0,
        held_out: float = 0.3,
        random_state: int = 0,
    ) -> None:
        self.method = method
        self.target = target
        self.scale = scale
        self.fewest = fewest
        self.held_out = held_out
        self.random_state = random_state

    def mass_at_infinity(self, x: ArrayLike, *, noise: Noise | None = None) -> Array:
        """Probability (n,) that calibration says nothing about: no interval of a higher level than one minus it is finite.

        Parameters
        ----------
        x : (n, p) array
            Observations.
        noise : Noise, optional
            Where it is infinite, `x` is masked.
        """
        self._fitted()
        observations = check_observations("WeightedConformal", x, noise, self.n_features_, allow_masked=True)
        weight = self._new_ratio(observations, noise)
        return weight / (weight + self.weights_.sum())

    def _learn(self, data: Dataset) -> None:
        learn, rest = self._split(data, self.held_out)
        self.method_ = self._fit_inner(learn)
        held = self._held(self.method_, rest)
        found = conformal_scores(held, self.scale, "WeightedConformal")
        assert learn.x is not None and held.data.x is not None and data.y is not None
        self.ratio_ = self._fit_ratio(seen(learn.x, learn.noise))
        self.weights_ = self._ratio(held.data.x, held.data.noise)
        # A ratio of densities has mean one over the training set; less was reached where the target lies beyond it.
        reached = min(1.0, float(self.weights_.mean()))
        self.n_effective_ = reached * kish(self.weights_, held.data.units_of_independence)
        if self.target is not None and not self.n_effective_ >= self.fewest:
            raise InputError(
                f"WeightedConformal got {len(held.data)} calibration objects that are worth {self.n_effective_:.1f} for "
                f"this target; at least {self.fewest:g} are needed: restrict the target to what the training set covers."
            )
        self.order_ = np.argsort(found.scores, axis=0, kind="stable")
        self.scores_ = np.take_along_axis(found.scores, self.order_, axis=0)
        n_units = unit_count(held.data.units_of_independence)
        self.levels_ = held_levels(n_units, "WeightedConformal")
        # A new object is one of a new group, which weighs as much as a whole one of those held out.
        self.group_size_ = len(held.data) / n_units
        low, high = data.y.min(axis=0), data.y.max(axis=0)
        self.ends_ = np.stack([2 * low - high, 2 * high - low])

    def _predict(self, x: Array, noise: Noise | None) -> Grid:
        prediction = self.method_.predict_distribution(x, noise=noise)
        centre, sigma = prediction.mean(), spread_or_one(prediction, self.scale)
        weight = self._new_ratio(x, noise)[:, None]
        # What must lie below a score, in units of weight: half of the mass at infinity lies on either side.
        below = self.levels_ * (self.weights_.sum() + weight) - 0.5 * weight
        values = np.empty((*centre.shape, len(self.levels_)))
        for j in range(centre.shape[1]):
            own = self.weights_[self.order_[:, j]]
            position = np.cumsum(own) - 0.5 * own
            found = centre[:, j, None] + sigma[:, j, None] * np.interp(below, position, self.scores_[:, j])
            low, high = self.ends_[:, j]
            found = np.where(below < position[0] * (1 - 1e-9), np.minimum(found, low), found)
            values[:, j] = np.where(below > position[-1] * (1 + 1e-9), np.maximum(found, high), found)
        return Grid.from_quantiles(self.levels_, values)

    def _fit_ratio(self, source: Array) -> dict[str, Any]:
        if self.target is None:
            return {}
        target = np.asarray(self.target, dtype=float)
        if target.ndim != 2 or target.shape[1] != self.n_features_:
            raise InputError(
                f"WeightedConformal got a target of shape {target.shape} but x has {self.n_features_} columns; give the "
                "same columns."
            )
        rng = self._rng()
        some = [part[rng.permutation(len(part))[:_LARGEST_FIT]] for part in (source, target)]
        return dict(fit_log_ratio(*some)._asdict())

    def _ratio(self, x: Array, noise: Noise | None) -> Array:
        """Ratio of densities (n,) at held-out objects, no larger than those of nearly all of the target."""
        if not self.ratio_:
            return np.ones(len(x))
        return np.exp(LogRatio(**self.ratio_)(seen(x, noise)))

    def _new_ratio(self, x: Array, noise: Noise | None) -> Array:
        """Ratio of densities (n,) at new objects, times the size of a group, however large: one far from all must say so."""
        if not self.ratio_:
            return np.full(len(x), self.group_size_)
        return self.group_size_ * np.exp(LogRatio(**{**self.ratio_, "largest": _LARGEST_LOG})(seen(x, noise)))
