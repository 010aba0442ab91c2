"""Family A: is it right, and better than what there is?"""

from __future__ import annotations

from checkstar.checks.references.accuracy import Accuracy
from checkstar.checks.references.attenuation import Attenuation
from checkstar.checks.references.baselines import Baselines
from checkstar.checks.references.information_limit import InformationLimit
from checkstar.checks.references.reference import Reference

__all__ = ["CHECKS", "Accuracy", "Attenuation", "Baselines", "InformationLimit", "Reference"]

#: In the order in which they are run and shown.
CHECKS = (Accuracy, Reference, Baselines, InformationLimit, Attenuation)
