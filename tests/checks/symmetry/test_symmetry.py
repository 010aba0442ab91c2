"""Exactly invariant methods pass to the last digits; anything that looks at the place fails, with the simplest object."""

import numpy as np
import pytest

from checkstar.checks.symmetry import KeepsSymmetries
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.evidence import Verdict
from checkstar.methods import as_method
from checkstar.noise import Custom, Gaussian
from checkstar.prediction import Samples
from checkstar.runs import Run
from checkstar.scope import Scope
from checkstar.symmetries import (
    CyclicShift,
    Permutation,
    Rotation,
    Rotation90,
    TimeReference,
    TimeShift,
    Units,
    ZeroPoint,
)

RNG = np.random.default_rng(0)
N = 200
X = RNG.normal(size=(N, 9)) + 3
Y = X.mean(axis=1) + 0.1 * RNG.normal(size=N)
CLAIM = Claim("object_value")


def with_sigma(function, sigma=0.1):
    return lambda x: (function(x), np.full(len(x), sigma))


def examine(model, symmetries, x=X, y=Y, claim=CLAIM, check=None, **fields):
    data = Dataset(x, y, **fields)
    run = Run.of(as_method(model) if callable(model) else model, test=data, scope=Scope(symmetries=symmetries))
    check = check or KeepsSymmetries()
    before = run.costs.objects_predicted
    found = check.examine(run, claim, np.random.default_rng(0))
    # The number of calls that the plan states is never exceeded.
    assert run.costs.objects_predicted - before <= check.calls(run) * len(data) + 1e-9
    return found


INVARIANT = {
    "mean": lambda x: x.mean(axis=1),
    "sorted": lambda x: np.sort(x, axis=1) @ np.linspace(0, 1, 9),
    "cancelling": lambda x: (x**2).mean(axis=1) - x.mean(axis=1) ** 2,
    "deep": lambda x: np.tanh(np.sin(50 * x).sum(axis=1)) / (1e-3 + np.ptp(x, axis=1)),
    "single precision": lambda x: np.float32(0.1) * x.astype(np.float32).std(axis=1),
    "single inside double": lambda x: 1 / 3 + 7.1 * x.astype(np.float32).std(axis=1).astype(float),
}


@pytest.mark.parametrize("function", INVARIANT.values(), ids=list(INVARIANT))
@pytest.mark.parametrize("symmetry", [Permutation(n_features=9), Rotation90(image_shape=(3, 3))])
def test_what_is_invariant_on_paper_passes_though_it_rounds(function, symmetry):
    found = examine(with_sigma(function), [symmetry])
    assert (found.verdict, found.value, found.limit) == (Verdict.PASS, 0.0, 0.0)
    assert found.worst.limit_kind == "derived"
    assert f"all {N} objects stay the same to the precision of the numbers" in found.reason


@pytest.mark.parametrize("size", [1.0, 1e-3, 1e-8])
def test_the_smallest_dependence_on_the_place_fails(size):
    found = examine(with_sigma(lambda x: x.mean(axis=1) + size * x[:, 4]), [Permutation(n_features=9)])
    assert found.verdict is Verdict.FAIL
    assert 0 < found.value < 100 * size / 0.1
    assert found.flags["broken_symmetry"].sum() > 0.3 * N


def test_an_evaluation_that_throws_digits_away_is_told():
    # On paper the sum of squares; in double precision good to a few thousandths only.
    unstable = with_sigma(lambda x: ((x + 1e6) ** 2).sum(axis=1) - 9e12 - 2e6 * x.sum(axis=1), 10.0)
    found = examine(unstable, [Permutation(n_features=9)])
    assert found.verdict is Verdict.FAIL
    assert 1e-5 < found.value < 1e-2
    assert examine(unstable, [Permutation(n_features=9)], check=KeepsSymmetries(limit=0.01)).verdict is Verdict.PASS


def test_the_deviation_is_that_of_the_arithmetic():
    x = np.tile(np.arange(9.0), (N, 1))
    found = examine(with_sigma(lambda x: x[:, 0], 0.5), [CyclicShift(length=9)], x=x, y=np.zeros(N))
    # Shifted by k, column 0 holds 9 - k: 8 of 9 at most, 16 error bars of 0.5.
    assert (found.value, found.low, found.high) == (16.0, 16.0, 16.0)


def test_the_simplest_counter_example_is_the_column_that_matters():
    def bright_corner(x):
        return x.mean(axis=1) + np.where(x[:, 2] > 7, 5.0, 0.0)

    x = X.copy()
    x[11, 2] = 8.17
    found = examine(with_sigma(bright_corner), [Rotation90(image_shape=(3, 3))], x=x)
    assert "simplest counter-example: the median object with x2 = 8, rotated by" in found.reason
    assert found.figure["layers"][0]["y"][2] == 8.0
    (limit,) = found.limits_of_use
    assert limit.name == "counter_example"
    assert limit.value == pytest.approx(50, rel=0.01)


