"""Dataset: observations, truth, noise, errors, metadata, group, weight: one row per object."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.data.descriptions import Description, curve_layout, default_description, same_kind
from checkstar.errors import InputError, unknown_name
from checkstar.noise import Gaussian, Noise

if TYPE_CHECKING:
    import pandas as pd

    from checkstar.data.curve_layout import CurveLayout
    from checkstar.data.light_curves import LightCurves

__all__ = ["Dataset", "Task"]

Task = Literal["regression", "classification"]


class Dataset:
    """Observations with everything a check needs to know about them.

    Parameters
    ----------
    x : (n, p) array or table, optional
        Observations. None where only labels and metadata are known (an audit of a table of predictions).
    y : (n,) or (n, k) array or table, optional
        Truth or labels: numbers (regression) or class names (classification).
    noise : Noise or array, optional
        How `x` would differ if observed again; an array is taken as the sigma of Gaussian noise.
    y_err : float or array like `y`, optional
        Standard error of the truth itself, in the unit of `y`.
    meta : table or mapping of columns, optional
        One row of metadata per object.
    group : str or (n,) array, optional
        The independent unit that must not be split (star, cluster, field, night): a column of `meta` or the values.
    weight : str or (n,) array, optional
        Selection weight 1/P(selected): a column of `meta` or the values.
    features, labels : sequence of str, optional
        Names of the columns of `x` and `y`.
    units : mapping of name to str, optional
        Units of features, labels and metadata, as astropy writes them.
    describe : Description, optional
        By what numbers objects are compared; by default `CurveShapes` of light curves, the columns of all else.
    partly_labelled : bool
        Whether some objects of `y` may be unknown: NaN, or an empty name for classes.
    task : {"regression", "classification"}, optional
        By default classification for text and booleans, regression for numbers.
    name, citation : str
        For reports.

    Raises
    ------
    InputError
        If lengths disagree, numbers are not finite, or a name is unknown.

    Examples
    --------
    >>> data = Dataset(x=[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], y=[0.1, 0.2, 0.3], labels=["feh"])
    >>> len(data), data[1:].y.tolist()
    (3, [[0.2], [0.3]])
    """

    def __init__(
        self,
        x: ArrayLike | pd.DataFrame | None = None,
        y: ArrayLike | pd.DataFrame | None = None,
        *,
        noise: Noise | ArrayLike | None = None,
        y_err: ArrayLike | None = None,
        meta: pd.DataFrame | Mapping[str, ArrayLike] | None = None,
        group: str | ArrayLike | None = None,
        weight: str | ArrayLike | None = None,
        features: Sequence[str] | None = None,
        labels: Sequence[str] | None = None,
        units: Mapping[str, str] | None = None,
        task: Task | None = None,
        describe: Description | None = None,
        partly_labelled: bool = False,
        name: str = "",
        citation: str = "",
    ) -> None:
        if x is None and y is None:
            raise InputError("a dataset needs observations x, labels y, or both; got neither.")
        features = _column_names(x) if features is None else features
        labels = _column_names(y) if labels is None else labels
        self.x = None if x is None else _matrix("x", x)
        self.y = None if y is None else _labels(_unmasked(y), task, partly_labelled)
        self.n_objects = len(self.x) if self.x is not None else len(self.y)  # type: ignore[arg-type]
        self.task: Task = "classification" if self.y is not None and self.y.dtype.kind in "US" else "regression"
        self.features = _names("features", features, 0 if self.x is None else self.x.shape[1], "x")
        self.labels = _names("labels", labels, 0 if self.y is None else self.y.shape[1], "y")
        self.meta = _meta(meta, self.n_objects)
        self.units = dict(units or {})
        self.name, self.citation = name, citation
        self.describe = default_description(self.features) if describe is None else describe
        self._units: NDArray[np.intp] | None = None
        self._described: NDArray[np.float64] | None = None
        if self.y is not None:
            self._same_length("y", len(self.y))
        self.noise = noise if isinstance(noise, Noise) or noise is None else Gaussian(noise)
        if self.noise is not None and self.x is None:
            raise InputError("noise was given without observations x; give x too.")
        if self.noise is not None and self.x is not None:
            self.noise.sigma(self.x)  # raises where the shapes disagree
        self.y_err = self._label_errors(y_err)
        self.group_name, self.group = self._column("group", group)
        self.weight_name, weight_values = self._column("weight", weight)
        self.weight = None if weight_values is None else _weights(weight_values)

    @property
    def is_partly_labelled(self) -> bool:
        """Whether the label of some object is unknown."""
        if self.y is None:
            return False
        return bool((np.isnan(self.y) if self.y.dtype.kind == "f" else self.y == "").any())

    def __len__(self) -> int:
        return self.n_objects

    def __repr__(self) -> str:
        shape = "no x" if self.x is None else f"{self.x.shape[1]} features"
        parts = [f"{self.n_objects} objects", shape, f"labels {', '.join(self.labels) or 'none'}"]
        if self.noise is not None:
            parts.append(repr(self.noise))
        if self.group is not None:
            parts.append(f"{len(np.unique(self.group))} groups")
        return f"Dataset({self.name + ': ' if self.name else ''}{'; '.join(parts)})"

    def __getitem__(self, index: slice | ArrayLike) -> Dataset:
        """The objects chosen by a slice, a boolean mask or integer positions; one integer keeps the axis."""
        rows = _rows(index, self.n_objects)
        part = object.__new__(Dataset)
        part.__dict__.update(self.__dict__)
        part._units = None
        part.n_objects = len(rows)
        for name in ("x", "y", "y_err", "group", "weight", "_described"):
            value = getattr(self, name)
            setattr(part, name, None if value is None else value[rows])
        part.noise = None if self.noise is None else self.noise[rows]
        part.meta = self.meta.iloc[rows].reset_index(drop=True)
        return part

    def __iter__(self) -> Iterator[Any]:
        raise TypeError("a Dataset is not iterated object by object; slice it, or use .x and .y.")

    @property
    def layout(self) -> CurveLayout | None:
        """How light curves lie in the rows of x; None where they are no light curves."""
        return curve_layout(self.features)

    def light_curves(self) -> LightCurves:
        """The light curves in the rows of x; their metadata are the extras.

        Raises
        ------
        InputError
            If the rows are no light curves.
        """
        from checkstar.data.curve_layout import CurveLayout

        if self.x is None:
            raise InputError("the dataset has no observations x, so it holds no light curves.")
        return CurveLayout.of(self.features).unpack(self.x, self.noise)

    def described(self) -> Dataset:
        """The same objects with the numbers by which they are compared as x: themselves, where x is that already.

        Missing numbers are NaN, and there is no noise of numbers that were made from x.
        """
        if self.describe is None or self.x is None:
            return self
        if self._described is None:
            self._described = np.asarray(self.describe(self.x, self.noise, self.features), dtype=float)
        found = object.__new__(Dataset)
        found.__dict__.update(self.__dict__)
        found.x, found.noise, found.describe, found._described = self._described, None, None, None
        found.features = self.describe.names(self.features)
        return found

    def is_observed_like(self, other: Dataset) -> bool:
        """Whether a method can be asked about both: as many columns, or light curves of the same kind."""
        return self.x is not None and other.x is not None and same_kind(self.features, other.features)

    def select(self, label: str) -> Dataset:
        """The same objects with one label only.

        Raises
        ------
        InputError
            If there is no such label.
        """
        column = self.label_index(label)
        part = self[:]
        part.y = None if self.y is None else self.y[:, [column]]
        part.y_err = None if self.y_err is None else self.y_err[:, [column]]
        part.labels = (label,)
        return part

    def label_index(self, label: str) -> int:
        """Position of a label by name."""
        if label not in self.labels:
            raise unknown_name("label", label, self.labels)
        return self.labels.index(label)

    @property
    def units_of_independence(self) -> NDArray[np.intp]:
        """Code 0..g-1 (n,) of the independent unit of each object: its group, or the object itself."""
        if self._units is None:
            if self.group is None:
                self._units = np.arange(self.n_objects)
            else:
                import pandas as pd

                self._units = pd.factorize(self.group, sort=True, use_na_sentinel=False)[0]
        return self._units

    def split(self, fraction: float = 0.3, rng: Any = 0) -> tuple[Dataset, Dataset]:
        """Split into (train, test) with about `fraction` of the objects in test; no group is ever divided."""
        if not 0 < fraction < 1:
            raise InputError(f"fraction is {fraction}; the share of test objects lies between 0 and 1.")
        units = self.units_of_independence
        order = np.random.default_rng(rng).permutation(units.max() + 1)
        sizes = np.bincount(units)[order]
        # Units go to test while that brings the size nearer to the wanted one.
        filled = np.cumsum(sizes)
        chosen = order[filled - sizes / 2 <= fraction * self.n_objects]
        test = np.isin(units, chosen)
        if test.all() or not test.any():
            raise InputError(
                f"the {len(sizes)} groups cannot be split with a share of {fraction}; "
                "give a finer group or more objects."
            )
        return self[~test], self[test]

    def folds(self, n_folds: int = 5, rng: Any = 0) -> Iterator[tuple[Dataset, Dataset]]:
        """`n_folds` pairs (train, test) that together test every object once; no group is ever divided."""
        units = self.units_of_independence
        n_units = int(units.max()) + 1
        if not 2 <= n_folds <= n_units:
            raise InputError(
                f"n_folds is {n_folds}; with {n_units} independent groups it lies between 2 and {n_units}."
            )
        sizes = np.bincount(units)
        order = np.random.default_rng(rng).permutation(n_units)
        order = order[np.argsort(-sizes[order], kind="stable")]
        fold_of, load = np.empty(n_units, dtype=int), np.zeros(n_folds)
        for unit in order:  # largest first, each to the emptiest fold
            fold_of[unit] = int(load.argmin())
            load[fold_of[unit]] += sizes[unit]
        for fold in range(n_folds):
            test = fold_of[units] == fold
            yield self[~test], self[test]

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write everything as Parquet, FITS or ECSV by the suffix; see `checkstar.data.files.write_fields`."""
        from checkstar.data.files import write_fields

        write_fields(self, path)

    @classmethod
    def read(cls, path: str | os.PathLike[str], *, describe: Description | None = None) -> Dataset:
        """Read what `write` wrote; see `checkstar.data.files.read_fields`. A `describe` of your own is not in the file."""
        from checkstar.data.files import read_fields

        return cls(**read_fields(path), describe=describe)

    def _same_length(self, what: str, length: int) -> None:
        if length != self.n_objects:
            raise InputError(f"{what} describes {length} objects but x has {self.n_objects}; pass one row per object.")

    def _label_errors(self, y_err: ArrayLike | None) -> NDArray[np.float64] | None:
        if y_err is None or self.y is None:
            return None
        errors = np.asarray(y_err, dtype=float)
        errors = errors[:, None] if errors.ndim == 1 and errors.shape == (self.n_objects,) else errors
        try:
            errors = np.broadcast_to(errors, self.y.shape).copy()
        except ValueError:
            raise InputError(
                f"y_err has shape {errors.shape} but y has {self.y.shape}; give one error per label."
            ) from None
        if not (np.isfinite(errors).all() and (errors >= 0).all()):
            raise InputError(
                "y_err has negative or non-finite entries; give standard errors, 0 where the truth is exact."
            )
        return errors

    def _column(self, role: str, value: str | ArrayLike | None) -> tuple[str, NDArray[Any] | None]:
        if value is None:
            return "", None
        if isinstance(value, str):
            if value not in self.meta:
                raise unknown_name(f"{role} column", value, self.meta.columns)
            return value, _present(value, self.meta[value].to_numpy())
        array = np.asarray(value)
        self._same_length(role, len(array))
        return role, _present(role, array)


