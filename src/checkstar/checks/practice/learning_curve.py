"""Would more training data help?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from checkstar.checks.base import Check
from checkstar.checks.losses import loss
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.estimates import from_influence, normalised_weights, unit_count
from checkstar.evidence import ALPHA, Estimate, Evidence, Limit, Part
from checkstar.runs import LabelView, Run

__all__ = ["LearningCurve"]

#: Training units below which a smaller share of them says nothing.
_FEWEST = 40


@dataclass(frozen=True, kw_only=True)
class LearningCurve(Check):
    """Would more training data help, or has the method learned what it can?

    The method is fitted on nested shares of the training units (a share f of them, `n_repeats` random subsets each) and
    the mean loss L of the test objects follows a power law ``L ~ f^-b``, fitted by least squares in the logarithms. The
    fault is what twice the training data would still remove, ``1 - 2^-b``. Its interval holds two independent errors:
    that of the finite test set, through the influence of each unit on every log L, and that of the choice of the
    subsets, from the scatter between repeats.

    Parameters
    ----------
    shares : tuple of float
        Of the training units, below one; the whole set is the run itself.
    n_repeats : int
        Subsets of each share.
    limit : float
        Largest share of the loss that twice the data may still remove.
    """

    name = "learning_curve"
    code = "O1"
    family = "practice"
    question = "Would more training data help?"
    statistic = "share of the loss that twice the training data would remove"
    needs = frozenset({"refit"})
    depends_on = "label"
    tasks = ("regression", "classification")
    uses = frozenset()
    refits = True
    references = ("Hestness et al. 2017, arXiv:1712.00409", "Viering & Loog 2023, IEEE TPAMI 45, 7799")

    shares: tuple[float, ...] = (0.125, 0.25, 0.5)
    n_repeats: int = 3
    limit: float = 0.05

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        view, train = run.view(claim.label), run.train
        assert train is not None
        units = train.units_of_independence
        n_units = unit_count(units)
        if n_units * min(self.shares) < _FEWEST / 8:
            why = f"{n_units} independent training objects are too few to train on a share of them"
            return self.undecided(claim, why, n_units, _FEWEST / 8 / min(self.shares))
        curve = self._curve(run, view, rng)
        if not (curve.mean(normalised_weights(view.weight, len(view.truth))) > 0).all():
            return self.undecided(claim, "the mean loss is zero, so that nothing is left to learn", n_units)
        gain = _gain_of_doubling(curve, view)
        part = Part(name="twice the training data", estimate=gain, limit=self.limit)
        return self.conclude(
            claim,
            [part],
            reason=lambda _: _sentence(gain, curve, n_units),
            figure=_figure(curve, n_units),
            limits_of_use=_limits(gain),
        )

    def _curve(self, run: Run, view: LabelView, rng: np.random.Generator) -> _Curve:
        assert run.train is not None
        units = run.train.units_of_independence
        rows = []
        for _ in range(self.n_repeats):
            # Nested: a smaller share is part of the larger ones, so their difference scatters less.
            rank = rng.permutation(units.max() + 1) / (units.max() + 1)
            rows.append([_losses(run, view, np.flatnonzero(rank[units] < share)) for share in self.shares])
        whole = loss(view.prediction, view.truth, points_only=not view.prediction.has_spread)
        return _Curve(np.array([*self.shares, 1.0]), np.array(rows), whole)

    def calls(self, run: Run) -> float:
        return float(len(self.shares) * self.n_repeats)

    def fault(self, size: float) -> str:
        return f"errors of which {100 * size:.0f} % are too few training objects, not noise"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Nearest neighbours among 1000 objects of a smooth function: without noise their error falls with every object.

        The twin has noise that no training removes.
        """
        from sklearn.neighbors import KNeighborsRegressor

        train, test = (_smooth(m, 1 - size, rng) for m in (1000, n))
        return Run.of(KNeighborsRegressor(), train=train, test=test), Claim("object_value")


