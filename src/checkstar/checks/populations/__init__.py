"""Family F: may its results be averaged, and what repairs them?"""

from __future__ import annotations

from checkstar.checks.populations.contrast import Contrast
from checkstar.checks.populations.double_use import DoubleUse
from checkstar.checks.populations.gold_sample import GoldSample
from checkstar.checks.populations.population import PopulationMean
from checkstar.checks.populations.population_repair import PopulationRepair
from checkstar.checks.populations.selection import Selection

__all__ = ["CHECKS", "Contrast", "DoubleUse", "GoldSample", "PopulationMean", "PopulationRepair", "Selection"]

#: In the order in which they are run and shown.
CHECKS = (PopulationMean, PopulationRepair, Contrast, GoldSample, Selection, DoubleUse)
