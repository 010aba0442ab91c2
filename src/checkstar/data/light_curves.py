"""LightCurves: many unevenly sampled light curves in flat columns, one list an object, as Arrow keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.errors import InputError, unknown_name

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["Curve", "LightCurves", "joined", "require_light_curves"]

Array = NDArray[np.float64]


class Curve(NamedTuple):
    """One light curve: times (MJD), values, errors, and codes of the bands; each (m,)."""

    time: Array
    value: Array
    error: Array
    band: NDArray[np.int16]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LightCurves:
    """Light curves of n objects with N epochs in all: one table with list columns, as nested-pandas and HATS write it.

    Parameters
    ----------
    time : (N,) array
        Modified Julian date in days of the scale `time_scale`; the epochs of one object stand together.
    value : (N,) array
        Magnitude or flux, in `unit`.
    error : (N,) array
        Standard error of `value`; NaN where it is not known.
    offsets : (n + 1,) array of int
        Object i has the epochs ``offsets[i]:offsets[i + 1]``.
    band : (N,) array of int, optional
        Position in `bands`; all epochs are of the first where it is left out.
    bands : sequence of str
        Names of the passbands.
    meta : table, optional
        One row of metadata per object: name, position, class, catalogue period.
    unit : str
        Of values and errors, as astropy writes it: "mag", "nJy".
    time_scale : str
        Scale and place of the times: "utc", "tdb", "hjd_utc", "bjd_tdb".
    name, citation : str
        For reports.

    Raises
    ------
    InputError
        If lengths disagree or a band has no name.

    Examples
    --------
    >>> curves = LightCurves.from_lists([[0.0, 1.0, 3.0], [5.0]], [[15.1, 15.3, 15.2], [12.0]], [[0.1] * 3, [0.02]])
    >>> curves, curves.n_epochs.tolist(), curves[[1]].value.tolist()
    (LightCurves(2 objects; 4 epochs in V; mag), [3, 1], [12.0])
    """

    time: Array
    value: Array
    error: Array
    offsets: NDArray[np.int64]
    band: NDArray[np.int16] | None = None
    bands: tuple[str, ...] = ("V",)
    meta: pd.DataFrame = field(default=None)  # type: ignore[assignment]
    unit: str = "mag"
    time_scale: str = "utc"
    name: str = ""
    citation: str = ""

    def __post_init__(self) -> None:
        import pandas as pd

        for column in ("time", "value", "error"):
            object.__setattr__(self, column, _floats(column, getattr(self, column)))
        object.__setattr__(self, "offsets", _offsets(self.offsets, len(self.time)))
        if isinstance(self.bands, str):
            raise InputError(f"bands is the text {self.bands!r}; give a sequence of names.")
        band = np.zeros(len(self.time), np.int16) if self.band is None else np.asarray(self.band, np.int16)
        object.__setattr__(self, "band", band)
        object.__setattr__(self, "bands", tuple(self.bands))
        n = len(self)
        meta = pd.DataFrame(index=range(n)) if self.meta is None else pd.DataFrame(self.meta).reset_index(drop=True)
        object.__setattr__(self, "meta", meta)
        for column in ("value", "error", "band"):
            if len(getattr(self, column)) != len(self.time):
                raise InputError(
                    f"there are {len(self.time)} times but {len(getattr(self, column))} entries of {column}; give one per epoch."
                )
        if len(meta) != n:
            raise InputError(f"meta describes {len(meta)} objects but there are {n} light curves; give one row each.")
        if len(band) and not (band.min() >= 0 and band.max() < len(self.bands)):
            raise InputError(
                f"bands are numbered {band.min()} to {band.max()} but {len(self.bands)} have a name; name each."
            )

    @classmethod
    def from_lists(
        cls,
        time: Sequence[ArrayLike],
        value: Sequence[ArrayLike],
        error: Sequence[ArrayLike] | None = None,
        band: Sequence[Sequence[str]] | None = None,
        **settings: Any,
    ) -> LightCurves:
        """Light curves from one sequence per object; names of bands are numbered in alphabetical order."""
        lengths = _lengths("time", time)
        for column, lists in (("value", value), ("error", error), ("band", band)):
            if lists is not None:
                _same_lengths(column, _lengths(column, lists), lengths)
        columns: dict[str, Any] = {"time": _joined("time", time), "value": _joined("value", value)}
        columns["error"] = np.full(len(columns["time"]), np.nan) if error is None else _joined("error", error)
        if band is not None:
            flat = np.concatenate([np.empty(0, str), *(np.asarray(one, str) for one in band)])
            names, codes = np.unique(flat, return_inverse=True)
            columns |= {"band": codes.astype(np.int16), "bands": tuple(map(str, names))}
        return cls(offsets=np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]), **columns, **settings)

    @classmethod
    def from_arrow(cls, table: pa.Table, columns: Mapping[str, str] | None = None, **settings: Any) -> LightCurves:
        """Light curves from a table with list columns, or with one struct of lists; see `checkstar.data.curve_tables`."""
        from checkstar.data.curve_tables import from_arrow

        return from_arrow(table, columns, **settings)

    def to_arrow(self) -> pa.Table:
        """The table with list columns time, value, error, band, and the metadata; see `checkstar.data.curve_tables`."""
        from checkstar.data.curve_tables import to_arrow

        return to_arrow(self)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __repr__(self) -> str:
        name = f"{self.name}: " if self.name else ""
        return f"LightCurves({name}{len(self)} objects; {len(self.time)} epochs in {', '.join(self.bands)}; {self.unit or 'no unit'})"

    @property
    def n_epochs(self) -> NDArray[np.int64]:
        """Number of epochs (n,) of each object."""
        return np.diff(self.offsets)

    @property
    def owner(self) -> NDArray[np.int64]:
        """Number (N,) of the object that each epoch belongs to."""
        return np.repeat(np.arange(len(self)), self.n_epochs)

    @property
    def place(self) -> NDArray[np.int64]:
        """Number (N,) of each epoch within its object."""
        return np.arange(len(self.time)) - np.repeat(self.offsets[:-1], self.n_epochs)

    @property
    def is_magnitude(self) -> bool:
        """Whether a brighter object has a smaller value: "mag", or "mag(AB)" as astropy writes it."""
        return self.unit.startswith("mag")

    def __iter__(self) -> Iterator[Curve]:
        for first, last in zip(self.offsets[:-1], self.offsets[1:], strict=True):
            part = slice(first, last)
            yield Curve(self.time[part], self.value[part], self.error[part], self.band[part])  # type: ignore[index]

    def __getitem__(self, index: slice | ArrayLike) -> LightCurves:
        """The objects chosen by a slice, a boolean mask or integer positions."""
        rows = _rows(index, len(self))
        lengths = self.n_epochs[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        epochs = np.repeat(self.offsets[rows] - offsets[:-1], lengths) + np.arange(offsets[-1])
        return self._taken(epochs, offsets, self.meta.iloc[rows].reset_index(drop=True))

    def where(self, kept: NDArray[np.bool_]) -> LightCurves:
        """The same objects with the epochs for which `kept` (N,) is true; an object may be left without any."""
        counts = np.bincount(self.owner[kept], minlength=len(self))
        return self._taken(np.flatnonzero(kept), np.concatenate([[0], np.cumsum(counts)]), self.meta)

    def sorted_by(self, order: NDArray[np.intp]) -> LightCurves:
        """The same objects with their epochs in another order; `order` (N,) keeps those of an object together."""
        return self._taken(order, self.offsets, self.meta)

    def with_bands(self, bands: Sequence[str]) -> LightCurves:
        """The same epochs with their bands numbered as in `bands`, which may name more of them, in another order.

        Raises
        ------
        InputError
            If an epoch is in a band that is not named.
        """
        position = {name: i for i, name in enumerate(bands)}
        used = np.flatnonzero(np.bincount(self.band, minlength=len(self.bands)))  # type: ignore[arg-type]
        missing = [self.bands[i] for i in used if self.bands[i] not in position]
        if missing:
            raise unknown_name("band in what is needed", missing[0], bands)
        number = np.array([position.get(name, 0) for name in self.bands], np.int16)
        return replace(self, band=number[self.band], bands=tuple(bands))

    def in_band(self, band: str) -> LightCurves:
        """The same objects with the epochs in one band alone.

        Raises
        ------
        InputError
            If there is no such band.
        """
        if band not in self.bands:
            raise unknown_name("band", band, self.bands)
        return self.where(np.asarray(self.band) == self.bands.index(band)).with_bands((band,))

    def replace(self, **changes: Any) -> LightCurves:
        """The same with other columns."""
        return replace(self, **changes)

    def _taken(self, epochs: NDArray[Any], offsets: NDArray[np.int64], meta: pd.DataFrame) -> LightCurves:
        columns = {name: getattr(self, name)[epochs] for name in ("time", "value", "error", "band")}
        return replace(self, offsets=offsets, meta=meta, **columns)


def require_light_curves(given: Any) -> None:
    """Refuse a path, a table or a Dataset where light curves are needed."""
    if not isinstance(given, LightCurves):
        raise InputError(f"{type(given).__name__} came where LightCurves are needed; read them with read_light_curves.")


def joined(parts: Sequence[LightCurves]) -> LightCurves:
    """The objects of several sets, one after the other; the bands of all are numbered in alphabetical order.

    Raises
    ------
    InputError
        If there are none, or their units or time scales differ.

    Examples
    --------
    >>> one = LightCurves.from_lists([[0.0, 1.0]], [[15.1, 15.3]], bands=("g",))
    >>> joined([one, one.replace(bands=("r",))])
    LightCurves(2 objects; 4 epochs in g, r; mag)
    """
    import pandas as pd

    if not parts:
        raise InputError("there are no light curves to join; give at least one set.")
    for part in parts:
        require_light_curves(part)
    if len(parts) == 1:
        return parts[0]
    for kind in ("unit", "time_scale"):
        found = {getattr(part, kind) for part in parts}
        if len(found) > 1:
            raise InputError(f"light curves of {kind} {', '.join(sorted(found))} cannot be joined; convert them first.")
    if len({part.bands for part in parts}) > 1:
        bands = sorted({name for part in parts for name in part.bands})
        parts = [part.with_bands(bands) for part in parts]
    columns = {name: np.concatenate([getattr(p, name) for p in parts]) for name in ("time", "value", "error", "band")}
    starts = np.cumsum([0, *(len(part.time) for part in parts)])
    offsets = [part.offsets[:-1] + start for part, start in zip(parts, starts[:-1], strict=True)]
    meta = pd.concat([part.meta for part in parts], ignore_index=True)
    return parts[0].replace(offsets=np.concatenate([*offsets, starts[-1:]]), meta=meta, bands=parts[0].bands, **columns)


def _rows(index: Any, n_objects: int) -> NDArray[np.intp]:
    rows = index if isinstance(index, slice) else np.atleast_1d(np.asarray(index))
    if not isinstance(rows, slice):
        rows = rows.astype(np.intp) if rows.size == 0 else rows
        if rows.dtype == bool and rows.shape != (n_objects,):
            raise InputError(f"a mask of shape {rows.shape} cannot choose among {n_objects} light curves.")
    return np.arange(n_objects)[rows]


def _lengths(column: str, lists: Any) -> NDArray[np.int64]:
    try:
        shapes = [np.shape(one) for one in lists]
    except (TypeError, ValueError):
        raise InputError(f"{column} is no list of one sequence an object; give [[...], [...], ...].") from None
    wrong = next((i for i, shape in enumerate(shapes) if len(shape) != 1), None)
    if wrong is not None:
        raise InputError(f"{column} of object {wrong} has shape {shapes[wrong]}; give one flat sequence an object.")
    return np.array([shape[0] for shape in shapes], np.int64)


def _same_lengths(column: str, found: NDArray[np.int64], lengths: NDArray[np.int64]) -> None:
    if len(found) != len(lengths):
        raise InputError(f"there are {len(lengths)} objects in time but {len(found)} in {column}; give one list each.")
    wrong = np.flatnonzero(found != lengths)
    if len(wrong):
        i = wrong[0]
        raise InputError(
            f"object {i} has {lengths[i]} times but {found[i]} entries of {column}; give one per epoch of each object."
        )


def _joined(column: str, lists: Sequence[ArrayLike]) -> Array:
    try:
        parts = [_numbers(np.ma.asarray(one, dtype=float)) for one in lists]
    except (ValueError, TypeError) as error:
        raise InputError(f"{column} holds what is no number ({error}); write NaN where one is missing.") from None
    return np.concatenate([np.empty(0), *parts])


def _numbers(array: Any) -> Array:
    """Float64, with NaN where an entry is masked."""
    if np.ma.isMaskedArray(array):
        return np.asarray(array.astype(float).filled(np.nan))  # type: ignore[attr-defined]
    return np.asarray(array).astype(float, copy=False)


def _floats(name: str, values: ArrayLike) -> Array:
    array = np.asanyarray(values)
    if array.ndim != 1 or array.dtype.kind not in "fiu":
        raise InputError(f"{name} has type {array.dtype} and shape {array.shape}; give one flat column of numbers.")
    return _numbers(array)


def _offsets(values: ArrayLike, n_epochs: int) -> NDArray[np.int64]:
    array = np.asarray(values)
    offsets = array.astype(np.int64) if array.dtype.kind in "fiu" else np.empty(0, np.int64)
    if (
        offsets.ndim != 1
        or len(offsets) < 1
        or (offsets != array).any()
        or offsets[0] != 0
        or offsets[-1] != n_epochs
        or (np.diff(offsets) < 0).any()
    ):
        raise InputError(
            f"the offsets do not divide {n_epochs} epochs among objects; they begin with 0, never fall and end with {n_epochs}."
        )
    return offsets
