"""Predictions from a table: reads and converts its columns, and says in one clear message what is wrong with them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from checkstar.data.dataset import Dataset
from checkstar.errors import InputError, unknown_name
from checkstar.prediction import Normal, Point, Prediction
from checkstar.table_classes import class_prediction, probability_columns
from checkstar.table_columns import column_numbers, converted, first_rows, require_every

__all__ = ["MIN_OBJECTS", "TablePredictions", "read_predictions"]

#: With nine objects the exact 95 % interval of a coverage of 68 % spans about 0.3 to 0.95: nothing can be decided.
MIN_OBJECTS = 10

#: Text columns wider than this are comments or file names: nothing to look for trends in.
_SHORT_TEXT = 32


class TablePredictions(NamedTuple):
    """What a table of predictions says: the objects with their truth, and the predictions."""

    test: Dataset
    prediction: Prediction


class _Roles(NamedTuple):
    """Which column plays which part; None where there is none."""

    truth: str
    predicted: str | None
    sigma: str | None
    truth_sigma: str | None
    group: str | None
    weight: str | None
    probabilities: tuple[str, ...]

    @property
    def single(self) -> dict[str, str]:
        """The columns named one by one, by part."""
        return {part: name for part, name in self._asdict().items() if isinstance(name, str)}


def read_predictions(
    table: Any,
    *,
    truth: str,
    predicted: str | None = None,
    sigma: str | None = None,
    truth_sigma: str | None = None,
    probabilities: Sequence[str] | str | None = None,
    meta: Sequence[str] | None = None,
    group: str | None = None,
    weight: str | None = None,
    units: Mapping[str, str] | None = None,
    name: str | None = None,
) -> TablePredictions:
    """Objects, truth and predictions from a table of one row per object; arguments as in `Run.from_table`.

    Predictions and errors in another unit than the truth are converted to it; the label takes the truth's unit.

    Raises
    ------
    InputError
        For whatever cannot be used, with the column, the number of objects and the first rows.

    Examples
    --------
    >>> table = {"z_spec": [0.1 * i for i in range(12)], "z_phot": [0.1 * i + 0.01 for i in range(12)]}
    >>> test, prediction = read_predictions(table, truth="z_spec", predicted="z_phot")
    >>> test.labels, prediction
    (('z_spec',), Point(12 objects, 1 labels))
    """
    frame, found = _open(table)
    roles = _Roles(truth, predicted, sigma, truth_sigma, group, weight, ())
    _check_choice(predicted, sigma, truth_sigma, probabilities)
    _check_columns(frame, roles, meta)
    if probabilities is not None:
        roles = roles._replace(probabilities=probability_columns(frame.columns, probabilities, roles.single.values()))
    _check_length(len(frame))
    known = _all_units(frame, found, units)
    shared: dict[str, Any] = {
        "meta": _meta(frame, roles, meta),
        "labels": [truth],
        "units": {column: unit for column, unit in known.items() if column not in (predicted, sigma, truth_sigma)},
        "name": name or _name_of(table),
        **_independence(frame, roles),
    }
    if probabilities is not None:
        classes, prediction = class_prediction(frame, truth, roles.probabilities, probabilities)
        return TablePredictions(Dataset(y=classes, task="classification", **shared), prediction)
    values, errors = _truth(frame, roles, known)
    return TablePredictions(Dataset(y=values, y_err=errors, **shared), _regression(frame, roles, known))


def _open(table: Any) -> tuple[pd.DataFrame, dict[str, str]]:
    """Any table as a DataFrame with text for names, and the units of its columns."""
    if isinstance(table, str | os.PathLike):
        from checkstar.data.tables import read_table

        frame, units = read_table(table)
    elif hasattr(table, "colnames"):
        frame, units = _from_astropy(table)
    elif isinstance(table, pd.DataFrame):
        frame, units = table.copy(deep=False), {}
    elif isinstance(table, Mapping):
        frame, units = _from_mapping(table), {}
    elif hasattr(table, "to_pandas"):
        frame, units = table.to_pandas(), {}
    else:
        raise InputError(f"a {type(table).__name__} is not a table; give a path, a DataFrame or an astropy Table.")
    frame.columns = [str(column) for column in frame.columns]
    return frame, dict(units)


def _from_astropy(table: Any) -> tuple[pd.DataFrame, dict[str, str]]:
    plain = [name for name in table.colnames if getattr(table[name], "shape", None) == (len(table),)]
    part = table[plain]
    part.convert_bytestring_to_unicode()
    units = {name: str(part[name].unit) for name in plain if getattr(part[name], "unit", None) is not None}
    return part.to_pandas(index=False), units


def _from_mapping(table: Mapping[str, Any]) -> pd.DataFrame:
    try:
        return pd.DataFrame({name: np.asarray(values) for name, values in table.items()})
    except ValueError as error:
        lengths = ", ".join(f"{name} {np.size(values)}" for name, values in table.items())
        raise InputError(f"the columns differ in length ({lengths}); give one value per object in each.") from error


def _name_of(table: Any) -> str:
    return Path(table).name.split(".")[0] if isinstance(table, str | os.PathLike) else "table"


def _check_choice(predicted: Any, sigma: Any, truth_sigma: Any, probabilities: Any) -> None:
    """Numbers or classes: one of them, with what belongs to it."""
    if predicted is None and probabilities is None:
        raise InputError(
            "the table's predictions were not named; give the column of predicted values (predicted=, --predicted) or, "
            "for classes, the columns of probabilities (probabilities='p_*', --probabilities 'p_*')."
        )
    if predicted is not None and probabilities is not None:
        raise InputError(
            f"both predicted values ({predicted!r}) and class probabilities ({probabilities!r}) were named; "
            "audit one at a time: numbers by predicted, classes by probabilities."
        )
    if probabilities is not None and (sigma is not None or truth_sigma is not None):
        raise InputError("class probabilities have no standard errors; drop sigma and truth_sigma.")


def _check_columns(frame: pd.DataFrame, roles: _Roles, meta: Sequence[str] | None) -> None:
    """Every named column is there, once, and plays one part."""
    part_of: dict[str, str] = {}
    for part, column in roles.single.items():
        if column not in frame.columns:
            raise unknown_name(f"{part} column", column, frame.columns)
        if column in part_of:
            raise InputError(
                f"column {column!r} was named both as {part_of[column]} and as {part}; name another column for one."
            )
        part_of[column] = part
    for column in meta or ():
        if column not in frame.columns:
            raise unknown_name("meta column", column, frame.columns)
        if part_of.get(column) not in (None, "group", "weight"):
            raise InputError(f"column {column!r} was named both as {part_of[column]} and in meta; drop it from meta.")
    names = [column for column in (*part_of, *(meta or ())) if (frame.columns == column).sum() > 1]
    if names:
        raise InputError(f"the table has several columns called {names[0]!r}; rename all but one.")


def _check_length(n_objects: int) -> None:
    if n_objects == 0:
        raise InputError("the table has columns but no rows; give one row per object.")
    if n_objects < MIN_OBJECTS:
        raise InputError(
            f"the table has {n_objects} objects; no check can decide anything with fewer than {MIN_OBJECTS}. "
            "Give more objects with known truth."
        )


def _all_units(frame: pd.DataFrame, found: dict[str, str], given: Mapping[str, str] | None) -> dict[str, str]:
    """Units of the file, replaced by those given."""
    from astropy import units

    for column, unit in (given or {}).items():
        if column not in frame.columns:
            raise unknown_name("column with a unit", column, frame.columns)
        try:
            units.Unit(unit)
        except (ValueError, TypeError) as error:
            raise InputError(f"the unit {unit!r} of {column!r} is not one that astropy knows ({error}).") from error
    return {**found, **(given or {})}


def _meta(frame: pd.DataFrame, roles: _Roles, chosen: Sequence[str] | None) -> pd.DataFrame:
    """The columns to look for trends in, with those of group and weight."""
    needed = [column for column in (roles.group, roles.weight) if column is not None]
    if chosen is None:
        taken = {*roles.single.values(), *roles.probabilities, *needed}
        once = frame.columns[~frame.columns.duplicated(keep=False)]
        chosen = [column for column in once if column not in taken and _is_plain(frame[column])]
    return frame[list(dict.fromkeys([*chosen, *needed]))]


def _is_plain(column: pd.Series) -> bool:
    """Whether a column holds numbers or short text."""
    if pd.api.types.is_numeric_dtype(column):
        return column.dtype.kind != "c"
    present = column.iloc[:1000].dropna()
    return bool(len(present)) and all(isinstance(value, str) and len(value) <= _SHORT_TEXT for value in present)


def _independence(frame: pd.DataFrame, roles: _Roles) -> dict[str, str]:
    """Group and weight, by name, after a look at their values."""
    if roles.group is not None:
        require_every(frame[roles.group].isna().to_numpy(), roles.group, "group", "every object needs its group")
    if roles.weight is not None:
        weight = column_numbers(frame, roles.weight, "weight", "give 1/P(selected) for every object")
        bad = weight < 0
        if bad.any() or not weight.any():
            bad = bad if bad.any() else weight == 0
            what = f"is {'negative' if weight.any() else 'zero'} for {int(bad.sum())}"
            raise InputError(
                f"column {roles.weight!r} (weight) {what} of {len(bad)} objects (rows "
                f"{first_rows(bad)}, counted from 0); selection weights are 1/P(selected)."
            )
    return {part: name for part, name in roles.single.items() if part in ("group", "weight")}


def _truth(frame: pd.DataFrame, roles: _Roles, known: Mapping[str, str]) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """True values and, where named, their standard errors, in the truth's unit."""
    if pd.api.types.is_bool_dtype(frame[roles.truth]):
        raise InputError(
            f"column {roles.truth!r} (truth) holds True and False, which are classes; name the column of the "
            f"probability of True: probabilities={roles.predicted!r}, --probabilities {roles.predicted}."
        )
    values = column_numbers(
        frame,
        roles.truth,
        "truth",
        "objects without truth cannot be judged: drop them",
        text_cure="give numbers or, for classes, name the columns of probabilities (probabilities=, --probabilities)",
    )
    if roles.truth_sigma is None:
        return values, None
    unit = known.get(roles.truth_sigma) or known.get(roles.truth)
    errors = column_numbers(frame, roles.truth_sigma, "truth_sigma", "drop these objects, or give their standard error")
    bad = errors < 0
    if bad.any():
        raise InputError(
            f"column {roles.truth_sigma!r} (truth_sigma) is negative for {int(bad.sum())} of {len(bad)} objects (rows "
            f"{first_rows(bad)}, counted from 0); give standard errors, 0 where the truth is exact."
        )
    return values, np.abs(converted(errors, unit, known.get(roles.truth), roles.truth_sigma, roles.truth))


def _regression(frame: pd.DataFrame, roles: _Roles, known: Mapping[str, str]) -> Prediction:
    """Predicted values, with their standard errors where these were named, in the truth's unit."""
    assert roles.predicted is not None
    wanted, unit = known.get(roles.truth), known.get(roles.predicted)
    values = column_numbers(frame, roles.predicted, "predicted", "drop these objects, or predict them")
    values = converted(values, unit, wanted, roles.predicted, roles.truth)
    if roles.sigma is None:
        return Point(values)
    spread = column_numbers(frame, roles.sigma, "sigma", "drop these objects, or give their standard error")
    bad = spread <= 0
    if bad.any():
        raise InputError(
            f"column {roles.sigma!r} (sigma) is zero or negative for {int(bad.sum())} of {len(bad)} objects (rows "
            f"{first_rows(bad)}, counted from 0); a standard error is positive: give it, or drop these objects."
        )
    # Without a unit of its own, an error is in the unit of what it is the error of.
    spread = converted(spread, known.get(roles.sigma) or unit, wanted, roles.sigma, roles.truth)
    return Normal(values, np.abs(spread))
