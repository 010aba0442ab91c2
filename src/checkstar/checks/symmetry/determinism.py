"""Is the answer the same when it is asked again?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.estimates import relabelled, unit_count
from checkstar.evidence import Estimate, Evidence, Part, binomial
from checkstar.noise import Noise
from checkstar.prediction import Classes, Prediction
from checkstar.runs import LabelView, Run
from checkstar.simulators import linear_gaussian
from checkstar.symmetries.deviations import typical_width

__all__ = ["Determinism"]

#: Fewer objects than this prove nothing by all agreeing.
_FEWEST = 30
_WAYS = ("asked again", "in another order", "one at a time", "rounded to single precision")
_AGAIN, _TURNED, _SINGLY, _ROUNDED = _WAYS


@dataclass(frozen=True, kw_only=True)
class Determinism(Check):
    """Is the answer the same when it is asked again?

    Some of the test objects are predicted again: in a batch of their own, in another order, one at a time, and with
    their observations rounded to single precision, which no instrument reaches (of light curves all but the times and
    what is known beside them: a date needs more digits). The fault is the largest difference
    from the first prediction, of the mean or of the error bar, in units of the error bar; for classes the largest
    change of a probability. An object that changes is a proof and no sample, so the interval is a point; that none of n
    changes leaves open a share of Clopper and Pearson, which is stated.

    Dropout or batch normalisation left in training mode, draws without a seed, and times or coordinates that need more
    digits than single precision holds are found in this way.

    Parameters
    ----------
    limit : float
        A hundredth of an error bar, or of probability.
    max_objects, max_single : int
        Objects asked again in a batch, and one at a time.
    """

    name = "determinism"
    code = "E4"
    family = "symmetry"
    question = "Is the answer the same when it is asked again?"
    statistic = "largest change of a prediction asked again, in error bars"
    needs = frozenset({"model"})
    depends_on = "label"
    tasks = ("regression", "classification")
    references = ("Kapoor et al. 2024, Science Advances 10, eadk3452 (REFORMS)",)

    limit: float = 0.01
    max_objects: int = 200
    max_single: int = _FEWEST

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        view = run.view(claim.label)
        rows = rng.permutation(len(run.test))[: self.max_objects]
        units = relabelled(view.units[rows])
        # One object of each unit first: those that are asked one at a time are few.
        few = np.concatenate([np.unique(units, return_index=True)[1], np.arange(len(rows))])[: self.max_single]
        few = np.unique(few)
        asked = {name: unit_count(relabelled(units[few] if name == _SINGLY else units)) for name in _WAYS}
        found = {name: change for name, change in self._asked_again(run, view, rows, few)}
        unit = "" if view.prediction.kind == "classes" else "sigma"
        parts = []
        for name, change in found.items():
            largest = float(change.max())
            n = asked[name]
            estimate = Estimate(largest, largest, largest if n >= _FEWEST else np.inf, n)
            parts.append(Part(name=name, estimate=estimate, limit=self.limit, unit=unit))
        return self.conclude(
            claim,
            parts,
            reason=lambda part: _sentence(part, found[part.name], asked[part.name], self.limit),
            figure=_figure(found, self.limit, unit),
            n_wanted=float(_FEWEST),
        )

    def calls(self, run: Run) -> float:
        n = len(run.test)
        return (3 * min(self.max_objects, n) + min(self.max_single, n)) / n

    def fault(self, size: float) -> str:
        return f"predictions with a random part of {0.1 * size:.2g} error bars"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """A method that adds noise without a seed, as dropout in training mode does."""
        from checkstar.methods import as_method

        drawn = linear_gaussian(n, rng)
        own = np.random.default_rng(rng.integers(2**32))

        def answer(x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            jitter = 0.1 * size * drawn.noise * own.standard_normal(len(x))
            return x.mean(axis=1) + jitter, np.full(len(x), drawn.noise)

        return Run.of(as_method(answer), test=Dataset(drawn.x, drawn.y, noise=drawn.sigma)), Claim("object_value")

    def _asked_again(
        self, run: Run, view: LabelView, rows: NDArray[np.intp], few: NDArray[np.intp]
    ) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """Largest change (n,) of each object, by how it was asked."""
        part = run.test[rows]
        assert part.x is not None
        x, noise, first = part.x, part.noise, run.prediction[rows]
        turned = np.arange(len(rows))[::-1]
        with np.errstate(over="ignore"):
            rounded = x.astype(np.float32).astype(float)
        rounded = np.where(np.isfinite(rounded), rounded, x)  # masked, or too large for single precision
        if run.test.layout is not None:
            exact = slice(0, run.test.layout.value_columns.start)
            rounded[:, exact] = x[:, exact]

        def change(again: Prediction, of: Any = slice(None)) -> NDArray[np.float64]:
            return _change(first[of], again, run, view)

        yield _AGAIN, change(run.predict(x, noise))
        yield _TURNED, change(run.predict(x[turned], _of(noise, turned)), turned)
        yield _SINGLY, np.array([change(run.predict(x[[i]], _of(noise, [i])), [i])[0] for i in few])
        yield _ROUNDED, change(run.predict(rounded, noise))


def _of(noise: Noise | None, index: Any) -> Noise | None:
    return None if noise is None else noise[np.asarray(index)]


def _change(first: Prediction, again: Prediction, run: Run, view: LabelView) -> NDArray[np.float64]:
    """Change (n,) of each object, in error bars or of a probability."""
    if isinstance(first, Classes):
        return np.abs(again.mean() - first.mean()).max(axis=1)
    column = run.labels.index(view.name)
    typical = typical_width(view.error, view.truth)
    apart = np.abs(again.mean() - first.mean())[:, column]
    if not first.has_spread:
        return apart / typical
    width = first.std()[:, column]
    apart = np.maximum(apart, np.abs(again.std()[:, column] - width))
    return apart / np.maximum(width, 1e-9 * typical)


def _sentence(part: Part, change: NDArray[np.float64], n: int, limit: float) -> str:
    unit = " sigma" if part.unit else " in probability"
    count = int((change > limit).sum())
    rare = "" if count else f", so at most {100 * binomial(0, n).high:.2g} % of such objects"
    return (
        f"{part.name}, predictions change by up to {part.estimate.value:.2g}{unit} ({count} of {len(change)} objects by "
        f"more than {limit:g}{rare})"
    )


def _figure(found: dict[str, NDArray[np.float64]], limit: float, unit: str) -> dict[str, Any]:
    names = list(found)
    # Agreement to the last bit has no place on a logarithmic axis.
    largest = [max(float(change.max()), 1e-16) for change in found.values()]
    return {
        "title": "Largest change when asked again",
        "xlabel": "",
        "ylabel": f"largest change ({unit})" if unit else "largest change of a probability",
        "yscale": "log",
        "xticks": names,
        "layers": [
            {"kind": "points", "x": list(range(len(names))), "y": largest, "tone": "main", "label": "largest change"},
            {"kind": "hline", "y": [limit], "tone": "limit", "label": "limit"},
        ],
    }
