"""Ensemble: members that learned from other draws of the training set, and what they disagree about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.methods.base import Method, check_observations
from checkstar.methods.wrappers import Wrapper, aligned
from checkstar.methods.wrapping import as_method
from checkstar.noise import Noise
from checkstar.prediction import Classes, Grid, Mixture, Normal, Point, Prediction, Samples

__all__ = ["Ensemble", "Spread"]

Array = NDArray[np.float64]

_QUANTILES = 200


class Spread(NamedTuple):
    """What an ensemble does not know, each (n, k): their squares add up to the variance of its prediction.

    Attributes
    ----------
    aleatoric : array
        Root mean square of the members' own sigmas: what more training objects would not remove.
    epistemic : array
        Standard deviation of the members' means: what they disagree about.
    """

    aleatoric: Array
    epistemic: Array


class Ensemble(Wrapper):
    """Several copies of a method, with other seeds and from other draws of the training groups; their mixture predicts.

    What one copy happened to learn averages out of the mean, and what the copies disagree about is added to the error
    bars: the variance of the mixture is the mean variance of the members plus the variance of their means (`spread` gives
    the two apart). Members agree that a far-off object is unknown only as far as they differ in what they assume; all
    may be wrong in the same way.

    Normal members give a `Mixture`, members without error bars `Samples` (a draw each: the disagreement alone),
    quantiles a `Grid`, classes the mean probabilities. The estimand is that of the inner method.

    Parameters
    ----------
    method : Method or scikit-learn estimator
    n_members : int
        At least two.
    bootstrap : bool
        Whether each member learns from as many groups (objects, if there are no groups) drawn with replacement;
        otherwise they differ by their seeds alone, which only helps a method that draws.
    random_state : int
        Seed of the first member and of the draws; the next members have the next seeds.

    Attributes
    ----------
    members_ : list of Method

    References
    ----------
    Breiman 1996, Machine Learning 24, 123 (bagging); Lakshminarayanan, Pritzel & Blundell 2017, NeurIPS
    (arXiv:1612.01474).

    Examples
    --------
    >>> from checkstar.methods import Ridge
    >>> few = Ensemble(Ridge(), n_members=3).fit([[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.0])
    >>> within, far = few.spread([[1.5], [100.0]]).epistemic[:, 0]
    >>> bool(far > within)
    True
    """

    references: ClassVar[tuple[str, ...]] = (
        "Breiman 1996, Machine Learning 24, 123",
        "Lakshminarayanan, Pritzel & Blundell 2017, NeurIPS (arXiv:1612.01474)",
    )

    def __init__(self, method: object, n_members: int = 5, bootstrap: bool = True, random_state: int = 0) -> None:
        self.method = method
        self.n_members = n_members
        self.bootstrap = bootstrap
        self.random_state = random_state

    def spread(self, x: ArrayLike, *, noise: Noise | None = None) -> Spread:
        """What the members do not know each by itself, and what they disagree about.

        Parameters
        ----------
        x : (n, p) array
            Observations.
        noise : Noise, optional
            Noise of `x`.
        """
        self._fitted()
        observations = check_observations("Ensemble", x, noise, self.n_features_, allow_masked=True)
        answers = self._answers(observations, noise)
        sigma = np.nan_to_num(np.stack([answer.std() for answer in answers]))  # members without error bars claim none
        means = np.stack([answer.mean() for answer in answers])
        return Spread(np.sqrt(np.square(sigma).mean(axis=0)), means.std(axis=0))

    def _learn(self, data: Dataset) -> None:
        if not self.n_members >= 2:
            raise InputError(f"Ensemble got n_members={self.n_members}; at least two are needed to disagree.")
        if not as_method(self.method).can_refit:
            raise InputError("Ensemble fits its method several times, but this one comes trained and cannot be fitted.")
        self.names_ = [] if data.task == "regression" else [str(name) for name in np.unique(data.y)]  # type: ignore[arg-type]
        rng = self._rng()
        self.members_: list[Method] = [
            self._fit_inner(_redrawn(data, rng) if self.bootstrap else data, self.random_state + i)
            for i in range(self.n_members)
        ]

    def _predict(self, x: Array, noise: Noise | None) -> Prediction:
        return _mixed(self._answers(x, noise))

    def _answers(self, x: Array, noise: Noise | None) -> list[Prediction]:
        answers = [member.predict_distribution(x, noise=noise) for member in self.members_]
        if not self.names_:
            return answers
        return [Classes(aligned(answer, self.names_, "Ensemble"), self.names_) for answer in answers]


def _redrawn(data: Dataset, rng: np.random.Generator) -> Dataset:
    """As many groups as there are, drawn with replacement; an object drawn twice stays in one group."""
    units = data.units_of_independence
    n_units = int(units.max()) + 1
    times = np.bincount(rng.integers(n_units, size=n_units), minlength=n_units)
    rows = np.repeat(np.arange(len(data)), times[units])
    drawn = data[rows]
    assert drawn.x is not None and drawn.y is not None
    return Dataset(
        drawn.x, drawn.y, noise=drawn.noise, y_err=drawn.y_err, group=units[rows], weight=drawn.weight, task=data.task
    )


def _mixed(answers: Sequence[Prediction]) -> Prediction:
    """The mixture, with equal weights, of predictions of one kind."""
    first, share = answers[0], 1 / len(answers)
    match first:
        case Classes():
            return Classes(np.mean([answer.mean() for answer in answers], axis=0), first.names)
        case Point():
            return Samples(np.stack([answer.mean() for answer in answers], axis=1))
        case Samples():
            return Samples(np.concatenate([answer.draws for answer in answers], axis=1))  # type: ignore[attr-defined]
        case Normal():
            means, stds = (np.stack([getattr(a, name)() for a in answers], axis=1) for name in ("mean", "std"))
            return Mixture(np.full(means.shape[:2], share), means, stds)
        case Mixture():
            parts = [
                np.concatenate([getattr(a, name) for a in answers], axis=1) for name in ("weights", "means", "stds")
            ]
            return Mixture(parts[0] * share, parts[1], parts[2])
    # Quantiles of equal weight of all members together are quantiles of their mixture.
    size = max(_QUANTILES // len(answers), 20)
    levels = (np.arange(size) + 0.5) / size
    values = np.concatenate([np.stack([a.quantile(v) for v in levels.tolist()], axis=2) for a in answers], axis=2)
    together = (np.arange(values.shape[2]) + 0.5) / values.shape[2]
    return Grid.from_quantiles(together, np.sort(values, axis=2))
