from dataclasses import replace

import numpy as np
import pytest

from checkstar.checks.symmetry import KeepsRelations
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import InputError, NotApplicable
from checkstar.evidence import Verdict, binomial
from checkstar.methods import Method, as_method
from checkstar.prediction import Normal
from checkstar.runs import Run
from checkstar.scope import Scope
from checkstar.symmetries import Blend, Dimming, LimitingCase, Redshift, Response

RNG = np.random.default_rng(0)
N = 800
X = RNG.uniform(1, 2, (N, 5))
Y = X.sum(axis=1)
CLAIM = Claim("object_value")
DUST = Dimming(extinction=[1.0] * 5, direction="<=")


def examine(function, relations, x=X, y=Y, check=None, claim=CLAIM, sigma=0.1, **fields):
    def answer(x):
        return function(x), np.full(len(x), sigma)

    test = Dataset(x, y, **fields)
    run = Run.of(as_method(answer if sigma else function), test=test, scope=Scope(relations=relations))
    check = check or KeepsRelations()
    before = run.costs.objects_predicted
    found = check.examine(run, claim, np.random.default_rng(0))
    assert run.costs.objects_predicted - before <= check.calls(run) * len(test) + 1e-9
    return found


@pytest.mark.parametrize(
    ("relation", "good", "bad"),
    [
        (DUST, lambda x: x.sum(axis=1), lambda x: -x.sum(axis=1)),
        (Blend(other=[1.0] * 5, value=5.0), lambda x: x.sum(axis=1), lambda x: x.max(axis=1)),
        (Redshift(pixel=0.01), lambda x: np.zeros(len(x)), None),
        (
            LimitingCase(name="no flux", apply=lambda x, a: 0 * x, value=0.0),
            lambda x: x.sum(axis=1),
            lambda x: 1 + x[:, 0],
        ),
        (
            Response(name="shift", apply=lambda x, a: x + a, direction="==", shift=5.0),
            lambda x: x.sum(axis=1),
            lambda x: x[:, 0],
        ),
    ],
    ids=["Dimming", "Blend", "Redshift", "LimitingCase", "Response"],
)
def test_physics_passes_and_its_opposite_fails(relation, good, bad):
    if isinstance(relation, Redshift):  # the line's place is ln(1 + z); nothing else knows it
        pixels = np.exp(-0.5 * (np.arange(60) - RNG.uniform(15, 40, (N, 1))) ** 2 / 4)

        def place(x):
            return (x @ np.arange(60)) / x.sum(axis=1)

        found = examine(lambda x: np.exp(0.01 * place(x)) - 1, [relation], x=pixels, y=np.zeros(N), sigma=0.01)
        wrong = examine(lambda x: 0.01 * place(x) ** 0.5, [relation], x=pixels, y=np.zeros(N), sigma=0.01)
    else:
        found, wrong = (examine(function, [relation]) for function in (good, bad))
    assert found.verdict is Verdict.PASS, found.reason
    assert wrong.verdict is Verdict.FAIL, wrong.reason
    assert "simplest counter-example" in wrong.reason


def test_the_share_is_counted_with_its_exact_interval():
    wrong = np.arange(N) % 20 == 0
    x = np.column_stack([X, wrong])
    found = examine(
        lambda x: np.where(x[:, 5] > 0, -1.0, 1.0) * x[:, :5].sum(axis=1),
        [Dimming(extinction=[1.0] * 5 + [0.0], direction="<=", amounts=(0.5, 1.0))],
        x=x,
    )
    assert found.parts[0].estimate[:3] == binomial(40, 800)[:3]
    assert np.array_equal(found.flags["broken_relation"], wrong)


def test_the_simplest_counter_example_is_shown():
    x = X.copy()
    x[7, 3] = 30.0
    found = examine(
        lambda x: np.where(x[:, 3] > 20, -1.0, 1.0) * x.sum(axis=1),
        [Dimming(extinction=[1.0] * 5, direction="<=", amounts=(0.1, 0.4))],
        x=x,
        labels=["flux"],
    )
    assert "the median object with x3 = 30, behind 0.1 mag of dust: flux is" in found.reason
    assert "where at most -3" in found.reason
    assert found.limits_of_use[0].name == "counter_example"


