"""The one training loop: Adam, early stopping on objects held out by group, the same numbers for the same seed."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.errors import InputError

if TYPE_CHECKING:
    import torch

__all__ = ["History", "TrainingSettings", "held_out", "seeded", "train_network"]


class TrainingSettings(NamedTuple):
    """How a network is trained; `patience` epochs without a better loss on the held-out objects end it."""

    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    batch_size: int = 64
    max_epochs: int = 300
    patience: int = 25
    progress: bool = False


class History(NamedTuple):
    """Mean loss of each epoch on the objects that were fitted and held out, and the epoch that was kept."""

    fitted: NDArray[np.float64]
    held: NDArray[np.float64]
    best: int


def held_out(n_objects: int, share: float, group: ArrayLike | None, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which objects (n,) are held out: about `share` of them, whole groups, at least one group and never all.

    Raises
    ------
    InputError
        If `share` is not between 0 and 1, or there are fewer than two groups.
    """
    codes = np.arange(n_objects) if group is None else np.unique(np.asarray(group).astype(str), return_inverse=True)[1]
    sizes = np.bincount(codes)
    if not 0 < share < 1 or len(sizes) < 2:
        raise InputError(
            f"{share} of {len(sizes)} groups cannot be held out to end the training; give a share between 0 and 1 and at "
            "least two groups."
        )
    order = rng.permutation(len(sizes))
    filled = np.cumsum(sizes[order])
    n_chosen = int(np.clip((filled - sizes[order] / 2 <= share * n_objects).sum(), 1, len(sizes) - 1))
    return np.isin(codes, order[:n_chosen])


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Torch's random numbers from `seed` in here, on one thread; as they were before outside."""
    import torch

    threads = torch.get_num_threads()
    try:
        # Small networks lose time to threads, and sums over them would differ with their number.
        torch.set_num_threads(1)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)


def train_network(
    network: torch.nn.Module,
    loss: Callable[[torch.nn.Module, Any], torch.Tensor],
    held: NDArray[np.bool_],
    settings: TrainingSettings,
    rng: np.random.Generator,
) -> History:
    """Train `network` in place and leave it at the epoch of least loss on the held-out objects.

    Parameters
    ----------
    network : torch.nn.Module
        What is trained.
    loss : callable
        ``loss(network, rows) -> ()``: the mean loss of the objects `rows` (a tensor of positions).
    held : (n,) array of bool
        Objects that only decide when to stop.
    settings : TrainingSettings
        Step, batches, epochs, patience; `progress` prints a bar to the terminal.
    rng : Generator
        Orders the batches.
    """
    import torch

    fitted_rows, held_rows = np.flatnonzero(~held), torch.from_numpy(np.flatnonzero(held))
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    # Halved once half of the patience has passed, so that the end is reached in small steps.
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimiser, factor=0.5, patience=max(settings.patience // 3, 1)
    )
    kept, best, losses = copy.deepcopy(network.state_dict()), 0, ([], [])  # type: tuple[Any, int, tuple[list[float], list[float]]]
    for epoch in _epochs(settings):
        network.train()
        total = 0.0
        order = rng.permutation(fitted_rows)
        for start in range(0, len(order), settings.batch_size):
            rows = torch.from_numpy(order[start : start + settings.batch_size])
            optimiser.zero_grad()
            value = loss(network, rows)
            value.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
            total += float(value.detach()) * len(rows)
        network.eval()
        with torch.no_grad():
            now = float(loss(network, held_rows))
        schedule.step(now)
        losses[0].append(total / len(order))
        losses[1].append(now)
        if np.isfinite(now) and now <= min(losses[1]):
            kept, best = copy.deepcopy(network.state_dict()), epoch
        elif epoch - best >= settings.patience:
            break
    network.load_state_dict(kept)
    return History(np.array(losses[0]), np.array(losses[1]), best)


def _epochs(settings: TrainingSettings) -> Any:
    if not settings.progress:
        return range(settings.max_epochs)
    from rich.progress import track

    return track(range(settings.max_epochs), description="training")
