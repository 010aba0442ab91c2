"""The demonstration: what it writes, what it shows, and that it ends within its time."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from checkstar.audits import audit
from checkstar.claims import Claim
from checkstar.demo import Compared, Demo, show_demo
from checkstar.problems import stellar_labels
from checkstar.runs import Run


@pytest.fixture(scope="module")
def demo():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=100)
    table = pd.DataFrame({"feh": truth, "ml": truth + 0.1 * rng.normal(size=100)})
    run = Run.from_table(table, truth="feh", predicted="ml", name="<Ridge>")
    claim = Claim("population_mean", n_objects=500, tolerance=0.02)
    return Demo(
        problem=stellar_labels(),
        compared=(
            Compared(method="A", scatter={"teff": 80.0, "logg": 0.2, "feh": 0.1}, fit_seconds=1.0, predict_seconds=0.5),
            Compared(method="B", scatter={"teff": 90.0, "logg": 0.3, "feh": 0.2}),
            Compared(method="C", scatter={}, failure="ValueError: planted"),
        ),
        audits={"uses": audit(run), "claim-ridge": audit(run, claim), "claim-cannon": audit(run, claim)},
    )


def test_every_report_is_saved_and_the_index_leads_to_all(demo, tmp_path):
    demo.save(tmp_path)
    index = (tmp_path / "index.html").read_text()
    links = re.findall(r'href="([^"]+)"', index)
    assert links == ["uses/report.html", "claim-ridge/report.html", "claim-cannon/report.html"]
    assert all((tmp_path / link).is_file() for link in links)
    assert "&lt;Ridge&gt;" in index
    assert "<Ridge>" not in index


def test_the_comparison_is_a_table_with_one_row_a_method(demo, tmp_path):
    demo.save(tmp_path)
    rows = list(csv.DictReader((tmp_path / "comparison.csv").read_text().splitlines()))
    assert rows[0] == {
        "method": "A",
        "teff [K]": "80",
        "logg [dex]": "0.2",
        "feh [dex]": "0.1",
        "fit [s]": "1.00",
        "predict [s]": "0.50",
    }
    assert rows[1]["fit [s]"] == ""
    assert rows[2]["teff [K]"] == "failed: ValueError: planted"


def test_what_is_shown_goes_from_the_score_to_the_verdict_and_says_where_to_look(demo, tmp_path, capsys):
    show_demo(demo, tmp_path)
    shown = capsys.readouterr().out
    places = [shown.index(word) for word in ("1. The score", "2. The answer", "may be used for", "3. One claim")]
    assert places == sorted(places)
    assert "failed: ValueError: planted" in shown
    assert shown.rstrip().endswith(f"start with {tmp_path / 'index.html'}")


def test_the_record_is_plain(demo):
    record = demo.to_dict()
    assert record["problem"] == "stellar-labels"
    assert [row["method"] for row in record["comparison"]] == ["A", "B", "C"]
    assert record["audits"]["claim-ridge"]["claim"]["n_objects"] == 500


@pytest.mark.slow
def test_the_whole_demonstration_ends_within_ninety_seconds(tmp_path):
    start = time.perf_counter()
    words = [sys.executable, "-m", "checkstar", "demo", "--out", "out", "--json"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    seconds = time.perf_counter() - start
    assert (done.returncode, done.stderr) == (0, "")
    record = json.loads(done.stdout)
    assert {row["method"].split()[0] for row in record["comparison"]} >= {"Ridge", "Cannon", "TemplateFit"}
    assert all(row["failure"] is None for row in record["comparison"])
    assert (tmp_path / "out/index.html").is_file()
    # The promise to a newcomer, on two idle cores.
    assert seconds < 90
