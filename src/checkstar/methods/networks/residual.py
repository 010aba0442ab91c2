"""ResNet and InvariantResNet: residual convolutions, with pooling that keeps the ring whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from checkstar.methods.networks.convolutions import Ring, convolve, pool
from checkstar.methods.networks.curve_networks import CurveNetwork

__all__ = ["InvariantResNet", "ResNet", "Residual"]

_ZHANG = "Zhang & Bloom 2020, arXiv:2011.01243"
_HE = "He et al. 2016, CVPR 770"


@dataclass(frozen=True, kw_only=True)
class Residual:
    """Levels of two residual blocks of two convolutions each; between levels, pooling by two and dilation by two."""

    channels: int = 32
    depth: int = 5
    kernel: int = 3

    def layers(self, n_inputs: int) -> Any:
        """The layers, as torch keeps them."""
        import torch

        blocks = [self._block(2**level) for level in range(self.depth) for _ in range(2)]
        stem = torch.nn.Conv1d(n_inputs, self.channels, 2 * self.kernel + 1, bias=False)
        return torch.nn.ModuleList([stem, torch.nn.BatchNorm1d(self.channels), *blocks])

    def features(self, layers: Any, x: Any, ring: Ring) -> Any:
        """Features (b, channels, w) of every place of `x` (b, inputs, w)."""
        stem, norm, *blocks = layers
        x = norm(convolve(stem, x, ring)).relu_()
        for i, (first, first_norm, second, second_norm) in enumerate(blocks):
            if i and i % 2 == 0:
                x = pool(x, ring, 2 ** (i // 2 - 1))
            change = first_norm(convolve(first, x, ring)).relu_()
            x = (x + second_norm(convolve(second, change, ring))).relu_()
        return x

    def _block(self, dilation: int) -> Any:
        import torch

        convolutions = [
            torch.nn.Conv1d(self.channels, self.channels, self.kernel, dilation=dilation, bias=False) for _ in range(2)
        ]
        norms = [torch.nn.BatchNorm1d(self.channels) for _ in range(2)]
        # A block begins as the identity, so that a deep network learns as a shallow one does.
        torch.nn.init.zeros_(norms[1].weight)
        return torch.nn.ModuleList([convolutions[0], norms[0], convolutions[1], norms[1]])


class ResNet(CurveNetwork):
    """Residual network on folded light curves: pooled by two between levels, read at eight points in order.

    The twin of `InvariantResNet`: the same convolutions with zeros beyond both ends.
    """

    references = (_HE, _ZHANG)
    readout = "spread"

    def body(self) -> Residual:
        """The convolutions."""
        return Residual(**self.sizes("channels", "depth", "kernel"))


class InvariantResNet(CurveNetwork):
    """Residual network on the ring of a folded light curve (iResNet): no phase is its beginning, exactly.

    The published network pools by two and keeps every second point, so its classes depend on which point is the first;
    here pooling leaves out no point (`checkstar.methods.networks.convolutions.pool`).
    """

    references = ResNet.references
    invariant = True

    def body(self) -> Residual:
        """The convolutions."""
        return Residual(**self.sizes("channels", "depth", "kernel"))
