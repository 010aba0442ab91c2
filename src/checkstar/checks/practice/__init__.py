"""Family O: was it made, and is it used, as good practice asks?"""

from __future__ import annotations

from checkstar.checks.base import Check

__all__ = ["CHECKS"]

#: In the order in which they are run and shown.
CHECKS: tuple[type[Check], ...] = ()
