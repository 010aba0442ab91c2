from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import BayesianRidge, LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from checkstar.errors import ContractError, InputError
from checkstar.methods import Ridge, as_method
from checkstar.prediction import Classes, Grid, Mixture, Normal, Point, Samples
from checkstar.testing import simulate_classes, simulate_spectra

SPECTRA, CLASSES = simulate_spectra(80), simulate_classes(80)
X = np.arange(20.0).reshape(10, 2)


def test_a_regressor_gives_its_own_predictions():
    method = as_method(LinearRegression()).fit(SPECTRA.x, SPECTRA.y)
    prediction = method.predict_distribution(SPECTRA.x)
    assert isinstance(prediction, Point)
    np.testing.assert_allclose(prediction.mean(), LinearRegression().fit(SPECTRA.x, SPECTRA.y).predict(SPECTRA.x))


def test_a_fitted_model_works_without_fit_and_is_not_changed():
    model = LinearRegression().fit(SPECTRA.x, SPECTRA.y[:, 0])
    coefficients = model.coef_.copy()
    method = as_method(model)
    assert method.predict(SPECTRA.x).shape == (80, 1)
    method.fit(SPECTRA.x, SPECTRA.y[:, 1])
    assert np.array_equal(model.coef_, coefficients)
    np.testing.assert_allclose(method.predict(SPECTRA.x)[:, 0], SPECTRA.y[:, 1], atol=0.5)


