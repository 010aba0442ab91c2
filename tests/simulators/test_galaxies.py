import numpy as np
import pytest

from checkstar.simulators import simulate_galaxies


def test_the_sample_is_that_of_the_seed_and_of_its_size():
    one, same, other = (simulate_galaxies(300, rng=seed) for seed in (1, 1, 2))
    assert one.magnitudes.shape == one.sigma.shape == (300, 5)
    assert np.array_equal(one.magnitudes, same.magnitudes)
    assert not np.array_equal(one.z, other.z)


def test_redshifts_and_colours_are_like_those_of_the_main_galaxies():
    drawn = simulate_galaxies(4000, rng=0)
    # The 5000 galaxies of `sdss_galaxies` have these medians; a model this simple is right to about 0.15 mag.
    assert np.median(drawn.z) == pytest.approx(0.092, abs=0.015)
    colours = np.median(drawn.magnitudes[:, :-1] - drawn.magnitudes[:, 1:], axis=0)
    np.testing.assert_allclose(colours, [1.636, 0.826, 0.398, 0.294], atol=0.25)
    np.testing.assert_allclose(np.median(drawn.sigma, axis=0), [0.053, 0.0075, 0.0057, 0.0058, 0.0133], rtol=0.35)


def test_the_magnitude_limit_holds_before_noise():
    drawn = simulate_galaxies(2000, rng=3)
    # Five sigma of the noise in r, 0.01 mag at the limit.
    assert drawn.magnitudes[:, 2].max() < 17.77 + 0.05
    deeper = simulate_galaxies(2000, rng=3, faintest_r=19.0)
    assert np.median(deeper.z) > np.median(drawn.z)


def test_brighter_galaxies_of_one_redshift_are_redder():
    drawn = simulate_galaxies(4000, rng=4)
    near = np.abs(drawn.z - 0.1) < 0.02
    colour = (drawn.magnitudes[:, 1] - drawn.magnitudes[:, 2])[near]
    bright = drawn.magnitudes[near, 2] < np.median(drawn.magnitudes[near, 2])
    assert colour[bright].mean() > colour[~bright].mean() + 0.03


def test_magnitudes_scatter_by_their_errors_and_by_what_no_template_has():
    from checkstar.data.embedded import sed_templates

    drawn = simulate_galaxies(3000, rng=5)
    table = sed_templates()
    at = np.rint(drawn.z / table.z[1]).astype(int)
    lowest = (-2.5 * np.log10(table.flux[:, at, 1] / table.flux[:, at, 2])).max(axis=0)
    # Redder than the reddest template: only by scatter and a little dust.
    excess = drawn.magnitudes[:, 1] - drawn.magnitudes[:, 2] - lowest
    assert 0 < (excess > 0).mean() < 0.4
    assert np.quantile(excess, 0.99) < 0.25
