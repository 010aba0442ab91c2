"""The best method of a problem is audited once, on objects that it was not fitted on."""

import json
from dataclasses import replace

import pytest

import checkstar as cs
from checkstar.errors import InputError
from checkstar.methods import Constant, KNearest
from checkstar.studies import Search
from checkstar.studies.running import study

METHODS = {"constant": Constant(), "near": KNearest()}


def test_the_best_is_audited_and_the_audit_is_kept(toy, tmp_path):
    done = study(toy.problem(n=300), METHODS, 3, store=tmp_path / "s", claims=cs.Claim("ranking"))
    (made,) = done.record.audits
    assert (made["method"], made["claim"]) == ("near", "ranking")
    stored = json.loads((tmp_path / "s" / made["path"] / "audit.json").read_text())
    assert stored["verdict"] == made["verdict"]
    assert stored["subject"]["n_test"] == 100
    written = (tmp_path / "s" / made["path"] / "audit.json").stat().st_mtime_ns
    again = study(toy.problem(n=300), METHODS, 3, store=tmp_path / "s", claims=cs.Claim("ranking"))
    assert again.record.audits == done.record.audits
    assert (tmp_path / "s" / made["path"] / "audit.json").stat().st_mtime_ns == written


@pytest.mark.slow  # an audit of its own
def test_what_a_search_has_chosen_is_what_is_audited(toy, tmp_path):
    search = {"near": Search(space={"n_neighbors": [1, 25]})}
    done = study(
        toy.problem(n=300), {"near": KNearest(n_neighbors=2)}, 3,
        store=tmp_path / "s", claims=[cs.Claim("ranking")], hyperparameters=search,
    )  # fmt: skip
    (made,) = done.record.audits
    chosen = next(r for r in done.records if r.key in made["path"]).search["chosen"]
    stored = json.loads((tmp_path / "s" / made["path"] / "audit.json").read_text())
    assert stored["subject"]["settings"]["n_neighbors"] == chosen["n_neighbors"]


@pytest.mark.slow  # two audits
def test_the_usual_claims_are_those_of_the_problem_and_one_that_does_not_fit_is_told(toy, tmp_path):
    claims = (cs.Claim("ranking"), cs.Claim("population_mean", n_objects=10, tolerance=0.1))
    problem = replace(toy.problem(n=300), claims=claims)
    done = study(problem, METHODS, 2, store=tmp_path / "s", claims="usual")
    assert [made["claim"] for made in done.record.audits] == ["ranking", "population_mean"]
    assert done.record.audits[1]["verdict"] is None
    assert done.record.audits[1]["reason"]


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ("all", "claims hold 'all'; give Claims"),
        (cs.Claim("ranking", label="feh"), "a claim is about 'feh', but toy has class"),
    ],
)
def test_what_is_no_claim_is_refused_before_the_work(toy, tmp_path, claims, message):
    with pytest.raises(InputError, match=message):
        study(toy.problem(), METHODS, 2, store=tmp_path / "s", claims=claims)
    assert not (tmp_path / "s").exists()
