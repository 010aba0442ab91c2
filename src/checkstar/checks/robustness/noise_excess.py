"""Does it answer to noise more than an optimal estimate would?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from checkstar.checks.base import Check
from checkstar.checks.bounds import information_in
from checkstar.checks.samples import Sample, affordable, draw_sample
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.derivatives import propagated_error, redrawn_variance
from checkstar.errors import NotApplicable
from checkstar.estimates import quantile, relabelled
from checkstar.evidence import Estimate, Evidence, Part
from checkstar.runs import LabelView, Run
from checkstar.scope import Scope
from checkstar.simulators import LinearModel, linear_gaussian
from checkstar.statistics.information import least_errors

__all__ = ["NoiseExcess"]


@dataclass(frozen=True, kw_only=True)
class NoiseExcess(Check):
    """Does it answer to noise more than an optimal estimate would?

    The noise of an object moves its prediction by ``s_prop = sqrt(J C J^T)``, with the derivatives J of the method where
    it knows them and from `n_redraws` redrawn observations otherwise. An optimal unbiased estimate moves by the
    Cramer-Rao bound s_CRLB of the declared forward model, all labels unknown. The fault is the median over objects of
    s_prop / s_CRLB (redraws: corrected for the median of their sample standard deviation). A method far above one reads
    directions of the observations that hold noise and no signal, as one that learned its training noise by heart does.
    Estimates that shrink lie below one.

    Parameters
    ----------
    n_redraws : int
        Redrawn observations of each object, for a method without derivatives.
    budget : float
        Model calls, in units of the whole test set.
    max_objects : int
        At most so many test objects, drawn at random.
    """

    name = "noise_excess"
    code = "D3"
    family = "robustness"
    question = "Does it answer to noise more than an optimal estimate would?"
    statistic = "error that noise causes, relative to the Cramer-Rao bound (median)"
    needs = frozenset({"model", "noise"})
    depends_on = "label"
    declared = "forward"
    references = ("Cramer 1946, Mathematical Methods of Statistics (propagation of errors; Cramer-Rao bound)",)

    n_redraws: int = 8
    budget: float = 2.0
    max_objects: int = 1000
    limit: float = 2.0

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        assert run.scope.forward is not None
        sample = draw_sample(run, claim.label, self._size(run), rng)
        view = sample.view
        bound = least_errors(information_in(sample.data, run.scope.forward))[:, sample.column]
        known = np.isfinite(bound)
        if not known.any():
            raise NotApplicable(f"by the forward model, these observations do not determine {view.name}")
        response = self._response(run, sample, rng)
        weight = None if view.weight is None else view.weight[known]
        if weight is not None and not weight.sum() > 0:
            return self.undecided(claim, "no object of weight whose bound is known", 0)
        estimate = quantile((response / bound)[known], 0.5, relabelled(view.units[known]), weight)
        return self.conclude(
            claim,
            [Part(name="median object", estimate=estimate, limit=self.limit)],
            reason=lambda _: _sentence(estimate, view),
            figure=_figure(bound[known], response[known], self.limit, view),
        )

    def _response(self, run: Run, sample: Sample, rng: np.random.Generator) -> NDArray[np.float64]:
        """Error (n,) that the noise causes."""
        jacobian = run.jacobian(sample.x, sample.noise) if run.differentiable else None
        if jacobian is not None:
            gradient = sample.noise.whiten_gradient(jacobian[:, [sample.column]], sample.x)
            return np.nan_to_num(propagated_error(gradient)[:, 0])
        variance = redrawn_variance(
            lambda x, noise: run.predict(x, noise).mean(), sample.x, sample.noise, rng, self.n_redraws
        )
        degrees = self.n_redraws - 1
        return np.sqrt(variance[:, sample.column] * degrees / stats.chi2.median(degrees))

    def _size(self, run: Run) -> int:
        return affordable(len(run.test), self._each(run), self.budget, self.max_objects)

    def _each(self, run: Run) -> int:
        return 1 if run.differentiable else self.n_redraws

    def calls(self, run: Run) -> float:
        return self._each(run) * self._size(run) / len(run.test)

    def fault(self, size: float) -> str:
        return f"a response to noise {math.hypot(1, 3 * size):.1f} times that of the efficient estimate"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """The efficient estimate, plus three times its noise from a direction in which no label acts."""
        from checkstar.methods import as_method

        drawn = linear_gaussian(n, rng)
        p = drawn.x.shape[1]
        empty = np.where(np.arange(p) % 2, -1.0, 1.0) / p
        method = as_method(lambda x: x.mean(axis=1) + 3 * size * x @ empty)
        scope = Scope(forward=LinearModel(np.ones((1, p))))
        return Run.of(method, test=Dataset(drawn.x, drawn.y, noise=drawn.sigma), scope=scope), Claim("object_value")


def _sentence(estimate: Estimate, view: LabelView) -> str:
    value, low, high = estimate.value, max(estimate.low, 0), estimate.high
    return (
        f"noise moves the {view.name} of a typical object by {value:.3g} [{low:.3g}, {high:.3g}] times the least error "
        "that an unbiased estimate can have (Cramer-Rao bound of the forward model)"
    )


def _figure(bound: NDArray[np.float64], response: NDArray[np.float64], limit: float, view: LabelView) -> dict[str, Any]:
    chosen = np.linspace(0, len(bound) - 1, min(300, len(bound))).astype(int)
    ends = np.array([bound.min(), bound.max()]) * [0.9, 1.1]
    unit = f" ({view.unit})" if view.unit else ""
    return {
        "title": "Response to noise against the least possible error",
        "xlabel": f"Cramer-Rao bound of {view.name}{unit}",
        "ylabel": f"error that noise causes{unit}",
        "xscale": "log",
        "yscale": "log",
        "layers": [
            {
                "kind": "points",
                "x": bound[chosen].tolist(),
                "y": response[chosen].tolist(),
                "tone": "main",
                "label": "objects",
            },
            {"kind": "line", "x": ends.tolist(), "y": ends.tolist(), "tone": "reference", "label": "efficient"},
            {"kind": "line", "x": ends.tolist(), "y": (limit * ends).tolist(), "tone": "limit", "label": "limit"},
        ],
    }
