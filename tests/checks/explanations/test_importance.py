import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.neighbors import KNeighborsRegressor

import checkstar as cs
from checkstar.checks.explanations.importance import Importance, _donors, _groups
from checkstar.claims import USES, Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.evidence import Verdict
from checkstar.methods import as_method
from checkstar.prediction import Classes
from checkstar.runs import Run

CLAIM = Claim("object_value")


def examine(function, x, y, claim=CLAIM, seed=0, settings=None, **fields):
    run = Run.of(as_method(function), test=Dataset(x, y, **fields))
    return Importance(**(settings or {})).examine(run, claim, np.random.default_rng(seed)), run


def independent(n, seed=0, p=3, noise=0.5):
    """y = x0 + 2 x1 + noise, and p - 2 features that say nothing."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, p))
    return x, x[:, 0] + 2 * x[:, 1] + noise * rng.standard_normal(n)


def best(x):
    return x[:, 0] + 2 * x[:, 1]


def drawn(found):
    """Importances (rise of the squared error) by name of the feature."""
    layer = found.figure["layers"][1]
    return dict(zip(found.figure["xticks"], layer["y"], strict=True))


def part(found, name):
    return next(p for p in found.parts if p.name == name)


def test_the_importance_of_independent_features_has_its_closed_form():
    x, y = independent(3000)
    found, _ = examine(best, x, y)
    # Replacing x_j by an independent draw adds 2 c_j^2 to the squared error 0.25: rises of 8, 32 and 0.
    assert drawn(found) == pytest.approx({"x0": 8, "x1": 32, "x2": 0}, rel=0.1, abs=0.01)
    assert "most important is x1" in found.reason


def test_leaning_on_noise_costs_the_share_that_it_is_said_to_cost():
    x, y = independent(3000)
    found, _ = examine(lambda x: best(x) + 0.5 * x[:, 2], x, y)
    # 0.5^2 of 0.25 + 0.5^2.
    assert part(found, "x2").estimate.value == pytest.approx(0.5, abs=0.05)
    assert found.verdict is Verdict.FAIL
    assert "of the squared error come from leaning on x2 without gain" in found.reason


def test_the_best_prediction_has_no_fault_however_its_features_depend_on_each_other():
    rng = np.random.default_rng(0)
    x0 = rng.standard_normal(3000)
    x = np.column_stack([x0, x0 + 0.3 * rng.standard_normal(3000), np.abs(x0)])
    y = np.sin(2 * x[:, 0]) + x[:, 1] + 0.5 * rng.standard_normal(3000)
    found, _ = examine(lambda x: np.sin(2 * x[:, 0]) + x[:, 1], x, y)
    for p in found.parts:
        # The residual has sd 0.5 and the response of order one: errors of a few per cent.
        assert p.estimate.value == pytest.approx(0, abs=0.12)
        assert p.estimate.low < 0 < p.estimate.high or abs(p.estimate.value) < 0.12


def test_too_little_response_is_no_leaning():
    x, y = independent(2000)
    found, _ = examine(lambda x: 0.5 * best(x), x, y)
    assert all(p.estimate.value < 0.05 for p in found.parts)
    # Squared errors of 1.5 before, of 2.5 and 5.5 without the first and the second feature.
    assert drawn(found) == pytest.approx({"x0": 1 / 1.5, "x1": 4 / 1.5, "x2": 0}, rel=0.15, abs=0.02)


def test_conditional_permutation_stays_where_the_data_are():
    # Two copies of one feature: whoever permutes one of them freely leaves the data, its neighbour does not.
    rng = np.random.default_rng(0)
    x = np.repeat(rng.standard_normal((3000, 1)), 2, axis=1) + 0.01 * rng.standard_normal((3000, 2))
    y = x[:, 0] + 0.3 * rng.standard_normal(3000)
    found, _ = examine(lambda x: x[:, 0], x, y)
    # A free permutation would raise it by 2 / 0.09 = 22.
    assert drawn(found)["x0"] < 0.1


def test_false_alarms_keep_the_level_at_a_fault_of_zero():
    failed = sum(
        examine(best, *independent(150, seed), seed=seed, settings={"limit": 0.0})[0].verdict is Verdict.FAIL
        for seed in range(300)
    )
    # 2.5 % over three features, corrected: more than 16 of 300 has probability 0.002.
    assert failed <= 16


def test_overfitted_neighbours_lean_on_noise():
    x, y = independent(1500, p=3)
    model = KNeighborsRegressor(1).fit(*independent(1500, seed=1, p=3))
    found, _ = examine(model, x, y)
    assert found.verdict is Verdict.FAIL


def test_correlated_features_form_one_group():
    rng = np.random.default_rng(0)
    common = rng.standard_normal((500, 3))
    x = np.repeat(common, 4, axis=1) + 0.1 * rng.standard_normal((500, 12))
    found = _groups((x - x.mean(axis=0)) / x.std(axis=0), tuple(f"x{j}" for j in range(12)), 3)
    assert sorted(group.columns.tolist() for group in found) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert {group.name for group in found} == {"x0 ... x3 (4)", "x4 ... x7 (4)", "x8 ... x11 (4)"}


def test_donors_are_others_that_are_near():
    rng = np.random.default_rng(0)
    for others in (rng.standard_normal((400, 2)), rng.standard_normal((400, 30)), np.ones((50, 2)), np.zeros((50, 0))):
        donors = _donors(others, np.arange(len(others)), 5, rng)
        assert (donors != np.arange(len(others))).all()
    line = np.arange(100.0)[:, None]
    assert np.abs(_donors(line, np.arange(100), 4, rng) - np.arange(100)).max() <= 4


def test_donors_are_no_repeats_of_the_same_star():
    rng = np.random.default_rng(0)
    star = np.repeat(np.arange(40), 10)
    for others in (rng.standard_normal((40, 2))[star], np.zeros((400, 0))):
        donors = _donors(others, star, 5, rng)
        assert (star[donors] != star).all()
    # More repeats than are searched: anyone else.
    star = np.repeat([0, 1], 300)
    assert (star[_donors(rng.standard_normal((2, 2))[star], star, 5, rng)] != star).all()
    # Every other one is drawn alike where nothing is to be matched.
    uneven = np.array([0, 0, 1, 2, 2, 2])
    drawn = [_donors(np.zeros((6, 0)), uneven, 5, rng) for _ in range(4000)]
    counts = np.bincount([d[0] for d in drawn], minlength=6) / 4000
    # Binomial errors are 0.007.
    assert counts == pytest.approx([0, 0, 0.25, 0.25, 0.25, 0.25], abs=0.03)


def test_model_calls_are_as_many_as_it_says():
    x, y = independent(400, p=12)
    _, run = examine(best, x, y)
    assert run.costs.objects_predicted == 400 + Importance().calls(run) * 400
    assert Importance().calls(run) <= 5
    _, large = examine(best, *independent(9000))
    assert large.costs.objects_predicted == 9000 + 3 * 3000 == 9000 + Importance().calls(large) * 9000


def test_classes_are_judged_by_the_brier_score_with_groups_and_weights():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2000, 2))

    def probability(x, lean):
        p = 1 / (1 + np.exp(-2 * x[:, 0] - lean * x[:, 1]))
        return Classes(np.column_stack([p, 1 - p]), ["star", "galaxy"])

    y = np.where(rng.random(2000) < probability(x, 0).probabilities[:, 0], "star", "galaxy")
    fields = {"group": np.arange(2000) // 2, "weight": rng.uniform(0.5, 1, 2000)}
    claim = Claim("classification")
    assert examine(lambda x: probability(x, 0), x, y, claim, **fields)[0].verdict is Verdict.PASS
    found, _ = examine(lambda x: probability(x, 3), x, y, claim, **fields)
    assert found.verdict is Verdict.FAIL
    assert found.worst.name == "x1"


def test_masked_elements_stay_masked():
    x, y = independent(300)
    x[::3, 0] = np.nan
    sigma = np.where(np.isnan(x), np.inf, 0.1)
    seen = []

    def predict(x):
        seen.append(np.isnan(x))
        return np.nan_to_num(best(x))

    run = Run.of(_Allowing(predict), test=Dataset(x, y, noise=sigma))
    assert np.isfinite(Importance().examine(run, CLAIM, np.random.default_rng(0)).value)
    assert all(np.array_equal(mask, np.isnan(x)) for mask in seen)


class _Allowing(cs.methods.Method):
    """A method that takes masked elements."""

    def __init__(self, function):
        self.function = function
        self.known_ = 1

    def fit(self, x, y, *, noise=None, y_err=None):
        return self

    def predict_distribution(self, x, *, noise=None):
        return cs.prediction.Point(self.function(x))


def test_one_object_and_constant_features_decide_nothing():
    assert examine(best, *independent(1))[0].verdict is Verdict.INCONCLUSIVE
    with pytest.raises(NotApplicable, match="same for all"):
        examine(best, np.ones((20, 3)), np.zeros(20))
    with pytest.raises(NotApplicable, match="no error"):
        examine(best, *independent(20, noise=0.0))
    assert examine(best, *independent(2))[0].verdict is not Verdict.PASS


def test_it_decides_no_claim():
    assert not any(Importance().decides(Claim(use)) for use in USES)


def test_a_spectrum_of_a_thousand_pixels_is_taken_in_groups():
    problem = cs.problems.stellar_labels()
    run = Run.of(cs.methods.Ridge(), train=problem.train, test=problem.test)
    found = Importance().examine(run, Claim("object_value", label="feh"), np.random.default_rng(0))
    assert 2 <= len(found.parts) <= 5


def test_several_labels_are_judged_one_at_a_time():
    x, y = independent(300)
    model = RandomForestRegressor(10, random_state=0).fit(x, np.column_stack([y, x[:, 2]]))
    found, _ = examine(model, x, np.column_stack([y, x[:, 2]]), Claim("object_value", label="b"), labels=["a", "b"])
    assert max(drawn(found), key=drawn(found).get) == "x2"