def test_labels_follow_by_their_representation():
    def brightest(x):
        return x.min(axis=1)

    symmetries = [ZeroPoint(labels={"mag": 1.0})]
    assert examine(with_sigma(brightest), symmetries, labels=["mag"]).verdict is Verdict.PASS
    failed = examine(with_sigma(brightest), [ZeroPoint()], labels=["mag"])
    assert failed.verdict is Verdict.FAIL
    # A zero point of one magnitude is ten error bars.
    assert failed.value == pytest.approx(10, rel=0.3)


def test_error_bars_must_keep_the_symmetry_too():
    found = examine(lambda x: (x.mean(axis=1), 0.1 * np.exp(0.1 * x[:, 0])), [Permutation(n_features=9)])
    assert found.verdict is Verdict.FAIL


def test_the_noise_moves_with_the_observations():
    sigma = RNG.uniform(0.1, 2, (N, 9))
    sigma[5, 3] = np.inf
    x = np.where(np.isfinite(sigma), X, np.nan)

    class Weighted(type(as_method(len))):
        def predict_distribution(self, x, *, noise=None):
            from checkstar.prediction import Normal

            weight = noise.inverse_variance(x)
            return Normal(
                (np.where(weight > 0, x, 0) * weight).sum(axis=1) / weight.sum(axis=1), weight.sum(axis=1) ** -0.5
            )

    for noise in (Gaussian(sigma), Custom(lambda x, rng: x, sigma)):
        found = examine(Weighted(len), [Permutation(n_features=9)], x=x, noise=noise)
        assert found.verdict is Verdict.PASS, found.reason


def test_units_end_to_end():
    flux, distance = np.exp(RNG.normal(size=(2, N)))
    x, y = np.column_stack([flux, distance]), 4 * np.pi * flux * distance**2
    fields = {
        "features": ["flux", "distance"],
        "labels": ["luminosity"],
        "units": {"flux": "W / m2", "distance": "m", "luminosity": "W"},
    }
    units = Units.of(Dataset(x, y, **fields))

    def covariant(x):
        return (answer := 4 * np.pi * x[:, 0] * x[:, 1] ** 2), 0.1 * answer

    def learned_in_one_unit(x):  # the same on these data, but for a softening of 1e-3 W / m2
        return (answer := 4 * np.pi * (x[:, 0] + 1e-3) * x[:, 1] ** 2), 0.1 * answer

    passed = examine(covariant, [units], x=x, y=y, **fields)
    assert passed.verdict is Verdict.PASS, passed.reason
    failed = examine(learned_in_one_unit, [units], x=x, y=y, **fields)
    assert failed.verdict is Verdict.FAIL
    assert "under other units" in failed.reason
    assert "in units of" in failed.reason


def test_times_that_lose_their_digits_are_found_but_rounding_is_not():
    times = np.sort(RNG.uniform(0, 30, (N, 9)), axis=1)
    spread = with_sigma(lambda x: x.std(axis=1))
    days = [TimeShift(columns=range(9)), TimeReference(columns=range(9), given="BTJD")]
    assert examine(spread, days, x=times).verdict is Verdict.PASS
    single = with_sigma(lambda x: x.astype(np.float32).std(axis=1))
    # A Julian date in single precision is good to a quarter of a day.
    found = examine(single, [TimeReference(columns=range(9), given="BTJD")], x=times)
    assert found.value > 0.01 or found.verdict is Verdict.PASS


def test_interpolation_is_not_held_against_a_method_but_direction_is():
    grid = np.indices((15, 15)) - 7.0
    radius = np.hypot(*grid).ravel()
    x = np.exp(-0.5 * (radius / RNG.uniform(1.5, 2.5, (300, 1))) ** 2)
    y = x.sum(axis=1)
    turn = [Rotation(image_shape=(15, 15))]
    invariant = examine(with_sigma(lambda x: x.sum(axis=1), 0.5), turn, x=x, y=y)
    assert invariant.verdict is Verdict.PASS
    assert invariant.limit == 0.1
    long = np.exp(-0.5 * ((grid[0] / 3) ** 2 + (grid[1] / 1.5) ** 2)).ravel() * RNG.uniform(1, 2, (300, 1))
    across = examine(with_sigma(lambda x: x @ grid[0].ravel() ** 2, 0.5), turn, x=long, y=y)
    assert across.verdict is Verdict.FAIL
    assert "beyond interpolation" in across.reason


def test_probabilities_are_compared_for_classes():
    truth = np.where(Y.mean() < Y, "a", "b")

    def model(weight):
        def probabilities(x):
            p = 1 / (1 + np.exp(-(x @ weight - 27)))
            return np.column_stack([p, 1 - p])

        return as_method(probabilities, output="probabilities", classes=["a", "b"])

    claim = Claim("classification")
    order = [Permutation(n_features=9)]
    assert examine(model(np.ones(9)), order, y=truth, claim=claim).verdict is Verdict.PASS
    failed = examine(model(np.linspace(0, 2, 9)), order, y=truth, claim=claim)
    assert failed.verdict is Verdict.FAIL
    assert 0 < failed.value <= 1
    assert "P(a) is" in failed.reason or "P(b) is" in failed.reason


