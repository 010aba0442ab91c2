"""Ranking: may candidates be picked by it?"""

from __future__ import annotations

from checkstar.checks.rankings.ranking import Ranking

__all__ = ["CHECKS", "Ranking"]

#: In the order in which they are run and shown.
CHECKS = (Ranking,)
