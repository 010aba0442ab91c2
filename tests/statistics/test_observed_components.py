import numpy as np

from checkstar.noise import Gaussian
from checkstar.statistics.observed_components import ObservedComponents, without_masked


def test_few_features_are_standardised_and_keep_their_names():
    x = np.random.default_rng(0).normal(5, 3, (100, 2))
    components = ObservedComponents(x, 4)
    z = components(x)
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(z.std(axis=0), 1)
    assert components.names(["a", "b"]) == ("a", "b")


def test_many_features_become_their_leading_components():
    rng = np.random.default_rng(0)
    hidden = rng.standard_normal((400, 2))
    x = hidden @ rng.standard_normal((2, 30)) + 0.01 * rng.standard_normal((400, 30))
    components = ObservedComponents(x, 2)
    found = components(x)
    assert components.names([str(i) for i in range(30)]) == ("component 1 of x", "component 2 of x")
    # Two components hold what the two hidden numbers put there.
    hidden -= hidden.mean(axis=0)
    left = hidden - found @ np.linalg.lstsq(found, hidden, rcond=None)[0]
    assert left.std() < 0.05


def test_missing_masked_and_constant_features_say_nothing():
    x = np.array([[1.0, 7.0], [3.0, 7.0], [5.0, 7.0], [99.0, 7.0]])
    sigma = np.ones((4, 2))
    sigma[3, 0] = np.inf
    seen = without_masked(x, Gaussian(sigma))
    assert np.isnan(seen[3, 0])
    z = ObservedComponents(seen, 4)(seen)
    assert z[3].tolist() == [0.0, 0.0]
    assert (z[:, 1] == 0).all()
    nothing = np.full((3, 2), np.nan)
    assert (ObservedComponents(nothing, 1)(nothing) == 0).all()
