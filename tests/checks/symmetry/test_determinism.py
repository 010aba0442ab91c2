import numpy as np
import pytest

from checkstar.checks.symmetry import Determinism
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.evidence import Verdict
from checkstar.methods import Method, Ridge, as_method
from checkstar.noise import Gaussian
from checkstar.prediction import Normal
from checkstar.runs import Run
from checkstar.simulators import linear_gaussian

RNG = np.random.default_rng(0)
N = 100
X = RNG.normal(size=(N, 4))
Y = X.mean(axis=1)
CLAIM = Claim("object_value")


def examine(function, x=X, y=Y, check=None, claim=CLAIM, model=None, train=None, **fields):
    test = Dataset(x, y, **fields)
    run = Run.of(model or as_method(function), test=test, train=train)
    check = check or Determinism()
    before = run.costs.objects_predicted
    found = check.examine(run, claim, np.random.default_rng(0))
    asked = run.costs.objects_predicted - before
    assert asked == pytest.approx(check.calls(run) * len(test)) or len(test) == 1  # the same question is asked once
    return found


class Mean(Method):
    """The mean of what is not masked."""

    def is_fitted(self):
        return True

    def fit(self, x, y, *, noise=None, y_err=None):
        return self

    def predict_distribution(self, x, *, noise=None):
        return Normal(np.nanmean(np.clip(x, -5, 5), axis=1), np.full(len(x), 0.5))


def normal(mean, sigma=0.5):
    return lambda x: (mean(x), np.full(len(x), sigma))


def verdicts(found):
    return {part.name: part.to_dict()["verdict"] for part in found.parts}


def test_a_function_of_the_object_alone_passes():
    found = examine(normal(lambda x: x.mean(axis=1)))
    assert found.verdict is Verdict.PASS
    assert found.value < 1e-6
    assert set(verdicts(found)) == {"asked again", "in another order", "one at a time", "rounded to single precision"}


def test_noise_without_a_seed_fails():
    own = np.random.default_rng(1)
    found = examine(normal(lambda x: x.mean(axis=1) + 0.1 * own.standard_normal(len(x))))
    assert found.verdict is Verdict.FAIL
    # The largest of some hundred differences of two normals of 0.2 error bars.
    assert 0.5 < found.value < 1.5


def test_a_seed_in_every_call_hides_nothing():
    def seeded(x):
        return x.mean(axis=1) + 0.1 * np.random.default_rng(0).standard_normal(len(x))

    found = verdicts(examine(normal(seeded), check=Determinism(max_objects=N)))
    assert found["in another order"] == found["one at a time"] == "FAIL"


def test_normalisation_by_the_batch_is_found_one_at_a_time():
    found = verdicts(examine(normal(lambda x: x.mean(axis=1) - x.mean()), check=Determinism(max_objects=N)))
    assert found == {
        "asked again": "PASS",
        "in another order": "PASS",
        "one at a time": "FAIL",
        "rounded to single precision": "PASS",
    }


def test_julian_dates_need_more_than_single_precision():
    times = 2_459_000 + np.sort(RNG.uniform(0, 30, (N, 4)), axis=1)
    found = verdicts(examine(normal(lambda x: x.std(axis=1), 0.1), x=times))
    assert found["rounded to single precision"] == "FAIL"
    assert found["asked again"] == "PASS"


def test_error_bars_and_probabilities_must_be_the_same_too():
    own = np.random.default_rng(2)
    assert examine(lambda x: (x[:, 0], own.uniform(0.4, 0.6, len(x)))).verdict is Verdict.FAIL

    def chance(x):
        p = np.clip(0.5 + 0.1 * own.standard_normal(len(x)), 0, 1)
        return np.column_stack([p, 1 - p])

    truth = np.where(X[:, 0] > 0, "a", "b")
    model = as_method(chance, output="probabilities", classes=["a", "b"])
    found = examine(None, y=truth, model=model, claim=Claim("classification"))
    assert found.verdict is Verdict.FAIL
    assert "in probability" in found.reason


def test_a_method_with_noise_and_masked_elements_passes():
    sigma = np.full(X.shape, 0.1)
    sigma[3, 2] = np.inf
    found = examine(None, model=Ridge(), train=Dataset(X, Y), noise=Gaussian(sigma))
    assert found.verdict is Verdict.PASS


def test_nan_and_huge_numbers_do_no_harm():
    x = X.copy()
    x[0, 0], x[1, 1] = np.nan, 1e300
    assert examine(None, model=Mean(), x=x).verdict is Verdict.PASS


@pytest.mark.parametrize("n", [1, 29])
def test_too_few_objects_prove_nothing(n):
    found = examine(normal(lambda x: x.mean(axis=1)), x=X[:n], y=Y[:n])
    assert (found.verdict, found.n_needed) == (Verdict.INCONCLUSIVE, 30)


def test_without_error_bars_the_typical_error_is_the_unit():
    own = np.random.default_rng(3)
    noisy = examine(lambda x: x[:, 0] + 1e-3 * own.standard_normal(len(x)), y=X[:, 0] + 1.0)
    # A typical error of one: differences of two normals of 1e-3.
    assert 2e-3 < noisy.value < 8e-3
    assert noisy.verdict is Verdict.PASS


def test_what_none_of_so_many_shows_may_still_be_rare():
    drawn = linear_gaussian(400, 0)
    group = np.repeat(np.arange(40), 10)
    run = Run.of(lambda x: x.mean(axis=1), test=Dataset(drawn.x, drawn.y, group=group))
    found = Determinism().examine(run, Claim("object_value"), np.random.default_rng(0))
    by_name = {part.name: part for part in found.parts}
    # Thirty are asked one at a time, and each is of another group.
    assert by_name["one at a time"].estimate.n == 30
    assert "so at most 12 % of such objects" in by_name["one at a time"].text
    assert found.verdict is Verdict.PASS
    few = Determinism(max_single=10).examine(run, Claim("object_value"), np.random.default_rng(0))
    assert few.verdict is Verdict.INCONCLUSIVE
