"""Models in other programs, asked through files."""

import sys

import numpy as np
import pytest

import checkstar as cs
from checkstar.errors import ContractError, InputError
from checkstar.interop import through_files

SCRIPT = """
import sys, pandas as pd
t = pd.read_csv(sys.argv[1])
out = pd.DataFrame({"feh": t.mean(axis=1), "feh_err": 0.5})
out.iloc[: len(out) - int(sys.argv[3])].to_csv(sys.argv[2], index=False)
"""


def command(tmp_path, lost=0):
    script = tmp_path / "predict.py"
    script.write_text(SCRIPT)
    return [sys.executable, str(script), "{input}", "{output}", str(lost)]


def test_a_command_is_audited_like_any_model(tmp_path):
    drawn = cs.simulators.linear_gaussian(300, 0)
    ask = through_files(command(tmp_path), predicted=["feh"], sigma=["feh_err"], suffix=".csv")
    run = cs.Run.of(ask, test=cs.Dataset(drawn.x, drawn.y, noise=drawn.sigma))
    np.testing.assert_allclose(run.prediction.mean()[:, 0], drawn.x.mean(axis=1))
    found = cs.audit(run, "object_interval", checks=[cs.checks.Pulls(), cs.checks.NoiseResponse(n_redraws=2)])
    assert all(e.verdict.ran for e in found.judgements[0].evidence)


def test_lost_rows_are_noticed(tmp_path):
    ask = through_files(command(tmp_path, lost=1), predicted=["feh"], suffix=".csv")
    with pytest.raises(ContractError, match="gave 4 predictions for 5 objects"):
        ask(np.zeros((5, 2)))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([sys.executable, "-c", "import sys; sys.exit('no model here')", "{input}{output}"], "status 1: no model here"),
        ([sys.executable, "-c", "pass", "{input}{output}"], "wrote no output.csv"),
        (["no-such-program", "{input}", "{output}"], "'no-such-program' could not be run"),
    ],
)
def test_a_program_that_fails_says_why(words, message):
    with pytest.raises(ContractError, match=message):
        through_files(words, predicted=["y"], suffix=".csv")(np.zeros((5, 2)))


def test_a_column_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ContractError, match="no column 'z'; it has feh, feh_err"):
        through_files(command(tmp_path), predicted=["z"], suffix=".csv")(np.zeros((5, 2)))


def test_a_command_without_places_is_refused():
    with pytest.raises(InputError, match=r"does not say where its \{output\} goes"):
        through_files(["predict", "{input}"], predicted=["y"])
    with pytest.raises(InputError, match="3 features are named but x has 2 columns"):
        through_files(lambda a, b: None, predicted=["y"], features=["a", "b", "c"])(np.zeros((5, 2)))
