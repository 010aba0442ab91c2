"""EventTemplates: supernovae by the mean light curve of each class, with its scatter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.methods.base import Method
from checkstar.methods.curve_rows import check_curve_classes, check_curve_rows, short_names
from checkstar.noise import Noise
from checkstar.prediction import Classes
from checkstar.variability.event_windows import describe_events

__all__ = ["EventTemplates"]

Array = NDArray[np.float64]

_SMALLEST_VARIANCE = 1e-4
_REDSHIFT, _REDSHIFT_ERROR = "redshift", "redshift_err"
_POWERS = np.array([0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0])
_N_FOLDS = 5


class EventTemplates(Method):
    """The class whose template fits best: Bayesian typing of supernovae.

    A template is the mean flux of the class in windows about maximum light (`describe_events`), band by band and relative
    to maximum, with the scatter of its members; beside it the magnitude at maximum, absolute where the light curve comes with the
    extras ``redshift`` and ``redshift_err``. An event's noise adds to the scatter; what was not observed says nothing. Windows are
    not independent, so the likelihood is raised to a power that cross-validation on the training set chooses.

    Parameters
    ----------
    n_prior : float
        Objects that the template of all classes together counts for in that of each.
    random_state : int
        Seed of the folds.

    References
    ----------
    Poznanski, Maoz & Gal-Yam 2007, AJ 134, 1285; Kuznetsova & Connolly 2007, ApJ 659, 530.
    """

    references = ("Poznanski, Maoz & Gal-Yam 2007, AJ 134, 1285", "Kuznetsova & Connolly 2007, ApJ 659, 530")

    def __init__(self, n_prior: float = 5.0, random_state: int = 0) -> None:
        self.n_prior = n_prior
        self.random_state = random_state

    def fit(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        noise: Noise | None = None,
        y_err: ArrayLike | None = None,
        features: Sequence[str] | None = None,
    ) -> Self:
        """Learn the templates of the classes `y` (n,) of light curves in rows `x` (n, p) with columns `features`."""
        if not self.n_prior > 0:
            raise InputError(f"EventTemplates got n_prior={self.n_prior}; give a positive number.")
        layout, rows, codes, self.names_ = check_curve_classes("EventTemplates", x, y, noise, features)
        self.features_ = short_names(layout)
        values, variances = _numbers(layout.unpack(rows, noise))
        self.power_ = self._choose_power(values, variances, codes)
        self._learn(values, variances, codes)
        return self

    def predict_distribution(self, x: ArrayLike, *, noise: Noise | None = None) -> Classes:
        """Class probabilities (n, c) of light curves in rows `x` (n, p), of any number of epochs."""
        self._fitted()
        layout, rows = check_curve_rows("EventTemplates", x, noise, self.features_)
        values, variances = _numbers(layout.unpack(rows, noise))
        return Classes(special.softmax(self._scores(values, variances, self.power_), axis=1), self.names_)

    def _learn(self, values: Array, variances: Array, codes: NDArray[np.intp]) -> None:
        n_classes = len(self.names_)
        self.frequencies_ = (np.bincount(codes, minlength=n_classes) + 1) / (len(codes) + n_classes)
        centre, spread = _moments(values, variances, np.zeros(values.shape[1]), np.ones(values.shape[1]), self.n_prior)
        parts = [
            _moments(values[codes == k], variances[codes == k], centre, spread, self.n_prior) for k in range(n_classes)
        ]
        self.centres_, self.spreads_ = (np.array(columns) for columns in zip(*parts, strict=True))

    def _scores(self, values: Array, variances: Array, power: float) -> Array:
        """Logarithm (n, c) of prior times likelihood to a power, up to a constant."""
        seen = np.isfinite(values)
        scores = np.empty((len(values), len(self.names_)))
        for k in range(len(self.names_)):
            total = self.spreads_[k] + np.where(seen, variances, 0.0)
            offset = np.where(seen, values, 0.0) - self.centres_[k]
            terms = np.where(seen, -0.5 * (offset**2 / total + np.log(total)), 0.0)
            scores[:, k] = np.log(self.frequencies_[k]) + power * terms.sum(axis=1)
        return scores

    def _choose_power(self, values: Array, variances: Array, codes: NDArray[np.intp]) -> float:
        """The power with the least logarithmic loss on folds that the templates were not made of."""
        fold = np.random.default_rng(self.random_state).permutation(len(codes)) % _N_FOLDS
        losses = np.zeros(len(_POWERS))
        for k in range(_N_FOLDS):
            held = fold == k
            if not held.any() or held.all():
                continue
            self._learn(values[~held], variances[~held], codes[~held])
            for i, power in enumerate(_POWERS):
                scores = special.log_softmax(self._scores(values[held], variances[held], power), axis=1)
                losses[i] -= scores[np.arange(held.sum()), codes[held]].sum()
        return float(_POWERS[losses.argmin()])


def _numbers(curves: LightCurves) -> tuple[Array, Array]:
    """Fluxes in windows and the magnitude at maximum (n, q), NaN where there is none, and the variances of their noise."""
    events = describe_events(curves)
    magnitude, variance = events.magnitude, np.full(len(curves), 0.01)
    if _REDSHIFT in curves.meta:
        z = np.maximum(curves.meta[_REDSHIFT].to_numpy(dtype=float), 1e-3)
        # Distance modulus to second order (Visser 2004); its constant is that of all objects.
        magnitude = magnitude - 5 * np.log10(z * (1 + 0.775 * z))
        if _REDSHIFT_ERROR in curves.meta:
            error = curves.meta[_REDSHIFT_ERROR].to_numpy(dtype=float)
            variance = variance + (5 / np.log(10) * np.where(np.isfinite(error), error, 0.0) / z) ** 2
    n = len(curves)
    return (
        np.column_stack([events.flux.reshape(n, -1), magnitude]),
        np.column_stack([events.variance.reshape(n, -1), variance]),
    )


def _moments(
    values: Array, variances: Array, prior_centre: Array, prior_spread: Array, n_prior: float
) -> tuple[Array, Array]:
    """Mean and intrinsic variance (q,) of what was observed well, drawn towards a prior that counts for `n_prior` objects."""
    # Noise of half the flux at maximum says nothing about a class.
    weight = (np.isfinite(values) & (variances < 0.25)).astype(float)
    value = np.where(weight > 0, values, 0.0)
    number = weight.sum(axis=0)
    centre = (value.sum(axis=0) + n_prior * prior_centre) / (number + n_prior)
    scatter = weight * ((value - centre) ** 2 - np.where(weight > 0, variances, 0.0))
    spread = (np.maximum(scatter.sum(axis=0), 0.0) + n_prior * prior_spread) / (number + n_prior)
    return centre, np.maximum(spread, _SMALLEST_VARIANCE)
