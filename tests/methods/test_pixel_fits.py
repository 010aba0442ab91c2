import numpy as np
import pytest
from scipy import integrate, stats

from checkstar.methods import pixel_fits
from checkstar.methods.pixel_fits import cholesky_solve, fit_pixels
from checkstar.methods.polynomials import expand

RNG = np.random.default_rng(0)
DESIGN = expand(RNG.standard_normal((60, 3)), 2).values  # 60 stars, 10 terms


def simulate(sigma, scatter, n_pixels=3000, seed=1):
    rng = np.random.default_rng(seed)
    truth = rng.standard_normal((n_pixels, 10))
    sigma = np.broadcast_to(sigma, (60, n_pixels))
    flux = DESIGN @ truth.T + rng.standard_normal(sigma.shape) * np.sqrt(sigma**2 + scatter**2)
    return truth, flux, sigma


def expected_scatter(sigma, scatter, freedom):
    """Mean of max(0, unbiased residual variance - sigma^2): the answer where all sigmas are equal."""
    total = sigma**2 + scatter**2
    law = stats.chi2(freedom)
    start = freedom * sigma**2 / total
    return integrate.quad(lambda q: (total * q / freedom - sigma**2) * law.pdf(q), start, start + 400)[0]


@pytest.mark.parametrize("sigma", [0.002, 0.02, 0.1])
def test_equal_sigmas_have_a_closed_form(sigma):
    _, flux, noise = simulate(sigma, 0.02, n_pixels=50)
    found = fit_pixels(DESIGN, flux, noise)
    coefficients, residual, *_ = np.linalg.lstsq(DESIGN, flux)
    np.testing.assert_allclose(found.coefficients, coefficients.T, atol=1e-10)
    # The scatter is found to 1e-4 of the total variance.
    expected = np.maximum(residual / 50 - sigma**2, 0)
    np.testing.assert_allclose(found.variance, expected, atol=2e-4 * (sigma**2 + 4e-4))


@pytest.mark.parametrize("sigma", [0.002, 0.02, 0.1])
@pytest.mark.parametrize("scatter", [0.0, 0.02])
def test_scatter_is_unbiased_but_for_its_boundary(sigma, scatter):
    found = fit_pixels(DESIGN, *simulate(sigma, scatter)[1:]).variance
    error = (sigma**2 + scatter**2) * np.sqrt(2 / 50 / 3000)
    # 3000 pixels; four standard errors. Without the degrees of freedom the bias would be 60 of them at small sigma.
    assert found.mean() == pytest.approx(expected_scatter(sigma, scatter, 50), abs=4 * error)


def test_scatter_is_unbiased_for_unequal_sigmas():
    sigma = 0.01 * np.exp(0.7 * np.random.default_rng(5).standard_normal((60, 3000)))
    found = fit_pixels(DESIGN, *simulate(sigma, 0.02)[1:]).variance
    assert found.mean() == pytest.approx(4e-4, abs=4 * found.std() / np.sqrt(3000))


def test_scatter_maximises_the_restricted_likelihood():
    sigma = 0.02 * np.exp(0.7 * np.random.default_rng(5).standard_normal((60, 20)))
    _, flux, sigma = simulate(sigma, 0.015, n_pixels=20)
    found = fit_pixels(DESIGN, flux, sigma).variance
    assert (found > 0).sum() > 10

    def likelihood(pixel, variance):
        weight = 1 / (sigma[:, pixel] ** 2 + variance)
        normal = DESIGN.T @ (weight[:, None] * DESIGN)
        residual = flux[:, pixel] - DESIGN @ np.linalg.solve(normal, DESIGN.T @ (weight * flux[:, pixel]))
        return -0.5 * (np.sum(weight * residual**2) - np.log(weight).sum() + np.linalg.slogdet(normal)[1])

    grid = np.concatenate([[0.0], np.logspace(-6, -2, 400)])
    for pixel in range(20):
        best = max(likelihood(pixel, value) for value in grid)
        # The grid's spacing is 2 %: its best is within 0.01 of the maximum.
        assert likelihood(pixel, found[pixel]) > best - 1e-4


def test_unknown_noise_is_all_scatter():
    _, flux, _ = simulate(0.03, 0.0, n_pixels=40)
    found = fit_pixels(DESIGN, flux, np.zeros(flux.shape))
    np.testing.assert_allclose(found.variance, np.linalg.lstsq(DESIGN, flux)[1] / 50, rtol=1e-6)


@pytest.mark.parametrize("unit", [1e-17, 1.0, 1e6])
def test_units_of_the_flux_only_rescale(unit):
    _, flux, sigma = simulate(0.02, 0.02, n_pixels=30)
    plain, scaled = fit_pixels(DESIGN, flux, sigma), fit_pixels(DESIGN, unit * flux, unit * sigma)
    np.testing.assert_allclose(scaled.coefficients, unit * plain.coefficients, rtol=1e-9, atol=1e-12 * unit)
    np.testing.assert_allclose(scaled.variance, unit**2 * plain.variance, rtol=1e-6, atol=1e-9 * unit**2)


