"""TIN and InvariantTIN: convolutions of several lengths side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from checkstar.methods.networks.convolutions import Ring, convolve
from checkstar.methods.networks.curve_networks import CurveNetwork

__all__ = ["TIN", "Inception", "InvariantTIN"]


@dataclass(frozen=True, kw_only=True)
class Inception:
    """Blocks of convolutions of three lengths and the maximum of neighbours, side by side (Ismail Fawaz et al. 2020).

    A block narrows its input to half the channels, convolves it with kernels of k, 3k and 9k points (odd numbers), a
    quarter of the channels each, and has the last quarter from the largest of three neighbours. Two blocks are one
    residual.
    """

    channels: int = 32
    depth: int = 6
    kernel: int = 3

    def layers(self, n_inputs: int) -> Any:
        """The layers, as torch keeps them."""
        import torch

        blocks = [self._block(self.channels if i else n_inputs) for i in range(self.depth)]
        skips = [
            torch.nn.Conv1d(self.channels if i else n_inputs, self.channels, 1, bias=False)
            for i in range(self.depth // 2)
        ]
        return torch.nn.ModuleDict({"blocks": torch.nn.ModuleList(blocks), "skips": torch.nn.ModuleList(skips)})

    def features(self, layers: Any, x: Any, ring: Ring) -> Any:
        """Features (b, channels, w) of every place of `x` (b, inputs, w)."""
        before = x
        for i, block in enumerate(layers["blocks"]):
            x = self._convolved(block, x, ring)
            if i % 2:
                x = x + layers["skips"][i // 2](before)
            x = x.relu()
            before = x if i % 2 else before
        return x

    def _convolved(self, block: Any, x: Any, ring: Ring) -> Any:
        import torch

        narrow = block["narrow"](x)
        branches = [convolve(layer, narrow, ring) for layer in block["kernels"]]
        largest = torch.nn.functional.max_pool1d(ring.extended(x, 1, 1), 3, stride=1)
        return block["norm"](torch.cat([*branches, block["pooled"](largest)], dim=1))

    def _block(self, n_inputs: int) -> Any:
        import torch

        part, half = self.channels // 4, self.channels // 2
        convolution = torch.nn.Conv1d
        return torch.nn.ModuleDict(
            {
                "narrow": convolution(n_inputs, half, 1, bias=False),
                "kernels": torch.nn.ModuleList(
                    [convolution(half, part, self.kernel * 3**i, bias=False) for i in range(3)]
                ),
                "pooled": convolution(n_inputs, self.channels - 3 * part, 1, bias=False),
                "norm": torch.nn.BatchNorm1d(self.channels),
            }
        )


class TIN(CurveNetwork):
    """Temporal inception network on folded light curves: kernels of several lengths, read at eight points in order.

    The twin of `InvariantTIN`: the same convolutions with zeros beyond both ends.
    """

    references = ("Ismail Fawaz et al. 2020, Data Min. Knowl. Disc. 34, 1936", "Zhang & Bloom 2020, arXiv:2011.01243")
    readout = "spread"

    def body(self) -> Inception:
        """The convolutions."""
        return Inception(**self.sizes("channels", "depth", "kernel"))


class InvariantTIN(CurveNetwork):
    """Temporal inception network on the ring of a folded light curve (iTIN): no phase is its beginning.

    Convolutions reach round the ring, and the classes are judged by the mean over its points.
    """

    references = TIN.references
    invariant = True

    def body(self) -> Inception:
        """The convolutions."""
        return Inception(**self.sizes("channels", "depth", "kernel"))
