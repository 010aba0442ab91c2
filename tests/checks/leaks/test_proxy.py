import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

import checkstar as cs
from checkstar.checks.leaks.proxy import Proxy
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.evidence import Verdict
from checkstar.prediction import Classes, Point
from checkstar.runs import Run
from checkstar.simulators import linear_gaussian

CLAIM = Claim("object_value")


def examine(run, claim=CLAIM, seed=0, **settings):
    return Proxy(**settings).examine(run, claim, np.random.default_rng(seed))


def regression(n=600, seed=0, extra=None, features=None, meta=None, **fields):
    """Eight honest features of one label, and columns made from the label by `extra(y, rng)`."""
    rng = np.random.default_rng(seed)
    drawn = linear_gaussian(2 * n, rng, n_features=8, noise=0.3)
    x = drawn.x if extra is None else np.column_stack([drawn.x, extra(drawn.y, rng)])
    names = [f"flux{j}" for j in range(8)] + (features or [])
    table = None if meta is None else pd.DataFrame(meta(drawn.y, rng))
    halves = (slice(0, n), slice(n, None))
    train, test = (
        Dataset(x[h], drawn.y[h], features=names, meta=None if table is None else table[h], **fields) for h in halves
    )
    return Run(name="t", train=train, test=test, prediction=Point(drawn.estimate[n:]))


def part(found, name):
    return next(p for p in found.parts if p.name == name)


def test_a_feature_made_from_the_label_is_named():
    found = examine(regression(extra=lambda y, rng: y + 0.05 * rng.standard_normal(len(y)), features=["template"]))
    assert found.verdict is Verdict.FAIL
    assert found.worst.name == "template"
    found = examine(regression(extra=lambda y, rng: y + 0.05 * rng.standard_normal(len(y)), features=["z_best"]))
    assert found.worst.name == "z_best"
    # 1 - 0.05^2 / 0.3^2, less than that by what the others lose through the penalty.
    assert found.value == pytest.approx(1 - 0.05**2 / 0.3**2, abs=0.02)
    assert "z_best alone leaves" in found.reason


def test_two_copies_of_the_label_do_not_hide_each_other():
    def twice(y, rng):
        copy = y + 0.05 * rng.standard_normal(len(y))
        return np.column_stack([copy, 3 * copy - 1])

    found = examine(regression(extra=twice, features=["a", "b"]))
    assert found.verdict is Verdict.FAIL
    assert {p.name for p in found.parts if p.estimate.low > p.limit} == {"a", "b"}


def test_two_noisy_copies_of_the_label_do_not_pass_either():
    def twice(y, rng):
        return y[:, None] + 0.05 * rng.standard_normal((len(y), 2))

    found = examine(regression(extra=twice, features=["a", "b"]))
    # Both may be honest, like the brightness in two bands: nobody is accused.
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "less squared error than all columns together that are not like it" in found.reason
    assert examine(regression(extra=twice, features=["a", "b"]), explained=("a", "b")).verdict is Verdict.PASS


def test_honest_features_pass_and_are_worse_than_the_others():
    found = examine(regression())
    assert found.verdict is Verdict.PASS
    assert found.value < 0


def test_what_the_others_know_in_a_crooked_way_counts():
    rng = np.random.default_rng(0)
    x = rng.uniform(-2, 2, (3000, 2))
    y = np.sin(4 * x[:, 0]) + np.abs(x[:, 1])
    x = np.column_stack([x, y + 0.3 * rng.standard_normal(3000)])
    run = Run(name="t", train=Dataset(x[:1500], y[:1500]), test=Dataset(x[1500:], y[1500:]), prediction=Point(y[1500:]))
    # Trees learn the first two to better than 0.3; a line does not learn them at all.
    assert examine(run).verdict is Verdict.PASS


def test_the_share_of_a_record_is_its_share_of_the_explainable_variance():
    # A plate drawn from the label in four bins of equal number: of a unit normal they explain 86.1 % (the variance of
    # the means of its quarters); the method explains all but 0.09 of it.
    found = examine(
        regression(2000, extra=lambda y, rng: np.searchsorted(np.quantile(y, [0.25, 0.5, 0.75]), y), features=["plate"])
    )
    quarters = 0.861 / (1 - 0.09)
    assert part(found, "plate").estimate.value == pytest.approx(quarters, abs=0.03)
    assert found.verdict is Verdict.FAIL
    assert "plate alone reaches" in found.reason


def test_identifiers_in_no_order_are_found_by_their_values():
    def fields(y, rng):
        names = rng.permutation(300)
        return names[np.searchsorted(np.quantile(y, np.linspace(0, 1, 301)[1:-1]), y)]

    found = examine(regression(2000, extra=fields, features=["field_id"]))
    # Means of seven objects, drawn towards the mean of all by two: (2 / 9)^2 is lost. A tree of 32 leaves finds little.
    assert part(found, "field_id").estimate.value == pytest.approx(1 - (2 / 9) ** 2, abs=0.06)
    assert found.verdict is Verdict.FAIL


def test_records_that_know_nothing_pass():
    found = examine(regression(1000, extra=lambda y, rng: rng.integers(0, 50, len(y)), features=["run"]))
    assert found.verdict is Verdict.PASS
    assert part(found, "run").estimate.value == pytest.approx(0, abs=0.08)


def test_metadata_that_the_method_does_not_see_is_named_and_does_not_decide():
    found = examine(
        regression(
            meta=lambda y, rng: {"z_spec": y + 0.01, "class": np.where(y > 0, "hot", "cold"), "ra": rng.random(len(y))}
        )
    )
    assert found.verdict is Verdict.PASS
    assert not part(found, "z_spec").decides
    assert found.reason.endswith("not used, but would give it away: z_spec")


