"""Periods found from the light curves alone, kept on disk: they are the slowest part of every problem that needs them."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from checkstar import variability
from checkstar.data.files import replacing
from checkstar.data.light_curves import LightCurves
from checkstar.provenance import hash_arrays, packages

__all__ = ["found_periods", "periods_folder"]

Array = NDArray[np.float64]


def periods_folder() -> Path:
    """Where found periods are kept: in the cache folder of the user."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("checkstar")) / "periods"


def found_periods(curves: LightCurves) -> Array:
    """The best period (n,) in days of each object, as `checkstar.variability.periods.find_periods` finds it.

    They are found once: other calls with the same epochs, and the same code, read them from the user's cache. On a
    terminal a bar shows how far the search is.
    """
    path = periods_folder() / f"{_fingerprint(curves)}.npy"
    known = _read(path, len(curves))
    if known is not None:
        return known
    periods = _find(curves)
    _write(path, periods)
    return periods


def _find(curves: LightCurves) -> Array:
    from checkstar.variability.periods import find_periods

    with _bar() as progress:
        return np.ascontiguousarray(find_periods(curves, progress=progress).period[:, 0])


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None] | None]:
    """A bar on the standard error of a terminal; None where there is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("finding periods", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _fingerprint(curves: LightCurves) -> str:
    """Of the epochs, and of the code that finds periods: another search gives other periods."""
    columns = (curves.time, curves.value, curves.error, curves.offsets, curves.band)
    digest = hashlib.sha256(hash_arrays(columns).encode())
    digest.update(repr((curves.bands, curves.unit, packages())).encode())
    for source in sorted(Path(variability.__path__[0]).glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _read(path: Path, n: int) -> Array | None:
    try:
        periods = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return periods if periods.shape == (n,) and periods.dtype == np.float64 else None


def _write(path: Path, periods: Array) -> None:
    """Whole or not at all; a folder that cannot be written to costs time, not the result."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as beside:
            np.save(beside, periods)
    except OSError:
        return
