"""Cleaning: what is wrong with light curves is mended or left out, counted and named; no object is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.data.curve_errors import with_known_errors
from checkstar.data.curve_units import EARLIEST_MJD, LATEST_MJD
from checkstar.data.light_curves import LightCurves, require_light_curves
from checkstar.errors import InputError, unknown_name

if TYPE_CHECKING:
    import pandas as pd

    from checkstar.data.dataset import Dataset

__all__ = ["LEAST_EPOCHS", "REASONS", "Cleaned", "LabelFaults", "clean", "flagged", "label_faults", "separate_bands"]

#: Epochs without which no period, shape or class can be told.
LEAST_EPOCHS = 5

#: What can be wrong, and what is done about it.
REASONS = {
    "bad_time": "times that are no date of an observation; these epochs are left out",
    "bad_value": "values that are no measurement (99, -99, 0 mag, NaN, infinite); these epochs are left out",
    "bad_error": "errors that are zero, negative, 9 mag and more, NaN or infinite; these epochs are left out",
    "no_errors": "no usable error at all; each epoch is given the scatter between neighbours",
    "mixed_bands": "epochs in another band than the one wanted; these are left out",
    "unsorted": "epochs not in the order of time; they are sorted",
    "duplicate": "several epochs at one time in one band; the same measurement is kept once, others are averaged",
    "too_few": f"fewer than {LEAST_EPOCHS} epochs left; the object stays, and nothing can be told about it",
    "bad_period": "a catalogue period that is zero, negative, infinite or missing; it is unknown (NaN)",
}

# Magnitudes of nothing: 99, 99.999, -99, 999. An error this large is a place holder: the flux is zero within it.
_LARGEST_MAGNITUDE, _LARGEST_ERROR_MAG = 90.0, 9.0

Mask = NDArray[np.bool_]
Observed = TypeVar("Observed", "LightCurves", "Dataset")


class Cleaned(NamedTuple):
    """Light curves fit for use, and what was wrong with each.

    Attributes
    ----------
    curves : LightCurves
        The same objects in the same order; epochs sorted in time, finite, with positive errors.
    flags : table
        One row an object: for each of `REASONS` a bool column of its name, and ``n_`` and its name, the epochs
        concerned.
    """

    curves: LightCurves
    flags: pd.DataFrame

    @property
    def n_objects(self) -> dict[str, int]:
        """Number of objects for which each reason holds."""
        return {reason: int(self.flags[reason].sum()) for reason in REASONS}

    @property
    def summary(self) -> str:
        """What was wrong, one line a reason: "12 of 8016 objects: fewer than 5 epochs left; ..."."""
        n = len(self.flags)
        lines = [f"{_some(count, n)}: {REASONS[reason]}{self._epochs(reason)}." for reason, count in self._found()]
        return "\n".join(lines) if lines else f"Nothing was wrong with {n} objects."

    def _found(self) -> list[tuple[str, int]]:
        return [(reason, count) for reason, count in self.n_objects.items() if count]

    def _epochs(self, reason: str) -> str:
        count = int(self.flags[f"n_{reason}"].sum())
        return f" ({count} epoch{'s' if count > 1 else ''})" if reason not in ("too_few", "bad_period") else ""


def _some(count: int, n: int) -> str:
    return f"{count} of {n} object{'s' if n > 1 else ''}"


def clean(
    curves: LightCurves, *, least_epochs: int = LEAST_EPOCHS, band: str | None = None, period: str = "period"
) -> Cleaned:
    """Light curves without epochs that cannot be used, sorted in time; each fault is named, no object is lost.

    An epoch is left out if its time, value or error is none (`REASONS`). Epochs of one object with the same time and
    band are one: if value and error are the same too, the same measurement stands there twice and one is kept; else
    they are averaged with inverse variances, and the error grows where they disagree. An object without any usable error is given the scatter between its
    neighbouring epochs as error. Objects are cleaned each by itself, but where not even that scatter can be told.

    Parameters
    ----------
    curves : LightCurves
        As they were read.
    least_epochs : int
        An object with fewer is flagged ``too_few``.
    band : str, optional
        The one band in which all epochs should be; those in others are left out and the object is flagged
        ``mixed_bands``. By default any band is welcome. See also `separate_bands`.
    period : str
        Column of the metadata with the catalogue period, if there is one; what is no period becomes NaN.

    Returns
    -------
    Cleaned
        ``curves`` and ``flags``, and a ``summary`` in words.

    Raises
    ------
    InputError
        If there is no such band.

    Examples
    --------
    >>> curves = LightCurves.from_lists([[3.0, 1.0, 2.0, 2.0]], [[15.0, 15.2, 99.0, 15.4]], [[0.1, 0.1, 0.1, 0.1]])
    >>> cleaned = clean(curves)
    >>> cleaned.curves.time.tolist(), cleaned.flags["bad_value"].tolist()
    ([1.0, 2.0, 3.0], [True])
    >>> print(cleaned.summary.splitlines()[0])
    1 of 1 object: values that are no measurement (99, -99, 0 mag, NaN, infinite); these epochs are left out (1 epoch).
    """
    require_light_curves(curves)
    flags = _Flags(len(curves))
    if band is not None:
        curves = _in_band(curves, band, flags)
    curves = _without(curves, ~_is_date(curves.time), "bad_time", flags)
    curves = _without(curves, ~_is_value(curves), "bad_value", flags)
    curves = _with_errors(curves, flags)
    curves = _sorted(curves, flags)
    curves = _merged(curves, flags)
    curves = _with_period(curves, period, flags)
    flags.add("too_few", curves.n_epochs < least_epochs, np.where(curves.n_epochs < least_epochs, curves.n_epochs, 0))
    return Cleaned(curves, flags.table())


class _Flags:
    """For each reason the objects that it holds for, and how many of their epochs."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.found: dict[str, tuple[Mask, NDArray[np.int64]]] = {}

    def add(self, reason: str, objects: Mask, n_epochs: NDArray[np.int64]) -> None:
        self.found[reason] = (objects, n_epochs)

    def add_epochs(self, reason: str, owner: NDArray[np.int64]) -> None:
        """The reason holds for the epochs with these owners."""
        counts = np.bincount(owner, minlength=self.n)
        self.add(reason, counts > 0, counts)

    def table(self) -> pd.DataFrame:
        import pandas as pd

        none = np.zeros(self.n, dtype=bool), np.zeros(self.n, dtype=np.int64)
        found = {reason: self.found.get(reason, none) for reason in REASONS}
        bools = {reason: objects for reason, (objects, _) in found.items()}
        return pd.DataFrame(bools | {f"n_{reason}": n_epochs for reason, (_, n_epochs) in found.items()})


