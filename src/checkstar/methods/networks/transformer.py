"""TimeSeriesTransformer: attention over interpolated light curves, with maps of when the evidence came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax

from checkstar.data.curve_layout import CurveLayout
from checkstar.errors import InputError
from checkstar.methods.base import Method
from checkstar.methods.curve_rows import check_curve_classes, check_curve_rows, short_names
from checkstar.methods.interpolated_inputs import InterpolatedInputs, interpolated_inputs
from checkstar.methods.networks.training import TrainingSettings, chosen_device, held_out, seeded, train_network
from checkstar.noise import Noise
from checkstar.prediction import Classes

__all__ = ["ClassActivation", "TimeSeriesTransformer"]

Array = NDArray[np.float64]

_BATCH = 512


class ClassActivation(NamedTuple):
    """When the evidence for each class came.

    ``evidence`` (n, T, c): its mean over the T times, plus ``constant`` (n, c), is the logit of the class exactly.
    ``days`` (T,) are since the brightest moment. Only differences between classes mean anything.
    """

    days: Array
    evidence: Array
    constant: Array
    names: tuple[str, ...]

    @property
    def logits(self) -> Array:
        """Logits (n, c): their softmax is the prediction."""
        return np.asarray(self.evidence.mean(axis=1) + self.constant)


class TimeSeriesTransformer(Method):
    """Classes of light curves in several bands by a transformer, t2 (Allam & McEwen 2021).

    A Gaussian process in time and wavelength gives fluxes at `n_times` times about the brightest moment
    (`checkstar.variability.interpolation`). A linear map of the bands at each time (a convolution of width one) and
    sinusoids of the time go through blocks of self-attention; the mean over time, and beside it the extras (such as
    ``redshift`` and ``redshift_err``), the brightness and the time scale, give the logits. Because the last step is a mean
    and a linear map, each logit is exactly the mean of a class-activation map over time (`class_activation`).

    The published grid runs from the first to the last epoch, so that times are shares of the survey; here it is in days
    from maximum, in units of the largest flux. The process uses all epochs of an object: the classes are those of
    finished light curves, not of alerts. Objects with fewer than five epochs are given the shares of the classes.

    Parameters
    ----------
    n_features, n_heads, n_blocks, n_hidden : int
        Features of a time; heads of attention, which divide them; blocks; units of the perceptron in a block.
    dropout : float in [0, 1)
        Share of the features left out while it learns.
    n_times : int
        Times of the grid.
    window : (float, float)
        First and last day of the grid, from the brightest moment.
    balance : float in [0, 1]
        Classes weigh in the loss as their frequency to the power of minus this: 0 for the log loss of the sample, 1 for
        one in which all classes count the same (that of PLAsTiCC). With other weights than 0 the probabilities are those
        of another mix of classes.
    learning_rate, weight_decay : float
        Largest step of the one cycle of AdamW, and its decay.
    batch_size, max_epochs, patience : int
        Objects a step; epochs; epochs without a better loss of held-out objects that end the training.
    held_share : float in (0, 1)
        Share of the objects, whole groups, that decide which epoch is kept.
    device : str
        "auto", "cpu" or "cuda".
    random_state : int
        Seed of the weights, of what is held out and of the batches.
    progress : bool
        Whether a bar is shown while it learns.

    References
    ----------
    Allam & McEwen 2021, arXiv:2105.06178; Vaswani et al. 2017, NeurIPS (transformer); Zhou et al. 2016, CVPR
    (class-activation maps); Boone 2019, AJ 158, 257 (the Gaussian process).
    """

    references = ("Allam & McEwen 2021, arXiv:2105.06178", "Boone 2019, AJ 158, 257", "Zhou et al. 2016, CVPR")

    def __init__(
        self,
        n_features: int = 32,
        n_heads: int = 4,
        n_blocks: int = 1,
        n_hidden: int = 64,
        dropout: float = 0.1,
        n_times: int = 100,
        window: tuple[float, float] = (-50.0, 130.0),
        balance: float = 0.0,
        learning_rate: float = 5e-3,
        weight_decay: float = 1e-3,
        batch_size: int = 64,
        max_epochs: int = 30,
        patience: int = 15,
        held_share: float = 0.15,
        device: str = "auto",
        random_state: int = 0,
        progress: bool = False,
    ) -> None:
        self.n_features = n_features
        self.n_heads = n_heads
        self.n_blocks = n_blocks
        self.n_hidden = n_hidden
        self.dropout = dropout
        self.n_times = n_times
        self.window = window
        self.balance = balance
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.held_share = held_share
        self.device = device
        self.random_state = random_state
        self.progress = progress

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier"
        return tags

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
        """Learn classes `y` (n,) of light curves `x` (n, p); groups (n,) are held out whole."""
        self._check_settings()
        device = chosen_device(self.device)
        layout, rows, codes, names = check_curve_classes("TimeSeriesTransformer", x, y, noise, features)
        self.features_, self.names_ = short_names(layout), names
        weights = np.ones(len(codes)) if weight is None else np.asarray(weight, dtype=float)
        self.frequency_ = np.bincount(codes, weights) / weights.sum()
        inputs = interpolated_inputs(layout, rows, noise, self._days())
        usable = np.flatnonzero(inputs.curves.usable)
        if len(np.unique(codes[usable])) < 2:
            raise InputError(
                f"TimeSeriesTransformer got {len(usable)} objects of at least five epochs, of fewer than two classes; give more."
            )
        beside = np.ma.masked_invalid(inputs.beside[usable])
        self.centre_ = np.ma.filled(beside.mean(axis=0), 0.0)
        spread = np.ma.filled(beside.std(axis=0), 0.0)
        self.spread_ = np.where(spread > 0, spread, 1.0)
        # Of a class without usable objects nothing is learned, but its weight must be a number.
        share = np.maximum(self.frequency_, 1 / len(codes))
        weights = weights[usable] * share[codes[usable]] ** -self.balance
        kept = None if group is None else np.asarray(group)[usable]
        self._train(inputs, usable, codes[usable], weights / weights.mean(), kept, device)
        return self

    def predict_distribution(self, x: ArrayLike, *, noise: Noise | None = None) -> Classes:
        """Class probabilities (n, c) of light curves `x` (n, p)."""
        self._fitted()
        layout, rows = check_curve_rows("TimeSeriesTransformer", x, noise, self.features_)
        found = np.tile(self.frequency_, (len(rows), 1))
        for part, inputs in self._parts(layout, rows, noise):
            evidence, constant = self._activation(inputs)
            found[part] = np.where(
                inputs.curves.usable[:, None], softmax(evidence.mean(axis=1) + constant, axis=1), self.frequency_
            )
        return Classes(found, self.names_)

    def class_activation(self, x: ArrayLike, *, noise: Noise | None = None) -> ClassActivation:
        """When the evidence for each class came, in light curves `x` (n, p).

        ``evidence[i, t, c]`` is the last layer's weight of class c times the features at time t, less the mean of both
        over the classes, which no probability depends on. NaN where the object has fewer than five epochs. Attention has
        mixed other times into the features of a time, so it is where the network keeps the evidence; that it depends on
        what was learned is a test, that it is where the star told it is not.
        """
        self._fitted()
        layout, rows = check_curve_rows("TimeSeriesTransformer", x, noise, self.features_)
        maps = np.empty((len(rows), self.n_times, len(self.names_)))
        constant = np.empty((len(rows), len(self.names_)))
        for part, inputs in self._parts(layout, rows, noise):
            usable = inputs.curves.usable
            evidence, own = self._activation(inputs)
            maps[part] = np.where(usable[:, None, None], evidence - evidence.mean(axis=2, keepdims=True), np.nan)
            constant[part] = np.where(usable[:, None], own - own.mean(axis=1, keepdims=True), np.nan)
        return ClassActivation(self._days(), maps, constant, tuple(self.names_))

    def _check_settings(self) -> None:
        sizes = (self.n_features, self.n_heads, self.n_blocks, self.n_hidden, self.max_epochs)
        if not (min(sizes) >= 1 and self.n_features % (2 * self.n_heads) == 0 and 0 <= self.dropout < 1):
            raise InputError(
                f"TimeSeriesTransformer got n_features={self.n_features}, n_heads={self.n_heads}, "
                f"n_blocks={self.n_blocks}, n_hidden={self.n_hidden}, dropout={self.dropout}, "
                f"max_epochs={self.max_epochs}; give positive numbers, n_features a multiple of twice n_heads."
            )
        if not (self.n_times >= 2 and len(self.window) == 2 and self.window[0] < self.window[1]):
            raise InputError(
                f"TimeSeriesTransformer got n_times={self.n_times}, window={self.window!r}; give at least two times "
                "between a first and a later last day."
            )

    def _days(self) -> Array:
        return np.linspace(*self.window, self.n_times)

    def _parts(self, layout: CurveLayout, rows: Array, noise: Noise | None) -> Any:
        for start in range(0, len(rows), _BATCH):
            part = slice(start, start + _BATCH)
            own = None if noise is None else noise[part]
            yield part, interpolated_inputs(layout, rows[part], own, self._days())

    def _beside(self, inputs: InterpolatedInputs) -> Array:
        """Standardised numbers (n, a) beside the light curve; what is not known is the mean."""
        return np.nan_to_num((inputs.beside - self.centre_) / self.spread_, posinf=0.0, neginf=0.0)

    def _train(
        self,
        inputs: InterpolatedInputs,
        rows: NDArray[np.intp],
        codes: NDArray[np.intp],
        weights: Array,
        group: Any,
        device: str,
    ) -> None:
        import torch

        rng = np.random.default_rng(self.random_state)
        held = held_out(len(rows), self.held_share, group, rng)
        flux, beside, share = (
            torch.from_numpy(a.astype(np.float32)).to(device)
            for a in (inputs.curves.flux[rows], self._beside(inputs)[rows], weights)
        )
        classes = torch.from_numpy(codes).to(device)
        settings = TrainingSettings(
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            batch_size=self.batch_size,
            max_epochs=self.max_epochs,
            patience=self.patience,
            progress=self.progress,
            schedule="one_cycle",
            held_batch=_BATCH,
        )

        def loss(network: Any, some: Any) -> Any:
            seen = network["drop"](_features(network, flux[some]).mean(dim=1))
            logits = network["last"](seen) + network["beside"](beside[some])
            return (share[some] * torch.nn.functional.cross_entropy(logits, classes[some], reduction="none")).mean()

        with seeded(self.random_state, n_threads=None, device=device):
            network = self._network(flux.shape[2], beside.shape[1]).to(device)
            history = train_network(network, loss, held, settings, rng)
        self.network_ = {name: tensor.cpu().numpy().copy() for name, tensor in network.state_dict().items()}
        self.fitted_loss_, self.held_loss_, self.best_epoch_ = history

    def _network(self, n_bands: int, n_beside: int) -> Any:
        from torch import nn

        def block() -> Any:
            return nn.TransformerEncoderLayer(
                self.n_features, self.n_heads, self.n_hidden, self.dropout, batch_first=True
            )

        return nn.ModuleDict(
            {
                "bands": nn.Linear(n_bands, self.n_features),
                "blocks": nn.ModuleList(block() for _ in range(self.n_blocks)),
                "drop": nn.Dropout(self.dropout),
                "last": nn.Linear(self.n_features, len(self.names_)),
                "beside": nn.Linear(n_beside, len(self.names_), bias=False),
            }
        )

    def _activation(self, inputs: InterpolatedInputs) -> tuple[Array, Array]:
        """Maps (n, T, c), and the part of the logits (n, c) that is not of a time."""
        import torch

        device = chosen_device(self.device)
        network = self._network(inputs.curves.flux.shape[2], inputs.beside.shape[1])
        network.load_state_dict({name: torch.from_numpy(np.array(a)) for name, a in self.network_.items()})
        network = network.to(device).eval()
        with torch.no_grad():
            seen = _features(network, torch.from_numpy(inputs.curves.flux.astype(np.float32)).to(device))
        last, bias, beside = (self.network_[n].astype(float) for n in ("last.weight", "last.bias", "beside.weight"))
        return seen.double().cpu().numpy() @ last.T, bias + self._beside(inputs) @ beside.T


def _features(network: Any, flux: Any) -> Any:
    """Features (b, T, d) of each time of fluxes (b, T, B)."""
    seen = network["bands"](flux)
    seen = seen + _positions(seen)
    for block in network["blocks"]:
        seen = block(seen)
    return seen


def _positions(like: Any) -> Any:
    """Sines and cosines of the time (T, d), with periods from 2 pi to 20000 pi steps (Vaswani et al. 2017, section 3.5)."""
    import torch

    n_times, n_features = like.shape[1:]
    step = torch.arange(n_times, device=like.device, dtype=like.dtype)[:, None]
    rate = 1e-4 ** (torch.arange(0, n_features, 2, device=like.device, dtype=like.dtype) / n_features)
    return torch.cat([torch.sin(step * rate), torch.cos(step * rate)], dim=1)
