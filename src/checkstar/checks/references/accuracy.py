"""Is one object's value right, everywhere?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check, TolerancePart
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.estimates import quantile, relabelled, unit_count
from checkstar.evidence import Estimate, Evidence, Part
from checkstar.prediction import Point
from checkstar.runs import LabelView, Run
from checkstar.simulators import linear_gaussian

__all__ = ["Accuracy"]

_ONE_SIGMA = 0.6827


@dataclass(frozen=True, kw_only=True)
class Accuracy(Check):
    """Is one object's value right, for all kinds of objects?

    The fault is the typical error, the 68.3 % quantile of |prediction - truth|, over all objects and in bins of the
    prediction and of every metadata column; the worst bin decides, Bonferroni-corrected. Bins of the *prediction* and
    of metadata can be formed for new objects; bins of the truth cannot, and would show regression to the mean of any
    good method. Errors of the truth are part of the error and are not removed.

    Parameters
    ----------
    n_bins : int
        Most bins a column; fewer where a bin would hold under `min_units` independent objects.
    max_columns : int
        Most metadata columns looked at, in their order.
    """

    name = "accuracy"
    code = "A4"
    family = "accuracy"
    tolerance_of = "object_value"
    question = "Is one object's value right, for all kinds of objects?"
    statistic = "typical error (68.3 % quantile of |prediction - truth|) of the worst kind of objects"
    references = ("Woodruff 1952, JASA 47, 635 (interval of a quantile)",)

    n_bins: int = 5
    min_units: int = 30
    max_columns: int = 20

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        view = run.view(claim.label)
        limit = self.limit_of(claim, view.spread / 3)
        bins = [("all objects", np.ones(len(view.truth), dtype=bool))]
        covariates = {"prediction": view.predicted, **_covariates(run, self.max_columns)}
        for column, values in covariates.items():
            bins += self._bins(column, values, view)
        parts = [self._part(name, inside, view, limit) for name, inside in bins]
        n_units = unit_count(view.units)
        # Two bins of each column at least: what is not told apart may hide its errors in the others' average.
        wanted = 4 * self.min_units
        if n_units < wanted:
            parts.append(_too_few(n_units))
        return self.conclude(
            claim,
            parts,
            reason=lambda part: _sentence(part, view),
            figure=_figure(view, parts, limit["limit"]),
            n_wanted=float(wanted) if n_units < wanted else None,
        )

    def _bins(self, column: str, values: NDArray[Any], view: LabelView) -> list[tuple[str, NDArray[np.bool_]]]:
        n_units = unit_count(view.units)
        if values.dtype.kind not in "fiu":
            names, codes, counts = np.unique(values.astype(str), return_inverse=True, return_counts=True)
            kept = [i for i in np.argsort(-counts)[: 2 * self.n_bins] if counts[i] >= self.min_units]
            return [(f"{column} = {names[i]}", codes == i) for i in kept] if len(names) > 1 else []
        finite = np.isfinite(values)
        n_bins = min(self.n_bins, n_units // (2 * self.min_units))
        if n_bins < 2 or not finite.any():
            return []
        edges = np.unique(np.quantile(values[finite], np.linspace(0, 1, n_bins + 1)))
        code = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, max(len(edges) - 2, 0))
        named = [
            (f"{column} {edges[i]:.4g} to {edges[i + 1]:.4g}", finite & (code == i)) for i in range(len(edges) - 1)
        ]
        return [(name, inside) for name, inside in named if inside.sum() >= self.min_units]

    @staticmethod
    def _part(name: str, inside: NDArray[np.bool_], view: LabelView, limit: TolerancePart) -> Part:
        units = relabelled(view.units[inside])
        weight = None if view.weight is None else view.weight[inside]
        # Counted in all objects, so that the number needed is that of a larger test set of the same kinds.
        n_units = float(unit_count(view.units))
        return Part(
            name=name,
            estimate=quantile(np.abs(view.error[inside]), _ONE_SIGMA, units, weight)._replace(n=n_units),
            unit=view.unit,
            **limit,
        )

    def fault(self, size: float) -> str:
        return f"errors {1 + 2 * size:.1f} times larger for a fifth of the objects"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Errors that are three times larger for a fifth of the objects, which a metadata column tells apart."""
        drawn = linear_gaussian(n, rng, noise=0.1)
        faint = rng.random(n) < 0.2
        error = (drawn.estimate - drawn.y) * np.where(faint, 1 + 2 * size, 1.0)
        test = Dataset(y=drawn.y, meta={"snr": np.where(faint, 10.0, 50.0) + rng.random(n)})
        return Run(name="planted", test=test, prediction=Point(drawn.y + error)), Claim("object_value", tolerance=0.2)


def _covariates(run: Run, most: int) -> dict[str, NDArray[Any]]:
    """Metadata columns by which objects can be told apart; names and the group itself cannot."""
    found: dict[str, NDArray[Any]] = {}
    for name in run.test.meta.columns:
        values = run.test.meta[name].to_numpy()
        if name == run.test.group_name or len(found) == most:
            continue
        if values.dtype.kind in "fiu" or len(set(values[:1000].tolist())) <= min(50, len(values) / 2):
            found[str(name)] = values
    return found


def _too_few(n_units: int) -> Part:
    return Part(
        name=f"too few objects ({n_units}) to tell kinds apart",
        estimate=Estimate(math.nan, math.nan, math.nan, n_units),
        limit=math.nan,
    )


def _sentence(part: Part, view: LabelView) -> str:
    if math.isnan(part.limit):
        return part.name
    unit = f" {view.unit}" if view.unit else ""
    return (
        f"the typical error of {view.name} is {part.estimate.value:.3g}{unit} "
        f"[{max(part.estimate.low, 0):.3g}, {part.estimate.high:.3g}] for {part.name}"
    )


def _figure(view: LabelView, parts: list[Part], limit: float) -> dict[str, Any]:
    chosen = [p for p in parts if p.name.startswith("prediction ")] or parts[:1]
    estimates: list[Estimate] = [p.estimate for p in chosen]
    names = [p.name.removeprefix("prediction ") for p in chosen]
    unit = f" ({view.unit})" if view.unit else ""
    return {
        "title": "Typical error by prediction",
        "xlabel": f"predicted {view.name}{unit}",
        "ylabel": f"68.3 % of |error|{unit}",
        "xticks": names,
        "layers": [
            {
                "kind": "interval",
                "x": list(range(len(chosen))),
                "y": [e.value for e in estimates],
                "low": [e.low for e in estimates],
                "high": [e.high for e in estimates],
                "label": "typical error",
                "tone": "main",
            },
            {"kind": "hline", "y": [limit], "label": "limit", "tone": "limit"},
        ],
    }
