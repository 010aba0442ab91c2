"""Every symmetry is a group, and observations, noise and labels follow it together."""

import dataclasses

import numpy as np
import pytest

from checkstar.data.curve_layout import CurveLayout
from checkstar.errors import ContractError
from checkstar.symmetries import (
    BandOrder,
    CyclicShift,
    CyclicTranslation,
    Epoch,
    EpochOrder,
    Flip,
    Permutation,
    Rotation,
    Rotation90,
    SkyFrame,
    TimeReference,
    TimeShift,
    Translation,
    Units,
    ZeroPoint,
)
from checkstar.testing.symmetry_contract import check_symmetry

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(6, 12))
IMAGES = np.exp(-0.5 * ((np.indices((8, 8)) - 3.5) ** 2).sum(axis=0) / 4).ravel() * RNG.uniform(1, 2, (6, 1))
SKY = np.column_stack([RNG.uniform(0, 360, 6), RNG.uniform(-80, 80, 6), RNG.normal(0, 50, (6, 2)), np.full(6, 2016.0)])
SKY_SIGMA = np.broadcast_to([1e-6, 1e-6, 0.1, 0.2, 1e-3], SKY.shape)
DIRECTIONS = {"angles": {"pa": 180.0}, "vectors": [("e1", "e2", 2), ("vx", "vy", 1)]}
NAMES = ["pa", "e1", "e2", "vx", "vy", "mass", "spin"]

CASES = [
    (Rotation90(image_shape=(8, 8), **DIRECTIONS), IMAGES, NAMES),
    (Rotation90(image_shape=(3, 2, 2), origin="lower", **DIRECTIONS), FEATURES, NAMES),
    (Flip(image_shape=(8, 8), odd=["spin"], **DIRECTIONS), IMAGES, NAMES),
    (Flip(image_shape=(3, 4)), FEATURES, ["y"]),
    (Rotation(image_shape=(8, 8), **DIRECTIONS), IMAGES, NAMES),
    (Translation(image_shape=(8, 8), down={"mass": -0.2}, right={"spin": 0.2}), IMAGES, NAMES),
    (CyclicTranslation(image_shape=(8, 8)), IMAGES, ["y"]),
    (Permutation(n_features=12), FEATURES, ["y"]),
    (Permutation(n_features=12, blocks=[(0, 3), (1, 4), (2, 5)]), FEATURES, ["y"]),
    (BandOrder(n_features=12, bands=[("g", (0, 1)), ("r", (2, 3)), ("i", (4, 5))]), FEATURES, ["y"]),
    (EpochOrder(features=CurveLayout(n_epochs=5, extras=("a", "b")).features), FEATURES, ["y"]),
    (EpochOrder(features=CurveLayout(n_epochs=4, bands=("g", "r")).features), FEATURES, ["y"]),
    (CyclicShift(length=4, n_sequences=3, phase="phase", period=360.0), FEATURES, ["phase", "y"]),
    (TimeShift(columns=[0, 2], times=["t0"]), FEATURES, ["y", "t0"]),
    (TimeReference(columns=[0, 2], given="MJD", times=["t0"]), FEATURES, ["y", "t0"]),
    (ZeroPoint(columns=[1, 2], labels={"mag": 1.0, "log_flux": -0.4}), FEATURES, ["mag", "log_flux"]),
    (Units(features=["Jy", "km / s", "", "mag(Jy)"] * 3, labels={"d": "Mpc"}), FEATURES, ["d", "y"]),
    (Epoch(longitude=0, latitude=1, motions=(2, 3), epoch=4), SKY, ["y"]),
    (SkyFrame(longitude=0, latitude=1, motions=(2, 3), given="galactic"), SKY, ["y"]),
]


@pytest.mark.parametrize(("symmetry", "x", "names"), CASES, ids=lambda case: type(case).__name__)
def test_it_keeps_the_contract(symmetry, x, names):
    sigma = SKY_SIGMA if x is SKY else np.broadcast_to(0.05 * (1 + np.arange(x.shape[1])), x.shape)
    check_symmetry(symmetry, x, sigma, names)


@pytest.mark.parametrize(("symmetry", "x", "names"), CASES, ids=lambda case: type(case).__name__)
def test_a_masked_element_stays_masked_and_spoils_nothing_else(symmetry, x, names):
    sigma = np.array(SKY_SIGMA if x is SKY else np.full(x.shape, 0.1))
    holed = np.array(x)
    holed[0, 0], sigma[0, 0] = np.nan, np.inf
    g = symmetry.draw(np.random.default_rng(3))
    moved, moved_sigma = symmetry.act(g, holed), symmetry.move_sigma(g, sigma, holed)
    # What is not known after the move is masked after the move, and only in the object that was.
    assert np.isinf(moved_sigma[0][~np.isfinite(moved[0])]).all()
    assert not np.isnan(moved_sigma).any()
    assert np.isfinite(moved[1:]).all()
    assert np.isfinite(moved_sigma[1:]).all()


def broken(**members):
    cls = type("Broken", (Rotation90,), members)
    return dataclasses.dataclass(frozen=True, kw_only=True)(cls)(image_shape=(8, 8))


@pytest.mark.parametrize(
    ("symmetry", "message"),
    [
        (broken(inverse=lambda self, g: g), "after its inverse is not the identity"),
        (broken(draw=lambda self, rng: 0), "drew the identity"),
        (broken(columns=lambda self, g: np.roll(np.arange(64), g)), "the inverse does not undo"),
        (broken(move_sigma=lambda self, g, sigma, x: sigma), "not of the size that move_sigma says"),
        (broken(move_noise=lambda self, g, noise, x: noise), "not of the size that move_sigma says"),
        (broken(elements=lambda self: (0, 1)), "does not list all elements"),
        (broken(simpler=lambda self, g: (2,)), "simpler elements are not smaller"),
        (broken(describe=lambda self, g: ""), "says nothing"),
    ],
)
def test_what_is_no_group_is_found_out(symmetry, message):
    sigma = np.broadcast_to(0.05 * (1 + np.arange(64)), IMAGES.shape)
    with pytest.raises(ContractError, match=message):
        check_symmetry(symmetry, IMAGES, sigma, NAMES)