@pytest.mark.parametrize("model", [BayesianRidge(), GaussianProcessRegressor(alpha=1e-2)])
def test_regressors_that_know_their_error_give_it(model):
    method = as_method(model).fit(SPECTRA.x, SPECTRA.y[:, 0])
    prediction = method.predict_distribution(SPECTRA.x)
    mean, std = clone(model).fit(SPECTRA.x, SPECTRA.y[:, 0]).predict(SPECTRA.x, return_std=True)
    assert isinstance(prediction, Normal)
    np.testing.assert_allclose(prediction.mean()[:, 0], mean, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(prediction.std()[:, 0], std, rtol=1e-6)


def test_the_error_of_the_last_step_of_a_pipeline_is_given():
    method = as_method(make_pipeline(StandardScaler(), BayesianRidge())).fit(SPECTRA.x, SPECTRA.y[:, 0])
    assert isinstance(method.predict_distribution(SPECTRA.x), Normal)


@pytest.mark.parametrize("model", [GaussianProcessRegressor(), make_pipeline(StandardScaler(), BayesianRidge())])
def test_an_unfitted_model_does_not_answer_with_its_prior(model):
    with pytest.raises(NotFittedError, match=r"call fit\(x, y\) first"):
        as_method(model).predict(SPECTRA.x)


def test_a_classifier_gives_the_probabilities_of_its_classes():
    method = as_method(LogisticRegression()).fit(CLASSES.x, CLASSES.y)
    prediction = method.predict_distribution(CLASSES.x)
    assert isinstance(prediction, Classes)
    assert prediction.names == ("EA", "RRAB", "RRC")
    peer = LogisticRegression().fit(CLASSES.x, CLASSES.y[:, 0])
    np.testing.assert_allclose(prediction.probabilities, peer.predict_proba(CLASSES.x))
    assert is_classifier(method)
    assert not is_classifier(as_method(LinearRegression()))


def test_a_classifier_without_probabilities_is_refused():
    method = as_method(LinearSVC()).fit(CLASSES.x, CLASSES.y)
    with pytest.raises(ContractError, match=r"LinearSVC has no predict_proba; wrap it in .*CalibratedClassifierCV"):
        method.predict(CLASSES.x)


def test_several_class_labels_at_once_are_refused():
    codes = np.unique(CLASSES.y, return_inverse=True)[1].reshape(-1, 1)
    model = RandomForestClassifier(3, random_state=0).fit(CLASSES.x, np.hstack([codes, codes]))
    with pytest.raises(ContractError, match="wrap one label at a time"):
        as_method(model).predict(CLASSES.x)


N = len(X)
RNG = np.random.default_rng(0)
ANSWERS = [
    (lambda x: x[:, 0], Point),
    (lambda x: (x[:, 0], 1 + x[:, 1]), Normal),
    (lambda x: Point(x), Point),
    (lambda x: Normal(x, 1 + x), Normal),
    (lambda x: Normal(x, 1 + x, (1 + x)[:, :, None] ** 2 * np.eye(2)), Normal),
    (lambda x: Mixture(np.full(x.shape, 0.5), x, 1 + x), Mixture),
    (lambda x: Grid([0.0, 1.0, 2.0], np.c_[x[:, 0], 1 + x[:, 1]] / (1 + x.sum(axis=1, keepdims=True))), Grid),
    (lambda x: Samples(np.repeat(x, 2, axis=1)), Samples),
    (lambda x: Classes(np.full(x.shape, 0.5), ["a", "b"]), Classes),
]


@pytest.mark.parametrize(("function", "kind"), ANSWERS)
def test_whatever_a_function_returns_is_read_the_same_in_batches(function, kind):
    whole, parts = (as_method(function, batch_size=size).predict_distribution(X) for size in (100, 3))
    assert type(whole) is type(parts) is kind
    assert np.array_equal(whole.mean(), parts.mean())
    assert np.array_equal(whole.std(), parts.std(), equal_nan=True)
    assert (getattr(whole, "covariance", None) is None) == (getattr(parts, "covariance", None) is None)


def test_a_function_sees_no_more_than_a_batch():
    seen = []
    as_method(lambda x: seen.append(len(x)) or x[:, 0], batch_size=4).predict(X)
    assert seen == [4, 4, 2]


def test_x_is_not_changed_by_a_model_that_writes_into_it():
    def vandal(x: np.ndarray) -> np.ndarray:
        x[:] = -1.0
        return x[:, 0]

    kept = X.copy()
    as_method(vandal).predict(X)
    assert np.array_equal(X, kept)


@pytest.mark.parametrize(
    ("function", "settings", "message"),
    [
        (lambda x: x[:3, 0], {}, "returned 3 rows for 10 objects"),
        (lambda x: (x, x, x), {}, r"returned 3 things; return values or \(mean, std\)"),
        (lambda x: x[:, :1], {"output": "mean_std"}, "'mean_std' needs pairs"),
        (lambda x: x[:, 0], {"output": "mean_std"}, "needs two axes"),
        (lambda x: Point(x) if x[0, 0] == 0 else Normal(x, 1 + x), {"batch_size": 5}, "different kinds of predictions"),
        (
            lambda x: Classes(np.full(x.shape, 0.5), ["a", "b"] if x[0, 0] == 0 else ["b", "a"]),
            {"batch_size": 5},
            "named different classes",
        ),
    ],
)
def test_a_model_that_answers_wrongly_is_refused(function, settings, message):
    with pytest.raises(ContractError, match=message):
        as_method(function, **settings).predict(X)


def test_non_finite_answers_are_refused():
    with pytest.raises(InputError, match="10 non-finite rows of 10"):
        as_method(lambda x: x[:, 0] * np.nan).predict(X)


def test_logits_and_probabilities_become_classes():
    logits = as_method(lambda x: 1000 * x, output="logits", classes=["a", "b"]).predict(X[:1] * 0)
    assert logits.tolist() == [[0.5, 0.5]]
    stable = as_method(lambda x: 1000 * x, output="logits", classes=["a", "b"]).predict(X)
    np.testing.assert_allclose(stable, [[0.0, 1.0]] * N, atol=1e-12)
    given = as_method(lambda x: np.full(x.shape, 0.5), output="probabilities", classes=["a", "b"])
    assert given.predict_distribution(X).names == ("a", "b")
    assert is_classifier(given)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"output": "meanstd"}, "did you mean 'mean_std'"),
        ({"output": "logits"}, "give class names together with"),
        ({"classes": ["a"]}, "give class names together with"),
        ({"batch_size": 0}, "batch_size=0"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        as_method(lambda x: x, **settings)


def test_output_of_an_estimator_is_not_for_the_user_to_say():
    with pytest.raises(InputError, match="leave output at 'auto'"):
        as_method(LinearRegression(), output="values")


@pytest.mark.parametrize(
    ("model", "message"), [("ridge", "a str cannot be wrapped"), (LinearRegression, "is a class, not")]
)
def test_what_is_no_model_is_refused(model, message):
    with pytest.raises(ContractError, match=message):
        as_method(model)


def test_functions_cannot_be_fitted():
    with pytest.raises(ContractError, match="a function cannot be fitted here; train it with its own tools"):
        as_method(lambda x: x).fit(X, X)


def test_wrapped_models_are_not_saved(tmp_path):
    with pytest.raises(ContractError, match="a wrapped LinearRegression cannot be saved here"):
        as_method(LinearRegression()).fit(X, X).save(tmp_path / "model")
    with pytest.raises(ContractError, match="wrapped models are never saved"):
        type(as_method(LinearRegression())).load(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_method_is_left_as_it_is():
    ridge = Ridge()
    assert as_method(ridge) is ridge


def test_wrong_width_is_refused_for_fitted_models():
    with pytest.raises(InputError, match="Wrapped got 1 features but was trained on 2"):
        as_method(LinearRegression().fit(X, X[:, 0])).predict(X[:, :1])


@pytest.fixture(scope="module")
def torch():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("torch")


def test_a_torch_module_is_called_in_evaluation_mode_without_gradients(torch):
    module = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Dropout(0.9), torch.nn.Linear(4, 2))
    module[1].eval()
    module[0].train()
    method = as_method(module, batch_size=3)
    first = method.predict(X)
    assert np.array_equal(first, method.predict(X))
    with torch.no_grad():
        expected = module.eval()(torch.as_tensor(X, dtype=torch.float32)).numpy()
    np.testing.assert_allclose(first, expected, rtol=1e-5)


def test_the_modes_of_a_torch_module_are_restored(torch):
    module = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.Dropout())
    module.train()
    module[1].eval()
    as_method(module).predict(X)
    assert [part.training for part in module.modules()] == [True, True, False]


def test_a_torch_module_may_return_mean_and_std(torch):
    class Both(torch.nn.Module):
        def forward(self, x):
            return torch.cat([x, 1 + x], dim=1)

    class Pair(torch.nn.Module):
        def forward(self, x):
            return x, 1 + x

    both, pair = as_method(Both(), output="mean_std"), as_method(Pair())
    for method in (both, pair):
        prediction = method.predict_distribution(X)
        assert isinstance(prediction, Normal)
        np.testing.assert_allclose(prediction.mean(), X)
        np.testing.assert_allclose(prediction.std(), 1 + X)


def test_torch_modules_cannot_be_fitted(torch):
    with pytest.raises(ContractError, match="a Linear cannot be fitted here"):
        as_method(torch.nn.Linear(2, 1)).fit(X, X)
