"""Memory: the peak of a piece of work, how much there is, and how much a cell of a study may need."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from checkstar.data.dataset import Dataset

__all__ = ["Peak", "available_memory_mb", "needed_memory_mb", "peak_memory"]

_MB = 1024.0**2
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
#: Observations, their noise, and one copy of each in a fit.
_COPIES = 4
#: A process that has imported scikit-learn and pandas; torch takes as much again.
_PROCESS_MB = 400.0


@dataclass
class Peak:
    """The largest resident memory (MB) of this process during a piece of work, and what it was before."""

    before_mb: float = float("nan")
    peak_mb: float = float("nan")


@contextmanager
def peak_memory() -> Iterator[Peak]:
    """Measure the enclosed work; where the system cannot start anew, the peak is that of the process so far."""
    peak = Peak(before_mb=_resident_mb("VmRSS"))
    _forget_peak()
    try:
        yield peak
    finally:
        peak.peak_mb = _resident_mb("VmHWM")


def available_memory_mb() -> float:
    """Memory that new work can take: of the machine, or of the control group that the process is in."""
    bounds = [_machine_mb()]
    with suppress(OSError, ValueError):  # no control group, or one without a limit ("max")
        used = float(Path("/sys/fs/cgroup/memory.current").read_text())
        bounds.append((float(Path("/sys/fs/cgroup/memory.max").read_text()) - used) / _MB)
    return max(min(bounds), 0.0)


def needed_memory_mb(data: Dataset) -> float:
    """An estimate for one cell: n x p x 8 bytes, four times, and a process."""
    width = 0 if data.x is None else data.x.shape[1]
    return _PROCESS_MB + _COPIES * 8.0 * len(data) * width / _MB


def _machine_mb() -> float:
    try:
        line = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemAvailable"))
        return float(line.split()[1]) / 1024.0
    except (OSError, StopIteration, ValueError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / _MB


def _forget_peak() -> None:
    with suppress(OSError):
        _CLEAR.write_text("5")  # resets the high-water mark (Linux, proc(5))


def _resident_mb(field: str) -> float:
    try:
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(field))
        return float(line.split()[1]) / 1024.0
    except (OSError, StopIteration, ValueError):
        # Kilobytes on Linux, bytes on macOS.
        scale = _MB if sys.platform == "darwin" else 1024.0
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale
