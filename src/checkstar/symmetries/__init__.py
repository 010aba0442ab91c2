"""Symmetries: groups under which a result must not change, or must change in a known way; and relations of physics."""

from __future__ import annotations

from checkstar.symmetries.base import Relation, Symmetry

__all__ = ["Relation", "Symmetry"]
