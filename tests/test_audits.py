import dataclasses
import json

import numpy as np
import pytest

import checkstar as cs
from checkstar.audits import Audit, Judgement, audit, plan
from checkstar.checks import Check, default_checks
from checkstar.evidence import Estimate, Evidence, Part, Verdict, decide
from checkstar.prediction import Normal, Point

RNG = np.random.default_rng(0)


def evidence(value, half, *, deciding=True, name="c", limit=1.0, **fields):
    parts = (Part(name="p", estimate=Estimate(value, value - half, value + half, 100), limit=limit),)
    return Evidence(
        check=name, family="f", question="?", quantity="s", parts=parts, deciding=deciding, **decide(parts), **fields
    )


def blank(verdict, deciding=True):
    missing = ("noise",) if verdict is Verdict.SKIPPED else ()
    return Evidence(
        check="b",
        family="f",
        question="?",
        quantity="s",
        verdict=verdict,
        deciding=deciding,
        reason="r",
        missing=missing,
    )


def judgement(*found):
    return Judgement(claim=cs.Claim("object_value"), evidence=found)


PASSING, FAILING, OPEN = evidence(0.2, 0.1), evidence(2.0, 0.1), evidence(1.0, 0.5)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ((PASSING, PASSING), "PASS"),
        ((PASSING, FAILING), "FAIL"),
        ((PASSING, OPEN), "INCONCLUSIVE"),
        ((FAILING, OPEN), "FAIL"),
        ((PASSING, blank(Verdict.SKIPPED)), "INCONCLUSIVE"),
        ((PASSING, blank(Verdict.ERROR)), "INCONCLUSIVE"),
        ((PASSING, blank(Verdict.NOT_APPLICABLE)), "PASS"),
        ((blank(Verdict.NOT_APPLICABLE),), "INCONCLUSIVE"),
        ((), "INCONCLUSIVE"),
        ((PASSING, evidence(2.0, 0.1, deciding=False)), "PASS"),
        ((evidence(0.2, 0.1, deciding=False),), "INCONCLUSIVE"),
    ],
)
def test_the_verdict_follows_from_the_deciding_evidence(found, verdict):
    assert judgement(*found).verdict.value == verdict


def test_a_bare_failure_among_many_checks_is_not_upheld():
    # Just above the limit at 95 %: p = 0.023, which Holm multiplies by the ten deciding checks.
    bare = evidence(2.0, 0.99)
    assert judgement(bare).verdict is Verdict.FAIL
    assert judgement(bare, *[PASSING] * 9).verdict is Verdict.INCONCLUSIVE


def test_the_headline_says_how_many_deciding_checks_ran():
    found = judgement(PASSING, blank(Verdict.SKIPPED), blank(Verdict.NOT_APPLICABLE))
    assert found.coverage == {"deciding": 2, "ran": 1, "passed": 1, "failed": 0}
    assert "1 of 2 deciding checks ran" in found.headline


def test_an_undecided_claim_says_what_to_give():
    found = judgement(evidence(0.5, 0.8, name="pulls"), blank(Verdict.SKIPPED))
    assert any("independent test objects instead of 100 (pulls)" in item for item in found.missing)
    assert "noise" in found.missing


def table_run(n=4000, weight=0.8, spread=True):
    rng = np.random.default_rng(0)
    y = rng.normal(size=n)
    mean = weight * (y + 0.5 * rng.normal(size=n))
    prediction = Normal(mean, np.full(n, 0.5 * np.sqrt(weight))) if spread else Point(mean)
    test = cs.Dataset(y=y, labels=["feh"], units={"feh": "dex"}, meta={"id": np.arange(n)})
    return cs.Run(name="table", test=test, prediction=prediction)


def test_one_model_may_rank_and_may_not_be_averaged():
    table = cs.audit(table_run())
    verdicts = {j.claim.use: j.verdict.value for j in table.judgements}
    assert verdicts["ranking"] == "PASS"
    assert verdicts["population_mean"] == "FAIL"
    assert table.is_table
    assert table.verdict is Verdict.PASS


