"""Are the columns what they seem to be?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.estimates import share
from checkstar.evidence import Estimate, Evidence, Part
from checkstar.prediction import Point
from checkstar.runs import Run
from checkstar.simulators import linear_gaussian

__all__ = ["Schema"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Numbers that stand for "not measured" in catalogues.
_SENTINELS = (-9999.0, -9999.9, -999.0, -999.9, -99.0, -99.9, -99.99, 99.0, 99.9, 99.99, 999.0, 999.9, 9999.0, 99999.0)
_IDS = ("id", "objid", "object_id", "objectid", "source_id", "specobjid", "obj_id", "name")


@dataclass(frozen=True, kw_only=True)
class Schema(Check):
    """Are the columns what they seem to be?

    Counts on the given data, each a share with limit zero unless said otherwise:

    * *missing*: objects with a value that is not finite and not masked by infinite noise;
    * *sentinel*: objects with one of the `sentinels`, where it occurs three times or more in its column (training and
      test) and lies outside all other values by more than their range;
    * *pile-up*: objects at the largest or smallest value of a column that hardly repeats otherwise (saturation,
      clipping); limit `pile_up_limit`, with the binomial interval;
    * *constant columns* of the training set (of the test set without one), which tell nothing;
    * *other units*: columns whose units were declared different in training and test, or whose median *and* quartile
      range both differ by the same power of ten to within a quarter of a decade;
    * *out of range*: test objects beyond the training range of a column, minus the share 2 p / (n + 1) that p columns
      exceed by chance at most; limit `range_limit`, with the binomial interval;
    * *same identifier*: test objects whose identifier (a metadata column such as objid) occurs twice in the test set or
      once in the training set; numbers that are the same for all objects have lost their digits, and are counted too;
    * *exact labels*: test objects with a label error of zero where others have one.

    Its family decides no claim: what it finds is known without uncertainty, but whether it does harm is for the other
    checks to measure and for the owner of the data to say.

    Parameters
    ----------
    sentinels : tuple of float
    pile_up_limit, range_limit : float
        Conventions.
    """

    name = "schema"
    code = "I5"
    family = "practice"
    question = "Are the columns what they seem to be?"
    statistic = "share of objects or columns that break the rules of their table"
    uses = frozenset()
    depends_on = "run"
    tasks = ("regression", "classification")
    references = ("Lones 2024, Patterns 5, 101046 (look at the data first)",)

    sentinels: tuple[float, ...] = _SENTINELS
    pile_up_limit: float = 0.01
    range_limit: float = 0.05

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        test, train = run.test.described(), None if run.train is None else run.train.described()
        table = None if test.x is None else _Table.of(test, train)
        rules: list[_Rule] = []
        if table is not None:
            rules += [
                _rows("missing", "have a value that is not a number", np.asarray(table.missing.any(axis=1))),
                _rows("sentinel", "have a number that stands for 'not measured'", _sentinel(table, self.sentinels)),
                _columns("constant columns", "are the same for all objects", _constant(table), test.features),
                _columns(
                    "other units",
                    "seem to be in other units than in training",
                    _units(test, train, table),
                    test.features,
                ),
                _piled(table.without(self.sentinels), test, self.pile_up_limit),
            ]
        if table is not None and table.train is not None:
            rules.append(_beyond(table.without(self.sentinels), test, self.range_limit))
        same = _repeated(test, train)
        if same is not None:
            rules.append(_rows("same identifier", "share their identifier with another object", same))
        if test.y_err is not None and (test.y_err > 0).any():
            zero = (test.y_err == 0).any(axis=1)
            rules.append(_rows("exact labels", "have a label error of zero, where others have one", zero))
        if not rules:
            raise NotApplicable("there are no observations, identifiers or label errors to look at")
        broken = [rule.part.text for rule in rules if rule.part.estimate.low > rule.part.limit]
        return self.conclude(
            claim,
            [rule.part for rule in rules],
            reason=lambda part: "; ".join([part.text, *(text for text in broken if text != part.text)]),
            flags={
                f"schema_{rule.part.name.replace(' ', '_')}": rule.flags for rule in rules if rule.flags is not None
            },
        )

    def fault(self, size: float) -> str:
        return f"{5 * size:.0f} % of the values of one feature replaced by -999"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Values that were not measured, given as -999."""
        drawn = linear_gaussian(2 * n, rng)
        x = drawn.x.copy()
        x[rng.random(2 * n) < 0.05 * size, 1] = -999.0
        train, test = Dataset(x[:n], drawn.y[:n]), Dataset(x[n:], drawn.y[n:])
        return Run(name="planted", train=train, test=test, prediction=Point(drawn.estimate[n:])), Claim("object_value")


