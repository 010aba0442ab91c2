"""Family D: how does it answer to noise, in units of noise?"""

from __future__ import annotations

from checkstar.checks.robustness.missing import Missing
from checkstar.checks.robustness.noise_excess import NoiseExcess
from checkstar.checks.robustness.noise_response import NoiseResponse
from checkstar.checks.robustness.nuisances import Nuisances
from checkstar.checks.robustness.snr import SignalToNoise
from checkstar.checks.robustness.worst_case import WorstCase

__all__ = ["CHECKS", "Missing", "NoiseExcess", "NoiseResponse", "Nuisances", "SignalToNoise", "WorstCase"]

#: In the order in which they are run and shown.
CHECKS = (NoiseResponse, WorstCase, NoiseExcess, Nuisances, Missing, SignalToNoise)
