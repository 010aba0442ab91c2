"""What the checks of posteriors read from a run: draws of all parameters, features of each object, planted runs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from checkstar.data.dataset import Dataset
from checkstar.prediction import Samples
from checkstar.runs import LogDensities, Run
from checkstar.simulators import GaussianPosteriors
from checkstar.statistics.observed_components import ObservedComponents, without_masked

__all__ = ["densities", "features", "following", "joint_draws", "planted"]

Array = NDArray[np.float64]
#: Principal components of x that stand for longer observations.
_COMPONENTS = 20
#: Objects whose draws are looked at, and the relative error of widths that draws which follow each other may cause.
_LOOKED_AT, _MOST_FOLLOWED = 1000, 0.02


def joint_draws(run: Run, rng: np.random.Generator) -> tuple[Array, Array]:
    """Posterior draws (n, s, d) and truth (n, d); where the truth has errors, the draws get the same ones."""
    prediction, error = run.prediction, run.test.y_err
    assert isinstance(prediction, Samples)
    if error is not None and error.any():
        prediction = prediction.with_noise(error, rng)
    return prediction.draws, np.asarray(run.test.y, dtype=float)


def following(draws: Array) -> str:
    """Why draws (n, s, d) are no independent draws, in words; empty where nothing says so.

    Of draws with the autocorrelation time tau, the ranks of a right posterior look ``(tau - 1) / s`` too narrow (Talts et
    al. 2018, section 5.1): enough to accuse it, or to hide one that is too wide. Ordered draws lose nothing.
    """
    worst = max((_time(draws[:_LOOKED_AT, :, j]) for j in range(draws.shape[2])), key=lambda tau: abs(tau - 1))
    s = draws.shape[1]
    if abs(worst - 1) <= _MOST_FOLLOWED * s:
        return ""
    return (
        f"the draws of an object follow each other: {s} of them are worth {s / max(worst, 1.0 / s):.2g} independent ones, "
        "so that ranks lie; thin the chains"
    )


def _time(draws: Array) -> float:
    """Autocorrelation time of draws (n, s) along each object, from all objects together; one if exchangeable."""
    z = draws - draws.mean(axis=1, keepdims=True)
    size = z.std(axis=1, keepdims=True)
    step = np.diff(draws, axis=1)
    ordered = (step >= 0).all(axis=1) | (step <= 0).all(axis=1)
    z, s = (z / np.where(size > 0, size, 1.0))[(size[:, 0] > 0) & ~ordered], draws.shape[1]
    if s < 4 or not len(z):
        return 1.0
    tau = 1.0
    for lag in range(1, s // 2 + 1):
        # With the mean of the draws taken off, independent ones correlate by -1 / (s - 1).
        correlation = float((z[:, lag:] * z[:, :-lag]).mean()) + 1 / (s - 1)
        if abs(correlation) < 5 / np.sqrt(len(z) * (s - lag)):
            break
        tau += 2 * (1 - lag / s) * correlation
    return tau


def densities(run: Run) -> LogDensities | None:
    """Log-densities at draws and truth, where there are any and the truth is exact."""
    return None if run.test.y_err is not None and run.test.y_err.any() else run.log_prob


def features(run: Run, draws: Array, truth: Array) -> Array:
    """What is known of each object (n, q): its posterior means and few numbers that describe its x, where given.

    The truth enters the means as one more draw, so that knowing them leaves its rank among the draws uniform.
    """
    s = draws.shape[1]
    means = (s * draws.mean(axis=1) + truth) / (s + 1)
    if run.test.x is None:
        return means
    seen = run.test.described()
    x = without_masked(seen.x, seen.noise)  # type: ignore[arg-type]
    return np.hstack([means, ObservedComponents(x, _COMPONENTS)(x)])


def planted(found: GaussianPosteriors) -> Run:
    """A run of the claimed posteriors with their densities, observations and training labels."""
    return Run.from_samples(
        found.draws,
        found.theta,
        x=found.x,
        log_prob=found.log_prob,
        train=Dataset(y=found.training),
        name="planted",
    )
