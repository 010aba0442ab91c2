"""Posterior draws in npz files: what fits becomes a run, what does not is told apart."""

from __future__ import annotations

import numpy as np
import pytest

from checkstar.errors import InputError
from checkstar.sample_files import run_from_npz


def samples(n=50, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(n, 2))
    return truth[:, None] + 0.1 * rng.normal(size=(n, 100, 2)), truth


def test_a_file_of_samples_is_a_run_with_its_observations(tmp_path):
    draws, truth = samples()
    np.savez(tmp_path / "sbi.v2.npz", samples=draws, truth=truth, x=np.ones((50, 3)), other=np.zeros(1))
    run = run_from_npz(tmp_path / "sbi.v2.npz", labels=["teff", "feh"], units={"feh": "dex"})
    assert run.name == "sbi"
    assert run.labels == ("teff", "feh")
    assert run.test.units == {"feh": "dex"}
    assert run.test.x.shape == (50, 3)
    np.testing.assert_array_equal(run.prediction.mean(), draws.mean(axis=1))


def test_samples_of_one_label_need_no_last_axis(tmp_path):
    draws, truth = samples()
    np.savez(tmp_path / "s.npz", samples=draws[:, :, 0], truth=truth[:, 0])
    assert run_from_npz(tmp_path / "s.npz").labels == ("y",)


def test_labels_and_units_must_fit(tmp_path):
    draws, truth = samples()
    np.savez(tmp_path / "s.npz", samples=draws, truth=truth)
    with pytest.raises(InputError, match=r"1 labels were named \(feh\) but truth has 2"):
        run_from_npz(tmp_path / "s.npz", labels=["feh"])
    with pytest.raises(InputError, match=r"no label with a unit 'fe'; did you mean 'feh'"):
        run_from_npz(tmp_path / "s.npz", labels=["teff", "feh"], units={"fe": "dex"})


def test_pickled_objects_are_never_loaded(tmp_path):
    np.savez(tmp_path / "s.npz", samples=np.array([{"a": 1}], dtype=object), truth=np.zeros(1))
    with pytest.raises(InputError, match=r"cannot be read as NPZ \(Object arrays cannot be loaded"):
        run_from_npz(tmp_path / "s.npz")


@pytest.mark.parametrize(
    ("arrays", "parts"),
    [
        (
            lambda s, t: {"samples": s[:40], "truth": t},
            ("samples describe 40 objects but truth has 50", "one row of samples per true value"),
        ),
        (lambda s, t: {"samples": s.swapaxes(0, 1), "truth": t}, ("samples describe 100 objects", "look swapped")),
        (lambda s, t: {"samples": s, "truth": t[:, :1]}, ("samples describe 2 labels but truth has 1",)),
        (lambda s, t: {"samples": s, "thruth": t}, ("there is no array", "'truth'", "did you mean 'thruth'?")),
        (lambda s, t: {"samples": s[:9], "truth": t[:9]}, ("there are 9 objects", "fewer than 10")),
        (lambda s, t: {"samples": s, "truth": t * np.nan}, ("not finite for 50 of 50 objects",)),
        (lambda s, t: {"samples": s[0, 0], "truth": t}, ("(n_objects, n_samples, n_labels)",)),
    ],
)
def test_samples_that_do_not_fit_are_refused(tmp_path, arrays, parts):
    np.savez(tmp_path / "s.npz", **arrays(*samples()))
    with pytest.raises(InputError) as refusal:
        run_from_npz(tmp_path / "s.npz")
    for part in parts:
        assert part in str(refusal.value)
