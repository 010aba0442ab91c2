import numpy as np

from checkstar.problems.sky_groups import sky_groups


def test_groups_are_those_of_a_second_implementation():
    from astropy import units
    from astropy.coordinates import SkyCoord

    rng = np.random.default_rng(0)
    ra, dec = rng.uniform(10, 11, 300), rng.uniform(-70.5, -70, 300)
    number = sky_groups(ra, dec, 60.0)
    sky = SkyCoord(ra, dec, unit="deg")
    first, second, _, _ = sky.search_around_sky(sky, 60 * units.arcsec)
    # Neighbours share a group, and a group has no member without a neighbour in it.
    assert (number[first] == number[second]).all()
    pairs = first != second
    alone = np.setdiff1d(np.arange(300), first[pairs])
    assert (np.bincount(number)[number[alone]] == 1).all()
    assert 0 < len(alone) < 300


def test_neighbours_of_neighbours_are_one_group_and_the_sky_has_no_seam():
    assert sky_groups([0.0, 0.01, 0.02, 40.0], [0.0] * 4, 40.0).tolist() == [0, 0, 0, 1]
    assert sky_groups([359.9999, 0.0001], [89.0, 89.0], 5.0).tolist() == [0, 0]
    assert sky_groups([0.0, 180.0], [89.9999, 89.9999], 5.0).tolist() == [0, 0]
