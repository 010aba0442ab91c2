"""Reservations: which cells a living process is working on, so that two processes share a study and do none twice.

They only save work. A cell that two processes run all the same is stored once, whole.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["Reservations"]

_BEAT_SECONDS = 15.0
#: After this long without a beat the process is taken for dead, wherever it runs.
_STALE_SECONDS = 90.0


class Reservations:
    """The cells that this process has taken, as small files that it touches while it lives.

    Parameters
    ----------
    folder : Path
        Where all processes put them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._held: set[str] = set()
        self._over = threading.Event()
        self._beat = threading.Thread(target=self._keep, daemon=True)

    def __enter__(self) -> Self:
        self._beat.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for key in list(self._held):
            self.release(key)

    def take(self, key: str) -> bool:
        """Whether the cell is now this process's; not where another one lives that has it."""
        path = self.folder / key
        if path.exists() and not _is_stale(path):
            return key in self._held
        path.unlink(missing_ok=True)
        try:
            with path.open("x") as file:
                json.dump({"host": socket.gethostname(), "pid": os.getpid()}, file)
        except FileExistsError:
            return False
        except OSError:
            return True  # where nothing can be reserved, everything may be run
        self._held.add(key)
        return True

    def release(self, key: str) -> None:
        """Give a cell back."""
        if key in self._held:
            self._held.discard(key)
            (self.folder / key).unlink(missing_ok=True)

    def _keep(self) -> None:
        while not self._over.wait(_BEAT_SECONDS):
            for key in list(self._held):
                try:
                    os.utime(self.folder / key)
                except OSError:
                    continue


def _is_stale(path: Path) -> bool:
    try:
        age = time.time() - path.stat().st_mtime
        owner = json.loads(path.read_text() or "{}")
        return age > _STALE_SECONDS or (owner.get("host") == socket.gethostname() and not _lives(owner.get("pid")))
    except FileNotFoundError:
        return True
    except (OSError, ValueError, AttributeError):
        return False  # being written just now; its age tells later


def _lives(pid: object) -> bool:
    if not isinstance(pid, int):
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
