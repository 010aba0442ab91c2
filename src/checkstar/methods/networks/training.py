"""The one training loop: Adam, early stopping on objects held out by group, the same numbers for the same seed."""

from __future__ import annotations

import copy
import dataclasses
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.errors import InputError
from checkstar.methods.networks.checkpoints import Checkpoint, read_checkpoint, write_checkpoint
from checkstar.methods.networks.schedules import schedule_of
from checkstar.provenance import hash_arrays, hash_settings

if TYPE_CHECKING:
    import torch

__all__ = ["History", "TrainingSettings", "chosen_device", "held_out", "precise", "seeded", "train_network"]


class TrainingSettings(NamedTuple):
    """How a network is trained.

    Attributes
    ----------
    learning_rate, weight_decay : float
        Step (its peak, in one cycle) and decay of AdamW.
    batch_size, max_epochs : int
        Objects a step, and most epochs.
    patience : int
        Epochs without a better loss of the held-out objects that end the training.
    progress : bool
        Whether a bar is shown.
    schedule : {"plateau", "one_cycle"}
        The rate is halved where the held-out loss stays, or rises and falls once over `max_epochs`.
    held_batch : int
        Most held-out objects that are judged at once.
    max_seconds : float, optional
        No epoch is begun after so long; the result then depends on the machine.
    checkpoint : str or Path, optional
        File that is written after every epoch; a training that finds it goes on from there. It is removed at the end.
    """

    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    batch_size: int = 64
    max_epochs: int = 300
    patience: int = 25
    progress: bool = False
    schedule: Literal["plateau", "one_cycle"] = "plateau"
    held_batch: int = 4096
    max_seconds: float | None = None
    checkpoint: str | Path | None = None


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


def chosen_device(name: str) -> str:
    """Where torch shall work: "auto" is the graphics card if there is one, else the processor.

    Raises
    ------
    InputError
        If torch is not installed or cannot use that device.
    """
    try:
        import torch
    except ModuleNotFoundError:
        raise InputError("networks need torch; install it with: pip install 'checkstar[torch]'.") from None
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"torch cannot use the device {name!r} ({reason}); give 'auto', 'cpu' or 'cuda'.") from error
    return name


def precise() -> Any:
    """Single precision on a graphics card as on a processor, and the same sums every time, in here."""
    import torch

    return torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)


