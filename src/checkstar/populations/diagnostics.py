"""Diagnostics: whether sums over finite draws and injections can be believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checkstar.statistics.selection import FEWEST_PER_OBJECT

__all__ = ["FEWEST_DRAWS", "MOST_POOR", "MOST_VARIANCE", "Diagnostics"]

Array = NDArray[np.float64]

#: Draws below which an object's importance sum is not believed, and the share of objects that may have fewer.
FEWEST_DRAWS, MOST_POOR = 10.0, 0.01
#: Variance of ln L between the maximum and one sigma from it, from finite draws, above which nothing is said.
MOST_VARIANCE = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Diagnostics:
    """Whether sums over draws can be believed.

    Attributes
    ----------
    effective_draws : (n,) array
        Kish's number of draws of each object under the population found; infinite in closed form.
    total_variance : float
        Variance of the whole log-likelihood from finite draws and injections (Talbot & Golomb 2023, arXiv:2304.06138).
    variance : float
        That of its difference between the maximum and one standard error of the mean away, which is what moves the
        result (Essick & Farr 2022, arXiv:2204.00461).
    draws_bias : float
        Bias of the mean from finite draws, in standard errors; it was subtracted.
    n_uninformed : int
        Objects whose posterior is as wide as the interim prior; they say nothing.
    n_effective_injections : float
        Effective number of found injections; infinite without selection.
    """

    effective_draws: Array
    total_variance: float
    variance: float
    draws_bias: float
    n_uninformed: int
    n_effective_injections: float

    def refusal(self) -> str:
        """Why the result cannot be believed; empty where it can."""
        n = len(self.effective_draws)
        poor = int((self.effective_draws < FEWEST_DRAWS).sum())
        if poor > MOST_POOR * n:
            return (
                f"{poor} of {n} objects have fewer than {FEWEST_DRAWS:.0f} effective draws under the population; draw more, "
                "or under a wider interim prior"
            )
        if self.n_uninformed > 0.5 * n:
            return f"{self.n_uninformed} of {n} posteriors are as wide as the interim prior: they say nothing"
        if self.n_effective_injections < FEWEST_PER_OBJECT * n:
            return (
                f"the found injections count as {self.n_effective_injections:.0f}, and {FEWEST_PER_OBJECT * n:.0f} are "
                f"needed for {n} objects; inject more"
            )
        if self.variance > MOST_VARIANCE:
            return (
                f"finite draws move the log-likelihood by a variance of {self.variance:.2g} within one standard error of "
                "the mean; draw more"
            )
        return ""
