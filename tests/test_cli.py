"""The command line: exit statuses, one clear message for every mistake, and nothing written when input is bad."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import jsonschema
import numpy as np
import pandas as pd
import pytest
from astropy.table import Table
from typer.testing import CliRunner

from checkstar.cli import app
from checkstar.reports import schema

N = 300


def table(n=N, scatter=0.1, bias=0.0, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n)
    return pd.DataFrame(
        {
            "feh": truth,
            "feh_ml": truth + bias + scatter * rng.normal(size=n),
            "feh_err": np.full(n, scatter),
            "mag": rng.uniform(12, 16, n),
        }
    )


@pytest.fixture
def good(tmp_path):
    table().to_csv(tmp_path / "good.csv", index=False)
    return tmp_path / "good.csv"


@pytest.fixture
def with_units(tmp_path):
    stored = Table.from_pandas(table())
    stored["feh"].unit = stored["feh_ml"].unit = stored["feh_err"].unit = "dex"
    stored.write(tmp_path / "units.ecsv")
    return tmp_path / "units.ecsv"


def checkstar(*words):
    return CliRunner().invoke(app, [str(word) for word in words], prog_name="checkstar")


def audit(path, *words):
    return checkstar("audit", path, "--truth", "feh", "--predicted", "feh_ml", "--sigma", "feh_err", *words)


def refused(result, folder, *parts):
    """Bad input: status 3, one line on the standard error, nothing on the output, nothing written."""
    assert result.exit_code == 3, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("checkstar: error: ")
    assert result.stderr.count("\n") == 1
    for part in parts:
        assert part in result.stderr
    assert not folder.exists()


# Verdicts and what is printed

RANKING = ("--claim", "ranking")
BIASED = ("--claim", "population_mean", "--n-objects", 100, "--tolerance", 0.01)


@pytest.mark.parametrize(
    ("data", "claim", "status", "verdict"),
    [
        (table(), RANKING, 0, "PASS"),
        (table(bias=0.5), BIASED, 1, "FAIL"),
        (table(n=12, scatter=1.0), RANKING, 2, "INCONCLUSIVE"),
    ],
)
def test_the_exit_status_is_the_verdict(tmp_path, data, claim, status, verdict):
    data.to_csv(tmp_path / "t.csv", index=False)
    result = audit(tmp_path / "t.csv", *claim)
    assert result.exit_code == status
    assert result.stdout.startswith(verdict)
    assert result.stderr == ""


def test_json_is_the_record_and_nothing_else_and_keeps_its_schema(good, tmp_path):
    result = audit(good, *RANKING, "--json", "--out", tmp_path / "out")
    record = json.loads(result.stdout)
    jsonschema.validate(record, schema())
    assert record["verdict"] == "PASS"
    assert json.loads((tmp_path / "out/audit.json").read_text())["evidence"] == record["evidence"]
    assert (tmp_path / "out/report.html").is_file()


def test_without_a_claim_every_use_is_judged(good):
    result = audit(good, "--json")
    record = json.loads(result.stdout)
    jsonschema.validate(record, schema())
    assert {use["claim"]["use"] for use in record["uses"]} == {
        "ranking",
        "object_value",
        "object_interval",
        "population_mean",
    }
    assert "may be used for" in audit(good).stdout


def test_without_out_nothing_is_written(good, tmp_path):
    audit(good, *RANKING)
    assert [path.name for path in tmp_path.iterdir()] == ["good.csv"]


def test_the_same_seed_gives_the_same_evidence_and_the_options_reach_the_audit(good):
    def record(*words):
        return json.loads(audit(good, *BIASED, "--json", "--name", "mine", "--group", "mag", *words).stdout)

    first, second = record("--seed", 3), record("--seed", 3)
    for stored in (first, second):
        for evidence in stored["evidence"]:
            evidence.pop("seconds")
    assert first["evidence"] == second["evidence"]
    assert first["environment"]["seed"] == 3
    assert first["subject"]["name"] == "mine"
    assert first["subject"]["group"] == "mag"


def test_csv_parquet_fits_and_ecsv_give_the_same_verdict(tmp_path):
    data = table(bias=0.05)
    data.to_csv(tmp_path / "t.csv", index=False)
    data.to_parquet(tmp_path / "t.parquet")
    for suffix in ("fits", "ecsv"):
        Table.from_pandas(data).write(tmp_path / f"t.{suffix}")
    found = {
        suffix: json.loads(audit(tmp_path / f"t.{suffix}", *BIASED, "--json").stdout)
        for suffix in ("csv", "parquet", "fits", "ecsv")
    }
    values = {suffix: [item["value"] for item in record["evidence"]] for suffix, record in found.items()}
    assert {record["verdict"] for record in found.values()} == {"FAIL"}
    for suffix in ("parquet", "fits", "ecsv"):
        assert values[suffix] == pytest.approx(values["csv"])


def test_classes_are_audited_by_their_probabilities(tmp_path):
    rng = np.random.default_rng(0)
    p = rng.uniform(size=N)
    truth = np.where(rng.uniform(size=N) < p, "star", "galaxy")
    pd.DataFrame({"class": truth, "p_star": p, "p_galaxy": 1 - p}).to_parquet(tmp_path / "c.parquet")
    words = ("audit", tmp_path / "c.parquet", "--truth", "class", "--claim", "classification", "--json")
    record = json.loads(checkstar(*words, "--probabilities", "p_*").stdout)
    listed = json.loads(checkstar(*words, "--probabilities", "p_star", "--probabilities", "p_galaxy").stdout)
    single = json.loads(checkstar(*words, "--probabilities", "p_star").stdout)
    assert record["subject"]["task"] == "classification"
    value = {item["check"]: item["value"] for item in record["evidence"]}["class_calibration"]
    assert value is not None
    for other in (listed, single):
        assert {item["check"]: item["value"] for item in other["evidence"]}["class_calibration"] == pytest.approx(value)


# Units and populations


def test_a_tolerance_without_unit_is_refused_where_the_column_has_one(with_units, tmp_path):
    words = ("--claim", "object_value", "--tolerance", "0.5")
    refused(
        audit(with_units, *words, "--out", tmp_path / "out"),
        tmp_path / "out",
        "the tolerance 0.5 has no unit but 'feh' is in 'dex'; write --tolerance '0.5 dex'",
    )
    assert audit(with_units, "--claim", "object_value", "--tolerance", "0.5 dex").exit_code in (0, 1, 2)


def test_a_tolerance_in_another_unit_is_converted(tmp_path):
    stored = Table.from_pandas(table())
    stored["feh"].unit = stored["feh_ml"].unit = stored["feh_err"].unit = "km/s"
    stored.write(tmp_path / "v.ecsv")
    result = audit(tmp_path / "v.ecsv", "--claim", "object_value", "--tolerance", "500 m/s", "--json")
    assert json.loads(result.stdout)["claim"]["tolerance"] == pytest.approx(0.5)


def test_a_pure_number_needs_no_unit_and_may_be_in_per_cent(with_units):
    record = json.loads(audit(with_units, "--claim", "object_interval", "--tolerance", "20 %", "--json").stdout)
    assert record["claim"]["tolerance"] == pytest.approx(0.2)


def test_the_unit_given_counts_as_the_column_s(good, tmp_path):
    words = ("--unit", "dex", "--claim", "object_value", "--tolerance", "0.5", "--out", tmp_path / "out")
    refused(audit(good, *words), tmp_path / "out", "'feh' is in 'dex'")


def test_a_population_is_given_by_numbers_or_by_a_column_of_a_file(good, tmp_path):
    pd.DataFrame({"feh": [0.0, 1.0, 2.0]}).to_csv(tmp_path / "targets.csv", index=False)
    claim = ("--claim", "population_mean", "--n-objects", 100, "--json")
    by_file = json.loads(audit(good, *claim, "--population", f"{tmp_path}/targets.csv:feh").stdout)
    by_hand = json.loads(audit(good, *claim, "--population-mean", 1, "--population-std", 1).stdout)
    assert by_file["claim"]["population"] == by_hand["claim"]["population"] == {"mean": 1.0, "std": 1.0}


# Bad input

BAD_TABLES = {
    "text": (
        lambda t: t.assign(feh_ml=t["feh_ml"].astype(object).where(t.index != 7, "n.d.")),
        "'feh_ml' (predicted) holds text in 1 of 300 rows",
        "(first: 'n.d.' in row 7",
    ),
    "nan": (
        lambda t: t.assign(feh_ml=t["feh_ml"].where(t.index % 100 != 5)),
        "'feh_ml' (predicted) has no finite value for 3 of 300 objects (rows 5, 105, 205",
        "drop these objects",
    ),
    "no truth": (
        lambda t: t.assign(feh=t["feh"].where(t.index > 1)),
        "2 of 300 objects",
        "cannot be judged: drop them",
    ),
    "sigma": (
        lambda t: t.assign(feh_err=-1.0),
        "'feh_err' (sigma) is zero or negative for 300 of 300",
        "rows 0, 1, 2, 3, 4",
    ),
    "few": (lambda t: t.head(9), "has 9 objects", "fewer than 10"),
    "no rows": (lambda t: t.head(0), "no rows", "give one row per object"),
    "column": (
        lambda t: t.rename(columns={"feh_ml": "fe_h_ml"}),
        "no predicted column 'feh_ml'",
        "did you mean 'fe_h_ml'?",
    ),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_a_bad_table_is_refused_in_one_line(tmp_path, case):
    spoil, *parts = BAD_TABLES[case]
    spoil(table()).to_csv(tmp_path / "bad.csv", index=False)
    refused(audit(tmp_path / "bad.csv", "--out", tmp_path / "out"), tmp_path / "out", *parts)


def test_probabilities_that_do_not_sum_to_one_are_refused(tmp_path):
    pd.DataFrame({"t": ["a", "b"] * 10, "p_a": 0.5, "p_b": 0.4}).to_csv(tmp_path / "p.csv", index=False)
    words = ("--truth", "t", "--probabilities", "p_*", "--out", tmp_path / "out")
    refused(
        checkstar("audit", tmp_path / "p.csv", *words),
        tmp_path / "out",
        "p_a, p_b do not sum to one for 20 of 20 objects",
        "the first sums to 0.9",
    )


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("--claim", "populaton_mean"), ("there is no claim 'populaton_mean'", "did you mean 'population_mean'?")),
        (("--claim", "classification"), ("'classification' is not made of regression results",)),
        (("--claim", "ranking", "--label", "teff"), ("there is no label 'teff'", "Available: feh")),
        (("--claim", "object_value", "--tolerance", "little"), ("the tolerance 'little' is not a number",)),
        (("--claim", "object_value", "--tolerance", "-1"), ("tolerance is -1.0", "must be a positive number")),
        (("--claim", "object_value", "--tolerance", "1 furlong"), ("tolerance", "'furlong'")),
        (("--claim", "ranking", "--n-objects", "0"), ("n_objects is 0",)),
        (("--tolerance", "0.1"), ("tolerance belongs to a claim", "--claim")),
        (("--claim", "ranking", "--population-mean", "1"), ("only 'population_mean' takes one",)),
        (
            ("--claim", "population_mean", "--population-std", "1"),
            ("population_std was given without population_mean",),
        ),
        (("--claim", "population_mean", "--population", "x.csv"), ("is not FILE:COLUMN",)),
        (("--claim", "population_mean", "--population", "x.csv:feh"), ("there is no file x.csv",)),
        (("--seed", "many"), ("--seed", "integer", "see checkstar audit --help")),
        (("--simga", "feh_err"), ("No such option: --simga", "--sigma")),
        (("--label-names", "feh"), ("label_names belong to samples",)),
        (("--weight", "mga"), ("no weight column 'mga'", "did you mean 'mag'?")),
    ],
)
def test_a_bad_option_is_refused_in_one_line(good, tmp_path, words, parts):
    refused(audit(good, *words, "--out", tmp_path / "out"), tmp_path / "out", *parts)


def test_without_truth_nothing_can_be_judged(good, tmp_path):
    words = ("--predicted", "feh_ml", "--out", tmp_path / "out")
    refused(checkstar("audit", good, *words), tmp_path / "out", "the column of the truth was not named", "--truth")


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("absent.csv", None, "there is no file"),
        ("empty.csv", b"", "is empty (0 bytes)"),
        ("broken.fits", b"SIMPLE  = nonsense" * 200, "cannot be read as FITS"),
        ("broken.parquet", b"PAR1 nonsense", "cannot be read as PARQUET"),
        ("table.xlsx", b"PK", "does not tell its format"),
        ("broken.npz", b"PK nonsense", "cannot be read as NPZ"),
        ("empty.npz", b"", "is empty (0 bytes)"),
        ("broken.toml", b"[audit\n", "is not TOML"),
    ],
)
def test_an_unreadable_file_is_refused(tmp_path, name, content, part):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    words = () if name.endswith(("npz", "toml")) else ("--truth", "a", "--predicted", "b")
    refused(checkstar("audit", tmp_path / name, *words, "--out", tmp_path / "out"), tmp_path / "out", part)


def test_a_folder_that_cannot_be_written_is_refused_before_the_work(good, tmp_path, monkeypatch):
    monkeypatch.setattr("checkstar.runs.Run.from_table", None)  # the work would fail otherwise
    refused(audit(good, "--out", good / "out"), good / "out", "cannot write the report to", "good.csv is not a folder")
    refused(audit(good, "--out", good / "a/b"), good / "a", "good.csv is not a folder")
    refused(checkstar("demo", "--out", good / "out"), good / "out", "good.csv is not a folder")


@pytest.mark.parametrize(
    "words", [("audti",), ("--nope",), ("audit",), ("list", "chickens"), ("run", "stellar-labels")]
)
def test_wrong_usage_is_3_and_never_the_2_of_inconclusive(words, tmp_path):
    refused(checkstar(*words), tmp_path / "out", "--help")


def test_a_crash_is_never_taken_for_a_verdict(good, monkeypatch):
    def crash(*_, **__):
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("checkstar.audits.audit", crash)
    result = audit(good)
    assert result.exit_code == 70
    assert "ZeroDivisionError: planted" in result.stderr


# Samples


def samples(n=50, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(n, 2))
    centre = truth + 0.1 * rng.normal(size=(n, 2))
    return centre[:, None] + 0.1 * rng.normal(size=(n, 100, 2)), truth


def test_samples_are_audited_by_label(tmp_path):
    draws, truth = samples()
    np.savez(tmp_path / "s.npz", samples=draws, truth=truth, x=np.zeros((50, 3)))
    words = ("--label-names", "teff", "--label-names", "feh", "--claim", "ranking", "--json")
    record = json.loads(checkstar("audit", tmp_path / "s.npz", *words, "--label", "feh").stdout)
    assert record["subject"]["labels"] == ["teff", "feh"]
    assert record["subject"]["prediction_kind"] == "samples"
    assert record["claim"]["label"] == "feh"
    refused(
        checkstar("audit", tmp_path / "s.npz", *words),
        tmp_path / "out",
        "there are 2 labels (teff, feh); say which with --label",
    )


def test_samples_and_truth_of_different_length_are_refused(tmp_path):
    draws, truth = samples()
    np.savez(tmp_path / "s.npz", samples=draws[:40], truth=truth)
    refused(
        checkstar("audit", tmp_path / "s.npz", "--out", tmp_path / "out"),
        tmp_path / "out",
        "samples describe 40 objects but truth has 50",
        "one row of samples per true value",
    )


def test_columns_have_no_meaning_for_samples(tmp_path):
    draws, truth = samples()
    np.savez(tmp_path / "s.npz", samples=draws, truth=truth)
    refused(audit(tmp_path / "s.npz"), tmp_path / "out", "truth, predicted, sigma name columns of a table")


# Settings in a file

TOML = """
[audit]
table = "good.csv"
truth = "feh"
predicted = "feh_ml"
sigma = "feh_err"
meta = ["mag"]
seed = 4
out = "from-toml"

