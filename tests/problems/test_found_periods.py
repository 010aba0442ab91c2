import numpy as np
import pytest

from checkstar.problems import found_periods as module
from checkstar.problems.found_periods import found_periods
from checkstar.simulators import simulate_variable_stars


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "periods_folder", lambda: tmp_path / "periods")
    return tmp_path / "periods"


@pytest.fixture(scope="module")
def stars():
    return simulate_variable_stars(6, 0, classes=["RRab"])


def test_periods_are_found_and_the_second_time_read(folder, stars, monkeypatch):
    first = found_periods(stars)
    true = stars.meta["period"].to_numpy()
    # RR Lyrae of Catalina are easy: at least half of six, exactly or at a daily alias.
    assert np.sum(np.abs(first / true - 1) < 0.01) >= 3
    assert len(list(folder.iterdir())) == 1
    monkeypatch.setattr(module, "_find", lambda curves: pytest.fail("they were found before"))
    assert np.array_equal(found_periods(stars), first)


def test_other_epochs_are_another_search(folder, stars, monkeypatch):
    monkeypatch.setattr(module, "_find", lambda curves: np.full(len(curves), float(curves.value[0])))
    assert not np.array_equal(found_periods(stars), found_periods(stars.replace(value=stars.value + 1)))
    assert not np.array_equal(found_periods(stars)[:2], found_periods(stars[2:4]))


def test_a_damaged_file_is_found_again(folder, stars, monkeypatch):
    monkeypatch.setattr(module, "_find", lambda curves: np.ones(len(curves)))
    found_periods(stars)
    (path,) = folder.iterdir()
    for damaged in (b"", b"nonsense"):
        path.write_bytes(damaged)
        assert found_periods(stars).tolist() == [1.0] * 6
    np.save(path, np.zeros(3))
    assert found_periods(stars).tolist() == [1.0] * 6


def test_a_folder_that_cannot_be_written_to_costs_only_time(stars, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(module, "periods_folder", lambda: tmp_path / "file" / "periods")
    monkeypatch.setattr(module, "_find", lambda curves: np.ones(len(curves)))
    assert found_periods(stars).tolist() == [1.0] * 6
