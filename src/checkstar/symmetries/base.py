"""Symmetry and Relation: what must hold of every prediction, whatever the object."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from checkstar.noise import Noise
from checkstar.symmetries.label_maps import LabelMap

__all__ = ["Additive", "Direction", "Element", "Relation", "Symmetry", "dyadic_step"]

#: An element of a group: a number, or a tuple of numbers; only its group knows what it means.
Element = Any
#: How a prediction must compare with what is expected of it.
Direction = Literal[">=", "<=", "=="]


class Symmetry(ABC):
    """A group that acts on observations, and how their noise and the labels must follow.

    Subclasses are frozen dataclasses of settings. `checkstar.testing.symmetry_contract.check_symmetry` holds what every
    one must satisfy.

    Class attributes
    ----------------
    passive : bool
        Whether it changes the description (units, zero points, frames) and not the object.
    """

    passive: ClassVar[bool] = False

    @property
    @abstractmethod
    def name(self) -> str:
        """As it stands in the report: "quarter turns"."""

    @property
    def exact(self) -> bool:
        """Whether nothing is lost, so that predictions must agree to the precision of floating-point numbers."""
        return True

    @property
    @abstractmethod
    def identity(self) -> Element:
        """The element that changes nothing."""

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> Element:
        """A random element; hardly ever the identity."""

    @abstractmethod
    def compose(self, g: Element, h: Element) -> Element:
        """The element that does what `h` does first and `g` then."""

    @abstractmethod
    def inverse(self, g: Element) -> Element:
        """The element that undoes `g`."""

    @abstractmethod
    def size(self, g: Element) -> float:
        """How far `g` is from the identity, whose size alone is zero; it orders counter-examples."""

    @abstractmethod
    def describe(self, g: Element) -> str:
        """What was done, in words: "rotated by 90 degrees"."""

    @abstractmethod
    def act(self, g: Element, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Observations (n, p) of the changed objects; a new array."""

    @abstractmethod
    def move_sigma(self, g: Element, sigma: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Standard deviations (n, p) of ``act(g, x)``, given those of `x`."""

    @abstractmethod
    def move_noise(self, g: Element, noise: Noise, x: NDArray[np.float64]) -> Noise:
        """The noise of ``act(g, x)``, given that of `x`."""

    def label_map(self, g: Element, names: Sequence[str]) -> LabelMap:
        """How the labels of these names follow; they stay as they are unless the settings say otherwise."""
        return LabelMap.unchanged(len(names))

    def elements(self) -> tuple[Element, ...] | None:
        """All elements of a small group, the identity first; None where they are many."""
        return None

    def simpler(self, g: Element) -> Sequence[Element]:
        """Elements to try in place of `g` in a counter-example, the nearest to the identity first."""
        return ()


class Additive(Symmetry):
    """A symmetry whose elements are numbers that add: a time, a magnitude, a number of years."""

    @property
    def identity(self) -> float:
        return 0.0

    def compose(self, g: float, h: float) -> float:
        return g + h

    def inverse(self, g: float) -> float:
        return -g

    def size(self, g: float) -> float:
        return abs(g)


def dyadic_step(largest: float, rng: np.random.Generator) -> float:
    """A number between minus and plus `largest`, never zero, of which few binary digits are set: sums of it stay exact."""
    steps = int(rng.integers(1, 65)) * int(rng.choice([-1, 1]))
    return largest * steps / 64


class Relation(ABC):
    """A change of the observations after which a label must change in a known direction or by a known amount.

    Attributes
    ----------
    name : str
        As it stands in the report: "dimming by dust".
    label : str or None
        Which label answers; every one that is asked about where it is None.
    direction : {">=", "<=", "=="}
        How the label after the change compares with what is expected.
    amounts : (float, float)
        Smallest and largest amount of the change.
    """

    name: str
    label: str | None
    direction: Direction
    amounts: tuple[float, float]

    @abstractmethod
    def change(self, x: NDArray[np.float64], amount: float) -> NDArray[np.float64]:
        """Observations (n, p) after a change of this amount; a new array."""

    @abstractmethod
    def expected(self, predicted: NDArray[np.float64], amount: float) -> NDArray[np.float64]:
        """What the label (n,) is compared with after the change, given its prediction before."""

    @abstractmethod
    def describe(self, amount: float) -> str:
        """What was done, in words: "dimmed by 0.3 mag of dust"."""

    def move_noise(self, noise: Noise, x: NDArray[np.float64], amount: float) -> Noise:
        """The noise of the changed observations; as it was unless the settings say otherwise."""
        return noise
