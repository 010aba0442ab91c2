"""Family F: may its results be averaged, and what repairs them?"""

from __future__ import annotations

from checkstar.checks.populations.population import PopulationMean

__all__ = ["CHECKS", "PopulationMean"]

#: In the order in which they are run and shown.
CHECKS = (PopulationMean,)