def _without(curves: LightCurves, bad: Mask, reason: str, flags: _Flags) -> LightCurves:
    flags.add_epochs(reason, curves.owner[bad])
    return curves.where(~bad) if bad.any() else curves


def _in_band(curves: LightCurves, band: str, flags: _Flags) -> LightCurves:
    if band not in curves.bands:
        raise unknown_name("band", band, curves.bands)
    return _without(curves, np.asarray(curves.band) != curves.bands.index(band), "mixed_bands", flags).with_bands(
        (band,)
    )


def _is_date(time: NDArray[np.float64]) -> Mask:
    return (time >= EARLIEST_MJD) & (time <= LATEST_MJD)  # false for NaN


def _is_value(curves: LightCurves) -> Mask:
    value = curves.value
    if not curves.is_magnitude:
        return np.isfinite(value)  # a flux may be anything, zero and negative too
    return (np.abs(value) < _LARGEST_MAGNITUDE) & (value != 0)


def _is_error(curves: LightCurves) -> Mask:
    largest = _LARGEST_ERROR_MAG if curves.is_magnitude else np.inf
    return (curves.error > 0) & (curves.error < largest)


def _with_errors(curves: LightCurves, flags: _Flags) -> LightCurves:
    bad = ~_is_error(curves)
    counts, n_bad = curves.n_epochs, np.bincount(curves.owner[bad], minlength=len(curves))
    without = (n_bad == counts) & (counts > 0)
    flags.add("no_errors", without, np.where(without, counts, 0))
    if without.any():
        curves = with_known_errors(curves.replace(error=np.where(bad, np.nan, curves.error)))
    return _without(curves, bad & ~without[curves.owner], "bad_error", flags)


