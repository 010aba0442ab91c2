"""Is it better than the data allow?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from checkstar.checks.base import Check
from checkstar.checks.bounds import information_in
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.estimates import kish, mean, normalised_weights, quantile, relabelled
from checkstar.evidence import ALPHA, Estimate, Evidence, Limit, Part
from checkstar.prediction import Point
from checkstar.runs import LabelView, Run
from checkstar.scope import Scope
from checkstar.simulators import LinearModel, linear_gaussian
from checkstar.statistics.information import least_errors, least_variances_in_population
from checkstar.statistics.subsamples import some_rows

__all__ = ["InformationLimit"]


@dataclass(frozen=True, kw_only=True)
class InformationLimit(Check):
    """Is it better than the data allow?

    With F_i the Fisher information of the declared forward model about object i and Lambda the covariance of the true
    labels over the test objects (errors of the truth taken out), no estimate has a smaller squared error, averaged over
    a normal population, than ``b_i^2 = [(F_i + Lambda^-1)^-1]`` (van Trees: the Bayesian Cramer-Rao bound). So the mean
    of ``(error_i^2 - s_truth,i^2) / b_i^2`` is at least one, for posterior means too, which shrink and may well beat the
    bound of unbiased estimates. The fault is what is missing to one. Its interval is no narrower than that of normal
    errors at the bound, because the variance of a few small errors is itself small.

    Below the bound lie methods that were told the answer (leakage), that know more than the spectrum or the light curve
    says (an informative prior, another input), or whose noise is overstated. A population far from normal, of two peaks
    or with sharp edges, allows more than the bound says: where a fault is seen, the least error in the very population of
    the labels (`checkstar.statistics.information.least_variances_in_population`) takes the place of the bound in the
    lower end of its interval, so that knowing the population is not taken for a leak. Few outliers can hide a leak in the
    mean, but not in the median of the squared errors, that of chi^2 at the bound: where the typical object is shown to lie
    below it by more than the limit, the check cannot pass. A method above the bound is inefficient, which is a limit of use and no
    fault of this kind.
    """

    name = "information_limit"
    code = "A3"
    family = "accuracy"
    question = "Is it better than the data allow?"
    statistic = "1 - variance of the errors relative to the Bayesian Cramer-Rao bound"
    needs = frozenset({"noise"})
    depends_on = "label"
    declared = "forward"
    uses = frozenset({"object_value"})
    references = (
        "van Trees 1968, Detection, Estimation, and Modulation Theory I, section 2.4",
        "Gill & Levit 1995, Bernoulli 1, 59",
        "Alsing & Wandelt 2018, MNRAS 476, L60",
    )

    limit: float = 0.05
    max_objects: int = 20_000

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        assert run.scope.forward is not None
        view, prior = run.view(claim.label), _population(run.test)
        n = len(view.truth)
        rows = some_rows(n, self.max_objects, rng)
        information = information_in(run.test[rows], run.scope.forward)
        column = run.labels.index(view.name)
        if not prior[column, column] > 0:
            raise NotApplicable(f"the true {view.name} varies no more than its errors; every estimate can be perfect")
        bound, unbiased = (least_errors(information, given)[:, column] for given in (prior, None))
        known = np.isfinite(bound)
        rows, bound, unbiased = rows[known], bound[known], unbiased[known]
        weight = None if view.weight is None else view.weight[rows]
        if len(rows) < 2 or (weight is not None and not weight.sum() > 0):
            return self.undecided(claim, "fewer than two objects whose bound is known", len(rows))
        variance, noise = view.error[rows] ** 2, view.truth_err[rows] ** 2
        share = _with_normal_errors(variance - noise, noise, bound**2, relabelled(view.units[rows]), weight)
        value, low, high = (max(0.0, 1 - end) for end in (share.value, share.high, share.low))
        allowed = 1.0
        if low > 0:
            w = np.ones(len(rows)) if weight is None else weight
            # Labels that vary no more than their errors count as known.
            varied = np.flatnonzero(np.diagonal(prior) > 0)
            y, of = np.asarray(run.test.y)[rows][:, varied], np.ix_(varied, varied)
            told = information[known][:, varied][:, :, varied]
            chosen, least = least_variances_in_population(told, y, prior[of], w, rng)
            allowed = _allowed(least[:, int(np.searchsorted(varied, column))] / bound[chosen] ** 2, w[chosen])
            low = max(0.0, 1 - share.high / allowed)
        typical = _typical(view.error[rows] ** 2 / (bound**2 + noise), relabelled(view.units[rows]), weight)
        if typical.low > self.limit:
            high = max(high, min(typical.high, 1.0))
        fault = Estimate(value, low, high, share.n)
        return self.conclude(
            claim,
            [
                Part(name="all objects", estimate=fault, limit=self.limit),
                Part(name="typical object", estimate=typical, limit=self.limit, decides=False),
            ],
            reason=lambda part: _sentence(share, allowed, view) + _of_typical(typical, part, self.limit),
            limits_of_use=_limits(share, unbiased, view),
            figure=_figure(view.error[rows] / np.sqrt(bound**2 + noise), view),
        )

    def fault(self, size: float) -> str:
        return f"errors {1 + 0.6 * size:.1f} times smaller than those of the efficient estimate"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """The efficient estimate, drawn towards a truth that it cannot know."""
        drawn = linear_gaussian(n, rng)
        predicted = drawn.y + (drawn.estimate - drawn.y) / (1 + 0.6 * size)
        test = Dataset(drawn.x, drawn.y, noise=drawn.sigma)
        scope = Scope(forward=LinearModel(np.ones((1, drawn.x.shape[1]))))
        return Run(name="planted", test=test, prediction=Point(predicted), scope=scope), Claim("object_value")


def _population(test: Dataset) -> NDArray[np.float64]:
    """Covariance (k, k) of the true labels, errors of the truth taken out of its diagonal."""
    assert test.y is not None
    w = normalised_weights(test.weight, len(test))
    centred = test.y - (w[:, None] * test.y).mean(axis=0)
    covariance = (centred * w[:, None]).T @ centred / max(len(test) - 1, 1)
    errors = 0.0 if test.y_err is None else np.square(test.y_err).mean(axis=0)
    return covariance - np.diag(np.broadcast_to(errors, len(covariance)))


def _with_normal_errors(
    achieved: NDArray[np.float64],
    noise: NDArray[np.float64],
    bound: NDArray[np.float64],
    units: NDArray[np.intp],
    weight: NDArray[np.float64] | None,
) -> Estimate:
    """Mean of achieved / bound, its interval no narrower than that of normal errors at the bound.

    The variance of a squared error is then 2 (bound + noise of the truth)^2.
    """
    found = mean(achieved / bound, units, weight)
    w = normalised_weights(weight, len(achieved))
    effective = kish(w, units)
    if not effective > 1:
        return found
    normal = math.sqrt(2 * float((np.square(w) * np.square(1 + noise / bound)).mean()) / len(w))
    half = float(special.stdtrit(effective - 1, 1 - ALPHA)) * normal
    return found._replace(low=min(found.low, found.value - half), high=max(found.high, found.value + half))


def _typical(relative: NDArray[np.float64], units: NDArray[np.intp], weight: NDArray[np.float64] | None) -> Estimate:
    """What the median squared error relative to the bound is short of that of a unit normal."""
    found = quantile(relative / special.chdtri(1, 0.5), 0.5, units, weight)
    return Estimate(1 - found.value, 1 - found.high, 1 - max(found.low, 0.0), found.n)


def _of_typical(typical: Estimate, part: Part, limit: float) -> str:
    if part.name == "all objects" and not typical.low > limit:
        return ""
    value, low, high = (1 - end for end in (typical.value, typical.high, typical.low))
    return f"; that of the typical object, by the median, is {value:.3g} [{low:.3g}, {high:.3g}] times it"


def _allowed(relative: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """What the population allows relative to a normal one: at most one, less its Monte Carlo error."""
    found = mean(relative, np.arange(len(relative)), weights)
    return float(np.clip(found.low, 1e-6, 1.0))


def _sentence(share: Estimate, allowed: float, view: LabelView) -> str:
    value, low, high = (max(end, 0.0) for end in share[:3])
    amount = f"{value:.3g} [{low:.3g}, {high:.3g}] times the least that these data and the spread of the labels allow"
    start = f"the variance of the errors of {view.name} is {amount}"
    if share.high >= 1:
        return f"{start}: no better than can be"
    if share.high >= allowed:
        return f"{start} if these were spread normally; spread as they are, {allowed:.3g} times it is allowed"
    shaped = f" nor does the shape of their population, which allows {allowed:.3g} times it" if allowed < 0.95 else ""
    return (
        f"{start} (Bayesian Cramer-Rao bound): shrinking does not explain it{shaped}; a leak, knowledge beyond the "
        "forward model or overstated noise does"
    )


def _limits(share: Estimate, unbiased: NDArray[np.float64], view: LabelView) -> list[Limit]:
    least = float(np.median(unbiased))
    unit = f" {view.unit}" if view.unit else ""
    limits = []
    if share.value >= 1:
        text = f"the errors of {view.name} have {share.value:.3g} times the least possible variance"
        limits.append(Limit(name="inefficiency", value=share.value, unit="", text=text, low=share.low, high=share.high))
    if math.isfinite(least):
        text = f"no unbiased estimate of {view.name} of a typical object has an error below {least:.3g}{unit}"
        limits.append(Limit(name="least_error", value=least, unit=view.unit, text=text))
    return limits


def _figure(z: NDArray[np.float64], view: LabelView) -> dict[str, Any]:
    levels = np.linspace(0.5, 99.5, 100) / 100
    return {
        "title": "Errors in units of the least that the data allow",
        "xlabel": "unit normal",
        "ylabel": f"error of {view.name} / bound",
        "layers": [
            {"kind": "line", "x": [-3, 3], "y": [-3, 3], "tone": "limit", "label": "flatter is too good"},
            {
                "kind": "points",
                "x": special.ndtri(levels).tolist(),
                "y": np.quantile(z, levels).tolist(),
                "tone": "main",
                "label": "quantiles of the errors",
            },
        ],
    }
