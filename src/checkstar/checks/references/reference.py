"""Is it as good as the domain's own method?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from checkstar.checks.base import Check
from checkstar.checks.losses import loss, loss_name, relative_loss
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.evidence import Estimate, Evidence, Limit, Part
from checkstar.prediction import Normal, Prediction
from checkstar.runs import LabelView, Run
from checkstar.simulators import linear_gaussian

__all__ = ["Reference"]


@dataclass(frozen=True, kw_only=True)
class Reference(Check):
    """Is it as good as the domain's own method on the same objects?

    Ratio of mean losses, minus one: negative is better than the reference. The loss is the CRPS where both give
    densities, the absolute error otherwise, the log loss for classes; the objects are paired, and the interval is that
    of a ratio of means over independent units.

    Parameters
    ----------
    limit : float
        How much worse than the reference is tolerated, relative.
    """

    name = "reference"
    code = "A1"
    family = "reference"
    question = "Is it as good as the domain's own method?"
    statistic = "mean loss relative to the domain's own method, minus one"
    needs = frozenset({"reference"})
    depends_on = "label"
    tasks = ("regression", "classification")
    references = ("Diebold & Mariano 1995, J. Bus. Econ. Stat. 13, 253", "Kapoor & Narayanan 2023, Patterns 4, 100804")

    limit: float = 0.10

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        assert run.reference is not None
        view, other = run.view(claim.label), run.reference.view(claim.label).prediction
        if _same(view.prediction, other):
            raise NotApplicable("this is the domain's own method; there is nothing else to compare it with")
        estimate = relative_loss(view, other)
        both = view.prediction.has_spread and other.has_spread
        ours, theirs = (loss(p, view.truth, points_only=not both) for p in (view.prediction, other))
        wins = float(np.mean(ours < theirs))
        name = loss_name(both, run.test.task)
        slower = run.reference.costs.predict_seconds / max(run.costs.predict_seconds, 1e-9)
        return self.conclude(
            claim,
            [Part(name=name, estimate=estimate, limit=self.limit)],
            reason=lambda _: _sentence(estimate, name, run.reference.name, wins),  # type: ignore[union-attr]
            figure=_figure(view, other, run),
            limits_of_use=_equivalents(estimate, run.reference.name, slower, view),
        )

    def fault(self, size: float) -> str:
        return f"errors {50 * size:.0f} % larger than those of the reference"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Errors half as large again as those of a reference that is exactly as good where nothing is planted."""
        drawn = linear_gaussian(n, rng)
        test, sigma = Dataset(y=drawn.y), np.full(n, drawn.noise)
        reference = Run(name="reference", test=test, prediction=Normal(drawn.estimate, sigma))
        error = drawn.noise * rng.standard_normal(n)
        prediction = Normal(drawn.y + (1 + 0.5 * size) * error, (1 + 0.5 * size) * sigma)
        return Run(name="planted", test=test, prediction=prediction, reference=reference), Claim("object_value")


def _same(one: Prediction, other: Prediction) -> bool:
    """Whether two predictions are equal to the last bit, spreads too."""
    return np.array_equal(one.mean(), other.mean()) and np.array_equal(one.std(), other.std(), equal_nan=True)


def _sentence(estimate: Estimate, name: str, reference: str, wins: float) -> str:
    side = "smaller" if estimate.value < 0 else "larger"
    return (
        f"its {name} is {100 * abs(estimate.value):.0f} % {side} than that of {reference} "
        f"[{100 * estimate.low:+.0f}, {100 * estimate.high:+.0f}] %; better for {100 * wins:.0f} % of the objects"
    )


def _equivalents(estimate: Estimate, reference: str, slower: float, view: LabelView) -> list[Limit]:
    if estimate.low > 0 or not np.isfinite(slower):
        return []
    relation = "does as well" if estimate.high > 0 else "does worse"
    pace = f"{slower:.3g}x slower" if slower > 1 else f"{1 / slower:.3g}x faster"
    return [
        Limit(
            name="reference",
            value=slower,
            unit="times the prediction time",
            text=f"{reference} {relation} for {view.name}, {pace}",
        )
    ]


def _figure(view: LabelView, other: Prediction, run: Run) -> dict[str, Any] | None:
    if run.test.task == "classification":
        return None
    levels = np.linspace(0.01, 0.99, 99)
    reference = np.abs(other.mean()[:, 0] - view.truth)
    name = run.reference.name if run.reference else "reference"
    unit = f" ({view.unit})" if view.unit else ""
    return {
        "title": "Share of objects within an error",
        "xlabel": f"|error| of {view.name}{unit}",
        "ylabel": "share of objects",
        "xscale": "log",
        "layers": [
            {
                "kind": "line",
                "x": np.quantile(np.abs(view.error), levels).tolist(),
                "y": levels.tolist(),
                "tone": "main",
                "label": run.name,
            },
            {
                "kind": "line",
                "x": np.quantile(reference, levels).tolist(),
                "y": levels.tolist(),
                "tone": "reference",
                "label": name,
            },
        ],
    }
