"""Settings from options, from a TOML file, and from both."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from checkstar.errors import InputError
from checkstar.settings import read_settings, require_writable

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
tolerance = 0.4
"""


def test_paths_in_the_file_are_relative_to_it_and_keys_may_be_dashed(tmp_path):
    text = TOML.replace("tolerance = 0.4", 'tolerance = "0.5 dex"\npopulation = "targets.csv:feh"')
    (tmp_path / "audit.toml").write_text(text)
    settings = read_settings(tmp_path / "audit.toml", {}, {})
    assert settings.table == tmp_path / "good.csv"
    assert settings.out == tmp_path / "from-toml"
    assert settings.claim.population == str(tmp_path / "targets.csv:feh")
    assert (settings.claim.n_objects, settings.claim.tolerance) == (100, "0.5 dex")


def test_options_win_and_those_not_given_do_not(tmp_path):
    (tmp_path / "audit.toml").write_text(TOML)
    options = {"seed": 0, "meta": [], "name": None, "truth": "mg", "out": Path("here")}
    settings = read_settings(tmp_path / "audit.toml", options, {"use": "ranking", "tolerance": None})
    assert (settings.seed, settings.meta, settings.name, settings.truth) == (0, ["mag"], None, "mg")
    assert settings.out == Path("here")
    assert (settings.claim.use, settings.claim.tolerance) == ("ranking", 0.4)


def test_one_name_stands_for_a_list_of_one():
    assert read_settings(Path("t.csv"), {"meta": "mag"}, {}).meta == ["mag"]


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("predicted", "predictd", ("no key in [audit]", "'predictd'", "did you mean 'predicted'?")),
        ("n-objects", "n-object", ("no key in [claim]", "did you mean 'n_objects'?")),
        ("[claim]", "[claims]", ("no table in audit.toml called 'claims'", "did you mean 'claim'?")),
        ("seed = 4", 'seed = "four"', ("seed", "'four'", "integer")),
        ('table = "good.csv"', "", ("does not say what to audit", "table = 'FILE'")),
        ('use = "population_mean"', "", ("n_objects, tolerance belong to a claim",)),
        ('use = "population_mean"', 'use = "rankng"', ("no claim 'rankng'", "did you mean 'ranking'?")),
        ('"good.csv"', '"bad.csv"', ("there is no file", "bad.csv")),
    ],
)
def test_a_mistake_in_the_toml_file_is_refused(tmp_path, old, new, parts):
    assert old in TOML
    (tmp_path / "audit.toml").write_text(TOML.replace(old, new))
    with pytest.raises(InputError) as refusal:
        read_settings(tmp_path / "audit.toml", {}, {}).run()
    for part in parts:
        assert part in str(refusal.value)


def test_a_folder_to_come_is_writable_and_not_created(tmp_path):
    require_writable(tmp_path / "a/b/c")
    require_writable(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_path_below_a_file_or_a_dead_link_is_not_writable(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    for folder in ("file", "file/a", "file/a/b", "link", "link/a"):
        with pytest.raises(InputError, match=r"cannot write the report to .* is not a folder; give another --out"):
            require_writable(tmp_path / folder)


def test_a_folder_without_permission_is_not_writable(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)  # the superuser may write everywhere
    with pytest.raises(InputError, match="no permission to write in"):
        require_writable(tmp_path / "out")
