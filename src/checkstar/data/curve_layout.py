"""CurveLayout: light curves as rows of a matrix, which is what a Dataset, its noise and every check work with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.data.curve_errors import neighbour_scatter, with_known_errors
from checkstar.data.light_curves import LightCurves, require_light_curves
from checkstar.errors import InputError, unknown_name
from checkstar.noise import Gaussian, Noise

if TYPE_CHECKING:
    import pandas as pd

    from checkstar.data.dataset import Dataset

__all__ = ["CurveLayout", "PackedCurves", "curve_dataset"]

Array = NDArray[np.float64]
_TIME = re.compile(r"time\[(\d+)\]")
_BAND = re.compile(r"band\((.*)\)\[0\]")
_FLUX = "flux"  # what the values of no unit are called
#: Beyond, a value or an error is a place holder, and its square would overflow.
_LARGEST = 1e30


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
        Names of the passbands. The name of a single one is in no column, so that a method may be asked about another.
    unit : str
        Of the values: "mag" or a flux; columns of a flux without unit are called "flux".

    Raises
    ------
    InputError
        If there is no room for an epoch, or the name of a band has a comma, which the columns could not show.

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

    def __post_init__(self) -> None:
        object.__setattr__(self, "extras", tuple(self.extras))
        object.__setattr__(self, "bands", tuple(self.bands))
        if self.n_epochs < 1:
            raise InputError(f"n_epochs is {self.n_epochs}; give room for at least one epoch.")
        wrong = [band for band in self.bands if "," in band]
        if wrong:
            raise InputError(f"band {wrong[0]!r} has a comma in its name; rename it.")

    @classmethod
    def of(cls, features: Sequence[str] | None, n_features: int | None = None) -> CurveLayout:
        """The layout that the names of columns describe; times and magnitudes in one band where they have no names.

        Raises
        ------
        InputError
            If the columns are not those of light curves.
        """
        if features is None:
            return cls(n_epochs=1).for_width(n_features or 0)
        names = tuple(features)
        n_extras = next((i for i, name in enumerate(names) if _TIME.fullmatch(name)), None)
        if n_extras is None:
            raise InputError(
                f"these {len(names)} columns hold no times ('time[0]', ...), so they are not light curves; "
                "make the data with curve_dataset(...)."
            )
        n_epochs = sum(_TIME.fullmatch(name) is not None for name in names)
        band = next((match for name in names if (match := _BAND.fullmatch(name))), None)
        stem = names[n_extras + n_epochs].partition("[")[0] if len(names) > n_extras + n_epochs else "mag"
        found = cls(
            n_epochs=n_epochs,
            extras=names[:n_extras],
            bands=tuple(band.group(1).split(",")) if band else ("V",),
            unit="" if stem == _FLUX else stem,
        )
        if found.features != names:
            raise InputError(
                f"these {len(names)} columns are not extras, times, values and bands of {n_epochs} epochs "
                f"({found.n_features} columns) in this order; make the data with curve_dataset(...)."
            )
        return found

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the columns (p,)."""
        steps = range(self.n_epochs)
        bands = [f"band({','.join(self.bands)})[{i}]" for i in steps] if len(self.bands) > 1 else []
        values = (f"{self.unit or _FLUX}[{i}]" for i in steps)
        return (*self.extras, *(f"time[{i}]" for i in steps), *values, *bands)

    @property
    def n_features(self) -> int:
        """Number of columns p."""
        return len(self.extras) + (3 if len(self.bands) > 1 else 2) * self.n_epochs

    @property
    def kind(self) -> tuple[tuple[str, ...], tuple[str, ...], str]:
        """Extras, bands and unit: what a method that learned from such rows needs of others, however long they are."""
        return self.extras, self.bands, self.unit

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
            named = f" ({', '.join(self.extras)})" if self.extras else ""
            raise InputError(
                f"rows of {n_features} columns are not {len(self.extras)} extras{named} and {parts} columns an epoch; "
                "make the data as the training set was made."
            )
        return CurveLayout(n_epochs=n_epochs, extras=self.extras, bands=self.bands, unit=self.unit)

    def pack(self, curves: LightCurves) -> PackedCurves:
        """Light curves as rows, each in the order of time; epochs without a finite time, value or error are left out.

        An object without any error is given its scatter between neighbouring epochs, see
        `checkstar.data.curve_errors.with_known_errors`. Of an object with more epochs than there is room for, those
        that stand evenly in its sequence are kept.

        Raises
        ------
        InputError
            If an extra is no column of numbers in the metadata, or bands or units differ.
        """
        kept = _thinned(_in_time(_usable(with_known_errors(self._of_this_kind(curves)))), self.n_epochs)
        row, place = kept.owner, kept.place
        x = np.full((len(kept), self.n_features), np.nan)
        sigma = np.full(x.shape, np.inf)
        for i, name in enumerate(self.extras):
            x[:, i] = _numbers(kept, name)
        x[row, self.time_columns.start + place] = kept.time
        x[row, self.value_columns.start + place] = kept.value
        sigma[row, self.value_columns.start + place] = kept.error
        if len(self.bands) > 1:
            x[row, self.value_columns.stop + place] = kept.band
        return PackedCurves(x, sigma)

    def unpack(self, x: NDArray[Any], noise: Noise | None = None) -> LightCurves:
        """The light curves in rows `x` (n, p) of any width that fits; extras are columns of `meta`.

        An epoch is there if its time is finite, its value and sigma are below 1e30, and its band is one of the layout. Where
        there is no noise, every error is the scatter of the object between neighbouring epochs, or 1 where that cannot
        be told: of each row alone, so that an answer never depends on what else is asked.
        """
        import pandas as pd

        layout, x = self.for_width(x.shape[1]), np.asarray(x, dtype=float)
        values = x[:, layout.value_columns.start : layout.value_columns.stop]
        times = x[:, layout.time_columns.start : layout.time_columns.stop]
        there = np.isfinite(times) & (np.abs(values) < _LARGEST)
        if noise is not None:
            errors = noise.sigma(x)[:, layout.value_columns.start : layout.value_columns.stop]
            there &= errors < _LARGEST
        if len(self.bands) > 1:
            bands = x[:, layout.value_columns.stop :]
            there &= (bands >= 0) & (bands < len(self.bands))
        curves = LightCurves(
            time=times[there],
            value=values[there],
            error=np.full(int(there.sum()), np.nan) if noise is None else errors[there],
            offsets=np.concatenate([[0], np.cumsum(there.sum(axis=1))]),
            band=bands[there].astype(np.int16) if len(self.bands) > 1 else None,
            bands=self.bands,
            meta=pd.DataFrame(x[:, : len(self.extras)], columns=list(self.extras)),
            unit=self.unit,
        )
        return curves if noise is not None else _with_scatter(curves)

    def _of_this_kind(self, curves: LightCurves) -> LightCurves:
        for name in self.extras:
            if name not in curves.meta:
                raise unknown_name("column of the light curves' metadata", name, curves.meta.columns)
        several = len(self.bands) > 1
        if curves.unit != self.unit or (not several and len(curves.bands) > 1):
            raise InputError(
                f"the light curves are in {curves.unit or 'no unit'} and {', '.join(curves.bands)}, the layout in "
                f"{self.unit or 'no unit'} and {', '.join(self.bands)}; convert them first (to_magnitudes, in_band)."
            )
        return curves.with_bands(self.bands) if several and curves.bands != self.bands else curves


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

    require_light_curves(curves)
    if isinstance(extras, str):
        raise InputError(f"extras is the text {extras!r}; give a sequence of names.")
    for column in ([] if label is None else [label]) + list(meta or ()):
        if column not in curves.meta:
            raise unknown_name("column of the light curves' metadata", column, curves.meta.columns)
    longest = max(int(curves.n_epochs.max(initial=1)), 1) if n_epochs is None else n_epochs
    layout = CurveLayout(n_epochs=longest, extras=tuple(extras), bands=curves.bands, unit=curves.unit)
    packed = layout.pack(curves)
    kept = [c for c in curves.meta.columns if c != label] if meta is None else list(meta)
    return Dataset(
        x=packed.x,
        y=None if label is None else _truth(curves.meta[label], bool(settings.get("partly_labelled"))),
        labels=None if label is None else [label],
        noise=Gaussian(packed.sigma),
        meta=curves.meta[kept],
        features=layout.features,
        **{"name": curves.name, "citation": curves.citation} | settings,
    )


