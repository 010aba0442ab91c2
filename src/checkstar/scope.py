"""Scope: where a result will be used, and what is known to hold there. All of it optional."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.nuisances import Nuisance
from checkstar.simulators.base import ForwardModel
from checkstar.statistics.selection import Injections
from checkstar.symmetries.base import Relation, Symmetry

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
            for key, value in dict(getattr(self, name)).items():
                if not isinstance(value, Dataset):
                    raise InputError(f"{name}[{key!r}] is a {type(value).__name__}; give a Dataset.")

    def declares(self, name: str) -> bool:
        """Whether something was declared under this name."""
        value = getattr(self, name)
        return value is not None and (not isinstance(value, tuple | Mapping) or len(value) > 0)

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


def _all_of(kind: type, name: str, values: object) -> tuple:
    items = tuple(values) if isinstance(values, list | tuple) else (values,)
    for item in items:
        if not isinstance(item, kind):
            raise InputError(f"{name} holds a {type(item).__name__}; give objects of {kind.__name__}.")
    return items
