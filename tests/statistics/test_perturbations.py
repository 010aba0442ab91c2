import numpy as np
import pytest

from checkstar.statistics.perturbations import largest_changes, orthonormal_directions, slopes_from_projections

RNG = np.random.default_rng(2)
SLOPE = RNG.normal(size=(12, 6))
RADII = (0.5, 1.0, 2.0, 3.0)


def linear(u):
    return (u * SLOPE).sum(axis=1)


def test_the_worst_case_of_a_linear_function_is_the_length_of_its_gradient():
    for gradient, steps in ((None, 1), (lambda u: SLOPE, 2)):
        found = largest_changes(linear, gradient, SLOPE, RADII, steps)
        assert found == pytest.approx(np.outer(np.linalg.norm(SLOPE, axis=1), RADII))


def test_curvature_is_followed_into_the_direction_in_which_it_adds():
    # f = g.u + |u|^2 on a ball of radius r is g r + r^2, in the direction of g and not of -g.
    found = largest_changes(lambda u: linear(u) + np.square(u).sum(axis=1), lambda u: SLOPE + 2 * u, SLOPE, RADII, 2)
    assert found == pytest.approx(np.outer(np.linalg.norm(SLOPE, axis=1), RADII) + np.square(RADII))


def test_the_path_turns_where_the_gradient_turns():
    # f = |u_0| + 3 |u_1| - 3 |u_1 - 0.1|: flat in u_1 beyond 0.1, so the worst case at 1 leans on u_0.
    def change(u):
        return np.tanh(20 * u[:, 1]) + 2 * u[:, 0]

    def gradient(u):
        return np.column_stack([np.full(len(u), 2.0), 20 / np.cosh(20 * u[:, 1]) ** 2])

    held = largest_changes(change, None, gradient(np.zeros((1, 2))), [1.0], 1)
    followed = largest_changes(change, gradient, gradient(np.zeros((1, 2))), [0.5, 1.0], 8)
    angle = np.linspace(0, 2 * np.pi, 20_001)
    exact = np.abs(change(np.column_stack([np.cos(angle), np.sin(angle)]))).max()
    assert held[0, 0] < 0.5 * exact
    # Eight steps come within 5 % of a search around the circle.
    assert exact * 0.95 < followed[0, 1] <= exact + 1e-9


def test_no_gradient_is_no_change():
    assert not largest_changes(lambda u: np.square(u).sum(axis=1), None, np.zeros((3, 2)), RADII, 1).any()


def test_directions_are_orthonormal_and_all_axes_where_they_are_as_many():
    found = orthonormal_directions(5, 3, 7, np.random.default_rng(0))
    assert found @ np.swapaxes(found, 1, 2) == pytest.approx(np.broadcast_to(np.eye(3), (5, 3, 3)), abs=1e-12)
    assert np.array_equal(orthonormal_directions(2, 4, 4, np.random.default_rng(0)), np.stack([np.eye(4)] * 2))


def projected(slope, m, seed=0):
    directions = orthonormal_directions(*slope.shape[:1], m, slope.shape[1], np.random.default_rng(seed))
    return slopes_from_projections(directions, np.einsum("nmp,np->nm", directions, slope))


def test_all_directions_give_each_objects_own_gradient():
    found = projected(SLOPE, 6)
    assert found.gradient == pytest.approx(SLOPE)
    assert found.reach == 1.0


def test_a_common_gradient_is_found_from_few_directions_of_many_objects():
    slope = np.broadcast_to(RNG.normal(size=50), (40, 50))
    found = projected(slope, 5)
    # The ridge of 1e-6 is all that is lost.
    assert found.gradient == pytest.approx(slope, abs=1e-4)
    assert found.reach == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("own", [0.0, 0.3, 3.0])
@pytest.mark.parametrize(("n", "m", "p"), [(30, 6, 100), (60, 20, 100), (30, 6, 1000)])
def test_the_reach_is_the_length_of_the_gradient_that_was_found(own, n, m, p):
    rng = np.random.default_rng(5)
    slope = rng.normal(size=p) + own * rng.normal(size=(n, p))
    found = projected(slope, m)
    along = (found.gradient * slope).sum(axis=1) / np.linalg.norm(found.gradient, axis=1)
    truth = float(np.sqrt(np.square(along).sum() / np.square(slope).sum()))
    # Half of the objects foretell less than all do; where little is reached, both are uncertain by 0.1.
    assert truth - 0.25 <= found.reach <= truth + 0.1


def test_one_object_or_none_that_moves_reaches_what_its_directions_do():
    assert projected(np.ones((1, 100)), 4).reach == pytest.approx(0.2)
    assert projected(np.zeros((10, 100)), 4).reach == pytest.approx(0.2)
