"""Are differences between groups as large in the predictions as they are?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.evidence import Estimate, Evidence, Limit, Part, folded
from checkstar.populations import Contrast as Slope
from checkstar.populations import contrast
from checkstar.prediction import Point
from checkstar.runs import LabelView, Run
from checkstar.simulators import linear_gaussian

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Contrast"]


class _Found(NamedTuple):
    """The groups of one column of metadata, and the slope of their means."""

    column: str
    names: tuple[str, ...]
    slope: Slope


@dataclass(frozen=True, kw_only=True)
class Contrast(Check):
    """Are differences between groups as large in the predictions as they are?

    For every column of metadata that divides the test objects into few groups of different true means (disc and halo,
    early and late type): the slope of predicted on true group means (`checkstar.populations.contrast`); of two groups,
    the predicted difference over the true one. Posterior means under one training prior compress it by the factor by
    which they compress single values, 1 - w, and no number of objects averages that away; neither do errors of the
    truth change it, which compress the slope over single objects. The fault is ``|1 - slope|``.

    Columns whose groups have no clearly different true means give no contrast to judge; where none does, the question
    has no meaning, unless columns were named.

    Parameters
    ----------
    columns : tuple of str
        Columns of metadata; all that divide into few groups where empty.
    limit : float
        Largest relative error of a difference.
    min_units : int
        Independent units that a group needs; smaller groups are left out.
    max_groups : int
        A column of more is no division into groups.
    max_columns : int
        Of more columns those whose true means differ most clearly.
    min_strength : float
        F statistic of the true means below which their slope means nothing (Staiger & Stock 1997).
    """

    name = "contrast"
    code = "F5"
    family = "population"
    question = "Are differences between groups as large in the predictions as they are?"
    statistic = "|1 - slope of predicted on true group means|"
    depends_on = "label"
    uses = frozenset({"population_mean"})
    references = ("Hogg & Villar 2024, arXiv:2405.18095", "Wald 1940, Ann. Math. Stat. 11, 284")

    columns: tuple[str, ...] = ()
    limit: float = 0.1
    min_units: int = 10
    max_groups: int = 20
    max_columns: int = 4
    min_strength: float = 10.0

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        view = run.view(claim.label)
        found = sorted(self._slopes(run.test.meta, view), key=lambda f: -f.slope.strength)[: self.max_columns]
        if not found and self.columns:
            why = f"{' and '.join(self.columns)} divide the test objects into no groups of clearly different true means"
            return self.undecided(claim, why, len(view.truth))
        if not found:
            raise NotApplicable(
                "no column of metadata divides the test objects into groups of clearly different true means"
            )
        parts = [Part(name=f.column, estimate=_fault(f.slope.slope), limit=self.limit) for f in found]
        return self.conclude(
            claim,
            parts,
            reason=lambda part: _sentence(next(f for f in found if f.column == part.name), view),
            figure=_figure(found[0], view),
            limits_of_use=[_limit_of_use(f, view) for f in found],
        )

    def _slopes(self, meta: pd.DataFrame, view: LabelView) -> Iterator[_Found]:
        for column in self.columns or tuple(meta.columns):
            if column not in meta:
                continue
            codes, names = _groups(meta[column], self.max_groups)
            kept = _large(codes, len(names), view.units, self.min_units)
            rows = kept[codes]
            if kept.sum() < 2:
                continue
            renumbered = (np.cumsum(kept) - 1)[codes[rows]]
            units = np.unique(view.units[rows], return_inverse=True)[1]
            weight = None if view.weight is None else view.weight[rows]
            if weight is not None and not (np.bincount(renumbered, weights=weight) > 0).all():
                continue
            slope = contrast(view.predicted[rows], view.truth[rows], renumbered, units=units, weights=weight)
            if slope.strength >= self.min_strength:
                yield _Found(column, tuple(str(n) for n, k in zip(names, kept, strict=False) if k), slope)

    def fault(self, size: float) -> str:
        return f"differences between groups compressed by {20 * size:.0f} %"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Two groups two standard deviations apart, in posterior means (size 1) or in estimates without a prior."""
        drawn = linear_gaussian(n, rng)
        halo = rng.random(n) < 0.5
        shift = np.where(halo, -1.0, 1.0)
        meta = {"component": np.where(halo, "halo", "disc")}
        prediction = Point((1 - 0.2 * size) * (drawn.estimate + shift))
        return Run(name="planted", test=Dataset(y=drawn.y + shift, meta=meta), prediction=prediction), Claim(
            "population_mean"
        )


