"""Family J: what does it cost, and is it worth it?"""

from __future__ import annotations

from checkstar.checks.costs.account import Account
from checkstar.checks.costs.expense import Expense
from checkstar.checks.costs.latency import Latency

__all__ = ["CHECKS", "Account", "Expense", "Latency"]

#: In the order in which they are run and shown.
CHECKS = (Account, Expense, Latency)
