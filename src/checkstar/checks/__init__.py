"""Checks: one question a file. They never import each other."""

from __future__ import annotations

from checkstar.checks.accuracy import Accuracy
from checkstar.checks.attenuation import Attenuation
from checkstar.checks.base import NEEDS, Check
from checkstar.checks.baselines import Baselines
from checkstar.checks.class_calibration import ClassCalibration
from checkstar.checks.coverage import Coverage
from checkstar.checks.domain import Domain
from checkstar.checks.expense import Expense
from checkstar.checks.leakage import Leakage
from checkstar.checks.noise_response import NoiseResponse
from checkstar.checks.population import PopulationMean
from checkstar.checks.pulls import Pulls
from checkstar.checks.ranking import Ranking
from checkstar.checks.reference import Reference
from checkstar.checks.skill import Skill

__all__ = [
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


def default_checks() -> tuple[Check, ...]:
    """All checks of this package with their default settings, the flagship first."""
    return (
        PopulationMean(),
        Accuracy(),
        Reference(),
        Baselines(),
        Attenuation(),
        Pulls(),
        Coverage(),
        Skill(),
        ClassCalibration(),
        Domain(),
        NoiseResponse(),
        Leakage(),
        Ranking(),
        Expense(),
    )
