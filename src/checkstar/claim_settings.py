"""A claim as a user gives it, by options or in a TOML file: tolerances with units, populations in files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from checkstar.claims import JOINT, USES, Claim, Population, Shift, Use
from checkstar.data.dataset import Dataset
from checkstar.errors import InputError, unknown_name
from checkstar.table_columns import column_numbers, converted

if TYPE_CHECKING:
    from checkstar.audits import Audit

__all__ = ["ClaimSettings", "parse_tolerance", "read_claim", "tolerance_for", "validated"]

#: Uses whose tolerance is in the label's unit; that of the others is a pure number.
_IN_LABEL_UNIT: tuple[Use, ...] = ("object_value", "population_mean")
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*")
_Model = TypeVar("_Model", bound=BaseModel)


class ClaimSettings(BaseModel):
    """What the result will be used for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    use: str
    n_objects: int | None = None
    tolerance: float | str | None = None
    label: str | None = None
    population: str | None = None
    population_mean: float | None = None
    population_std: float | None = None
    population_shift: float | None = None

    def draft(self) -> Claim:
        """The claim as far as it is known before any data are read, so that its faults are told at once."""
        tolerance, unit = (None, None) if self.tolerance is None else _tolerance_of(self.use, self.tolerance)
        use: Any = self.use  # Claim itself tells of an unknown one
        return Claim(
            use,
            n_objects=self.n_objects,
            tolerance=tolerance,
            label=self.label,
            unit=unit,
            population=self._population(),
        )

    def claim(self, data: Dataset) -> Claim:
        """The claim about a dataset, with its label named unless it is about all of them together.

        Raises
        ------
        InputError
            If the label is unknown or not named among several, if it has a unit and the tolerance has none, or if the
            population's file cannot be used.
        """
        draft = self.draft()
        if self.label is None and (draft.use in JOINT or not data.labels):
            return draft
        if self.label is None and len(data.labels) > 1:
            raise InputError(f"there are {len(data.labels)} labels ({', '.join(data.labels)}); say which with --label.")
        label = data.labels[0] if self.label is None else data.labels[data.label_index(self.label)]
        claim, unit = replace(draft, label=label), data.units.get(label, "")
        if claim.tolerance is not None:
            _require_unit(claim.use, label, claim.tolerance, claim.unit, unit)
        if self.population is None:
            return claim
        return replace(claim, population=_population_in_file(self.population, label, unit))

    def _population(self) -> Population | Shift | None:
        """The population claimed; a placeholder for one in a file."""
        if self.population_shift is not None:
            if self.population_mean is not None or self.population_std is not None or self.population is not None:
                raise InputError("a population was given both by a shift and otherwise; give one of them.")
            return Shift(by=self.population_shift)
        if self.population_mean is None:
            if self.population_std is not None:
                raise InputError("population_std was given without population_mean; give both, or neither.")
            return None if self.population is None else Population(mean=0.0)
        if self.population is not None:
            raise InputError("a population was given both by a file and by its mean; give one of them.")
        return Population(mean=self.population_mean, std=self.population_std)


def read_claim(given: Mapping[str, Any], where: str = "the options") -> ClaimSettings | None:
    """The claim that options or a TOML file make; None where they make none.

    Raises
    ------
    InputError
        For settings of a claim that was not made, an unknown use, and whatever no data can mend.
    """
    if not given:
        return None
    if "use" not in given:
        one = len(given) == 1
        raise InputError(
            f"{', '.join(given)} {'belongs' if one else 'belong'} to a claim, and none was made; say which with "
            f"--claim (in a TOML file: use = ...): {', '.join(USES)}."
        )
    made = validated(ClaimSettings, given, f"[claim] of {where}", list(ClaimSettings.model_fields))
    made.draft()
    return made


def tolerance_for(stored: Audit, text: str) -> float:
    """Another tolerance for a stored audit, in the unit of its claim.

    Raises
    ------
    InputError
        If the claim's label has a unit and the tolerance has none, or one that cannot be converted.
    """
    claim = stored.judgements[0].claim
    tolerance, unit = _tolerance_of(claim.use, text)
    if stored.is_table:
        return tolerance  # its uses have tolerances in different units: the audit itself refuses
    name = claim.label or "the label"
    _require_unit(claim.use, name, tolerance, unit, claim.unit)
    return float(converted(np.asarray([tolerance]), unit, claim.unit, "tolerance", name)[0])


def validated(model: type[_Model], values: Mapping[str, Any], where: str, known: Sequence[str]) -> _Model:
    """A record of settings, or one clear message about the first that does not fit.

    Raises
    ------
    InputError
        For a key that is not known (the nearest is suggested), or a value of the wrong kind.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        if first["type"] == "extra_forbidden":
            raise unknown_name(f"key in {where}", key, known) from None
        raise InputError(f"{key} in {where} is {first['input']!r}: {first['msg'].lower()}.") from None


def parse_tolerance(text: float | str) -> tuple[float, str | None]:
    """A tolerance and its unit, None where it has none.

    Raises
    ------
    InputError
        If it does not begin with a number.

    Examples
    --------
    >>> parse_tolerance("0.01 dex"), parse_tolerance(0.01)
    ((0.01, 'dex'), (0.01, None))
    """
    if isinstance(text, int | float):
        return float(text), None
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise InputError(f"the tolerance {text!r} is not a number; write 0.01 or, with a unit, '0.01 dex'.")
    return float(match[1]), match[2] or None


def _tolerance_of(use: str, text: float | str) -> tuple[float, str | None]:
    """The same, where a pure number may be in per cent."""
    tolerance, unit = parse_tolerance(text)
    return (tolerance / 100, None) if unit == "%" and use not in _IN_LABEL_UNIT else (tolerance, unit)


def _require_unit(use: str, label: str, tolerance: float, unit: str | None, wanted: str | None) -> None:
    if wanted and unit is None and use in _IN_LABEL_UNIT:
        raise InputError(
            f"the tolerance {tolerance:g} has no unit but {label!r} is in {wanted!r}; "
            f"write --tolerance '{tolerance:g} {wanted}'."
        )


def _population_in_file(place: str, label: str, unit: str) -> Population:
    from checkstar.data.tables import read_table

    file, _, column = place.rpartition(":")
    if not file or not column:
        raise InputError(f"the population {place!r} is not FILE:COLUMN; write for example 'targets.fits:feh'.")
    frame, units = read_table(file)
    if column not in frame.columns:
        raise unknown_name(f"column in {file}", column, frame.columns)
    values = column_numbers(frame, column, "population", "drop these objects")
    return Population.of(converted(values, units.get(column), unit, column, label))
