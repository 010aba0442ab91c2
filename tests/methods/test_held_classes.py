from __future__ import annotations

import numpy as np
import pytest

from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.methods.held_classes import class_names, held_classes
from checkstar.methods.wrappers import Held
from checkstar.prediction import Classes


def test_parts_are_joined_in_the_order_of_the_names():
    first = Held(Dataset(y=["b", "a"]), Classes([[0.9, 0.1], [0.3, 0.7]], ["b", "a"]))
    second = Held(Dataset(y=["c"], weight=[3.0]), Classes([[0.1, 0.2, 0.7]], ["a", "b", "c"]))
    found = held_classes([first, second], ["a", "b", "c"], "Me")
    assert found.codes.tolist() == [1, 0, 2]
    assert found.weight.tolist() == [1, 1, 3]
    np.testing.assert_allclose(found.probabilities, [[0.1, 0.9, 0], [0.7, 0.3, 0], [0.1, 0.2, 0.7]])


def test_objects_of_a_class_that_the_copy_could_not_know_are_left_out():
    held = Held(Dataset(y=["a", "rare", "b"]), Classes(np.full((3, 2), 0.5), ["a", "b"]))
    assert held_classes([held], ["a", "b", "rare"], "Me").codes.tolist() == [0, 1]


def test_numbers_are_no_classes():
    with pytest.raises(InputError, match=r"^Me calibrates class probabilities but the labels are numbers; give class"):
        class_names(Dataset(y=[1.0, 2.0]), "Me")
