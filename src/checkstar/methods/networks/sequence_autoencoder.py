"""The recurrent network that writes a light curve down in few numbers and reads it back from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.variability.folding import MIN_EPOCHS, fold

if TYPE_CHECKING:
    import torch

__all__ = ["Sequences", "autoencoder", "embed", "loss_of", "sequences", "weights_of"]

Array = NDArray[np.float64]
Weights = dict[str, NDArray[np.float32]]

#: Days in which no light curve repeats: folded with it, a light curve stays in the order of time.
_FOREVER = 1e7
#: Scatter, in standard deviations of the object, below which a point is not trusted more.
_FLOOR = 0.1
_BATCH = 512


class Sequences(NamedTuple):
    """Light curves as sequences of equal room: what the network reads, what it must find again, and how sure that is.

    ``step`` (n, L, q) holds the gap to the next point (phase, or log10(1 + days)), and of several bands which it is;
    ``value`` (n, L) the standardised brightness, ``weight`` (n, L) the inverse variance (zero where there is no point),
    ``length`` (n,) the number of points, ``known`` (n, 2) the mean and log10 of the standard deviation.
    """

    step: NDArray[np.float32]
    value: NDArray[np.float32]
    weight: NDArray[np.float32]
    length: NDArray[np.int64]
    known: Array

    def at(self, rows: Any) -> Sequences:
        """The objects chosen by a slice or mask."""
        return Sequences(self.step[rows], self.value[rows], self.weight[rows], self.length[rows], self.known[rows])


def sequences(curves: LightCurves, length: int, period: Array | None) -> Sequences:
    """Light curves folded with `period` (n,) in days, or in the order of time where it is None.

    At most `length` points are kept, evenly in time. A folded ring begins at its brightest point, as the median of five
    neighbours tells it: where phase zero lies is an accident that the network need not write down.
    """
    # Times begin at zero, so that the period that never ends holds them all.
    first = np.minimum.reduceat(np.append(curves.time, 0.0), curves.offsets[:-1]) if len(curves.time) else np.empty(0)
    given = np.full(len(curves), _FOREVER) if period is None else period
    started = curves if period is not None else curves.replace(time=curves.time - first[curves.owner])
    rings = fold(started, given, length)
    gap = np.where(rings.valid, rings.lag, 0.0)
    if period is None:
        # The last lag leads back to the beginning of the next cycle, which never comes.
        gap[np.arange(gap.shape[1]) == rings.length[:, None] - 1] = 0.0
        gap = np.log10(1 + gap * _FOREVER)
    weight = np.where(rings.valid, 1 / (rings.error**2 + _FLOOR**2), 0.0)
    weight /= np.maximum(weight.sum(axis=1, keepdims=True), 1e-30)
    bands = [(rings.band == i) & rings.valid for i in range(len(curves.bands))] if len(curves.bands) > 1 else []
    columns = [gap, rings.value, weight, *bands]
    if period is not None:
        columns = _turned(columns, rings.length, _brightest(rings.value, rings.length, curves.is_magnitude))
    room = [(0, 0), (0, length - gap.shape[1])]
    gap, value, weight, *bands = (np.pad(np.asarray(column, dtype=np.float32), room) for column in columns)
    known = np.column_stack([rings.mean, np.log10(rings.scale)])
    return Sequences(np.stack([gap, *bands], axis=2), value, weight, rings.length, known)


def _brightest(value: Array, length: NDArray[np.int64], faint_is_large: bool) -> NDArray[np.int64]:
    """Place (n,) of the brightest point of each ring, by the median of it and two neighbours on either side."""
    place = np.arange(value.shape[1])
    n_points = np.maximum(length, 1)[:, None]
    near = [np.take_along_axis(value, (place + shift) % n_points, axis=1) for shift in range(-2, 3)]
    # Neighbours may share their median: then the brighter point.
    smooth = (np.median(near, axis=0) + 1e-3 * value) * (1 if faint_is_large else -1)
    return np.asarray(np.where(place < length[:, None], smooth, np.inf).argmin(axis=1))


def _turned(columns: list[Any], length: NDArray[np.int64], start: NDArray[np.int64]) -> list[Any]:
    place = np.arange(columns[0].shape[1])
    turned = (place + start[:, None]) % np.maximum(length, 1)[:, None]
    turned = np.where(place < length[:, None], turned, place)
    return [np.take_along_axis(column, turned, axis=1) for column in columns]


def autoencoder(n_steps: int, n_units: int, n_embedded: int) -> torch.nn.ModuleDict:
    """A network for sequences with `n_steps` numbers a point beside the value: a reader and a writer in both directions."""
    from torch import nn

    def both(n_inputs: int) -> Any:
        return nn.ModuleList(nn.GRU(n_inputs, n_units, batch_first=True) for _ in range(2))

    return nn.ModuleDict(
        {
            "reader": both(n_steps + 1),
            "embedding": nn.Linear(2 * n_units, n_embedded),
            "writer": both(n_steps + n_embedded),
            "value": nn.Linear(2 * n_units, 1),
        }
    )


def loss_of(network: Any, step: Any, value: Any, weight: Any, length: Any) -> Any:
    """Mean squared error (b,) of the values that come back, by inverse variance: the error of a Gaussian likelihood."""
    import torch

    # Both directions read from the first point that there is, so padding is never read.
    place = torch.arange(value.shape[1])
    back = torch.where(place < length[:, None], length[:, None] - 1 - place, place)

    def run(gru: Any, x: Any, reverse: bool) -> Any:
        turned = torch.take_along_dim(x, back[:, :, None], 1) if reverse else x
        return gru(turned)[0]

    seen = torch.cat([step, value[:, :, None]], dim=2)
    last = (length - 1)[:, None, None]
    ends = [torch.take_along_dim(run(gru, seen, bool(i)), last, 1)[:, 0] for i, gru in enumerate(network["reader"])]
    code = torch.tanh(network["embedding"](torch.cat(ends, dim=1)))
    told = torch.cat([step, code[:, None].expand(-1, step.shape[1], -1)], dim=2)
    forward, backward = (run(gru, told, bool(i)) for i, gru in enumerate(network["writer"]))
    states = torch.cat([forward, torch.take_along_dim(backward, back[:, :, None], 1)], dim=2)
    return (weight * (network["value"](states)[:, :, 0] - value) ** 2).sum(dim=1)


def weights_of(network: Any) -> Weights:
    """What the reading half learned, as arrays."""
    kept = ("reader", "embedding")
    return {k: v.detach().numpy().copy() for k, v in network.state_dict().items() if k.startswith(kept)}


def embed(weights: Weights, seen: Sequences) -> Array:
    """Embedding (n, q) of sequences, without torch; batches bound the memory."""
    parts = [_embed(weights, seen.at(slice(i, i + _BATCH))) for i in range(0, len(seen.length), _BATCH)]
    return np.concatenate(parts) if parts else np.empty((0, len(weights["embedding.bias"])))


def _embed(weights: Weights, seen: Sequences) -> Array:
    x = np.concatenate([seen.step, seen.value[:, :, None]], axis=2).astype(float)
    ends = [_last_state(weights, f"reader.{i}.", x, seen.length, reverse=bool(i)) for i in range(2)]
    return np.asarray(
        np.tanh(np.hstack(ends) @ weights["embedding.weight"].T.astype(float) + weights["embedding.bias"])
    )


def _last_state(weights: Weights, of: str, x: Array, length: NDArray[np.int64], *, reverse: bool) -> Array:
    """State (n, h) of a gated recurrent unit (Cho et al. 2014, in torch's form) after the last point it reads."""
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    inward, onward, bias, own = (weights[of + name].astype(float) for name in names)
    drive = x @ inward.T + bias
    state = np.zeros((len(x), onward.shape[1]))
    longest = int(length.max(initial=0))
    for place in range(longest)[:: -1 if reverse else 1]:
        r, z, n = np.split(drive[:, place], 3, axis=1)
        r_own, z_own, n_own = np.split(state @ onward.T + own, 3, axis=1)
        update = expit(z + z_own)
        new = (1 - update) * np.tanh(n + expit(r + r_own) * n_own) + update * state
        state = np.where((place < length)[:, None], new, state)
    return state


def check_length(who: str, length: int) -> None:
    """Refuse sequences that are too short to be folded."""
    if length < MIN_EPOCHS:
        raise InputError(f"{who} got length={length}; give room for at least {MIN_EPOCHS} points.")
