import numpy as np
import pytest
from scipy import stats

from checkstar.checks.shifts.cross_survey import CrossSurvey
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.evidence import Verdict
from checkstar.methods import BoostedTrees, as_method
from checkstar.runs import Run
from checkstar.scope import Scope


def draw(n, seed, offset=0.0, scatter=0.5, **fields):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=n)
    return Dataset((y + offset + scatter * rng.normal(size=n))[:, None], y, **fields)


def examine(test, **suites):
    method = as_method(lambda x: (x[:, 0], np.full(len(x), 0.5)))
    run = Run.of(method, test=test, scope=Scope(suites=suites))
    return CrossSurvey().examine(run, Claim("object_value"), np.random.default_rng(0))


def parts(found):
    return {part.name: part.estimate for part in found.parts}


def test_bias_coverage_and_error_are_those_of_normals():
    found = parts(examine(draw(5000, 0), B=draw(5000, 1, offset=0.3, scatter=0.75)))
    # 0.3 in units of 0.5; |error| of a normal with mean 0.3 and sigma 0.75 over that of sigma 0.5.
    folded = stats.foldnorm(0.3 / 0.75, scale=0.75).mean() / stats.foldnorm(0, scale=0.5).mean() - 1
    inside = np.diff(stats.norm.cdf([-0.5, 0.5], 0.3, 0.75))[0]
    assert found["bias on B"].value == pytest.approx(0.6, abs=0.07)
    assert found["error on B"].value == pytest.approx(folded, abs=0.06)
    assert found["coverage on B"].value == pytest.approx(0.6827 - inside, abs=0.03)


def test_a_suite_like_the_test_set_passes_and_the_worst_suite_decides():
    assert examine(draw(5000, 0), B=draw(5000, 1)).verdict is Verdict.PASS
    found = examine(draw(5000, 0), good=draw(5000, 1), bad=draw(5000, 2, offset=0.5))
    assert found.verdict is Verdict.FAIL
    assert "on bad" in found.reason


def test_intervals_hold_the_truth():
    held = []
    for seed in range(300):
        found = parts(examine(draw(100, 2 * seed), B=draw(60, 2 * seed + 1, offset=0.4)))["bias on B"]
        held.append(found.low <= 0.8 <= found.high)
    # 95 % of 300 within three sigma; the scatter that is the unit is estimated too.
    assert np.mean(held) > 0.91


def test_fields_not_objects_count():
    apart = examine(draw(2000, 0), B=draw(2000, 1, group=np.arange(2000) // 400))
    assert apart.verdict is Verdict.INCONCLUSIVE
    assert "less than 20 independent objects" in apart.reason


def test_classes_are_compared_by_their_share_of_wrong_ones():
    rng = np.random.default_rng(3)

    def classes(n, apart):
        truth = rng.integers(2, size=n)
        return Dataset(apart * truth[:, None] + rng.normal(size=(n, 1)), np.array(["a", "b"])[truth])

    model = BoostedTrees(random_state=0).fit_data(classes(2000, 3.0))
    run = Run.of(model, test=classes(2000, 3.0), scope=Scope(suites={"B": classes(2000, 1.5)}))
    found = CrossSurvey().examine(run, Claim("classification"), np.random.default_rng(0))
    assert [part.name for part in found.parts] == ["error on B"]
    assert found.verdict is Verdict.FAIL


def test_suites_of_other_features_or_without_truth_do_not_apply():
    with pytest.raises(NotApplicable, match="no suite has observations"):
        examine(draw(100, 0), B=Dataset(np.zeros((50, 3)), np.zeros(50)), C=Dataset(np.zeros((50, 1))))


def test_another_field_is_another_survey(boss):
    from checkstar.methods import Ridge

    data = {
        name: Dataset(np.where(np.isfinite(d.noise.sigma(d.x)), d.x, 25.0), d.y, labels=["z"])
        for name, d in ((name, boss(name)) for name in ("0", "1", "colorCuts"))
    }
    model = Ridge().fit_data(data["0"][:3000])
    suites = {"half": data["0"][3000:4500], "1": data["1"], "cuts": data["colorCuts"]}
    run = Run.of(model, test=data["0"][4500:], scope=Scope(suites=suites))
    found = CrossSurvey().examine(run, Claim("object_value"), np.random.default_rng(0))
    # The other field is biased by a quarter of sigma, the half not shown to be.
    assert parts(found)["bias on 1"].low > parts(found)["bias on half"].value
    assert parts(found)["bias on half"].low == 0
    assert found.verdict is not Verdict.PASS


def test_selection_weights_count_as_copies_do():
    test, suite = draw(600, 0), draw(400, 1, offset=0.4)
    odd = np.arange(400) % 4 == 0
    suite.y[odd] += 1.0
    heavy = parts(examine(test, B=Dataset(suite.x, suite.y, weight=np.where(odd, 1.0, 4.0))))
    rows = np.repeat(np.arange(400), np.where(odd, 1, 4))
    copied = parts(examine(test, B=Dataset(suite.x[rows], suite.y[rows], group=rows)))
    for name in ("bias on B", "error on B", "coverage on B"):
        assert heavy[name].value == pytest.approx(copied[name].value)
        # The same units and sums; Student's t at Kish's number of them.
        assert heavy[name].high == pytest.approx(copied[name].high, rel=0.02)


def test_a_few_heavy_objects_decide_as_few():
    weight = np.ones(2000)
    weight[:5] = 5000.0
    found = parts(examine(draw(2000, 0), B=draw(2000, 1, weight=weight)))["bias on B"]
    assert found.n < 7
