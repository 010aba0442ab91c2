"""Posteriors of sbi, sampled and evaluated object by object into a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.runs import Run
from checkstar.scope import Scope

__all__ = ["from_sbi"]

#: Objects sampled at a time: bounds the memory.
_BATCH = 100


def from_sbi(
    posterior: Any,
    truth: ArrayLike,
    x: ArrayLike,
    *,
    n_draws: int = 1000,
    log_prob: bool = True,
    labels: Sequence[str] | None = None,
    train: Dataset | None = None,
    scope: Scope | None = None,
    name: str = "sbi posterior",
    progress: Callable[[str, int, int], None] | None = None,
) -> Run:
    """A run from a posterior of sbi (or anything that samples and evaluates like one).

    Parameters
    ----------
    posterior : object
        With ``sample_batched((s,), x=x)`` giving (s, n, d), or ``sample((s,), x=x_i)`` giving (s, d); and for densities
        ``log_prob_batched(theta, x=x)`` of (s, n, d) giving (s, n), or ``log_prob(theta, x=x_i)`` of (s, d).
    truth : (n, d) array
        True parameters of the simulations.
    x : (n, p) array
        Their observations.
    n_draws : int
        Draws an object.
    log_prob : bool
        Whether to evaluate the densities too, at the draws and at the truth, which expected coverage uses.
    labels, train, scope, name
        As in `checkstar.Run.from_samples`. `train` holds the simulations that the posterior was learned from.
    progress : callable, optional
        ``progress("sampling", done, total)``.

    Returns
    -------
    Run

    Raises
    ------
    InputError
        If the posterior cannot sample, or truth and x disagree in number.
    """
    import torch

    truths, observations = (np.atleast_2d(np.asarray(a, dtype=np.float32)) for a in (truth, x))
    if len(truths) != len(observations):
        raise InputError(
            f"there are {len(truths)} true parameters but {len(observations)} observations; pass one each."
        )
    if not hasattr(posterior, "sample"):
        raise InputError(f"a {type(posterior).__name__} cannot be sampled; give a posterior of sbi.")
    draws, at_draws, at_truth = [], [], []
    for start in range(0, len(truths), _BATCH):
        if progress is not None:
            progress("sampling", start, len(truths))
        seen, true = (torch.as_tensor(a[start : start + _BATCH]) for a in (observations, truths))
        with torch.no_grad():
            drawn = _sampled(posterior, n_draws, seen)
            draws.append(_array(drawn).transpose(1, 0, 2))
            if log_prob:
                at_draws.append(_array(_evaluated(posterior, drawn, seen)).T)
                at_truth.append(_array(_evaluated(posterior, true[None], seen))[0])
    densities = (np.concatenate(at_draws), np.concatenate(at_truth)) if log_prob else None
    return Run.from_samples(
        np.concatenate(draws),
        truths.astype(float),
        x=observations.astype(float),
        labels=labels,
        train=train,
        log_prob=densities,
        scope=scope,
        name=name,
    )


def _sampled(posterior: Any, n_draws: int, x: Any) -> Any:
    """Draws (s, n, d)."""
    import torch

    if hasattr(posterior, "sample_batched"):
        return posterior.sample_batched((n_draws,), x=x, show_progress_bars=False)
    each = [posterior.sample((n_draws,), x=x[i : i + 1], show_progress_bars=False) for i in range(len(x))]
    return torch.stack(each, dim=1)


def _evaluated(posterior: Any, theta: Any, x: Any) -> Any:
    """Log-densities (s, n) of `theta` (s, n, d)."""
    import torch

    if hasattr(posterior, "log_prob_batched"):
        return posterior.log_prob_batched(theta, x=x)
    return torch.stack([posterior.log_prob(theta[:, i], x=x[i : i + 1]) for i in range(len(x))], dim=1)


def _array(tensor: Any) -> NDArray[np.float64]:
    return np.asarray(tensor.detach().cpu().numpy(), dtype=float)
