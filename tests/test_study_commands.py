"""The commands of studies: what is printed, exit statuses, and nothing run when the input is bad."""

import json

import pytest
from typer.testing import CliRunner

from checkstar.cli import app

STUDY = """
[study]
store = "kept"
folds = 2

[[problems]]
problem = "redshifts"
n_simulated = 200

[[methods]]
method = "ridge"

[[methods]]
method = "k-nearest"
"""


def checkstar(*words):
    return CliRunner().invoke(app, [str(word) for word in words], prog_name="checkstar")


@pytest.fixture
def toml(tmp_path):
    (tmp_path / "study.toml").write_text(STUDY)
    return tmp_path / "study.toml"


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A store with a finished study, and what was printed."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "study.toml").write_text(STUDY)
    done = checkstar("study", folder / "study.toml")
    assert done.exit_code == 0, done.output
    return folder / "kept", done.stdout


def test_a_study_prints_its_tables_and_where_its_store_is(kept):
    folder, printed = kept
    assert "redshifts: z_spec" in printed
    assert "ridge" in printed and "k-nearest" in printed
    assert f"store: {folder}" in printed


def test_a_plan_shows_the_grid_and_writes_nothing(toml):
    done = checkstar("study", toml, "--plan")
    assert done.exit_code == 0
    assert "4 cells, 0 of them done already, 4 to run; times are a guess from a few objects" in done.stdout
    assert not (toml.parent / "kept").exists()
    lines = json.loads(checkstar("study", toml, "--plan", "--json").stdout)
    assert [line["cells to run"] for line in lines] == ["2", "2"]


def test_the_record_is_printed_as_json_alone(kept):
    folder, _ = kept
    record = json.loads(checkstar("study", folder.parent / "study.toml", "--json").stdout)
    assert record["kind"] == "study"
    assert {cell["state"] for cell in record["cells"]} == {"done"}
    assert len(record["cells"]) == 4


def test_a_report_is_written_where_it_is_asked_for(kept, tmp_path):
    folder, _ = kept
    done = checkstar("study", folder.parent / "study.toml", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out" / "report.html").is_file()


def test_the_leaderboard_reads_the_store_alone(kept):
    folder, _ = kept
    table = checkstar("leaderboard", folder)
    assert table.exit_code == 0
    assert "redshifts: z_spec" in table.stdout
    markdown = checkstar("leaderboard", folder, "--markdown").stdout
    assert "| method | bias |" in markdown and "| --- | ---: |" in markdown
    rows = json.loads(checkstar("leaderboard", folder, "--json").stdout)["leaderboard"]
    assert {row["method"] for row in rows} == {"ridge", "k-nearest"}


def test_lessons_are_added_and_shown(kept):
    folder, _ = kept
    added = checkstar("lessons", folder, "--add", "ridge is enough", "--about", "ridge")
    assert added.exit_code == 0
    assert "ridge is enough" in added.stdout
    lessons = json.loads(checkstar("lessons", folder, "--json").stdout)["lessons"]
    assert [lesson["text"] for lesson in lessons if lesson["by"] == "people"] == ["ridge is enough"]


def test_what_is_wrong_is_told_as_a_table_with_status_3_and_nothing_is_written(toml):
    toml.write_text(
        STUDY + '\n[[methods]]\nmethod = "ridge"\nname = "again"\n[methods.search]\nspace = { alpah = [1] }\n'
    )
    done = checkstar("study", toml)
    assert done.exit_code == 3
    assert done.stdout == ""
    assert done.stderr.startswith("checkstar: error: the study cannot begin, 1 thing is wrong; nothing was run:")
    assert "there is no setting to search over 'alpah'" in done.stderr
    assert not (toml.parent / "kept").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("study", "nothing.toml"), "cannot read nothing.toml"),
        (("leaderboard", "nowhere"), "there is no store of studies at nowhere"),
        (("lessons", "nowhere"), "there is no store of studies at nowhere"),
        (("lessons", "nowhere", "--add", "x"), "there is no store of studies at nowhere"),
        (("study",), "Missing argument"),
    ],
)
def test_bad_input_is_one_line_and_status_3(words, message):
    done = checkstar(*words)
    assert done.exit_code == 3
    assert message in done.stderr
    assert "Traceback" not in done.output
