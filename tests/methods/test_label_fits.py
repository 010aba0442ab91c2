import numpy as np
import pytest

from checkstar.methods import label_fits
from checkstar.methods.label_fits import build_misfit, fit_labels, group_starts
from checkstar.methods.polynomials import expand

RNG = np.random.default_rng(0)


def simulate(n_stars=300, n_pixels=100, order=2, linear=1.0, snr=100.0, seed=0):
    """Labels, flux, sigma and coefficients; a small `linear` makes the model nearly symmetric: mirror minima."""
    rng = np.random.default_rng(seed)
    labels = rng.standard_normal((n_stars, 3))
    values = expand(labels, order).values
    coefficients = 0.05 * rng.standard_normal((n_pixels, values.shape[1]))
    coefficients[:, 1:4] *= linear
    coefficients[:, 0] = 1.0
    sigma = np.full((n_stars, n_pixels), 1 / snr)
    return labels, values @ coefficients.T + rng.standard_normal(sigma.shape) * sigma, sigma, coefficients


@pytest.mark.parametrize("snr", [30, 1e4])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_misfit_is_the_direct_sum_of_squares(order, snr):
    labels, flux, sigma, coefficients = simulate(order=order, snr=snr)
    sigma[RNG.random(sigma.shape) < 0.1] = np.inf
    scatter = 1e-5 * RNG.random(flux.shape[1])
    misfit = build_misfit(flux, sigma, scatter, coefficients)
    tried = labels[:, None, :] + 0.1 * RNG.standard_normal((300, 4, 3))
    values = expand(tried.reshape(-1, 3), order).values.reshape(300, 4, -1)
    direct = ((flux[:, None] - values @ coefficients.T) ** 2 / (sigma**2 + scatter)[:, None]).sum(axis=2)
    np.testing.assert_allclose(misfit.chi2(values[:, :, 1:]), direct, rtol=1e-8)
    assert (misfit.n_pixels == np.isfinite(sigma).sum(axis=1)).all()


def test_chunks_do_not_change_the_misfit(monkeypatch):
    _, flux, sigma, coefficients = simulate()
    whole = build_misfit(flux, sigma, np.zeros(100), coefficients)
    monkeypatch.setattr(label_fits, "_CHUNK_ELEMENTS", 700)
    for part, array in zip(build_misfit(flux, sigma, np.zeros(100), coefficients), whole, strict=True):
        np.testing.assert_allclose(part, array, rtol=1e-10)


@pytest.mark.parametrize("n_groups", [1, 3, 8])
def test_groups_share_out_all_starts(n_groups):
    chosen, groups = group_starts(RNG.standard_normal((3000, 3)), n_groups)
    assert len(chosen) == len(groups) == 1000
    assert np.unique(groups).tolist() == list(range(n_groups))


def test_equal_labels_make_fewer_groups():
    chosen, groups = group_starts(np.repeat([[0.0], [1.0]], 50, axis=0), 8)
    assert chosen.tolist() == [[0.0], [1.0]]
    assert sorted(groups) == [0, 1]


def search(n_starts, **settings):
    labels, flux, sigma, coefficients = simulate(n_stars=1500, linear=0.1, **settings)
    order = settings.get("order", 2)
    misfit = build_misfit(flux, sigma, np.zeros(flux.shape[1]), coefficients)
    starts, groups = group_starts(np.random.default_rng(9).standard_normal((400, 3)), n_starts)
    fit = fit_labels(misfit, starts, groups, order, max_iterations=50, tolerance=1e-6)
    truth = misfit.chi2(expand(labels, order).values[:, None, 1:])[:, 0]
    return fit, truth


@pytest.mark.parametrize("order", [2, 3])
@pytest.mark.parametrize("seed", [0, 1])
def test_no_search_ends_in_a_mirror_minimum(order, seed):
    fit, truth = search(8, order=order, seed=seed)
    # The lowest minimum lies below the truth, by chi^2 of three degrees of freedom; a mirror minimum lies above it.
    assert (fit.chi2 <= truth + 1e-6).all()
    assert fit.converged.mean() > 0.99


def test_one_start_does_end_in_mirror_minima():
    # The negative control: without it the test above could not fail.
    fit, truth = search(1)
    assert (fit.chi2 > truth + 10).mean() > 0.03


def test_too_few_iterations_are_reported_and_stay_finite():
    labels, flux, sigma, coefficients = simulate()
    misfit = build_misfit(flux, sigma, np.zeros(100), coefficients)
    starts, groups = group_starts(labels, 4)
    fit = fit_labels(misfit, starts, groups, 2, max_iterations=1, tolerance=1e-6)
    assert not fit.converged.any()
    assert np.isfinite(fit.labels).all()
