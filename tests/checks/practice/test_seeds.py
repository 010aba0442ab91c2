import numpy as np
import pytest
from sklearn.base import BaseEstimator

import checkstar as cs
from checkstar.checks.practice import Seeds
from checkstar.evidence import Verdict
from checkstar.simulators import linear_gaussian

RNG = np.random.default_rng


class Shifted(BaseEstimator):
    """Every training adds its own normal offset: the scatter between seeds is `scatter` for all objects."""

    def __init__(self, scatter=0.5, forgetful=False, random_state=None):
        self.scatter, self.forgetful, self.random_state = scatter, forgetful, random_state

    def fit(self, X, y):
        seed = None if self.forgetful else self.random_state
        self.offset_ = self.scatter * RNG(seed).standard_normal()
        return self

    def predict(self, X, return_std=False):
        mean = X.mean(axis=1) + self.offset_
        return (mean, np.full(len(X), 0.5)) if return_std else mean


def made(model, n=200, seed=0):
    learned, drawn = linear_gaussian(100, seed), linear_gaussian(n, seed + 1)
    return cs.Run.of(model, train=cs.Dataset(learned.x, learned.y), test=cs.Dataset(drawn.x, drawn.y))


def part(found, name):
    return next(p for p in found.parts if p.name == name)


def test_the_scatter_is_that_of_the_offsets():
    # The median of the scatter of 40 offsets: 11 % (one sigma of a standard deviation), and the same for all objects.
    found = Seeds(n_refits=40).examine(made(Shifted(scatter=1.0)), cs.Claim("object_value"), RNG(0))
    assert part(found, "other seeds").estimate.value == pytest.approx(2.0, rel=0.4)
    assert found.verdict is Verdict.FAIL


def test_a_method_without_chance_has_no_scatter():
    from sklearn.linear_model import BayesianRidge

    found = Seeds().examine(made(BayesianRidge()), cs.Claim("object_value"), RNG(0))
    assert [p.estimate.value for p in found.parts] == [0.0, 0.0]
    assert found.verdict is Verdict.PASS


def test_chance_that_no_seed_governs_is_found():
    found = Seeds().examine(made(Shifted(scatter=1e-6, forgetful=True)), cs.Claim("object_value"), RNG(0))
    assert part(found, "the same seed").estimate.value == 1.0
    assert found.verdict is Verdict.FAIL
    assert "with the same seed, it predicts other numbers for 100 % of the objects" in part(found, "the same seed").text


def test_a_method_that_cannot_be_fitted_again_is_said_so():
    run = made(lambda x: (x.mean(axis=1), np.full(len(x), 0.5)))
    assert Seeds().missing(run) == (cs.checks.NEEDS["refit"],)


def test_refits_are_counted_and_announced():
    run = made(Shifted())
    before = run.costs.objects_predicted
    Seeds().examine(run, cs.Claim("object_value"), RNG(0))
    assert (run.costs.objects_predicted - before) / len(run.test) == Seeds().calls(run) == 5


@pytest.mark.parametrize(("scatter", "wrong"), [(0.45, Verdict.FAIL), (0.55, Verdict.PASS)])
def test_offsets_common_to_all_objects_do_not_average_out(scatter, wrong, monkeypatch):
    from checkstar.checks.practice import seeds

    again, verdicts = seeds._again, []
    for first in range(0, 6000, 100):
        monkeypatch.setattr(seeds, "_again", lambda run, view, seed, first=first: again(run, view, first + seed))
        # In units of the claimed sigma of 0.5.
        run = made(Shifted(scatter=0.5 * scatter), seed=first)
        verdicts.append(Seeds(limit=0.5).examine(run, cs.Claim("object_value"), RNG(0)).verdict)
    # 2.5 % of 60 at the limit: more than 5 has probability 0.003. Taken for independent, objects err in a third.
    assert verdicts.count(wrong) <= 5


def test_degrees_of_freedom_are_those_of_the_fits_where_all_objects_move_as_one():
    from checkstar.checks.practice.seeds import _degrees

    common = RNG(0).standard_normal((4, 1)) * np.ones(500)
    assert _degrees(common, None) == pytest.approx(3.0)
    assert _degrees(RNG(0).standard_normal((4, 500)), None) > 300
    assert _degrees(common[:2], None) == 1.0
    assert _degrees(np.zeros((4, 10)), None) == 3.0
