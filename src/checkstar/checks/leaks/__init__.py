"""Family I: has it seen what it should predict?"""

from __future__ import annotations

from checkstar.checks.leaks.leakage import Leakage

__all__ = ["CHECKS", "Leakage"]

#: In the order in which they are run and shown.
CHECKS = (Leakage,)
