import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, QuantileTransformer, RobustScaler, StandardScaler

from checkstar.checks.leaks.preprocessing import Preprocessing
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.evidence import Verdict
from checkstar.prediction import Point
from checkstar.runs import Run
from checkstar.simulators import linear_gaussian

CLAIM = Claim("object_value")
DRAWN = linear_gaussian(300, 0, n_features=5)
TRAIN, TEST = Dataset(DRAWN.x[:200], DRAWN.y[:200]), Dataset(DRAWN.x[200:], DRAWN.y[200:])


def examine(model, train=TRAIN, test=TEST):
    return Preprocessing().examine(Run.of(model, train=train, test=test), CLAIM, np.random.default_rng(0))


def on_columns(x, test):
    """Evidence where only x is known."""
    run = Run(
        name="t",
        train=Dataset(x, np.zeros(len(x))),
        test=Dataset(test, np.zeros(len(test))),
        prediction=Point(np.zeros(len(test))),
    )
    return Preprocessing().examine(run, CLAIM, np.random.default_rng(0))


STEPS = {
    "standardscaler": StandardScaler(),
    "minmaxscaler": MinMaxScaler(),
    "robustscaler": RobustScaler(),
    "pca": PCA(3),
    "selectkbest": SelectKBest(f_regression, k=3),
    "quantiletransformer": QuantileTransformer(n_quantiles=50, random_state=0),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_step_fitted_on_training_and_test_data_is_named(name):
    pooled = make_pipeline(STEPS[name], LinearRegression()).fit(DRAWN.x, DRAWN.y)
    found = examine(pooled)
    assert found.verdict is Verdict.FAIL
    assert found.worst.name == name
    assert found.value == 1.0
    assert f"the step {name} was learned from training and test data together" in found.reason


@pytest.mark.parametrize("name", STEPS)
def test_a_step_fitted_on_training_data_passes(name):
    found = examine(make_pipeline(STEPS[name], LinearRegression()))
    assert found.verdict is Verdict.PASS
    assert f"steps looked into: {name}" in found.reason


def test_only_the_guilty_one_of_several_steps_is_named():
    x = DRAWN.x * [1, 10, 100, 0.1, 0.01] + [5, 0, 0, 0, 1]
    train, test = Dataset(x[:200], DRAWN.y[:200]), Dataset(x[200:], DRAWN.y[200:])
    scaler = StandardScaler().fit(x)
    honest = PCA(2).fit(scaler.transform(train.x))
    line = LinearRegression().fit(honest.transform(scaler.transform(train.x)), train.y[:, 0])
    found = examine(make_pipeline(scaler, honest, line), train, test)
    values = {part.name: part.estimate[:3] for part in found.parts}
    assert values == {"columns of x": (0, 0, 0), "standardscaler": (1, 1, 1), "pca": (0, 0, 0)}


def test_nested_steps_and_columns_are_looked_into():
    columns = ColumnTransformer([("left", StandardScaler(), [0, 1]), ("right", make_pipeline(RobustScaler()), [2, 3])])
    found = examine(make_pipeline(columns, LinearRegression()).fit(DRAWN.x, DRAWN.y))
    assert {p.name for p in found.parts if p.estimate.value == 1} == {
        "columntransformer/left",
        "columntransformer/right/robustscaler",
    }


def test_a_step_learned_from_something_else_is_left_open():
    scaler = StandardScaler().fit(np.random.default_rng(1).normal(3, 2, size=(500, 5)))
    found = examine(make_pipeline(scaler, LinearRegression().fit(DRAWN.x, DRAWN.y)))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "neither from the training data given nor from these and the test data" in found.reason


def test_columns_standardised_before_the_split_are_named():
    x = np.random.default_rng(0).normal(3, 2, size=(300, 3))
    x[:, :2] = (x[:, :2] - x[:, :2].mean(axis=0)) / x[:, :2].std(axis=0)
    found = on_columns(x[:200], x[200:])
    assert found.verdict is Verdict.FAIL
    assert found.value == pytest.approx(2 / 3)
    assert "2 of 3 columns of x were scaled together with the test objects (x0, x1)" in found.reason


def test_columns_standardised_by_the_training_set_pass():
    x = np.random.default_rng(0).normal(3, 2, size=(300, 3))
    x = (x - x[:200].mean(axis=0)) / x[:200].std(axis=0)
    found = on_columns(x[:200], x[200:])
    assert found.verdict is Verdict.PASS
    assert "no steps that could be looked into" in found.reason


def test_columns_standardised_each_by_itself_were_not_standardised_together():
    x = np.random.default_rng(0).normal(3, 2, size=(300, 3))
    one, other = ((part - part.mean(axis=0)) / part.std(axis=0) for part in (x[:200], x[200:]))
    assert on_columns(one, other).verdict is Verdict.PASS


def test_columns_brought_to_a_range_before_the_split_are_named_and_a_fraction_is_not():
    x = np.random.default_rng(3).normal(3, 2, size=(300, 8))
    ranged = (x - x.min(axis=0)) / np.ptp(x, axis=0)
    order = np.random.default_rng(0).permutation(300)
    assert on_columns(ranged[order][:150], ranged[order][150:]).verdict is Verdict.FAIL
    x[:, 0] = ranged[:, 0]
    with pytest.raises(NotApplicable, match="no preprocessing step can be seen"):
        on_columns(x[:150], x[150:])


def test_what_a_callable_does_inside_cannot_be_seen():
    scaler = StandardScaler().fit(DRAWN.x)
    line = LinearRegression().fit(scaler.transform(TRAIN.x), TRAIN.y[:, 0])
    with pytest.raises(NotApplicable, match="pooled_fit"):
        examine(lambda x: line.predict(scaler.transform(x)))


def test_missing_values_constants_and_one_object_do_not_crash():
    x = np.random.default_rng(0).normal(size=(30, 3))
    x[:, 1] = 2.0
    x[::3, 0] = np.nan
    x[:, 2] = np.nan
    for cut in (1, 3):
        assert on_columns(x[:cut], x[cut:]).verdict is Verdict.INCONCLUSIVE
    for cut in (20, 29):
        with pytest.raises(NotApplicable, match="no preprocessing step"):
            on_columns(x[:cut], x[cut:])


def test_the_clean_twin_never_fails():
    for seed in range(50):
        run, claim = Preprocessing().plant(40, 0.0, np.random.default_rng(seed))
        assert Preprocessing().examine(run, claim, np.random.default_rng(seed)).verdict is Verdict.PASS
