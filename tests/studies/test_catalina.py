"""The studies of Catalina South that the documents quote."""

import os
import time
from pathlib import Path

import pytest

from checkstar.studies.reporting import describe_study
from checkstar.studies.running import study
from checkstar.study_settings import read_study

STUDIES = Path(__file__).resolve().parents[2] / "examples" / "studies"


@pytest.mark.slow
@pytest.mark.skipif("CHECKSTAR_DATA" not in os.environ, reason="set CHECKSTAR_DATA to the folder with variable-stars/")
@pytest.mark.parametrize(
    ("name", "aim"),
    [
        ("catalina_found", {"accuracy": 0.82, "balanced_accuracy": 0.62}),
        ("catalina_catalogue", {"accuracy": 0.857, "balanced_accuracy": 0.683}),
    ],
)
def test_catalina_is_classified_better_than_by_fifty_features(name, aim, tmp_path):
    """Beside the measured baseline of fifty features at the catalogue period, and what was aimed for without it."""
    asked = read_study(STUDIES / f"{name}.toml", {"store": tmp_path / "store", "jobs": 2})
    methods, searches, _ = asked.make_methods()
    start = time.monotonic()
    done = study(
        asked.make_problems(), methods, None, splits=asked.splits, test_share=asked.test_share, store=asked.store,
        executor=asked.make_executor(), hyperparameters=searches,
    )  # fmt: skip
    assert time.monotonic() - start < 3600
    assert not done.failures
    found = {metric["name"]: metric for metric in describe_study(done)["problems"][0]["labels"][0]["metrics"]}
    for metric, least in aim.items():
        # The upper end of the interval: what is aimed for is not shown to be missed.
        standing = next(s for s in found[metric]["comparison"]["standings"] if s["method"] == "boosting")
        assert standing["high"] >= least, f"{metric} {standing['score']:.3f}"