def test_perfect_and_empty_pixels_without_noise_stay_finite():
    flux = np.column_stack([DESIGN @ np.arange(10.0), np.zeros(60), np.ones(60)])
    found = fit_pixels(DESIGN, flux, np.zeros(flux.shape))
    np.testing.assert_allclose(found.coefficients[0], np.arange(10.0), atol=1e-8)
    assert np.isfinite(found.coefficients).all()
    assert (found.variance > 0).all()
    assert (found.variance < 1e-15).all()


def test_masked_values_are_never_read():
    _, flux, sigma = simulate(0.02, 0.02, n_pixels=30)
    mask = np.random.default_rng(2).random(flux.shape) < 0.2
    sigma = np.where(mask, np.inf, sigma)
    first, second = (
        fit_pixels(DESIGN, np.where(mask, 0.0, flux), sigma),
        fit_pixels(DESIGN, np.where(mask, 1e6, flux), sigma),
    )
    np.testing.assert_allclose(first.coefficients, second.coefficients, rtol=1e-9)
    np.testing.assert_allclose(first.variance, second.variance, rtol=1e-6)


def test_a_pixel_with_too_few_stars_is_not_used():
    _, flux, sigma = simulate(0.02, 0.02, n_pixels=3)
    sigma = sigma.copy()
    sigma[10:, 1] = np.inf  # ten stars for ten terms
    found = fit_pixels(DESIGN, flux, sigma)
    assert np.isinf(found.variance).tolist() == [False, True, False]
    assert (found.coefficients[1] == 0).all()
    alone = fit_pixels(DESIGN, flux[:, [0, 2]], sigma[:, [0, 2]])
    np.testing.assert_allclose(found.coefficients[[0, 2]], alone.coefficients, rtol=1e-10)


def test_chunks_do_not_change_the_result(monkeypatch):
    _, flux, sigma = simulate(0.02, 0.02, n_pixels=100)
    whole = fit_pixels(DESIGN, flux, sigma)
    monkeypatch.setattr(pixel_fits, "_CHUNK_ELEMENTS", 60 * 17)
    parts = fit_pixels(DESIGN, flux, sigma)
    np.testing.assert_allclose(parts.coefficients, whole.coefficients, rtol=1e-8)
    # Pixels of one chunk iterate together, to 1e-4 of the total variance.
    np.testing.assert_allclose(parts.variance, whole.variance, atol=2e-4 * 8e-4)


def test_l1_solution_meets_the_conditions_of_its_minimum():
    _, flux, sigma = simulate(0.5, 0.5, n_pixels=50)
    l1 = 15.0
    found = fit_pixels(DESIGN, flux, sigma, l1=l1)
    weight = 1 / (sigma**2 + found.variance)
    slope = 2 * DESIGN.T @ (weight * (flux - DESIGN @ found.coefficients.T))  # minus d chi^2 / d coefficient
    penalised, active = slope[1:].T, found.coefficients[:, 1:] != 0
    assert 0.1 < active.mean() < 0.9
    np.testing.assert_allclose(slope[0], 0, atol=0.01 * l1)
    np.testing.assert_allclose(penalised[active], l1 * np.sign(found.coefficients[:, 1:][active]), rtol=0.01)
    assert np.abs(penalised[~active]).max() < 1.01 * l1


def test_a_large_l1_leaves_the_constant_and_gives_the_rest_to_the_scatter():
    _, flux, sigma = simulate(0.1, 0.0, n_pixels=20)
    found = fit_pixels(DESIGN, flux, sigma, l1=1e9)
    assert (found.coefficients[:, 1:] == 0).all()
    np.testing.assert_allclose(found.coefficients[:, 0], flux.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(found.variance, flux.var(axis=0, ddof=1) - 0.01, rtol=1e-3)


def test_censored_terms_are_as_if_they_did_not_exist():
    _, flux, sigma = simulate(0.02, 0.02, n_pixels=20)
    allowed = np.ones((20, 10), dtype=bool)
    allowed[:, [1, 4, 5, 6]] = False
    censored, reduced = fit_pixels(DESIGN, flux, sigma, allowed), fit_pixels(DESIGN[:, allowed[0]], flux, sigma)
    assert (censored.coefficients[:, ~allowed[0]] == 0).all()
    np.testing.assert_allclose(censored.coefficients[:, allowed[0]], reduced.coefficients, rtol=1e-8)
    np.testing.assert_allclose(censored.variance, reduced.variance, rtol=1e-3)


def test_cholesky_solve_agrees_with_lapack_and_finds_singular_systems():
    root = RNG.standard_normal((6, 5, 8))
    matrix = np.einsum("kip,kjp->ijp", root, root)
    right = RNG.standard_normal((5, 8))
    matrix[4, :, 3], matrix[:, 4, 3] = matrix[3, :, 3], matrix[:, 3, 3]
    matrix[4, 4, 3] = matrix[3, 3, 3]
    solution, regular = cholesky_solve(matrix, right)
    assert regular.tolist() == [i != 3 for i in range(8)]
    for i in np.flatnonzero(regular):
        np.testing.assert_allclose(solution[:, i], np.linalg.solve(matrix[..., i], right[:, i]), rtol=1e-6)
    assert np.isfinite(solution).all()
