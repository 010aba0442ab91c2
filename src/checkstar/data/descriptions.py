"""Descriptions: the numbers by which objects are compared, where the columns of x mean nothing side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from checkstar.noise import Noise

if TYPE_CHECKING:
    from checkstar.data.curve_layout import CurveLayout

__all__ = ["Description", "curve_layout", "default_description", "same_kind"]


class Description(Protocol):
    """A frozen record of settings that makes of each object, alone, the numbers by which it is compared with others."""

    def names(self, features: Sequence[str]) -> tuple[str, ...]:
        """What the q numbers are called, for data with columns of these names."""

    def __call__(self, x: NDArray[Any], noise: Noise | None, features: Sequence[str]) -> NDArray[np.float64]:
        """The numbers (n, q) of observations `x` (n, p); NaN where one cannot be told."""


def curve_layout(features: Sequence[str]) -> CurveLayout | None:
    """How light curves lie in rows with columns of these names; None where they are no light curves."""
    from checkstar.data.curve_layout import CurveLayout

    return CurveLayout.of(features) if "time[0]" in features else None


def default_description(features: Sequence[str]) -> Description | None:
    """`CurveShapes` of light curves; None where the columns themselves are compared."""
    from checkstar.data.curve_shapes import CurveShapes

    return CurveShapes() if curve_layout(features) is not None else None


def same_kind(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether a method that takes rows with the columns `other` takes those of `one`: as many, or like light curves.

    Examples
    --------
    >>> short, long = ["time[0]", "mag[0]"], ["time[0]", "time[1]", "mag[0]", "mag[1]"]
    >>> same_kind(short, long), same_kind(short, ["u", "g", "r"])
    (True, False)
    """
    layouts = curve_layout(one), curve_layout(other)
    if layouts[0] is None or layouts[1] is None:
        return len(one) == len(other) and layouts[0] is layouts[1]
    return layouts[0].kind == layouts[1].kind
