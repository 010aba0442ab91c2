"""Head: from features of every point to the logits of a sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from checkstar.methods.networks.convolutions import Ring

__all__ = ["Head", "Readout"]

Readout = Literal["mean", "last", "spread"]

#: Units of the hidden layer, and points that a `spread` head reads.
_HIDDEN, _SPREAD = 32, 8


@dataclass(frozen=True, kw_only=True)
class Head:
    """A perceptron of one hidden layer on features of points, and on numbers known beside them.

    With the readout "mean" every point is judged alone, and the logits are the mean over all points. (The last layer is
    linear, so the mean is taken before it, which is the same.) "last" judges the last point, "spread" eight that stand
    evenly in the sequence, together and in their order: what pooling by two leaves at the end of a deep network.
    """

    readout: Readout
    n_classes: int
    dropout: float = 0.0

    def layers(self, n_features: int, n_beside: int) -> Any:
        """The layers, as torch keeps them."""
        import torch

        n_read = n_features * (_SPREAD if self.readout == "spread" else 1)
        return torch.nn.ModuleDict(
            {
                "points": torch.nn.Linear(n_read, _HIDDEN),
                "beside": torch.nn.Linear(n_beside, _HIDDEN, bias=False),
                "drop": torch.nn.Dropout(self.dropout),
                "last": torch.nn.Linear(_HIDDEN, self.n_classes),
            }
        )

    def logits(self, layers: Any, features: Any, beside: Any, ring: Ring) -> Any:
        """Logits (b, n_classes) from features (b, c, w) and the numbers beside them (b, n_beside)."""
        import torch

        points, known = layers["points"], layers["beside"](beside)
        if self.readout == "mean":
            each = torch.nn.functional.conv1d(features, points.weight[:, :, None], points.bias)
            hidden = ring.mean((each + known[:, :, None]).relu())
        else:
            read = ring.last(features) if self.readout == "last" else ring.spread(features, _SPREAD).flatten(1)
            hidden = (points(read) + known).relu()
        return layers["last"](layers["drop"](hidden))