[claim]
use = "population_mean"
n-objects = 100
tolerance = 0.5
"""


def test_a_toml_file_says_the_same_as_the_options_with_paths_relative_to_it(good, tmp_path):
    (tmp_path / "audit.toml").write_text(TOML)
    by_file = json.loads(checkstar("audit", tmp_path / "audit.toml", "--json").stdout)
    words = (
        "--meta",
        "mag",
        "--seed",
        4,
        "--claim",
        "population_mean",
        "--n-objects",
        100,
        "--tolerance",
        0.5,
        "--json",
    )
    by_options = json.loads(audit(good, *words).stdout)
    for record in (by_file, by_options):
        for evidence in record["evidence"]:
            evidence.pop("seconds")
    assert by_file["evidence"] == by_options["evidence"]
    assert by_file["claim"] == by_options["claim"]
    assert (tmp_path / "from-toml/report.html").is_file()


def test_options_win_over_the_toml_file(good, tmp_path):
    (tmp_path / "audit.toml").write_text(TOML)
    words = ("--tolerance", 0.25, "--seed", 0, "--out", tmp_path / "other", "--json")
    record = json.loads(checkstar("audit", tmp_path / "audit.toml", *words).stdout)
    assert record["claim"]["tolerance"] == 0.25
    assert record["claim"]["n_objects"] == 100
    assert record["environment"]["seed"] == 0
    assert (tmp_path / "other").exists()
    assert not (tmp_path / "from-toml").exists()


def test_a_mistake_in_the_toml_file_is_refused(good, tmp_path):
    (tmp_path / "audit.toml").write_text(TOML.replace("predicted", "predictd"))
    refused(
        checkstar("audit", tmp_path / "audit.toml"),
        tmp_path / "from-toml",
        "no key in [audit]",
        "'predictd'; did you mean 'predicted'?",
    )


# Stored audits


@pytest.fixture
def stored(good, tmp_path):
    claim = ("--claim", "ranking", "--tolerance", 0.1)
    assert audit(good, *claim, "--out", tmp_path / "stored").exit_code == 0
    return tmp_path / "stored"


def test_a_stored_audit_is_rendered_again(stored, tmp_path):
    result = checkstar("report", stored / "audit.json", "--out", tmp_path / "again")
    assert result.exit_code == 0
    assert result.stdout.startswith("PASS")
    again = json.loads((tmp_path / "again/audit.json").read_text())
    assert again == json.loads((stored / "audit.json").read_text())


def test_another_tolerance_changes_the_verdict_without_model_or_data(stored):
    result = checkstar("report", stored, "--tolerance", 1e-5, "--json")
    assert result.exit_code == 1
    record = json.loads(result.stdout)
    jsonschema.validate(record, schema())
    assert record["verdict"] == "FAIL"
    assert record["claim"]["tolerance"] == 1e-5
    assert checkstar("report", stored, "--tolerance", 0.1).exit_code == 0


def test_a_new_tolerance_needs_the_unit_of_the_claim(with_units, tmp_path):
    words = ("--claim", "object_value", "--tolerance", "0.5 dex", "--out", tmp_path / "stored")
    audit(with_units, *words)
    refused(
        checkstar("report", tmp_path / "stored", "--tolerance", 0.2), tmp_path / "out", "write --tolerance '0.2 dex'"
    )
    record = json.loads(checkstar("report", tmp_path / "stored", "--tolerance", "0.2 dex", "--json").stdout)
    assert record["claim"]["tolerance"] == 0.2


@pytest.mark.parametrize(
    ("content", "part"),
    [("", "is not JSON"), ("[]", "this is not an audit"), ('{"schema_version": 1}', "damaged"), (None, "cannot read")],
)
def test_a_file_that_is_no_audit_is_refused(tmp_path, content, part):
    if content is not None:
        (tmp_path / "audit.json").write_text(content)
    refused(checkstar("report", tmp_path / "audit.json", "--out", tmp_path / "out"), tmp_path / "out", part)


def test_a_table_of_uses_takes_no_new_tolerance(good, tmp_path):
    audit(good, "--out", tmp_path / "stored")
    assert checkstar("report", tmp_path / "stored").stdout.startswith("may be used for")
    refused(checkstar("report", tmp_path / "stored", "--tolerance", 0.2), tmp_path / "out", "table of uses")


# Components


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("problems", "stellar-labels"),
        ("methods", "cannon"),
        ("checks", "population"),
        ("claims", "population_mean"),
    ],
)
def test_components_are_listed_with_a_line_each(kind, words):
    result = checkstar("list", kind)
    assert result.exit_code == 0
    line = next(line for line in result.stdout.splitlines() if words in line)
    assert len(line) > len(words) + 20


def test_a_method_is_trained_on_a_problem_and_saved(tmp_path):
    words = (
        "--method",
        "constant",
        "--claim",
        "ranking",
        "--label",
        "feh",
        "--save-model",
        tmp_path / "model",
        "--json",
    )
    result = checkstar("run", "stellar-labels", *words)
    record = json.loads(result.stdout)
    assert result.exit_code == 1  # a constant ranks nothing
    assert record["subject"]["method"] == "Constant"
    assert (tmp_path / "model/method.json").is_file()


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("stellar-labels", "--method", "rigde"), ("there is no method 'rigde'", "did you mean 'ridge'?")),
        (
            ("stelar-labels", "--method", "ridge"),
            ("there is no problem 'stelar-labels'", "did you mean 'stellar-labels'?"),
        ),
        (("stellar-labels", "--method", "cannon", "--set", "ordr=1"), ("no setting of cannon 'ordr'", "'order'")),
        (("stellar-labels", "--method", "cannon", "--set", "order"), ("'order' is not KEY=VALUE",)),
        (("stellar-labels", "--method", "constant", "--claim", "ranking"), ("there are 3 labels", "--label")),
        (
            (
                "stellar-labels",
                "--method",
                "constant",
                "--claim",
                "object_value",
                "--label",
                "feh",
                "--tolerance",
                "0.1",
            ),
            ("'feh' is in 'dex'", "--tolerance '0.1 dex'"),
        ),
    ],
)
def test_a_run_that_cannot_be_is_refused_before_the_work(tmp_path, monkeypatch, words, parts):
    monkeypatch.setattr("checkstar.runs.run", None)
    words = (*words, "--out", tmp_path / "out", "--save-model", tmp_path / "out")
    refused(checkstar("run", *words), tmp_path / "out", *parts)


# The real command


def command(*words, **options):
    return subprocess.run(
        [sys.executable, "-m", "checkstar", *map(str, words)], capture_output=True, text=True, timeout=120, **options
    )


def test_the_real_command_ends_with_the_status_of_the_verdict(good, tmp_path):
    columns = ("--truth", "feh", "--predicted", "feh_ml")
    done = command("audit", "good.csv", *columns, *RANKING, "--out", "out", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b[" not in done.stdout  # no colour in a pipe
    assert (tmp_path / "out/audit.json").is_file()
    wrong = command("audit", "good.csv", "--truth", "feh", "--predicted", "fe", cwd=tmp_path)
    assert wrong.returncode == 3
    assert "Traceback" not in wrong.stderr


def test_help_and_version_load_nothing_heavy():
    code = (
        "import sys; from checkstar.cli import app; app(['--help'], standalone_mode=False); "
        "print([m for m in ('numpy', 'pandas', 'astropy', 'sklearn', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
    assert "audit" in done.stdout
    assert command("--version").stdout.startswith("checkstar ")


def test_a_reader_that_has_gone_is_no_error(good):
    read, write = os.pipe()
    os.close(read)
    columns = ("--truth", "feh", "--predicted", "feh_ml")
    words = [sys.executable, "-m", "checkstar", "audit", str(good), *columns, "--json"]
    done = subprocess.run(words, stdout=write, stderr=subprocess.PIPE, text=True, timeout=120)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


AT_WORK = """
import sys, time
import checkstar.runs