def _groups(values: pd.Series, most: int) -> tuple[NDArray[np.intp], list[Any]]:
    """Codes of the groups, with one code more for missing values; no groups where there are more than `most`."""
    if values.nunique(dropna=True) > most:
        return np.zeros(len(values), dtype=int), []
    import pandas as pd

    codes, names = pd.factorize(values, sort=False)
    return np.where(codes < 0, len(names), codes), list(names)


def _large(codes: NDArray[np.intp], n_groups: int, units: NDArray[np.intp], least: int) -> NDArray[np.bool_]:
    """Which codes hold enough independent units; that of missing values never does."""
    pairs = np.unique(codes * (int(units.max()) + 1) + units) // (int(units.max()) + 1)
    counts = np.bincount(pairs, minlength=n_groups + 1)
    return (counts >= least) & (np.arange(len(counts)) < n_groups)


def _fault(slope: Estimate) -> Estimate:
    return folded(slope._replace(value=slope.value - 1, low=slope.low - 1, high=slope.high - 1))


def _sentence(found: _Found, view: LabelView) -> str:
    slope = found.slope.slope
    unit = f" {view.unit}" if view.unit else ""
    side = "compressed" if slope.value < 1 else "stretched"
    size = f"{100 * abs(1 - slope.value):.0f} % (slope {slope.value:.3f} [{slope.low:.3f}, {slope.high:.3f}])"
    ends = [int(found.slope.true.argmin()), int(found.slope.true.argmax())]
    apart = [float(values[ends[1]] - values[ends[0]]) for values in (found.slope.true, found.slope.predicted)]
    return (
        f"differences of {view.name} between the {len(found.names)} groups of {found.column} are {side} by {size}: "
        f"{found.names[ends[1]]} and {found.names[ends[0]]} lie {apart[0]:.3g}{unit} apart and are predicted {apart[1]:.3g}"
        f"{unit} apart"
    )


def _limit_of_use(found: _Found, view: LabelView) -> Limit:
    slope = found.slope.slope
    return Limit(
        name=f"contrast_{found.column}",
        value=slope.value,
        low=slope.low,
        high=slope.high,
        unit="",
        text=f"differences of mean {view.name} between groups of {found.column} come out at {slope.value:.2f} times theirs",
    )


def _figure(found: _Found, view: LabelView) -> dict[str, Any]:
    true, said = found.slope.true, found.slope.predicted
    centre = np.average(true, weights=found.slope.size), np.average(said, weights=found.slope.size)
    ends = np.array([true.min(), true.max()])
    line = centre[1] + found.slope.slope.value * (ends - centre[0])
    unit = f" ({view.unit})" if view.unit else ""
    return {
        "title": f"Means of the groups of {found.column}",
        "xlabel": f"true mean {view.name}{unit}",
        "ylabel": f"mean of predictions{unit}",
        "layers": [
            {"kind": "line", "x": ends.tolist(), "y": ends.tolist(), "tone": "reference", "label": "equality"},
            {
                "kind": "line",
                "x": ends.tolist(),
                "y": line.tolist(),
                "tone": "limit",
                "label": f"slope {found.slope.slope.value:.2f}",
            },
            {"kind": "points", "x": true.tolist(), "y": said.tolist(), "tone": "main", "label": "groups"},
        ],
    }
