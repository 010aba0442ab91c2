import numpy as np
import pytest

from checkstar.errors import InputError
from checkstar.symmetries.label_maps import LabelMap, scaled, shifted, turned


def test_labels_without_a_rule_stay():
    same = LabelMap.unchanged(2)
    assert same.is_unchanged
    assert not shifted(["a", "b"], {"b": 1.0}).is_unchanged


def test_angles_differ_the_short_way_round():
    follow = shifted(["pa", "y"], {}, {"pa": 180.0})
    assert follow.difference(np.array([[179.0, 179.0]]), np.array([[1.0, 1.0]])).tolist() == [[-2.0, 178.0]]
    assert follow(np.array([[190.0, 190.0]])).tolist() == [[10.0, 190.0]]


def test_a_mirror_turns_a_direction_about_the_vertical():
    mirror = turned(["phi"], 0.0, mirrored=True, angles={"phi": 360.0}, vectors=[])
    assert mirror(np.array([[30.0], [90.0]])).tolist() == [[150.0], [90.0]]


def test_widths_and_covariances_follow_the_matrix():
    half = scaled(["a", "b"], {"b": -2.0})
    assert half.widths(np.array([[1.0, 3.0]])).tolist() == [[1.0, 6.0]]
    turn = turned(["x", "y"], 90.0, angles={}, vectors=[("x", "y", 1)])
    assert turn.covariances(np.array([[[1.0, 0.5], [0.5, 4.0]]])).tolist() == [[[4.0, -0.5], [-0.5, 1.0]]]


def test_an_unknown_label_is_refused_with_the_nearest():
    with pytest.raises(InputError, match="no label 'mass'; did you mean 'masses'"):
        scaled(["masses"], {"mass": 1.0})
