import numpy as np
import pytest
from scipy import ndimage
from sklearn.base import clone

from checkstar.errors import InputError
from checkstar.methods.cannon import Cannon
from checkstar.methods.polynomials import expand
from checkstar.noise import Covariance, Gaussian

N_STARS, N_PIXELS = 400, 120


def simulate(order=2, snr=100.0, scatter=0.0, seed=0, n_labels=3, shape=(N_STARS, N_PIXELS)):
    """Training spectra, test spectra and the labels of both; all of one model."""
    rng = np.random.default_rng(seed)
    n_stars, n_pixels = shape
    labels = rng.standard_normal((2 * n_stars, n_labels))
    values = expand(labels, order).values
    coefficients = 0.05 * rng.standard_normal((n_pixels, values.shape[1]))
    coefficients[:, 1 + n_labels :] *= 0.5
    coefficients[:, 0] = 1.0
    flux = values @ coefficients.T
    flux += rng.standard_normal(flux.shape) * np.hypot(1 / snr, scatter)
    return flux[:n_stars], labels[:n_stars], flux[n_stars:], labels[n_stars:]


NOISE = Gaussian(0.01)
X, Y, TEST, TRUTH = simulate()


@pytest.fixture(scope="module")
def fitted():
    return Cannon(order=2).fit(X, Y, noise=NOISE)


def test_linear_cannon_is_weighted_least_squares():
    flux, labels, test, _ = simulate(order=1)
    sigma = 0.01 * np.exp(0.3 * np.random.default_rng(3).standard_normal(test.shape))
    cannon = Cannon(order=1).fit(flux, labels, noise=NOISE)
    result = cannon.infer(test, noise=Gaussian(sigma))
    slope = cannon.coefficients_[:, 1:] / cannon.scales_
    for star in range(5):
        weight = 1 / (sigma[star] ** 2 + cannon.scatter_**2)
        covariance = np.linalg.inv(slope.T @ (weight[:, None] * slope))
        offset = covariance @ slope.T @ (weight * (test[star] - cannon.coefficients_[:, 0]))
        np.testing.assert_allclose(result.labels[star], cannon.pivots_ + offset, atol=1e-9)
        np.testing.assert_allclose(result.covariance[star], covariance, rtol=1e-8)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_pulls_of_the_labels_have_unit_variance(order):
    flux, labels, test, truth = simulate(order, scatter=0.01, seed=order, shape=(1500, 100))
    result = Cannon(order).fit(flux, labels, noise=NOISE).infer(test, noise=NOISE)
    error = result.labels - truth
    pulls = np.einsum("ni,nij,nj->n", error, np.linalg.inv(result.covariance), error)
    # chi^2 of 3 degrees of freedom over 1500 stars: one sigma of its mean is 0.063; the coefficients' own error adds 1 %.
    assert pulls.mean() == pytest.approx(3.0, abs=0.25)
    assert result.chi2.mean() == pytest.approx(97, rel=0.03)


def test_errors_of_the_labels_are_in_the_labels_units(fitted):
    unit = np.array([1000.0, 1.0, 0.01])
    other = Cannon(order=2).fit(X, Y * unit + [5000, 0, -3], noise=NOISE).infer(TEST, noise=NOISE)
    plain = fitted.infer(TEST, noise=NOISE)
    np.testing.assert_allclose(other.labels, plain.labels * unit + [5000, 0, -3], rtol=1e-6)
    np.testing.assert_allclose(other.covariance, plain.covariance * np.outer(unit, unit), rtol=1e-5)


@pytest.mark.parametrize("sigma", [0.004, 0.02])
def test_scatter_is_unbiased(sigma):
    flux, labels, _, _ = simulate(snr=1 / sigma, scatter=0.02, shape=(200, 2000))
    found = Cannon(order=2).fit(flux, labels, noise=Gaussian(sigma)).scatter_ ** 2
    # The scatter that makes the median chi^2 one would be 0.455 (sigma^2 + s^2) - sigma^2.
    assert found.mean() == pytest.approx(4e-4, abs=4 * found.std() / np.sqrt(2000))


