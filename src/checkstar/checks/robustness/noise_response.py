"""Does it claim less error than its own response to noise?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from checkstar.checks.base import Check
from checkstar.checks.samples import claimed_variance
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.estimates import quantile, ratio
from checkstar.evidence import Estimate, Evidence, Limit, Part
from checkstar.noise import Noise
from checkstar.prediction import Classes
from checkstar.runs import LabelView, Run
from checkstar.simulators import linear_gaussian
from checkstar.statistics.subsamples import some_rows

__all__ = ["NoiseResponse"]


@dataclass(frozen=True, kw_only=True)
class NoiseResponse(Check):
    """Does the method claim less error than its own response to the noise of its input?

    The test observations are redrawn `n_redraws` times from their noise and predicted again. The scatter of an object's
    predictions, s_prop, is a part of its error that no method can hide; the fault is the median over objects of
    s_prop / s_pred, corrected for the median of the sample standard deviation of that many draws. One is the limit for
    an error bar that holds nothing but noise; `limit` leaves ten per cent.

    Class probabilities that are right have the expected squared error ``sum_c p_c (1 - p_c)``, of which their variance
    under noise is a part; the fault is the root of the ratio of the means of the two over objects.

    Parameters
    ----------
    n_redraws : int
        Model calls on the whole test set.
    max_objects : int
        At most so many test objects, drawn at random, are redrawn.
    """

    name = "noise_response"
    code = "D1"
    family = "robustness"
    question = "Does it claim less error than its own response to noise?"
    statistic = "scatter of predictions on redrawn noise, relative to the claimed sigma (median)"
    needs = frozenset({"spread", "model", "noise"})
    depends_on = "label"
    tasks = ("regression", "classification")
    references = ("Cramer 1946, Mathematical Methods of Statistics (propagation of errors)",)

    n_redraws: int = 8
    max_objects: int = 5000
    limit: float = 1.1

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        view = run.view(claim.label)
        rows = some_rows(len(run.test), self.max_objects, rng)
        part = run.test[rows]
        assert part.x is not None and part.noise is not None
        column = run.labels.index(view.name)
        draws = np.stack([_redrawn(run, part.x, part.noise, rng, column) for _ in range(self.n_redraws)])
        degrees = self.n_redraws - 1
        typical = math.sqrt(stats.chi2.median(degrees) / degrees)
        seen = view.at(rows)
        if isinstance(seen.prediction, Classes):
            return self._of_classes(draws, seen, seen.prediction, claim)
        scatter = draws[..., 0].std(axis=0, ddof=1)
        sigma = seen.prediction.std()[:, 0]
        estimate = quantile(scatter / sigma / typical, 0.5, seen.units, seen.weight)
        return self.conclude(
            claim,
            [Part(name="median object", estimate=estimate, limit=self.limit)],
            reason=lambda _: _sentence(estimate),
            figure=_figure(sigma, scatter, view),
            limits_of_use=_limits(float(np.median(scatter) / typical), view),
        )

    def _of_classes(self, draws: NDArray[np.float64], seen: LabelView, prediction: Classes, claim: Claim) -> Evidence:
        """The same of class probabilities (r, n, c)."""
        moved, claimed = draws.var(axis=0, ddof=1).sum(axis=1), np.maximum(claimed_variance(prediction), 1e-6)
        square = ratio(moved, claimed, seen.units, seen.weight)
        estimate = square._replace(
            **{name: math.sqrt(max(getattr(square, name), 0.0)) for name in ("value", "low", "high")}
        )
        changed = 100 * float((draws.argmax(axis=2) != prediction.probabilities.argmax(axis=1)).mean())
        return self.conclude(
            claim,
            [Part(name="root mean square", estimate=estimate, limit=self.limit)],
            reason=lambda _: f"{_sentence(estimate)}; {changed:.1f} % of the classes change",
            figure=_figure(np.sqrt(claimed), np.sqrt(moved), seen),
        )

    def calls(self, run: Run) -> float:
        return self.n_redraws * min(1.0, self.max_objects / len(run.test))

    def fault(self, size: float) -> str:
        return f"a claimed sigma {1 + size:.1f} times smaller than the response to noise"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """A linear estimator that claims half of what the noise of its input does to it."""
        from checkstar.methods import as_method

        drawn = linear_gaussian(n, rng)
        claimed = drawn.noise / (1 + size)
        method = as_method(lambda x: (x.mean(axis=1), np.full(len(x), claimed)))
        return Run.of(method, test=Dataset(drawn.x, drawn.y, noise=drawn.sigma)), Claim("object_interval")


def _redrawn(
    run: Run, x: NDArray[np.float64], noise: Noise, rng: np.random.Generator, column: int
) -> NDArray[np.float64]:
    return run.predict(noise.draw(x, rng), noise).select(column).mean()


def _sentence(estimate: Estimate) -> str:
    verb = "less than" if estimate.low > 1 else "at least" if estimate.high <= 1 else "about as much as"
    return (
        f"observed again, its predictions scatter by {estimate.value:.3g} [{max(estimate.low, 0):.3g}, "
        f"{estimate.high:.3g}] times the claimed sigma: it claims {verb} its own response to noise"
    )


def _limits(scatter: float, view: LabelView) -> list[Limit]:
    text = (
        f"noise alone moves the {view.name} of a typical object by {scatter:.3g}{' ' + view.unit if view.unit else ''}"
    )
    return [Limit(name="noise_scatter", value=scatter, unit=view.unit, text=text)]


def _figure(sigma: NDArray[np.float64], scatter: NDArray[np.float64], view: LabelView) -> dict[str, Any]:
    chosen = np.linspace(0, len(sigma) - 1, min(300, len(sigma))).astype(int)
    ends = [float(min(sigma.min(), scatter[scatter > 0].min(initial=np.inf))), float(max(sigma.max(), scatter.max()))]
    unit = f" ({view.unit})" if view.unit else ""
    return {
        "title": "Scatter on redrawn noise against the claimed sigma",
        "xlabel": f"claimed sigma of {view.name}{unit}",
        "ylabel": f"scatter on redrawn noise{unit}",
        "xscale": "log",
        "yscale": "log",
        "layers": [
            {
                "kind": "points",
                "x": sigma[chosen].tolist(),
                "y": scatter[chosen].tolist(),
                "tone": "main",
                "label": "objects",
            },
            {"kind": "line", "x": ends, "y": ends, "tone": "limit", "label": "equality"},
        ],
    }
