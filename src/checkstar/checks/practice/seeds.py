"""Would it say the same if it were trained again?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from checkstar.checks.base import Check
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.estimates import normalised_weights, quantile
from checkstar.evidence import ALPHA, Estimate, Evidence, Part
from checkstar.runs import LabelView, Run
from checkstar.simulators import linear_gaussian

__all__ = ["Seeds"]

_LARGEST = 1e6


@dataclass(frozen=True, kw_only=True)
class Seeds(Check):
    """Would the method say the same if it were trained again on the same data?

    It is fitted `n_refits` times with other seeds. The scatter of an object's predictions among these fits is an error
    that a claimed sigma has to hold; the fault is its median over objects in units of the claimed sigma, corrected for
    the median of the sample standard deviation of so few. Objects that are moved together by a seed do not average out:
    the interval is that of the objects, widened by chi^2 with the degrees of freedom ``m (tr S)^2 / tr S^2`` of the
    covariance S between objects, from m + 1 fits (Satterthwaite 1946); m where a seed moves all of them alike. A second fit with the same seed must give the same numbers:
    the share of objects for which it does not is a count on the given objects, with a limit of zero.

    Parameters
    ----------
    n_refits : int
        Fits with other seeds; one more repeats a seed.
    limit : float
        Largest scatter, in sigma.
    """

    name = "seeds"
    code = "O2"
    family = "practice"
    question = "Would it say the same if it were trained again?"
    statistic = "scatter between trainings with other seeds, relative to the claimed sigma (median)"
    needs = frozenset({"spread", "refit"})
    depends_on = "label"
    uses = frozenset()
    refits = True
    references = ("Kapoor et al. 2024, Science Advances 10, eadk3452 (REFORMS)",)

    n_refits: int = 4
    limit: float = 0.5

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        view = run.view(claim.label)
        values = np.stack([_again(run, view, seed) for seed in range(1, self.n_refits + 1)])
        repeated = _again(run, view, 1)
        differ = float(np.mean(repeated != values[0]))
        degrees = self.n_refits - 1
        typical = math.sqrt(stats.chi2.median(degrees) / degrees)
        scatter = values.std(axis=0, ddof=1) / typical
        sigma = np.maximum(view.prediction.std()[:, 0], 1e-300)
        objects = quantile(np.minimum(scatter / sigma, _LARGEST), 0.5, view.units, view.weight)
        relative = _of_few_fits(objects, _degrees(values / np.maximum(sigma, scatter / _LARGEST), view.weight))
        parts = [
            Part(name="other seeds", estimate=relative, limit=self.limit, unit="sigma"),
            Part(
                name="the same seed",
                estimate=Estimate(differ, differ, differ, relative.n),
                limit=0.0,
                limit_kind="derived",
            ),
        ]
        return self.conclude(
            claim, parts, reason=lambda part: _sentence(part, self.n_refits), figure=_figure(scatter, view)
        )

    def calls(self, run: Run) -> float:
        return self.n_refits + 1.0

    def fault(self, size: float) -> str:
        return f"trainings that scatter by {size:.1f} times the claimed sigma"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Predictions to which the seed of the training adds as much scatter as the claimed sigma."""
        drawn, learned = linear_gaussian(n, rng), linear_gaussian(200, rng)
        model = _lottery(drawn.noise, size)
        return Run.of(model, train=Dataset(learned.x, learned.y), test=Dataset(drawn.x, drawn.y)), Claim("object_value")


def _lottery(sigma: float, share: float) -> Any:
    """The mean of the features, plus a random direction of them that the seed chooses: a scikit-learn estimator."""
    from sklearn.base import BaseEstimator

    class Lottery(BaseEstimator):
        def __init__(self, sigma: float = sigma, share: float = share, random_state: int | None = None) -> None:
            self.sigma, self.share, self.random_state = sigma, share, random_state

        def fit(self, X: NDArray[np.float64], y: NDArray[np.float64]) -> Self:
            drawn = np.random.default_rng(self.random_state).standard_normal(X.shape[1])
            self.direction_ = drawn / np.sqrt((X**2).sum(axis=1).mean())
            return self

        def predict(self, X: NDArray[np.float64], return_std: bool = False) -> Any:
            mean = X.mean(axis=1) + self.share * self.sigma * X @ self.direction_
            return (mean, np.full(len(X), self.sigma)) if return_std else mean

    return Lottery()


def _again(run: Run, view: LabelView, seed: int) -> NDArray[np.float64]:
    assert run.train is not None
    again = run.refit(run.train, seed=seed)
    if again.failure:
        raise InputError(f"the method could not be fitted again: {again.failure}")
    return again.view(view.name).predicted


def _degrees(values: NDArray[np.float64], weight: NDArray[np.float64] | None) -> float:
    """Degrees of freedom of the mean variance of r fits (r, n) over all objects: r - 1 if they move as one.

    ``tr S^2`` and ``(tr S)^2`` of the covariance of objects are free of bias from the r by r matrix of products
    (Srivastava 2005, J. Japan Stat. Soc. 35, 251); no covariance of n objects is needed.
    """
    m = len(values) - 1
    # One object far off would stand for all.
    centred = values - values.mean(axis=0)
    typical = np.median(np.abs(centred))
    centred = np.clip(centred, -10 * typical, 10 * typical) * np.sqrt(normalised_weights(weight, values.shape[1]))
    product = centred @ centred.T
    total, squares = float(np.trace(product)), float(np.square(product).sum())
    if not total > 0 or m < 2:
        return float(m)
    squares = m**2 / ((m - 1) * (m + 2)) * (squares / total**2 - 1 / m)
    return m * max((1 - 2 * squares / m) / squares, 1.0) if squares > 1e-12 else math.inf


def _of_few_fits(found: Estimate, degrees: float) -> Estimate:
    """An estimate of a scatter with the error of its fits on top of that of its objects."""
    if not math.isfinite(degrees):
        return found
    low, high = (math.sqrt(degrees / special.chdtri(degrees, tail)) for tail in (ALPHA, 1 - ALPHA))
    return found._replace(low=found.low * low, high=found.high * high)


def _sentence(part: Part, n_refits: int) -> str:
    value, low, high, _ = part.estimate
    if part.name == "the same seed":
        return f"trained twice with the same seed, it predicts other numbers for {100 * value:.3g} % of the objects"
    return (
        f"trained {n_refits} times with other seeds, its predictions scatter by {value:.2g} [{max(low, 0):.2g}, "
        f"{high:.2g}] times the claimed sigma"
    )


def _figure(scatter: NDArray[np.float64], view: LabelView) -> dict[str, Any]:
    chosen = np.linspace(0, len(scatter) - 1, min(300, len(scatter))).astype(int)
    unit = f" ({view.unit})" if view.unit else ""
    return {
        "title": "Scatter between trainings",
        "xlabel": f"predicted {view.name}{unit}",
        "ylabel": "scatter between seeds / claimed sigma",
        "layers": [
            {
                "kind": "points",
                "x": view.predicted[chosen].tolist(),
                "y": np.minimum(scatter / np.maximum(view.prediction.std()[:, 0], 1e-300), _LARGEST)[chosen].tolist(),
                "tone": "main",
                "label": "objects",
            },
            {"kind": "hline", "y": [1.0], "tone": "reference", "label": "claimed sigma"},
        ],
    }
