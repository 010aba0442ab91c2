"""Was the preprocessing learned from the test objects too?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.evidence import Estimate, Evidence, Part
from checkstar.prediction import Point
from checkstar.runs import Run
from checkstar.simulators import linear_gaussian

__all__ = ["Preprocessing"]

Array = NDArray[np.float64]

#: A column whose mean and standard deviation are 0 and 1 to so many parts was standardised.
_EXACT = 1e-5
#: Training objects below which means and ranges of the two sets prove nothing.
_FEWEST = 10
#: Learned numbers within this share of the way between two sets were learned from one of them.
_NEAR = 0.01


@dataclass(frozen=True, kw_only=True)
class Preprocessing(Check):
    """Was the preprocessing learned from the test objects too?

    Nothing is fitted again but the preprocessing itself. Two faults, both exact, with limit zero:

    * The share of the columns of `x` that have mean 0 and standard deviation 1 (to one part in 10^5) over training and
      test objects together, and not over the training objects: they were standardised before the split. Likewise where
      every column spans 0 to 1 over both together and not over the training set.
    * For each step of a scikit-learn pipeline before the last: a copy of it is fitted on the training data and
      another on training and test data, as that step sees them. With a, b their learned numbers and c those of the
      step given, ``(c - a).(b - a) / |b - a|^2`` is 0 for a step learned from the training set and 1 for one learned
      from both. Where c is neither (more than a hundredth of ``|b - a|`` off that line) the step was learned from
      other data, and nothing is concluded from it.

    Where neither a step can be looked into nor a column of `x` was scaled, by the training objects or by all, nothing of
    the preprocessing can be seen from outside, and the question is not asked: `PooledFit` compares predictions instead.
    """

    name = "preprocessing"
    code = "I4"
    family = "leakage"
    question = "Was the preprocessing learned from the test objects too?"
    statistic = "share of the test set in what the preprocessing has learned"
    needs = frozenset({"training_x"})
    depends_on = "run"
    tasks = ("regression", "classification")
    references = ("Kapoor & Narayanan 2023, Patterns 4, 100804 (leakage of type 1.2)",)

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        train, test = run.train, run.test
        assert train is not None and train.x is not None and test.x is not None
        if test.layout is not None:
            raise NotApplicable("light curves have no columns to be scaled: `pooled_fit` compares predictions")
        if len(train) < _FEWEST:
            why = f"{len(train)} training objects are too few to tell who was learned from; {_FEWEST} are needed"
            return self.undecided(claim, why, len(train), float(_FEWEST))
        one, other = np.asarray(train.x, dtype=float), np.asarray(test.x, dtype=float)
        scaled = _standardised_together(one, other)
        parts = [_part("columns of x", float(scaled.mean()), len(test), _columns_text(scaled, train.features))]
        model = getattr(run.method, "model_", getattr(run.method, "model", run.method))
        for step in _steps(model, "", one, other, train.y, test.y):
            share, off = _compared(step)
            text = _step_text(step.name, share, off)
            if off:  # Learned from neither: nothing is known of its share.
                parts.append(Part(name=step.name, estimate=Estimate(share, 0.0, 1.0, len(test)), limit=0.0, text=text))
            else:
                parts.append(_part(step.name, share, len(test), text))
        looked = [part.name for part in parts[1:]]
        if not looked and not scaled.any() and not _scaled(np.ma.masked_invalid(one)).any():
            raise NotApplicable("no preprocessing step can be seen from outside: `pooled_fit` compares predictions")
        seen = (
            f"; steps looked into: {', '.join(looked)}"
            if looked
            else "; the method has no steps that could be looked into"
        )
        return self.conclude(claim, parts, reason=lambda part: part.text + seen)

    def fault(self, size: float) -> str:
        return f"{_planted(size)} of four features standardised over training and test objects together"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Features standardised before the split."""
        drawn = linear_gaussian(2 * n, rng)
        x, before = drawn.x.copy(), np.arange(4) < _planted(size)
        for of, columns in ((x, before), (x[:n], ~before)):
            x[:, columns] = (x - of.mean(axis=0))[:, columns] / of.std(axis=0)[columns]
        run = Run(
            name="planted",
            train=Dataset(x[:n], drawn.y[:n]),
            test=Dataset(x[n:], drawn.y[n:]),
            prediction=Point(x[n:].mean(axis=1)),
        )
        return run, Claim("object_value")


class _Step(NamedTuple):
    """A fitted transformer with what it saw of training and test objects, and the labels."""

    name: str
    fitted: Any
    train: Any
    test: Any
    y: Any
    y_test: Any


def _planted(size: float) -> int:
    """Features that `plant` standardises before the split: all at size 1, at least one above 0."""
    return min(4, math.ceil(4 * size))


def _part(name: str, share: float, n: int, text: str) -> Part:
    return Part(name=name, estimate=Estimate(share, share, share, n), limit=0.0, limit_kind="derived", text=text)


def _standardised_together(train: Array, test: Array) -> NDArray[np.bool_]:
    """Columns (p,) scaled with training and test objects together."""
    both = np.ma.masked_invalid(np.concatenate([train, test]))
    alone = both[: len(train)]
    ranged = _spans(both) & ~_spans(alone)
    # One fraction between 0 and 1 proves nothing; all columns do, where the training set does not reach the ends.
    every = bool(_spans(both).all()) and both.shape[1] > 1 and ranged.mean() > 0.2
    return (_unit(both) & ~_unit(alone)) | (ranged & every)


