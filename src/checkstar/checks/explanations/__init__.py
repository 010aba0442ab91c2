"""Family H: what does it look at?"""

from __future__ import annotations

from checkstar.checks.explanations.importance import Importance

__all__ = ["CHECKS", "Importance"]

#: In the order in which they are run and shown.
CHECKS = (Importance,)
