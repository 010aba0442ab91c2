"""Family D: how does it answer to noise, in units of noise?"""

from __future__ import annotations

from checkstar.checks.robustness.noise_response import NoiseResponse

__all__ = ["CHECKS", "NoiseResponse"]

#: In the order in which they are run and shown.
CHECKS = (NoiseResponse,)
