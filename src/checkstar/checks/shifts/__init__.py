"""Family C: is the data that it will be used on like the data that it learned from?"""

from __future__ import annotations

from checkstar.checks.shifts.domain import Domain

__all__ = ["CHECKS", "Domain"]

#: In the order in which they are run and shown.
CHECKS = (Domain,)
