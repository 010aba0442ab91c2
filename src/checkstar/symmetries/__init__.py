"""Symmetries: groups under which a result must not change, or must change in a known way; and relations of physics."""

from __future__ import annotations

from checkstar.symmetries.base import Relation, Symmetry
from checkstar.symmetries.cyclic_shift import CyclicShift
from checkstar.symmetries.epoch import Epoch
from checkstar.symmetries.flip import Flip
from checkstar.symmetries.label_maps import LabelMap
from checkstar.symmetries.permutation import BandOrder, EpochOrder, Permutation
from checkstar.symmetries.relations import Blend, Dimming, LimitingCase, Redshift, Response
from checkstar.symmetries.rotation import Rotation
from checkstar.symmetries.rotation90 import Rotation90
from checkstar.symmetries.sky_frame import SkyFrame
from checkstar.symmetries.time_reference import TimeReference
from checkstar.symmetries.time_shift import TimeShift
from checkstar.symmetries.translation import CyclicTranslation, Translation
from checkstar.symmetries.units import Units
from checkstar.symmetries.zero_point import ZeroPoint

__all__ = [
    "BandOrder",
    "Blend",
    "CyclicShift",
    "CyclicTranslation",
    "Dimming",
    "Epoch",
    "EpochOrder",
    "Flip",
    "LabelMap",
    "LimitingCase",
    "Permutation",
    "Redshift",
    "Relation",
    "Response",
    "Rotation",
    "Rotation90",
    "SkyFrame",
    "Symmetry",
    "TimeReference",
    "TimeShift",
    "Translation",
    "Units",
    "ZeroPoint",
]
