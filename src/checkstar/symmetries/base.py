"""Symmetry and Relation: what must hold of every prediction, whatever the object."""

from __future__ import annotations

from abc import ABC, abstractmethod

__all__ = ["Relation", "Symmetry"]


class Symmetry(ABC):
    """A group that acts on observations, and how labels must follow."""

    @property
    @abstractmethod
    def name(self) -> str:
        """As it stands in the report."""


class Relation(ABC):
    """A change of the observations after which predictions must change in a known direction or by a known amount."""

    @property
    @abstractmethod
    def name(self) -> str:
        """As it stands in the report."""