def test_rounding_and_a_tenth_of_an_error_bar_are_allowed_and_no_more():
    def nearly(size):
        return lambda x: x.sum(axis=1) + size * np.sin(1e6 * x[:, 0])

    flat = [Response(name="turn", apply=lambda x, a: x[:, ::-1].copy(), direction="==")]
    assert examine(nearly(0.0), flat, check=KeepsRelations(tolerance=0.0)).verdict is Verdict.PASS
    assert examine(nearly(0.004), flat).verdict is Verdict.PASS
    assert examine(nearly(0.1), flat).verdict is Verdict.FAIL


def test_a_relation_of_another_label_is_not_asked():
    two = {"y": np.column_stack([Y, Y]), "labels": ["flux", "size"]}
    relations = [Dimming(extinction=[1.0] * 5, direction="<=", label="flux")]

    def both(x):
        return np.column_stack([x.sum(axis=1), -x.sum(axis=1)])

    assert examine(both, relations, claim=Claim("object_value", label="flux"), sigma=0, **two).verdict is Verdict.PASS
    with pytest.raises(NotApplicable, match="no relation was declared for size"):
        examine(both, relations, claim=Claim("object_value", label="size"), sigma=0, **two)
    with pytest.raises(InputError, match="no label 'mass'"):
        examine(lambda x: x[:, 0], [Dimming(extinction=[1.0] * 5, direction="<=", label="mass")])


class Total(Method):
    """The sum of what is not masked."""

    def is_fitted(self):
        return True

    def fit(self, x, y, *, noise=None, y_err=None):
        return self

    def predict_distribution(self, x, *, noise=None):
        return Normal(np.nansum(x, axis=1), np.full(len(x), 0.1))


def test_groups_widen_the_interval_and_masked_columns_do_no_harm():
    def weighted(x):
        return x.sum(axis=1) * np.where(x[:, 0] > 1.9, -1, 1)

    alone = examine(weighted, [DUST])
    grouped = examine(weighted, [DUST], group=np.argsort(np.argsort(X[:, 0])) // 40, weight=X[:, 1])
    assert grouped.parts[0].estimate.high > alone.parts[0].estimate.high
    holed = X.copy()
    holed[::3, 4] = np.nan
    run = Run.of(Total(), test=Dataset(holed, Y), scope=Scope(relations=[DUST]))
    assert KeepsRelations().examine(run, CLAIM, RNG).verdict is Verdict.PASS
    run = Run.of(Total(), test=Dataset(holed, Y), scope=Scope(relations=[replace(DUST, direction=">=")]))
    assert "simplest counter-example" in KeepsRelations().examine(run, CLAIM, RNG).reason


def test_five_objects_decide_nothing():
    assert examine(lambda x: x.sum(axis=1), [DUST], x=X[:5], y=Y[:5]).verdict is Verdict.INCONCLUSIVE


def test_the_same_relation_twice_has_two_names():
    found = examine(lambda x: x.sum(axis=1), [DUST, DUST])
    assert [part.name for part in found.parts] == ["dimming by dust", "dimming by dust (2)"]


def test_the_noise_is_shifted_with_the_spectrum():
    seen = []

    class Watching(Total):
        def predict_distribution(self, x, *, noise=None):
            seen.append(noise.sigma(x)[0])
            return super().predict_distribution(x)

    sigma = np.arange(1.0, 6.0)
    relation = Redshift(pixel=0.1, follows="invariant", amounts=(1.0, 1.0))
    run = Run.of(Watching(), test=Dataset(X, Y, noise=sigma), scope=Scope(relations=[relation]))
    KeepsRelations().examine(run, CLAIM, RNG)
    assert seen[1].tolist() == [1.0, 1.0, 2.0, 3.0, 4.0]
