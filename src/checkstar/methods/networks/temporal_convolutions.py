"""TCN and InvariantTCN: causal convolutions dilated by powers of two."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from checkstar.methods.networks.convolutions import Ring, convolve
from checkstar.methods.networks.curve_networks import CurveNetwork

__all__ = ["TCN", "InvariantTCN", "TemporalConvolutions"]


@dataclass(frozen=True, kw_only=True)
class TemporalConvolutions:
    """Residual blocks of two causal convolutions with normalised weights; block i is dilated by 2^i (Bai et al. 2018)."""

    channels: int = 32
    depth: int = 6
    kernel: int = 3
    dropout: float = 0.0

    def layers(self, n_inputs: int) -> Any:
        """The layers, as torch keeps them."""
        import torch

        widths = [n_inputs] + [self.channels] * self.depth
        return torch.nn.ModuleList([self._block(*pair, 2**i) for i, pair in enumerate(pairwise(widths))])

    def features(self, layers: Any, x: Any, ring: Ring) -> Any:
        """Features (b, channels, w) of every place of `x` (b, inputs, w)."""
        for first, second, drop, same in layers:
            change = drop(convolve(first, x, ring, causal=True).relu())
            change = drop(convolve(second, change, ring, causal=True).relu())
            x = (same(x) + change).relu()
        return x

    def _block(self, n_inputs: int, n_outputs: int, dilation: int) -> Any:
        import torch
        from torch.nn.utils.parametrizations import weight_norm

        same = torch.nn.Identity() if n_inputs == n_outputs else torch.nn.Conv1d(n_inputs, n_outputs, 1)
        pair = [
            weight_norm(torch.nn.Conv1d(n, n_outputs, self.kernel, dilation=dilation)) for n in (n_inputs, n_outputs)
        ]
        return torch.nn.ModuleList([*pair, torch.nn.Dropout(self.dropout), same])


class TCN(CurveNetwork):
    """Temporal convolutional network on folded light curves: causal, dilated, read at the last point.

    The twin of `InvariantTCN`: the same convolutions with zeros before the first point.
    """

    references = ("Bai, Kolter & Koltun 2018, arXiv:1803.01271", "Zhang & Bloom 2020, arXiv:2011.01243")
    readout = "last"

    def body(self) -> TemporalConvolutions:
        """The convolutions."""
        return TemporalConvolutions(**self.sizes("channels", "depth", "kernel"), dropout=self.dropout)


class InvariantTCN(CurveNetwork):
    """Temporal convolutional network on the ring of a folded light curve (iTCN): no phase is its beginning.

    Convolutions reach round the ring ("symmetry padding"), and the classes are judged by the mean over its points.
    """

    references = TCN.references
    invariant = True

    def body(self) -> TemporalConvolutions:
        """The convolutions."""
        return TemporalConvolutions(**self.sizes("channels", "depth", "kernel"), dropout=self.dropout)
