from __future__ import annotations

import numpy as np
import pytest

from checkstar.errors import InputError
from checkstar.methods.template_fit import TemplateFit, _chi2, _choose, _excess_misfit, _polynomials
from checkstar.noise import Gaussian

PIXEL = np.linspace(-1, 1, 200)


def spectra(labels: np.ndarray) -> np.ndarray:
    """Absorption lines whose depths depend on two labels in different ways."""
    flux = np.ones((len(labels), 200))
    for i, centre in enumerate(np.linspace(-0.95, 0.95, 12)):
        strength = np.exp(0.5 * labels[:, 0] * np.cos(2 * i) + 0.5 * labels[:, 1] * np.sin(3 * i))
        flux -= 0.15 * strength[:, None] * np.exp(-0.5 * ((PIXEL - centre) / 0.02) ** 2)
    return flux


def library(n: int = 400, rng: int = 0) -> tuple[np.ndarray, np.ndarray]:
    labels = np.random.default_rng(rng).uniform(-1, 1, (n, 2))
    return spectra(labels), labels


METHOD = TemplateFit().fit(*library())
TRUTH = np.random.default_rng(1).uniform(-0.8, 0.8, (300, 2))


def test_noiseless_spectra_give_their_labels_back_between_the_templates():
    error = METHOD.predict(spectra(TRUTH)) - TRUTH
    nearest = np.sqrt(np.square(TRUTH[:, None] - METHOD.labels_).sum(axis=2)).min(axis=1)
    # A typical distance to the nearest template is 0.04: interpolation must do far better.
    assert error.std(axis=0).max() < 0.25 * np.median(nearest)


def test_scale_and_slope_of_the_continuum_do_not_matter():
    plain = METHOD.predict(spectra(TRUTH))
    tilted = METHOD.predict(spectra(TRUTH) * 37.0 * (1 + 0.3 * PIXEL))
    np.testing.assert_allclose(tilted, plain, atol=0.02)


def test_a_free_scale_alone_leaves_the_slope_to_the_labels():
    flat = TemplateFit(continuum_order=0).fit(*library())
    np.testing.assert_allclose(flat.predict(1e-17 * spectra(TRUTH)), flat.predict(spectra(TRUTH)), rtol=1e-6)
    tilted = flat.predict(spectra(TRUTH) * (1 + 0.3 * PIXEL))
    assert np.abs(tilted - flat.predict(spectra(TRUTH))).max() > 0.1


@pytest.mark.parametrize("sigma", [0.01, 0.03, 0.1])
def test_errors_follow_the_noise_and_are_honest(sigma):
    noise = Gaussian(sigma)
    prediction = METHOD.predict_distribution(noise.draw(spectra(TRUTH), np.random.default_rng(2)), noise=noise)
    pulls = (prediction.mean() - TRUTH) / prediction.std()
    # 300 objects: 4 %; errors may be cautious, never too small by a quarter.
    assert (pulls.std(axis=0) < 1.25).all()
    assert (pulls.std(axis=0) > 0.6).all()


def test_pulls_of_left_out_templates_are_one():
    rng = np.random.default_rng(3)
    labels = rng.uniform(-1, 1, (300, 2))
    # Labels of real libraries have errors, and stars differ by more than their labels.
    flux = spectra(labels) * (1 + 0.01 * rng.standard_normal((300, 1)) * np.sin(20 * PIXEL))
    catalogue = labels + 0.1 * rng.standard_normal(labels.shape)
    pulls = []
    for fold in range(3):
        test = np.arange(300) % 3 == fold
        method = TemplateFit().fit(flux[~test], catalogue[~test])
        prediction = method.predict_distribution(flux[test])
        pulls.append((prediction.mean() - catalogue[test]) / prediction.std())
    np.testing.assert_allclose(np.concatenate(pulls).std(axis=0), 1.0, atol=0.15)


def test_more_noise_means_larger_errors():
    flux = spectra(TRUTH[:5])
    std = [METHOD.predict_distribution(flux, noise=Gaussian(sigma)).std() for sigma in (0.01, 0.05, 0.2)]
    assert (std[0] < std[1]).all()
    assert (std[1] < std[2]).all()


def test_without_information_the_neighbours_are_the_answer():
    prediction = METHOD.predict_distribution(spectra(TRUTH[:20]), noise=Gaussian(1e3))
    assert (np.abs(prediction.mean()) <= 1.1).all()
    assert METHOD.estimand == "posterior"


