"""Does its error grow with its claimed sigma?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from checkstar.checks.base import Check
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.estimates import from_influence, normalised_weights, unit_count
from checkstar.evidence import Evidence, Part
from checkstar.prediction import Classes, Normal, Prediction, Samples
from checkstar.runs import LabelView, Run
from checkstar.simulators import linear_gaussian

__all__ = ["EpistemicHonesty"]

Array = NDArray[np.float64]
_FEWEST = 20
#: Sigmas that differ by no more than this share are rounding errors of a constant.
_CONSTANT = 1e-6


class _Doubt(NamedTuple):
    """For each object (n,): what it is ranked by, the loss that its own claim promises, and the loss."""

    rank: Array
    promised: Array
    loss: Array


class _Gain(NamedTuple):
    """By how much the loss of the most certain is below that of all, and its influence (n,)."""

    value: float
    influence: Array


@dataclass(frozen=True, kw_only=True)
class EpistemicHonesty(Check):
    """Does its error grow with its claimed sigma?

    Who keeps the 80 % of the objects that are claimed most certain wants them to be better than all (risk and coverage,
    El-Yaniv & Wiener 2010). If errors are as large as claimed, the mean absolute error of those kept is smaller than
    that of all by as much as the mean sigma is: the promised gain, ``p = 1 - mean sigma kept / mean sigma``. The
    delivered gain g is the same of the absolute errors. The fault is the share of the promise that is not kept,
    ``1 - g / p``: zero if error bars tell good objects from bad as they say, one if they are unrelated to the errors,
    more if the most certain are the worst. The size of the error bars, common to all, does not matter here. For classes
    the sigma is one minus the largest probability and the error is a wrong class.

    The interval is that of the influence function, in which the threshold is estimated too. Sigmas of draws are noisy: one
    half of them ranks the objects and the other makes the promise. It decides no claim: error bars may all be equal
    and right.

    Parameters
    ----------
    kept : float in (0, 1)
        Share of the objects kept.
    limit : float
        Share of the promised gain that may be missing (convention).
    """

    name = "epistemic_honesty"
    code = "B10"
    family = "calibration"
    question = "Does its error grow with its claimed sigma?"
    statistic = "share of the promised gain from keeping the most certain 80 % that is not delivered"
    needs = frozenset({"spread"})
    depends_on = "label"
    tasks = ("regression", "classification")
    uses = frozenset()
    references = (
        "El-Yaniv & Wiener 2010, JMLR 11, 1605",
        "Geifman, Uziel & El-Yaniv 2019, ICLR (arXiv:1805.08206)",
    )

    kept: float = 0.8
    limit: float = 0.5

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        view = run.view(claim.label)
        n_units = unit_count(view.units)
        if n_units < _FEWEST:
            return self.undecided(claim, f"{n_units} independent objects are too few to rank", n_units, float(_FEWEST))
        doubt = _doubt(view)
        if np.ptp(doubt.rank) <= _CONSTANT * np.abs(doubt.rank).max():
            raise NotApplicable("it claims to be equally certain of all objects")
        if not doubt.loss.any() or not doubt.promised.any():
            return self.undecided(claim, "no object is wrong, or none admits that it may be", n_units)
        w = normalised_weights(view.weight, len(doubt.loss))
        promised, delivered = (_gain(values, doubt.rank, w, self.kept) for values in (doubt.promised, doubt.loss))
        promise = from_influence(promised.value, promised.influence, view.units, view.weight)
        if not promise.low > 0:
            return self.undecided(claim, "its sigmas differ too little to promise anything", n_units)
        missing = 1 - delivered.value / promised.value
        influence = (delivered.value * promised.influence / promised.value - delivered.influence) / promised.value
        estimate = from_influence(missing, influence, view.units, view.weight)
        gain = from_influence(delivered.value, delivered.influence, view.units, view.weight)
        correlation = float(stats.spearmanr(doubt.rank, doubt.loss).statistic)
        words = (
            f"the {_loss_name(view)} of the {100 * self.kept:.0f} % of which it is most certain is below that of all by "
            f"{100 * gain.value:.0f} % [{100 * gain.low:.0f}, {100 * gain.high:.0f}]; its claims promise "
            f"{100 * promised.value:.0f} % (rank correlation of error and claim {correlation:+.2f})"
        )
        return self.conclude(
            claim,
            [Part(name="promised gain not delivered", estimate=estimate, limit=self.limit)],
            reason=lambda _: words,
            figure=_figure(doubt, w, view),
        )

    def fault(self, size: float) -> str:
        return f"{100 * size:.0f} % of the objects with the error bar of another object"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Error bars from 0.5 to 2 that are right, or handed to other objects at random."""
        drawn = linear_gaussian(n, rng)
        sigma = np.exp(rng.uniform(np.log(0.5), np.log(2.0), n))
        predicted = drawn.y + sigma * rng.standard_normal(n)
        swapped = np.flatnonzero(rng.random(n) < size)
        claimed = sigma.copy()
        claimed[swapped] = sigma[rng.permutation(swapped)]
        run = Run(name="planted", test=Dataset(y=drawn.y), prediction=Normal(predicted, claimed))
        return run, Claim("object_interval")


