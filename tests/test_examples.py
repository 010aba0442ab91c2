"""Every example runs, asserts what it shows, and every check has one."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from checkstar.checks import default_checks

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SCRIPTS = sorted(EXAMPLES.rglob("plot_*.py"))
#: More than a few seconds each: run by `make slow`.
SLOW = {
    *("plot_accuracy", "plot_attenuation", "plot_baselines", "plot_cost", "plot_reference", "plot_stellar_labels"),
    *("plot_redshifts", "plot_variable_stars", "plot_class_activation", "plot_autoencoder", "plot_light_curve_audit"),
}


def test_there_are_examples_of_problems_too():
    assert any(script.parent.name == "problems" for script in SCRIPTS)


@pytest.mark.parametrize("name", [check.name for check in default_checks(refit=True)])
def test_every_default_check_has_its_example(name):
    assert EXAMPLES / "checks" / f"plot_{name}.py" in SCRIPTS


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_every_example_ends_with_assertions(script):
    body = ast.parse(script.read_text(encoding="utf-8")).body
    assert isinstance(body[-1], ast.Assert)


@pytest.mark.parametrize(
    "script", [pytest.param(s, id=s.stem, marks=[pytest.mark.slow] if s.stem in SLOW else []) for s in SCRIPTS]
)
def test_every_example_shows_what_it_says(script, tmp_path):
    settings = {**os.environ, "MPLBACKEND": "Agg", "MPLCONFIGDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env=settings,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