def _scaled(x: Any) -> NDArray[np.bool_]:
    """Columns (p,) scaled by these very objects; a single one that spans 0 to 1 may be a fraction."""
    return _unit(x) | (_spans(x) & (x.shape[1] > 1 and _spans(x).all()))


def _unit(x: Any) -> NDArray[np.bool_]:
    found = (np.abs(x.mean(axis=0)) < _EXACT) & (np.abs(x.std(axis=0) - 1) < _EXACT)
    return np.asarray(np.ma.filled(found, False), dtype=bool)


def _spans(x: Any) -> NDArray[np.bool_]:
    found = (np.abs(x.min(axis=0)) < 1e-12) & (np.abs(x.max(axis=0) - 1) < 1e-12)
    return np.asarray(np.ma.filled(found, False), dtype=bool)


def _steps(model: Any, prefix: str, train: Any, test: Any, y: Any, y_test: Any) -> Iterator[_Step]:
    """Fitted transformers inside a scikit-learn model, in the order of the data."""
    model = getattr(model, "best_estimator_", getattr(model, "regressor_", model))
    if hasattr(model, "steps"):
        for name, step in model.steps:
            if step is None or isinstance(step, str):
                continue
            last = not hasattr(step, "transform")
            if last or hasattr(step, "steps") or hasattr(step, "transformers_"):
                yield from _steps(step, f"{prefix}{name}/", train, test, y, y_test)
            else:
                yield _Step(prefix + name, step, train, test, y, y_test)
            if last:
                return
            train, test = step.transform(train), step.transform(test)
    elif hasattr(model, "transformers_"):
        for name, step, columns in model.transformers_:
            if not isinstance(step, str) and isinstance(train, np.ndarray) and _are_positions(columns):
                parts = (train[:, columns], test[:, columns], y, y_test)
                if hasattr(step, "steps"):
                    yield from _steps(step, f"{prefix}{name}/", *parts)
                else:
                    yield _Step(prefix + name, step, *parts)


def _are_positions(columns: Any) -> bool:
    return isinstance(columns, slice) or np.asarray(columns).dtype.kind in "iub"


def _compared(step: _Step) -> tuple[float, bool]:
    """How far a step is on the way from one learned on training data (0) to one of all data (1); and if off it."""
    from sklearn.base import clone

    labelled = step.y is not None and step.y.shape[1] == 1
    y = step.y[:, 0] if labelled else step.y
    y_all = None if step.y is None else np.concatenate([step.y, step.y_test])
    y_all = y_all[:, 0] if labelled and y_all is not None else y_all
    given = _learned(step.fitted)
    alone = _learned(clone(step.fitted).fit(step.train, y))
    both = _learned(clone(step.fitted).fit(_stacked(step.train, step.test), y_all))
    again = _learned(clone(step.fitted).fit(step.train, y)) if "random_state" in vars(step.fitted) else alone
    names = [k for k in given if k in alone and k in both and given[k].shape == alone[k].shape == both[k].shape]
    names = [k for k in names if np.allclose(alone[k], again[k], rtol=1e-9, atol=0)]
    if not names:
        return 0.0, False
    scale = {k: max(float(np.abs(alone[k]).max(initial=0.0)), 1e-300) for k in names}
    a, b, c = (np.concatenate([v[k].ravel() / scale[k] for k in names]) for v in (alone, both, given))
    length = float(((b - a) ** 2).sum())
    if length < 1e-24:
        return 0.0, False
    share = float((c - a) @ (b - a)) / length
    off = float(np.linalg.norm(c - a - share * (b - a))) / length**0.5
    for end in (0.0, 1.0):
        if abs(share - end) < _NEAR and off < _NEAR:
            return end, False
    return float(np.clip(share, 0, 1)), True


def _stacked(train: Any, test: Any) -> Any:
    if isinstance(train, np.ndarray):
        return np.concatenate([train, test])
    from scipy import sparse

    return sparse.vstack([train, test]).tocsr()


def _learned(fitted: Any) -> dict[str, Array]:
    """Finite numbers that an estimator has learned, by name."""
    found = {k: v for k, v in vars(fitted).items() if k.endswith("_") and not k.startswith("_")}
    arrays = {k: np.asarray(v) for k, v in found.items() if isinstance(v, np.ndarray | np.number | float | int)}
    return {k: v.astype(float) for k, v in arrays.items() if v.dtype.kind in "fiu" and np.isfinite(v).all()}


def _columns_text(scaled: NDArray[np.bool_], names: tuple[str, ...]) -> str:
    if not scaled.any():
        return "no column of x was scaled together with the test objects"
    which = [names[j] for j in np.flatnonzero(scaled)]
    shown = ", ".join(which[:5]) + (f" and {len(which) - 5} more" if len(which) > 5 else "")
    return f"{len(which)} of {len(names)} columns of x were scaled together with the test objects ({shown})"


def _step_text(name: str, share: float, off: bool) -> str:
    if off:
        return f"the step {name} was learned neither from the training data given nor from these and the test data"
    return (
        f"the step {name} was learned from {'training and test data together' if share else 'the training data alone'}"
    )
