"""Label shift: how often each class (or bin of a label) occurs in a target, from predictions of it only.

If the observations of a class look the same in both samples, predictions of the target are the confusion matrix of the
test set times the target's class shares. The shares of largest likelihood follow by expectation maximisation, which keeps
them positive where inverting the matrix would not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["class_shares", "label_shift"]

Array = NDArray[np.float64]
Codes = NDArray[np.intp]


def class_shares(confusion: Array, predicted: Array, n_iterations: int = 200) -> Array:
    """Shares (k,) of the true classes, given ``confusion[i, j]`` = P(predicted j | true i) and predicted shares (k,).

    References
    ----------
    Saerens, Latinne & Decaestecker 2002, Neural Comput. 14, 21; Lipton, Wang & Smola 2018, ICML (arXiv:1802.03916).

    Examples
    --------
    >>> class_shares(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0.9 * 0.3 + 0.2 * 0.7, 0.1 * 0.3 + 0.8 * 0.7])).round(3).tolist()
    [0.3, 0.7]
    """
    shares: Array = np.full(len(confusion), 1 / len(confusion))
    for _ in range(n_iterations):
        expected = np.maximum(shares @ confusion, 1e-300)
        shares = shares * (confusion @ (predicted / expected))
        shares /= shares.sum()
    return shares


def label_shift(
    truth: Codes, predicted: Codes, predicted_target: Codes, n_classes: int, units: Codes, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Shares (k,) of the classes in the test set and in the target, and the distance of 100 bootstrap repeats of the two.

    The distance is that in total variation: the share of objects that would have to change class. Test objects are drawn
    again by unit, target objects one by one.
    """

    def solved(weight: Array, counts: Array) -> tuple[Array, Array]:
        pairs = np.bincount(truth * n_classes + predicted, weights=weight, minlength=n_classes**2)
        table = pairs.reshape(n_classes, n_classes) + 1e-6
        return table.sum(axis=1) / table.sum(), class_shares(
            table / table.sum(axis=1, keepdims=True), counts / counts.sum()
        )

    counts: Array = np.bincount(predicted_target, minlength=n_classes).astype(float)
    own, theirs = solved(np.ones(len(truth)), counts)
    n_units = int(units.max()) + 1
    distances = []
    for _ in range(100):
        often = np.bincount(rng.integers(n_units, size=n_units), minlength=n_units)[units].astype(float)
        drawn = rng.multinomial(len(predicted_target), counts / counts.sum()).astype(float)
        again = solved(often, drawn)
        distances.append(0.5 * np.abs(again[0] - again[1]).sum())
    return own, theirs, np.asarray(distances)
