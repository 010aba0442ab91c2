import pytest

from checkstar.errors import InputError
from checkstar.simulators.shares import class_shares


def test_shares_sum_to_one_and_names_alone_are_equal():
    assert class_shares({"a": 1, "b": 3, "c": 0}, {}, "abc") == {"a": 0.25, "b": 0.75}
    assert class_shares(["a", "b"], {}, "abc") == {"a": 0.5, "b": 0.5}
    assert class_shares("c", {}, "abc") == {"c": 1.0}
    assert class_shares(None, {"a": 2.0}, "abc") == {"a": 1.0}


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (["RRxy"], "no simulated class 'RRxy'; did you mean 'RRab'"),
        ({"RRab": -1.0, "EA": 2.0}, "not negative"),
        ({"RRab": 0.0}, "one above zero"),
        ({"RRab": float("nan")}, "not negative"),
        ([], "one above zero"),
    ],
)
def test_bad_shares_are_named(classes, message):
    with pytest.raises(InputError, match=message):
        class_shares(classes, {}, ("RRab", "EA"))
