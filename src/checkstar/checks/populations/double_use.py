"""Are objects used twice: in the training set, and in other data that the result is combined with?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.evidence import Estimate, Evidence, Part
from checkstar.prediction import Point
from checkstar.runs import Run
from checkstar.scope import Scope
from checkstar.simulators import linear_gaussian
from checkstar.variability.copies import copied

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DoubleUse"]

#: Columns of metadata that name an object, in lower case.
_IDENTIFIERS = frozenset(
    {"id", "object_id", "objid", "source_id", "name", "star", "obj_id", "gaia_id", "specobjid", "oid"}
)


@dataclass(frozen=True, kw_only=True)
class DoubleUse(Check):
    """Are objects used twice: in the training set, and in other data that the result is combined with?

    Every posterior holds the training set as its prior. Where the same objects come again, as the calibrators of a zero
    point, as a prior on the population, as the sample that the result is compared with, their errors come twice, and
    agreement with them is no confirmation. For each declared use: the share of its objects whose observations (every
    number the same), identifier or group is in the training set. Counts on the given data, not samples: their interval
    is a point and their limit zero.

    Observations that occur more than once within the training set itself, in other groups, tell no objects apart and
    are not compared. Light curves are the same where half of their measurements are (`checkstar.variability.copies`).
    """

    name = "double_use"
    code = "F6"
    family = "population"
    question = "Are objects used twice: in the training set, and in data that the result is combined with?"
    statistic = "share of the objects of the other data that are in the training set"
    needs = frozenset({"training"})
    depends_on = "run"
    tasks = ("regression", "classification")
    declared = "other_uses"
    references = ("Hogg & Villar 2024, arXiv:2405.18095",)

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        assert run.train is not None
        parts, blind = [], []
        for use, data in run.scope.other_uses.items():
            looked = _compared(run.train, data)
            parts += [_part(use, what, shared) for what, shared in looked.items()]
            blind += [] if looked else [use]
        if blind:
            why = f"{' and '.join(blind)}: no observations, identifiers or groups that the training set has too"
            nothing = Estimate(float("nan"), float("nan"), float("nan"), float(len(run.train)))
            parts.append(Part(name=why, estimate=nothing, limit=0.0, limit_kind="derived"))
        return self.conclude(claim, parts, reason=_sentence, figure=_figure(parts))

    def fault(self, size: float) -> str:
        return f"{20 * size:.0f} % of the objects of the other data in the training set"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Calibrators, a fifth of which were trained on."""
        train, test, other = (linear_gaussian(n, rng) for _ in range(3))
        again = rng.random(n) < 0.2 * size
        again[0] = size > 0
        calibrators = Dataset(np.where(again[:, None], train.x, other.x), np.where(again, train.y, other.y))
        run = Run(
            name="planted",
            train=Dataset(train.x, train.y),
            test=Dataset(test.x, test.y),
            prediction=Point(test.estimate),
            scope=Scope(other_uses={"calibrators": calibrators}),
        )
        return run, Claim("population_mean")


def _compared(train: Dataset, other: Dataset) -> dict[str, NDArray[np.bool_]]:
    """What could be compared, and which objects of the other data are in the training set by it."""
    import pandas as pd

    found: dict[str, NDArray[np.bool_]] = {}
    if train.x is not None and other.x is not None and train.layout is not None and other.layout is not None:
        found["measurements"] = copied(other.light_curves(), train.light_curves())
    elif train.x is not None and other.x is not None and train.x.shape[1] == other.x.shape[1]:
        known = _hashes(train.x)
        if _distinct(known, train.units_of_independence):
            found["observations"] = np.isin(_hashes(other.x), known)
    if train.group is not None and other.group is not None and train.group_name == other.group_name:
        found[train.group_name] = _among(pd.Series(other.group), pd.Series(train.group))
    for column in train.meta.columns.intersection(other.meta.columns):
        if column.lower() in _IDENTIFIERS and column not in found:
            found[column] = _among(other.meta[column], train.meta[column])
    return found


def _hashes(x: NDArray[Any]) -> NDArray[np.uint64]:
    """One number (n,) for each row; -0 is 0, and what is missing is the same everywhere."""
    import pandas as pd

    with np.errstate(over="ignore"):
        rows = np.ascontiguousarray(x, dtype=np.float32) + np.float32(0)
    rows[np.isnan(rows)] = np.nan
    packed = rows.view(np.uint32)
    columns = [pd.util.hash_array(np.ascontiguousarray(packed[:, j])) for j in range(packed.shape[1])]
    total = np.zeros(len(rows), dtype=np.uint64)
    for column in columns:  # order counts: multiply before adding, modulo 2^64
        total = total * np.uint64(1_099_511_628_211) + column
    return total


def _distinct(hashes: NDArray[np.uint64], units: NDArray[np.intp]) -> bool:
    """Whether no observation occurs in two independent units."""
    import pandas as pd

    codes = pd.factorize(hashes)[0]
    pairs = np.unique(codes * (int(units.max()) + 1) + units)
    return len(pairs) == int(codes.max()) + 1


def _among(values: pd.Series, known: pd.Series) -> NDArray[np.bool_]:
    """Which values are known; missing ones never are. Numbers are compared as numbers, whatever their type."""
    import pandas as pd

    numbers = pd.api.types.is_numeric_dtype(values) and pd.api.types.is_numeric_dtype(known)
    left, right = (s if numbers else s.astype(str) for s in (values, known[known.notna()]))
    return np.asarray(left.isin(right) & values.notna(), dtype=bool)


def _part(use: str, what: str, shared: NDArray[np.bool_]) -> Part:
    share = float(shared.mean())
    return Part(
        name=f"{what} of {use}",
        estimate=Estimate(share, share, share, float(len(shared))),
        limit=0.0,
        limit_kind="derived",
    )


def _sentence(part: Part) -> str:
    share, n = part.estimate.value, part.estimate.n
    if np.isnan(share):
        return f"nothing to compare in {part.name}"
    what, _, use = part.name.partition(" of ")
    return (
        f"{share * n:,.0f} of {n:,.0f} objects of {use} ({100 * share:.3g} %) are in the training set by their {what}"
    )


def _figure(parts: list[Part]) -> dict[str, Any]:
    known = [p for p in parts if not np.isnan(p.estimate.value)]
    return {
        "title": "Objects of the other data that are in the training set",
        "xlabel": "",
        "ylabel": "share",
        "xticks": [p.name for p in known],
        "layers": [
            {
                "kind": "bars",
                "x": list(range(len(known))),
                "y": [p.estimate.value for p in known],
                "tone": "main",
                "label": "in the training set",
            }
        ],
    }
