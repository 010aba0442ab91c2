"""CurveLayout: light curves as rows of a matrix, which is what a Dataset, its noise and every check work with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError, unknown_name
from checkstar.noise import Gaussian, Noise

if TYPE_CHECKING:
    from checkstar.data.dataset import Dataset

__all__ = ["CurveLayout", "PackedCurves", "curve_dataset"]

Array = NDArray[np.float64]
_TIME = re.compile(r"time\[(\d+)\]")
_BAND = re.compile(r"band\((.*)\)\[0\]")


class PackedCurves(NamedTuple):
    """Light curves as a matrix ``x`` (n, p), and the standard errors ``sigma`` (n, p) of its elements."""

    x: Array
    sigma: Array


@dataclass(frozen=True, kw_only=True)
class CurveLayout:
    """How a light curve lies in a row: extras, then times, values and, of several bands, the numbers of the bands.

    Rows end with NaN where an object has fewer epochs. Noise is what errors the values have: everything else has an
    infinite sigma, so it is never redrawn; a value of infinite sigma is an epoch that is not there.

    Parameters
    ----------
    n_epochs : int
        Epochs of the longest light curve.
    extras : sequence of str
        Numbers known of each object beside its light curve: a catalogue period, colours.
    bands : sequence of str
        Names of the passbands.
    unit : str
        Of the values: "mag" or a flux.

    Examples
    --------
    >>> layout = CurveLayout(n_epochs=2, extras=("period",))
    >>> layout.features
    ('period', 'time[0]', 'time[1]', 'mag[0]', 'mag[1]')
    >>> CurveLayout.of(layout.features) == layout
    True
    """

    n_epochs: int
    extras: tuple[str, ...] = ()
    bands: tuple[str, ...] = ("V",)
    unit: str = "mag"

    @classmethod
    def of(cls, features: Sequence[str] | None, n_features: int | None = None) -> CurveLayout:
        """The layout that the names of columns describe; times and magnitudes in one band where they have no names.

        Raises
        ------
        InputError
            If the columns are not those of light curves.
        """
        if features is None:
            return cls(n_epochs=(n_features or 0) // 2)
        names = tuple(features)
        n_extras = next((i for i, name in enumerate(names) if _TIME.fullmatch(name)), None)
        if n_extras is None:
            raise InputError(
                f"these {len(names)} columns hold no times ('time[0]', ...), so they are not light curves; "
                "make the data with curve_dataset(...)."
            )
        n_epochs = sum(_TIME.fullmatch(name) is not None for name in names)
        band = next((match for name in names if (match := _BAND.fullmatch(name))), None)
        found = cls(
            n_epochs=n_epochs,
            extras=names[:n_extras],
            bands=tuple(band.group(1).split(",")) if band else ("V",),
            unit=names[n_extras + n_epochs].partition("[")[0] if len(names) > n_extras + n_epochs else "mag",
        )
        if len(found.features) != len(names):
            raise InputError(
                f"there are {len(names)} columns where extras, times, values and bands of {n_epochs} epochs are "
                f"{len(found.features)}; make the data with curve_dataset(...)."
            )
        return found

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the columns (p,)."""
        steps = range(self.n_epochs)
        bands = [f"band({','.join(self.bands)})[{i}]" for i in steps] if len(self.bands) > 1 else []
        return (*self.extras, *(f"time[{i}]" for i in steps), *(f"{self.unit}[{i}]" for i in steps), *bands)

    @property
    def time_columns(self) -> range:
        """Positions of the times."""
        return range(len(self.extras), len(self.extras) + self.n_epochs)

    @property
    def value_columns(self) -> range:
        """Positions of the values."""
        return range(len(self.extras) + self.n_epochs, len(self.extras) + 2 * self.n_epochs)

    def for_width(self, n_features: int) -> CurveLayout:
        """The same for rows of another number of columns: other light curves may be longer or shorter.

        Raises
        ------
        InputError
            If no number of epochs gives so many columns.
        """
        parts = 3 if len(self.bands) > 1 else 2
        n_epochs, left = divmod(n_features - len(self.extras), parts)
        if left or n_epochs < 1:
            raise InputError(
                f"rows of {n_features} columns are not {len(self.extras)} extras and {parts} columns an epoch; "
                "make the data as the training set was made."
            )
        return CurveLayout(n_epochs=n_epochs, extras=self.extras, bands=self.bands, unit=self.unit)

    def pack(self, curves: LightCurves) -> PackedCurves:
        """Light curves as rows; epochs whose time, value or error is not a number are left out.

        Of an object with more epochs than there is room for, those that stand evenly in its sequence are kept.

        Raises
        ------
        InputError
            If an extra is no column of the metadata, or bands or units differ.
        """
        self._same_kind(curves)
        good = np.isfinite(curves.time) & np.isfinite(curves.value) & (curves.error > 0) & np.isfinite(curves.error)
        kept = _thinned(curves.where(good), self.n_epochs)
        row, place = kept.owner, np.arange(len(kept.time)) - np.repeat(kept.offsets[:-1], kept.n_epochs)
        x = np.full((len(kept), len(self.features)), np.nan)
        sigma = np.full(x.shape, np.inf)
        for i, name in enumerate(self.extras):
            x[:, i] = kept.meta[name].to_numpy(dtype=float)
        x[row, self.time_columns.start + place] = kept.time
        x[row, self.value_columns.start + place] = kept.value
        sigma[row, self.value_columns.start + place] = kept.error
        if len(self.bands) > 1:
            x[row, self.value_columns.stop + place] = kept.band
        return PackedCurves(x, sigma)

    def unpack(self, x: NDArray[Any], noise: Noise | None = None) -> LightCurves:
        """The light curves in rows `x` (n, p) of any width that fits; extras are columns of `meta`.

        Where there is no noise, every error is the scatter of the object between neighbouring epochs.
        """
        import pandas as pd

        layout = self.for_width(x.shape[1])
        values = np.asarray(x[:, layout.value_columns.start : layout.value_columns.stop], dtype=float)
        times = np.asarray(x[:, layout.time_columns.start : layout.time_columns.stop], dtype=float)
        there = np.isfinite(times) & np.isfinite(values)
        if noise is None:
            errors = np.broadcast_to(_neighbour_scatter(values, there)[:, None], values.shape)
        else:
            errors = noise.sigma(x)[:, layout.value_columns.start : layout.value_columns.stop]
            there &= np.isfinite(errors)
        band = None
        if len(self.bands) > 1:
            band = np.asarray(x[:, layout.value_columns.stop :], dtype=float)[there].astype(np.int16)
        return LightCurves(
            time=times[there],
            value=values[there],
            error=np.array(errors[there]),
            offsets=np.concatenate([[0], np.cumsum(there.sum(axis=1))]),
            band=band,
            bands=self.bands,
            meta=pd.DataFrame(np.asarray(x[:, : len(self.extras)], dtype=float), columns=list(self.extras)),
            unit=self.unit,
        )

    def _same_kind(self, curves: LightCurves) -> None:
        for name in self.extras:
            if name not in curves.meta:
                raise unknown_name("column of the light curves' metadata", name, curves.meta.columns)
        if curves.unit != self.unit or (len(self.bands) > 1 and curves.bands != self.bands):
            raise InputError(
                f"the light curves are in {curves.unit} and {', '.join(curves.bands)}, the layout in {self.unit} and "
                f"{', '.join(self.bands)}; convert them first."
            )


