"""Checks say the truth of runs on light curves, whose columns mean nothing side by side."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import checkstar as cs
from checkstar.checks import default_checks
from checkstar.checks.shifts.novelty import Novelty
from checkstar.data.curve_layout import CurveLayout, curve_dataset
from checkstar.data.curve_shapes import CurveShapes
from checkstar.data.dataset import Dataset
from checkstar.data.light_curves import LightCurves
from checkstar.evidence import Verdict
from checkstar.examinations import Examiner
from checkstar.methods import Method
from checkstar.prediction import Classes
from checkstar.symmetries import EpochOrder, TimeShift
from checkstar.variability.nuisances import dropped_epochs, extra_scatter

CHECKS = {check.name: check for check in default_checks(refit=True)}
CLAIM = cs.Claim("classification")


def simulated(n, seed, *, classes=("sine", "noise"), epochs=40, error=0.03, bright=15.0, start=53_000.0):
    """Variable stars that differ in nothing but their light curves; positions on a sparse sky."""
    rng = np.random.default_rng(seed)
    time, value, meta = [], [], []
    for i in range(n):
        t = np.sort(start + rng.uniform(0, 1000, rng.integers(epochs // 2, epochs + 1)))
        period, kind = 10 ** rng.uniform(-0.5, 1), classes[rng.integers(len(classes))]
        phase = (t / period + rng.random()) % 1
        shapes = {"sine": 0.4 * np.sin(2 * np.pi * phase), "noise": 0 * phase, "odd": 0.9 * (phase < 0.1)}
        time.append(t)
        value.append(bright + rng.normal(0, 1) + shapes[kind] + error * rng.standard_normal(len(t)))
        meta.append((f"{seed}-{i}", kind, period, rng.uniform(0, 360), rng.uniform(-60, 60)))
    errors = [error * np.exp(0.1 * rng.standard_normal(len(t))) for t in time]
    table = pd.DataFrame(meta, columns=["id", "class", "period", "ra", "dec"])
    return LightCurves.from_lists(time, value, errors, meta=table)


def dataset(curves, **settings):
    return curve_dataset(curves, "class", **{"extras": ["period"], "group": "id"} | settings)


class Wobble(Method):
    """The probability of "sine" by the scatter in units of the error; `origin` makes it heed the phase of the first epoch."""

    def __init__(self, origin: float = 0.0, random_state: int = 0) -> None:
        self.origin = origin
        self.random_state = random_state

    def fit(self, x, y, *, noise=None, y_err=None, features=None):
        self.features_ = list(features)
        self.names_ = sorted(set(np.ravel(y).tolist()))
        return self

    def predict_distribution(self, x, *, noise=None):
        features = CurveLayout.of(self.features_).for_width(x.shape[1]).features
        found = dict(zip(CurveShapes().names(features), CurveShapes()(x, noise, features).T, strict=True))
        odds = 3 * (np.nan_to_num(found["log chi2"], nan=0.8) - 0.8)
        odds = odds + self.origin * np.nan_to_num(np.sin(x[:, 1]))
        rest = len(self.names_) - 1
        p = 1 / (1 + np.exp(-odds))
        columns = [p if name == "sine" else (1 - p) / rest for name in self.names_]
        return Classes(np.column_stack(columns), self.names_)


@pytest.fixture(scope="module")
def run():
    # Rows of training and test set differ in their width, as those of two files do.
    train, test = dataset(simulated(300, 0)), dataset(simulated(300, 1), n_epochs=50)
    features = test.features
    scope = cs.Scope(
        target=dataset(simulated(250, 2, epochs=20)),
        suites={"other": dataset(simulated(250, 3, epochs=20, error=0.06, classes=("sine", "noise", "odd")))},
        novelties=dataset(simulated(60, 4, classes=("odd",))),
        symmetries=(TimeShift(columns=list(test.layout.time_columns)), EpochOrder(features=features)),
        nuisances=(dropped_epochs(features, 0.3), extra_scatter(features, 0.05)),
        other_uses={"calibrators": dataset(simulated(50, 0))},
    )
    return cs.Run.of(Wobble(), train=train, test=test, scope=scope)


def asked(run, *names, claim=CLAIM):
    examiner = Examiner(run, 0)
    checks = [CHECKS[name] if isinstance(name, str) else name for name in names]
    found = examiner.examine_all([(claim, check) for check in checks])
    return found[0] if len(found) == 1 else found


@pytest.mark.parametrize("use", ["classification", "ranking", "anomaly"])
def test_no_check_crashes_on_light_curves(run, use):
    examiner, claim = Examiner(run, 0), cs.Claim(use)
    found = examiner.examine_all([(claim, check) for check in default_checks()])
    assert [e.check for e in found if e.verdict is Verdict.ERROR] == []


@pytest.mark.parametrize("name", ["preprocessing", "importance"])
def test_what_has_no_meaning_for_light_curves_is_not_asked(run, name):
    found = asked(run, name)
    assert found.verdict is Verdict.NOT_APPLICABLE
    assert "light curve" in found.reason


def test_objects_alike_pass_and_others_are_found(run):
    alike = asked(run, "domain")
    assert alike.verdict is Verdict.PASS
    strange = dataset(simulated(300, 5, error=0.3, bright=20.0))
    far = cs.Run.of(run.method, train=run.train, test=strange)
    found = asked(far, "domain")
    assert found.verdict is Verdict.FAIL
    assert found.flags["outside_domain"].mean() > 0.5


def test_a_shift_is_told_in_words_of_light_curves(run):
    found = asked(run, "input_shift")
    assert found.verdict is Verdict.FAIL
    assert "noise and sampling included" in found.reason
    assert "log epochs" in found.reason


def test_the_simple_methods_see_the_descriptors(run):
    found = asked(run, "baselines")
    assert {part.name for part in found.parts} == {"against Constant", "against BoostedTrees"}
    # Boosting on the descriptors tells sines from noise almost without error.
    trees = run.baseline("BoostedTrees")
    assert (trees.predicted() == run.test.y[:, 0]).mean() > 0.95


def with_first(data, other, n, columns=()):
    """`data` with its first n light curves replaced by those of `other`, and some columns of the metadata."""
    x, sigma = data.x.copy(), np.array(data.noise.sigma(data.x))
    x[:n], sigma[:n] = other.x[:n], other.noise.sigma(other.x)[:n]
    meta = data.meta.copy()
    for column in columns:
        meta.loc[: n - 1, column] = other.meta[column].to_numpy()[:n]
    return Dataset(x, data.y, noise=sigma, features=data.features, meta=meta, group="id", labels=data.labels)


def test_a_star_under_two_names_is_found_by_its_epochs():
    train, test = dataset(simulated(200, 0), n_epochs=40), dataset(simulated(200, 1), n_epochs=40)
    clean = asked(cs.Run.of(Wobble(), train=train, test=test), "leakage")
    assert clean.verdict is Verdict.PASS
    planted = asked(cs.Run.of(Wobble(), train=train, test=with_first(test, train, 7)), "leakage")
    assert planted.verdict is Verdict.FAIL
    assert planted.flags["copy_in_training"].nonzero()[0].tolist() == list(range(7))
    near = asked(cs.Run.of(Wobble(), train=train, test=with_first(test, train, 7)), "neighbours")
    assert near.flags["near_training"][:7].all()


def test_a_star_observed_twice_is_found_by_its_position():
    train, test = dataset(simulated(200, 0)), dataset(simulated(200, 1))
    assert asked(cs.Run.of(Wobble(), train=train, test=test), "positions").verdict is Verdict.PASS
    meta = test.meta.copy()
    meta.loc[:4, ["ra", "dec"]] = train.meta.loc[:4, ["ra", "dec"]].to_numpy()
    again = Dataset(test.x, test.y, noise=test.noise, features=test.features, meta=meta, labels=test.labels)
    found = asked(cs.Run.of(Wobble(), train=train, test=again), "positions")
    assert found.verdict is Verdict.FAIL
    assert found.flags["position_in_training"].sum() == 5


def test_measurements_used_twice_are_counted(run):
    found = asked(run, "double_use")
    shares = {part.name: part.estimate.value for part in found.parts}
    assert shares == {"measurements of calibrators": 1.0, "id of calibrators": 1.0}


def test_only_what_is_given_beside_a_light_curve_can_give_the_label_away(run):
    honest = asked(run, "proxy")
    assert {part.name for part in honest.parts if part.decides} == {"period"}
    assert honest.verdict is Verdict.PASS

    def told(curves):
        """Catalogue periods of 100 days wherever the class is "noise"."""
        meta = curves.meta.assign(period=np.where(curves.meta["class"] == "noise", 100.0, curves.meta["period"]))
        # The light curves say nothing.
        return dataset(curves.replace(meta=meta, value=np.random.default_rng(0).normal(15, 0.1, len(curves.time))))

    leaky = cs.Run.of(Wobble(), train=told(simulated(300, 0)), test=told(simulated(300, 1)))
    found = asked(leaky, "proxy")
    assert found.verdict is not Verdict.PASS
    assert found.reason.startswith("period alone")
    bare = cs.Run.of(Wobble(), train=dataset(simulated(300, 0), extras=()), test=dataset(simulated(300, 1), extras=()))
    assert asked(bare, "proxy").verdict is Verdict.NOT_APPLICABLE


def test_symmetries_hold_and_a_counter_example_is_a_light_curve(run):
    assert asked(run, "symmetry").verdict is Verdict.PASS
    broken = cs.Run.of(Wobble(origin=2.0), train=run.train, test=run.test, scope=run.scope)
    found = asked(broken, "symmetry")
    assert found.verdict is Verdict.FAIL
    assert "a light curve of " in found.reason
    assert "(MJD 53" in found.reason
    assert found.figure["xlabel"] == "time (MJD)"
    assert found.figure["ylabel"] == "mag"
    assert min(found.figure["layers"][0]["x"]) > 52_000


def test_dates_may_need_more_digits_than_single_precision(run):
    class Punctual(Wobble):
        def predict_distribution(self, x, *, noise=None):
            p = 0.5 + 0.4 * np.sin(2 * np.pi * x[:, 1] / 0.05)
            return Classes(np.column_stack([p, 1 - p]), self.names_)

    # In single precision a date of 53,000 is known to 0.004 days, a twelfth of this cycle.
    found = asked(cs.Run.of(Punctual(), train=run.train, test=run.test), "determinism")
    assert found.verdict is Verdict.PASS


def test_effects_on_light_curves_are_measured_against_what_probabilities_claim(run):
    found = asked(run, "nuisances")
    sizes = {part.name: part.estimate.value for part in found.parts}
    assert set(sizes) == {"loss of epochs", "extra scatter"}
    # Fresh scatter beyond the errors makes noise look like variation; a third of the epochs is hardly missed.
    assert 0 < sizes["loss of epochs"] < 0.5 * sizes["extra scatter"]
    view = run.view(None)
    said = [
        run.predict(n.apply(run.test.x, s), run.test.noise).mean() for n in run.scope.nuisances[:1] for s in (1, -1)
    ]
    moved = np.max([np.square(p - view.prediction.mean()).sum(axis=1) for p in said], axis=0)
    p = view.prediction.mean()
    assert sizes["loss of epochs"] == pytest.approx(np.sqrt(moved.mean() / (p * (1 - p)).sum(axis=1).mean()))


def test_noise_is_redrawn_and_probabilities_that_heed_it_too_much_fail(run):
    found = asked(run, "noise_response")
    assert found.verdict is Verdict.PASS
    assert "of the classes change" in found.reason

    class Certain(Wobble):
        def predict_distribution(self, x, *, noise=None):
            p = super().predict_distribution(x, noise=noise).probabilities
            # The last digit of the mean magnitude decides, with certainty.
            odd = np.floor(np.nansum(x[:, np.asarray(run.test.layout.value_columns)], axis=1) * 100) % 2 == 0
            return Classes(np.where(odd[:, None], [0.999, 0.001], [0.001, 0.999]) + 0 * p, self.names_)

    assert asked(cs.Run.of(Certain(), train=run.train, test=run.test), "noise_response").verdict is Verdict.FAIL


def test_another_survey_is_judged_by_the_classes_that_both_have(run):
    found = asked(run, "cross_survey")
    assert found.verdict in (Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE)
    count = int((run.scope.suites["other"].y == "odd").sum())
    assert f"{count} objects of classes that are not in both are left out ({count} odd)" in found.reason
    same = cs.Scope(suites={"own": dataset(simulated(300, 6, epochs=30))})
    alike = asked(cs.Run.of(Wobble(), train=run.train, test=run.test, scope=same), "cross_survey")
    assert alike.verdict is not Verdict.FAIL
    assert "left out" not in alike.reason
    matrix = asked(run, "train_test_matrix")
    assert matrix.verdict is not Verdict.ERROR
    assert f"{count} odd" in matrix.reason


def test_each_class_is_left_out_in_turn(run):
    found = asked(run, Novelty(each_class=True), claim=cs.Claim("anomaly"))
    missed = {part.name: part.estimate.value for part in found.parts}
    assert set(missed) == {"objects of class noise missed", "objects of class sine missed"}
    # Sines are far from a detector that has seen noise only.
    assert missed["objects of class sine missed"] < 0.1
    declared = asked(run, "novelty", claim=cs.Claim("anomaly"))
    assert [part.name for part in declared.parts] == ["novelties missed"]
    few = SimpleNamespace(train=dataset(simulated(12, 0)))
    small = cs.Run.of(Wobble(), train=few.train, test=run.test)
    assert asked(small, Novelty(each_class=True)).verdict is Verdict.INCONCLUSIVE


def test_a_class_seen_in_the_test_set_only_is_named_and_crashes_nothing(run, tmp_path):
    test = dataset(simulated(300, 7, classes=("sine", "noise", "sine", "noise", "odd")))
    count = int((test.y == "odd").sum())
    seen = cs.Run.of(Wobble(), train=run.train, test=test)
    assert seen.failure is None
    assert seen.unlearned == {"odd": count}
    assert seen.prediction.probabilities[:, seen.prediction.names.index("odd")].max() == 0
    audit = cs.audit(seen, CLAIM)
    assert audit.to_dict()["subject"]["unlearned_classes"] == {"odd": count}
    found = [e for judgement in audit.judgements for e in judgement.evidence]
    assert [e.check for e in found if e.verdict is Verdict.ERROR] == []
    audit.save(tmp_path)
    assert f"classes that it never learned: odd {count}" in (tmp_path / "report.html").read_text()


def test_classes_of_other_names_altogether_are_still_refused(run):
    other = dataset(simulated(60, 8, classes=("odd",)))
    with pytest.raises(cs.InputError, match="odd"):
        cs.Run.of(Wobble(), train=run.train, test=other)


def test_what_cleaning_found_is_in_the_flags(run, tmp_path):
    curves = simulated(100, 9)
    curves = curves.replace(meta=curves.meta.assign(too_few_epochs=np.arange(100) < 3))
    audit = cs.audit(cs.Run.of(Wobble(), train=run.train, test=dataset(curves)), cs.Claim("ranking"))
    audit.save(tmp_path)
    flags = pd.read_parquet(tmp_path / "flags.parquet")
    assert flags["flag_too_few_epochs"].sum() == 3
    assert (flags["flags"][:3] > 0).all()


def test_light_curves_of_other_bands_are_refused_by_name(run):
    curves = simulated(60, 2)
    data = curve_dataset(curves, "class")
    with pytest.raises(cs.InputError, match=r"extras of the light curves of target are \(\), those of the test data"):
        cs.Scope(target=data).require_like(run.test)
    cs.Scope(target=dataset(curves)).require_like(run.test)
