"""Family O: was it made, and is it used, as good practice asks?"""

from __future__ import annotations

from checkstar.checks.practice.learning_curve import LearningCurve
from checkstar.checks.practice.prequential import Prequential
from checkstar.checks.practice.seeds import Seeds
from checkstar.checks.practice.simplicity import Simplicity

__all__ = ["CHECKS", "LearningCurve", "Prequential", "Seeds", "Simplicity"]

#: In the order in which they are run and shown.
CHECKS = (Simplicity, Prequential, LearningCurve, Seeds)