def test_draws_without_a_seed_are_allowed_what_draws_differ_by():
    own = np.random.default_rng(3)

    def posterior(shift):
        return lambda x: Samples((x.mean(axis=1) + shift * x[:, 0])[:, None] + 0.1 * own.standard_normal((len(x), 400)))

    # Two sets of 400 draws differ by 0.07 error bars, and the largest of 200 differences is some three times that.
    lenient = KeepsSymmetries(limit=0.15)
    assert examine(posterior(0.0), [Permutation(n_features=9)], check=lenient).verdict is Verdict.PASS
    assert examine(posterior(0.1), [Permutation(n_features=9)], check=lenient).verdict is Verdict.FAIL


def test_a_method_that_answers_at_random_does_not_pass_its_noise_off_as_rounding():
    own = np.random.default_rng(4)
    found = examine(with_sigma(lambda x: x[:, 0] + 0.005 * own.standard_normal(len(x))), [Permutation(n_features=9)])
    assert found.verdict is Verdict.FAIL
    assert found.value > 10


def test_without_error_bars_the_typical_error_is_the_unit():
    # A typical error that is nothing but rounding is no unit; the spread of the labels is.
    exact = examine(lambda x: x[:, 0], [Permutation(n_features=9)], y=X[:, 0] * (1 + 1e-15))
    assert 1 < exact.value < 10
    found = examine(lambda x: x.mean(axis=1) + 0.5 * x[:, 0], [Permutation(n_features=9)], y=X.mean(axis=1))
    # The error is half of a column around 3.
    assert found.value == pytest.approx(0.5 * np.ptp(X) / (0.5 * np.quantile(np.abs(X[:, 0]), 0.683)), rel=0.6)


@pytest.mark.parametrize("n", [1, 2, 29])
def test_too_few_objects_prove_no_symmetry(n):
    found = examine(with_sigma(lambda x: x.mean(axis=1)), [Permutation(n_features=9)], x=X[:n], y=Y[:n])
    assert (found.verdict, found.n_needed) == (Verdict.INCONCLUSIVE, 30)


def test_objects_of_few_groups_prove_no_symmetry():
    found = examine(with_sigma(lambda x: x.mean(axis=1)), [Permutation(n_features=9)], group=np.arange(N) % 10)
    assert found.verdict is Verdict.INCONCLUSIVE


def test_a_constant_a_column_of_zeros_and_weights_do_no_harm():
    x = X.copy()
    x[:, 3] = 0.0
    constant = examine(with_sigma(lambda x: np.zeros(len(x))), [Permutation(n_features=9)], x=x, weight=Y + 5)
    assert constant.verdict is Verdict.PASS
    weighted = with_sigma(lambda x: np.nanmean(x * np.arange(9), axis=1))
    assert examine(weighted, [Permutation(n_features=9)], x=x, weight=Y + 5).verdict is Verdict.FAIL


def test_each_symmetry_has_its_part_and_one_failure_decides():
    symmetries = [Permutation(n_features=9), ZeroPoint(labels={"mag": 1.0}), ZeroPoint()]
    found = examine(with_sigma(lambda x: x.mean(axis=1)), symmetries, labels=["mag"])
    verdicts = {part.name: part.to_dict()["verdict"] for part in found.parts}
    assert verdicts == {"reordered features": "PASS", "other zero points": "PASS", "other zero points (2)": "FAIL"}
    assert found.verdict is Verdict.FAIL


def test_one_label_of_several_is_judged_by_itself():
    def two(x):
        return np.column_stack([x.mean(axis=1), x[:, 0]]), np.full((len(x), 2), 0.1)

    y = np.column_stack([Y, Y])
    found = {
        label: examine(two, [Permutation(n_features=9)], y=y, claim=Claim("object_value", label=label)).verdict
        for label in ("y0", "y1")
    }
    assert found == {"y0": Verdict.PASS, "y1": Verdict.FAIL}


def test_without_symmetries_there_is_no_question():
    run = Run.of(as_method(with_sigma(lambda x: x.mean(axis=1))), test=Dataset(X, Y))
    assert "symmetries that hold exactly" in KeepsSymmetries().undeclared(run)
    with pytest.raises(NotApplicable, match="no symmetries were declared"):
        KeepsSymmetries().examine(run, CLAIM, RNG)


def test_many_symmetries_keep_to_the_calls():
    x = RNG.normal(size=(400, 64))
    # Every column matters, so that no counter-example becomes simple and all trials are used.
    weighted = with_sigma(lambda x: x @ np.arange(64), 3000.0)
    found = examine(weighted, [Permutation(n_features=64)] * 12, x=x, y=x[:, 0])
    assert found.verdict is Verdict.FAIL
    run = Run.of(lambda x: x[:, 0], test=Dataset(x, x[:, 0]), scope=Scope(symmetries=[Permutation(n_features=64)] * 12))
    assert KeepsSymmetries().calls(run) <= 3.5 + 300 / 400