def _present(name: str, values: NDArray[Any]) -> NDArray[Any]:
    import pandas as pd

    missing = pd.isna(values)
    if np.any(missing):
        raise InputError(
            f"{name} is missing for {int(np.sum(missing))} of {len(values)} objects; fill it, or drop these rows."
        )
    return values


def _unmasked(values: Any) -> Any:
    """Masked numbers as NaN, so that what is hidden is never used."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values) and values.dtype.kind in "fiu":
        return np.ma.filled(values.astype(float), np.nan)
    return values


def _column_names(table: Any) -> list[str] | None:
    columns = getattr(table, "columns", None)
    return None if columns is None else [str(name) for name in columns]


def _matrix(name: str, values: Any) -> NDArray[Any]:
    array = np.asarray(_unmasked(values))
    if array.dtype.kind not in "fiub":
        raise InputError(f"{name} holds {array.dtype} values; numbers are needed.")
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2:
        raise InputError(f"{name} has shape {array.shape}; one row per object and one column per value are needed.")
    return array if array.dtype in (np.float32, np.float64) else array.astype(float)


def _labels(values: Any, task: Task | None, partly: bool = False) -> NDArray[Any]:
    array = np.asarray(values)
    if array.dtype.kind == "O":
        array = _without_objects(array)
    if array.dtype.kind in "OTb" or task == "classification":
        array = array.astype(str)
    if array.dtype.kind in "US":
        if task == "regression":
            raise InputError("y holds text but the task is regression; give numbers.")
        return array[:, None] if array.ndim == 1 else array
    labels = _matrix("y", array).astype(float)
    bad = ~np.isfinite(labels).all(axis=1) & ~(partly & np.isnan(labels).all(axis=1))
    if bad.any():
        first = ", ".join(map(str, np.flatnonzero(bad)[:5]))
        raise InputError(
            f"y is not finite for {int(bad.sum())} of {len(labels)} objects (rows {first}); drop those rows."
        )
    return labels


def _without_objects(array: NDArray[Any]) -> NDArray[Any]:
    """Numbers kept as objects (None among them, nullable columns) as numbers; missing labels are refused."""
    import pandas as pd

    missing = np.atleast_1d(pd.isna(array).sum(axis=-1) if array.ndim > 1 else pd.isna(array)) > 0
    if missing.any():
        first = ", ".join(map(str, np.flatnonzero(missing)[:5]))
        raise InputError(f"y is missing for {missing.sum()} of {len(array)} objects (rows {first}); drop those rows.")
    numbers = all(isinstance(value, int | float | np.number) and not isinstance(value, bool) for value in array.flat)
    return array.astype(float) if numbers else array


def _names(kind: str, names: Sequence[str] | None, width: int, of: str) -> tuple[str, ...]:
    if names is None:
        return tuple(of if width == 1 else f"{of}{i}" for i in range(width))
    if isinstance(names, str):
        raise InputError(f"{kind} is the text {names!r}; give a list of names.")
    if len(set(names)) < len(names):
        raise InputError(f"{kind} name a column twice ({', '.join(map(str, names))}); give each a name of its own.")
    if len(names) != width:
        raise InputError(f"{len(names)} {kind} were named but {of} has {width} columns; name each column once.")
    return tuple(str(name) for name in names)


def _meta(meta: Any, n_objects: int) -> pd.DataFrame:
    import pandas as pd

    if meta is None:
        return pd.DataFrame(index=range(n_objects))
    frame = meta.to_pandas() if hasattr(meta, "to_pandas") else pd.DataFrame(meta)
    if len(frame) != n_objects:
        raise InputError(f"meta describes {len(frame)} objects but there are {n_objects}; pass one row per object.")
    frame = frame.reset_index(drop=True)
    frame.columns = [str(name) for name in frame.columns]
    return frame


def _weights(values: NDArray[Any]) -> NDArray[np.float64]:
    weights = np.asarray(values, dtype=float)
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0):
        raise InputError("selection weights must be finite, not negative and not all zero; give 1/P(selected).")
    return weights


def _rows(index: Any, n_objects: int) -> NDArray[np.intp]:
    if isinstance(index, int | np.integer):
        index = [index]
    if not isinstance(index, slice):
        index = np.asarray(index)
        if index.dtype == bool and index.shape != (n_objects,):
            raise InputError(f"a mask of shape {index.shape} cannot choose among {n_objects} objects.")
        if index.size == 0:
            index = index.astype(int)
    return np.arange(n_objects)[index]
