"""Light curves in flat columns: what is taken, joined, renumbered is the right epochs of the right objects."""

import numpy as np
import pytest

from checkstar.data.light_curves import LightCurves, joined
from checkstar.errors import InputError


@pytest.fixture
def curves() -> LightCurves:
    """Three objects of 3, 0 and 2 epochs in three bands."""
    return LightCurves.from_lists(
        [[1.0, 2.0, 3.0], [], [4.0, 5.0]],
        [[11.0, 12.0, 13.0], [], [14.0, 15.0]],
        [[0.1, 0.2, 0.3], [], [0.4, 0.5]],
        [["r", "g", "r"], [], ["i", "g"]],
        meta={"id": ["a", "b", "c"]},
        name="toy",
    )


def test_bands_are_numbered_in_alphabetical_order(curves):
    assert curves.bands == ("g", "i", "r")
    assert curves.band.tolist() == [2, 0, 2, 1, 0]


def test_every_epoch_knows_its_object_and_its_place(curves):
    assert curves.owner.tolist() == [0, 0, 0, 2, 2]
    assert curves.place.tolist() == [0, 1, 2, 0, 1]
    assert curves.n_epochs.tolist() == [3, 0, 2]


@pytest.mark.parametrize(
    ("index", "ids"),
    [
        (slice(1, None), ["b", "c"]),
        ([2, 0, 2], ["c", "a", "c"]),
        (np.array([True, False, True]), ["a", "c"]),
        (2, ["c"]),
        (-1, ["c"]),
        ([], []),
        (np.empty(0), []),
        (slice(None, None, -1), ["c", "b", "a"]),
    ],
)
def test_objects_keep_their_epochs_when_they_are_chosen(curves, index, ids):
    part = curves[index]
    whole = {name: one for name, one in zip("abc", curves, strict=True)}
    assert part.meta["id"].tolist() == ids
    for name, one in zip(ids, part, strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(one, whole[name], strict=True))


def test_a_mask_of_another_length_is_refused(curves):
    with pytest.raises(InputError, match=r"mask of shape \(2,\) cannot choose among 3 light curves"):
        curves[np.array([True, False])]


def test_an_object_may_be_left_without_epochs(curves):
    kept = curves.where(curves.time > 4)
    assert kept.n_epochs.tolist() == [0, 0, 1]
    assert kept.meta["id"].tolist() == ["a", "b", "c"]


def test_one_band_alone(curves):
    green = curves.in_band("g")
    assert (green.bands, green.time.tolist(), green.n_epochs.tolist()) == (("g",), [2.0, 5.0], [1, 0, 1])
    with pytest.raises(InputError, match=r"there is no band 'z'.*g, i, r"):
        curves.in_band("z")


def test_renumbered_bands_keep_their_names(curves):
    wide = curves.with_bands(["u", "r", "i", "g"])
    assert [wide.bands[code] for code in wide.band] == ["r", "g", "r", "i", "g"]
    with pytest.raises(InputError, match=r"there is no band .* 'i'"):
        curves.with_bands(["g", "r"])
    assert curves[[0]].with_bands(["r", "g"]).band.tolist() == [0, 1, 0]  # i is named, but nobody uses it


def test_joined_parts_are_the_whole(curves):
    again = joined([curves[:1], curves[1:2], curves[2:]])
    for name in ("time", "value", "error", "band", "offsets"):
        np.testing.assert_array_equal(getattr(again, name), getattr(curves, name))
    assert again.meta.equals(curves.meta)
    assert (again.bands, again.name) == (curves.bands, "toy")


def test_joining_renumbers_bands(curves):
    other = LightCurves.from_lists([[6.0, 7.0]], [[1.0, 2.0]], band=[["u", "g"]], meta={"id": ["d"]})
    both = joined([curves, other])
    assert both.bands == ("g", "i", "r", "u")
    assert [both.bands[code] for code in both.band] == ["r", "g", "r", "i", "g", "u", "g"]


def test_what_is_measured_otherwise_is_not_joined(curves):
    with pytest.raises(InputError, match=r"unit mag, nJy cannot be joined; convert"):
        joined([curves, curves.replace(unit="nJy")])
    with pytest.raises(InputError, match="there are no light curves to join"):
        joined([])


def test_ab_magnitudes_are_magnitudes():
    one = LightCurves.from_lists([[0.0]], [[1.0]])
    assert one.is_magnitude
    assert one.replace(unit="mag(AB)").is_magnitude
    assert not one.replace(unit="nJy").is_magnitude
    assert not one.replace(unit="").is_magnitude


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"offsets": [0, 4, 3, 5]}, "offsets do not divide 5 epochs"),
        ({"offsets": [1, 3, 3, 5]}, "offsets do not divide 5 epochs"),
        ({"value": np.zeros(4)}, "there are 5 times but 4 entries of value"),
        ({"band": np.array([0, 1, 2, 3, 0])}, "bands are numbered 0 to 3 but 3 have a name"),
        ({"time": np.array(["a"] * 5)}, "time has type .* give one flat column of numbers"),
        ({"meta": {"id": ["a"]}}, "meta describes 1 objects but there are 3"),
    ],
)
def test_columns_that_disagree_are_refused(curves, changes, message):
    with pytest.raises(InputError, match=message):
        curves.replace(**changes)


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        # As many epochs in all: taken as flat columns, they would go to the wrong objects.
        (([[1.0, 2.0], [3.0]], [[1.0], [2.0, 3.0]]), "object 0 has 2 times but 1 entries of value"),
        (([[1.0], [2.0]], [[1.0], [2.0]], [[0.1], []]), "object 1 has 1 times but 0 entries of error"),
        (([[1.0], [2.0]], [[1.0]]), "there are 2 objects in time but 1 in value"),
        (([[1.0], [2.0]], [[1.0], [2.0]], None, ["g", "r"]), r"band of object 0 has shape \(\)"),
        (([1.0, 2.0], [1.0, 2.0]), r"time of object 0 has shape \(\)"),
        ((1.0, 2.0), "time is no list of one sequence an object"),
        (([[1.0]], [["bright"]]), "value holds what is no number .*'bright'.*write NaN"),
    ],
)
def test_lists_that_do_not_go_together_are_refused(lists, message):
    with pytest.raises(InputError, match=message):
        LightCurves.from_lists(*lists)


def test_no_objects_are_light_curves_too():
    assert len(LightCurves.from_lists([], [], [], [])) == 0


def test_what_is_masked_is_unknown(curves):
    masked = np.ma.array(curves.value, mask=[True, False, False, False, False])
    np.testing.assert_array_equal(curves.replace(value=masked).value, [np.nan, 12.0, 13.0, 14.0, 15.0])
    time = np.ma.array([1, 2], mask=[False, True])
    np.testing.assert_array_equal(LightCurves.from_lists([time], [[15.0, 16.0]]).time, [1.0, np.nan])


@pytest.mark.parametrize("offsets", [[0, 2.5, 3, 5], ["a", "b"], [[0, 5]]])
def test_offsets_that_divide_no_epochs_are_refused(curves, offsets):
    with pytest.raises(InputError, match="the offsets do not divide 5 epochs"):
        curves.replace(offsets=offsets)


def test_one_text_is_no_list_of_bands(curves):
    with pytest.raises(InputError, match="bands is the text 'gri'"):
        curves.replace(bands="gri")
