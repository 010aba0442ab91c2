"""Checks: one question a file, one family a folder. They never import each other."""

from __future__ import annotations

from checkstar.checks import (
    calibrations,
    costs,
    explanations,
    leaks,
    populations,
    posteriors,
    practice,
    rankings,
    references,
    robustness,
    shifts,
    symmetry,
)
from checkstar.checks.base import DECLARATIONS, NEEDS, Check
from checkstar.checks.calibrations import ClassCalibration, Coverage, Pulls, Skill
from checkstar.checks.costs import Expense
from checkstar.checks.leaks import Leakage
from checkstar.checks.populations import PopulationMean
from checkstar.checks.rankings import Ranking
from checkstar.checks.references import Accuracy, Attenuation, Baselines, Reference
from checkstar.checks.robustness import NoiseResponse
from checkstar.checks.shifts import Domain

__all__ = [
    "DECLARATIONS",
    "NEEDS",
    "Accuracy",
    "Attenuation",
    "Baselines",
    "Check",
    "ClassCalibration",
    "Coverage",
    "Domain",
    "Expense",
    "Leakage",
    "NoiseResponse",
    "PopulationMean",
    "Pulls",
    "Ranking",
    "Reference",
    "Skill",
    "default_checks",
]

#: In the order in which they are run and shown, the flagship first.
_FAMILIES = (
    populations,
    references,
    calibrations,
    posteriors,
    shifts,
    robustness,
    symmetry,
    leaks,
    rankings,
    explanations,
    costs,
    practice,
)


def default_checks(*, refit: bool = False) -> tuple[Check, ...]:
    """All checks of this package with their default settings; those that fit the method again only with `refit`."""
    found: tuple[Check, ...] = tuple(kind() for family in _FAMILIES for kind in family.CHECKS)
    return tuple(check for check in found if refit or not check.refits)
