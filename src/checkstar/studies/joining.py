"""Joining: two parts of a problem as one dataset, to be divided anew."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.noise import Covariance, Gaussian, Noise, Poisson

__all__ = ["joined"]


def joined(first: Dataset, second: Dataset) -> Dataset:
    """All objects of both, those of `first` first; the metadata are the columns that both have.

    Raises
    ------
    InputError
        If only one has observations, errors, groups or weights, or their noise cannot be joined.
    """
    if first.features != second.features or first.labels != second.labels or first.task != second.task:
        raise InputError("the two parts name different features or labels; build both from one dataset.")
    import pandas as pd

    shared = [name for name in first.meta.columns if name in second.meta]
    parts = {name: _stacked(name, first, second) for name in ("x", "y", "y_err", "group", "weight")}
    return Dataset(
        **parts,
        noise=_joined_noise(first, second),
        meta=pd.concat([first.meta[shared], second.meta[shared]], ignore_index=True),
        features=first.features if first.x is not None else None,
        labels=first.labels if first.y is not None else None,
        units=first.units,
        task=first.task,
        describe=first.describe,
        partly_labelled=first.is_partly_labelled or second.is_partly_labelled,
        name=first.name,
        citation=first.citation,
    )


def _stacked(name: str, first: Dataset, second: Dataset) -> NDArray[Any] | None:
    one, other = getattr(first, name), getattr(second, name)
    if (one is None) != (other is None):
        raise InputError(f"only one of the two parts has {name}; give it of both, or of neither.")
    return None if one is None else np.concatenate([one, other])


def _joined_noise(first: Dataset, second: Dataset) -> Noise | None:
    one, other = first.noise, second.noise
    if one is None and other is None:
        return None
    assert first.x is not None
    assert second.x is not None
    if isinstance(one, Gaussian) and isinstance(other, Gaussian):
        if one.sigma_.ndim < 2 and np.array_equal(one.sigma_, other.sigma_):
            return one
        return Gaussian(np.concatenate([one.sigma(first.x), other.sigma(second.x)]))
    if isinstance(one, Covariance) and isinstance(other, Covariance):
        each = [
            np.broadcast_to(noise.covariance_, (len(part), *noise.covariance_.shape[-2:]))
            for noise, part in ((one, first), (other, second))
        ]
        return Covariance(np.concatenate(each))
    if one is other or (isinstance(one, Poisson) and vars(one) == vars(other)):
        return one
    raise InputError(
        f"noise of kind {type(one).__name__} and {type(other).__name__} cannot be joined to divide the data anew; give "
        "both parts one noise object, Gaussian noise or covariances."
    )
