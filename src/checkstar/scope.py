"""Scope: where a result will be used, and what is known to hold there. All of it optional."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import get_args

from checkstar.data.curve_layout import CurveLayout
from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.nuisances import Nuisance
from checkstar.simulators.base import ForwardModel
from checkstar.statistics.selection import Injections
from checkstar.symmetries.base import Direction, Relation, Symmetry

__all__ = ["Scope"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Scope:
    """Where a result will be used, and what is known to hold there.

    Each thing declared lets a check ask its question; what is not declared is NOT_APPLICABLE, never passed.

    Parameters
    ----------
    target : Dataset, optional
        Objects on which the result will be used; labels where they are known (Dataset(partly_labelled=True)), or none.
    suites : mapping of name to Dataset
        Other surveys or simulators, with truth, that the claim names.
    symmetries, relations : sequence
        What holds exactly, whatever the object (`checkstar.symmetries`).
    nuisances : sequence of Nuisance
        Systematic effects with the size of their calibration budget.
    forward : ForwardModel, optional
        From labels to noiseless observations.
    injections : Injections, optional
        Objects put through the selection, found and missed.
    novelties : Dataset, optional
        Objects of a kind that was not in the training set.
    other_uses : mapping of name to Dataset
        Other data that went into the result or that it will be combined with.
    later : Dataset, optional
        Objects whose labels arrived after their predictions were frozen.

    Raises
    ------
    InputError
        Where something is not of the kind that is needed.
    """

    target: Dataset | None = None
    suites: Mapping[str, Dataset] = field(default_factory=dict)
    symmetries: tuple[Symmetry, ...] = ()
    relations: tuple[Relation, ...] = ()
    nuisances: tuple[Nuisance, ...] = ()
    forward: ForwardModel | None = None
    injections: Injections | None = None
    novelties: Dataset | None = None
    other_uses: Mapping[str, Dataset] = field(default_factory=dict)
    later: Dataset | None = None

    def __post_init__(self) -> None:
        for name, kind in _SEQUENCES.items():
            object.__setattr__(self, name, _all_of(kind, name, getattr(self, name)))
        for name, kind in _SINGLES.items():
            value = getattr(self, name)
            if value is not None and not isinstance(value, kind):
                raise InputError(f"{name} is a {type(value).__name__}; give a {kind.__name__}.")
        for name in ("suites", "other_uses"):
            values = getattr(self, name)
            if not isinstance(values, Mapping):
                raise InputError(
                    f"{name} is a {type(values).__name__}; give datasets by name: {{'survey': Dataset(...)}}."
                )
            for key, value in values.items():
                if not isinstance(value, Dataset):
                    raise InputError(f"{name}[{key!r}] is a {type(value).__name__}; give a Dataset.")
        for relation in self.relations:
            _require_sound(relation)
        for key, data in self.datasets():
            if len(data) == 0:
                raise InputError(f"{key} holds no objects; give some, or do not declare it.")

    def declares(self, name: str) -> bool:
        """Whether something was declared under this name."""
        value = getattr(self, name)
        return value is not None and (not isinstance(value, tuple | Mapping) or len(value) > 0)

    def require_like(self, test: Dataset) -> None:
        """Raise InputError where objects that will be predicted are not observed as the test objects are.

        Columns must agree in number, in name and order where both are named, and in unit where both have one; light
        curves may have any number of epochs. Suites and later objects need their labels.
        """
        for key, data in self.datasets():
            if data.x is not None and test.x is not None and not key.startswith("other_uses"):
                _require_same_columns(key, data, test)
            if key.startswith(("suites", "later")):
                _require_truth(key, data, test)

    def datasets(self) -> Iterator[tuple[str, Dataset]]:
        """All datasets declared, each with its name."""
        for name in ("target", "novelties", "later"):
            if (value := getattr(self, name)) is not None:
                yield name, value
        for name in ("suites", "other_uses"):
            yield from ((f"{name}[{key!r}]", value) for key, value in getattr(self, name).items())

    @property
    def declared(self) -> tuple[str, ...]:
        """Names of all that was declared."""
        return tuple(f.name for f in fields(self) if self.declares(f.name))


_SEQUENCES: dict[str, type] = {"symmetries": Symmetry, "relations": Relation, "nuisances": Nuisance}
_SINGLES: dict[str, type] = {
    "target": Dataset,
    "forward": ForwardModel,
    "injections": Injections,
    "novelties": Dataset,
    "later": Dataset,
}


def _require_same_columns(key: str, data: Dataset, test: Dataset) -> None:
    own, other = data.features, test.features
    if data.layout is not None and test.layout is not None:
        _require_like_curves(key, data.layout, test.layout)
        return
    if len(own) != len(other):
        raise InputError(f"{key} has {len(own)} features but the test data have {len(other)}; give the same columns.")
    differ = [(a, b) for a, b in zip(own, other, strict=True) if a != b]
    if differ and _named(own) and _named(other):
        place = list(own).index(differ[0][0])
        what = "in another order than" if set(own) == set(other) else "other than"
        raise InputError(
            f"the features of {key} are {what} those of the test data (column {place} is {differ[0][0]!r} where "
            f"{differ[0][1]!r} is needed); give the same columns in the same order."
        )
    for name in other:
        units = data.units.get(name, ""), test.units.get(name, "")
        if all(units) and units[0] != units[1]:
            raise InputError(f"{name} is in {units[0]!r} in {key} but in {units[1]!r} in the test data; convert one.")


def _require_like_curves(key: str, own: CurveLayout, other: CurveLayout) -> None:
    """Light curves may be longer or shorter; what is known of them beside, their bands and their unit must agree."""
    for what in ("extras", "bands", "unit"):
        here, there = getattr(own, what), getattr(other, what)
        if here != there:
            raise InputError(
                f"the {what} of the light curves of {key} are {here}, those of the test data {there}; make them alike."
            )


def _require_truth(key: str, data: Dataset, test: Dataset) -> None:
    if data.y is None:
        raise InputError(f"{key} has no labels y; give its truth ({', '.join(test.labels)}).")
    if data.task != test.task:
        raise InputError(f"the labels of {key} are for {data.task} but those of the test data for {test.task}.")


def _named(features: Sequence[str]) -> bool:
    """Whether columns were given names; x, or x0, x1, ..., is what they are called otherwise."""
    return tuple(features) not in (("x",), tuple(f"x{i}" for i in range(len(features))))


def _require_sound(relation: Relation) -> None:
    if relation.direction not in get_args(Direction):
        raise InputError(
            f"the direction of {relation.name!r} is {relation.direction!r}; give one of {', '.join(get_args(Direction))}."
        )
    smallest, largest = relation.amounts
    if not smallest <= largest < math.inf:
        raise InputError(
            f"the amounts of {relation.name!r} run from {smallest} to {largest}; give the smallest, then the largest."
        )


def _all_of(kind: type, name: str, values: object) -> tuple:
    items = tuple(values) if isinstance(values, list | tuple) else () if values is None else (values,)
    for item in items:
        if isinstance(item, type) and issubclass(item, kind):
            raise InputError(
                f"{name} holds the class {item.__name__}; give an object made of it: {item.__name__}(...)."
            )
        if not isinstance(item, kind):
            raise InputError(f"{name} holds a {type(item).__name__}; give objects of {kind.__name__}.")
    return items
