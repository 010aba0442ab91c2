from __future__ import annotations

import subprocess
import sys

import pytest

import checkstar.methods


def test_every_name_is_there():
    for name in checkstar.methods.__all__:
        assert getattr(checkstar.methods, name).__name__ == name
    assert set(checkstar.methods.__all__) <= set(dir(checkstar.methods))


def test_the_list_of_names_and_their_homes_agree():
    assert sorted(checkstar.methods._HOME) == sorted(checkstar.methods.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Kannon'"):
        _ = checkstar.methods.Kannon


def test_importing_loads_nothing_heavy():
    code = "import sys, checkstar.methods; print(sorted({'sklearn', 'torch', 'scipy', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
