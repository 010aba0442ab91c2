from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from checkstar.errors import InputError
from checkstar.methods.class_labels import check_classes, holds_classes


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (["a", "b"], True),
        (pd.Series(["a", "b"]), True),
        (np.array(["a", "b"], dtype=object), True),
        ([True, False], True),
        ([0, 1], False),
        ([0.5, np.nan], False),
        (np.array(["a", None], dtype=object), False),
    ],
)
def test_text_and_booleans_are_classes(y, expected):
    assert holds_classes(y) is expected


def test_codes_point_at_sorted_names():
    training = check_classes("Test", np.zeros((3, 2)), [["RRAB"], ["EA"], ["RRAB"]])
    assert training.names == ["EA", "RRAB"]
    assert training.codes.tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["a", "b"], "Test got 3 objects in x but 2 in y"),
        (["a", "a", "a"], "at least two classes are needed"),
        (np.full((3, 2), "a"), "give one class per object"),
    ],
)
def test_wrong_classes_are_refused(y, message):
    with pytest.raises(InputError, match=message):
        check_classes("Test", np.zeros((3, 1)), y)
