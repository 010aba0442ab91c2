"""Relations: what physics demands of a label when an object is dimmed, redshifted, blended, taken to a limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checkstar.errors import InputError
from checkstar.noise import Noise
from checkstar.symmetries.base import Direction, Relation
from checkstar.symmetries.moved_noise import rearranged
from checkstar.symmetries.rearrangements import require_width

__all__ = ["Blend", "Dimming", "LimitingCase", "Redshift", "Response"]

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Response(Relation):
    """Any change, and the direction or the amount by which the label must answer.

    Parameters
    ----------
    name : str
        As it stands in the report.
    apply : callable
        ``apply(x, amount) -> x`` of the same shape; a new array.
    direction : {">=", "<=", "=="}
        How the label after the change compares with the label before plus `shift` times the amount.
    label : str, optional
        Which label; every one that is asked about by default.
    shift : float
        Change of the label per unit of the amount.
    amounts : (float, float)
        Smallest and largest amount.
    unit : str
        Unit of the amount, for the report.

    Examples
    --------
    >>> nearer = Response(name="brightening", apply=lambda x, a: x * 10 ** (0.4 * a), direction="<=", label="distance")
    >>> nearer.describe(0.5)
    'brightening of 0.5'
    """

    name: str
    apply: Callable[[Array, float], Array]
    direction: Direction
    label: str | None = None
    shift: float = 0.0
    amounts: tuple[float, float] = (0.1, 1.0)
    unit: str = ""

    def change(self, x: Array, amount: float) -> Array:
        changed = np.asarray(self.apply(x.copy(), amount), dtype=float)
        if changed.shape != x.shape:
            raise InputError(f"{self.name} returned shape {changed.shape} for x of {x.shape}; keep the shape.")
        return changed

    def expected(self, predicted: Array, amount: float) -> Array:
        return predicted + self.shift * amount

    def describe(self, amount: float) -> str:
        return f"{self.name} of {amount:.3g}{' ' + self.unit if self.unit else ''}"


@dataclass(frozen=True, kw_only=True)
class Dimming(Relation):
    """Dust in front of the object: amounts are magnitudes of extinction in V.

    Parameters
    ----------
    extinction : sequence of float
        A_lambda / A_V of each column of x; zero for columns that are no brightness.
    direction : {">=", "<=", "=="}
    label : str, optional
        For a label of reddening, ">=" or, with a `shift` of 1 (A_V) or 1 / 3.1 (E(B-V)), "==".
    magnitudes : bool
        Whether the columns are magnitudes; fluxes otherwise.
    shift, amounts
        As in `Response`.

    References
    ----------
    Cardelli, Clayton & Mathis 1989, ApJ 345, 245 (extinction curves).

    Examples
    --------
    >>> dust = Dimming(extinction=[1.0, 0.5], direction=">=", label="a_v", magnitudes=True)
    >>> dust.change(np.array([[20.0, 19.0]]), 1.0).tolist()
    [[21.0, 19.5]]
    """

    extinction: Sequence[float]
    direction: Direction
    label: str | None = None
    magnitudes: bool = False
    shift: float = 0.0
    amounts: tuple[float, float] = (0.05, 1.0)
    name: str = "dimming by dust"

    def change(self, x: Array, amount: float) -> Array:
        curve = np.asarray(self.extinction, dtype=float)
        require_width(self.name, x, len(curve))
        return x + amount * curve if self.magnitudes else x * 10 ** (-0.4 * amount * curve)

    def expected(self, predicted: Array, amount: float) -> Array:
        return predicted + self.shift * amount

    def describe(self, amount: float) -> str:
        return f"behind {amount:.3g} mag of dust"


@dataclass(frozen=True, kw_only=True)
class Redshift(Relation):
    """A spectrum on a logarithmic grid of wavelengths, shifted by whole pixels to the red.

    Amounts are pixels, rounded; the first pixels repeat the edge.

    Parameters
    ----------
    pixel : float
        ln(wavelength) per pixel.
    label : str, optional
        The label that follows: ``z' = (1 + z) exp(pixel * shift) - 1``, or ln(1 + z) where `logarithmic`, or a label
        that must not change where `invariant`.
    follows : {"redshift", "log", "invariant"}
    amounts : (float, float)
        Fewest and most pixels.
    """

    pixel: float
    label: str | None = None
    follows: str = "redshift"
    amounts: tuple[float, float] = (1.0, 10.0)
    direction: Direction = "=="
    name: str = "shifting to the red"

    def __post_init__(self) -> None:
        if self.follows not in ("redshift", "log", "invariant"):
            raise InputError(f"follows is {self.follows!r}; give 'redshift', 'log' or 'invariant'.")

    def change(self, x: Array, amount: float) -> Array:
        return x[:, self._columns(x.shape[1], amount)]

    def expected(self, predicted: Array, amount: float) -> Array:
        step = round(amount) * self.pixel
        if self.follows == "redshift":
            return (1 + predicted) * np.exp(step) - 1
        return predicted + step if self.follows == "log" else predicted

    def describe(self, amount: float) -> str:
        return f"shifted by {round(amount)} pixels to the red"

    def move_noise(self, noise: Noise, x: Array, amount: float) -> Noise:
        return rearranged(noise, self._columns(x.shape[1], amount)) or noise

    def _columns(self, n_features: int, amount: float) -> NDArray[np.intp]:
        return np.maximum(np.arange(n_features) - round(amount), 0)


@dataclass(frozen=True, kw_only=True)
class Blend(Relation):
    """Another source of known label on top: fluxes add, and so must an additive label. Amounts scale that source.

    Parameters
    ----------
    other : sequence of float
        Its fluxes in the columns of x.
    value : float
        Its label (flux, mass, counts); nothing of it may be lost.
    label : str, optional
    direction : {">=", "<=", "=="}
    """

    other: Sequence[float]
    value: float
    label: str | None = None
    direction: Direction = "=="
    amounts: tuple[float, float] = (0.1, 1.0)
    name: str = "blending"

    def change(self, x: Array, amount: float) -> Array:
        source = np.asarray(self.other, dtype=float)
        require_width(self.name, x, len(source))
        return x + amount * source

    def expected(self, predicted: Array, amount: float) -> Array:
        return predicted + amount * self.value

    def describe(self, amount: float) -> str:
        return f"blended with {amount:.3g} of another source"


@dataclass(frozen=True, kw_only=True)
class LimitingCase(Relation):
    """A limit in which the label is known, whatever the object was: no flux, no lens, no dust. Amounts lead there.

    Parameters
    ----------
    name : str
        As it stands in the report: "no lens".
    apply : callable
        ``apply(x, amount) -> x`` at the limit when the amount is 1.
    value : float
        The label there.
    label : str, optional
    direction : {">=", "<=", "=="}
    """

    name: str
    apply: Callable[[Array, float], Array]
    value: float
    label: str | None = None
    direction: Direction = "=="
    amounts: tuple[float, float] = (1.0, 1.0)

    def change(self, x: Array, amount: float) -> Array:
        return np.asarray(self.apply(x.copy(), amount), dtype=float)

    def expected(self, predicted: Array, amount: float) -> Array:
        return np.full(len(predicted), self.value)

    def describe(self, amount: float) -> str:
        return f"in the limit of {self.name}"
