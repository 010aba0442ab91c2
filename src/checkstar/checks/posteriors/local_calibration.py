"""Are the posteriors right for each observation, not only on average?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from checkstar.checks.base import Check
from checkstar.checks.posterior_draws import following
from checkstar.claims import Claim
from checkstar.errors import NotApplicable
from checkstar.estimates import mean, normalised_weights, relabelled, share, unit_count
from checkstar.evidence import Estimate, Evidence, Part, folded
from checkstar.prediction import Prediction, Samples
from checkstar.runs import Run
from checkstar.simulators import gaussian_posteriors
from checkstar.statistics.conditional_means import Basis, Variation, squared_residuals, variation
from checkstar.statistics.observed_components import ObservedComponents, without_masked
from checkstar.statistics.subsamples import some_rows

__all__ = ["LocalCalibration"]

Array = NDArray[np.float64]
_CONVENTIONAL_TOLERANCE = 0.10
#: Draws an object, half of which describe the posterior and half of which it is judged by.
_FEWEST_DRAWS = 20
_FEWEST_UNITS = 40
#: Draws that each truth is compared with by the classifier.
_COMPARED = 8


class _Posteriors(NamedTuple):
    """What is known of each object without its truth, and its truth among draws that nothing else was made from.

    `features` (n, q) and their `names`; per label the normal scores `z` (n, k) of the truth's PIT; truths (n, k) and
    draws (n, s, k) in units of each posterior's own mean and spread; independent `units`, and `weight` or None.
    """

    features: Array
    names: tuple[str, ...]
    z: Array
    truth: Array
    draws: Array
    units: NDArray[np.intp]
    weight: Array | None


class _Local(NamedTuple):
    """One label: how far bias (sigma) and relative width vary, and a slice to look at."""

    label: str
    bias: Variation
    width: Variation


@dataclass(frozen=True, kw_only=True)
class LocalCalibration(Check):
    """Are the posteriors right for each observation, not only on average?

    Averaged over all observations a posterior that shrinks to the prior's mean, or is too narrow for bright objects and
    too wide for faint ones, is perfectly calibrated. Three faults look inside, and know each object by its posterior
    means and spreads and by x (its features, or `n_components` principal components):

    * the normal scores z of the truth's PIT have the same mean, zero, for all objects (Zhao 2021). The fault is the
      standard deviation over objects of ``E[z | object]``, in sigma; and of ``E[z^2 | object] / 2 E[z^2]``, to first
      order the relative error of the widths. Both are taken on `n_terms` orthonormal functions (linear and squared) and
      debiased; their interval knows the number of functions (`checkstar.statistics.conditional_means`).
    * no classifier tells truths from draws of their posteriors (the local classifier two-sample test, Linhart 2023),
      all labels and x together. Trees learn on one half of the units and rank each truth of the other half among draws of
      its own posterior; the fault is the mean rank, an AUC that pairs by object, less one half. The two halves learn
      from each other (their results correlate by up to 0.5 without a fault), so their errors are added, not their
      variances.
    * the slice of a quarter or more of the objects where the 68 % interval fits worst, found by a tree on one half of
      the units, covers 68 % in the other half.

    From draws, one half describes the object and the other judges it: a mean of the same draws would follow their
    noise. What neither the functions nor the trees resolve is not seen. Objects whose own local fault is shown to
    exceed the limit are flagged, where the fault of all is shown to be there.

    Parameters
    ----------
    bias_limit : float
        Standard deviation of the local bias, in sigma.
    auc_limit : float
        AUC above one half.
    slice_limit : float
        Error of the coverage of the 68 % interval.
    max_objects : int
        At most so many objects, drawn at random, are examined.
    """

    name = "local_calibration"
    code = "B6"
    family = "posterior"
    tolerance_of = "posterior"
    question = "Are the posteriors right for each observation, not only on average?"
    statistic = "variation of bias and width over objects; AUC of truths against draws; coverage of the worst slice"
    needs = frozenset({"spread"})
    enough = 5000
    references = (
        "Linhart, Gramfort & Rodrigues 2023, NeurIPS (arXiv:2306.03580)",
        "Zhao et al. 2021, UAI (arXiv:2102.10473)",
        "Dey et al. 2022 (arXiv:2205.14568)",
    )

    bias_limit: float = 0.1
    auc_limit: float = 0.05
    slice_limit: float = 0.1
    n_components: int = 10
    n_terms: int = 20
    max_objects: int = 20_000

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        labels = run.labels if claim.label is None else (run.view(claim.label).name,)
        if isinstance(run.prediction, Samples) and run.prediction.draws.shape[1] < _FEWEST_DRAWS:
            why = f"{_FEWEST_DRAWS} draws an object are the fewest that can be judged one by one"
            return self.undecided(claim, why, len(run.test))
        if isinstance(run.prediction, Samples) and (why := following(run.prediction.draws)):
            return self.undecided(claim, why, len(run.test))
        n_units = unit_count(run.test.units_of_independence)
        if n_units < _FEWEST_UNITS:
            why = f"{n_units} independent objects are too few to see where the posteriors are wrong"
            return self.undecided(claim, why, n_units, float(_FEWEST_UNITS))
        n = len(run.test)
        rows = some_rows(n, self.max_objects, rng)
        components = None if run.test.x is None else ObservedComponents(_x(run, rows), self.n_components)
        seen = _posteriors(run, labels, rows, components, rng)
        terms = max(2, min(self.n_terms, unit_count(seen.units) // 15))
        basis = Basis(seen.features, normalised_weights(seen.weight, len(rows)), terms)
        if basis.n_terms == 0:
            raise NotApplicable("all posteriors are alike, and there are no observations x to tell objects apart by")
        functions = basis(seen.features)
        found = [_local(label, seen.z[:, i], functions, seen) for i, label in enumerate(labels)]
        parts = [part for local in found for part in self._parts(local, claim)]
        parts += [self._classifier(seen, rng), self._worst_slice(seen, labels, rng)]
        return self.conclude(
            claim,
            parts,
            reason=_sentence,
            figure=_figure(found, seen, functions),
            flags=self._flags(found, lambda: basis(_features(run, labels, np.arange(n), components)), claim),
        )

    def _parts(self, local: _Local, claim: Claim) -> list[Part]:
        width = self.limit_of(claim, _CONVENTIONAL_TOLERANCE)
        return [
            Part(
                name=f"local bias of {local.label}",
                estimate=local.bias.estimate,
                limit=self.bias_limit,
                unit="sigma",
            ),
            Part(name=f"local width of {local.label}", estimate=local.width.estimate, **width),
        ]

    def _classifier(self, seen: _Posteriors, rng: np.random.Generator) -> Part:
        half = _halves(seen.units, rng)
        rank = np.empty(len(half))
        for learned in (half, ~half):
            rank[~learned] = _ranks(seen, learned)
        estimate = mean(rank - 0.5, seen.units, seen.weight)
        wide = math.sqrt(2) * (estimate.high - estimate.value)
        excess = Estimate(estimate.value, estimate.value - wide, estimate.value + wide, estimate.n)
        return Part(name="truths against draws", estimate=excess, limit=self.auc_limit)

    def _worst_slice(self, seen: _Posteriors, labels: Sequence[str], rng: np.random.Generator) -> Part:
        half = _halves(seen.units, rng)
        inside, nominal = np.abs(seen.z) < 1, 2 * special.ndtr(1.0) - 1
        label, chosen, where = _worst_leaf(seen, inside, nominal, half)
        held = chosen & ~half
        weight = None if seen.weight is None else seen.weight[held]
        name = f"worst slice ({labels[label]}: {where})"
        if unit_count(relabelled(seen.units[held])) < 2:
            return Part(name=name, estimate=Estimate(0.0, -math.inf, math.inf, 1.0), limit=self.slice_limit)
        covered = share(inside[held, label], relabelled(seen.units[held]), weight)
        off = Estimate(covered.value - nominal, covered.low - nominal, covered.high - nominal, covered.n)
        return Part(name=name, estimate=folded(off), limit=self.slice_limit)

    def _flags(
        self, found: Sequence[_Local], functions: Callable[[], Array], claim: Claim
    ) -> dict[str, NDArray[np.bool_]]:
        """Objects whose own bias or width is shown to be off by more than the limit, where any was shown to vary."""
        limit = self.limit_of(claim, _CONVENTIONAL_TOLERANCE)["limit"]
        limits = [(v, most) for local in found for v, most in ((local.bias, self.bias_limit), (local.width, limit))]
        shown = [(v, most) for v, most in limits if v.estimate.low > 0]
        if not shown:
            return {}
        at = functions()
        return {"locally_off": np.any([_beyond(v, at, most) for v, most in shown], axis=0)}

    def fault(self, size: float) -> str:
        return f"posterior means pulled by {20 * size:.0f} % to that of the prior, and widened to hide it"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Two parameters; posteriors pulled to the prior's mean and widened, so that coverage is right on average."""
        made = gaussian_posteriors(n, 2, 100, rng, shrink=0.2 * size)
        return Run.from_samples(made.draws, made.theta, x=made.x, name="planted"), Claim("posterior")


