"""The full cycle: telling a period from half of it, which a sinusoid fits as well when a cycle has two minima."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from checkstar.variability.candidates import Candidates, Epochs, scored

__all__ = ["CYCLE_FEATURES", "cycle_features", "full_cycle", "strongest_sinusoid"]

Array = NDArray[np.float64]
CYCLE_FEATURES = ("short", "long", "amplitude", "narrow_minima", "asymmetry", "third", "alternating")
# Logistic regression on a random half of the Catalina South stars, `python benchmarks/periods.py --fit-cycles`: the chance
# that a cycle has two minima. Short periods, small amplitudes, minima narrower than maxima, and minima of two depths say so.
_COEFFICIENTS = np.array([-7.31, -1.32, -4.12, 1.85, 1.86, 1.67, 9.68])
_INTERCEPT = -7.8
#: Days: contact binaries of ordinary stars do not turn faster (Rucinski 2007, MNRAS 382, 393: a cut-off at 0.22 d).
_SHORTEST_BINARY = 0.2


def full_cycle(
    epochs: Epochs, found: Candidates, tried: tuple[int, ...], penalty: float, slow: float, slowest: float
) -> Candidates:
    """The candidates with the best one replaced by its most probable cycle, and by the other of the two after it.

    Candidates that are other simple multiples of it are left out.
    """
    single = strongest_sinusoid(found.frequency[0], found.explained[0])
    pair = np.array([single, single / 2])
    both = scored(epochs, pair, tried, penalty, slow)
    features = cycle_features(epochs, single, both.explained)
    is_binary = 2 / single >= _SHORTEST_BINARY and features @ _COEFFICIENTS + _INTERCEPT > 0
    order = np.array([1, 0] if is_binary else [0, 1])
    both = both.at(order[pair[order] >= slowest])
    multiples = single * np.array([0.25, 0.5, 1.0, 2.0, 3.0])
    others = (np.abs(found.frequency[:, None] - multiples) > 1 / epochs.span).all(axis=1)
    return both.followed_by(found.at(others))


def strongest_sinusoid(frequency: float, explained: Array) -> float:
    """The frequency itself, or twice it where its even harmonics explain more than the odd ones.

    `explained` (K,) is the share of chi^2 that 1 to K harmonics explain.
    """
    gain = np.diff(explained, prepend=0.0)
    return frequency if gain[0::2].sum() >= gain[1::2].sum() else 2 * frequency


def cycle_features(epochs: Epochs, frequency: float, explained: Array) -> Array:
    """What tells one minimum in a cycle from two, of the sinusoid of this frequency: `CYCLE_FEATURES` (7,).

    Contact binaries have minima narrower than their maxima (Rucinski 1993, PASP 105, 1433), pulsating stars the
    reverse, or a rise steeper than the fall: cosine and sine of the second harmonic against the first, in magnitudes. Minima
    that alternate in depth make a fit at half the frequency better: `explained` (2, K) holds the shares of chi^2 at both.
    """
    first, second, third = _coefficients(epochs, frequency, 3)
    size = max(abs(first), 1e-12)
    turned = second / first**2 * size if first else 0.0
    turned_third = third / first**3 * size**2 if first else 0.0
    left = np.log(np.maximum(1 - explained, 1e-4))
    logp = -np.log10(frequency)
    return np.array(
        [
            np.clip(logp, -1.3, -0.3),
            np.clip(logp - 1.3, 0.0, 0.3) / 0.3,
            np.clip(np.log10(size * epochs.scatter), -2.0, 0.0),
            np.tanh(4 * np.real(turned)),
            np.tanh(4 * np.imag(turned)),
            np.tanh(4 * np.real(turned_third)),
            np.clip(left[0, 0] - left[1, min(1, left.shape[1] - 1)], 0.0, 0.6),
        ]
    )


def _coefficients(epochs: Epochs, frequency: float, n_harmonics: int) -> NDArray[np.complex128]:
    """Coefficients ``amplitude exp(i phase)`` (n_harmonics,) of the cosines, in units of the scatter."""
    members = epochs.moments[:, :-1].real.astype(float)
    weight = members.sum(axis=1)
    turn = np.exp(2j * np.pi * frequency * epochs.time)
    waves = turn[:, None] ** np.arange(1, n_harmonics + 1)
    design = np.concatenate([members > 0, waves.real, waves.imag], axis=1).astype(float)
    normal = (design.T * weight) @ design + 1e-6 * np.eye(design.shape[1])
    solved = np.linalg.solve(normal, design.T @ epochs.moments[:, -1].real.astype(float))[members.shape[1] :]
    return solved[:n_harmonics] - 1j * solved[n_harmonics:]
