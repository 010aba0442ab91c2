"""Trees as flat arrays: read from scikit-learn after fitting, checked on load, walked in numpy, never pickled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkstar.errors import InputError

__all__ = ["Trees", "check_trees", "find_leaves", "from_boosting", "from_forest", "sum_leaves"]

#: All trees of a method, node after node. feature, threshold, left, right: (n_nodes,); an object goes left if
#: x[feature] <= threshold; a leaf is its own child. value: (n_nodes, m). root: (n_trees,) position of the first nodes.
Trees = dict[str, NDArray[Any]]

_KEYS = ("feature", "threshold", "left", "right", "value", "root")
_CHUNK_ELEMENTS = 500_000


def from_forest(estimators: Iterable[Any]) -> Trees:
    """Flat arrays of fitted scikit-learn decision trees.

    `value` holds the mean labels (n_nodes, k) of a regression, the class shares (n_nodes, c) of a classification.
    """
    parts = []
    for estimator in estimators:
        tree = estimator.tree_
        value = tree.value[:, 0, :] if hasattr(estimator, "classes_") else tree.value[:, :, 0]
        parts.append((tree.feature, tree.threshold, tree.children_left, tree.children_right, value))
    return _joined(parts)


def from_boosting(predictors: Iterable[Any]) -> Trees:
    """Flat arrays of the trees of a fitted histogram gradient boosting; `value` (n_nodes, 1) is what a leaf adds."""
    parts = []
    for predictor in predictors:
        nodes = predictor.nodes
        leaf = nodes["is_leaf"].astype(bool)
        left = np.where(leaf, -1, nodes["left"].astype(np.int64))
        right = np.where(leaf, -1, nodes["right"].astype(np.int64))
        feature, threshold = nodes["feature_idx"].astype(np.int64), nodes["num_threshold"].astype(float)
        parts.append((feature, threshold, left, right, nodes["value"].astype(float)[:, None]))
    return _joined(parts)


def find_leaves(trees: Trees, x: NDArray[Any]) -> NDArray[np.intp]:
    """Node (n, n_trees) in which each object of `x` (n, p) ends in each tree.

    `x` is compared in its own precision: scikit-learn's forests see float32, its boosting float64.
    """
    step = max(1, _CHUNK_ELEMENTS // len(trees["root"]))
    parts = [_walk(trees, x[start : start + step]) for start in range(0, max(len(x), 1), step)]
    return np.concatenate(parts)


def sum_leaves(trees: Trees, x: NDArray[Any]) -> NDArray[np.float64]:
    """Sum (n, m) over all trees of the values of the leaves in which the objects of `x` (n, p) end."""
    step = max(1, _CHUNK_ELEMENTS // len(trees["root"]))
    value = trees["value"]
    total = np.zeros((len(x), value.shape[1]))
    for start in range(0, len(x), step):
        leaves = _walk(trees, x[start : start + step])
        for column in range(value.shape[1]):
            total[start : start + step, column] = value[leaves, column].sum(axis=1)
    return total


def check_trees(name: str, trees: Any, n_features: int) -> None:
    """Refuse trees that could not be walked safely: a child before its parent, an index out of range.

    Raises
    ------
    InputError
        With the first fault found.
    """
    fault = _structure_fault(trees) or _index_fault(trees, n_features)
    if fault:
        raise InputError(f"{name} holds broken trees: {fault}; fit it again or fetch the file again.")


def _structure_fault(trees: Any) -> str:
    if not isinstance(trees, dict) or set(trees) != set(_KEYS):
        return f"the arrays {', '.join(_KEYS)} are needed"
    n_nodes = len(trees["feature"]) if trees["feature"].ndim == 1 else -1
    if any(trees[key].shape != (n_nodes,) for key in ("threshold", "left", "right")) or n_nodes < 1:
        return "feature, threshold, left and right differ in length"
    if trees["value"].ndim != 2 or len(trees["value"]) != n_nodes:
        return f"value has shape {trees['value'].shape} for {n_nodes} nodes"
    if any(trees[key].dtype.kind != "i" for key in ("feature", "left", "right", "root")):
        return "feature, left, right and root must be integers"
    if any(trees[key].dtype.kind != "f" or np.isnan(trees[key]).any() for key in ("threshold", "value")):
        return "threshold and value must be numbers"
    return ""


def _index_fault(trees: Trees, n_features: int) -> str:
    root, left, right = trees["root"], trees["left"], trees["right"]
    n_nodes = len(left)
    if root.ndim != 1 or len(root) == 0 or root[0] != 0 or (np.diff(root) <= 0).any() or root[-1] >= n_nodes:
        return "the roots do not increase from 0"
    position = np.arange(n_nodes)
    end = np.repeat(np.append(root[1:], n_nodes), np.diff(np.append(root, n_nodes)))
    leaf = (left == position) & (right == position)
    inside = (left > position) & (right > position) & (left < end) & (right < end)
    bad = np.flatnonzero(~(leaf | inside))
    if len(bad):
        return f"the children of node {bad[0]} are {left[bad[0]]} and {right[bad[0]]}, not later nodes of its tree"
    wrong = np.flatnonzero((trees["feature"] < 0) | (trees["feature"] >= n_features))
    if len(wrong):
        return f"node {wrong[0]} asks for feature {trees['feature'][wrong[0]]} of {n_features}"
    return ""


def _joined(parts: Sequence[tuple[NDArray[Any], ...]]) -> Trees:
    feature, threshold, left, right, value = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    sizes = [len(part[0]) for part in parts]
    root = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    position, offset = np.arange(len(feature)), np.repeat(root, sizes)
    leaf = left < 0
    return {
        "feature": np.where(leaf, 0, feature).astype(np.int32),
        "threshold": np.where(leaf, 0.0, threshold),
        "left": np.where(leaf, position, left + offset).astype(np.int32),
        "right": np.where(leaf, position, right + offset).astype(np.int32),
        "value": np.ascontiguousarray(value, dtype=float),
        "root": root.astype(np.int32),
    }


def _walk(trees: Trees, x: NDArray[Any]) -> NDArray[np.intp]:
    feature, threshold, left, right = (trees[key] for key in ("feature", "threshold", "left", "right"))
    node = np.broadcast_to(trees["root"].astype(np.intp), (len(x), len(trees["root"]))).copy()
    rows = np.arange(len(x))[:, None]
    while True:
        goes_left = x[rows, feature[node]] <= threshold[node]
        child = np.where(goes_left, left[node], right[node]).astype(np.intp)
        if np.array_equal(child, node):
            return node
        node = child
