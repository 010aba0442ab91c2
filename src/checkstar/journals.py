"""Journal: finished evidence on disk while an audit runs, so that a killed audit goes on where it was."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from checkstar.data.files import replacing
from checkstar.errors import InputError
from checkstar.evidence import Evidence

__all__ = ["Journal"]


class Journal:
    """One JSON line a finished check, after a first line that says of what audit.

    A line is appended and flushed to disk as a whole; a last line that a kill has torn is left out when it is read.

    Parameters
    ----------
    path : Path
        The file; its folder is made with the first line.
    fingerprint : str
        Hash of all that the evidence depends on: predictions, data, seed, versions.
    """

    def __init__(self, path: Path, fingerprint: str) -> None:
        self.path, self.fingerprint = path, fingerprint

    def read(self) -> dict[str, Evidence]:
        """Finished evidence by key; empty where there is no journal.

        Raises
        ------
        InputError
            If the journal is that of another audit, or cannot be read.
        """
        try:
            lines = self.path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise InputError(f"cannot read {self.path} ({error}); start again without --resume.") from error
        stored = [item for line in lines if (item := _parsed(line)) is not None]
        if not stored:
            return {}
        if stored[0].get("fingerprint") != self.fingerprint:
            raise InputError(
                f"{self.path} belongs to another audit: the data, the predictions, the seed or a version differ; "
                "start again without --resume."
            )
        return {item["key"]: _evidence(item) for item in stored[1:]}

    def start(self) -> None:
        """Begin an empty journal, in place of any other."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(self.path) as beside:
            beside.write_text(json.dumps({"fingerprint": self.fingerprint}) + "\n", encoding="utf-8")

    def add(self, key: str, evidence: Evidence) -> None:
        """Append the evidence of one finished check."""
        flags = {name: np.flatnonzero(values).tolist() for name, values in evidence.flags.items()}
        n_objects = max((len(values) for values in evidence.flags.values()), default=0)
        line = json.dumps({"key": key, "evidence": evidence.to_dict(), "flags": flags, "n_objects": n_objects})
        # A torn line of a killed audit must not swallow this one.
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")
            file.flush()
            os.fsync(file.fileno())


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        item = json.loads(line)
    except ValueError:
        return None
    return item if isinstance(item, dict) else None


def _evidence(item: Mapping[str, Any]) -> Evidence:
    def mask(rows: list[int]) -> np.ndarray:
        values = np.zeros(item["n_objects"], dtype=bool)
        values[rows] = True
        return values

    return replace(
        Evidence.from_dict(item["evidence"]), flags={name: mask(rows) for name, rows in item["flags"].items()}
    )