def _smooth(n: int, noise: float, rng: np.random.Generator) -> Dataset:
    x = rng.random((n, 2))
    return Dataset(x, np.sin(6 * x).sum(axis=1) + noise * rng.standard_normal(n))


class _Curve(NamedTuple):
    """Shares (m,) of the training set, the last of them one; losses (r, m - 1, n) of the refits and (n,) of the run."""

    shares: NDArray[np.float64]
    refits: NDArray[np.float64]
    whole: NDArray[np.float64]

    def mean(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean loss (m,) at each share."""
        return np.append((self.refits.mean(axis=0) * weights).mean(axis=1), (self.whole * weights).mean())


def _losses(run: Run, view: LabelView, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    assert run.train is not None
    again = run.refit(run.train[rows], seed=0)
    if again.failure:
        raise InputError(f"the method could not be fitted on {len(rows)} objects: {again.failure}")
    other = again.view(view.name)
    return loss(other.prediction, view.truth, points_only=not view.prediction.has_spread)


def _gain_of_doubling(curve: _Curve, view: LabelView) -> Estimate:
    w = normalised_weights(view.weight, len(view.truth))
    levels = curve.mean(w)
    x = np.log(curve.shares) - np.log(curve.shares).mean()
    slope_of = x / (x**2).sum()
    slope = float(slope_of @ np.log(levels))
    each = np.vstack([curve.refits.mean(axis=0), curve.whole]) * w
    influence = (slope_of[:, None] * (each / levels[:, None] - 1)).sum(axis=0)
    repeats = (curve.refits * w).mean(axis=2)
    by_choice = slope_of[:-1] @ np.cov(np.log(repeats).T) @ slope_of[:-1] / len(repeats) if len(repeats) > 1 else 0.0
    # Few repeats know their own scatter badly: Student's t with their number.
    chosen = float(special.stdtrit(max(2 * (len(repeats) - 1), 1), 1 - ALPHA)) * math.sqrt(max(float(by_choice), 0.0))
    tested = from_influence(slope, influence, view.units, view.weight)
    half = math.hypot(tested.high - slope, chosen)
    value, low, high = (1 - 2.0 ** min(s, 1000.0) for s in (slope, slope + half, slope - half))
    return Estimate(value, low if half < math.inf else -math.inf, high if half < math.inf else math.inf, tested.n)


def _sentence(gain: Estimate, curve: _Curve, n_units: int) -> str:
    interval = f"[{100 * gain.low:.1f}, {100 * gain.high:.1f}]"
    if gain.low <= 0:
        return f"no gain from more data was shown: twice the {n_units:,} training objects would remove {100 * gain.value:.1f} % {interval} of the loss"
    return f"twice the {n_units:,} training objects would remove {100 * gain.value:.1f} % {interval} of the loss"


def _limits(gain: Estimate) -> list[Limit]:
    text = f"twice the training data would remove {100 * gain.value:.1f} % of the loss"
    return [Limit(name="gain_of_doubling", value=gain.value, low=gain.low, high=gain.high, unit="", text=text)]


def _figure(curve: _Curve, n_units: int) -> dict[str, Any]:
    repeats = curve.refits.mean(axis=2)
    numbers = (curve.shares * n_units).tolist()
    levels = [*repeats.mean(axis=0).tolist(), float(curve.whole.mean())]
    return {
        "title": "Loss against training set",
        "xlabel": "independent training objects",
        "ylabel": "mean loss of the test objects",
        "xscale": "log",
        "yscale": "log",
        "layers": [
            {"kind": "line", "x": numbers, "y": levels, "tone": "main", "label": "mean"},
            {
                "kind": "points",
                "x": np.repeat(numbers[:-1], len(repeats)).tolist(),
                "y": repeats.T.ravel().tolist(),
                "tone": "muted",
                "label": "each subset",
            },
        ],
    }