def work(*_, **__):
    print("at work", file=sys.stderr, flush=True)
    time.sleep(120)

checkstar.runs.run = work
sys.argv = ["checkstar", "run", "stellar-labels", "--method", "ridge", "--out", "out"]
from checkstar.cli import main
main()
"""


def test_an_interrupt_is_130_and_leaves_nothing_behind(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", AT_WORK], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr.readline() == "at work\n"
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (output, errors) == ("", "checkstar: interrupted\n")
    assert list(tmp_path.iterdir()) == []


def test_the_plan_says_what_will_run_and_runs_nothing(good, tmp_path):
    result = audit(good, "--claim", "object_interval", "--plan", "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert "pulls" in result.stdout
    assert "the noise of the observations (Dataset(noise=...))" in " ".join(result.stdout.split())
    assert "checks will run" in result.stdout.splitlines()[-1]
    assert not (tmp_path / "out").exists()
    rows = json.loads(audit(good, "--claim", "object_interval", "--plan", "--json").stdout)
    assert {"check": "pulls", "will it run": "runs", "decides": "decides"}.items() <= next(
        row for row in rows if row["check"] == "pulls"
    ).items()


def test_resuming_repeats_nothing_and_a_finished_audit_leaves_no_journal(good, tmp_path):
    out = tmp_path / "out"
    whole = audit(good, "--claim", "object_interval", "--out", out, "--jobs", 1)
    assert not (out / "audit.partial.jsonl").exists()
    resumed = audit(good, "--claim", "object_interval", "--out", out, "--resume")
    assert resumed.exit_code == whole.exit_code
    assert resumed.stdout == whole.stdout


def test_resume_needs_the_folder_of_the_audit(good):
    result = audit(good, "--claim", "object_interval", "--resume")
    assert result.exit_code == 3
    assert "--resume needs the folder of the audit that was killed; give its --out DIR" in result.stderr


def test_a_journal_of_another_table_is_refused(good, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "audit.partial.jsonl").write_text('{"fingerprint": "of something else"}\n')
    result = audit(good, "--claim", "object_interval", "--out", out, "--resume")
    assert result.exit_code == 3
    assert "belongs to another audit" in result.stderr
    assert [path.name for path in out.iterdir()] == ["audit.partial.jsonl"]
