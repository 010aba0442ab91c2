"""Family E: does it keep the symmetries that hold exactly?"""

from __future__ import annotations

from checkstar.checks.symmetry.determinism import Determinism
from checkstar.checks.symmetry.relations import KeepsRelations
from checkstar.checks.symmetry.symmetry import KeepsSymmetries

__all__ = ["CHECKS", "Determinism", "KeepsRelations", "KeepsSymmetries"]

#: In the order in which they are run and shown.
CHECKS = (KeepsSymmetries, KeepsRelations, Determinism)