def _doubt(view: LabelView) -> _Doubt:
    prediction = view.prediction
    if isinstance(prediction, Classes):
        doubt = 1 - prediction.probabilities.max(axis=1)
        return _Doubt(doubt, doubt, (prediction.probabilities.argmax(axis=1) != prediction.codes(view.truth)) * 1.0)
    ranking, promising = _halves_of(prediction)
    return _Doubt(ranking.std()[:, 0], np.hypot(promising.std()[:, 0], view.truth_err), np.abs(view.error))


def _halves_of(prediction: Prediction) -> tuple[Prediction, Prediction]:
    """Independent halves of draws; any other density twice."""
    if not isinstance(prediction, Samples) or prediction.draws.shape[1] < 4:
        return prediction, prediction
    middle = prediction.draws.shape[1] // 2
    return Samples(prediction.draws[:, :middle]), Samples(prediction.draws[:, middle:])


def _inclusion(rank: Array, w: Array, kept: float) -> Array:
    """Share (n,) to which each object is among the `kept` of least rank; ties at the threshold share what is left."""
    order = np.argsort(rank, kind="stable")
    first = np.searchsorted(rank[order], rank, side="left")
    last = np.searchsorted(rank[order], rank, side="right")
    total = np.concatenate([[0.0], np.cumsum(w[order])])
    tied = total[last] - total[first]
    room = kept * total[-1] - total[first]
    # An object of weight zero is in or out, which matters to nothing.
    return np.clip(np.divide(room, tied, out=(room > 0) * 1.0, where=tied > 0), 0.0, 1.0)


def _gain(loss: Array, rank: Array, w: Array, kept: float) -> _Gain:
    """One minus the mean loss of the `kept` of least rank over that of all, with its influence.

    Of the selective risk ``E[L; rank <= q] / kept`` with the threshold q estimated, the influence is that of
    ``(L - E[L | rank = q]) [rank <= q] / kept``.
    """
    included = _inclusion(rank, w, kept)
    near = _inclusion(rank, w, min(kept + 0.05, 1.0)) - _inclusion(rank, w, kept - 0.05)
    at_threshold = float((w * near * loss).sum() / (w * near).sum())
    everything = float((w * loss).mean())
    selective = float((w * included * loss).mean()) / kept
    inner = w * included * (loss - at_threshold) / kept
    influence = -(inner - inner.mean()) / everything + selective / everything**2 * w * (loss - everything)
    return _Gain(1 - selective / everything, influence)


def _loss_name(view: LabelView) -> str:
    return "share of wrong classes" if view.prediction.kind == "classes" else "mean absolute error"


def _figure(doubt: _Doubt, w: Array, view: LabelView) -> dict[str, Any]:
    shares = np.linspace(0.05, 1.0, 39)
    lines = {}
    for name, values in (("promised", doubt.promised), ("delivered", doubt.loss)):
        order = np.argsort(doubt.rank, kind="stable")
        kept = np.cumsum(w[order])
        risk = np.cumsum((w * values)[order]) / np.maximum(kept, 1e-300)
        at = np.minimum(np.searchsorted(kept, shares * kept[-1] * (1 - 1e-12)), len(kept) - 1)
        lines[name] = (risk[at] / risk[-1]).tolist()
    return {
        "title": "Risk and coverage",
        "xlabel": "share of the objects kept, the most certain first",
        "ylabel": f"{_loss_name(view)} relative to all",
        "layers": [
            {"kind": "hline", "y": [1.0], "tone": "muted", "label": "claims unrelated to errors"},
            {"kind": "line", "x": shares.tolist(), "y": lines["promised"], "tone": "reference", "label": "promised"},
            {"kind": "line", "x": shares.tolist(), "y": lines["delivered"], "tone": "main", "label": "delivered"},
        ],
    }