def test_the_table_of_uses_names_what_is_missing():
    table = cs.audit(table_run(spread=False))
    mean = next(j for j in table.judgements if j.claim.use == "object_interval")
    assert mean.verdict is Verdict.INCONCLUSIVE
    assert any("--sigma" in item for item in mean.missing)


def test_a_claim_runs_every_check_and_marks_those_that_decide():
    found = cs.audit(table_run(), cs.Claim("population_mean", n_objects=100, tolerance=0.1)).judgements[0]
    assert {e.check for e in found.evidence} == {c.name for c in default_checks()}
    assert {e.check for e in found.evidence if e.deciding and e.verdict.ran} == {"population", "pulls"}
    assert found.evidence[0].deciding
    skipped = next(e for e in found.evidence if e.check == "noise_response")
    assert skipped.verdict is Verdict.SKIPPED
    assert skipped.missing


def test_the_same_seed_gives_the_same_audit():
    one, two = (cs.audit(table_run(500), rng=4).to_dict() for _ in range(2))
    assert without_times(one) == without_times(two)


def without_times(record):
    record = json.loads(json.dumps(record))
    for use in record["uses"]:
        for item in use["evidence"]:
            item.pop("seconds")
    return {"uses": record["uses"], "verdict": record["verdict"]}


@dataclasses.dataclass(frozen=True)
class Crashing(Check):
    """A check with a bug."""

    name = "crash"
    code = "X1"
    family = "accuracy"
    question = "Does it crash?"
    statistic = "none"

    def examine(self, run, claim, rng):
        return 1 / 0

    def plant(self, n, size, rng):
        raise NotImplementedError

    def fault(self, size):
        raise NotImplementedError


def test_a_crash_in_one_check_is_its_error_and_not_the_audits():
    found = cs.audit(table_run(500), cs.Claim("object_value", tolerance=3.0), checks=[Crashing(), *default_checks()])
    crashed = next(e for e in found.judgements[0].evidence if e.check == "crash")
    assert crashed.verdict is Verdict.ERROR
    assert "ZeroDivisionError" in crashed.reason
    assert "1 / 0" in crashed.traceback
    assert found.verdict is Verdict.INCONCLUSIVE


def test_the_plan_says_what_will_run_before_anything_does():
    planned = {p.check.name: p for p in plan(table_run(), cs.Claim("object_interval"))}
    assert planned["pulls"].deciding
    assert not planned["pulls"].missing
    assert planned["noise_response"].deciding
    assert len(planned["noise_response"].missing) == 2
    assert not planned["class_calibration"].applicable


def test_an_audit_survives_its_record_and_is_rescored_without_the_model():
    claim = cs.Claim("population_mean", n_objects=100, tolerance=0.5, label="feh", unit="dex")
    original = cs.audit(table_run(), claim)
    again = Audit.from_dict(json.loads(json.dumps(original.to_dict(), allow_nan=False)))
    assert again.to_dict() == original.to_dict()
    assert original.verdict is Verdict.PASS
    strict = again.rescored(0.05)
    assert strict.verdict is Verdict.FAIL
    assert strict.judgements[0].claim.tolerance == 0.05


def test_a_table_of_uses_is_not_rescored():
    with pytest.raises(cs.InputError, match="table of uses"):
        cs.audit(table_run(300)).rescored(0.1)


def test_tolerances_are_converted_to_the_labels_unit():
    import astropy.units as u

    y = RNG.normal(5000, 300, size=500)
    run = cs.Run(name="t", test=cs.Dataset(y=y, labels=["teff"], units={"teff": "K"}), prediction=Point(y + 1))
    found = audit(run, cs.Claim("object_value", tolerance=0.1, unit="kK")).judgements[0]
    assert found.claim.tolerance == pytest.approx((0.1 * u.kK).to_value(u.K))
    with pytest.raises(cs.InputError, match="the tolerance is in 'dex' but the label is in 'K'"):
        audit(run, cs.Claim("object_value", tolerance=0.1, unit="dex"))
    with pytest.raises(cs.InputError, match="pure number"):
        audit(run, cs.Claim("ranking", tolerance=0.1, unit="K2"))


