"""Do its error bars hold where observations are missing?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.checks.samples import Sample, affordable, draw_sample, part_of
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import ContractError, InputError, NotApplicable
from checkstar.estimates import share
from checkstar.evidence import Estimate, Evidence, Part
from checkstar.noise import Covariance, Gaussian
from checkstar.prediction import Prediction, Samples
from checkstar.runs import LabelView, Run

__all__ = ["Missing"]

_PROBED = 10


@dataclass(frozen=True, kw_only=True)
class Missing(Check):
    """Do its error bars hold where observations are missing?

    Each feature, or each of `n_blocks` neighbouring ranges where there are more features, is masked in turn: infinite
    sigma in the noise and NaN in `x`, or the median of the feature for a method that refuses NaN but takes an infinite
    sigma as a loss (its claimed sigma grows). The fault is what the coverage of its central intervals then lacks to
    `level`, with the Clopper-Pearson interval of the share of truths inside. Intervals that are too wide are no fault
    here, and objects of which a range is all there is are left out of it. Refusing is safe: a range that the method refuses is not counted, and a method that takes no masks at all is
    not asked.

    Parameters
    ----------
    level : float
        Nominal probability of the central intervals.
    n_blocks : int
        Ranges of features masked, one at a time.
    budget : float
        Model calls, in units of the whole test set.
    max_objects : int
        At most so many test objects, drawn at random.
    """

    name = "missing"
    code = "D5"
    family = "robustness"
    question = "Do its error bars hold where observations are missing?"
    statistic = "coverage that is missing when features are masked"
    needs = frozenset({"spread", "model", "noise"})
    depends_on = "label"
    uses = frozenset({"object_interval"})
    references = ("Rubin 1976, Biometrika 63, 581", "Clopper & Pearson 1934, Biometrika 26, 404")

    level: float = 0.9
    n_blocks: int = 8
    budget: float = 3.5
    max_objects: int = 1000
    limit: float = 0.05

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        blocks = self._blocks(run)
        if len(blocks) < 2:
            raise NotApplicable("there is one feature only; without it nothing is left to predict from")
        if isinstance(run.test.noise, Covariance):
            raise NotApplicable("its noise is correlated between features, and a covariance cannot mask any")
        sample = draw_sample(run, claim.label, self._size(run), rng)
        if sample.too_few:
            return self.undecided(claim, sample.too_few, len(sample.rows))
        whole = self._inside(sample.view.prediction, sample.view, rng)
        if whole is None:
            return self.undecided(claim, f"too few draws an object for {100 * self.level:g} % intervals", 0)
        left = {name: _with_some_left(sample, block) for name, block in blocks.items()}
        blocks = {name: block for name, block in blocks.items() if not left[name].too_few}
        if not blocks:
            raise NotApplicable("most objects have observations in one range only; without it nothing is left")
        fill = _accepted(run, *next((left[name], block) for name, block in blocks.items()))
        shares = {name: self._covered(run, left[name], block, fill, rng) for name, block in blocks.items()}
        found = {name: covered for name, covered in shares.items() if covered is not None}
        if not found:
            raise NotApplicable("it refuses objects with masked features, whichever they are")
        parts = [Part(name=name, estimate=self._lacking(covered), limit=self.limit) for name, covered in found.items()]
        return self.conclude(
            claim,
            parts,
            reason=lambda part: self._sentence(found[part.name], whole, part.name, len(shares) - len(found)),
            figure=_figure(found, self.level, self.limit),
        )

    def _covered(
        self, run: Run, sample: Sample, block: NDArray[np.intp], fill: float | None, rng: np.random.Generator
    ) -> Estimate | None:
        """Share of truths inside the intervals with a range masked; None where the method refuses."""
        try:
            prediction = run.predict(*_masked(sample, block, fill)).select(sample.column)
        except (InputError, ContractError):
            return None
        return self._inside(prediction, sample.view, rng)

    def _inside(self, prediction: Prediction, view: LabelView, rng: np.random.Generator) -> Estimate | None:
        if isinstance(prediction, Samples):
            draws = prediction.draws.shape[1]
            if (draws - 1) / (draws + 1) < self.level:
                return None
        if view.truth_err.any():
            prediction = prediction.with_noise(view.truth_err[:, None], rng)
        low, high = (prediction.quantile((1 + side * self.level) / 2)[:, 0] for side in (-1, 1))
        return share((low <= view.truth) & (view.truth <= high), view.units, view.weight)

    def _lacking(self, covered: Estimate) -> Estimate:
        value, low, high = (max(0.0, self.level - end) for end in (covered.value, covered.high, covered.low))
        return Estimate(value, low, high, covered.n)

    def _blocks(self, run: Run) -> dict[str, NDArray[np.intp]]:
        """Features to mask together, by name; those that are masked everywhere already are left out."""
        names = run.test.features
        assert run.test.x is not None and run.test.noise is not None
        there = np.flatnonzero(np.isfinite(run.test.noise.sigma(run.test.x)).any(axis=0))
        ranges = np.array_split(there, max(min(self.n_blocks, len(there)), 1))
        if run.test.layout is not None:
            first = run.test.layout.value_columns.start - 1
            return {f"epochs {block[0] - first} to {block[-1] - first}": block for block in ranges if len(block)}
        return {
            names[block[0]] if len(block) == 1 else f"{names[block[0]]} to {names[block[-1]]}": block
            for block in ranges
            if len(block)
        }

    def _size(self, run: Run) -> int:
        return affordable(len(run.test), max(len(self._blocks(run)), 1), self.budget, self.max_objects)

    def calls(self, run: Run) -> float:
        size = self._size(run)
        return (len(self._blocks(run)) * size + 3 * min(_PROBED, size)) / len(run.test)

    def _sentence(self, covered: Estimate, whole: Estimate, name: str, n_refused: int) -> str:
        text = (
            f"with {name} masked, its {100 * self.level:g} % intervals hold {100 * covered.value:.1f} % "
            f"[{100 * covered.low:.1f}, {100 * covered.high:.1f}] of the truths ({100 * whole.value:.1f} % with nothing "
            "masked)"
        )
        return text + (f"; it refuses {n_refused} other ranges" if n_refused else "")

    def fault(self, size: float) -> str:
        return (
            "error bars that stay as they are when a feature is lost" if size else "error bars that grow as they must"
        )

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """A weighted mean that goes on claiming the error that it has with all features."""
        from checkstar.checks.weighted_mean import WeightedMean

        sigma = np.array([0.5, 1.0, 1.0, 1.0])
        y = rng.standard_normal(n)
        x = y[:, None] + sigma * rng.standard_normal((n, len(sigma)))
        method = WeightedMean(claimed=float(1 / np.sqrt((1 / sigma**2).sum())) if size else None)
        return Run.of(method, test=Dataset(x, y, noise=sigma)), Claim("object_interval")


class _Ask(NamedTuple):
    """Observations and noise, as `Run.predict` takes them."""

    x: NDArray[np.float64]
    noise: Gaussian


def _masked(sample: Sample, block: Sequence[int] | NDArray[np.intp], fill: float | None) -> _Ask:
    """The observations with some features masked; `fill` None puts their median there."""
    x, sigma = sample.x.astype(float), np.array(sample.noise.sigma(sample.x))
    sigma[:, block] = np.inf
    x[:, block] = _medians(sample.x[:, block]) if fill is None else fill
    return _Ask(x, Gaussian(sigma))


def _with_some_left(sample: Sample, block: NDArray[np.intp]) -> Sample:
    """The objects of which something is observed outside a range of features: nobody can predict from nothing."""
    observed = np.isfinite(sample.noise.sigma(sample.x)) & np.isfinite(sample.x)
    observed[:, block] = False
    return part_of(sample, np.asarray(observed.any(axis=1)))


def _medians(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    finite = np.isfinite(columns)
    masked = np.ma.masked_array(columns, ~finite)
    return np.ma.filled(np.ma.median(masked, axis=0), 0.0)


def _accepted(run: Run, sample: Sample, block: NDArray[np.intp]) -> float | None:
    """What to put where a feature is masked: NaN, or None for its median.

    Raises
    ------
    NotApplicable
        If the method takes no masks.
    """
    few = sample._replace(data=sample.data[: min(_PROBED, len(sample.data))])
    try:
        run.predict(*_masked(few, block, np.nan))
        return np.nan
    except (InputError, ContractError):
        pass
    try:
        told = run.predict(*_masked(few, block, None)).std()[:, sample.column]
    except (InputError, ContractError):
        raise NotApplicable("it refuses objects with masked features, and so claims nothing for them") from None
    x, _ = _masked(few, block, None)
    untold = run.predict(x, Gaussian(np.array(few.noise.sigma(few.x)))).std()[:, sample.column]
    if not np.median(told) > 1.001 * np.median(untold):
        raise NotApplicable("it refuses NaN and takes an infinite sigma for no loss: give it no masked features")
    return None


def _figure(found: Mapping[str, Estimate], level: float, limit: float) -> dict[str, Any]:
    shown = list(found.items())[:300]
    return {
        "title": "Coverage with a range of features masked",
        "xlabel": "masked",
        "ylabel": f"share of truths inside {100 * level:g} % intervals",
        "xticks": [name for name, _ in shown],
        "layers": [
            {
                "kind": "interval",
                "x": list(range(len(shown))),
                "y": [covered.value for _, covered in shown],
                "low": [covered.low for _, covered in shown],
                "high": [covered.high for _, covered in shown],
                "tone": "main",
                "label": "measured",
            },
            {"kind": "hline", "y": [level], "tone": "reference", "label": "nominal"},
            {"kind": "hline", "y": [level - limit], "tone": "limit", "label": "limit"},
        ],
    }