def curve_dataset(
    curves: LightCurves,
    label: str | None = None,
    *,
    extras: Sequence[str] = (),
    n_epochs: int | None = None,
    meta: Sequence[str] | None = None,
    **settings: Any,
) -> Dataset:
    """A Dataset of light curves: one row an object, the errors of its values as noise.

    Parameters
    ----------
    label : str, optional
        Column of the metadata that is the truth.
    extras : sequence of str
        Columns of numbers that the methods may use beside the light curve.
    n_epochs : int, optional
        Room for epochs; by default that of the longest light curve.
    meta : sequence of str, optional
        Columns of the metadata that are kept; by default all but the label.
    **settings
        Passed on to `Dataset`: group, weight, describe and the like.
    """
    from checkstar.data.dataset import Dataset

    if label is not None and label not in curves.meta:
        raise unknown_name("column of the light curves' metadata", label, curves.meta.columns)
    longest = max(int(curves.n_epochs.max(initial=1)), 1) if n_epochs is None else n_epochs
    layout = CurveLayout(n_epochs=longest, extras=tuple(extras), bands=curves.bands, unit=curves.unit)
    packed = layout.pack(curves)
    kept = [c for c in curves.meta.columns if c != label] if meta is None else list(meta)
    return Dataset(
        x=packed.x,
        y=None if label is None else curves.meta[label].to_numpy(),
        labels=None if label is None else [label],
        noise=Gaussian(packed.sigma),
        meta=curves.meta[kept],
        features=layout.features,
        **{"name": curves.name, "citation": curves.citation} | settings,
    )


def _thinned(curves: LightCurves, most: int) -> LightCurves:
    counts = curves.n_epochs
    if not (counts > most).any():
        return curves
    place = np.arange(len(curves.time)) - np.repeat(curves.offsets[:-1], counts)
    share = np.minimum(1.0, most / np.maximum(counts, 1))
    kept = np.floor((place + 1) * np.repeat(share, counts) + 1e-9) > np.floor(place * np.repeat(share, counts) + 1e-9)
    return curves.where(kept)


def _neighbour_scatter(values: Array, there: NDArray[np.bool_]) -> Array:
    """Standard deviation (n,) of the noise, if neighbouring epochs differ by nothing else; 1 where it cannot be told."""
    with np.errstate(invalid="ignore"):
        steps = np.ma.masked_invalid(np.diff(np.where(there, values, np.nan), axis=1))
    scatter = np.ma.filled(np.ma.median(np.abs(steps), axis=1), np.nan) * 1.4826 / np.sqrt(2)
    return np.where(scatter > 0, scatter, 1.0)
