"""Schedules of the learning rate: halved where the loss stays, or one rise and fall over the whole training."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

__all__ = ["OneCycle", "Plateau", "Schedule", "schedule_of"]


@dataclass(kw_only=True)
class Plateau:
    """The rate is halved after more than `patience` epochs in a row without a loss lower by a part in 10,000."""

    peak: float
    patience: int
    best: float = math.inf
    n_bad: int = 0
    factor: float = 1.0

    def rate(self, share: float) -> float:
        """Learning rate after this share of the training."""
        return self.peak * self.factor

    def note(self, loss: float) -> None:
        """Take the held-out loss of an epoch into account."""
        if loss < self.best * (1 - 1e-4):
            self.best, self.n_bad = loss, 0
        else:
            self.n_bad += 1
        if self.n_bad > self.patience:
            self.factor, self.n_bad = self.factor / 2, 0


@dataclass(kw_only=True)
class OneCycle:
    """The rate rises to its peak over a quarter of the training and falls to nothing, by cosines (Smith & Topin 2019).

    Examples
    --------
    >>> [round(OneCycle(peak=1.0).rate(share), 3) for share in (0.0, 0.25, 0.625, 1.0)]
    [0.04, 1.0, 0.5, 0.0]
    """

    peak: float
    risen: float = 0.25
    start: float = 0.04

    def rate(self, share: float) -> float:
        """Learning rate after this share of the training."""
        if share < self.risen:
            return self.peak * (self.start + (1 - self.start) * (1 - math.cos(math.pi * share / self.risen)) / 2)
        return self.peak * (1 + math.cos(math.pi * (share - self.risen) / (1 - self.risen))) / 2

    def note(self, loss: float) -> None:
        """The loss changes nothing."""


Schedule = Plateau | OneCycle


def schedule_of(name: Literal["plateau", "one_cycle"], peak: float, patience: int) -> Schedule:
    """The schedule of this name."""
    return OneCycle(peak=peak) if name == "one_cycle" else Plateau(peak=peak, patience=patience)
