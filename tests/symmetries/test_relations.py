import numpy as np
import pytest

from checkstar.errors import InputError
from checkstar.noise import Gaussian, Poisson
from checkstar.symmetries import Blend, Dimming, LimitingCase, Redshift, Response

X = np.array([[1.0, 2.0, 4.0]])


def test_dust_dims_fluxes_by_its_curve():
    dust = Dimming(extinction=[1.0, 0.5, 0.0], direction=">=", shift=1.0)
    np.testing.assert_allclose(dust.change(X, 2.5), [[0.1, 2 / np.sqrt(10), 4.0]])
    assert dust.expected(np.array([0.3]), 0.5).tolist() == [0.8]


def test_a_redshift_multiplies_one_plus_z():
    red = Redshift(pixel=np.log(1.1))
    assert red.change(X, 1.0).tolist() == [[1.0, 1.0, 2.0]]
    np.testing.assert_allclose(red.expected(np.array([0.5]), 2.0), 1.5 * 1.21 - 1)
    log, same = (Redshift(pixel=0.1, follows=kind) for kind in ("log", "invariant"))
    assert (log.expected(np.array([0.5]), 2.0)[0], same.expected(np.array([0.5]), 2.0)[0]) == (0.7, 0.5)
    assert red.move_noise(Gaussian([1.0, 2.0, 3.0]), X, 1.0).sigma(X).tolist() == [[1.0, 1.0, 2.0]]
    assert isinstance(red.move_noise(Poisson(), X, 1.0), Poisson)


def test_blends_add():
    blend = Blend(other=[1.0, 1.0, 1.0], value=3.0)
    assert blend.change(X, 0.5).sum() == blend.expected(X.sum(axis=1), 0.5)[0]


def test_a_limit_forgets_the_object():
    limit = LimitingCase(name="no flux", apply=lambda x, amount: x * (1 - amount), value=0.0)
    assert limit.change(X, 1.0).tolist() == [[0.0, 0.0, 0.0]]
    assert limit.expected(np.array([7.0]), 1.0).tolist() == [0.0]


def test_a_change_may_not_write_into_its_argument_or_change_its_shape():
    def in_place(x, amount):
        x += amount
        return x

    kept = X.copy()
    assert Response(name="up", apply=in_place, direction=">=").change(X, 1.0).tolist() == [[2.0, 3.0, 5.0]]
    assert np.array_equal(X, kept)
    with pytest.raises(InputError, match="keep the shape"):
        Response(name="cut", apply=lambda x, amount: x[:, 1:], direction=">=").change(X, 1.0)
    with pytest.raises(InputError, match="give 'redshift', 'log' or 'invariant'"):
        Redshift(pixel=0.1, follows="z")