def _truth(column: pd.Series, partly: bool) -> NDArray[Any]:
    """Labels as a Dataset takes them: an unknown class among known ones is an empty name."""
    import pandas as pd

    if partly and not pd.api.types.is_numeric_dtype(column):
        return column.astype(object).where(column.notna(), "").to_numpy(dtype=str)
    is_text = isinstance(column.dtype, pd.StringDtype) and not column.isna().any()
    return column.to_numpy(dtype=str) if is_text else column.to_numpy()


def _usable(curves: LightCurves) -> LightCurves:
    good = np.isfinite(curves.time) & np.isfinite(curves.value) & (curves.error > 0) & np.isfinite(curves.error)
    return curves if good.all() else curves.where(good)


def _in_time(curves: LightCurves) -> LightCurves:
    owner = curves.owner
    falls = (curves.time[1:] < curves.time[:-1]) & (np.diff(owner) == 0)
    return curves.sorted_by(np.lexsort((curves.time, owner))) if falls.any() else curves


def _thinned(curves: LightCurves, most: int) -> LightCurves:
    counts = curves.n_epochs
    if not (counts > most).any():
        return curves
    owner, place = curves.owner, curves.place
    kept, there = np.minimum(counts, most)[owner], counts[owner]
    # In integers: of k in m epochs those at which (i + 1) k / m passes a whole number, exactly k of them.
    return curves.where((place + 1) * kept // there > place * kept // there)


def _numbers(curves: LightCurves, name: str) -> Array:
    try:
        return np.asarray(curves.meta[name].to_numpy(dtype=float, na_value=np.nan), dtype=float)
    except (ValueError, TypeError):
        raise InputError(
            f"extra {name!r} holds {curves.meta[name].dtype} values; extras are numbers, NaN where they are not known."
        ) from None


def _with_scatter(curves: LightCurves) -> LightCurves:
    scatter = neighbour_scatter(curves)
    return curves.replace(error=np.where(np.isfinite(scatter), scatter, 1.0)[curves.owner])
