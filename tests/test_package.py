"""The house itself: import is quick and light, layers hold, names resolve."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import checkstar

ROOT = Path(__file__).resolve().parents[1]


def fresh(code):
    """Run code in a new interpreter and read the JSON it prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_import_is_quick():
    code = "import time, json; t = time.perf_counter(); import checkstar; print(json.dumps(time.perf_counter() - t))"
    # The best of three: another process may hold the machine.
    assert min(fresh(code) for _ in range(3)) < 0.3


@pytest.mark.parametrize("module", ["checkstar", "checkstar.checks.base", "checkstar.methods", "checkstar.cli"])
def test_import_loads_nothing_heavy(module):
    loaded = fresh(f"import sys, json, {module}; print(json.dumps(sorted(sys.modules)))")
    assert not {"torch", "matplotlib", "pandas"} & set(loaded)


def test_everything_a_user_types_is_there():
    for name in checkstar.__all__:
        assert getattr(checkstar, name) is not None
    assert set(dir(checkstar)) == set(checkstar.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        checkstar.nothing  # noqa: B018 - the attribute is asked for


def lint(folder):
    tool = shutil.which("lint-imports", path=str(Path(sys.executable).parent)) or shutil.which("lint-imports")
    if tool is None:
        pytest.skip("import-linter is not installed")
    return subprocess.run(
        [tool, "--no-cache"],
        capture_output=True,
        text=True,
        cwd=folder,
        env={"PYTHONPATH": str(folder / "src"), "PATH": ""},
    )


def test_layers_hold_and_a_planted_upward_import_is_caught(tmp_path):
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    assert lint(tmp_path).returncode == 0
    noise = tmp_path / "src" / "checkstar" / "noise.py"
    noise.write_text(noise.read_text() + "\nfrom checkstar.audits import audit\n")
    broken = lint(tmp_path)
    assert broken.returncode != 0
    assert "checkstar.noise -> checkstar.audits" in broken.stdout


def test_the_version_is_that_of_the_package():
    from importlib.metadata import version

    assert checkstar.__version__ == version("checkstar")
