"""Units: the same quantities in other units; labels follow by their own dimension."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.errors import InputError, unknown_name
from checkstar.symmetries.label_maps import LabelMap
from checkstar.symmetries.rearrangements import require_width
from checkstar.symmetries.rescalings import Rescaling

if TYPE_CHECKING:
    from checkstar.data.dataset import Dataset

__all__ = ["Units"]


class _Dimension(NamedTuple):
    """How a number follows its unit: powers of the base units, and the logarithmic step (0 for a linear unit)."""

    powers: dict[str, float]
    per_dex: float


@dataclass(frozen=True, kw_only=True)
class Units(Rescaling):
    """Another system of units. Its elements are decimal exponents, one for each base unit: 2 makes numbers 10^2 larger.

    Every quantity is taken apart into base units (m, kg, s, ct, ...); when the base units change, each feature and each
    label is multiplied by what follows from its own dimension, and magnitudes and dex of dimensional quantities are
    shifted. A method passes if it uses nothing but the quantities that it is given. A number with a dimension that is
    hidden in the method (a calibration, a scale learned in one unit) breaks it.

    Parameters
    ----------
    features : sequence of str
        Unit of each column of x, as astropy writes it; "" for numbers without a dimension.
    labels : mapping of label to unit
        Labels that have a dimension.
    vary : sequence of str, optional
        Base units that change; by default all but angles.
    largest : int
        Exponents are drawn between minus and plus this.

    References
    ----------
    Villar et al. 2023, JMLR 24, 109 (dimensionless machine learning); Villar & Hogg et al. 2023, arXiv:2301.13724.

    Examples
    --------
    >>> units = Units(features=["km / s", "pc"], labels={"age": "Myr"})
    >>> units.bases
    ('m', 's')
    >>> units.act((3.0, 0.0), np.array([[1.0, 1.0]])).tolist()
    [[1000.0, 1000.0]]
    """

    passive: ClassVar[bool] = True

    features: Sequence[str]
    labels: Mapping[str, str] = field(default_factory=dict)
    vary: Sequence[str] | None = None
    largest: int = 3

    def __post_init__(self) -> None:
        if not self.bases:
            raise InputError("none of the features has a dimension; give units such as 'Jy' or 'km / s'.")

    @classmethod
    def of(cls, data: Dataset, **settings: Any) -> Units:
        """The units that a Dataset states of its features and labels; the others are taken to have no dimension."""
        labels = {name: data.units[name] for name in data.labels if data.units.get(name)}
        return cls(features=tuple(data.units.get(name, "") for name in data.features), labels=labels, **settings)

    @cached_property
    def bases(self) -> tuple[str, ...]:
        """Base units that change, sorted."""
        known = sorted({base for dimension in self._dimensions for base in dimension.powers})
        for base in self.vary or ():
            if base not in known:
                raise unknown_name("base unit", base, known)
        # Angles have no dimension, and trigonometry holds in one unit only.
        return tuple([base for base in known if base != "rad"] if self.vary is None else self.vary)

    @cached_property
    def _dimensions(self) -> tuple[_Dimension, ...]:
        found = {unit: _dimension(unit) for unit in set(self.features)}
        return tuple(found[unit] for unit in self.features)

    @property
    def name(self) -> str:
        return "other units"

    @property
    def identity(self) -> tuple[float, ...]:
        return (0.0,) * len(self.bases)

    def draw(self, rng: np.random.Generator) -> tuple[float, ...]:
        while True:
            exponents = rng.integers(-self.largest, self.largest + 1, len(self.bases))
            if exponents.any():
                return tuple(float(e) for e in exponents)

    def element(self, **units: str) -> tuple[float, ...]:
        """The element that puts other units in the place of base units: ``element(m="pc", kg="solMass")``.

        Raises
        ------
        InputError
            For a base unit that does not change here, or a unit that cannot take its place.
        """
        from astropy import units as u

        exponents = dict.fromkeys(self.bases, 0.0)
        for base, other in units.items():
            if base not in exponents:
                raise unknown_name("base unit", base, self.bases)
            try:
                exponents[base] = float(np.log10(u.Unit(base).to(u.Unit(other))))
            except (ValueError, u.UnitConversionError) as error:
                raise InputError(f"{other!r} cannot take the place of {base!r} ({error}).") from None
        return tuple(exponents.values())

    def compose(self, g: tuple[float, ...], h: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(a + b for a, b in zip(g, h, strict=True))

    def inverse(self, g: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(-a for a in g)

    def size(self, g: tuple[float, ...]) -> float:
        return float(sum(abs(a) for a in g))

    def describe(self, g: tuple[float, ...]) -> str:
        changed = [f"{10**-a:.3g} {base}" for base, a in zip(self.bases, g, strict=True) if a]
        return "in units of " + (" and ".join(changed) or "the same size")

    def simpler(self, g: tuple[float, ...]) -> Sequence[tuple[float, ...]]:
        single = [tuple(a if i == j else 0.0 for i, a in enumerate(g)) for j in range(len(g)) if g[j]]
        tenth = [tuple(float(np.sign(a)) for a in h) for h in single]
        found = dict.fromkeys(sorted([*tenth, *single], key=self.size))
        return [h for h in found if 0 < self.size(h) < self.size(g)]

    def factors(self, g: tuple[float, ...], n_features: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        require_width(self.name, np.empty((0, n_features)), len(self.features))
        moves = [self._move(dimension, g) for dimension in self._dimensions]
        return np.array([scale for scale, _ in moves]), np.array([offset for _, offset in moves])

    def label_map(self, g: tuple[float, ...], names: Sequence[str]) -> LabelMap:
        found = LabelMap.unchanged(len(names))
        for label, unit in self.labels.items():
            if label not in names:
                raise unknown_name("label", label, names)
            at = list(names).index(label)
            found.matrix[at, at], found.offset[at] = self._move(_dimension(unit), g)
        return found

    def _move(self, dimension: _Dimension, g: tuple[float, ...]) -> tuple[float, float]:
        """Scale and offset of a number of this dimension."""
        exponents = dict(zip(self.bases, g, strict=True))
        dex = sum(exponents.get(base, 0.0) * power for base, power in dimension.powers.items())
        return (1.0, dimension.per_dex * dex) if dimension.per_dex else (float(10.0**dex), 0.0)


def _dimension(text: str) -> _Dimension:
    from astropy import units as u

    try:
        unit = u.Unit(text)
    except ValueError as error:
        raise InputError(f"{text!r} is no unit that astropy reads ({error}).") from None
    per_dex = 0.0
    if isinstance(unit, u.function.FunctionUnitBase):
        per_dex = float(u.dex.to(unit.function_unit))
        unit = unit.physical_unit
    base = unit.decompose()
    powers = {b.to_string(): float(p) for b, p in zip(base.bases, base.powers, strict=True)}
    powers.pop("dex", None)  # a plain magnitude or dex is a pure number
    return _Dimension(powers, per_dex)
