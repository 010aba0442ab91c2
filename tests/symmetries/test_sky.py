"""Frames and epochs of the sky against astropy."""

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.time import Time

from checkstar.errors import InputError
from checkstar.symmetries import Epoch, SkyFrame
from checkstar.symmetries.sky_frame import FRAMES

RNG = np.random.default_rng(1)
N = 50
X = np.column_stack([RNG.uniform(0, 360, N), RNG.uniform(-85, 85, N), RNG.normal(0, 200, (N, 2))])


def sky(x, frame="icrs", **more):
    lon, lat = x[:, 0] * u.deg, x[:, 1] * u.deg
    names = ("pm_l_cosb", "pm_b") if frame == "galactic" else ("pm_ra_cosdec", "pm_dec")
    motions = {name: x[:, 2 + i] * u.mas / u.yr for i, name in enumerate(names)}
    return SkyCoord(lon, lat, frame=frame, **motions, **more)


def test_positions_and_motions_follow_as_astropy_transforms_them():
    frame = SkyFrame(longitude=0, latitude=1, motions=(2, 3))
    found = frame.act(frame.to("galactic"), X)
    peer = sky(X).galactic
    expected = [peer.l.deg, peer.b.deg, peer.pm_l_cosb.value, peer.pm_b.value]
    np.testing.assert_allclose(found, np.column_stack(expected), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("given", FRAMES)
def test_every_frame_is_reached_and_named(given):
    frame = SkyFrame(longitude=0, latitude=1, given=given)
    g = frame.draw(RNG)
    assert f"instead of {given} coordinates" in frame.describe(g)
    assert frame.describe(frame.simpler(g)[0]) == "positions in a frame turned by 1 degrees"


def test_errors_turn_with_the_axes():
    frame = SkyFrame(longitude=0, latitude=1, motions=(2, 3))
    quarter = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0, 0.0, 1.0, 0.0)  # about the vernal point: east becomes north there
    at = np.array([[0.0, 0.0, 0.0, 0.0]])
    np.testing.assert_allclose(frame.move_sigma(quarter, np.array([[1.0, 2.0, 3.0, 4.0]]), at), [[2.0, 1.0, 4.0, 3.0]])


def test_stars_move_as_astropy_moves_them():
    years = 12.5
    found = Epoch(longitude=0, latitude=1, motions=(2, 3)).act(years, X)
    start = Time(2016.0, format="jyear")
    peer = sky(X, obstime=start, distance=np.full(N, 100) * u.pc, radial_velocity=np.zeros(N) * u.km / u.s)
    peer = peer.apply_space_motion(start + years * u.yr)
    # A great circle at constant speed and a straight line differ in the third order of the angle moved.
    apart = SkyCoord(found[:, 0] * u.deg, found[:, 1] * u.deg).separation(SkyCoord(peer.ra, peer.dec))
    assert apart.to_value(u.uas).max() < 1.0


def test_a_star_that_does_not_move_stays():
    still = np.array([[10.0, 20.0, 0.0, 0.0]])
    np.testing.assert_allclose(Epoch(longitude=0, latitude=1, motions=(2, 3)).act(100.0, still), still, atol=1e-12)


def test_an_unknown_frame_is_refused():
    with pytest.raises(InputError, match="no frame 'galctic'; did you mean 'galactic'"):
        SkyFrame(longitude=0, latitude=1).to("galctic")
