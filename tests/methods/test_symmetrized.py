import numpy as np
import pytest

from checkstar.errors import ContractError, InputError
from checkstar.methods import BoostedTrees, Constant, KNearest, Ridge, as_method
from checkstar.methods.symmetrized import Symmetrized
from checkstar.noise import Gaussian
from checkstar.prediction import Classes, Grid, Mixture, Normal, Point, Samples
from checkstar.symmetries import CyclicShift, Flip, Permutation, Rotation90, TimeShift, ZeroPoint
from checkstar.testing import check_method, simulate_classes

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 9))
Y = X @ np.linspace(0, 1, 9) + 1
SQUARE = [Rotation90(image_shape=(3, 3)), Flip(image_shape=(3, 3))]


@pytest.mark.parametrize(
    "method",
    [
        Symmetrized(Ridge(), [CyclicShift(length=40)], n_elements=4),
        Symmetrized(KNearest(), [Permutation(n_features=40)]),
    ],
    ids=["Ridge", "KNearest"],
)
def test_it_keeps_the_contract(method):
    check_method(method)


def test_it_keeps_the_contract_for_classes():
    order = Permutation(n_features=6, blocks=[(0, 1), (2, 3), (4, 5)])
    check_method(Symmetrized(BoostedTrees(n_iterations=5), [order]), simulate_classes())


@pytest.mark.parametrize(
    "inner", [Ridge(), KNearest(), Constant(), BoostedTrees(n_iterations=10)], ids=lambda m: type(m).__name__
)
def test_any_method_becomes_invariant(inner):
    method = Symmetrized(inner, SQUARE).fit(X, Y)
    first = method.predict_distribution(X)
    for symmetry, g in [(SQUARE[0], 1), (SQUARE[0], 2), (SQUARE[1], 1)]:
        again = method.predict_distribution(symmetry.act(g, X))
        np.testing.assert_allclose(again.mean(), first.mean(), rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(again.std(), first.std(), rtol=1e-10)


def test_the_mean_over_a_group_is_the_mean_over_its_elements():
    line = Symmetrized(lambda x: x[:, 0], [CyclicShift(length=9)]).fit(X, Y)
    np.testing.assert_allclose(line.predict(X)[:, 0], X.mean(axis=1))


def test_labels_are_mapped_back():
    both = Symmetrized(lambda x: x[:, :2].min(axis=1), [ZeroPoint(labels={"mag": 1.0})], labels=["mag"])
    np.testing.assert_allclose(both.fit(X, Y).predict(X)[:, 0], X[:, :2].min(axis=1))
    assert both.elements_[0][0] == 0.0
    assert len(both.elements_[0]) == 24


def test_angles_are_averaged_the_short_way_round():
    flip = Flip(image_shape=(1, 9), angles={"pa": 180.0})
    method = Symmetrized(lambda x: np.ones(len(x)), [flip, Rotation90(image_shape=(3, 3))], labels=["pa"])
    # 1 degree as it is and 179 degrees from the mirror: their mean is horizontal, not vertical.
    assert method.fit(X, Y).predict(X[:1])[0, 0] % 180 == pytest.approx(0.0, abs=1e-9)


KINDS = {
    "point": lambda x: Point(x[:, 0]),
    "normal": lambda x: Normal(x[:, :2], np.exp(x[:, 2:4]), np.stack([np.diag(s**2) for s in np.exp(x[:, 2:4])])),
    "mixture": lambda x: Mixture(np.tile([0.3, 0.7], (len(x), 1)), x[:, :2], np.exp(x[:, 2:4])),
    "grid": lambda x: Grid.from_quantiles([0.16, 0.5, 0.84], x[:, None, :1] + [-1.0, 0.0, 2.0]),
    "samples": lambda x: Samples(x[:, :5]),
    "classes": lambda x: Classes((p := np.exp(x[:, :2])) / p.sum(axis=1, keepdims=True), ["a", "b"]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_prediction_is_averaged(kind):
    truth = np.where(Y > 1, "a", "b") if kind == "classes" else np.column_stack([Y, Y]) if kind == "normal" else Y
    method = Symmetrized(as_method(KINDS[kind]), [CyclicShift(length=9)]).fit(X, truth)
    prediction = method.predict_distribution(X)
    assert prediction.kind == kind
    singles = [KINDS[kind](np.roll(X, g, axis=1)).mean() for g in range(9)]
    # A grid is kept at 199 quantiles.
    np.testing.assert_allclose(prediction.mean(), np.mean(singles, axis=0), atol=0.01 if kind == "grid" else 1e-12)


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in ("normal", "classes")])
def test_every_kind_of_prediction_is_mapped_back(kind):
    shift = Symmetrized(
        as_method(KINDS[kind]), [TimeShift(columns=range(9), times=["t0"])], labels=["t0"], n_elements=3
    )
    times = X * 0.1
    expected = KINDS[kind](times)
    if kind == "mixture":  # error bars that know the time are no symmetry; their means still are
        expected = Point(expected.mean())
    np.testing.assert_allclose(
        shift.fit(times, Y).predict(times), expected.mean(), atol=0.01 if kind == "grid" else 1e-9
    )


def test_the_noise_moves_too():
    sigma = RNG.uniform(0.1, 3, X.shape)
    seen = []

    class Watching(Ridge):
        def predict_distribution(self, x, *, noise=None):
            seen.append((x, noise.sigma(x)))
            return super().predict_distribution(x, noise=noise)

    Symmetrized(Watching(), [CyclicShift(length=9)]).fit(X, Y).predict(X, noise=Gaussian(sigma))
    for x, moved in seen:
        steps = int(np.flatnonzero(x[0] == X[0, 0])[0])
        assert np.array_equal(moved, np.roll(sigma, steps, axis=1))


def test_its_error_does_not_grow_where_the_symmetry_is_true():
    rng = np.random.default_rng(5)

    def drawn(n):
        x = rng.normal(size=(n, 9))
        return x, x.mean(axis=1) + 0.5 * rng.normal(size=n)

    (x, y), (new, truth) = drawn(20), drawn(4000)
    plain, averaged = Ridge(penalties=(1e-8,)), Symmetrized(Ridge(penalties=(1e-8,)), [CyclicShift(length=9)])
    found = [method.fit(x, y).predict_distribution(new) for method in (plain, averaged)]
    errors = [p.mean()[:, 0] - truth for p in found]
    # Nine slopes from twenty objects: their scatter about their mean is gone.
    assert np.std(errors[1]) < 0.9 * np.std(errors[0])
    # By Jensen's inequality the mean variance is an upper bound: the pulls can only become smaller.
    pulls = [np.sqrt(np.mean(np.square(e / p.std()[:, 0]))) for e, p in zip(errors, found, strict=True)]
    assert pulls[1] < pulls[0]


def test_what_cannot_be_is_refused():
    with pytest.raises(InputError, match="0 symmetries; give one or more"):
        Symmetrized(Ridge(), []).fit(X, Y)
    with pytest.raises(InputError, match="2 names for 1 labels"):
        Symmetrized(Ridge(), SQUARE, labels=["a", "b"]).fit(X, Y)
    with pytest.raises(ContractError, match="symmetries, which are code"):
        Symmetrized(Ridge(), SQUARE).fit(X, Y).save("anywhere")
