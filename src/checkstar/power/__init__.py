"""Power: how often each check finds a planted fault, and how often it raises a false alarm, measured."""

from __future__ import annotations

from checkstar.power.measurement import measure
from checkstar.power.table import PowerTable, detection, power_rows, shipped
from checkstar.power.trials import Trials, examined, try_check

__all__ = ["PowerTable", "Trials", "detection", "examined", "measure", "power_rows", "shipped", "try_check"]