def test_information_is_what_the_fit_reports_and_bounds_its_errors(fitted):
    result = fitted.infer(TEST, noise=NOISE)
    information = fitted.information(result.labels, noise=NOISE)
    np.testing.assert_allclose(information @ result.covariance, np.broadcast_to(np.eye(3), (N_STARS, 3, 3)), atol=1e-8)
    jacobian = np.empty((N_STARS, N_PIXELS, 3))
    for k in range(3):
        step = 1e-5 * np.eye(3)[k]
        jacobian[:, :, k] = (fitted.spectra(TRUTH + step) - fitted.spectra(TRUTH - step)) / 2e-5
    direct = np.einsum("npi,p,npj->nij", jacobian, 1 / (1e-4 + fitted.scatter_**2), jacobian)
    np.testing.assert_allclose(fitted.information(TRUTH, noise=NOISE), direct, rtol=1e-6, atol=1e-3)


def test_covariance_allows_for_noise_correlated_between_pixels():
    rng = np.random.default_rng(4)
    labels = rng.standard_normal((2 * N_STARS, 3))
    # Slopes as smooth as the noise: only then do correlations add up.
    slope = ndimage.gaussian_filter1d(rng.standard_normal((3, N_PIXELS)), 10, axis=1)
    distance = np.abs(np.subtract.outer(np.arange(N_PIXELS), np.arange(N_PIXELS)))
    covariance = 1e-4 * 0.9**distance
    flux = 1 + labels @ slope + rng.multivariate_normal(np.zeros(N_PIXELS), covariance, len(labels))
    cannon = Cannon(order=1).fit(flux[:N_STARS], labels[:N_STARS], noise=NOISE)

    def mean_pull(noise):
        result = cannon.infer(flux[N_STARS:], noise=noise)
        error = result.labels - labels[N_STARS:]
        return np.einsum("ni,nij,nj->n", error, np.linalg.inv(result.covariance), error).mean()

    # One sigma of the mean is 0.12; the same spectra as if independent are far too sure.
    assert mean_pull(Covariance(covariance)) == pytest.approx(3.0, abs=0.5)
    assert mean_pull(NOISE) > 10


def test_covariance_without_correlations_is_the_plain_one(fitted):
    diagonal = fitted.infer(TEST, noise=Covariance(1e-4 * np.eye(N_PIXELS)))
    np.testing.assert_allclose(diagonal.covariance, fitted.infer(TEST, noise=NOISE).covariance, rtol=1e-6)


def test_censored_pixels_know_nothing_of_the_label():
    censor = np.zeros((3, N_PIXELS), dtype=bool)
    censor[0, :50] = True
    cannon = Cannon(order=2, censor=censor).fit(X, Y, noise=NOISE)
    moved = TRUTH + np.array([1.0, 0.0, 0.0])
    change = np.abs(cannon.spectra(moved) - cannon.spectra(TRUTH)).max(axis=0)
    assert (change[:50] == 0).all()
    assert (change[50:] > 0).all()
    plain = Cannon(order=2).fit(X, Y, noise=NOISE)
    np.testing.assert_allclose(cannon.coefficients_[50:], plain.coefficients_[50:], rtol=1e-8)


def test_l1_sets_coefficients_to_zero_but_not_the_constant():
    flux, labels, _, _ = simulate(snr=10)
    share = [
        (Cannon(order=2, l1=l1).fit(flux, labels, noise=Gaussian(0.1)).coefficients_ == 0).mean()
        for l1 in (0, 600, 1e9)
    ]
    assert share[0] == 0
    assert 0.1 < share[1] < 0.9
    assert share[2] == 0.9


def test_no_star_ends_in_a_mirror_minimum():
    # Weak linear terms make the model nearly symmetric about the pivot.
    rng = np.random.default_rng(0)
    labels = rng.standard_normal((1600, 3))
    coefficients = 0.05 * rng.standard_normal((100, 10)) * ([0] + 3 * [0.1] + 6 * [1.0])
    flux = 1 + expand(labels, 2).values @ coefficients.T + 0.01 * rng.standard_normal((1600, 100))
    train, test = slice(400), slice(400, None)

    def excess(n_starts):
        cannon = Cannon(order=2, n_starts=n_starts).fit(flux[train], labels[train], noise=NOISE)
        at_truth = (flux[test] - cannon.spectra(labels[test])) ** 2 / (1e-4 + cannon.scatter_**2)
        return cannon.infer(flux[test], noise=NOISE).chi2 - at_truth.sum(axis=1)

    assert (excess(8) <= 1e-6).all()
    assert (excess(1) > 10).any()  # the negative control