def test_the_label_itself_in_the_metadata_is_no_discovery():
    found = examine(regression(meta=lambda y, rng: {"truth": y}))
    assert "truth" not in {p.name for p in found.parts}


def test_explained_columns_are_shown_and_do_not_decide():
    run = regression(extra=lambda y, rng: y + 0.05 * rng.standard_normal(len(y)), features=["parallax"])
    found = examine(run, explained=("parallax",))
    assert found.verdict is Verdict.PASS
    assert not part(found, "parallax").decides


def test_one_column_is_nothing_to_compare_with():
    drawn = linear_gaussian(400, 0)
    data = Dataset(drawn.y[:, None], drawn.y)
    with pytest.raises(NotApplicable, match="one column"):
        examine(Run(name="t", train=data[:200], test=data[200:], prediction=Point(drawn.y[200:])))


def test_a_label_that_nothing_predicts_decides_nothing():
    rng = np.random.default_rng(0)
    data = Dataset(rng.normal(size=(400, 3)), rng.normal(size=400))
    found = examine(Run(name="t", train=data[:200], test=data[200:], prediction=Point(np.zeros(200))))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "predict the label at all" in found.reason


@pytest.mark.parametrize("n", [60, 200])
def test_a_column_as_good_as_all_others_together_is_hardly_ever_failed(n):
    # The limit lies at the fault itself: three groups of features, one a single column of the same information as all
    # others together, so its fault is near zero.
    failed = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        y = rng.standard_normal(2 * n)
        x = np.column_stack([y + 0.5 * rng.standard_normal(2 * n), y[:, None] + rng.standard_normal((2 * n, 4))])
        train, test = Dataset(x[:n], y[:n]), Dataset(x[n:], y[n:])
        run = Run(name="t", train=train, test=test, prediction=Point(x[n:].mean(axis=1)))
        failed += examine(run, seed=seed, limit=0.0).verdict is Verdict.FAIL
    # A tree of one column is no better than ridge regression of four: at most 2.5 %, more than 6 of 60 has
    # probability 0.001.
    assert failed <= 6


def test_classes_weights_groups_missing_values_constants_and_few_objects_do_not_crash():
    rng = np.random.default_rng(0)
    n = 300
    y = np.where(rng.random(n) < 0.5, "star", "galaxy")
    x = rng.normal(size=(n, 4)) + (y == "star")[:, None]
    x[rng.random(x.shape) < 0.1] = np.nan
    x[:, 3] = 1.0
    p = np.where(y == "star", 0.8, 0.2)
    prediction = Classes(np.column_stack([p, 1 - p]), ["star", "galaxy"])
    data = Dataset(
        x, y, weight=rng.random(n), group=np.arange(n) // 3, meta={"group_id": np.arange(n) // 3, "s": ["a"] * n}
    )
    run = Run(name="t", train=data[:150], test=data[150:], prediction=prediction[150:])
    assert examine(run, Claim("classification")).verdict in (Verdict.PASS, Verdict.INCONCLUSIVE)
    for few in (1, 2, 5):
        tiny = Run(name="t", train=data[:few], test=data[150 : 150 + few], prediction=prediction[150 : 150 + few])
        assert examine(tiny, Claim("classification")).verdict is not Verdict.FAIL


@pytest.fixture(scope="module")
def sky():
    folder = os.environ.get("CHECKSTAR_DATA")
    path = Path(folder or "") / "star-galaxy/sdss-dr14-skyserver/skyserver_sdss_dr14_10000.csv"
    if not folder or not path.is_file():
        pytest.skip("CHECKSTAR_DATA is not set, or has no SDSS DR14 sample")
    return pd.read_csv(path)


BANDS = ["u", "g", "r", "i", "z"]
HONEST = ["ra", "dec", "run", "camcol", "field"]


def sdss(table, features, meta):
    data = Dataset(table[features], table["class"].to_numpy(), meta=table[meta])
    train, test = data.split(0.4, 0)
    return Run.of(HistGradientBoostingClassifier(max_iter=60, random_state=0), train=train, test=test)


def proxies(found):
    return {p.name for p in found.parts if p.estimate.low > p.limit}


def test_redshift_and_plate_are_named_among_the_features_of_sdss_and_nothing_else_is(sky):
    found = examine(sdss(sky, [*BANDS, *HONEST, "redshift", "plate"], []), Claim("classification"), max_candidates=12)
    assert found.verdict is Verdict.FAIL
    assert proxies(found) == {"redshift", "plate"}
    assert {*BANDS, *HONEST} < {p.name for p in found.parts}


def test_redshift_and_plate_are_named_in_the_metadata_of_sdss_and_do_not_decide(sky):
    found = examine(sdss(sky, BANDS, [*HONEST, "redshift", "plate"]), Claim("classification"), max_candidates=12)
    assert found.verdict is Verdict.PASS
    assert proxies(found) == {"redshift", "plate"}
    assert "not used, but would give it away: redshift, plate" in found.reason


def test_one_pixel_that_tells_the_temperature_of_a_star_is_not_failed():
    problem = cs.problems.stellar_labels()
    run = Run.of(cs.methods.Ridge(), train=problem.train, test=problem.test)
    for label in ("teff", "logg", "feh"):
        assert examine(run, Claim("object_value", label=label)).verdict is not Verdict.FAIL
