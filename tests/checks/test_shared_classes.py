"""Two surveys are compared by the classes that both have, and what is left out is counted."""

import numpy as np

from checkstar.checks.shared_classes import shared_classes
from checkstar.data.dataset import Dataset


def stars(*classes):
    return Dataset(np.zeros((len(classes), 1)), list(classes))


def test_all_objects_are_kept_where_classes_agree():
    found = shared_classes(stars("a", "b"), stars("b", "a", "a"))
    assert (found.here.tolist(), found.there.tolist(), found.left_out) == ([0, 1], [0, 1, 2], "")


def test_classes_of_one_side_are_left_out_and_those_of_the_other_survey_named():
    found = shared_classes(stars("a", "b", "c"), stars("d", "b", "a", "d", "e"))
    assert (found.here.tolist(), found.there.tolist()) == ([0, 1], [1, 2])
    assert found.left_out == "3 objects of classes that are not in both are left out (2 d, 1 e)"


def test_a_class_that_was_never_learned_is_left_out_of_both():
    found = shared_classes(stars("a", "b"), stars("b", "a"), learned=stars("a"))
    assert (found.here.tolist(), found.there.tolist()) == ([0], [1])


def test_numbers_have_no_classes():
    numbers = Dataset(np.zeros((2, 1)), [1.0, 2.0])
    assert shared_classes(numbers, numbers).there.tolist() == [0, 1]
