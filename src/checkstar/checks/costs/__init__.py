"""Family J: what does it cost, and is it worth it?"""

from __future__ import annotations

from checkstar.checks.costs.expense import Expense

__all__ = ["CHECKS", "Expense"]

#: In the order in which they are run and shown.
CHECKS = (Expense,)
