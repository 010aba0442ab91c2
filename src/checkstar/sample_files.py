"""Posterior draws from an npz file: arrays `samples` (n, s, d), `truth` (n, d) and, where there is one, `x` (n, p)."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from checkstar.errors import InputError, unknown_name
from checkstar.runs import Run
from checkstar.table_runs import MIN_OBJECTS

__all__ = ["run_from_npz"]

_KNOWN = ("samples", "truth", "x")


def run_from_npz(
    path: str | Path,
    *,
    labels: Sequence[str] | None = None,
    units: Mapping[str, str] | None = None,
    name: str | None = None,
) -> Run:
    """A run from an npz file of posterior draws.

    Parameters
    ----------
    path : path
        File with the arrays `samples` (n, s, d), `truth` (n, d) and optionally `x` (n, p).
    labels : sequence of str, optional
        Names of the d parameters.
    units : mapping of label to str, optional
        Units of the parameters.

    Raises
    ------
    InputError
        If the file cannot be read, an array is missing, or the arrays disagree about the number of objects.
    """
    arrays = _arrays(Path(path))
    samples, truth = arrays["samples"], arrays["truth"]
    _check_shapes(samples, truth)
    width = 1 if truth.ndim == 1 else truth.shape[1]
    if labels is not None and len(labels) != width:
        raise InputError(
            f"{len(labels)} labels were named ({', '.join(labels)}) but truth has {width}; name each once."
        )
    for label in units or ():
        if label not in (labels or ()):
            raise unknown_name("label with a unit", label, labels or ())
    return Run.from_samples(
        samples, truth, x=arrays.get("x"), labels=labels, units=units, name=name or Path(path).name.split(".")[0]
    )


def _arrays(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(f"there is no file {path}; check the path.")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty (0 bytes); write or copy it again.")
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files if name in _KNOWN}
            available = list(stored.files)
    except (OSError, ValueError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        why = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
        raise InputError(
            f"{path} cannot be read as NPZ ({why}); write it with numpy.savez(samples=..., truth=...)."
        ) from error
    for name in ("samples", "truth"):
        if name not in arrays:
            raise unknown_name(f"array in {path.name} called", name, available)
    return arrays


def _check_shapes(samples: Any, truth: Any) -> None:
    """Objects first, and as many draws as truths."""
    n_objects = len(truth) if truth.ndim else 0
    shapes = f"samples have shape {samples.shape} and truth has shape {truth.shape}"
    if samples.ndim not in (2, 3) or truth.ndim not in (1, 2):
        raise InputError(f"{shapes}; (n_objects, n_samples, n_labels) and (n_objects, n_labels) are needed.")
    if len(samples) != n_objects:
        swapped = samples.shape[1] == n_objects
        cure = (
            "the first two axes of samples look swapped: save numpy.swapaxes(samples, 0, 1)"
            if swapped
            else "pass one row of samples per true value"
        )
        raise InputError(f"samples describe {len(samples)} objects but truth has {n_objects} ({shapes}); {cure}.")
    widths = samples.shape[2:] or (1,), truth.shape[1:] or (1,)
    if widths[0] != widths[1]:
        raise InputError(
            f"samples describe {widths[0][0]} labels but truth has {widths[1][0]} ({shapes}); give the same."
        )
    if n_objects < MIN_OBJECTS:
        raise InputError(
            f"there are {n_objects} objects; no check can decide anything with fewer than {MIN_OBJECTS}. "
            "Give more objects with known truth."
        )
