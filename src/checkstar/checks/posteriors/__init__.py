"""Family B for posteriors of any dimension: samples or densities."""

from __future__ import annotations

from checkstar.checks.base import Check

__all__ = ["CHECKS"]

#: In the order in which they are run and shown.
CHECKS: tuple[type[Check], ...] = ()
