"""DeepKNN: whether the neighbours of an object in an embedding support the class that was predicted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.data.dataset import Dataset
from checkstar.errors import InputError, unknown_name
from checkstar.methods.base import check_observations
from checkstar.methods.held_classes import class_names
from checkstar.methods.wrappers import Wrapper, aligned, seen
from checkstar.methods.wrapping import as_method
from checkstar.noise import Noise
from checkstar.prediction import Classes
from checkstar.statistics.strangeness import Strangeness, along_components, at_least_as_strange

__all__ = ["DeepKNN"]

Array = NDArray[np.float64]
Embedding = Literal["components", "columns"]
Score = Literal["distance", "votes"]


class DeepKNN(Wrapper):
    """Credibility of predicted classes, from the labels of neighbours in an embedding, calibrated on held-out objects.

    How ill class j suits an object is the mean distance to its `n_neighbors` nearest training objects of that class
    (large for all classes where nothing like it was seen), or, with ``score="votes"``, the share of its nearest objects
    that are of another class (Papernot & McDaniel; blind to objects far from everything). The p-value of the class is the
    share of held-out objects, of that class if `by_class`, that suit their own class as ill, ``(1 + number) / (1 + n)``
    (a new object counts as much as one group of those held out, where they are in groups).
    For an object like those held out, the p-value of its true class is at most a with a probability of at most a: so
    `abstains` at level a refuses a right prediction with at most that probability. No distribution of novelties is
    assumed.

    The probabilities are those of the inner method, which learns from the objects that are not held out.

    Parameters
    ----------
    method : Method or scikit-learn classifier
        Predicts classes. One that comes trained should not have seen the objects given here.
    embedding : {"components", "columns"} or callable
        Where neighbours are sought: whitened principal components of `x`, its standardised columns, or what a function
        or torch module makes of `x` (n, p): (n, q), such as the last layer but one of a network.
    n_neighbors : int
    score : {"distance", "votes"}
    by_class : bool
        Whether each class is calibrated by itself, so that the promise holds for rare classes too; a class with n
        held-out objects is never refused at levels below ``1 / (n + 1)``.
    held_out : float
        Share of the objects that are held out.
    random_state : int
        Seed of the split and of the method.

    References
    ----------
    Papernot & McDaniel 2018 (arXiv:1803.04765); Vovk, Gammerman & Shafer 2005, Algorithmic Learning in a Random World
    (nearest neighbours, label-conditional).

    Examples
    --------
    >>> from checkstar.methods import KNearest
    >>> from checkstar.testing import simulate_classes
    >>> data = simulate_classes(600)
    >>> method = DeepKNN(KNearest()).fit_data(data)
    >>> method.abstains(np.full((1, 6), 30.0)).tolist()
    [True]
    """

    references: ClassVar[tuple[str, ...]] = (
        "Papernot & McDaniel 2018 (arXiv:1803.04765)",
        "Vovk, Gammerman & Shafer 2005, Algorithmic Learning in a Random World",
    )

    def __init__(
        self,
        method: object,
        embedding: Embedding | Callable[[Array], Any] = "components",
        n_neighbors: int = 10,
        score: Score = "distance",
        by_class: bool = True,
        held_out: float = 0.3,
        random_state: int = 0,
    ) -> None:
        self.method = method
        self.embedding = embedding
        self.n_neighbors = n_neighbors
        self.score = score
        self.by_class = by_class
        self.held_out = held_out
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier"
        return tags

    @property
    def can_save(self) -> bool:  # type: ignore[override]
        """Not with an embedding of another library."""
        return isinstance(self.embedding, str) and as_method(self.method).can_save

    def p_values(self, x: ArrayLike, *, noise: Noise | None = None) -> Array:
        """The p-value (n, c) of each class, in the order of the names of the predicted probabilities."""
        observations = self._checked(x, noise)
        scores = self._scores(self._embed(observations, noise))
        counts = [at_least_as_strange(held, own) for held, own in zip(self.calibration_, scores.T, strict=True)]
        # A new object is one of a new group, which counts as a whole one of those held out.
        return np.column_stack(
            [
                (size + count) / (size + len(held))
                for count, held, size in zip(counts, self.calibration_, self.group_sizes_, strict=True)
            ]
        )

    def credibility(self, x: ArrayLike, *, noise: Noise | None = None) -> Array:
        """The p-value (n,) of the predicted class: small where the neighbours do not support it.

        Parameters
        ----------
        x : (n, p) array
            Observations.
        noise : Noise, optional
            Noise of `x`.
        """
        predicted = self.predict(x, noise=noise).argmax(axis=1)
        return np.take_along_axis(self.p_values(x, noise=noise), predicted[:, None], 1)[:, 0]

    def abstains(self, x: ArrayLike, level: float = 0.05, *, noise: Noise | None = None) -> NDArray[np.bool_]:
        """Which predictions (n,) should not be used: those of a credibility of at most `level`."""
        if not 0 < level < 1:
            raise InputError(f"DeepKNN got level={level}; give a probability between 0 and 1.")
        return self.credibility(x, noise=noise) <= level

    def _learn(self, data: Dataset) -> None:
        self._check_settings()
        self.names_ = class_names(data, "DeepKNN")
        learn, rest = self._split(data, self.held_out)
        assert learn.x is not None and learn.y is not None
        self.method_ = self._fit_inner(learn)
        held = self._held(self.method_, rest).data
        assert held.x is not None and held.y is not None
        self.space_ = {} if callable(self.embedding) else _space(seen(learn.x, learn.noise), str(self.embedding))
        self.points_ = self._embed(learn.x, learn.noise)
        self.codes_ = np.searchsorted(self.names_, learn.y[:, 0])
        codes = np.searchsorted(self.names_, held.y[:, 0])
        own = self._scores(self._embed(held.x, held.noise))[np.arange(len(codes)), codes]
        known = np.isfinite(own)
        used = [known & (codes == j) if self.by_class else known for j in range(len(self.names_))]
        self.calibration_ = [own[rows] for rows in used]
        units = held.units_of_independence
        self.group_sizes_ = np.array([rows.sum() / max(len(np.unique(units[rows])), 1) for rows in used])
        self.group_sizes_[self.group_sizes_ == 0] = 1.0

    def _predict(self, x: Array, noise: Noise | None) -> Classes:
        return Classes(aligned(self.method_.predict_distribution(x, noise=noise), self.names_, "DeepKNN"), self.names_)

    def _check_settings(self) -> None:
        if not callable(self.embedding) and self.embedding not in get_args(Embedding):
            raise unknown_name("embedding of DeepKNN", str(self.embedding), get_args(Embedding))
        if self.score not in get_args(Score):
            raise unknown_name("score of DeepKNN", str(self.score), get_args(Score))
        if not self.n_neighbors >= 1:
            raise InputError(f"DeepKNN got n_neighbors={self.n_neighbors}; at least one is needed.")

    def _checked(self, x: ArrayLike, noise: Noise | None) -> Array:
        self._fitted()
        return check_observations("DeepKNN", x, noise, self.n_features_, allow_masked=True)

    def _embed(self, x: Array, noise: Noise | None) -> Array:
        if callable(self.embedding):
            return as_method(self.embedding).predict(x)
        return Strangeness(**self.space_).coordinates(seen(x, noise))

    def _scores(self, points: Array) -> Array:
        """How ill each class suits each point (n, c); infinite for a class without training objects."""
        if self.score == "votes":
            near = self.codes_[_neighbours(self.points_, points, self.n_neighbors)[1]]
            return np.stack([(near != j).mean(axis=1) for j in range(len(self.names_))], axis=1)
        scores = np.full((len(points), len(self.names_)), np.inf)
        for j in np.unique(self.codes_):
            scores[:, j] = _neighbours(self.points_[self.codes_ == j], points, self.n_neighbors)[0].mean(axis=1)
        return scores


def _space(x: Array, embedding: str) -> dict[str, Any]:
    space = along_components(x)
    if embedding == "columns":
        # The axes are the columns themselves.
        identity = np.eye(x.shape[1])
        space = space._replace(axes=identity, spread=np.ones(x.shape[1]))
    return dict(space._replace(points=np.empty((0, 0)))._asdict())


def _neighbours(training: Array, points: Array, size: int) -> tuple[Array, NDArray[np.intp]]:
    from sklearn.neighbors import NearestNeighbors

    distance, position = NearestNeighbors(n_neighbors=min(size, len(training))).fit(training).kneighbors(points)
    return distance, position
