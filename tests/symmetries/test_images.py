"""Symmetries of images: what they do to a picture is what they say they do to angles and arrows."""

import numpy as np
import pytest
from scipy import ndimage

from checkstar.errors import InputError
from checkstar.noise import Custom, Gaussian
from checkstar.symmetries import CyclicTranslation, Flip, Rotation, Rotation90, Translation

SHAPE = (21, 21)
ROWS, COLUMNS = np.indices(SHAPE) - 10.0


def ellipse(degrees, origin="upper"):
    """A galaxy whose long axis lies at `degrees`, counter-clockwise from the right as displayed."""
    y = -ROWS if origin == "upper" else ROWS
    turn = np.deg2rad(degrees)
    along, across = COLUMNS * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - COLUMNS * np.sin(turn)
    return np.exp(-0.5 * ((along / 2) ** 2 + (across / 1.2) ** 2)).reshape(1, -1)


def position_angle(x, origin="upper"):
    image = x.reshape(SHAPE)
    y = -ROWS if origin == "upper" else ROWS
    xx, yy, xy = (image * COLUMNS**2).sum(), (image * y**2).sum(), (image * COLUMNS * y).sum()
    return np.rad2deg(0.5 * np.arctan2(2 * xy, xx - yy)) % 180


@pytest.mark.parametrize("origin", ["upper", "lower"])
@pytest.mark.parametrize(("cls", "g"), [(Rotation90, 1), (Rotation90, 2), (Rotation, 37.0), (Rotation, -100.0)])
def test_the_position_angle_of_a_turned_galaxy_is_the_mapped_label(cls, g, origin):
    symmetry = cls(image_shape=SHAPE, angles={"pa": 180.0}, origin=origin)
    follow = symmetry.label_map(g, ["pa"])
    measured = position_angle(symmetry.act(g, ellipse(25, origin)), origin)
    # Interpolation and the border cost a few tenths of a degree.
    assert follow.difference(np.array([[measured]]), follow(np.array([[25.0]])))[0, 0] == pytest.approx(0, abs=0.5)


def test_the_position_angle_of_a_mirrored_galaxy_is_the_mapped_label():
    flip = Flip(image_shape=SHAPE, angles={"pa": 180.0}, vectors=[("e1", "e2", 2), ("vx", "vy", 1)], odd=["spin"])
    assert position_angle(flip.act(1, ellipse(25))) == pytest.approx(155)
    mapped = flip.label_map(1, ["pa", "e1", "e2", "vx", "vy", "spin"])(np.array([[25.0, 0.6, 0.2, 3.0, 4.0, 1.0]]))
    assert mapped.tolist() == [[155.0, 0.6, -0.2, -3.0, 4.0, -1.0]]


def test_an_ellipticity_turns_twice_as_fast_as_an_arrow():
    turn = Rotation(image_shape=SHAPE, vectors=[("e1", "e2", 2), ("vx", "vy", 1)])
    mapped = turn.label_map(90.0, ["e1", "e2", "vx", "vy"])(np.array([[0.3, 0.1, 1.0, 0.0]]))
    np.testing.assert_allclose(mapped, [[-0.3, -0.1, 0.0, 1.0]], atol=1e-15)


def test_a_quarter_turn_by_interpolation_is_the_lossless_one():
    turned = Rotation(image_shape=SHAPE).act(90.0, ellipse(25))
    np.testing.assert_allclose(turned, Rotation90(image_shape=SHAPE).act(1, ellipse(25)), atol=1e-12)


def test_interpolation_agrees_with_scipy_on_a_smooth_image():
    smooth = np.exp(-0.5 * (ROWS**2 + COLUMNS**2) / 9)
    moved = Translation(image_shape=SHAPE).act((0.4, -0.3), smooth.reshape(1, -1)).reshape(SHAPE)
    # Cubic convolution against cubic splines: they differ in the third order of pixel over width.
    np.testing.assert_allclose(moved, ndimage.shift(smooth, (0.4, -0.3), order=3, mode="nearest"), atol=0.003)


def test_a_whole_pixel_is_moved_without_loss():
    inside = ellipse(25) * (np.maximum(abs(ROWS), abs(COLUMNS)) < 7).ravel()
    moved = Translation(image_shape=SHAPE).act((2.0, -1.0), inside)
    assert np.array_equal(moved, CyclicTranslation(image_shape=SHAPE).act((2, -1), inside))
    assert np.array_equal(Translation(image_shape=SHAPE).act((-2.0, 1.0), moved), inside)


def test_a_masked_pixel_masks_one_pixel_of_a_whole_step_and_sixteen_of_a_part():
    image = ellipse(25)
    image[0, 220] = np.nan
    move = Translation(image_shape=SHAPE)
    assert np.isnan(move.act((1.0, 0.0), image)).sum() == 1
    assert np.isnan(move.act((0.5, 0.25), image)).sum() == 16


def test_bands_are_turned_together():
    cube = np.arange(18.0).reshape(1, 18)
    turned = Rotation90(image_shape=(2, 3, 3)).act(1, cube).reshape(2, 3, 3)
    assert np.array_equal(turned[1], np.rot90(cube.reshape(2, 3, 3)[1]))


def test_noise_of_any_kind_is_carried_along():
    x, sigma = ellipse(25), np.linspace(0.1, 1, 441)[None]
    custom = Custom(lambda x, rng: x + sigma * rng.standard_normal(x.shape), sigma)
    turn = Rotation90(image_shape=SHAPE)
    moved = turn.move_noise(1, custom, x)
    expected = turn.move_noise(1, Gaussian(sigma), x).sigma(x)
    assert np.array_equal(moved.sigma(turn.act(1, x)), expected)
    # Turned four times, it is itself again and wrapped no longer.
    for _ in range(3):
        moved = turn.move_noise(1, moved, x)
    assert moved is custom


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Rotation90(image_shape=(3, 4)), "quarter turns need square images"),
        (lambda: Flip(image_shape=(4,)), "give .rows, columns. or"),
        (lambda: Flip(image_shape=(2, 2)).act(1, np.zeros((1, 5))), "declared for 4 columns but x has 5"),
        (lambda: Rotation90(image_shape=(2, 2), angles={"p": 180}).label_map(1, ["pa"]), "did you mean 'pa'"),
    ],
)
def test_a_layout_that_does_not_fit_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()
