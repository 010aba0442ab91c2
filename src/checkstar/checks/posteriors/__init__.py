"""Family B for posteriors of any dimension: samples or densities."""

from __future__ import annotations

from checkstar.checks.base import Check
from checkstar.checks.posteriors.contraction import Contraction
from checkstar.checks.posteriors.expected_coverage import ExpectedCoverage
from checkstar.checks.posteriors.local_calibration import LocalCalibration
from checkstar.checks.posteriors.misspecification import Misspecification
from checkstar.checks.posteriors.sbc import Sbc
from checkstar.checks.posteriors.tarp import Tarp

__all__ = ["CHECKS", "Contraction", "ExpectedCoverage", "LocalCalibration", "Misspecification", "Sbc", "Tarp"]

#: In the order in which they are run and shown.
CHECKS: tuple[type[Check], ...] = (Sbc, ExpectedCoverage, Tarp, LocalCalibration, Contraction, Misspecification)
