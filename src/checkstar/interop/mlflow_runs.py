"""Audits into mlflow: verdict and evidence as tags and metrics of a run, the reports as its artifacts."""

from __future__ import annotations

import math
import re
import tempfile
from pathlib import Path
from typing import Any

from checkstar.audits import Audit
from checkstar.errors import InputError

__all__ = ["log_to_mlflow"]

#: What mlflow does not take in the name of a metric.
_FOREIGN = re.compile(r"[^\w./ -]")
_LONGEST_TAG = 5000


def log_to_mlflow(audit: Audit, *, run_id: str | None = None, folder: str = "checkstar", client: Any = None) -> str:
    """Write an audit into a run of mlflow (extra `interop`): the active one, or that of `run_id`.

    Tags ``checkstar.verdict`` and ``checkstar.headline``; for every piece of evidence that ran the metrics
    ``checkstar/USE/CHECK/value``, ``low``, ``high`` and ``limit``; the files of the report as artifacts.

    Parameters
    ----------
    audit : Audit
    run_id : str, optional
        By default the active run; one is begun where there is none.
    folder : str
        Of the artifacts.
    client : object, optional
        In place of the module `mlflow`, for tests.

    Returns
    -------
    str
        The identifier of the run.

    Raises
    ------
    InputError
        If mlflow is not installed.
    """
    mlflow = client if client is not None else _mlflow()
    active = mlflow.active_run() if run_id is None else None
    if active is not None:
        return _logged(audit, mlflow, active.info.run_id, folder)
    with mlflow.start_run(run_id=run_id) as begun:
        return _logged(audit, mlflow, begun.info.run_id, folder)


def _logged(audit: Audit, mlflow: Any, run_id: str, folder: str) -> str:
    record = audit.to_dict()
    mlflow.set_tags({"checkstar.verdict": record["verdict"], "checkstar.headline": record["headline"][:_LONGEST_TAG]})
    mlflow.log_metrics(_metrics(audit))
    with tempfile.TemporaryDirectory() as temporary:
        mlflow.log_artifacts(str(audit.save(Path(temporary) / "audit")), folder)
    return run_id


def _metrics(audit: Audit) -> dict[str, float]:
    found = {}
    for judgement in audit.judgements:
        claim = judgement.claim
        use = claim.use if claim.label is None else f"{claim.use} {claim.label}"
        for evidence in judgement.evidence:
            for name in ("value", "low", "high", "limit"):
                number = getattr(evidence, name)
                if evidence.verdict.ran and math.isfinite(number):
                    found[_FOREIGN.sub("_", f"checkstar/{use}/{evidence.check}/{name}")] = float(number)
    return found


def _mlflow() -> Any:
    try:
        import mlflow
    except ImportError:
        raise InputError("mlflow is not installed; install it with: pip install 'checkstar[interop]'.") from None
    return mlflow
