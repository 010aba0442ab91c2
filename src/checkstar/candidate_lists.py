"""Candidates: the k objects most likely of a class, with what the list is worth before anyone has looked at it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.data.dataset import Dataset
from checkstar.errors import InputError, unknown_name
from checkstar.estimates import effective_number, kish, normalised_weights, relabelled, unit_count
from checkstar.evidence import Estimate, binomial
from checkstar.methods.base import Method
from checkstar.methods.wrapping import as_method
from checkstar.prediction import Classes
from checkstar.runs import Run
from checkstar.statistics.observed_components import without_masked
from checkstar.statistics.purity import members_among, members_by_probability
from checkstar.statistics.strangeness import along_components, at_least_as_strange
from checkstar.statistics.venn_abers import VennAbers, venn_abers

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CandidateList", "candidates"]

Array = NDArray[np.float64]
Rows = NDArray[np.intp]
Describe = Callable[[Dataset], Array]

#: With fewer objects of known class above the threshold, the nearest so many below it are asked.
_FEW = 30
#: Objects from which, and against which, strangeness is judged.
_ROWS = 2000


@dataclass(frozen=True, kw_only=True, eq=False)
class CandidateList:
    """Objects in the order in which to follow them up, and the purity to expect.

    Attributes
    ----------
    table : DataFrame
        One row per candidate: ``rank``, ``id``, ``ra`` and ``dec`` (degrees, where known), ``probability`` (calibrated on
        objects of known class, where there are any) with ``probability_low`` and ``probability_high``, ``score`` (the
        method's own probability), ``novelty_p`` (conformal p-value of being like the training set) and ``novel``.
    name : str
        The class.
    method : str
    purity : Estimate
        Share of members among objects that rank as high, with its 95 % interval (Clopper & Pearson); NaN without objects
        of known class.
    in_list : (float, float)
        Between which the share of members in this list lies, with a probability of 95 % (see `candidates`).
    claimed : float
        The share that the method's own probabilities promise.
    level : float
        p-value at which an object is flagged as novel.
    n_pool, n_known : int
        Objects that were ranked; objects of known class behind the purity.
    notes : tuple of str
        What was assumed, and what could not be told.
    """

    table: pd.DataFrame
    name: str
    method: str
    purity: Estimate
    in_list: tuple[float, float]
    claimed: float
    level: float
    n_pool: int
    n_known: int
    notes: tuple[str, ...] = ()
    units: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        low, high = self.in_list
        novel = f"{int(self.table['novel'].sum())} novel" if "novel" in self.table else "novelty not judged"
        return (
            f"CandidateList({len(self)} of {self.n_pool} objects for {self.name} by {self.method}; "
            f"{100 * low:.0f} to {100 * high:.0f} % are of it; {novel})"
        )

    def save(
        self,
        folder: str | Path,
        *,
        stem: str = "candidates",
        formats: Sequence[str] = ("vot", "fits", "parquet"),
        claim: str | None = None,
        verdict: str | None = None,
        date: str | None = None,
    ) -> list[Path]:
        """Write the list as VOTable, FITS and Parquet, all or none; see `checkstar.reports.candidate_files`.

        Parameters
        ----------
        claim, verdict : str, optional
            What an audit said the method may be used for.
        date : str, optional
            Of the list; nothing is written where it is not given.
        """
        from checkstar.reports.candidate_files import write_candidates

        said = {"claim": claim, "verdict": verdict, "date": date}
        return write_candidates(
            self.table, {**self.facts(), **{k: v for k, v in said.items() if v}}, folder, stem, formats, self.units
        )

    def facts(self) -> dict[str, Any]:
        """What is written beside the table."""
        return {
            "class": self.name,
            "method": self.method,
            "n_listed": len(self),
            "n_pool": self.n_pool,
            "n_known": self.n_known,
            "purity": self.purity.value,
            "purity_low": self.purity.low,
            "purity_high": self.purity.high,
            "list_low": self.in_list[0],
            "list_high": self.in_list[1],
            "claimed": self.claimed,
            "level": self.level,
            "notes": " ".join(self.notes),
        }


class _Sample(NamedTuple):
    """Objects, the method's probability of the class (n,), and numbers (n,) that break ties."""

    data: Dataset
    score: Array
    tie: Array

    def member(self, name: str) -> NDArray[np.bool_]:
        assert self.data.y is not None
        return np.asarray(self.data.y[:, 0].astype(str) == name)


class _Worth(NamedTuple):
    purity: Estimate
    in_list: tuple[float, float]
    notes: tuple[str, ...]


def candidates(
    source: Run | Method | Any,
    name: str,
    k: int = 50,
    *,
    new: Dataset | None = None,
    held_out: Dataset | None = None,
    train: Dataset | None = None,
    describe: Describe | None = None,
    level: float = 0.01,
    keep: Sequence[str] = (),
    random_state: int = 0,
) -> CandidateList:
    """The `k` objects most likely of class `name`, with calibrated probabilities, purity and flags of novelty.

    The purity is read from objects of known class that the method was not shown: those of them that rank above the first
    object that is *not* on the list. Given the score of that one, the objects above it, listed or known, are independent
    draws from one population, whatever the scores mean. So the share of members among the known has the interval of
    Clopper & Pearson, and the number of members on the list the limits of Thatcher (1964), both at 95 % or more. This
    holds where the new objects come from the population of the known ones; another survey, another magnitude limit or
    another share of the class changes the purity, and nothing here can see it. Where fewer than 30 known objects rank so
    high, the upper limit is 1 and the lower that of the 30 best, which assumes that purity does not fall with rank.
    Objects in groups count as fewer (effective numbers). Without known objects the method's own probabilities are
    believed, and the list says so.

    The calibrated probability is that of Venn-Abers; neither it nor the purity needs the method's probabilities to mean
    anything. An object is flagged as novel where it is stranger than all but a share `level` of known objects, in whitened
    components of its features; of ordinary objects in the pool at most a share `level` is flagged on average.

    Parameters
    ----------
    source : Run, or fitted method or model
        A run ranks `new` objects, its test set being those of known class; without `new` it ranks its test set itself,
        each object's probability then being calibrated on the others.
    name : str
        The class.
    k : int
        Length of the list.
    new : Dataset
        Objects to rank; columns ``id``, ``ra`` and ``dec`` of their metadata are copied.
    held_out, train : Dataset, optional
        For a method: objects of known class that it was not shown, and those that it learned from.
    describe : callable, optional
        ``describe(data) -> (n, q)``: features in which novelty is judged. By default the numbers by which the dataset says
        that its objects are compared (`Dataset.described`): shapes of light curves, the observations of all else.
    level : float in (0, 1)
        p-value at which an object is novel.
    keep : sequence of str
        Further columns of the metadata to copy.
    random_state : int
        Breaks ties of the score, and draws the objects that novelty is judged from where there are many.

    Raises
    ------
    InputError
        If the class is unknown, the list longer than the pool, or the data lack what is needed.

    References
    ----------
    Clopper & Pearson 1934, Biometrika 26, 404; Thatcher 1964, J. R. Stat. Soc. B 26, 176; Vovk & Petej 2014, UAI
    (arXiv:1211.0025); Vovk, Gammerman & Shafer 2005, Algorithmic Learning in a Random World.

    Examples
    --------
    >>> import checkstar as cs
    >>> from checkstar.testing import simulate_classes
    >>> data = simulate_classes(900)
    >>> run = cs.Run.of(cs.methods.KNearest(), train=data[:400], test=data[400:700])
    >>> found = candidates(run, "EA", 20, new=data[700:])
    >>> len(found), found.table["rank"].tolist()[:3], bool(found.in_list[0] < found.purity.value)
    (20, [1, 2, 3], True)
    """
    rng = np.random.default_rng(random_state)
    if isinstance(keep, str):
        raise InputError(f"keep is the text {keep!r}; give a sequence of columns.")
    if not 0 < level < 1:
        raise InputError(f"level is {level}; give a p-value between 0 and 1 at which an object is flagged as novel.")
    pool, known, train, method = _samples(source, name, new, held_out, train, rng)
    if not isinstance(k, int | np.integer) or not 1 <= k <= len(pool.score):
        raise InputError(f"k is {k}, but there are {len(pool.score)} objects to rank; ask for 1 to {len(pool.score)}.")
    order = np.lexsort((pool.tie, -pool.score))
    listed = order[:k]
    worth = _worth(pool, known, order, k, name)
    chances = _probabilities(pool, known, listed, name)
    novelty, unjudged = _novelty(pool, known, train, listed, describe or _describe, rng)
    table, units = _table(pool, listed, chances, novelty, level, keep)
    return CandidateList(
        table=table,
        name=name,
        method=method,
        purity=worth.purity,
        in_list=worth.in_list,
        claimed=float(pool.score[listed].mean()),
        level=level,
        n_pool=len(pool.score),
        n_known=0 if known is None else len(known.score),
        notes=(*worth.notes, *unjudged),
        units=units,
    )


def _samples(
    source: Any,
    name: str,
    new: Dataset | None,
    held_out: Dataset | None,
    train: Dataset | None,
    rng: np.random.Generator,
) -> tuple[_Sample, _Sample | None, Dataset | None, str]:
    if isinstance(source, Run):
        if held_out is not None or train is not None:
            raise InputError("a run has its own training and test objects; give held_out and train with a method only.")
        known = _sample(source.test, source.prediction, name, rng)
        if new is None:
            return known, known, source.train, source.name
        return _sample(new, source.predict(_x(new), new.noise), name, rng), known, source.train, source.name
    method = as_method(source)
    if new is None or not method.is_fitted():
        raise InputError("a candidate list needs a run, or a fitted method and new=Dataset(...) to rank.")
    pool, judged = (
        None if data is None else _sample(data, method.predict_distribution(_x(data), noise=data.noise), name, rng)
        for data in (new, held_out)
    )
    assert pool is not None
    if held_out is not None and held_out.y is None:
        raise InputError("the held-out objects have no classes y; purity is read from objects of known class.")
    return pool, judged, train, str(getattr(method, "name", type(method).__name__))


def _x(data: Dataset) -> NDArray[Any]:
    if not isinstance(data, Dataset):
        raise InputError(
            f"the objects to rank are a {type(data).__name__}; give a Dataset: Dataset(x=...) or curve_dataset."
        )
    if data.x is None:
        raise InputError("the objects to rank have no observations x; the method needs them.")
    return data.x


def _sample(data: Dataset, prediction: Any, name: str, rng: np.random.Generator) -> _Sample:
    if not isinstance(prediction, Classes):
        raise InputError("candidates are ranked by class probabilities but the method predicts numbers.")
    if name not in prediction.names:
        raise unknown_name("class", name, prediction.names)
    return _Sample(data, prediction.probabilities[:, prediction.names.index(name)], rng.random(len(data)))


def _worth(pool: _Sample, known: _Sample | None, order: Rows, k: int, name: str) -> _Worth:
    listed = order[:k]
    size = _size(pool.data, listed)
    if known is None:
        count = members_by_probability(pool.score[listed])
        share = float(pool.score[listed].mean())
        note = "No object of known class: the interval believes the method's own probabilities."
        return _Worth(Estimate(share, np.nan, np.nan, 0.0), (count.low / k, count.high / k), (note,))
    if known is pool:
        above, notes = listed, ("The list is of the test set; the interval is for another list like it.",)
    else:
        above, notes = _above(known, pool, order, k), ("New objects are taken to be drawn like those of known class.",)
    found, n = _effective(known, above, name)
    if n >= _FEW or known is pool or len(above) == len(known.score):
        count = members_among(size, found, n)
        return _Worth(binomial(found, n), (count.low / size, count.high / size), notes)
    wider = np.lexsort((known.tie, -known.score))[: max(_FEW, len(above))]
    found, n = _effective(known, wider, name)
    low = members_among(size, found, n).low / size
    note = f"Only {len(above)} known objects rank so high: the lower limit is that of the {len(wider)} best."
    return _Worth(binomial(found, n)._replace(high=1.0), (low, 1.0), (*notes, note))


def _above(known: _Sample, pool: _Sample, order: Rows, k: int) -> Rows:
    """Objects of known class that rank above the first that is not listed; all of them where every object is."""
    if k == len(order):
        return np.arange(len(known.score))
    score, tie = pool.score[order[k]], pool.tie[order[k]]
    return np.flatnonzero((known.score > score) | ((known.score == score) & (known.tie < tie)))


def _effective(sample: _Sample, rows: Rows, name: str) -> tuple[float, float]:
    """Effective number of members and of objects among `rows`."""
    inside = sample.member(name)[rows].astype(float)
    if not len(rows) or (sample.data.weight is None and sample.data.group is None):
        return float(inside.sum()), float(len(rows))
    w = normalised_weights(None if sample.data.weight is None else sample.data.weight[rows], len(rows))
    n = effective_number(inside, relabelled(sample.data.units_of_independence[rows]), w)
    return float((w * inside).mean()) * n, n


def _size(data: Dataset, rows: Rows) -> int:
    """Objects of the list, or the groups that they count for."""
    units = relabelled(data.units_of_independence[rows])
    return len(rows) if unit_count(units) == len(rows) else max(int(kish(np.ones(len(rows)), units)), 1)


def _probabilities(pool: _Sample, known: _Sample | None, listed: Rows, name: str) -> VennAbers:
    score = pool.score[listed]
    if known is None:
        unknown = np.full(len(listed), np.nan)
        return VennAbers(score, unknown, unknown)
    member = known.member(name)
    if known is not pool:
        return venn_abers(known.score, member, score)
    # Its own class must not decide what probability an object is given.
    alone = [venn_abers(np.delete(known.score, i), np.delete(member, i), known.score[[i]]) for i in listed]
    return VennAbers(*(np.concatenate(column) for column in zip(*alone, strict=True)))


def _novelty(
    pool: _Sample,
    known: _Sample | None,
    train: Dataset | None,
    listed: Rows,
    describe: Describe,
    rng: np.random.Generator,
) -> tuple[Array | None, tuple[str, ...]]:
    """Conformal p-value of each listed object, or None and why."""
    if known is None or train is None or any(data.x is None for data in (train, known.data, pool.data)):
        return None, ("Novelty was not judged: that takes observations of training objects and of others.",)
    strange = along_components(describe(train[_some(len(train), rng)]))
    rows = _some(len(known.score), rng)
    calibration, own = strange(describe(known.data[rows])), strange(describe(pool.data[listed]))
    others = np.full(len(listed), len(rows))
    count = at_least_as_strange(calibration, own)
    if known is pool:  # an object is no evidence about itself
        itself = np.isin(listed, rows)
        others, count = others - itself, count - itself
    # A new object is one of a new group, which counts as a whole one of those that calibrate.
    size = len(rows) / unit_count(relabelled(known.data.units_of_independence[rows]))
    return (size + count) / (size + others), ()


def _some(n: int, rng: np.random.Generator) -> Rows:
    return np.arange(n) if n <= _ROWS else np.sort(rng.choice(n, _ROWS, replace=False))


def _describe(data: Dataset) -> Array:
    """The numbers by which objects are compared, with NaN where one is masked."""
    described = data.described()
    assert described.x is not None
    return without_masked(described.x, described.noise)


def _table(
    pool: _Sample, listed: Rows, chances: VennAbers, novelty: Array | None, level: float, keep: Sequence[str]
) -> tuple[pd.DataFrame, dict[str, str]]:
    import pandas as pd

    meta = pool.data.meta
    for column in keep:
        if column not in meta:
            raise unknown_name("column of metadata", column, meta.columns)
    copied = [column for column in ("ra", "dec", *keep) if column in meta]
    columns: dict[str, Any] = {
        "rank": np.arange(1, len(listed) + 1),
        "id": (meta["id"].to_numpy() if "id" in meta else np.arange(len(meta)))[listed].astype(str),
        **{column: meta[column].to_numpy()[listed] for column in dict.fromkeys(copied)},
        "probability": chances.probability,
        "probability_low": chances.low,
        "probability_high": chances.high,
        "score": pool.score[listed],
    }
    if novelty is not None:
        columns |= {"novelty_p": novelty, "novel": novelty <= level}
    units = {"ra": "deg", "dec": "deg"} | pool.data.units
    return pd.DataFrame(columns), {name: unit for name, unit in units.items() if name in columns}
