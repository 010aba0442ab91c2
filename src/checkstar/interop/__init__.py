"""Interop: results of other tools in, audits out to other tools. Nothing here is needed by the rest of the package."""

from __future__ import annotations

from checkstar.interop.ensembles import from_qp
from checkstar.interop.mlflow_runs import log_to_mlflow
from checkstar.interop.through_files import through_files
from checkstar.interop.torch_posteriors import from_sbi

__all__ = ["from_qp", "from_sbi", "log_to_mlflow", "through_files"]
