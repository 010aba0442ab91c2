"""KNearest: the labels of the most similar training objects."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree
from scipy.special import logsumexp

from checkstar.errors import InputError
from checkstar.methods.base import Method, check_observations, check_training
from checkstar.methods.class_labels import check_classes, holds_classes
from checkstar.methods.projection import fit_projection, project
from checkstar.noise import Noise
from checkstar.prediction import Classes, Mixture, Prediction

__all__ = ["KNearest"]

#: Trees beat brute force up to about this many columns.
_TREE_COLUMNS = 12
_CHUNK_ELEMENTS = 4_000_000


class KNearest(Method):
    """k nearest neighbours in standardised columns or principal components.

    Numbers: a mixture of normals at the labels of the neighbours, so that two groups of neighbours give two peaks; its
    width is the one of largest leave-one-out likelihood (intervals are then a little too wide, not too narrow). Classes: the neighbours' vote with half a vote added to each
    class (Jeffreys), so that no probability is 0 or 1. Noise and label errors are not used.

    Parameters
    ----------
    n_neighbors : int
        Number of neighbours, at most one less than training objects.
    n_components : int, "auto" or None
        Principal components of the standardised columns; None uses all columns, "auto" 30 components of more than 100.
    weights : {"distance", "uniform"}
        Whether nearer neighbours count more, as 1 / distance.

    References
    ----------
    Cover & Hart 1967, IEEE Trans. Inf. Theory 13, 21; Rosenblatt 1969, in Multivariate Analysis II, 25.

    Examples
    --------
    >>> near = KNearest(n_neighbors=2, weights="uniform").fit([[0.0], [1.0], [2.0], [9.0]], [0.0, 1.0, 2.0, 9.0])
    >>> near.predict([[0.4]]).tolist()
    [[0.5]]
    """

    references = ("Cover & Hart 1967, IEEE Trans. Inf. Theory 13, 21",)

    def __init__(
        self,
        n_neighbors: int = 10,
        n_components: int | Literal["auto"] | None = "auto",
        weights: Literal["distance", "uniform"] = "distance",
    ) -> None:
        self.n_neighbors = n_neighbors
        self.n_components = n_components
        self.weights = weights

    def fit(self, x: ArrayLike, y: ArrayLike, *, noise: Noise | None = None, y_err: ArrayLike | None = None) -> Self:
        """Keep the training objects `x` (n, p) and their labels `y` (n, k) or classes (n,)."""
        if self.weights not in ("distance", "uniform"):
            raise InputError(f"KNearest got weights={self.weights!r}; give 'distance' or 'uniform'.")
        if not self.n_neighbors >= 1:
            raise InputError(f"KNearest got n_neighbors={self.n_neighbors}; at least one is needed.")
        if holds_classes(y):
            observations, self.codes_, self.names_ = check_classes("KNearest", x, y, noise)
            self.labels_ = np.empty((0, 0))
        else:
            observations, self.labels_ = check_training("KNearest", x, y, noise)
            self.codes_, self.names_ = np.empty(0, dtype=np.intp), []
        self.n_features_ = observations.shape[1]
        self.projection_ = fit_projection("KNearest", observations, self.n_components)
        self.points_ = project(self.projection_, observations)
        self.n_used_ = int(min(self.n_neighbors, len(self.points_) - 1))
        distance, neighbours = _nearest(self.points_, self.points_, self.n_used_, leave_one_out=True)
        typical = float(np.median(distance))
        # An exact duplicate may not outvote all others by an infinite weight.
        self.softening_ = 1e-3 * typical if typical > 0 else 1.0
        self.width_ = np.empty(0) if self.names_ else self._best_width(distance, neighbours)
        return self

    def predict_distribution(self, x: ArrayLike, *, noise: Noise | None = None) -> Prediction:
        """A mixture over the neighbours' labels (n, k), or class probabilities (n, c)."""
        self._fitted()
        observations = check_observations("KNearest", x, noise, self.n_features_)
        distance, neighbours = _nearest(project(self.projection_, observations), self.points_, self.n_used_)
        weight = self._weigh(distance)
        if not self.names_:
            means = self.labels_[neighbours]
            return Mixture(weight, means, np.broadcast_to(self.width_, means.shape))
        n_classes = len(self.names_)
        cell = np.arange(len(weight))[:, None] * n_classes + self.codes_[neighbours]
        votes = np.bincount(cell.ravel(), (weight * self.n_used_).ravel(), len(weight) * n_classes)
        smooth = votes.reshape(-1, n_classes) + 0.5
        return Classes(smooth / smooth.sum(axis=1, keepdims=True), self.names_)

    def _weigh(self, distance: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weights (n, m) of the neighbours; each row sums to one."""
        raw = np.ones_like(distance) if self.weights == "uniform" else 1.0 / np.maximum(distance, self.softening_)
        return raw / raw.sum(axis=1, keepdims=True)

    def _best_width(self, distance: NDArray[np.float64], neighbours: NDArray[np.intp]) -> NDArray[np.float64]:
        """Width (k,) of the normals with the largest leave-one-out likelihood of the training labels."""
        weight = self._weigh(distance)[:, :, None]
        offset = self.labels_[:, None, :] - self.labels_[neighbours]
        scale = self.labels_.std(axis=0) + 1e-9 * (1 + np.abs(self.labels_).max(axis=0))
        widths = scale * np.logspace(-3, 0.3, 45)[:, None]
        scores = [
            logsumexp(-0.5 * (offset / width) ** 2, b=weight, axis=1).mean(axis=0) - np.log(width) for width in widths
        ]
        return widths[np.argmax(scores, axis=0), np.arange(len(scale))]


def _nearest(
    points: NDArray[np.float64], training: NDArray[np.float64], size: int, leave_one_out: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Distances and positions (n, size) of the nearest training points, nearest first."""
    search = _search_tree if training.shape[1] <= _TREE_COLUMNS else _search_all
    distance, position = search(points, training, size + leave_one_out)
    if not leave_one_out:
        return distance, position
    own = position == np.arange(len(points))[:, None]
    own[~own.any(axis=1), -1] = True  # more duplicates than neighbours: drop the last of them instead
    kept = ~own
    return distance[kept].reshape(-1, size), position[kept].reshape(-1, size)


def _search_tree(
    points: NDArray[np.float64], training: NDArray[np.float64], size: int
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    distance, position = cKDTree(training).query(points, k=np.arange(1, size + 1))
    return distance, position.astype(np.intp, copy=False)


def _search_all(
    points: NDArray[np.float64], training: NDArray[np.float64], size: int
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    distances, positions = [], []
    step = max(1, _CHUNK_ELEMENTS // max(len(training), size * training.shape[1]))
    norm = np.square(training).sum(axis=1)
    for start in range(0, max(len(points), 1), step):
        some = points[start : start + step]
        square = norm - 2 * some @ training.T
        near = np.argpartition(square, min(size, len(training)) - 1, axis=1)[:, :size]
        # The expanded square loses digits for close pairs; measure the few that were chosen once more.
        exact = np.sqrt(np.square(some[:, None, :] - training[near]).sum(axis=2))
        order = np.argsort(exact, axis=1, kind="stable")
        distances.append(np.take_along_axis(exact, order, 1))
        positions.append(np.take_along_axis(near, order, 1))
    return np.concatenate(distances), np.concatenate(positions)