@contextmanager
def seeded(seed: int, n_threads: int | None = 1, device: str = "cpu") -> Iterator[None]:
    """Torch's random numbers from `seed` in here, on so many threads (None: as it is); as they were before outside."""
    import torch

    threads = torch.get_num_threads()
    on_card = device.startswith("cuda")
    try:
        # Small networks lose time to threads, and sums over them would differ with their number.
        torch.set_num_threads(threads if n_threads is None else n_threads)
        cards = [torch.device(device).index or 0] if on_card else []
        with torch.random.fork_rng(devices=cards), precise():
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
        What is trained, on the device where it is.
    loss : callable
        ``loss(network, rows) -> ()``: the mean loss of the objects `rows` (a tensor of positions). What it draws comes
        from `rng` or from torch, so that a training that goes on from a checkpoint draws the same.
    held : (n,) array of bool
        Objects that only decide when to stop.
    settings : TrainingSettings
        Step, batches, epochs, patience, checkpoint.
    rng : Generator
        Orders the batches.

    Raises
    ------
    InputError
        If the loss is not finite, or the checkpoint is of another training.
    """
    training = _Training(network, loss, held, settings, rng)
    training.resume()
    for _ in _epochs(settings, training.n_done):
        if training.is_over():
            break
        training.run_epoch()
        training.save()
    return training.finish()


class _Training:
    """The state of a training between two epochs."""

    def __init__(self, network: Any, loss: Any, held: NDArray[np.bool_], settings: TrainingSettings, rng: Any) -> None:
        import torch

        self.network, self.loss, self.settings, self.rng = network, loss, settings, rng
        self.fitted_rows, self.held_rows = np.flatnonzero(~held), np.flatnonzero(held)
        self.optimiser = torch.optim.AdamW(
            network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        # Halved once a third of the patience has passed, so that the end is reached in small steps.
        self.schedule = schedule_of(settings.schedule, settings.learning_rate, max(settings.patience // 3, 1))
        self.kept, self.best = copy.deepcopy(network.state_dict()), 0
        self.fitted_losses: list[float] = []
        self.held_losses: list[float] = []
        self.seconds, self.begun = 0.0, time.monotonic()

    @property
    def n_done(self) -> int:
        return len(self.held_losses)

    def is_over(self) -> bool:
        limit = self.settings.max_seconds
        late = limit is not None and self.n_done > 0 and self._elapsed() >= limit
        return late or self.n_done - 1 - self.best >= self.settings.patience

    def run_epoch(self) -> None:
        self.fitted_losses.append(self._fit())
        now = self._judge()
        self.schedule.note(now)
        self.held_losses.append(now)
        if np.isfinite(now) and now <= np.nanmin(self.held_losses):
            self.kept, self.best = copy.deepcopy(self.network.state_dict()), self.n_done - 1

    def finish(self) -> History:
        if not np.isfinite(self.held_losses).any():
            raise InputError(
                f"the loss of the held-out objects is {self.held_losses[-1]}; look for extreme numbers in the data."
            )
        self.network.load_state_dict(self.kept)
        if self.settings.checkpoint is not None:
            Path(self.settings.checkpoint).unlink(missing_ok=True)
        return History(np.array(self.fitted_losses), np.array(self.held_losses), self.best)

    def _fit(self) -> float:
        import torch

        self.network.train()
        order, size, total = self.rng.permutation(self.fitted_rows), self.settings.batch_size, 0.0
        for start in range(0, len(order), size):
            rate = self.schedule.rate((self.n_done + start / len(order)) / self.settings.max_epochs)
            for group in self.optimiser.param_groups:
                group["lr"] = rate
            rows = torch.from_numpy(order[start : start + size])
            self.optimiser.zero_grad()
            value = self.loss(self.network, rows)
            value.backward()
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
            self.optimiser.step()
            now = float(value.detach())
            if not np.isfinite(now):
                raise InputError(
                    f"the loss became {now} in epoch {self.n_done + 1}; lower learning_rate={self.settings.learning_rate:g} "
                    "or look for extreme numbers in the data."
                )
            total += now * len(rows)
        return total / len(order)

    def _judge(self) -> float:
        import torch

        self.network.eval()
        size = self.settings.held_batch
        parts = [self.held_rows[start : start + size] for start in range(0, len(self.held_rows), size)]
        with torch.no_grad():
            losses = [float(self.loss(self.network, torch.from_numpy(rows))) for rows in parts]
        if len(parts) == 1:
            return losses[0]
        return float(np.average(losses, weights=[len(rows) for rows in parts]))

    def _elapsed(self) -> float:
        return self.seconds + time.monotonic() - self.begun

    def _about(self) -> str:
        """The training, whatever may differ when it goes on: the file, the bar, the time it may take."""
        plain = self.settings._replace(checkpoint=None, progress=False, max_seconds=None)._asdict()
        shapes = {name: list(tensor.shape) for name, tensor in self.network.state_dict().items()}
        return hash_settings({**plain, **shapes, "rows": hash_arrays([self.fitted_rows, self.held_rows])})

    def save(self) -> None:
        if self.settings.checkpoint is None:
            return
        import torch

        tensors = {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}
        tensors |= {f"kept.{name}": tensor for name, tensor in self.kept.items()}
        for i, state in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{i}.{name}": tensor for name, tensor in state.items()}
        tensors["random"] = torch.random.get_rng_state()
        if next(self.network.parameters()).is_cuda:
            tensors["random_card"] = torch.cuda.get_rng_state()
        record = {
            "about": self._about(),
            "schedule": dataclasses.asdict(self.schedule),
            "rng": self.rng.bit_generator.state,
            "best": self.best,
            "fitted": self.fitted_losses,
            "held": self.held_losses,
            "seconds": self._elapsed(),
        }
        write_checkpoint(Path(self.settings.checkpoint), Checkpoint(tensors, record))

    def resume(self) -> None:
        path = self.settings.checkpoint
        if path is None or not Path(path).exists():
            return
        import torch

        tensors, record = read_checkpoint(Path(path), self._about())
        self.network.load_state_dict(_named(tensors, "network."))
        self.kept = _named(tensors, "kept.")
        moments: dict[int, dict[str, Any]] = {}
        for name, tensor in _named(tensors, "optimiser.").items():
            number, _, what = name.partition(".")
            moments.setdefault(int(number), {})[what] = tensor
        groups = self.optimiser.state_dict()["param_groups"]
        self.optimiser.load_state_dict({"state": moments, "param_groups": groups})
        torch.random.set_rng_state(tensors["random"])
        if "random_card" in tensors and torch.cuda.is_available():
            torch.cuda.set_rng_state(tensors["random_card"])
        self.schedule = type(self.schedule)(**record["schedule"])
        self.rng.bit_generator.state = record["rng"]
        self.best, self.fitted_losses, self.held_losses = record["best"], record["fitted"], record["held"]
        self.seconds = record["seconds"]


def _named(tensors: dict[str, Any], beginning: str) -> dict[str, Any]:
    return {name.removeprefix(beginning): t for name, t in tensors.items() if name.startswith(beginning)}


def _epochs(settings: TrainingSettings, n_done: int) -> Any:
    epochs = range(n_done, settings.max_epochs)
    if not settings.progress:
        return epochs
    from rich.progress import track

    return track(epochs, description="training", total=len(epochs))
