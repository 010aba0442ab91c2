"""Ring: convolutions and pooling of sequences that close on themselves, or end with zeros."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Ring", "convolve", "pool"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Ring:
    """How the sequences of a batch (b, channels, w) end.

    A cyclic sequence of n points is continued with its own beginning up to the width of the batch and beyond. Every
    layer keeps that continuation, so objects of unlike length share a batch and each is exactly a ring of its own
    length. Otherwise there are zeros after the last point.

    Parameters
    ----------
    length : (b,) tensor of int
        Points n of each sequence.
    width : int
        Places w of the batch.
    cyclic : bool
        Whether the sequences close on themselves.
    uniform : bool
        Whether every length is the width, which is quicker.
    """

    length: Any
    width: int
    cyclic: bool
    uniform: bool

    @classmethod
    def of(cls, length: Any, width: int, cyclic: bool) -> Ring:
        """The ring of a batch with these lengths (a tensor)."""
        return cls(length=length, width=width, cyclic=cyclic, uniform=bool((length == width).all()))

    def places(self, first: int, last: int) -> Any:
        """Which point of each sequence (b, last - first) the places from `first` to `last` hold, if it is cyclic."""
        import torch

        return torch.arange(first, last, device=self.length.device) % self.length[:, None]

    @property
    def inside(self) -> Any:
        """One where there is a point, else zero, (b, 1, w)."""
        import torch

        return (torch.arange(self.width, device=self.length.device) < self.length[:, None])[:, None, :]

    def begun(self, x: Any) -> Any:
        """Sequences (b, channels, L), zero after their last point, at the width of the batch."""
        import torch

        if not self.cyclic or self.uniform:
            return torch.nn.functional.pad(x, (0, self.width - x.shape[2]))
        return self._taken(x, 0, self.width)

    def extended(self, x: Any, before: int, after: int) -> Any:
        """`x` with so many more places before its first and after its last."""
        import torch

        if not self.cyclic:
            x = x if self.uniform else x * self.inside
            return torch.nn.functional.pad(x, (before, after))
        if self.uniform and max(before, after) <= self.width:
            # x[..., -0:] would be everything.
            return torch.cat([x[..., self.width - before :], x, x[..., :after]], dim=2)
        left, right = self._taken(x, -before, 0), self._taken(x, self.width, self.width + after)
        return torch.cat([left, x, right], dim=2)

    def mean(self, x: Any) -> Any:
        """Mean (b, channels) over the points of each sequence."""
        # Summed in double precision: where the sequence begins then leaves no trace in the last digits.
        total = x.double().sum(dim=2) if self.uniform else (x.double() * self.inside).sum(dim=2)
        return (total / self.length[:, None]).to(x.dtype)

    def last(self, x: Any) -> Any:
        """The last point (b, channels) of each sequence."""
        return self._picked(x, (self.length - 1)[:, None])[..., 0]

    def spread(self, x: Any, n_places: int) -> Any:
        """Points (b, channels, n_places) that stand evenly in each sequence."""
        import torch

        steps = 2 * torch.arange(n_places, device=self.length.device) + 1
        return self._picked(x, steps * self.length[:, None] // (2 * n_places))

    def _taken(self, x: Any, first: int, last: int) -> Any:
        return self._picked(x, self.places(first, last))

    def _picked(self, x: Any, places: Any) -> Any:
        return x.gather(2, places[:, None, :].expand(-1, x.shape[1], -1))


def convolve(layer: Any, x: Any, ring: Ring, causal: bool = False) -> Any:
    """A `torch.nn.Conv1d` without padding on sequences (b, channels, w), which keep their width.

    Parameters
    ----------
    causal : bool
        Whether a place sees only those before it; else as many on both sides.
    """
    span = (layer.kernel_size[0] - 1) * layer.dilation[0]
    after = 0 if causal else span // 2
    return layer(ring.extended(x, span - after, after) if span else x)


def pool(x: Any, ring: Ring, step: int) -> Any:
    """The larger of each place and the one `step` before it: pooling that leaves out no place (a trous).

    Pooling by two that keeps every second place depends on which of them is the first; this one, with convolutions
    dilated by twice as much from here on, computes the same at those places and as well at those between.
    """
    import torch

    return torch.maximum(x, ring.extended(x, step, 0)[..., : ring.width])