class _Rule(NamedTuple):
    """A part, and the objects that break the rule."""

    part: Part
    flags: Flags | None = None


class _Table(NamedTuple):
    """Observations with NaN where masked or missing; elements that are missing without being masked."""

    test: Array
    train: Array | None
    missing: Flags

    @classmethod
    def of(cls, test: Dataset, train: Dataset | None) -> _Table:
        """From the data of a run."""
        x, masked = _observed(test)
        known = None if train is None or train.x is None or train.x.shape[1] != x.shape[1] else _observed(train)[0]
        return cls(x, known, ~np.isfinite(x) & ~masked)

    def without(self, numbers: tuple[float, ...]) -> _Table:
        """The same with some numbers taken as missing."""
        test, train = (None if x is None else np.where(np.isin(x, numbers), np.nan, x) for x in (self.test, self.train))
        assert test is not None
        return self._replace(test=test, train=train)

    @property
    def both(self) -> Array:
        """Training and test objects."""
        return self.test if self.train is None else np.concatenate([self.train, self.test])


def _observed(data: Dataset) -> tuple[Array, Flags]:
    assert data.x is not None
    x = np.asarray(data.x, dtype=float)
    masked = np.zeros(x.shape, dtype=bool) if data.noise is None else np.isinf(data.noise.sigma(x))
    return np.where(np.isfinite(x) & ~masked, x, np.nan), masked


def _counted(name: str, found: Flags, text: str) -> Part:
    value = float(found.mean()) if found.size else 0.0
    estimate = Estimate(value, value, value, float(found.size))
    return Part(name=name, estimate=estimate, limit=0.0, limit_kind="derived", text=text)


def _rows(name: str, what: str, found: Flags) -> _Rule:
    return _Rule(_counted(name, found, f"{int(found.sum())} of {len(found)} test objects {what}"), found)


def _columns(name: str, what: str, found: Flags, features: tuple[str, ...]) -> _Rule:
    which = [features[j] for j in np.flatnonzero(found)]
    shown = f" ({', '.join(which[:5])}{', ...' if len(which) > 5 else ''})" if which else ""
    return _Rule(_counted(name, found, f"{len(which)} of {len(features)} columns {what}{shown}"))


def _sentinel(table: _Table, sentinels: tuple[float, ...]) -> Flags:
    """Test objects (n,) with a sentinel that stands alone in its column."""
    found = np.zeros(len(table.test), dtype=bool)
    both, known = table.both, np.asarray(sentinels)
    for j in range(both.shape[1]):
        column = both[:, j]
        stands = np.isin(column, known)
        rest = column[~stands & np.isfinite(column)]
        if not stands.any() or rest.size == 0:
            continue
        low, high = float(rest.min()), float(rest.max())
        for value in np.unique(column[stands]):
            away = max(low - value, value - high)
            if (column == value).sum() >= 3 and away > max(high - low, 1e-12):
                found |= table.test[:, j] == value
    return found