def _x(run: Run, rows: NDArray[np.intp]) -> Array:
    seen = run.test.described()[rows]
    assert seen.x is not None
    return without_masked(seen.x, seen.noise)


def _features(run: Run, labels: Sequence[str], rows: NDArray[np.intp], components: ObservedComponents | None) -> Array:
    """Means and logarithms of the spread of each object's posterior, and the components of its observations."""
    centre, spread = _centre_and_spread(run, labels, rows)
    observed = [] if components is None else [components(_x(run, rows))]
    return np.hstack([centre, np.log(spread), *observed])


def _centre_and_spread(run: Run, labels: Sequence[str], rows: NDArray[np.intp]) -> tuple[Array, Array]:
    columns = [run.labels.index(label) for label in labels]
    describing = _halves_of(run.prediction[rows])[0]
    centre, spread = describing.mean()[:, columns], describing.std()[:, columns]
    # Equal draws have no spread: their truths are far away, not infinitely.
    return centre, np.where(spread > 0, spread, np.maximum(1e-9 * np.abs(centre), 1e-300))


def _posteriors(
    run: Run,
    labels: Sequence[str],
    rows: NDArray[np.intp],
    components: ObservedComponents | None,
    rng: np.random.Generator,
) -> _Posteriors:
    columns = [run.labels.index(label) for label in labels]
    test = run.test
    assert test.y is not None
    judging = _halves_of(run.prediction[rows])[1]
    if test.y_err is not None:
        judging = judging.with_noise(test.y_err[rows], rng)
    truth = test.y[rows][:, columns]
    pit = np.column_stack([judging.select(c).cdf(truth[:, i])[:, 0] for i, c in enumerate(columns)])
    draws = judging.sample(_COMPARED, rng)[:, :, columns]
    centre, scale = _centre_and_spread(run, labels, rows)
    names = [*(f"mean of {v}" for v in labels), *(f"ln sigma of {v}" for v in labels)]
    return _Posteriors(
        _features(run, labels, rows, components),
        (*names, *(() if components is None else components.names(test.features))),
        special.ndtri(np.clip(pit, 1e-15, 1 - 1e-15)),
        np.clip((truth - centre) / scale, -1e6, 1e6),
        np.clip((draws - centre[:, None]) / scale[:, None], -1e6, 1e6),
        relabelled(test.units_of_independence[rows]),
        None if test.weight is None else test.weight[rows],
    )


