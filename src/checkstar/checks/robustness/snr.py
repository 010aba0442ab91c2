"""Do its error bars grow as the signal fades?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.checks.samples import Sample, affordable, draw_sample
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.estimates import from_influence, normalised_weights
from checkstar.evidence import Estimate, Evidence, Limit, Part
from checkstar.noise import Covariance, Gaussian, Noise
from checkstar.prediction import Prediction
from checkstar.runs import LabelView, Run
from checkstar.simulators import linear_gaussian

__all__ = ["SignalToNoise"]

_LARGEST = 1e6


@dataclass(frozen=True, kw_only=True)
class SignalToNoise(Check):
    """Do its error bars grow as the signal fades?

    Noise can be added to data, never taken away. With c times the noise of an object added, its noise is
    ``sqrt(1 + c^2)`` times as large, and the method is told so. Pulls ``z_c = error_c / sqrt(s_c^2 + s_truth^2)`` keep
    their size where the claimed sigma grows as the error does; the fault at c is the deficit of growth,
    ``rms(z_c) / rms(z_0) - 1``, paired object by object, so that error bars that are wrong to begin with are left to
    other checks. Error bars that grow faster than the error are no fault.

    It shows, and decides nothing: a claim is about objects as noisy as those of the test set. The mean squared errors,
    extrapolated to no noise at all (SIMEX), give the error that more signal would not remove, as a limit of use.

    Parameters
    ----------
    added : sequence of float
        Noise added, in units of that of the object.
    budget : float
        Model calls, in units of the whole test set.
    max_objects : int
        At most so many test objects, drawn at random.
    """

    name = "snr"
    code = "D6"
    family = "robustness"
    question = "Do its error bars grow as the signal fades?"
    statistic = "deficit of growth of the claimed sigma against that of the error when noise is added"
    needs = frozenset({"spread", "model", "noise"})
    depends_on = "label"
    uses = frozenset()
    references = ("Cook & Stefanski 1994, JASA 89, 1314 (SIMEX)",)

    added: tuple[float, ...] = (1.0, 2.0)
    budget: float = 2.0
    max_objects: int = 2000
    limit: float = 0.1

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        sample = draw_sample(run, claim.label, self._size(run), rng)
        view = sample.view
        if sample.too_few:
            return self.undecided(claim, sample.too_few, len(sample.rows))
        noisier = {c: _noisier(run, sample, c, rng) for c in self.added}
        pulls = {c: _pulls(prediction, view) for c, prediction in {0.0: view.prediction, **noisier}.items()}
        growth = {c: _growth(pulls[c], pulls[0.0], view) for c in self.added}
        parts = [Part(name=_named(c), estimate=_deficit(growth[c]), limit=self.limit) for c in self.added]
        return self.conclude(
            claim,
            parts,
            reason=lambda part: _sentence(part, view),
            limits_of_use=_limits(noisier, view),
            figure=_figure(noisier, view),
        )

    def _size(self, run: Run) -> int:
        return affordable(len(run.test), len(self.added), self.budget, self.max_objects)

    def calls(self, run: Run) -> float:
        return len(self.added) * self._size(run) / len(run.test)

    def fault(self, size: float) -> str:
        return "the same error bars whatever the noise" if size else "error bars that grow with the noise"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """An efficient mean that claims the error of the test set whatever the noise."""
        from checkstar.checks.weighted_mean import WeightedMean

        drawn = linear_gaussian(n, rng)
        method = WeightedMean(claimed=drawn.noise if size else None)
        return Run.of(method, test=Dataset(drawn.x, drawn.y, noise=drawn.sigma)), Claim("object_interval")


def _noisier(run: Run, sample: Sample, added: float, rng: np.random.Generator) -> Prediction:
    """Predictions of the label with noise added, which the method is told."""
    x = sample.x + added * (sample.noise.draw(sample.x, rng) - sample.x)
    return run.predict(x, _scaled(sample.noise, sample.x, math.hypot(1.0, added))).select(sample.column)


def _scaled(noise: Noise, x: NDArray[np.float64], factor: float) -> Noise:
    if isinstance(noise, Covariance):
        return Covariance(factor**2 * noise.covariance_)
    return Gaussian(factor * noise.sigma(x))


def _pulls(prediction: Prediction, view: LabelView) -> NDArray[np.float64]:
    sigma = np.hypot(prediction.std()[:, 0], view.truth_err)
    error = prediction.mean()[:, 0] - view.truth
    return np.clip(error / np.maximum(sigma, 1e-300), -_LARGEST, _LARGEST)


def _growth(z: NDArray[np.float64], z_before: NDArray[np.float64], view: LabelView) -> Estimate:
    """ln(rms(z) / rms(z_before)) of paired pulls."""
    w = normalised_weights(view.weight, len(z))
    # Errors of exactly zero have error bars that are too large, not an infinite logarithm.
    now, before = (max(float((w * pull**2).mean()), 1e-12) for pull in (z, z_before))
    influence = 0.5 * w * (z**2 / now - z_before**2 / before)
    return from_influence(0.5 * math.log(now / before), influence, view.units, view.weight)


def _deficit(growth: Estimate) -> Estimate:
    value, low, high = (max(0.0, math.expm1(min(end, 50.0))) for end in growth[:3])
    return Estimate(value, low, high, growth.n)


def _named(added: float) -> str:
    return f"{added:g} times its noise added"


def _sentence(part: Part, view: LabelView) -> str:
    value, low, high = (100 * end for end in part.estimate[:3])
    return f"with {part.name}, the errors of {view.name} outgrow the claimed sigma by {value:.0f} % [{low:.0f}, {high:.0f}]"


def _mean_square(prediction: Prediction, view: LabelView) -> float:
    w = normalised_weights(view.weight, len(view.truth))
    return float((w * ((prediction.mean()[:, 0] - view.truth) ** 2 - view.truth_err**2)).mean())


def _limits(noisier: dict[float, Prediction], view: LabelView) -> list[Limit]:
    """The error that is left at no noise: a line through the mean squared errors at noise variance 1 and 1 + c^2."""
    added = min(noisier)
    now, then = _mean_square(view.prediction, view), _mean_square(noisier[added], view)
    left = math.sqrt(max(now - (then - now) / added**2, 0.0))
    unit = f" {view.unit}" if view.unit else ""
    text = f"without any noise, an error of about {left:.2g}{unit} of {view.name} would be left"
    return [Limit(name="error_without_noise", value=left, unit=view.unit, text=text)]


def _figure(noisier: dict[float, Prediction], view: LabelView) -> dict[str, Any]:
    levels = {0.0: view.prediction, **noisier}
    unit = f" ({view.unit})" if view.unit else ""
    noise = [math.hypot(1.0, c) for c in levels]
    error = [math.sqrt(max(_mean_square(prediction, view), 0.0)) for prediction in levels.values()]
    w = normalised_weights(view.weight, len(view.truth))
    claimed = [math.sqrt(float((w * p.std()[:, 0] ** 2).mean())) for p in levels.values()]
    return {
        "title": "Error and claimed sigma as noise is added",
        "xlabel": "noise / noise of the test set",
        "ylabel": f"root mean square of {view.name}{unit}",
        "layers": [
            {"kind": "line", "x": noise, "y": claimed, "tone": "second", "label": "claimed sigma"},
            {"kind": "points", "x": noise, "y": error, "tone": "main", "label": "error"},
        ],
    }