def test_a_claim_must_fit_the_task():
    with pytest.raises(cs.InputError, match="'classification' is not made of regression results"):
        cs.audit(table_run(100), "classification")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "not an audit"),
        ('{"schema_version": 99}', "found 99"),
        ('{"schema_version": 1}', "damaged"),
    ],
)
def test_a_damaged_record_is_refused(tmp_path, text, message):
    path = tmp_path / "audit.json"
    path.write_text(text)
    with pytest.raises(cs.InputError, match=message):
        Audit.load(path)


def test_a_missing_record_is_refused(tmp_path):
    with pytest.raises(cs.InputError, match="cannot read"):
        Audit.load(tmp_path / "none.json")


def test_the_flag_table_has_one_row_an_object_and_a_bit_a_flag():
    from checkstar.checks import Leakage

    x = RNG.normal(size=(100, 4))
    data = cs.Dataset(x, x[:, 0], group=np.arange(100) % 40, meta={"id": np.arange(100) + 7})
    run = cs.Run(name="t", test=data[60:], train=data[:60], prediction=Point(data[60:].y))
    found = audit(run, cs.Claim("object_value"), checks=[Leakage()])
    assert len(found.flags) == 40
    assert found.flags["id"].tolist() == list(range(67, 107))
    assert found.flags["flag_group_in_training"].sum() == 40
    assert (found.flags["flags"] > 0).all()


def test_saving_writes_every_file(tmp_path):
    folder = cs.audit(table_run(300)).save(tmp_path / "out")
    expected = {"report.html", "audit.json", "junit.xml", "summary.md", "flags.parquet", "flags.fits"}
    expected |= {"model-card.md", "reforms.md"}
    assert {p.name for p in folder.iterdir()} == expected


def test_weights_reach_the_verdict():
    rng = np.random.default_rng(0)
    bad = rng.random(4000) < 0.5
    y = rng.normal(size=4000)
    prediction = Point(y + np.where(bad, 1.0, 0.01))
    claim = cs.Claim("object_value", tolerance=0.2)
    seen = cs.Dataset(y=y, weight=np.where(bad, 0.001, 1.0))
    check = [c for c in default_checks() if c.name == "accuracy"]
    weighted = audit(cs.Run(name="t", test=seen, prediction=prediction), claim, checks=check)
    plain = audit(cs.Run(name="t", test=cs.Dataset(y=y), prediction=prediction), claim, checks=check)
    whole = [next(p for p in a.judgements[0].evidence[0].parts if p.name == "all objects") for a in (weighted, plain)]
    assert whole[0].estimate.value < 0.02
    assert whole[1].estimate.value > 0.9


@pytest.mark.parametrize("claim", [None, cs.Claim("population_mean", n_objects=100, tolerance=0.1)])
def test_every_record_keeps_the_shipped_schema(claim):
    import jsonschema

    from checkstar.reports import schema

    jsonschema.validate(json.loads(json.dumps(cs.audit(table_run(300), claim).to_dict())), schema())


def test_a_rescored_audit_gives_the_reason_of_the_part_that_now_decides():
    parts = (
        Part(name="small", estimate=Estimate(0.2, 0.18, 0.22, 9), limit=1.0, of_tolerance=True, text="small fault"),
        Part(name="other", estimate=Estimate(0.9, 0.88, 0.92, 9), limit=1.0, text="other fault"),
    )
    found = Evidence(
        check="c", family="f", question="?", quantity="s", parts=parts, reason="other fault", **decide(parts)
    )
    assert found.rejudged(0.1).verdict is Verdict.FAIL
    assert found.rejudged(0.1).reason == "small fault"


