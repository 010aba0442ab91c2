"""Provenance: hashes of data, settings and code, versions, git revision, and the time of a run."""

from __future__ import annotations

import hashlib
import json
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Meter", "environment", "hash_arrays", "hash_settings", "measure", "packages"]

_PACKAGES = ("checkstar", "numpy", "scipy", "pandas", "pyarrow", "scikit-learn", "astropy", "torch")


def hash_arrays(arrays: Iterable[Any]) -> str:
    """SHA-256 (hex) of the content, shape and type of arrays; None counts as itself.

    Examples
    --------
    >>> hash_arrays([np.zeros(3)]) == hash_arrays([np.zeros(3)]), hash_arrays([np.zeros(3)]) == hash_arrays([np.ones(3)])
    (True, False)
    """
    digest = hashlib.sha256()
    for item in arrays:
        array = np.asarray([] if item is None else item)
        if array.dtype.kind == "O":
            array = array.astype(str)
        digest.update(f"{item is None}{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes() if array.size else b"")
    return digest.hexdigest()


def hash_settings(settings: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of settings, by their JSON with sorted names."""
    text = json.dumps(settings, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()


def environment(seed: int | None = None) -> dict[str, Any]:
    """Versions, platform, git revision of the working folder and seed: what a repetition needs to know."""
    revision, dirty = _git()
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(terse=True),
        "packages": packages(),
        "git_revision": revision,
        "git_dirty": dirty,
        "seed": seed,
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def packages() -> dict[str, str]:
    """Versions of the packages that results depend on."""
    return {name: version for name in _PACKAGES if (version := _version(name))}


@dataclass
class Meter:
    """What a piece of work cost: wall and CPU seconds, and the process's peak memory when it ended (MB)."""

    wall_seconds: float = float("nan")
    cpu_seconds: float = float("nan")
    peak_memory_mb: float = float("nan")


@contextmanager
def measure() -> Iterator[Meter]:
    """Measure the enclosed work; the meter is filled when the block ends."""
    meter = Meter()
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        yield meter
    finally:
        meter.wall_seconds = time.perf_counter() - wall
        meter.cpu_seconds = time.process_time() - cpu
        # Kilobytes on Linux, bytes on macOS.
        scale = 1024.0**2 if sys.platform == "darwin" else 1024.0
        meter.peak_memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _git() -> tuple[str | None, bool | None]:
    def ask(*words: str) -> str:
        done = subprocess.run(["git", *words], capture_output=True, text=True, timeout=5, cwd=Path.cwd(), check=True)
        return done.stdout.strip()

    try:
        return ask("rev-parse", "HEAD"), bool(ask("status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.SubprocessError):
        return None, None
