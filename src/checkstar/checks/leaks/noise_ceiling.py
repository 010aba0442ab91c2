"""Is it better than the errors of its labels allow?"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from checkstar.checks.base import Check
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.estimates import from_influence, kish, normalised_weights, quantile
from checkstar.evidence import ALPHA, Estimate, Evidence, Limit, Part
from checkstar.prediction import Point
from checkstar.runs import Run
from checkstar.simulators import linear_gaussian

__all__ = ["NoiseCeiling"]

#: Median of |z| of a unit normal.
_TYPICAL = float(special.ndtri(0.75))


@dataclass(frozen=True, kw_only=True)
class NoiseCeiling(Check):
    """Is it better than the errors of its labels allow?

    A truth measured with error s differs from any prediction that has not seen it by at least s: with independent
    errors ``E (prediction - y)^2 = E (prediction - y_true)^2 + E s^2``. So the mean squared residual cannot lie below
    the mean squared label error, unless the label errors are overestimated, or the method has seen these very labels.
    The fault is ``1 - mean (prediction - y)^2 / mean s^2``: positive is impossible, the limit zero follows. Its
    interval is that of the logarithm of the ratio, by influence values, no narrower than that of chi^2. The typical
    object, ``1 - (median |prediction - y| / s / 0.674)^2``, which few outliers cannot hide, assumes normal label
    errors and so accuses nobody; but where it is shown to lie below the errors, the check cannot pass.
    """

    name = "noise_ceiling"
    code = "I6"
    family = "leakage"
    question = "Is it better than the errors of its labels allow?"
    statistic = "one minus the ratio of the squared residual to the squared label error"
    needs = frozenset()
    uses = frozenset({"object_value"})
    depends_on = "label"
    references = (
        "Rao 1973, Linear Statistical Inference, 4g (errors of measurement)",
        "Anderson 1955, Proc. AMS 6, 170 (independent errors only widen)",
    )

    limit: float = 0.0

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        view = run.view(claim.label)
        sigma = view.truth_err
        if not (sigma > 0).any():
            raise NotApplicable("the truth has no errors (y_err), so nothing limits how well it can be met")
        squared, variance = np.square(view.error), np.square(sigma)
        w = normalised_weights(view.weight, len(sigma))
        below = float((w * variance).mean())
        if below == 0:
            raise NotApplicable("only objects of weight zero have label errors")
        # Residuals of exactly zero are below any error, not infinitely so.
        value = max(float((w * squared).mean()) / below, 1e-12)
        influence = w * (squared - value * variance) / below / value
        log_ratio = from_influence(math.log(value), influence, view.units, view.weight)
        estimate = _shortfall(_no_narrower_than_normal(log_ratio, kish(w, view.units)))
        parts = [Part(name="all objects", estimate=estimate, limit=self.limit, limit_kind="derived")]
        hidden = ""
        if (sigma > 0).all():
            typical = quantile(np.abs(view.error) / sigma / _TYPICAL, 0.5, view.units, view.weight)
            size = _of_typical(typical)
            if size.low > self.limit:
                parts = [replace(parts[0], estimate=estimate._replace(high=max(estimate.high, size.high)))]
                hidden = f"; those of the typical object, by the median, are {1 - size.value:.3g} times them"
            parts.append(
                Part(name="typical object", estimate=size, limit=self.limit, limit_kind="derived", decides=False)
            )
        return self.conclude(
            claim,
            parts,
            reason=lambda part: _sentence(part) + hidden,
            figure=_figure(np.abs(view.error), sigma, view.name, view.unit),
            limits_of_use=_limits(math.sqrt(below), view.name, view.unit),
        )

    def fault(self, size: float) -> str:
        return f"predictions that have seen {90 * size:.0f} % of the errors of the labels they are tested on"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Predictions drawn nine tenths of the way to labels whose errors are larger than those of the predictions."""
        drawn = linear_gaussian(n, rng, noise=0.3)
        label = drawn.y + 0.4 * rng.standard_normal(n)
        predicted = drawn.estimate + 0.9 * size * (label - drawn.estimate)
        return Run(name="planted", test=Dataset(y=label, y_err=0.4), prediction=Point(predicted)), Claim("object_value")


def _no_narrower_than_normal(log_ratio: Estimate, n: float) -> Estimate:
    """The interval of ln of a mean square, no narrower than that of `n` independent normal residuals (chi^2)."""
    degrees = max(n, 1.0)
    low, high = (log_ratio.value + math.log(degrees / special.chdtri(degrees, tail)) for tail in (ALPHA, 1 - ALPHA))
    return log_ratio._replace(low=min(log_ratio.low, low), high=max(log_ratio.high, high))


def _shortfall(log_ratio: Estimate) -> Estimate:
    """One minus the ratio, from its logarithm."""
    value, low, high = (1 - math.exp(min(v, 50.0)) for v in (log_ratio.value, log_ratio.high, log_ratio.low))
    return Estimate(value, low, high, log_ratio.n)


def _of_typical(scale: Estimate) -> Estimate:
    """One minus the square of a scale; an end that is not known stays so."""
    value, low, high = (1 - min(max(v, 0.0), 1e6) ** 2 for v in (scale.value, scale.high, scale.low))
    return Estimate(value, low, high, scale.n)


def _sentence(part: Part) -> str:
    value, low, high, _ = part.estimate
    ratio, ends = 1 - value, f"[{1 - high:.3g}, {1 - low:.3g}]"
    text = f"the squared residuals are {ratio:.3g} {ends} times the squared label errors"
    if value > 0:
        return f"{text}: less than one is possible only if these labels were seen or their errors are overestimated"
    return f"{text}: no better than the labels allow"


def _limits(sigma: float, label: str, unit: str) -> list[Limit]:
    text = (
        f"against these labels no residual of {label} below {sigma:.3g}{' ' + unit if unit else ''} (rms) can be shown"
    )
    return [Limit(name="noise_ceiling", value=sigma, unit=unit, text=text)]


def _figure(error: NDArray[np.float64], sigma: NDArray[np.float64], label: str, unit: str) -> dict[str, Any]:
    levels = np.linspace(0.5, 99.5, 100) / 100
    normal = special.ndtri((1 + levels) / 2)
    known = sigma > 0
    return {
        "title": "Residuals in units of the label errors",
        "xlabel": "share of objects",
        "ylabel": f"|residual of {label}| / label error",
        "layers": [
            {
                "kind": "line",
                "x": levels.tolist(),
                "y": normal.tolist(),
                "tone": "limit",
                "label": "label errors alone: nothing honest lies below",
            },
            {
                "kind": "line",
                "x": levels.tolist(),
                "y": np.quantile(error[known] / sigma[known], levels).tolist(),
                "tone": "main",
                "label": "this result",
            },
        ],
    }
