"""Method: the one contract of everything that learns (held by `checkstar.testing.check_method`)."""

from __future__ import annotations

import inspect
from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from checkstar.errors import InputError
from checkstar.noise import Noise
from checkstar.prediction import Prediction

if TYPE_CHECKING:
    from checkstar.data.dataset import Dataset

__all__ = ["Estimand", "Method", "check_observations", "check_training", "seeded"]

#: What a regression returns: "posterior" estimates carry the training set as a prior (they shrink towards it);
#: "likelihood" estimates do not, and may be averaged.
Estimand = Literal["posterior", "likelihood"]


class Method(BaseEstimator):
    """A scikit-learn estimator that can also say how unsure it is.

    A constructor stores its settings untouched; what is learned ends in ``_`` and is made of arrays, numbers, strings
    and lists of these, so that `save` and `load` come free. Subclasses write `fit` and `predict_distribution`.
    """

    estimand: ClassVar[Estimand] = "posterior"
    references: ClassVar[tuple[str, ...]] = ()
    #: False for what can only be saved by its own tools (`as_method`).
    can_save: ClassVar[bool] = True

    @abstractmethod
    def fit(self, x: ArrayLike, y: ArrayLike, *, noise: Noise | None = None, y_err: ArrayLike | None = None) -> Self:
        """Learn from observations `x` (n, p), labels `y` (n, k), their noise and the errors of the labels (n, k)."""

    @abstractmethod
    def predict_distribution(self, x: ArrayLike, *, noise: Noise | None = None) -> Prediction:
        """Predictions with their uncertainty for observations `x` (n, p) with the given noise."""

    def predict(self, x: ArrayLike, *, noise: Noise | None = None) -> NDArray[np.float64]:
        """Point predictions (n, k): the mean of `predict_distribution`."""
        return self.predict_distribution(x, noise=noise).mean()

    def jacobian(self, x: ArrayLike, *, noise: Noise | None = None) -> NDArray[np.float64] | None:
        """Derivatives (n, k, p) of the point predictions by `x` (n, p), zero where masked; None if it knows none.

        Parameters
        ----------
        noise : Noise, optional
            Held fixed while `x` varies.
        """
        return None

    def fit_data(self, data: Dataset) -> Self:
        """`fit` on a Dataset, with its noise and label errors; group, weight and names of features where `fit` takes them."""
        if data.x is None or data.y is None:
            raise InputError(
                f"{type(self).__name__} needs observations x and labels y to learn from; the dataset lacks one."
            )
        takes = inspect.signature(self.fit).parameters
        more = {name: getattr(data, name) for name in ("group", "weight", "features") if name in takes}
        return self.fit(data.x, data.y, noise=data.noise, y_err=data.y_err, **more)

    def settings(self) -> dict[str, Any]:
        """The constructor's arguments, for hashes and logs."""
        return self.get_params(deep=False)

    def save(self, path: str | Path) -> Path:
        """Write the fitted method to a folder: `arrays.safetensors` and `method.json`. Nothing is ever pickled.

        Raises
        ------
        NotFittedError
            If there is nothing learned to save.
        """
        from checkstar.methods.storage import save_method

        self._fitted()
        return save_method(self, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a fitted method written by `save`; the class, settings and arrays are checked before use.

        Raises
        ------
        InputError
            If the folder is not a saved method of this class, is incomplete or was altered.
        """
        from checkstar.methods.storage import load_method

        return load_method(cls, Path(path))

    @property
    def can_refit(self) -> bool:
        """Whether it can be fitted again; False for what came as a plain callable."""
        return True

    def is_fitted(self) -> bool:
        """Whether there is anything learned."""
        return bool(self.learned())

    def _fitted(self) -> None:
        if not self.is_fitted():
            raise NotFittedError(f"this {type(self).__name__} is not fitted yet; call fit(x, y) first.")

    def learned(self) -> dict[str, Any]:
        """What was learned, by name."""
        return {k: v for k, v in vars(self).items() if k.endswith("_") and not k.startswith("_")}


def seeded(method: Method, seed: int) -> Method:
    """`method` itself with `seed` wherever it, or a model that it holds, takes one."""
    takes = [key for key in method.get_params() if key.rsplit("__", 1)[-1] == "random_state"]
    method.set_params(**dict.fromkeys(takes, seed))
    return method


def check_observations(
    name: str, x: ArrayLike, noise: Noise | None, n_features: int | None = None, *, allow_masked: bool = False
) -> NDArray[np.float64]:
    """The one check of observations, named by the method that asks.

    Parameters
    ----------
    name : str
        Who asks, for the message.
    x : (n, p) array
        Observations.
    noise : Noise or None
        Their noise; with `allow_masked`, elements of infinite sigma may be anything.
    n_features : int, optional
        Number of columns known from training.

    Returns
    -------
    (n, p) array of float64
        `x` itself or a converted copy; never changed.
    """
    array = np.asarray(x)
    if array.dtype.kind not in "fiub":
        raise InputError(f"{name} got x of type {array.dtype}; numbers are needed.")
    if array.ndim != 2:
        raise InputError(
            f"{name} got x of shape {array.shape}; one row per object and one column per feature are needed."
        )
    if n_features is not None and array.shape[1] != n_features:
        raise InputError(
            f"{name} got {array.shape[1]} features but was trained on {n_features}; give the same columns."
        )
    array = array.astype(float, copy=False)
    finite = np.isfinite(array)
    if noise is not None and allow_masked:
        finite = finite | np.isinf(noise.sigma(array))
    if not finite.all():
        rows = np.flatnonzero(~finite.all(axis=1))
        first = ", ".join(map(str, rows[:5]))
        cure = "mask them with infinite sigma in the noise" if allow_masked else "drop or impute them"
        raise InputError(f"{name} got non-finite x in {len(rows)} of {len(array)} objects (rows {first}); {cure}.")
    return array


def check_training(
    name: str, x: ArrayLike, y: ArrayLike, noise: Noise | None, *, allow_masked: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The one check of a regression's training set; returns (n, p) observations and (n, k) labels."""
    observations = check_observations(name, x, noise, allow_masked=allow_masked)
    labels = np.asarray(y)
    if labels.dtype.kind not in "fiub":
        raise InputError(f"{name} got y of type {labels.dtype}; it learns numbers.")
    labels = labels.astype(float)
    labels = labels[:, None] if labels.ndim == 1 else labels
    if len(labels) != len(observations):
        raise InputError(
            f"{name} got {len(observations)} objects in x but {len(labels)} in y; pass one row of labels per object."
        )
    if not np.isfinite(labels).all():
        raise InputError(
            f"{name} got non-finite y in {int((~np.isfinite(labels)).any(axis=1).sum())} objects; drop them."
        )
    if len(labels) < 2:
        raise InputError(f"{name} got {len(labels)} object to learn from; at least two are needed.")
    return observations, labels
