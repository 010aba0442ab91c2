"""The one check of light curves in rows, named by the method that asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.data.curve_layout import CurveLayout
from checkstar.data.dataset import Dataset
from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.noise import Noise

__all__ = ["CurveTraining", "check_curve_classes", "check_curve_rows", "require_same_kind", "short_names"]


class CurveTraining(NamedTuple):
    """A checked training set of light curves with classes."""

    layout: CurveLayout
    x: NDArray[np.float64]
    codes: NDArray[np.intp]
    names: list[str]


def check_curve_rows(
    who: str, x: ArrayLike, noise: Noise | None, features: Sequence[str] | None
) -> tuple[CurveLayout, NDArray[np.float64]]:
    """Rows (n, p) of light curves and how they lie; `features` may be those of longer or shorter ones.

    Raises
    ------
    InputError
        If the rows hold no numbers, or no number of epochs gives so many columns.
    """
    if isinstance(x, LightCurves | Dataset):
        raise InputError(
            f"{who} got {type(x).__name__} where rows of numbers are needed; give data.x and noise=data.noise of "
            "data = curve_dataset(curves, ...)."
        )
    rows = np.asarray(x)
    if rows.dtype.kind not in "fiub" or rows.ndim != 2:
        raise InputError(
            f"{who} got x of type {rows.dtype} and shape {rows.shape}; light curves are rows of numbers, one an object."
        )
    if noise is not None:
        noise.sigma(rows)  # raises where the shapes disagree
    try:
        layout = CurveLayout.of(features, rows.shape[1]).for_width(rows.shape[1])
    except InputError as error:
        raise InputError(f"{who}: {error}") from None
    return layout, rows.astype(float, copy=False)


def require_same_kind(who: str, learned: Sequence[str] | None, features: Sequence[str]) -> None:
    """Refuse light curves with other extras, bands or units than those that were learned from; any length will do.

    Columns that are not named as light curves are left to the method.

    Raises
    ------
    InputError
        With what differs.
    """
    try:
        mine, theirs = CurveLayout.of(learned or ()), CurveLayout.of(features)
    except InputError:
        return
    for what, had, has in zip(("extras", "bands", "unit"), mine.kind, theirs.kind, strict=True):
        if had != has:
            raise InputError(
                f"{who} learned from light curves whose {what} {'is' if what == 'unit' else 'are'} {_said(had)} but is "
                f"asked about {_said(has)}; make both with the same curve_dataset(...)."
            )


def _said(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else ", ".join(value) or "none"


def check_curve_classes(
    who: str, x: ArrayLike, y: ArrayLike, noise: Noise | None, features: Sequence[str] | None
) -> CurveTraining:
    """The training set of a classification of light curves.

    Raises
    ------
    InputError
        As `check_curve_rows`, and if there is not one class an object, or fewer than two of them.
    """
    layout, rows = check_curve_rows(who, x, noise, features)
    truth = np.asarray(y)
    if truth.ndim > 2 or (truth.ndim == 2 and truth.shape[1] != 1) or len(truth) != len(rows):
        raise InputError(f"{who} got {len(rows)} light curves but classes of shape {truth.shape}; give one class each.")
    if truth.dtype.kind not in "OUSTb":
        raise InputError(f"{who} got y of type {truth.dtype}; it learns classes, which are named by text.")
    names, codes = np.unique(truth.ravel().astype(str), return_inverse=True)
    if len(names) < 2:
        raise InputError(f"{who} got objects of {len(names)} class to learn from; at least two classes are needed.")
    return CurveTraining(layout, rows, codes, [str(name) for name in names])


def short_names(layout: CurveLayout) -> list[str]:
    """Names of the columns of light curves of one epoch: what a method keeps of the layout, whatever the length."""
    return list(replace(layout, n_epochs=1).features)
