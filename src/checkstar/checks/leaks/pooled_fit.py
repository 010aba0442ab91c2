"""Does it predict as it would had it been fitted on the training data alone?"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.estimates import ratio
from checkstar.evidence import Estimate, Evidence, Part
from checkstar.prediction import Classes, Prediction
from checkstar.runs import Run
from checkstar.simulators import linear_gaussian

__all__ = ["PooledFit"]

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class PooledFit(Check):
    """Does the method predict as it would had it been fitted on the training data alone?

    Whatever was learned from the test objects (a scaling, a choice of features, the model itself) shows where the
    method is fitted again on the training data that were given. With predictions f of the run and f_1 ... f_m of m
    refits that differ in their seeds, the fault is

        ``[mean_i (f - f_i)^2 - mean_(i<j) (f_i - f_j)^2] / mean (f - y)^2``,

    how far the predictions lie from those of refits, beyond the scatter of refits among themselves, in units of the
    squared error. A run that was fitted on the same data with one more seed has expectation zero; a method without
    random numbers gives zero exactly. By independent unit; for classes summed over the classes. Other settings, or
    training on other data than those given, show as well: they too make the audit one of another model.

    Parameters
    ----------
    n_refits : int
        Fits, each predicting the test set once.
    limit : float
        Largest tolerated fault; a convention.
    """

    name = "pooled_fit"
    code = "I4b"
    family = "leakage"
    question = "Does it predict as it would had it been fitted on the training data alone?"
    statistic = "squared difference from refits on the training data, beyond their own scatter, over the squared error"
    needs = frozenset({"refit", "training_x"})
    depends_on = "label"
    tasks = ("regression", "classification")
    refits = True
    references = ("Kapoor & Narayanan 2023, Patterns 4, 100804 (leakage of type 1)",)

    n_refits: int = 3
    limit: float = 0.05

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        assert run.train is not None
        view = run.view(claim.label)
        column = run.labels.index(view.name)
        again = [run.refit(run.train, seed=int(seed)) for seed in rng.integers(1, 2**31 - 1, size=self.n_refits)]
        failed = next((r.failure for r in again if r.failure), None)
        if failed is not None:
            return self.undecided(claim, f"the method could not be fitted again: {failed}", len(run.test))
        said = [_points(r.prediction, column, run.prediction) for r in (run, *again)]
        truth = np.asarray(
            view.truth[:, None] == np.asarray(run.prediction.names)
            if isinstance(run.prediction, Classes)
            else view.truth[:, None],
            dtype=float,
        )
        squared = _squares(said[0], truth)
        if not squared.any():
            raise NotApplicable("the predictions equal the truth: there is no error to compare with")
        apart = np.mean([_squares(said[0], other) for other in said[1:]], axis=0)
        pairs = list(combinations(said[1:], 2))
        scatter = np.mean([_squares(*pair) for pair in pairs], axis=0) if pairs else np.zeros(len(apart))
        estimate = ratio(apart - scatter, squared, view.units, view.weight)
        means = [float(np.average(v, weights=view.weight)) for v in (apart, scatter, squared)]
        return self.conclude(
            claim,
            [Part(name="refitted", estimate=estimate, limit=self.limit)],
            reason=lambda _: _sentence(estimate, means),
            figure=_figure(said[0], said[1], view.name),
        )

    def calls(self, run: Run) -> float:
        return float(self.n_refits)

    def fault(self, size: float) -> str:
        return "nearest neighbours that are searched among the test objects too" if size else "an honest fit"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Nearest neighbours fitted on training and test objects."""
        from sklearn.neighbors import KNeighborsRegressor

        drawn = linear_gaussian(2 * n, rng)
        learned = slice(None) if size > 0 else slice(0, n)
        model = KNeighborsRegressor(3).fit(drawn.x[learned], drawn.y[learned])
        train, test = Dataset(drawn.x[:n], drawn.y[:n]), Dataset(drawn.x[n:], drawn.y[n:])
        return Run.of(model, train=train, test=test), Claim("object_value")


def _points(prediction: Prediction, column: int, like: Prediction) -> Array:
    """Point predictions (n, 1); of classes the probabilities (n, c) in the order of another prediction."""
    if isinstance(prediction, Classes) and isinstance(like, Classes):
        table = dict(zip(prediction.names, prediction.probabilities.T, strict=True))
        nothing = np.zeros(len(prediction.probabilities))
        return np.stack([table.get(name, nothing) for name in like.names], axis=1)
    return prediction.select(column).mean()


def _squares(one: Array, other: Array) -> Array:
    return np.square(one - other).sum(axis=1)


def _sentence(estimate: Estimate, means: list[float]) -> str:
    apart, scatter, squared = (np.sqrt(v) for v in means)
    value, low, high, _ = estimate
    return (
        f"the predictions differ by {apart:.3g} (rms) from those of fits on the training data alone, which differ by "
        f"{scatter:.3g} among themselves: {100 * value:.1f} % [{100 * low:.1f}, {100 * high:.1f}] of the squared error "
        f"({squared:.3g} rms)"
    )


def _figure(given: Array, again: Array, label: str) -> dict[str, Any]:
    chosen = np.linspace(0, len(given) - 1, min(300, len(given))).astype(int)
    column = int(np.argmax(given.var(axis=0)))
    ends = [float(given[:, column].min()), float(given[:, column].max())]
    return {
        "title": "Predictions given, against those of a fit on the training data alone",
        "xlabel": f"{label}, fitted again",
        "ylabel": f"{label}, as given",
        "layers": [
            {"kind": "line", "x": ends, "y": ends, "tone": "reference", "label": "equality"},
            {
                "kind": "points",
                "x": again[chosen, column].tolist(),
                "y": given[chosen, column].tolist(),
                "tone": "main",
                "label": "test objects",
            },
        ],
    }
