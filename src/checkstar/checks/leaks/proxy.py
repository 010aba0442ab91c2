"""Does a single column give the label away?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.estimates import ratio, relabelled
from checkstar.evidence import Estimate, Evidence, Part
from checkstar.prediction import Classes, Point
from checkstar.runs import Run
from checkstar.simulators import linear_gaussian
from checkstar.statistics.subsamples import some_rows

__all__ = ["RECORDS", "Proxy"]

Array = NDArray[np.float64]

#: Rank correlation above which two columns are one, and above which one may do what the other does.
_COPY, _LIKE = 0.999, 0.95
#: Training objects of which one column can be learned from one half and judged by the other.
_FEWEST = 20

#: Words in the names of columns that record how an object was observed or chosen, and should know nothing of it.
RECORDS = (
    *("plate", "mjd", "fiber", "fiberid", "run", "rerun", "camcol", "field", "tile", "ccd", "chip", "night", "visit"),
    *("id", "objid", "specobjid", "target", "flag", "flags", "quality", "zwarning", "template", "survey", "programme"),
    *("program", "row", "index", "filename", "batch", "chunk", "seed", "snapshot"),
)


@dataclass(frozen=True, kw_only=True)
class Proxy(Check):
    """Does a single column give the label away?

    A column made from the label, or from what chose the objects by it (a template's redshift, a spectroscopic plate,
    a quality flag), predicts the label alone better than all others together. A small tree or a line (for text and
    repeated numbers also the mean label of each value) learns the label from one column of the training set and is
    scored on the test set by its squared error q (of class indicators, the Brier score, for classes), paired, by
    independent unit.

    * Of a measured column the fault is ``1 - mean q_column / mean q_others``: the share of the error of all others
      together that it saves alone; above zero it is better than all of them. The others are learned by ridge
      regression and, unless that is shown to do better than the column already, by extremely randomised trees,
      whichever is better; copies of the column (rank correlation above 0.999) and records are not among them. The
      `max_candidates` best columns are judged. Two columns made from the label mask each other: where a column beats all
      those that are not like it (rank correlation below 0.95), the check cannot pass. A measured column may be that good for honest reasons (one line that
      tells the temperature): then name it in `explained`.
    * A record of how an object was observed (a plate, a run, an identifier) should know nothing of it. The fault is
      ``(mean q_0 - mean q_column) / (mean q_0 - mean q_all)``, the share of the explainable variance that it reaches
      alone: q_0 of the training mean, q_all of the method, of all features or of one, whichever is smallest.

    Of light curves only what is given beside them (a period, a colour) is a column that may give the label away; the
    descriptors by which light curves are compared are among the others.

    Columns of metadata, which the method does not see, are measured likewise and do not decide; they are named where
    they would give the label away if they were used.

    Parameters
    ----------
    limit, record_limit : float
        Largest faults of measured columns and of records; conventions.
    records : tuple of str
        Words in the names of records; the column of the group is one too.
    explained : tuple of str
        Columns that are known to be measured independently of the label.
    max_candidates, max_columns, max_objects : int
        Measured columns judged; columns from which "all others" are learned, the best ones by their correlation ratio
        in deciles; objects learned from (four times as many are scored).
    """

    name = "proxy"
    code = "I3"
    family = "leakage"
    question = "Does a single column give the label away?"
    statistic = "error that one column saves alone, relative to all others together"
    needs = frozenset({"training_x"})
    depends_on = "label"
    tasks = ("regression", "classification")
    references = (
        "Kapoor & Narayanan 2023, Patterns 4, 100804 (leakage of type 2)",
        "Geurts, Ernst & Wehenkel 2006, Machine Learning 63, 3 (extremely randomised trees)",
    )

    limit: float = 0.5
    record_limit: float = 0.25
    records: tuple[str, ...] = RECORDS
    explained: tuple[str, ...] = ()
    max_candidates: int = 3
    max_columns: int = 60
    max_objects: int = 5000

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        if run.train is None or len(run.train) < _FEWEST:
            return self.undecided(claim, f"fewer than {_FEWEST} training objects teach nothing", len(run.test))
        scene = _Scene.of(run, claim.label, self.max_objects, rng)
        used, meta = self._columns(run.train, run.test, scene)
        plain = [c for c in used if not c.record]
        records = any(c.record for c in used + meta)
        # Half of the variance is explanation enough where no share of it is asked for.
        known = not records and scene.claimed.mean() < 0.5 * scene.nothing.mean()
        candidates = [(c, scene.alone(c)) for c in self._candidates(used) + self._candidates(meta)]
        by_one = [errors for c, errors in candidates if c.used]
        everything = _best([scene.claimed, scene.jointly(plain, trees=not known), *by_one])
        explainable = scene.relative(everything, scene.nothing)
        if not explainable.high < 1:
            why = "neither the method nor all features together are shown to predict the label at all"
            return self.undecided(claim, why, explainable.n)
        parts, masked = [], {}
        for column, alone in candidates:
            others = [c for c in plain if c.name != column.name and not _alike(c, column, _COPY)]
            if column.record:
                estimate = scene.relative(scene.nothing - alone, scene.nothing - everything)
            elif others:
                estimate = scene.saved(alone, others, least=0.0)
                unlike = [c for c in others if not _alike(c, column, _LIKE)]
                if unlike and len(unlike) < len(others):
                    apart = scene.saved(alone, unlike, least=self.limit)
                    if apart.low > self.limit >= estimate.low:
                        masked[column.name] = apart
                        estimate = estimate._replace(high=max(estimate.high, apart.high))
            else:
                continue
            parts.append(
                Part(
                    name=column.name,
                    estimate=estimate,
                    limit=self.record_limit if column.record else self.limit,
                    unit="of what can be explained" if column.record else "of the error of all others",
                    decides=column.used and column.name not in self.explained,
                )
            )
        if not any(part.decides for part in parts):
            if run.test.layout is not None:
                raise NotApplicable("the method sees light curves, and nothing beside them that is not explained")
            raise NotApplicable("the method sees one column (or copies of it), or only columns that are explained")
        would = [p.name for p in parts if not p.decides and p.name not in self.explained and p.estimate.low > p.limit]
        unused = f"; not used, but would give it away: {', '.join(would)}" if would else ""
        return self.conclude(
            claim, parts, reason=lambda part: _sentence(part, masked.get(part.name)) + unused, figure=_figure(parts)
        )

    def _candidates(self, columns: list[_Column]) -> list[_Column]:
        """The best measured columns and the best records."""
        plain, records = ([c for c in columns if c.record is record and c.judged] for record in (False, True))
        return plain[: self.max_candidates] + records[: 2 * self.max_candidates]

    def _columns(self, train: Dataset | None, test: Dataset, scene: _Scene) -> tuple[list[_Column], list[_Column]]:
        """The columns that the method sees and those it does not, the most telling first."""
        assert train is not None
        x, other = scene.rows(train.described().x, test.described().x)
        # What a description makes of x can be told by nobody but x.
        given = train.features if train.layout is None else ()
        seen = [
            _Column(name, x[:, j], other[:, j], True, self._record(name, train), judged=name in given)
            for j, name in enumerate(train.described().features)
        ]
        seen += [] if train.layout is None else self._extras(train, test, scene)
        names = [str(name) for name in train.meta if name in test.meta and name not in train.features]
        unseen = [_of_meta(name, self._record(name, train), train, test, scene) for name in names]
        ranked = [sorted((c for c in some if c is not None), key=scene.telling) for some in (seen, unseen)]
        return ranked[0][: self.max_columns], ranked[1][: self.max_columns]

    def _extras(self, train: Dataset, test: Dataset, scene: _Scene) -> list[_Column]:
        """What is given beside light curves."""
        assert train.layout is not None and train.x is not None and test.x is not None
        names = train.layout.extras
        if not names:
            return []
        x, other = scene.rows(train.x[:, : len(names)], test.x[:, : len(names)])
        return [_Column(n, x[:, j], other[:, j], True, self._record(n, train)) for j, n in enumerate(names)]

    def _record(self, name: str, data: Dataset) -> bool:
        words = {word for word in re.split(r"[^a-z]+", name.lower()) if word}
        return name == data.group_name or bool(words & set(self.records))

    def fault(self, size: float) -> str:
        return f"one of eight features replaced by the label, for {100 * size:.0f} % of the weight"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """A feature that is made from the label."""
        drawn = linear_gaussian(2 * n, rng, n_features=8, noise=0.3)
        x = drawn.x.copy()
        x[:, 3] = (1 - size) * x[:, 3] + size * drawn.y
        weight = np.where(np.arange(8) == 3, 1 + 7 * size, 1 - size)
        run = Run(
            name="planted",
            train=Dataset(x[:n], drawn.y[:n]),
            test=Dataset(x[n:], drawn.y[n:]),
            prediction=Point(x[n:] @ weight / weight.sum()),
        )
        return run, Claim("object_value")


class _Column(NamedTuple):
    """One column in training and test; `used` is False for metadata that the method does not see.

    Whether it gives the label away is asked of those that are `judged`.
    """

    name: str
    train: NDArray[Any]
    test: NDArray[Any]
    used: bool
    record: bool
    judged: bool = True


class _Scene(NamedTuple):
    """What is to be predicted (m, c) and (n, c), squared errors (n,) of knowing nothing and of the method."""

    learned: NDArray[np.intp]
    scored: NDArray[np.intp]
    target: Array
    truth: Array
    nothing: Array
    claimed: Array
    units: NDArray[np.intp]
    weight: Array | None

    @classmethod
    def of(cls, run: Run, label: str | None, most: int, rng: np.random.Generator) -> _Scene:
        """Bounded samples of training and test objects."""
        assert run.train is not None and run.train.y is not None
        view, column = run.view(label), run.labels.index(run.view(label).name)
        learned, scored = some_rows(len(run.train), most, rng), some_rows(len(run.test), 4 * most, rng)
        target, truth = run.train.y[learned, column][:, None], view.truth[scored][:, None]
        said = view.prediction.mean()[scored]
        if isinstance(run.prediction, Classes):
            names = np.asarray(run.prediction.names)[None, :]
            target, truth = np.asarray(target == names, dtype=float), np.asarray(truth == names, dtype=float)
        nothing = _errors(np.broadcast_to(target.mean(axis=0), truth.shape), truth)
        weight = None if view.weight is None else view.weight[scored]
        units = relabelled(view.units[scored])
        return cls(learned, scored, target, truth, nothing, _errors(said, truth), units, weight)

    def rows(self, train: Any, test: Any) -> tuple[Array, Array]:
        """Numbers of the chosen objects, missing ones at the training median."""
        one, other = (np.asarray(v, dtype=float)[rows] for v, rows in ((train, self.learned), (test, self.scored)))
        median = np.ma.filled(np.ma.median(np.ma.masked_invalid(one), axis=0), 0.0)
        return np.where(np.isfinite(one), one, median), np.where(np.isfinite(other), other, median)

    def relative(self, numerator: Array, denominator: Array) -> Estimate:
        """Ratio of two mean errors."""
        return ratio(numerator, denominator, self.units, self.weight)

    def saved(self, alone: Array, others: list[_Column], *, least: float) -> Estimate:
        """Share of the error of others that one column saves; by ridge regression alone where that is below `least`."""
        estimate = _complement(self.relative(alone, self.jointly(others, trees=False)))
        # Trees can only lower the fault: no need of them where ridge regression is shown to do better already.
        if estimate.high > least:
            estimate = _complement(self.relative(alone, self.jointly(others, trees=True)))
        return estimate

    def telling(self, column: _Column) -> float:
        """Minus the correlation ratio, to sort by."""
        return -_correlation_ratio(column.train, self.target)

    def jointly(self, columns: list[_Column], *, trees: bool) -> Array:
        """Squared errors (n,) of several columns, by ridge regression, or by trees where these are better."""
        from sklearn.ensemble import ExtraTreesRegressor

        if not columns:
            return self.nothing
        x, other = (np.column_stack([getattr(c, name) for c in columns]) for name in ("train", "test"))
        ridge = _errors(_ridge(x, other, self.target), self.truth)
        if not trees:
            return ridge
        share = min(1.0, max(1 / 3, 4 / len(columns)))
        forest = ExtraTreesRegressor(40, min_samples_leaf=3, max_features=share, random_state=0)
        said = forest.fit(x, _flat(self.target)).predict(other).reshape(self.truth.shape)
        return _best([ridge, _errors(said, self.truth)])

    def alone(self, column: _Column) -> Array:
        """Squared errors (n,) of one column, learned in the way that does best on half of the training set."""
        if column.train.dtype.kind not in "fiub":
            return _errors(_by_value(column.train, column.test, self.target), self.truth)
        half = np.arange(len(self.target)) % 2 == 0
        repeated = len(np.unique(column.train)) < len(self.target) / 3
        ways = [_by_tree, _by_line, _by_value] if repeated else [_by_tree, _by_line]
        one, other = column.train[half], column.train[~half]
        losses = [_errors(way(one, other, self.target[half]), self.target[~half]).mean() for way in ways]
        return _errors(ways[int(np.argmin(losses))](column.train, column.test, self.target), self.truth)


def _errors(predicted: Array, truth: Array) -> Array:
    """Squared error (n,), summed over classes."""
    return np.square(predicted - truth).sum(axis=1)


def _by_tree(train: NDArray[Any], test: NDArray[Any], target: Array) -> Array:
    from sklearn.tree import DecisionTreeRegressor

    least = max(1, min(20, len(target) // 20))
    tree = DecisionTreeRegressor(max_leaf_nodes=32, min_samples_leaf=least, random_state=0)
    tree.fit(train[:, None].astype(float), _flat(target))
    return np.asarray(tree.predict(test[:, None].astype(float))).reshape(len(test), -1)


def _by_line(train: NDArray[Any], test: NDArray[Any], target: Array) -> Array:
    return _ridge(train[:, None].astype(float), test[:, None].astype(float), target, penalty=0.0)


def _by_value(train: NDArray[Any], test: NDArray[Any], target: Array) -> Array:
    """Mean target of each value, drawn towards the mean of all by two objects; that mean for values never seen."""
    known, code = np.unique(train, return_inverse=True)
    prior = target.mean(axis=0)
    sums = np.stack([np.bincount(code, weights=part, minlength=len(known)) for part in target.T], axis=1)
    means = (sums + 2 * prior) / (np.bincount(code, minlength=len(known))[:, None] + 2)
    position = np.minimum(np.searchsorted(known, test), len(known) - 1)
    return np.where((known[position] == test)[:, None], means[position], prior)


def _flat(target: Array) -> Array:
    return target[:, 0] if target.shape[1] == 1 else target


def _ridge(x: Array, other: Array, target: Array, penalty: float = 0.01) -> Array:
    """Ridge regression on standardised columns, with a share of their variance as penalty."""
    centre, scale = x.mean(axis=0), x.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    z, mean = (x - centre) / scale, target.mean(axis=0)
    coefficients = np.linalg.solve(z.T @ z + (penalty * len(z) + 1e-9) * np.eye(z.shape[1]), z.T @ (target - mean))
    return mean + (other - centre) / scale @ coefficients


def _best(errors: list[Array]) -> Array:
    return min(errors, key=np.mean)


def _complement(estimate: Estimate) -> Estimate:
    """One minus an estimate."""
    return Estimate(1 - estimate.value, 1 - estimate.high, 1 - estimate.low, estimate.n)


def _alike(one: _Column, other: _Column, least: float) -> bool:
    if one.train.dtype.kind not in "fiub" or other.train.dtype.kind not in "fiub":
        return False
    ranks = [np.argsort(np.argsort(c.train)).astype(float) for c in (one, other)]
    return abs(float(np.corrcoef(ranks[0], ranks[1])[0, 1])) > least


def _of_meta(name: str, record: bool, train: Dataset, test: Dataset, scene: _Scene) -> _Column | None:
    """A column of metadata as numbers or text; None where it is the same for all, or the label itself."""
    one, other = train.meta[name].to_numpy(), test.meta[name].to_numpy()
    assert train.y is not None
    if any(np.array_equal(one.astype(str), y.astype(str)) for y in train.y.T):
        return None
    if one.dtype.kind in "fiub" and other.dtype.kind in "fiub":
        one, other = (part[:, 0] for part in scene.rows(one[:, None], other[:, None]))
    else:
        one, other = one.astype(str)[scene.learned], other.astype(str)[scene.scored]
    return _Column(name, one, other, False, record) if len(np.unique(one)) > 1 else None


def _correlation_ratio(values: NDArray[Any], target: Array) -> float:
    """Share of the variance of the target between ten bins of a column, or between its values if it is text."""
    if values.dtype.kind in "fiub":
        edges = np.unique(np.quantile(values, np.linspace(0.1, 0.9, 9)))
        code = np.searchsorted(edges, values, side="left")
    else:
        code = np.unique(values, return_inverse=True)[1]
    counts = np.bincount(code)
    kept = counts > 0
    means = np.stack([np.bincount(code, weights=part)[kept] / counts[kept] for part in target.T])
    total = float(target.var(axis=0).sum())
    between = float((counts[kept] * np.square(means - target.mean(axis=0)[:, None])).sum()) / len(target)
    return between / total if total > 0 else 0.0


def _sentence(part: Part, apart: Estimate | None) -> str:
    value, low, high, _ = part.estimate
    if apart is not None:
        off = f"{100 * apart.value:.0f} % [{100 * apart.low:.0f}, {100 * apart.high:.0f}]"
        text = f"{part.name} alone leaves {off} less squared error than all columns together that are not like it"
        return f"{text} ({100 * value:+.0f} % than all others): one of them hides what the other gives away"
    interval = f"[{100 * low:.0f}, {100 * high:.0f}]"
    if part.unit.startswith("of what"):
        return f"{part.name} alone reaches {100 * value:.0f} % {interval} of the variance that can be explained"
    if value > 0:
        return f"{part.name} alone leaves {100 * value:.0f} % {interval} less squared error than all other columns together"
    ratio = f"{1 - value:.3g} [{1 - high:.3g}, {1 - low:.3g}]"
    return f"{part.name} alone leaves {ratio} times the squared error of all other columns together"


def _figure(parts: list[Part]) -> dict[str, Any]:
    layers: list[dict[str, Any]] = []
    for tone, used, label in (("main", True, "used by the method"), ("reference", False, "not used")):
        at = [i for i, part in enumerate(parts) if part.decides is used]
        ends = {name: [max(float(getattr(parts[i].estimate, end)), -1.0) for i in at] for name, end in _ENDS}
        if at:
            layers.append({"kind": "interval", "x": at, **ends, "tone": tone, "label": label})
    at = list(range(len(parts)))
    layers.append({"kind": "points", "x": at, "y": [p.limit for p in parts], "tone": "limit", "label": "limit"})
    return {
        "title": "What each column knows alone",
        "xlabel": "column",
        "ylabel": "error saved alone (records: variance explained)",
        "xticks": [part.name for part in parts],
        "layers": layers,
    }


_ENDS = (("y", "value"), ("low", "low"), ("high", "high"))
