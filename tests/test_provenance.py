import time

import numpy as np

from checkstar.provenance import environment, hash_arrays, hash_settings, measure


def test_hash_sees_content_shape_and_type():
    hashes = {
        hash_arrays([x])
        for x in (np.zeros(4), np.zeros((2, 2)), np.zeros(4, dtype=np.float32), np.ones(4), None, np.array(["a"]))
    }
    assert len(hashes) == 6


def test_hash_of_settings_does_not_depend_on_their_order():
    assert hash_settings({"a": 1, "b": 2}) == hash_settings({"b": 2, "a": 1})
    assert hash_settings({"a": 1}) != hash_settings({"a": 2})


def test_meter_measures_waiting_as_wall_and_not_as_cpu():
    with measure() as meter:
        time.sleep(0.05)
    assert meter.wall_seconds >= 0.05
    assert meter.cpu_seconds < 0.04
    assert meter.peak_memory_mb > 1


def test_environment_names_versions_and_seed():
    found = environment(seed=3)
    assert found["packages"]["numpy"] == np.__version__
    assert found["seed"] == 3