def _constant(table: _Table) -> Flags:
    x = table.test if table.train is None else table.train
    masked = np.ma.masked_invalid(x)
    lowest, highest = masked.min(axis=0), masked.max(axis=0)
    # A column without any value tells nothing either; one object shows nothing of its columns.
    return np.asarray(np.ma.filled(lowest == highest, True), dtype=bool) & (len(x) > 1)


def _units(test: Dataset, train: Dataset | None, table: _Table) -> Flags:
    """Columns (p,) in other units than in training, as declared or as their numbers say."""
    found = np.zeros(len(test.features), dtype=bool)
    if train is None or table.train is None:
        return found
    for j, name in enumerate(test.features):
        declared = train.units.get(name, ""), test.units.get(name, "")
        found[j] = all(declared) and declared[0] != declared[1]
    one, other = _location_and_spread(table.train), _location_and_spread(table.test)
    with np.errstate(divide="ignore", invalid="ignore"):
        decades = np.log10(np.abs(other) / np.abs(one))
    power = np.round(decades[1])
    near = np.isfinite(decades).all(axis=0) & (np.abs(decades - power) < 0.25).all(axis=0)
    return found | (near & (power != 0))


def _location_and_spread(x: Array) -> Array:
    """Median and quartile range (2, p); NaN where there are fewer than eight values."""
    masked = np.where(np.isfinite(x).sum(axis=0) >= 8, x, np.nan)
    enough = np.isfinite(masked).any(axis=0)
    found = np.full((2, x.shape[1]), np.nan)
    if enough.any():
        low, middle, high = np.nanquantile(masked[:, enough], [0.25, 0.5, 0.75], axis=0)
        found[:, enough] = middle, high - low
    return found


def _piled(table: _Table, test: Dataset, limit: float) -> _Rule:
    """Objects at an end of a column whose values hardly repeat otherwise."""
    found = np.zeros(len(table.test), dtype=bool)
    for j in range(table.test.shape[1]):
        column = table.test[:, j]
        known = column[np.isfinite(column)]
        if known.size < 20:
            continue
        inside = known[(known > known.min()) & (known < known.max())]
        if len(np.unique(inside)) < 0.5 * max(len(inside), 1) or inside.size == 0:
            continue
        for end in (known.min(), known.max()):
            if (known == end).sum() >= 3:
                found |= column == end
    text = f"{int(found.sum())} of {len(found)} test objects lie exactly at an end of a column"
    estimate = share(found, test.units_of_independence, test.weight)
    return _Rule(Part(name="pile-up", estimate=estimate, limit=limit, text=text), found)


def _beyond(table: _Table, test: Dataset, limit: float) -> _Rule:
    """Test objects beyond the training range of some column."""
    assert table.train is not None
    known = np.ma.masked_invalid(table.train)
    low, high = (np.ma.filled(end, fill) for end, fill in ((known.min(axis=0), -np.inf), (known.max(axis=0), np.inf)))
    outside = np.asarray(((table.test < low) | (table.test > high)).any(axis=1))
    expected = min(1.0, 2 * table.test.shape[1] / (len(table.train) + 1))
    found = share(outside, test.units_of_independence, test.weight)
    excess = Estimate(found.value - expected, found.low - expected, found.high - expected, found.n)
    text = (
        f"{int(outside.sum())} of {len(outside)} test objects lie beyond the training range of a column, up to "
        f"{100 * expected:.2g} % would by chance"
    )
    return _Rule(Part(name="out of range", estimate=excess, limit=limit, text=text), outside)


def _repeated(test: Dataset, train: Dataset | None) -> Flags | None:
    """Test objects (n,) whose identifier is not their own; None without identifiers."""
    names = [name for name in test.meta.columns if name.lower() in _IDS and name != test.group_name]
    if not names:
        return None
    found = np.zeros(len(test), dtype=bool)
    for name in names:
        values = test.meta[name].astype(str)
        found |= values.duplicated(keep=False).to_numpy()
        if train is not None and name in train.meta:
            found |= values.isin(train.meta[name].astype(str)).to_numpy()
    return found
