"""GRU and LSTM: recurrent networks that read a folded light curve from phase zero to one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from checkstar.methods.networks.convolutions import Ring
from checkstar.methods.networks.curve_networks import CurveNetwork

__all__ = ["GRU", "LSTM", "Recurrent"]


@dataclass(frozen=True, kw_only=True)
class Recurrent:
    """Layers of gated recurrent units or of long short-term memory; what they know after each point."""

    cell: Literal["GRU", "LSTM"]
    channels: int = 64
    depth: int = 2
    dropout: float = 0.0

    def layers(self, n_inputs: int) -> Any:
        """The layers, as torch keeps them."""
        import torch

        dropout = self.dropout if self.depth > 1 else 0.0
        return getattr(torch.nn, self.cell)(n_inputs, self.channels, self.depth, batch_first=True, dropout=dropout)

    def features(self, layers: Any, x: Any, ring: Ring) -> Any:
        """Features (b, channels, w) of every place of `x` (b, inputs, w)."""
        return layers(x.transpose(1, 2))[0].transpose(1, 2)


class GRU(CurveNetwork):
    """Gated recurrent network on folded light curves: reads the points from phase zero, judged after the last.

    The recurrent baseline of Zhang & Bloom (2020).
    """

    references = ("Cho et al. 2014, arXiv:1406.1078", "Zhang & Bloom 2020, arXiv:2011.01243")
    readout = "last"

    def body(self) -> Recurrent:
        """The recurrent layers."""
        return Recurrent(cell="GRU", dropout=self.dropout, **self.sizes("channels", "depth"))


class LSTM(CurveNetwork):
    """Long short-term memory on folded light curves: reads the points from phase zero, judged after the last.

    The recurrent baseline of Zhang & Bloom (2020).
    """

    references = ("Hochreiter & Schmidhuber 1997, Neural Computation 9, 1735", "Zhang & Bloom 2020, arXiv:2011.01243")
    readout = "last"

    def body(self) -> Recurrent:
        """The recurrent layers."""
        return Recurrent(cell="LSTM", dropout=self.dropout, **self.sizes("channels", "depth"))
