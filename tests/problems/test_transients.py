import os

import numpy as np
import pytest

import checkstar as cs
from checkstar.data.curve_layout import CurveLayout
from checkstar.errors import InputError
from checkstar.problems.transients import REDSHIFT_METRICS
from checkstar.simulators.explosions import EXPLOSIONS
from checkstar.testing import check_problem


@pytest.fixture(scope="module")
def problem():
    return cs.problems.supernovae(n_simulated=600)


@pytest.fixture
def shared():
    if not os.environ.get("CHECKSTAR_DATA"):
        pytest.skip("CHECKSTAR_DATA is not set: the shared data are not here")


def test_the_simulated_problem_needs_no_download_and_keeps_the_contract(problem, monkeypatch):
    monkeypatch.delenv("CHECKSTAR_DATA", raising=False)
    check_problem(problem)
    assert len(problem.train) + len(problem.test) == 600
    assert sorted(np.unique(problem.test.y)) == sorted(EXPLOSIONS)


def test_the_split_and_the_events_are_those_of_the_seed():
    one, same, other = (cs.problems.supernovae(n_simulated=120, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(one.test.x, same.test.x, equal_nan=True)
    assert not np.array_equal(one.test.x[:10, 0], other.test.x[:10, 0])


def test_the_redshift_of_the_host_is_an_extra_and_the_true_one_is_not(problem):
    layout = CurveLayout.of(problem.test.features)
    assert layout.extras == ("redshift", "redshift_err")
    assert layout.unit == "nJy"
    assert layout.bands == ("u", "g", "r", "i", "z", "Y")
    assert not np.allclose(problem.test.x[:, 0], problem.test.meta["true_redshift"])


def test_the_zero_point_is_a_factor_on_fluxes_alone(problem):
    layout = CurveLayout.of(problem.test.features)
    moved = problem.scope.nuisances[0].apply(problem.test.x, 1.0)
    values = list(layout.value_columns)
    np.testing.assert_allclose(moved[:, values], 1.01 * problem.test.x[:, values])
    others = np.setdiff1d(np.arange(layout.n_features), values)
    np.testing.assert_array_equal(moved[:, others], problem.test.x[:, others])


def test_the_reference_beats_the_frequencies_in_every_score(problem):
    view = cs.run(problem, problem.reference).view("class")
    scores = {metric.name: metric.score(view.truth, view.prediction) for metric in problem.metrics["class"]}
    most = np.unique(view.truth, return_counts=True)[1].max() / len(view.truth)
    assert scores["accuracy"] > most + 0.15
    assert scores["balanced_accuracy"] > 2 / 6


@pytest.mark.parametrize(
    ("arguments", "message"), [({"source": "lsst"}, "source is 'lsst'"), ({"n_simulated": 10}, "n_simulated is 10")]
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        cs.problems.supernovae(**arguments)


def test_redshift_metrics_are_relative_to_one_plus_the_redshift():
    truth, predicted = np.full(5, 1.0), np.array([0.98, 1.0, 1.02, 1.04, 3.0])
    scores = [metric(truth, predicted) for metric in REDSHIFT_METRICS]
    np.testing.assert_allclose(scores, [0.01, 1.4826 * 0.01])


def test_ztf_keeps_the_contract_and_its_candles_give_distances(shared):
    problem = cs.problems.supernovae("ztf")
    check_problem(problem)
    view = cs.run(problem, problem.reference).view("redshift")
    nmad = next(metric for metric in problem.metrics["redshift"] if metric.name == "nmad")
    blind = nmad(view.truth, np.full(len(view.truth), np.median(problem.train.y)))
    # Candles of 0.3 mag at a redshift of 0.06 are right to 0.01; guessing the middle is twice as bad.
    assert nmad(view.truth, view.predicted) < 0.55 * blind
    assert not {"peak_mag", "peak_mjd"} & set(problem.test.meta.columns)
