"""FoldedInputs: what a network reads of folded light curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.data.light_curves import LightCurves
from checkstar.methods.networks.convolutions import Ring
from checkstar.variability.folding import fold

__all__ = ["Batch", "FoldedInputs", "folded_inputs", "n_channels"]

#: Widths of batches are rounded up to a multiple of this: torch prepares itself for every new shape.
_STEP = 16


class FoldedInputs(NamedTuple):
    """Arrays, or tensors on one device, of n objects.

    Attributes
    ----------
    sequence : (n, c, L) of float32
        Lag to the next point in units of the mean lag, less one; standardised value; of several passbands, one for
        that of the point and zero for the others. Zero after the last point.
    error : (n, L) of float32
        Standard errors of the standardised values.
    length : (n,) of int
        Points of each; zero where the object cannot be used.
    beside : (n, q) of float32
        Mean, ln of the standard deviation, ln of the period, and the other extras; NaN where they are not known.
    """

    sequence: Any
    error: Any
    length: Any
    beside: Any

    def at(self, rows: Any) -> FoldedInputs:
        """Some of the objects."""
        return FoldedInputs(*(item[rows] for item in self))

    def to(self, device: str) -> FoldedInputs:
        """Tensors on a device."""
        import torch

        return FoldedInputs(*(torch.as_tensor(item).to(device) for item in self))

    def augmented(self, *, roll: bool, redraw: bool) -> FoldedInputs:
        """These objects (tensors), begun at a random point, or with values redrawn within their errors."""
        import torch

        sequence = self.sequence
        if redraw:
            change = self.error * torch.randn_like(self.error)
            sequence = torch.cat([sequence[:, :1], sequence[:, 1:2] + change[:, None], sequence[:, 2:]], dim=1)
        if roll:
            n = self.length[:, None]
            step = torch.arange(sequence.shape[2], device=n.device)
            begin = (torch.rand(n.shape, device=n.device) * n).long()
            place = torch.where(step < n, (begin + step) % n, step)
            sequence = sequence.gather(2, place[:, None].expand(-1, sequence.shape[1], -1))
        return self._replace(sequence=sequence)

    def batch(self, cyclic: bool) -> Batch:
        """These objects (tensors) as one batch, no wider than it must be."""
        longest = int(self.length.max())
        ring = Ring.of(self.length, -(-longest // _STEP) * _STEP, cyclic)
        return Batch(ring.begun(self.sequence[:, :, :longest]), ring, self.beside)


class Batch(NamedTuple):
    """Sequences (b, c, w), how they end, and what is known beside them (b, q)."""

    sequence: Any
    ring: Ring
    beside: Any


def n_channels(bands: Sequence[str]) -> int:
    """Channels of a sequence of light curves in these passbands."""
    return 2 + (len(bands) if len(bands) > 1 else 0)


def folded_inputs(curves: LightCurves, period: NDArray[np.float64], length: int) -> FoldedInputs:
    """Fold light curves at `period` (n,) into at most `length` points each."""
    folded = fold(curves, period, length)
    lag = np.where(folded.valid, folded.lag * folded.length[:, None] - 1, 0.0)
    channels = [lag, folded.value]
    if len(curves.bands) > 1:
        channels += [(folded.band == i) & folded.valid for i in range(len(curves.bands))]
    with np.errstate(invalid="ignore", divide="ignore"):
        beside = [folded.mean, np.log(folded.scale), np.log(folded.period)]
    extras = [curves.meta[name].to_numpy(dtype=float) for name in curves.meta.columns if name != "period"]
    return FoldedInputs(
        np.stack(channels, axis=1).astype(np.float32),
        folded.error.astype(np.float32),
        folded.length,
        np.stack([*beside, *extras], axis=1).astype(np.float32),
    )