def _sorted(curves: LightCurves, flags: _Flags) -> LightCurves:
    owner = curves.owner
    falls = (curves.time[1:] < curves.time[:-1]) & (owner[1:] == owner[:-1])
    flags.add_epochs("unsorted", owner[1:][falls])
    return curves.sorted_by(np.lexsort((curves.time, owner))) if falls.any() else curves


def _merged(curves: LightCurves, flags: _Flags) -> LightCurves:
    owner = curves.owner
    close = (curves.time[1:] == curves.time[:-1]) & (owner[1:] == owner[:-1])
    if not close.any():
        flags.add_epochs("duplicate", owner[:0])
        return curves
    ordered = _ordered_within_moments(curves, close)
    close = _same(ordered, "time", "band")
    flags.add_epochs("duplicate", ordered.owner[1:][close])
    repeated = close & _same(ordered, "value", "error")
    ordered = ordered.where(~np.concatenate([[False], repeated]))
    return _averaged(ordered, np.concatenate([[True], ~_same(ordered, "time", "band")]))


def _ordered_within_moments(curves: LightCurves, close: Mask) -> LightCurves:
    """Epochs of one moment by band, value and error, so that what is the same stands together; nothing else moves."""
    held = np.flatnonzero(np.concatenate([[False], close]) | np.concatenate([close, [False]]))
    names = ("error", "value", "band", "time", "owner")  # the last is the first that counts
    order = np.arange(len(curves.time))
    order[held] = held[np.lexsort([getattr(curves, name)[held] for name in names])]
    return curves.sorted_by(order)


def _same(curves: LightCurves, *columns: str) -> Mask:
    """Whether each epoch but the first agrees with the one before it, of the same object."""
    same = np.diff(curves.owner) == 0
    for column in columns:
        values = getattr(curves, column)
        same &= values[1:] == values[:-1]
    return same


def _averaged(curves: LightCurves, is_first: Mask) -> LightCurves:
    """One epoch for each run of epochs: their mean with inverse variances, and its error.

    Its variance is 1 / the sum of theirs, times chi^2 per degree of freedom where they disagree by more than their errors
    (Birge 1932, Phys. Rev. 40, 207): two neighbours measured at once are no better known than they agree.
    """
    first = np.flatnonzero(is_first)
    count = np.diff(np.append(first, len(is_first)))
    alone = count == 1
    # Relative to the smallest error and the first value of each run: nothing overflows, no digit is lost.
    run = np.cumsum(is_first) - 1
    smallest, start = np.minimum.reduceat(curves.error, first), curves.value[first]
    weight = np.square(smallest[run] / curves.error)
    total = np.add.reduceat(weight, first)
    offset = curves.value - start[run]
    middle = np.add.reduceat(weight * offset, first) / total
    scatter = np.add.reduceat(weight * np.square(offset - middle[run]), first) / np.maximum(count - 1, 1)
    error = np.maximum(smallest / np.sqrt(total), np.sqrt(scatter / total))
    kept = curves.where(is_first)
    return kept.replace(value=np.where(alone, kept.value, start + middle), error=np.where(alone, kept.error, error))


def _with_period(curves: LightCurves, column: str, flags: _Flags) -> LightCurves:
    import pandas as pd

    if column not in curves.meta:
        return curves
    values = np.asarray(pd.to_numeric(curves.meta[column], errors="coerce"), dtype=float)
    bad = ~(np.isfinite(values) & (values > 0))
    flags.add("bad_period", bad, np.zeros(len(curves), dtype=np.int64))
    return curves.replace(meta=curves.meta.assign(**{column: np.where(bad, np.nan, values)}))


