"""What the checks of posteriors read from a run: draws of all parameters, features of each object, planted runs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from checkstar.data.dataset import Dataset
from checkstar.prediction import Samples
from checkstar.runs import LogDensities, Run
from checkstar.simulators import GaussianPosteriors
from checkstar.statistics.observed_components import ObservedComponents, without_masked

__all__ = ["densities", "features", "joint_draws", "planted"]

Array = NDArray[np.float64]
#: Principal components of x that stand for longer observations.
_COMPONENTS = 20


def joint_draws(run: Run, rng: np.random.Generator) -> tuple[Array, Array]:
    """Posterior draws (n, s, d) and truth (n, d); where the truth has errors, the draws get the same ones."""
    prediction, error = run.prediction, run.test.y_err
    assert isinstance(prediction, Samples)
    if error is not None and error.any():
        prediction = prediction.with_noise(error, rng)
    return prediction.draws, np.asarray(run.test.y, dtype=float)


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
    x = without_masked(run.test.x, run.test.noise)
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
