"""Audits as runs of mlflow."""

import contextlib
import types
from pathlib import Path

import numpy as np
import pytest

import checkstar as cs
from checkstar.interop import log_to_mlflow


class Client:
    """What `mlflow` offers, remembering what it was told."""

    def __init__(self, active=None):
        self.active, self.tags, self.metrics, self.files = active, {}, {}, []

    def active_run(self):
        return self.active and self._run(self.active)

    @contextlib.contextmanager
    def start_run(self, run_id=None):
        yield self._run(run_id or "new")

    @staticmethod
    def _run(name):
        return types.SimpleNamespace(info=types.SimpleNamespace(run_id=name))

    def set_tags(self, tags):
        self.tags |= tags

    def log_metrics(self, metrics):
        self.metrics |= metrics

    def log_artifacts(self, folder, path):
        self.files += [f"{path}/{file.name}" for file in Path(folder).iterdir()]


@pytest.fixture
def audit():
    rng = np.random.default_rng(0)
    y = rng.normal(size=400)
    prediction = cs.prediction.Normal(y + rng.normal(size=400), np.full(400, 0.5))
    return cs.audit(cs.Run(name="r", test=cs.Dataset(y=y, labels=["[Fe/H]"]), prediction=prediction), "object_interval")


def test_verdict_evidence_and_reports_arrive(audit):
    client = Client()
    assert log_to_mlflow(audit, client=client) == "new"
    assert client.tags["checkstar.verdict"] == "FAIL"
    pulls = next(e for e in audit.judgements[0].evidence if e.check == "pulls")
    assert client.metrics["checkstar/object_interval _Fe/H_/pulls/value"] == pulls.value
    assert "checkstar/report.html" in client.files
    assert all(np.isfinite(list(client.metrics.values())))


def test_the_active_run_is_used_unless_another_is_named(audit):
    assert log_to_mlflow(audit, client=Client("mine")) == "mine"
    assert log_to_mlflow(audit, client=Client("mine"), run_id="other") == "other"
