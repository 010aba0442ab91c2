import dataclasses

import numpy as np
import pytest

from checkstar.checks import Attenuation, Coverage, Pulls, default_checks
from checkstar.errors import ContractError
from checkstar.evidence import Estimate, Part
from checkstar.testing import check_check

SLOW = {"baselines", "cost"}
N = {"class_calibration": 20_000, "coverage": 8000, "sbc": 5000, "tarp": 5000}


@pytest.mark.parametrize("check", [c for c in default_checks(refit=True) if c.name not in SLOW], ids=lambda c: c.name)
def test_every_check_of_the_package_keeps_the_contract(check):
    check_check(check, n=N.get(check.name, 3000), n_repeats=40)


@pytest.mark.slow
@pytest.mark.parametrize("check", [c for c in default_checks(refit=True) if c.name in SLOW], ids=lambda c: c.name)
def test_the_slow_checks_keep_it_too(check):
    check_check(check, n_repeats=3)


def variant(**members):
    """A check like Pulls with something broken."""
    return dataclasses.dataclass(frozen=True, kw_only=True)(type("Variant", (Pulls,), members))()


def too_narrow(self, run, claim, rng):
    found = Pulls().examine(run, claim, rng)
    value = found.parts[0].estimate.value
    part = Part(name="size", estimate=Estimate(value, value, value, 60), limit=0.1)
    return self.conclude(claim, [part], reason=lambda _: "certain")


def random_without_rng(self, run, claim, rng):
    noise = float(np.random.default_rng().normal(0, 1e-9))
    part = Part(name="size", estimate=Pulls().examine(run, claim, rng).parts[0].estimate, limit=0.1 + noise)
    return self.conclude(claim, [part], reason=lambda _: "about so")


def silent(self, run, claim, rng):
    return dataclasses.replace(Pulls().examine(run, claim, rng), reason="")


def unstorable(self, run, claim, rng):
    return dataclasses.replace(Pulls().examine(run, claim, rng), figure={"x": np.zeros(3)})


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (variant(examine=too_narrow), "fails .* clean twins of 60 objects, where its level allows"),
        (variant(examine=random_without_rng), "other evidence for the same seed"),
        (variant(examine=silent), "gives no reason"),
        (variant(examine=unstorable), "JSON cannot hold"),
        (variant(question=""), "does not say its question"),
        (variant(needs=frozenset({"luck"})), "needs 'luck', which no run can give"),
        (variant(plant=lambda self, n, size, rng: Pulls().plant(n, 0.0, rng)), "says PASS of its planted fault"),
        (variant(plant=lambda self, n, size, rng: Pulls().plant(n, 1.0, rng)), "says FAIL of its clean twin"),
        (object(), "is no Check"),
    ],
)
def test_what_breaks_the_contract_is_named(check, message):
    with pytest.raises(ContractError, match=message):
        check_check(check, n_repeats=60)


def test_too_few_objects_to_show_what_a_check_can_do_are_named():
    with pytest.raises(ContractError, match="says INCONCLUSIVE of its clean twin at 500 objects"):
        check_check(Coverage(), n=500)
    with pytest.raises(ContractError, match=r"says .* of its planted fault at 12 objects"):
        check_check(Attenuation(limit=2.0), n=12)
