import numpy as np
import pytest

from checkstar.simulators.light_curve_shapes import (
    Binaries,
    damped_random_walk,
    eclipses,
    fourier_series,
    microlensing,
    slow_waves,
)

ONE = np.zeros(1)


def binary(**changes):
    columns = {
        "radius_1": 0.2,
        "radius_2": 0.1,
        "surface": 0.5,
        "cos_i": 0.0,
        "eccentricity": 0.0,
        "periastron": 0.0,
        "ellipsoidal": 0.0,
        "reflection": 0.0,
    }
    return Binaries(**{name: np.array([value]) for name, value in (columns | changes).items()})


def light(phase, **changes):
    phases = np.atleast_1d(np.asarray(phase, float))
    return 10 ** (-0.4 * eclipses(phases, binary(**changes), np.zeros(len(phases), int)))


def test_the_depth_of_total_and_annular_eclipses_is_that_of_the_covered_light():
    whole = 0.2**2 + 0.5 * 0.1**2
    assert light(0.0)[0] == pytest.approx(1 - 0.1**2 / whole)
    assert light(0.5)[0] == pytest.approx(1 - 0.5 * 0.1**2 / whole)
    assert light(0.25)[0] == pytest.approx(1.0)


def test_an_eclipse_begins_where_the_discs_touch():
    touch = np.arcsin(0.3) / (2 * np.pi)
    before, after = light([touch + 1e-4, touch - 1e-3])
    assert before == 1.0
    assert after < 1.0
    # Seen from above the sum of the radii there is none.
    assert (light(np.linspace(0, 1, 101), cos_i=0.31) == 1.0).all()


def test_the_covered_area_is_that_of_counted_points():
    rng = np.random.default_rng(0)
    points = rng.uniform(-1, 1, (400_000, 2)) * 0.2
    on_star = np.hypot(*points.T) < 0.2
    apart = 0.22
    behind = np.hypot(points[:, 0] - apart, points[:, 1]) < 0.1
    lost = np.mean(behind[on_star]) * 0.2**2 / (0.2**2 + 0.5 * 0.1**2)
    found = 1 - light(np.arcsin(apart) / (2 * np.pi))[0]
    # 0.3 million points, of which 8 % are covered: 0.6 % of the area.
    assert found == pytest.approx(lost, rel=0.02)


def test_eccentricity_moves_the_second_eclipse():
    phase = np.linspace(0.3, 0.7, 4001)
    along, across = (
        np.mean(phase[light(phase, eccentricity=0.1, periastron=angle) < 0.97]) for angle in (0.0, np.pi / 2)
    )
    # With the apsides along the line of sight it stays; across it, it comes e / pi of a period early, to first order.
    assert along == pytest.approx(0.5, abs=1e-3)
    assert across == pytest.approx(0.5 - 0.1 / np.pi, abs=0.003)


def test_tides_are_brightest_at_quadrature():
    wave = light([0.0, 0.25, 0.5], cos_i=0.5, ellipsoidal=0.1)
    np.testing.assert_allclose(wave, [0.9, 1.1, 0.9])


def test_a_fourier_series_is_the_sum_of_its_cosines():
    phase = np.array([0.0, 0.25, 0.5, 1.0])
    found = fourier_series(phase, np.array([[1.0, 0.5]]), np.array([[0.0, np.pi / 2]]), np.zeros(4, int))
    np.testing.assert_allclose(found, [1.0, 0.0, -1.0, 1.0], atol=1e-12)


def test_a_damped_random_walk_has_unit_variance_and_forgets_exponentially():
    n, tau = 4000, 10.0
    time = np.tile([0.0, 5.0, 25.0], n)
    walk = damped_random_walk(time, np.full(n, tau), np.repeat(np.arange(n), 3), np.random.default_rng(0)).reshape(n, 3)
    # Standard errors of 4000 pairs: variance 0.022, correlation 0.016.
    np.testing.assert_allclose(walk.var(axis=0), 1.0, atol=0.09)
    correlation = np.corrcoef(walk.T)
    assert correlation[0, 1] == pytest.approx(np.exp(-0.5), abs=0.05)
    assert correlation[1, 2] == pytest.approx(np.exp(-2.0), abs=0.06)


def test_a_damped_random_walk_takes_stars_without_epochs():
    walk = damped_random_walk(np.array([1.0, 2.0]), np.full(3, 5.0), np.array([1, 1]), np.random.default_rng(0))
    assert walk.shape == (2,)
    assert len(damped_random_walk(np.empty(0), np.full(3, 5.0), np.empty(0, int), np.random.default_rng(0))) == 0


def test_slow_waves_have_unit_variance_and_are_smooth():
    n = 3000
    time = np.tile([0.0, 1.0], n)
    wave = slow_waves(time, np.full(n, 100.0), np.repeat(np.arange(n), 2), np.random.default_rng(0)).reshape(n, 2)
    # The standard error of a variance of 3000 is 0.026.
    assert wave.var() == pytest.approx(1.0, abs=0.09)
    assert np.abs(wave[:, 1] - wave[:, 0]).max() < 1.0


def test_microlensing_magnifies_as_paczynski_says():
    change = microlensing(np.array([0.0, 1e9]), ONE, ONE + 20.0, ONE + 1.0, np.zeros(2, int))
    # At one Einstein radius the magnification is 3 / sqrt(5).
    np.testing.assert_allclose(change, [-2.5 * np.log10(3 / np.sqrt(5)), 0.0], atol=1e-9)
