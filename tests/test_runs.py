import numpy as np
import pytest

import checkstar as cs
from checkstar.errors import InputError
from checkstar.methods import Ridge
from checkstar.methods.base import Method
from checkstar.noise import Gaussian
from checkstar.prediction import Classes, Point
from checkstar.problems.base import Metric, Problem

RNG = np.random.default_rng(0)


def data(n=120, labels=1, **fields):
    x = np.random.default_rng(n).normal(size=(n, 5))
    y = x @ np.random.default_rng(1).normal(size=(5, labels)) + 0.1 * np.random.default_rng(2).normal(size=(n, labels))
    return cs.Dataset(x, y, noise=0.1, **fields)


def problem():
    whole = data(labels=2)
    return Problem(
        name="toy",
        question="?",
        train=whole[:80],
        test=whole[80:],
        reference=Ridge(),
        metrics={},
        claims=(cs.Claim("ranking"),),
    )


class Broken(Method):
    def fit(self, x, y, *, noise=None, y_err=None):
        raise RuntimeError("the detector is on fire")

    def predict_distribution(self, x, *, noise=None):
        return Point(x)


def test_a_run_records_what_it_cost_and_leaves_the_method_alone():
    method = Ridge()
    done = cs.run(problem(), method, seed=3)
    assert not method.is_fitted()
    assert done.method.is_fitted()
    assert done.costs.fit_seconds > 0
    assert done.costs.predict_seconds > 0
    assert done.costs.peak_memory_mb > 1
    assert (done.costs.model_calls, done.costs.objects_predicted) == (1, 40)
    assert done.seed == 3
    assert done.reference.name == "Ridge"


def test_a_failed_run_is_a_result_with_its_reason():
    done = cs.run(problem(), Broken())
    assert done.failure == "RuntimeError: the detector is on fire"
    assert "in fit" in done.failure_traceback
    with pytest.raises(InputError, match="cannot be audited: RuntimeError: the detector is on fire"):
        cs.audit(done)
    with pytest.raises(InputError, match="has no predictions"):
        done.prediction  # noqa: B018 - the property raises


def test_the_reference_and_the_baselines_are_fitted_once_for_a_problem():
    one = problem()
    first, second = cs.run(one, Ridge()), cs.run(one, Ridge(n_components=2))
    assert first.reference is second.reference
    assert all(first.baselines[name] is found for name, found in second.baselines.items())


def test_the_seed_reaches_a_method_that_takes_one():
    from checkstar.methods import Forest

    done = cs.run(problem(), Forest(), seed=11)
    assert done.method.random_state == 11


def test_repeated_predictions_are_shared_and_counted_once():
    done = cs.run(problem(), Ridge())
    x = done.test.x + 1
    first, second = done.predict(x, done.test.noise), done.predict(x.copy(), done.test.noise)
    assert first is second
    assert done.costs.model_calls == 2
    assert done.predict(x, Gaussian(0.7)) is not first


def test_a_scikit_learn_estimator_is_fitted_on_the_training_data():
    from sklearn.linear_model import LinearRegression

    whole = data()
    done = cs.Run.of(LinearRegression(), train=whole[:80], test=whole[80:])
    assert done.failure is None
    assert np.std(done.prediction.mean() - whole[80:].y) < 0.2


def test_a_fitted_estimator_is_used_as_it_is():
    from sklearn.linear_model import LinearRegression

    whole = data()
    fitted = LinearRegression().fit(whole.x[:80], whole.y[:80, 0])
    before = fitted.coef_.copy()
    done = cs.Run.of(fitted, train=whole[:20], test=whole[80:])
    assert np.array_equal(before, fitted.coef_)
    assert np.isnan(done.costs.fit_seconds)


def test_a_classifier_gives_class_probabilities():
    from sklearn.linear_model import LogisticRegression

    x = RNG.normal(size=(200, 3))
    y = np.where(x[:, 0] > 0, "star", "galaxy")
    whole = cs.Dataset(x, y)
    done = cs.Run.of(LogisticRegression(), train=whole[:100], test=whole[100:])
    assert isinstance(done.prediction, Classes)
    assert done.prediction.names == ("galaxy", "star")