def test_the_tolerance_of_one_claim_is_no_limit_for_the_others_checks():
    found = cs.audit(table_run(), cs.Claim("population_mean", n_objects=100, tolerance=0.001)).judgements[0]
    by_check = {e.check: e for e in found.evidence}
    assert by_check["population"].limit == 0.001
    assert by_check["ranking"].limit == 0.25
    assert by_check["accuracy"].limit == pytest.approx(1 / 3, rel=0.1)


@pytest.mark.parametrize("population", [cs.Population(mean=0.5, std=0.7), cs.Shift(by=0.5)])
def test_the_claimed_population_survives_the_record(population):
    claim = cs.Claim("population_mean", n_objects=100, tolerance=0.1, population=population)
    record = json.loads(json.dumps(cs.audit(table_run(500), claim).to_dict()))
    assert Audit.from_dict(record).judgements[0].claim.population == population


@pytest.mark.parametrize("change", ["verdict of evidence", "verdict", "tolerance"])
def test_an_altered_record_is_refused(change):
    record = cs.audit(table_run(), cs.Claim("population_mean", n_objects=100, tolerance=0.05)).to_dict()
    if change == "verdict of evidence":
        record["evidence"][0]["verdict"] = "PASS"
    elif change == "verdict":
        record["verdict"] = "PASS"
    else:
        record["claim"]["tolerance"] = 100.0
    with pytest.raises(cs.InputError, match="the audit was altered"):
        Audit.from_dict(record)


def test_what_is_no_run_or_seed_is_refused():
    with pytest.raises(cs.InputError, match="audit got a Dataset; give a Run"):
        cs.audit(cs.Dataset(y=[1.0, 2.0]))
    with pytest.raises(cs.InputError, match="seed is -1"):
        cs.audit(table_run(50), rng=-1)


def test_a_deeply_nested_file_is_no_audit(tmp_path):
    path = tmp_path / "audit.json"
    path.write_text("[" * 100_000)
    with pytest.raises(cs.InputError, match="is not JSON"):
        Audit.load(path)


def test_draws_without_spread_fail_their_error_bars():
    y = np.random.default_rng(0).normal(size=500)
    run = cs.Run.from_samples(np.repeat((y + 0.1)[:, None], 50, axis=1), y)
    found = cs.audit(run, "object_interval").judgements[0]
    pulls = next(e for e in found.evidence if e.check == "pulls")
    assert pulls.verdict is Verdict.FAIL
    assert "inf" not in pulls.reason
    assert "nan" not in pulls.reason


def posterior_run():
    rng = np.random.default_rng(5)
    truth = rng.normal(size=(60, 2))
    return cs.Run.from_samples(truth[:, None] + rng.normal(size=(60, 50, 2)) + rng.normal(size=(60, 1, 2)), truth)


def test_a_claim_about_all_labels_together_asks_no_check_of_one_label():
    found = {e.check: e for e in audit(posterior_run(), "posterior").judgements[0].evidence}
    assert not [e for e in found.values() if e.verdict is Verdict.ERROR]
    assert found["pulls"].verdict is Verdict.NOT_APPLICABLE
    assert "one label at a time; this claim is about all 2 together" in found["pulls"].reason
    assert found["sbc"].verdict.ran
    planned = {p.check.name: p.runs for p in plan(posterior_run(), cs.Claim("posterior"))}
    assert planned["sbc"] and not planned["pulls"]


def test_a_claim_about_all_labels_together_may_name_one_that_is_there():
    found = {e.check: e for e in audit(posterior_run(), cs.Claim("posterior", label="y1")).judgements[0].evidence}
    assert found["pulls"].verdict.ran and found["sbc"].verdict.ran
    with pytest.raises(cs.InputError, match="there is no label 'y9'"):
        audit(posterior_run(), cs.Claim("posterior", label="y9"))


def test_a_pure_number_with_a_unit_is_refused():
    with pytest.raises(cs.InputError, match=r"is a pure number .*; drop the unit 'dex'"):
        audit(posterior_run(), cs.Claim("posterior", tolerance=0.1, unit="dex"))