def test_no_argument_is_modified():
    sigma = np.full(X.shape, 0.01)
    sigma[3, 5:9] = np.inf
    errors = np.full(Y.shape, 0.01)
    censor = np.zeros((3, N_PIXELS), dtype=bool)
    x, y, test = X.copy(), Y.copy(), TEST.copy()
    x[3, 5:9] = np.nan
    given = [x, y, sigma, errors, censor, test]
    kept = [array.copy() for array in given]
    cannon = Cannon(order=2, censor=censor, continuum="mean").fit(x, y, noise=Gaussian(sigma), y_err=errors)
    cannon.predict_distribution(test, noise=Gaussian(sigma))
    for array, copy in zip(given, kept, strict=True):
        np.testing.assert_array_equal(array, copy)
    assert cannon.censor is censor


@pytest.mark.parametrize("continuum", [None, "mean", "median", "running"])
def test_masked_pixels_may_hold_anything(continuum):
    mask = np.random.default_rng(2).random(X.shape) < 0.1
    noise = Gaussian(np.where(mask, np.inf, 0.01))
    results = []
    for value in (np.nan, 1e5):
        cannon = Cannon(order=2, continuum=continuum).fit(np.where(mask, value, X), Y, noise=noise)
        results.append(cannon.infer(np.where(mask, value, TEST), noise=noise))
    np.testing.assert_allclose(results[0].labels, results[1].labels, rtol=1e-6, atol=1e-8)
    assert (results[0].n_pixels == (~mask).sum(axis=1)).all()