def test_samples_of_a_posterior_make_a_run():
    truth = RNG.normal(size=(50, 2))
    samples = truth[:, None, :] + RNG.normal(size=(50, 100, 2))
    done = cs.Run.from_samples(samples, truth, labels=["a", "b"])
    assert done.prediction.shape == (50, 2)
    assert done.labels == ("a", "b")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: cs.Run(name="t", test=cs.Dataset(y=np.zeros(3)), prediction=Point(np.zeros(4))),
            "4 predictions but 3 true",
        ),
        (
            lambda: cs.Run(name="t", test=cs.Dataset(x=np.zeros((3, 1))), prediction=Point(np.zeros(3))),
            "have no truth y",
        ),
        (
            lambda: cs.Run(name="t", test=cs.Dataset(y=["a", "b"]), prediction=Point(np.zeros(2))),
            "truth is for classification but the predictions are of kind 'point'",
        ),
        (
            lambda: cs.Run(
                name="t", test=cs.Dataset(y=["a", "q"]), prediction=Classes(np.full((2, 2), 0.5), ["a", "b"])
            ),
            "there is no class 'q'",
        ),
        (lambda: cs.Run.from_samples(np.zeros((5, 10, 2)), np.zeros((4, 2))), "5 predictions but 4 true"),
        (lambda: cs.Run.of(lambda x: x, test=cs.Dataset(y=np.zeros(3))), "have no observations x"),
    ],
)
def test_what_does_not_fit_together_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


@pytest.mark.parametrize(
    ("log_prob", "message"),
    [
        (3, "log_prob is a int; give a pair: .5, 10. at the draws and .5,. at the truth"),
        (np.zeros((5, 10)), "log_prob is a ndarray; give a pair"),
        ((1, 2, 3), "log_prob is 3 things"),
        (("a", "b"), "log_prob does not hold numbers"),
        ((np.zeros((10, 5)), np.zeros(5)), "log_prob has shapes .10, 5. and .5,."),
    ],
)
def test_densities_of_another_shape_are_refused(log_prob, message):
    with pytest.raises(InputError, match=message):
        cs.Run.from_samples(np.zeros((5, 10, 2)), np.zeros((5, 2)), log_prob=log_prob)


def test_the_only_label_needs_no_name_and_several_do():
    whole = data(labels=2)
    done = cs.Run(name="t", test=whole, prediction=Point(whole.y))
    with pytest.raises(InputError, match="2 labels \\(y0, y1\\); name one"):
        done.view(None)
    with pytest.raises(InputError, match="did you mean 'y0'"):
        done.view("y00")
    assert done.view("y1").truth == pytest.approx(whole.y[:, 1])


def test_the_spread_of_the_labels_is_that_of_training_else_of_the_truth_without_its_errors():
    y = RNG.normal(size=50_000)
    seen = y + RNG.normal(size=50_000)
    alone = cs.Run(name="t", test=cs.Dataset(y=seen, y_err=1.0), prediction=Point(y))
    assert alone.view(None).spread == pytest.approx(1.0, abs=0.03)
    trained = cs.Run(name="t", test=cs.Dataset(y=seen), train=cs.Dataset(y=3 * y), prediction=Point(y))
    assert trained.view(None).spread == pytest.approx(3.0, abs=0.05)


def test_the_subject_names_what_was_audited():
    subject = cs.run(problem(), Ridge(n_components=3)).subject()
    assert subject["settings"]["n_components"] == 3
    assert subject["method"] == subject["reference"] == "Ridge"
    other = cs.run(problem(), Ridge(n_components=4)).subject()
    assert subject["data_hash"] == other["data_hash"]
    assert subject["settings_hash"] != other["settings_hash"]


def test_a_metric_is_a_function_with_a_direction():
    metric = Metric(name="bias", function=lambda t, p: np.mean(p - t), direction="lower", unit="dex", source="-")
    assert metric(np.zeros(3), np.ones(3)) == 1.0


def test_a_problem_is_one_dataset_split():
    with pytest.raises(InputError, match="different labels or features"):
        Problem(name="p", question="?", train=data(), test=data(labels=2), reference=Ridge(), metrics={}, claims=())


def test_a_reference_that_fails_says_so():
    whole = data()
    with pytest.raises(InputError, match=r"the reference .* failed: ZeroDivisionError"):
        cs.Run.of(lambda x: x.sum(axis=1), test=whole, reference=lambda x: 1 / 0)


def test_training_labels_in_another_unit_or_of_another_quantity_are_refused():
    y = np.arange(9.0)
    for train, message in (
        (cs.Dataset(y=y, labels=["mass"], units={"mass": "kg"}), "'kg' in train but in 'Msun' in test"),
        (cs.Dataset(y=y, labels=["age"]), "the training labels are"),
    ):
        with pytest.raises(InputError, match=message):
            cs.Run(
                name="t",
                train=train,
                test=cs.Dataset(y=y, labels=["mass"], units={"mass": "Msun"}),
                prediction=Point(y),
            )


def test_only_problems_are_run():
    with pytest.raises(InputError, match="run got a str; give a Problem"):
        cs.run("stellar-labels", Ridge())
