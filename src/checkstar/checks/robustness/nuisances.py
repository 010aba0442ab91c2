"""Is it moved by systematic effects of known size?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.checks.samples import Sample, affordable, claimed_variance, draw_sample
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.estimates import mean, ratio
from checkstar.evidence import Estimate, Evidence, Limit, Part
from checkstar.nuisances import Nuisance, background
from checkstar.prediction import Classes
from checkstar.runs import LabelView, Run
from checkstar.scope import Scope
from checkstar.simulators import linear_gaussian

__all__ = ["Nuisances"]

_LARGEST = 1e6
#: Claimed variance of an object whose class is said to be certain.
_LEAST = 1e-6


@dataclass(frozen=True, kw_only=True)
class Nuisances(Check):
    """Is it moved by systematic effects of known size?

    Each declared effect is put on the observations at plus and minus one standard deviation of its calibration budget,
    everything else unchanged. With the larger of the two shifts of an object in units of its claimed sigma, the fault of
    an effect is the root mean square over objects: what it adds, in quadrature, to error bars that do not hold it. At the
    limit of 0.3 the error grows by 4 %. All objects share the effect, so it does not average out.

    Of classes the claimed variance of an object is ``sum_c p_c (1 - p_c)``, which is its expected squared error, and the
    fault is the root of the ratio of the means of ``sum_c (p'_c - p_c)^2`` and of that. An effect may take epochs from a
    light curve (NaN), and nothing from other data.

    Parameters
    ----------
    budget : float
        Model calls for all effects together, in units of the whole test set.
    max_objects : int
        At most so many test objects, drawn at random.
    """

    name = "nuisances"
    code = "D4"
    family = "robustness"
    question = "Is it moved by systematic effects of known size?"
    statistic = "shift of the prediction by one sigma of an effect, in claimed sigmas (root mean square)"
    needs = frozenset({"spread", "model"})
    depends_on = "label"
    tasks = ("regression", "classification")
    declared = "nuisances"
    references = ("Ciprijanovic et al. 2022, arXiv:2112.14299",)

    budget: float = 4.0
    max_objects: int = 1000
    limit: float = 0.3

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        sample = draw_sample(run, claim.label, self._size(run), rng)
        view = sample.view
        if sample.too_few:
            return self.undecided(claim, sample.too_few, len(sample.rows))
        parts = []
        for nuisance in run.scope.nuisances:
            shifts = [_shift(run, sample, nuisance, size) for size in (1.0, -1.0)]
            found = _relative_square(shifts, view)
            value, low, high = (math.sqrt(max(end, 0.0)) for end in found[:3])
            estimate = Estimate(value, low, high, found.n)
            parts.append(Part(name=nuisance.name, estimate=estimate, limit=self.limit, unit="sigma"))
        return self.conclude(
            claim,
            parts,
            reason=lambda part: _sentence(part, view),
            limits_of_use=_limits(parts, self.limit, view),
            figure=_figure(parts, self.limit, view),
        )

    def _size(self, run: Run) -> int:
        return affordable(len(run.test), 2 * max(len(run.scope.nuisances), 1), self.budget, self.max_objects)

    def calls(self, run: Run) -> float:
        return 2 * len(run.scope.nuisances) * self._size(run) / len(run.test)

    def fault(self, size: float) -> str:
        return f"a background whose budget moves predictions by {0.1 + 0.9 * size:.1f} of their error bars"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """A mean of features, and a background as uncertain as the mean itself."""
        from checkstar.methods import as_method

        drawn = linear_gaussian(n, rng)
        sigma = drawn.noise * rng.uniform(0.8, 1.25, n)
        method = as_method(lambda x: (x.mean(axis=1), np.resize(sigma, len(x))))
        scope = Scope(nuisances=(background((0.1 + 0.9 * size) * drawn.noise),))
        return Run.of(method, test=Dataset(drawn.x, drawn.y, noise=drawn.sigma), scope=scope), Claim("object_value")


def _relative_square(shifts: Sequence[NDArray[np.float64]], view: LabelView) -> Estimate:
    """Mean square of the larger shift of each object, in units of what is claimed."""
    if isinstance(view.prediction, Classes):
        squared = np.max([np.square(shift).sum(axis=1) for shift in shifts], axis=0)
        return ratio(squared, np.maximum(claimed_variance(view.prediction), _LEAST), view.units, view.weight)
    sigma = view.prediction.std()[:, 0]
    shift = np.max([np.abs(shift[:, 0]) for shift in shifts], axis=0)
    return mean(np.minimum(shift / np.maximum(sigma, 1e-300), _LARGEST) ** 2, view.units, view.weight)


def _shift(run: Run, sample: Sample, nuisance: Nuisance, size: float) -> NDArray[np.float64]:
    """Change (n, 1) of the prediction by an effect of this size, or of all class probabilities (n, c)."""
    try:
        changed = np.asarray(nuisance.apply(sample.x.copy(), size), dtype=float)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise InputError(
            f"the nuisance {nuisance.name!r} failed at size {size:g} for x of shape {sample.x.shape} "
            f"({type(error).__name__}: {error}); mend its function."
        ) from error
    if changed.shape != sample.x.shape:
        raise InputError(
            f"the nuisance {nuisance.name!r} returned shape {changed.shape} for x of shape {sample.x.shape}; "
            "keep the shape."
        )
    if sample.data.layout is None and (np.isnan(changed) & ~np.isnan(sample.x)).any():
        raise InputError(f"the nuisance {nuisance.name!r} gave NaN where x was observed; mend its function.")
    said = run.predict(changed, sample.data.noise).select(sample.column).mean()
    return said - sample.view.prediction.mean()


def _sentence(part: Part, view: LabelView) -> str:
    value, low, high = part.estimate[:3]
    if isinstance(view.prediction, Classes):
        return (
            f"one sigma of the {part.name} moves the probabilities of {view.name} by {value:.2g} [{low:.2g}, {high:.2g}] of "
            "the error that they claim"
        )
    return (
        f"one sigma of the {part.name} moves {view.name} by {value:.2g} [{low:.2g}, {high:.2g}] of its error bar, "
        "for all objects alike"
    )


def _limits(parts: Sequence[Part], limit: float, view: LabelView) -> list[Limit]:
    """How well each effect must be known, where its response is linear."""
    return [
        Limit(
            name=f"budget of the {part.name}",
            value=limit / part.estimate.value,
            unit="sigma",
            text=f"the {part.name} may be off by {limit / part.estimate.value:.2g} times its budget before it moves "
            f"{view.name} by {limit:g} of its error bar",
        )
        for part in parts
        if part.estimate.value > 0
    ]


def _figure(parts: Sequence[Part], limit: float, view: LabelView) -> dict[str, Any]:
    shown = parts[:300]
    return {
        "title": "Shift by one sigma of each systematic effect",
        "xlabel": "effect",
        "ylabel": f"shift of {view.name} / error bar",
        "xticks": [part.name for part in shown],
        "layers": [
            {
                "kind": "interval",
                "x": list(range(len(shown))),
                "y": [part.estimate.value for part in shown],
                "low": [part.estimate.low for part in shown],
                "high": [part.estimate.high for part in shown],
                "tone": "main",
                "label": "root mean square shift",
            },
            {"kind": "hline", "y": [limit], "tone": "limit", "label": "limit"},
        ],
    }
