"""Columns of a user's table as plain numbers: one clear message for text, gaps and units that do not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from checkstar.errors import InputError

__all__ = ["column_numbers", "converted", "first_rows", "require_every"]


def first_rows(bad: NDArray[np.bool_], count: int = 5) -> str:
    """The first rows where `bad` is true, counted from 0.

    Examples
    --------
    >>> first_rows(np.array([False, True, True]))
    '1, 2'
    """
    rows = np.flatnonzero(bad)
    return ", ".join(map(str, rows[:count])) + (", ..." if len(rows) > count else "")


def require_every(missing: NDArray[np.bool_], column: str, part: str, cure: str) -> None:
    """Raise InputError where an object has no value."""
    if missing.any():
        raise InputError(
            f"column {column!r} ({part}) has no finite value for {int(missing.sum())} of {len(missing)} objects (rows "
            f"{first_rows(missing)}, counted from 0); {cure}."
        )


def column_numbers(
    frame: pd.DataFrame, column: str, part: str, cure: str, *, text_cure: str = "give numbers in every row"
) -> NDArray[np.float64]:
    """A column as finite numbers (n,).

    Parameters
    ----------
    part : str
        What the column is to be, for the message.
    cure, text_cure : str
        What to do about missing values, and about text.

    Raises
    ------
    InputError
        For text, dates or lists, and for values that are missing or not finite.
    """
    series = frame[column]
    if not pd.api.types.is_numeric_dtype(series) or series.dtype.kind == "c":
        series = _parsed(series, column, part, text_cure)
    values: NDArray[np.float64] = series.to_numpy(dtype=float, na_value=np.nan)
    require_every(~np.isfinite(values), column, part, cure)
    return values


def _parsed(series: pd.Series, column: str, part: str, cure: str) -> pd.Series:
    """Numbers that were read as text; the first that are none are named."""
    words = series.astype(object)
    if series.dtype.kind in "Mmc" or not words.map(_could_be_number).all():
        kind = {"M": "dates", "m": "durations", "c": "complex numbers"}.get(series.dtype.kind, "lists or objects")
        raise InputError(f"column {column!r} ({part}) holds {kind} where numbers are needed; {cure}.")
    numbers = pd.to_numeric(words, errors="coerce")
    bad = (numbers.isna() & words.notna()).to_numpy()
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise InputError(
            f"column {column!r} ({part}) holds text in {int(bad.sum())} of {len(bad)} rows where numbers are needed "
            f"(first: {str(words.iloc[row])[:40]!r} in row {row}, counted from 0); {cure}."
        )
    return numbers


def _could_be_number(value: Any) -> bool:
    return value is None or value is pd.NA or np.isscalar(value) or hasattr(value, "__float__")


def converted(
    values: NDArray[np.float64], unit: str | None, wanted: str | None, column: str, truth: str
) -> NDArray[np.float64]:
    """Values in the truth's unit; unchanged where either unit is unknown.

    Raises
    ------
    InputError
        If one unit cannot be converted to the other.
    """
    if not unit or not wanted or unit == wanted:
        return values
    from astropy import units

    try:
        return np.asarray(units.Quantity(values, unit).to_value(wanted), dtype=float)
    except (ValueError, TypeError) as error:  # astropy's UnitConversionError is both
        raise InputError(
            f"column {column!r} is in {unit!r} but the truth {truth!r} is in {wanted!r}, which cannot be converted to "
            "it; give both in the same unit, or correct the unit (units=, --unit)."
        ) from error
