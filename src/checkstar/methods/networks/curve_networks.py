"""CurveNetwork: the base of the networks that classify folded light curves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax

from checkstar.data.curve_layout import CurveLayout
from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.methods.base import Method
from checkstar.methods.curve_rows import check_curve_classes, check_curve_rows, short_names
from checkstar.methods.networks.convolutions import Ring
from checkstar.methods.networks.folded_inputs import Batch, FoldedInputs, folded_inputs, n_channels
from checkstar.methods.networks.heads import Head, Readout
from checkstar.methods.networks.training import (
    TrainingSettings,
    chosen_device,
    held_out,
    precise,
    seeded,
    train_network,
)
from checkstar.noise import Noise
from checkstar.prediction import Classes
from checkstar.provenance import hash_arrays, hash_settings
from checkstar.variability.folding import MIN_EPOCHS

__all__ = ["Body", "CurveNetwork"]

Array = NDArray[np.float64]

#: Objects that are folded, that the network judges, and that end the training, at once.
_CHUNK, _BATCH, _HELD = 4096, 64, 256


class Body(Protocol):
    """A network without its head: it makes its layers, and says what they see at every point."""

    @property
    def channels(self) -> int:
        """Features of a point."""

    def layers(self, n_inputs: int) -> Any:
        """The layers, as torch keeps them."""

    def features(self, layers: Any, x: Any, ring: Ring) -> Any:
        """Features (b, channels, w) of every place of `x` (b, inputs, w)."""


class CurveNetwork(Method, ABC):
    """A network that classifies light curves folded at their period (Zhang & Bloom 2020).

    It reads the ring of points in the order of phase (`checkstar.variability.folding.fold`): lags of phase and
    standardised values; and beside them mean, standard deviation, period, and whatever else the data know of an object
    (extras). The period is the extra named ``period`` (days) where there is one, else the best of
    `checkstar.variability.periods.find_periods`. An object with fewer than five epochs, or without a period, gets the
    shares of the classes in the training set.

    Invariant networks close the ring on itself and judge the mean over its points (`Head`), so that nothing depends on
    where phase zero lies. Their twins are the same but for zeros beyond the ends and a head that knows the order.

    Parameters
    ----------
    channels, depth, kernel : int, optional
        Features of a point, levels and points of a kernel; by default those of the network.
    dropout : float in [0, 1)
        Share of the features left out while it learns, in the head and (recurrent, TCN) between layers.
    length : int
        Most points of a sequence.
    learning_rate, weight_decay : float
        Peak of the step (one cycle over `max_epochs`) and decay of AdamW.
    batch_size, max_epochs, patience : int
        Objects a step; epochs; epochs without a better loss of the held-out stars that end it.
    held_share : float in (0, 1)
        Share of the training objects, whole groups, that decide which epoch is kept.
    balance : float in [0, 1]
        Classes weigh as their frequency to the power of minus this: 0 for accuracy, 1 for balanced accuracy.
    roll : bool
        Whether every sequence begins at a random phase each time it is seen in training; nothing changes for an
        invariant network.
    redraw : bool
        Whether values are redrawn within their errors each time they are seen in training.
    max_seconds : float, optional
        No epoch is begun after so long.
    checkpoint : str, optional
        Folder for a file that a killed training goes on from; its name is of the data and settings.
    device : str
        "auto", "cpu" or "cuda".
    random_state : int
        Seed of the weights, of what is held out and of the batches. The same seed gives the same numbers on the same
        processor with as many threads.
    progress : bool
        Whether a bar is shown while it learns.
    """

    invariant: ClassVar[bool] = False
    readout: ClassVar[Readout] = "mean"

    def __init__(
        self,
        channels: int | None = None,
        depth: int | None = None,
        kernel: int | None = None,
        dropout: float = 0.0,
        length: int = 200,
        learning_rate: float = 1e-2,
        weight_decay: float = 1e-2,
        batch_size: int = 32,
        max_epochs: int = 15,
        patience: int = 15,
        held_share: float = 0.1,
        balance: float = 0.0,
        roll: bool = False,
        redraw: bool = False,
        max_seconds: float | None = None,
        checkpoint: str | None = None,
        device: str = "auto",
        random_state: int = 0,
        progress: bool = False,
    ) -> None:
        self.channels = channels
        self.depth = depth
        self.kernel = kernel
        self.dropout = dropout
        self.length = length
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.held_share = held_share
        self.balance = balance
        self.roll = roll
        self.redraw = redraw
        self.max_seconds = max_seconds
        self.checkpoint = checkpoint
        self.device = device
        self.random_state = random_state
        self.progress = progress

    @abstractmethod
    def body(self) -> Body:
        """The network without its head."""

    def sizes(self, *names: str) -> dict[str, int]:
        """The sizes of these names that were set, for the body; the others keep the body's own."""
        return {name: size for name in names if (size := getattr(self, name)) is not None}

    def fit(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        noise: Noise | None = None,
        y_err: ArrayLike | None = None,
        group: ArrayLike | None = None,
        weight: ArrayLike | None = None,
        features: Sequence[str] | None = None,
    ) -> Self:
        """Learn the classes `y` (n,) of light curves in rows `x` (n, p) with columns `features`; groups are held out whole."""
        name = type(self).__name__
        device = chosen_device(self.device)
        self._check_settings()
        layout, rows, codes, self.names_ = check_curve_classes(name, x, y, noise, features)
        self.features_ = short_names(layout)
        weights = np.ones(len(codes)) if weight is None else np.asarray(weight, dtype=float)
        self.frequencies_ = np.bincount(codes, weights) / weights.sum()
        inputs = self._inputs(layout.unpack(rows, noise))
        usable = np.flatnonzero(inputs.length > 0)
        if not len(usable):
            raise InputError(f"{name} got {len(rows)} light curves of which none has {MIN_EPOCHS} epochs and a period.")
        known = np.ma.masked_invalid(inputs.beside[usable])
        self.centre_, spread = known.mean(axis=0).filled(0.0), known.std(axis=0).filled(0.0)
        self.spread_ = np.where(spread > 0, spread, 1.0)
        share = weights * np.where(self.frequencies_ > 0, self.frequencies_, 1.0)[codes] ** -self.balance
        groups = None if group is None else np.asarray(group)[usable]
        self._train(self._standardised(inputs).at(usable), codes[usable], share[usable], groups, device)
        return self

    def predict_distribution(self, x: ArrayLike, *, noise: Noise | None = None) -> Classes:
        """Class probabilities (n, c) of light curves in rows `x` (n, p), of any number of epochs."""
        self._fitted()
        device = chosen_device(self.device)
        layout, rows = check_curve_rows(type(self).__name__, x, noise, self.features_)
        network = self._restored(device)
        found = np.tile(self.frequencies_, (len(rows), 1))
        for start in range(0, len(rows), _CHUNK):
            part = slice(start, start + _CHUNK)
            inputs = self._inputs(layout.unpack(rows[part], None if noise is None else noise[part]))
            self._judge(network, self._standardised(inputs), device, found[part])
        return Classes(found, self.names_)

    def check_learned(self) -> None:
        """Refuse arrays that are not those of this network (asked on load)."""
        chosen_device("cpu")
        try:
            self._restored("cpu")
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise InputError(
                f"{type(self).__name__} holds arrays of another network ({reason}); fit it again."
            ) from None

    def _check_settings(self) -> None:
        sizes, body = self.sizes("channels", "depth", "kernel"), self.body()
        for size in sizes:
            if not hasattr(body, size):
                raise InputError(f"{type(self).__name__} has no {size}; leave it None.")
        least = {"learning_rate": 0.0, "weight_decay": -1e-300, "batch_size": 0, "max_epochs": 0, "patience": 0}
        least |= {"length": MIN_EPOCHS - 1, **dict.fromkeys(sizes, 0)}
        for setting, bound in least.items():
            if not getattr(self, setting) > bound:
                raise InputError(f"{type(self).__name__} got {setting}={getattr(self, setting)!r}, which is too small.")
        if not (0 <= self.dropout < 1 and 0 <= self.balance <= 1):
            raise InputError(
                f"{type(self).__name__} got dropout={self.dropout!r}, balance={self.balance!r}; both are shares."
            )

    def _inputs(self, curves: LightCurves) -> FoldedInputs:
        if "period" in curves.meta:
            period = curves.meta["period"].to_numpy(dtype=float)
        else:
            from checkstar.variability.periods import find_periods

            period = find_periods(curves, n_best=1).period[:, 0]
        return folded_inputs(curves, period, self.length)

    def _standardised(self, inputs: FoldedInputs) -> FoldedInputs:
        """What is not known of an object beside its light curve is taken to be as usual."""
        beside = (inputs.beside - self.centre_) / self.spread_
        return inputs._replace(beside=np.where(np.isfinite(beside), beside, 0.0).astype(np.float32))

    def _judge(self, network: Any, inputs: FoldedInputs, device: str, found: Array) -> None:
        """Write the class probabilities of the objects that can be judged into their rows of `found`."""
        import torch

        # Sorted by length, so that a batch is hardly wider than its shortest sequence.
        order = np.argsort(inputs.length, kind="stable")
        order = order[inputs.length[order] > 0]
        with torch.inference_mode(), precise():
            for start in range(0, len(order), _BATCH):
                rows = order[start : start + _BATCH]
                logits = self._logits(network, inputs.at(rows).to(device).batch(self.invariant))
                found[rows] = softmax(logits.double().cpu().numpy(), axis=1)

    def _train(self, inputs: FoldedInputs, codes: NDArray[np.intp], weights: Array, group: Any, device: str) -> None:
        import torch

        rng = np.random.default_rng(self.random_state)
        held = held_out(len(codes), self.held_share, group, rng)
        settings = self._training_settings(hash_arrays([*inputs, codes, weights, held]))
        here = inputs.to(device)
        classes = torch.as_tensor(codes, dtype=torch.long).to(device)
        share = torch.as_tensor(weights / weights.mean(), dtype=torch.float32).to(device)

        def loss(network: Any, rows: Any) -> Any:
            some = here.at(rows.to(device))
            if network.training:
                some = some.augmented(roll=self.roll, redraw=self.redraw)
            logits = self._logits(network, some.batch(self.invariant))
            return (share[rows] * torch.nn.functional.cross_entropy(logits, classes[rows], reduction="none")).mean()

        with seeded(self.random_state, n_threads=None, device=device):
            network = self._network(inputs.sequence.shape[1]).to(device)
            history = train_network(network, loss, held, settings, rng)
        self.network_ = {name: tensor.cpu().numpy().copy() for name, tensor in network.state_dict().items()}
        self.fitted_loss_, self.held_loss_, self.best_epoch_ = history

    def _training_settings(self, data: str) -> TrainingSettings:
        names = ("learning_rate", "weight_decay", "batch_size", "max_epochs", "patience", "progress", "max_seconds")
        checkpoint = None
        if self.checkpoint is not None:
            free = ("checkpoint", "progress", "max_seconds", "device")
            kept = {key: value for key, value in self.settings().items() if key not in free}
            mark = hash_settings({"data": data, **kept})[:16]
            checkpoint = Path(self.checkpoint) / f"{type(self).__name__}-{mark}.safetensors"
        chosen = {key: getattr(self, key) for key in names}
        return TrainingSettings(schedule="one_cycle", held_batch=_HELD, checkpoint=checkpoint, **chosen)

    def _network(self, n_inputs: int) -> Any:
        import torch

        body = self.body()
        return torch.nn.ModuleDict(
            {"body": body.layers(n_inputs), "head": self._head().layers(body.channels, len(self.centre_))}
        )

    def _head(self) -> Head:
        return Head(readout=self.readout, n_classes=len(self.names_), dropout=self.dropout)

    def _restored(self, device: str) -> Any:
        import torch

        network = self._network(n_channels(CurveLayout.of(self.features_).bands))
        network.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in self.network_.items()})
        return network.to(device).eval()

    def _logits(self, network: Any, batch: Batch) -> Any:
        """Logits (b, c) of a batch."""
        features = self.body().features(network["body"], batch.sequence, batch.ring)
        return self._head().logits(network["head"], features, batch.beside, batch.ring)
