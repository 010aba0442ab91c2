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
from checkstar.checks.calibrations import ClassCalibration, Coverage, EpistemicHonesty, Pulls, Skill
from checkstar.checks.costs import Account, Expense, Latency
from checkstar.checks.explanations import Importance
from checkstar.checks.leaks import (
    Leakage,
    Neighbours,
    NoiseCeiling,
    PooledFit,
    Positions,
    Preprocessing,
    Proxy,
    Schema,
    Split,
)
from checkstar.checks.populations import (
    Contrast,
    DoubleUse,
    GoldSample,
    PopulationMean,
    PopulationRepair,
    Selection,
)
from checkstar.checks.posteriors import (
    Contraction,
    ExpectedCoverage,
    LocalCalibration,
    Misspecification,
    Sbc,
    Tarp,
)
from checkstar.checks.practice import LearningCurve, Prequential, Seeds, Simplicity
from checkstar.checks.rankings import Ranking
from checkstar.checks.references import Accuracy, Attenuation, Baselines, InformationLimit, Reference
from checkstar.checks.robustness import (
    Missing,
    NoiseExcess,
    NoiseResponse,
    Nuisances,
    SignalToNoise,
    WorstCase,
)
from checkstar.checks.shifts import (
    CrossSurvey,
    Domain,
    InputShift,
    Novelty,
    ShiftKind,
    Support,
    TrainTestMatrix,
)
from checkstar.checks.symmetry import Determinism, KeepsRelations, KeepsSymmetries

__all__ = [
    "DECLARATIONS",
    "NEEDS",
    "Account",
    "Accuracy",
    "Attenuation",
    "Baselines",
    "Check",
    "ClassCalibration",
    "Contraction",
    "Contrast",
    "Coverage",
    "CrossSurvey",
    "Determinism",
    "Domain",
    "DoubleUse",
    "EpistemicHonesty",
    "ExpectedCoverage",
    "Expense",
    "GoldSample",
    "Importance",
    "InformationLimit",
    "InputShift",
    "KeepsRelations",
    "KeepsSymmetries",
    "Latency",
    "Leakage",
    "LearningCurve",
    "LocalCalibration",
    "Missing",
    "Misspecification",
    "Neighbours",
    "NoiseCeiling",
    "NoiseExcess",
    "NoiseResponse",
    "Novelty",
    "Nuisances",
    "PooledFit",
    "PopulationMean",
    "PopulationRepair",
    "Positions",
    "Preprocessing",
    "Prequential",
    "Proxy",
    "Pulls",
    "Ranking",
    "Reference",
    "Sbc",
    "Schema",
    "Seeds",
    "Selection",
    "ShiftKind",
    "SignalToNoise",
    "Simplicity",
    "Skill",
    "Split",
    "Support",
    "Tarp",
    "TrainTestMatrix",
    "WorstCase",
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