def flagged(data: Observed, flags: pd.DataFrame) -> Observed:
    """Light curves or a Dataset with the flags as further columns of the metadata: ``flag_too_few`` and so on.

    Counts of epochs are left out, and so are reasons that hold for no object.

    Raises
    ------
    InputError
        If the flags are of another number of objects.
    """
    if len(flags) != len(data):
        raise InputError(f"the flags describe {len(flags)} objects but there are {len(data)}; clean and flag the same.")
    found = {
        f"flag_{name}": flags[name].to_numpy() for name in flags if flags[name].dtype == bool and flags[name].any()
    }
    part = data[:]
    object.__setattr__(part, "meta", part.meta.assign(**found))
    return part


def separate_bands(curves: LightCurves) -> LightCurves:
    """One light curve for each object and each band in which it has epochs, all of one band called "any".

    The metadata of an object are repeated, with the name of the band as the column ``band`` and the number of the
    object as ``object``. An object without epochs stays, with no band.

    Examples
    --------
    >>> curves = LightCurves.from_lists([[0.0, 1.0, 2.0]], [[15.0, 14.0, 15.1]], band=[["g", "r", "g"]])
    >>> separate_bands(curves).meta.to_dict("list"), separate_bands(curves).value.tolist()
    ({'band': ['g', 'r'], 'object': [0, 0]}, [15.0, 15.1, 14.0])
    """
    owner, n_bands = curves.owner, len(curves.bands)
    counts = np.bincount(owner * n_bands + curves.band, minlength=len(curves) * n_bands).reshape(-1, n_bands)  # type: ignore[operator]
    kept = counts > 0
    kept[:, 0] |= counts.sum(axis=1) == 0
    rows, bands = np.nonzero(kept)
    named = np.where(counts[rows, bands] > 0, np.array(curves.bands, dtype=object)[bands], "")
    order = np.lexsort((np.arange(len(owner)), curves.band, owner))  # type: ignore[arg-type]
    columns = {name: getattr(curves, name)[order] for name in ("time", "value", "error")}
    meta = curves.meta.iloc[rows].reset_index(drop=True).assign(band=named, object=rows)
    offsets = np.concatenate([[0], np.cumsum(counts[rows, bands])])
    return curves.replace(**columns, band=None, bands=("any",), offsets=offsets, meta=meta)


class LabelFaults(NamedTuple):
    """What keeps labels from being learned or tested.

    Attributes
    ----------
    missing_in_train, missing_in_test : (k,) array of int
        Rows without a label.
    only_in_test : mapping of label to int
        Labels that nobody can have learned, and how many objects of the test set have them.
    """

    missing_in_train: NDArray[np.intp]
    missing_in_test: NDArray[np.intp]
    only_in_test: dict[str, int]

    @property
    def summary(self) -> str:
        """The faults in words; nothing, if there are none."""
        parts = []
        for rows, where in ((self.missing_in_train, "training"), (self.missing_in_test, "test")):
            if len(rows):
                shown = ", ".join(map(str, rows[:5])) + (", ..." if len(rows) > 5 else "")
                parts.append(f"{len(rows)} objects of the {where} set have no label (rows {shown})")
        if self.only_in_test:
            named = ", ".join(f"{label} ({count})" for label, count in self.only_in_test.items())
            parts.append(f"in the test set alone, so that every answer to them is wrong: {named}")
        return "; ".join(parts)


def label_faults(train: ArrayLike, test: ArrayLike) -> LabelFaults:
    """Labels that are missing, and labels of the test set that no object of the training set has.

    Examples
    --------
    >>> label_faults(["RRab", "EA", None], ["EA", "Mira", "Mira"]).summary
    '1 objects of the training set have no label (rows 2); in the test set alone, so that every answer to them is wrong: Mira (2)'
    """
    known, asked = _labels(train), _labels(test)
    names, counts = np.unique(asked[asked != ""], return_counts=True)
    only = {str(name): int(count) for name, count in zip(names, counts, strict=True) if name not in set(known)}
    return LabelFaults(np.flatnonzero(known == ""), np.flatnonzero(asked == ""), only)


def _labels(values: Any) -> NDArray[np.str_]:
    import pandas as pd

    column = pd.Series(np.asarray(values, dtype=object).ravel())
    return np.where(column.isna(), "", column.astype(str)).astype(str)
