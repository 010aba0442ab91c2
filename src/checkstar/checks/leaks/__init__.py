"""Family I: has it seen what it should predict, and are the data what they seem to be?"""

from __future__ import annotations

from checkstar.checks.leaks.leakage import Leakage
from checkstar.checks.leaks.neighbours import Neighbours
from checkstar.checks.leaks.noise_ceiling import NoiseCeiling
from checkstar.checks.leaks.pooled_fit import PooledFit
from checkstar.checks.leaks.positions import Positions
from checkstar.checks.leaks.preprocessing import Preprocessing
from checkstar.checks.leaks.proxy import Proxy
from checkstar.checks.leaks.schema import Schema
from checkstar.checks.leaks.split import Split

__all__ = [
    "CHECKS",
    "Leakage",
    "Neighbours",
    "NoiseCeiling",
    "PooledFit",
    "Positions",
    "Preprocessing",
    "Proxy",
    "Schema",
    "Split",
]

#: In the order in which they are run and shown.
CHECKS = (Leakage, Positions, Neighbours, Proxy, Preprocessing, NoiseCeiling, PooledFit, Split, Schema)
