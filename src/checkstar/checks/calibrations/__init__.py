"""Family B: do its error bars and probabilities mean what they say?"""

from __future__ import annotations

from checkstar.checks.calibrations.class_calibration import ClassCalibration
from checkstar.checks.calibrations.coverage import Coverage
from checkstar.checks.calibrations.epistemic_honesty import EpistemicHonesty
from checkstar.checks.calibrations.pulls import Pulls
from checkstar.checks.calibrations.skill import Skill

__all__ = ["CHECKS", "ClassCalibration", "Coverage", "EpistemicHonesty", "Pulls", "Skill"]

#: In the order in which they are run and shown.
CHECKS = (Pulls, Coverage, Skill, EpistemicHonesty, ClassCalibration)