def test_masked_pixels_do_not_matter():
    flux, sigma = spectra(TRUTH[:30]), np.full((30, 200), 0.01)
    sigma[:, 60:75] = np.inf
    spoilt = flux.copy()
    spoilt[:, 60:75] = np.nan
    expected = METHOD.predict_distribution(flux, noise=Gaussian(sigma))
    found = METHOD.predict_distribution(spoilt, noise=Gaussian(sigma))
    np.testing.assert_allclose(found.mean(), expected.mean(), rtol=1e-9)
    np.testing.assert_allclose(found.std(), expected.std(), rtol=1e-9)
    assert np.abs(found.mean() - TRUTH[:30]).max() < 0.1


def test_a_gross_misfit_widens_the_error():
    flux = spectra(TRUTH[:1])
    strange = flux * (1 + 0.2 * np.sin(40 * PIXEL))
    assert (METHOD.predict_distribution(strange).std() > 3 * METHOD.predict_distribution(flux).std()).all()


def test_noise_of_the_library_is_not_counted_twice():
    noise = Gaussian(0.05)
    flux, labels = library(400, 4)
    method = TemplateFit().fit(noise.draw(flux, np.random.default_rng(5)), labels, noise=noise)
    prediction = method.predict_distribution(noise.draw(spectra(TRUTH), np.random.default_rng(6)), noise=noise)
    pulls = (prediction.mean() - TRUTH) / prediction.std()
    np.testing.assert_allclose(pulls.std(axis=0), 1.0, atol=0.3)


def test_chi2_of_all_against_all_equals_a_fit_one_by_one():
    rng = np.random.default_rng(7)
    observed, templates = 1 + 0.1 * rng.normal(size=(2, 4, 50))
    weight = rng.uniform(0.5, 2, (4, 50))
    basis = _polynomials(50, 2)
    chi2, coefficients = _chi2(observed, weight, templates, basis)
    for i in range(4):
        for j in range(4):
            root = np.sqrt(weight[i])
            solution, squares = np.linalg.lstsq((root * basis * templates[j]).T, root * observed[i])[:2]
            assert chi2[i, j] == pytest.approx(squares[0], rel=1e-8)
            np.testing.assert_allclose(coefficients[i, j], solution, rtol=1e-8)


def test_templates_are_the_nearest_unless_noise_allows_more():
    # Two labels: all within 2 + 2 sqrt(4) = 6 of the least chi^2 are allowed.
    sharp, flat = np.arange(40.0)[::-1] * 10, np.arange(40.0)[::-1] / 10
    near = _choose(np.stack([sharp, flat]), 4, 2)
    assert near[0].tolist() == [39, 38, 37, 36]
    assert near[1].tolist() == [39, 29, 19, 9]


def test_misfit_is_measured_where_noise_allows_and_typical_where_not():
    residual, good = np.full((1, 400), 0.2), np.ones((1, 400), dtype=bool)
    floor = np.full(400, 0.01)
    quiet, loud = (_excess_misfit(residual, np.full((1, 400), v), good, floor).item() for v in (0.0, 10.0))
    assert quiet == pytest.approx(4.0)
    noise = np.full((1, 400), 1.0)
    drawn = np.random.default_rng(8).standard_normal((500, 400))
    hidden = [_excess_misfit(row[None], noise, good, floor).item() for row in drawn]
    # Alone, the measured factor would scatter by 7 and mostly end at its lower limit of 0.3.
    assert np.mean(hidden) == pytest.approx(1.0, abs=0.15)
    assert np.std(hidden) < 0.3
    assert loud < quiet


def test_labels_may_have_any_scale():
    flux, labels = library()
    scaled = TemplateFit().fit(flux, labels * [1000.0, 1e-3] + [5000.0, 0.0]).predict_distribution(spectra(TRUTH))
    plain = METHOD.predict_distribution(spectra(TRUTH))
    np.testing.assert_allclose(scaled.mean(), plain.mean() * [1000.0, 1e-3] + [5000.0, 0.0], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(scaled.std(), plain.std() * [1000.0, 1e-3], rtol=1e-5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_neighbors": 3}, "n_neighbors=3; 2 labels need 4"),
        ({"n_neighbors": 60}, "60 templates but n_neighbors=60"),
        ({"continuum_order": 9}, "continuum_order=9"),
        ({"continuum_order": -1}, "continuum_order=-1"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        TemplateFit(**settings).fit(*library(60))


def test_spectra_of_zeros_are_refused():
    with pytest.raises(InputError, match="1 spectra that are zero everywhere"):
        METHOD.predict(np.vstack([np.zeros(200), spectra(TRUTH[:1])]))
    flux, labels = library(60)
    flux[3] = 0.0
    with pytest.raises(InputError, match="1 templates that are all zero"):
        TemplateFit().fit(flux, labels)


def test_a_spectrum_without_pixels_is_refused():
    sigma = np.full((1, 200), np.inf)
    with pytest.raises(InputError, match="hardly any unmasked pixel"):
        METHOD.predict(spectra(TRUTH[:1]), noise=Gaussian(sigma))