def test_pixels_masked_for_all_training_stars_are_not_used(fitted):
    sigma = np.full(X.shape, 0.01)
    sigma[:, :20] = np.inf
    cannon = Cannon(order=2).fit(X, Y, noise=Gaussian(sigma))
    assert np.isinf(cannon.scatter_[:20]).all()
    result = cannon.infer(TEST, noise=NOISE)
    assert (result.n_pixels == N_PIXELS - 20).all()
    reference = fitted.infer(TEST, noise=Gaussian(sigma))
    np.testing.assert_allclose(result.labels, reference.labels, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("continuum", ["mean", "median", "running"])
def test_continuum_takes_out_the_level_of_each_star(continuum):
    level = np.random.default_rng(5).uniform(0.5, 500, (N_STARS, 1))
    cannon = Cannon(order=2, continuum=continuum)
    plain = cannon.fit(X, Y, noise=NOISE).infer(TEST, noise=NOISE)
    scaled = cannon.fit(level * X, Y, noise=Gaussian(np.broadcast_to(0.01 * level, X.shape))).infer(
        level * TEST, noise=Gaussian(np.broadcast_to(0.01 * level, X.shape))
    )
    np.testing.assert_allclose(scaled.labels, plain.labels, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(scaled.covariance, plain.covariance, rtol=1e-5)


def test_label_errors_do_not_become_scatter():
    errors = np.full(Y.shape, 0.05)
    noisy = Y + 0.05 * np.random.default_rng(6).standard_normal(Y.shape)
    blind = Cannon(order=2).fit(X, noisy, noise=NOISE)
    told = Cannon(order=2).fit(X, noisy, noise=NOISE, y_err=errors)
    # The spectra have no scatter; errors of 0.05 in three labels move the flux by some 0.004.
    assert (blind.scatter_**2).mean() > 1e-5
    assert (told.scatter_**2).mean() < 0.3 * (blind.scatter_**2).mean()


def test_spectra_without_noise_are_taken_as_noisy_as_the_training_set(fitted):
    with_noise, without = fitted.infer(TEST, noise=NOISE), fitted.infer(TEST)
    np.testing.assert_allclose(without.labels, with_noise.labels, atol=1e-9)
    np.testing.assert_allclose(without.covariance, with_noise.covariance, rtol=1e-9)
    never = Cannon(order=2).fit(X, Y)
    assert (never.scatter_**2).mean() == pytest.approx(1e-4, rel=0.02)


def test_labels_outside_the_training_range_are_flagged_not_clipped(fitted):
    far = np.array([[0.0, 0.0, 0.0], [5.0, 0.0, 0.0]])
    result = fitted.infer(fitted.spectra(far), noise=NOISE)
    np.testing.assert_allclose(result.labels, far, atol=1e-6)
    assert result.inside.tolist() == [True, False]


def test_searches_that_do_not_end_are_flagged():
    cannon = Cannon(order=2, max_iterations=1).fit(X, Y, noise=NOISE)
    result = cannon.infer(TEST, noise=NOISE)
    assert not result.converged.any()
    assert np.isfinite(result.labels).all()


def test_predictions_are_those_of_infer(fitted):
    prediction, result = fitted.predict_distribution(TEST, noise=NOISE), fitted.infer(TEST, noise=NOISE)
    np.testing.assert_array_equal(prediction.mean(), result.labels)
    np.testing.assert_array_equal(prediction.covariance, result.covariance)
    np.testing.assert_array_equal(fitted.predict(TEST, noise=NOISE), result.labels)


def test_stars_do_not_influence_each_other(fitted):
    together = fitted.predict(TEST, noise=NOISE)
    np.testing.assert_allclose(fitted.predict(TEST[7:9], noise=NOISE), together[7:9], atol=1e-8)
    assert fitted.predict(TEST[:0], noise=NOISE).shape == (0, 3)


def test_a_label_that_few_stars_vary_in_still_has_a_scale():
    labels = Y.copy()
    labels[:, 2] = 0.0
    labels[:7, 2] = np.linspace(0.5, 2.0, 7)
    assert np.isfinite(Cannon(order=1).fit(X, labels, noise=NOISE).predict(TEST, noise=NOISE)).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"order": 4}, r"order=4; give 1 \(linear\)"),
        ({"l1": -1.0}, "l1=-1.0; give a penalty of zero or more"),
        ({"continuum": "spline"}, "continuum='spline'; give None, 'mean', 'median' or 'running'"),
        ({"continuum_width": 0}, "continuum_width=0; give a positive number of pixels"),
        ({"n_starts": 0}, "n_starts=0.*at least one start"),
        ({"censor": np.zeros((3, 7), dtype=bool)}, rf"shape \(3, 7\).*need \(3, {N_PIXELS}\), True where"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        Cannon(**settings).fit(X, Y, noise=NOISE)


@pytest.mark.parametrize(
    ("rows", "labels", "message"),
    [
        (slice(10), Y[:10], "10 coefficients a pixel and needs at least 11 stars; got 10"),
        (slice(None), np.column_stack([Y[:, :2], np.ones(N_STARS)]), r"same for all 400 stars \(columns 2\)"),
        (slice(None), np.column_stack([Y[:, :2], Y[:, :2].sum(axis=1)]), "determine only 6 of the 10 coefficients"),
    ],
)
def test_training_sets_that_cannot_teach_are_refused(rows, labels, message):
    with pytest.raises(InputError, match=message):
        Cannon(order=2).fit(X[rows], labels, noise=NOISE)


def test_training_without_any_good_pixel_is_refused():
    with pytest.raises(InputError, match="no pixel has more good stars"):
        Cannon(order=2).fit(X, Y, noise=Gaussian(np.full(X.shape, np.inf)))


@pytest.mark.parametrize(("errors", "message"), [(np.ones((3, 3)), "one error per label"), (-1.0, "negative")])
def test_wrong_label_errors_are_refused(errors, message):
    with pytest.raises(InputError, match=message):
        Cannon(order=2).fit(X, Y, noise=NOISE, y_err=errors)


def test_spectra_that_do_not_determine_the_labels_are_refused_by_row(fitted):
    sigma = np.full(TEST.shape, 0.01)
    sigma[[4, 9], 2:] = np.inf
    with pytest.raises(InputError, match=r"2 of 400 spectra with fewer good pixels than labels \(rows 4, 9\)"):
        fitted.predict(TEST, noise=Gaussian(sigma))
    censor = np.zeros((3, N_PIXELS), dtype=bool)
    censor[1, :100] = True
    sigma[[4, 9], :100], sigma[[4, 9], 100:] = 0.01, np.inf
    cannon = Cannon(order=2, censor=censor).fit(X, Y, noise=NOISE)
    with pytest.raises(InputError, match=r"no information about some label \(rows 4, 9\)"):
        cannon.predict(TEST, noise=Gaussian(sigma))


def test_labels_that_do_the_same_to_every_pixel_are_refused():
    cannon = Cannon(order=1).fit(X, Y, noise=NOISE)
    cannon.coefficients_[:, 2] = 2 * cannon.coefficients_[:, 1]
    with pytest.raises(InputError, match="400 of 400 spectra with no information about some label"):
        cannon.predict(TEST, noise=NOISE)


def test_wrong_labels_for_the_model_are_refused(fitted):
    with pytest.raises(InputError, match="got 2 labels but was trained on 3"):
        fitted.spectra(Y[:, :2])


def test_settings_are_kept_and_cloned():
    censor = np.zeros((3, N_PIXELS), dtype=bool)
    cannon = Cannon(3, l1=2.0, censor=censor, continuum="mean", n_starts=3, max_iterations=9, tolerance=0.1)
    copy = clone(cannon)
    assert copy.get_params() | {"censor": None} == cannon.get_params() | {"censor": None}
    assert (copy.censor == censor).all()
