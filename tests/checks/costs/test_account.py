import math

import numpy as np
import pytest

from checkstar.checks.costs.account import Account
from checkstar.claims import USES, Claim
from checkstar.data.dataset import Dataset
from checkstar.evidence import Verdict
from checkstar.methods import as_method
from checkstar.prediction import Point
from checkstar.runs import Costs, Run


def examine(claim=None, settings=None, **costs):
    known = {
        "fit_cpu_seconds": 50.0,
        "predict_cpu_seconds": 2.0,
        "peak_memory_mb": 300.0,
        "objects_predicted": 100,
        "model_calls": 1,
    }
    run = Run(
        name="t",
        test=Dataset(np.zeros((100, 1)), np.zeros(100)),
        prediction=Point(np.zeros(100)),
        method=as_method(lambda x: x[:, 0]),
        costs=Costs(**{**known, **costs}),
    )
    claim = claim or Claim("object_value", n_objects=1000)
    return Account(**(settings or {})).examine(run, claim, np.random.default_rng(0))


def test_all_stages_add_up():
    found = examine(objects_predicted=600, settings={"search_seconds": 130.0})
    # 130 searching, 50 training, 1000 x 0.02 predicting, 500 x 0.02 auditing; over a thousand objects.
    assert found.value == pytest.approx((130 + 50 + 20 + 10) / 1000)
    shown = {part.name: part.estimate.value for part in found.parts[1:]}
    assert shown == pytest.approx(
        {"search": 0.13, "training": 0.05, "prediction of 1,000 objects": 0.02, "this audit so far": 0.01}
    )
    assert sum(shown.values()) == pytest.approx(found.value)
    assert "210 ms of CPU an object, 3.5 min in all" in found.reason
    assert "peak memory 300 MB" in found.reason


def test_energy_is_modelled_and_says_so():
    found = examine(settings={"watts_per_core": 20.0})
    # 70 CPU seconds at 20 W are 1400 J, for a thousand objects.
    energy = {limit.name: limit for limit in found.limits_of_use}["energy_per_object"]
    assert (energy.value, energy.unit) == (pytest.approx(1.4), "J")
    assert "modelled energy" in found.reason
    assert "at 20 W a core" in found.reason
    assert "modelled" in energy.text


def test_the_limit_is_a_setting():
    assert examine(settings={"limit_seconds": 0.08}).verdict is Verdict.PASS
    assert examine(settings={"limit_seconds": 0.06}).verdict is Verdict.FAIL


def test_more_objects_share_the_training():
    values = [examine(Claim("object_value", n_objects=n)).value for n in (10, 1000, 100_000)]
    assert values == pytest.approx([5.02, 0.07, 0.0205])
    assert examine(Claim("object_value")).value == pytest.approx(0.07)


def test_unknown_training_leaves_the_account_open_upwards():
    found = examine(fit_cpu_seconds=math.nan)
    assert (found.value, found.high) == (pytest.approx(0.02), math.inf)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "the cost of training is not known" in found.reason
    assert examine(fit_cpu_seconds=math.nan, settings={"limit_seconds": 0.01}).verdict is Verdict.FAIL


def test_predictions_that_were_not_timed_decide_nothing():
    assert examine(predict_cpu_seconds=math.nan).verdict is Verdict.INCONCLUSIVE


def test_a_real_run_is_accounted_for():
    from sklearn.linear_model import LinearRegression

    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    run = Run.of(LinearRegression(), train=Dataset(x[:100], x[:100, 0]), test=Dataset(x[100:], x[100:, 0]))
    found = Account().examine(run, Claim("object_value"), rng)
    assert found.verdict is Verdict.PASS
    assert found.value > 0


def test_it_decides_no_claim_and_asks_for_no_prediction():
    assert not any(Account().decides(Claim(use)) for use in USES)
    assert Account().calls(None) == 0