def _halves_of(prediction: Prediction) -> tuple[Prediction, Prediction]:
    """What describes each posterior, and what judges it: independent halves of its draws, or the same density."""
    if not isinstance(prediction, Samples):
        return prediction, prediction
    middle = prediction.draws.shape[1] // 2
    return Samples(prediction.draws[:, :middle]), Samples(prediction.draws[:, middle:])


def _local(label: str, z: Array, functions: Array, seen: _Posteriors) -> _Local:
    bias = variation(z, functions, seen.units, seen.weight)
    widths = 0.5 * squared_residuals(z, functions, seen.weight)
    return _Local(label, bias, variation(widths, functions, seen.units, seen.weight))


def _beyond(found: Variation, functions: Array, limit: float) -> NDArray[np.bool_]:
    """Objects whose own conditional mean is shown to lie beyond the limit."""
    value, error = found.at(functions)
    return np.asarray(np.abs(value) - 2 * error > limit)


def _halves(units: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Whether each object is in the first half, (n,); no unit is divided."""
    return np.asarray(rng.permutation(unit_count(units))[units] % 2 == 0)


def _ranks(seen: _Posteriors, learned: NDArray[np.bool_]) -> Array:
    """Share of its draws below which each truth of the other half is ranked, by trees that know the first half."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    own = [_described(seen.truth[learned], seen.features[learned])]
    own.append(_described(seen.draws[learned, 0], seen.features[learned]))
    features, n_draws = seen.features[~learned], seen.draws.shape[1]
    drawn = _described(seen.draws[~learned].reshape(-1, seen.draws.shape[2]), np.repeat(features, n_draws, axis=0))
    trees = HistGradientBoostingClassifier(
        max_iter=50, max_leaf_nodes=8, min_samples_leaf=20, early_stopping=False, random_state=0
    )
    # Trees this small take longer to share out among threads than to grow.
    with threadpool_limits(1, "openmp"):
        trees.fit(np.vstack(own), np.repeat([1, 0], learned.sum()))
        at_truth = trees.decision_function(_described(seen.truth[~learned], features))
        at_draws = trees.decision_function(drawn).reshape(-1, n_draws)
    below = (at_draws < at_truth[:, None]) + 0.5 * (at_draws == at_truth[:, None])
    return np.asarray(below.mean(axis=1))


def _described(theta: Array, features: Array) -> Array:
    """Parameters in units of their posterior, their products (which trees learn slowly), and the object's features."""
    k = theta.shape[1]
    products = [theta[:, i] * theta[:, j] for i in range(k) for j in range(i)][:10]
    return np.column_stack([theta, *products, features])


def _worst_leaf(
    seen: _Posteriors, inside: NDArray[np.bool_], nominal: float, half: NDArray[np.bool_]
) -> tuple[int, NDArray[np.bool_], str]:
    """Label and slice (n,) of all objects in which the first half looks worst, and the slice in words."""
    from sklearn.tree import DecisionTreeRegressor

    best, found = -1.0, (0, np.ones(len(half), dtype=bool), "all objects")
    weight = normalised_weights(seen.weight, len(half))
    features = seen.features
    for label in range(inside.shape[1]):
        tree = DecisionTreeRegressor(max_leaf_nodes=4, min_samples_leaf=0.25, random_state=0)
        tree.fit(features[half], inside[half, label], sample_weight=weight[half])
        leaves = tree.apply(features)
        for leaf in np.unique(leaves[half]):
            members = leaves == leaf
            off = abs(float(np.average(inside[half & members, label], weights=weight[half & members])) - nominal)
            score = off * math.sqrt(int((half & members).sum()))
            if score > best:
                best, found = score, (label, members, _path(tree.tree_, int(leaf), seen.names))
    return found


def _path(tree: Any, leaf: int, names: Sequence[str]) -> str:
    """The conditions that lead to a leaf, in words."""
    conditions, node = [], leaf
    while node:
        left = node in tree.children_left
        parent = int(np.flatnonzero((tree.children_left if left else tree.children_right) == node)[0])
        sign = "<=" if left else ">"
        conditions.append(f"{names[tree.feature[parent]]} {sign} {tree.threshold[parent]:.3g}")
        node = parent
    return ", ".join(reversed(conditions)) or "all objects"


def _sentence(part: Part) -> str:
    value, low, high, _ = part.estimate
    if part.unit == "sigma":
        return f"the {part.name} varies by {value:.2f} sigma [{max(low, 0):.2f}, {high:.2f}] from object to object"
    if part.name.startswith("local width"):
        varies = f"{100 * value:.0f} % [{100 * max(low, 0):.0f}, {100 * high:.0f}]"
        return f"the error of the {part.name} varies by {varies} from object to object"
    if part.name.startswith("worst slice"):
        off = f"{100 * value:.0f} % [{100 * max(low, 0):.0f}, {100 * high:.0f}]"
        return f"in the {part.name} the coverage of the 68 % interval is off by {off}"
    return f"trees tell truths from draws of their posteriors with an AUC of {0.5 + value:.3f} [{0.5 + low:.3f}, {0.5 + high:.3f}]"


def _figure(found: Sequence[_Local], seen: _Posteriors, functions: Array) -> dict[str, Any]:
    """Mean and spread of the pulls of the worst label in bins of the feature that they follow most."""
    shown = max(range(len(found)), key=lambda i: max(found[i].bias.estimate.value, found[i].width.estimate.value))
    local = found[shown]
    worse = max((local.bias, local.width), key=lambda v: v.estimate.value)
    fitted = worse.at(functions)[0]
    spread = seen.features.std(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        follows = np.abs((seen.features - seen.features.mean(axis=0)).T @ fitted) / spread
    axis = int(np.nanargmax(np.where(spread > 0, follows, -1.0)))
    order = np.argsort(seen.features[:, axis], kind="stable")
    bins = np.array_split(order, int(min(15, max(2, len(order) // 20))))
    z = [seen.z[rows, shown] for rows in bins]
    x = [float(np.median(seen.features[rows, axis])) for rows in bins]
    centre, size = (np.array([f(part) for part in z]) for f in (np.mean, np.std))
    error = size / np.sqrt([len(part) for part in z])
    ends = [min(x), max(x)]
    return {
        "title": f"Pulls of {local.label}, from object to object",
        "xlabel": seen.names[axis],
        "ylabel": "mean and standard deviation of the pulls",
        "layers": [
            {"kind": "line", "x": ends, "y": [0, 0], "tone": "reference", "label": "right everywhere"},
            {"kind": "line", "x": ends, "y": [1, 1], "tone": "reference", "label": "right everywhere"},
            {
                "kind": "interval",
                "x": x,
                "y": centre.tolist(),
                "low": (centre - 2 * error).tolist(),
                "high": (centre + 2 * error).tolist(),
                "tone": "main",
                "label": "mean",
            },
            {
                "kind": "interval",
                "x": x,
                "y": size.tolist(),
                "low": (size - math.sqrt(2) * error).tolist(),
                "high": (size + math.sqrt(2) * error).tolist(),
                "tone": "second",
                "label": "standard deviation",
            },
        ],
    }
