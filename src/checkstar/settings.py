"""Settings of an audit as a user gives them: options of the command line, a TOML file, or both."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from checkstar.claim_settings import ClaimSettings, read_claim, validated
from checkstar.errors import InputError, unknown_name
from checkstar.runs import Run

__all__ = ["AuditSettings", "read_settings", "require_writable"]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Names = Annotated[list[str], BeforeValidator(_listed)]


class AuditSettings(BaseModel):
    """What is audited, and how."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: Path
    truth: str | None = None
    predicted: str | None = None
    sigma: str | None = None
    truth_sigma: str | None = None
    probabilities: Names | None = None
    meta: Names | None = None
    group: str | None = None
    weight: str | None = None
    label_names: Names | None = None
    unit: str | None = None
    name: str | None = None
    out: Path | None = None
    seed: int = 0
    claim: ClaimSettings | None = None

    def run(self) -> Run:
        """The run that the file describes.

        Raises
        ------
        InputError
            If the file or its columns cannot be used.
        """
        if self.table.suffix.lower() == ".npz":
            return self._run_from_samples()
        if self.truth is None:
            raise InputError(
                "the column of the truth was not named; give --truth COLUMN (in a TOML file: truth = 'COLUMN')."
            )
        if self.label_names is not None:
            raise InputError(
                "label_names belong to samples (.npz); the label of a table is the name of its truth column."
            )
        probabilities: Any = self.probabilities
        return Run.from_table(
            self.table,
            truth=self.truth,
            predicted=self.predicted,
            sigma=self.sigma,
            truth_sigma=self.truth_sigma,
            probabilities=probabilities[0] if probabilities and len(probabilities) == 1 else probabilities,
            meta=self.meta,
            group=self.group,
            weight=self.weight,
            units=None if self.unit is None else {self.truth: self.unit},
            name=self.name,
        )

    def _run_from_samples(self) -> Run:
        from checkstar.sample_files import run_from_npz

        columns = ("truth", "predicted", "sigma", "truth_sigma", "probabilities", "meta", "group", "weight")
        given = [name for name in columns if getattr(self, name) is not None]
        if given:
            raise InputError(
                f"{', '.join(given)} name columns of a table, but {self.table.name} holds samples; drop them."
            )
        units = {}
        if self.unit is not None:
            labels = self.label_names or []
            label = labels[0] if len(labels) == 1 else (self.claim.label if self.claim else None)
            if label is None:
                raise InputError("a unit was given for samples with several or unnamed labels; name one with --label.")
            units = {label: self.unit}
        return run_from_npz(self.table, labels=self.label_names, units=units, name=self.name)


_KEYS = [name for name in AuditSettings.model_fields if name != "claim"]


def read_settings(path: Path, audit: Mapping[str, Any], claim: Mapping[str, Any]) -> AuditSettings:
    """Settings from the file given and the options, which win over the file.

    Parameters
    ----------
    path : Path
        A table, an npz file of samples, or a TOML file with the tables ``[audit]`` and ``[claim]``, whose keys are
        those of the options and whose relative paths are relative to it.
    audit, claim : mapping
        Options; None and empty lists are "not given".

    Raises
    ------
    InputError
        For an unknown key (the nearest is suggested) or a value of the wrong kind.
    """
    stored: dict[str, Any] = {"table": path}
    stored_claim: dict[str, Any] = {}
    where = "the options"
    if path.suffix.lower() == ".toml":
        stored, stored_claim = _read_toml(path)
        where = str(path)
    stored |= {key: value for key, value in audit.items() if value not in (None, [], ())}
    stored_claim |= {key: value for key, value in claim.items() if value is not None}
    if "claim" in stored:
        raise unknown_name(f"key in [audit] of {where}", "claim", _KEYS)
    claimed = read_claim(stored_claim, where)
    return validated(AuditSettings, {**stored, "claim": claimed}, f"[audit] of {where}", _KEYS)


def _read_toml(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}; check the path.") from error
    except ValueError as error:
        raise InputError(f"{path} is not TOML ({error}); see `checkstar audit --help` for the keys.") from error
    for name in content:
        if name not in ("audit", "claim") or not isinstance(content[name], dict):
            raise unknown_name(f"table in {path.name} called", name, ("audit", "claim"))
    tables = [{key.replace("-", "_"): v for key, v in content.get(part, {}).items()} for part in ("audit", "claim")]
    audit, claim = tables
    if "table" not in audit:
        raise InputError(f"{path} does not say what to audit; add table = 'FILE' under [audit].")
    for key in ("table", "out"):
        if isinstance(audit.get(key), str):
            audit[key] = path.parent / audit[key]
    if isinstance(claim.get("population"), str):
        claim["population"] = str(path.parent / claim["population"])
    return audit, claim


def require_writable(folder: Path) -> None:
    """Raise InputError if `folder` could not be created or written; nothing is created."""
    there = folder.absolute()
    while not there.exists() and not there.is_symlink():
        there = there.parent
    if not there.is_dir():
        raise InputError(f"cannot write the report to {folder}: {there} is not a folder; give another --out.")
    if not os.access(there, os.W_OK | os.X_OK):
        raise InputError(f"cannot write the report to {folder}: no permission to write in {there}; give another --out.")
