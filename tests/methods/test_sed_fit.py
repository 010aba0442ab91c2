from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate

from checkstar.data.dataset import Dataset
from checkstar.data.embedded import sed_templates
from checkstar.errors import InputError
from checkstar.methods import Constant, SedFit
from checkstar.methods.sed_fit import _log_benitez
from checkstar.noise import Gaussian
from checkstar.simulators import simulate_galaxies


def galaxies(n: int, seed: int) -> Dataset:
    drawn = simulate_galaxies(n, seed)
    return Dataset(drawn.magnitudes, drawn.z, noise=drawn.sigma)


@pytest.fixture(scope="module")
def fitted() -> SedFit:
    return SedFit().fit_data(galaxies(1000, 0))


def templates(z: np.ndarray, row: int = 0) -> np.ndarray:
    """Magnitudes (n, 5) of a template at redshifts of its table, about 17 in r."""
    table = sed_templates()
    return 17 - 2.5 * np.log10(table.flux[row, np.rint(z / table.z[1]).astype(int)])


def test_templates_themselves_are_put_at_their_redshift():
    z = 0.0025 * np.arange(8, 100, 4)
    for row in (0, 2):
        magnitudes = templates(z, row)
        method = SedFit(prior="flat", zero_points=False, outliers=0.0).fit(magnitudes, z, noise=Gaussian(0.01))
        # The least misfit of 0.01 mag leaves a few thousandths of z and some mixtures of templates.
        np.testing.assert_allclose(method.predict(magnitudes, noise=Gaussian(0.01))[:, 0], z, atol=0.02)


def test_it_is_better_than_the_prior_alone(fitted):
    test = galaxies(500, 1)
    constant = Constant().fit_data(galaxies(1000, 0)).predict_distribution(test.x)
    ours = fitted.predict_distribution(test.x, noise=test.noise)
    assert ours.crps(test.y).mean() < 0.5 * constant.crps(test.y).mean()


def test_its_densities_cover(fitted):
    test = galaxies(1500, 2)
    cdf = fitted.predict_distribution(test.x, noise=test.noise).cdf(test.y)[:, 0]
    # The misfit is estimated from few residuals a galaxy, so the densities are a little wide (72 % in 68 %).
    assert ((cdf > 0.16) & (cdf < 0.84)).mean() == pytest.approx(0.70, abs=0.06)


def test_zero_points_are_found():
    data = galaxies(1000, 3)
    plain = SedFit().fit_data(data).offset_
    shifted = SedFit().fit(data.x + np.array([0.2, 0.0, 0.0, 0.0, 0.0]), data.y, noise=data.noise).offset_
    # Only differences between bands show: the mean is zero. The median residual of 1000 is known to 0.005.
    np.testing.assert_allclose(shifted - plain, [0.16, -0.04, -0.04, -0.04, -0.04], atol=0.05)


def test_a_masked_band_may_hold_anything(fitted):
    test = galaxies(50, 4)
    sigma = np.array(test.noise.sigma(test.x))
    sigma[:, 0] = np.inf
    answers = []
    for value in (0.0, 99.0, np.nan):
        x = test.x.copy()
        x[:, 0] = value
        answers.append(fitted.predict(x, noise=Gaussian(sigma)))
    assert np.array_equal(answers[0], answers[1])
    assert np.array_equal(answers[0], answers[2])
    assert np.isfinite(answers[0]).all()


def test_with_everything_masked_the_prior_is_left(fitted):
    test = galaxies(3, 5)
    prediction = fitted.predict_distribution(test.x, noise=Gaussian(np.full((3, 5), np.inf)))
    assert np.isfinite(prediction.mean()).all()
    assert (prediction.std() > 0.02).all()


def test_a_common_dimming_changes_nothing_but_the_prior():
    data, test = galaxies(500, 6), galaxies(50, 7)
    flat = SedFit(prior="flat").fit_data(data)
    np.testing.assert_allclose(
        flat.predict(test.x + 1.0, noise=test.noise), flat.predict(test.x, noise=test.noise), rtol=1e-9
    )
    full = SedFit().fit_data(data)
    assert (full.predict(test.x + 1.0, noise=test.noise) > full.predict(test.x, noise=test.noise)).mean() > 0.9


def test_the_prior_is_a_density():
    z = np.linspace(1e-4, 5, 20_001)
    for log_a, start, slope in ((0.0, -2.0, 0.3), (1.0, -1.0, 0.0)):
        density = np.exp(_log_benitez(z, np.array([[18.0]]), log_a, start, slope))[0]
        # The lowest and highest redshifts are cut off.
        assert integrate.trapezoid(density, z) == pytest.approx(1.0, abs=2e-3)


def test_colours_after_the_magnitudes_are_ignored(fitted):
    data = galaxies(200, 8)
    colours = data.x[:, :-1] - data.x[:, 1:]
    both = SedFit().fit(np.hstack([data.x, colours]), data.y, noise=Gaussian(0.05))
    alone = SedFit().fit(data.x, data.y, noise=Gaussian(0.05))
    np.testing.assert_allclose(
        both.predict(np.hstack([data.x, colours]), noise=Gaussian(0.05)), alone.predict(data.x, noise=Gaussian(0.05))
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bands": ("u", "Y")}, "give at least two of u, g, r, i, z"),
        ({"bands": ("u", "g")}, "the band of the prior among them"),
        ({"prior": "steep"}, "prior='steep'"),
        ({"outliers": 1.0}, "outliers=1.0"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    data = galaxies(50, 9)
    with pytest.raises(InputError, match=message):
        SedFit(**settings).fit_data(data)


def test_what_is_no_redshift_is_refused():
    data = galaxies(50, 10)
    with pytest.raises(InputError, match="give one, a redshift"):
        SedFit().fit(data.x, data.y - 1.0)
    with pytest.raises(InputError, match="got 3 columns for the 5 magnitudes"):
        SedFit().fit(data.x[:, :3], data.y)
