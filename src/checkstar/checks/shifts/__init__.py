"""Family C: is the data that it will be used on like the data that it learned from?"""

from __future__ import annotations

from checkstar.checks.shifts.cross_survey import CrossSurvey
from checkstar.checks.shifts.domain import Domain
from checkstar.checks.shifts.input_shift import InputShift
from checkstar.checks.shifts.novelty import Novelty
from checkstar.checks.shifts.shift_kind import ShiftKind
from checkstar.checks.shifts.support import Support
from checkstar.checks.shifts.train_test_matrix import TrainTestMatrix

__all__ = ["CHECKS", "CrossSurvey", "Domain", "InputShift", "Novelty", "ShiftKind", "Support", "TrainTestMatrix"]

#: In the order in which they are run and shown.
CHECKS = (Domain, InputShift, Support, ShiftKind, CrossSurvey, TrainTestMatrix, Novelty)
