import numpy as np
import pytest

from checkstar.checks.leaks.schema import Schema
from checkstar.claims import USES, Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.evidence import Verdict
from checkstar.prediction import Point
from checkstar.runs import Run

CLAIM = Claim("object_value")


def examine(test, train=None):
    run = Run(name="t", train=train, test=test, prediction=Point(np.zeros(len(test))))
    return Schema().examine(run, CLAIM, np.random.default_rng(0))


def fluxes(n, seed):
    return np.random.default_rng(seed).lognormal(2, 1, size=(n, 3))


def data(x, **fields):
    return Dataset(x, np.zeros(len(x)), **fields)


def part(found, name):
    return next(p for p in found.parts if p.name == name)


def test_clean_data_pass():
    assert examine(data(fluxes(500, 0)), data(fluxes(800, 1))).verdict is Verdict.PASS


def test_numbers_that_stand_for_not_measured_are_counted_and_flagged():
    x = fluxes(500, 0)
    x[[3, 5, 8, 9], 1] = -9999.0
    found = examine(data(x), data(fluxes(800, 1)))
    assert found.verdict is Verdict.FAIL
    assert part(found, "sentinel").estimate.value == 4 / 500
    assert np.flatnonzero(found.flags["schema_sentinel"]).tolist() == [3, 5, 8, 9]
    assert "4 of 500 test objects have a number that stands for 'not measured'" in found.reason
    # What is counted once is not counted as a pile-up or a value out of range too.
    assert part(found, "pile-up").estimate.value == 0


@pytest.mark.parametrize("value", [-99.0, 99.0, 999.0])
def test_a_sentinel_among_other_values_is_a_value(value):
    x = np.random.default_rng(0).normal(value, 20, size=(500, 3))
    x[:5, 1] = value
    assert part(examine(data(x), data(x + 0.1)), "sentinel").estimate.value == 0


def test_missing_values_count_unless_they_are_masked():
    x = fluxes(300, 0)
    x[:3, 0] = np.nan
    sigma = np.where(np.isnan(x), np.inf, 1.0)
    assert part(examine(data(x)), "missing").estimate.value == 3 / 300
    assert part(examine(data(x, noise=sigma)), "missing").estimate.value == 0


@pytest.mark.parametrize("factor", [1e-3, 10.0, 1e6])
def test_other_units_are_seen_in_the_numbers_and_in_the_names(factor):
    x = fluxes(500, 0)
    x[:, 2] *= factor
    assert part(examine(data(x), data(fluxes(800, 1))), "other units").estimate.value == pytest.approx(1 / 3)
    found = examine(data(fluxes(500, 0), units={"x0": "Jy"}), data(fluxes(800, 1), units={"x0": "mJy"}))
    assert part(found, "other units").estimate.value == pytest.approx(1 / 3)
    assert "in other units than in training (x0)" in found.reason


def test_brighter_objects_are_in_the_same_units():
    # Twice, half and five times as bright; and a shift of magnitudes, which changes no spread.
    for other in (2 * fluxes(500, 0), 0.5 * fluxes(500, 0), 5 * fluxes(500, 0)):
        assert part(examine(data(other), data(fluxes(800, 1))), "other units").estimate.value == 0
    rng = np.random.default_rng(0)
    assert (
        part(
            examine(data(rng.normal(22, 1, (500, 2))), data(rng.normal(2.2, 1, (800, 2)))), "other units"
        ).estimate.value
        == 0
    )


def test_saturation_piles_up_and_whole_numbers_do_not():
    x = np.random.default_rng(0).normal(size=(500, 2))
    x[:, 0] = np.minimum(x[:, 0], 1.0)
    found = examine(data(x))
    # A normal lies above 1 in 15.9 % of cases.
    assert part(found, "pile-up").estimate.value == pytest.approx(0.159, abs=0.05)
    assert found.flags["schema_pile-up"].sum() == (x[:, 0] == 1.0).sum()
    assert part(examine(data(np.random.default_rng(0).integers(0, 9, (500, 2)))), "pile-up").estimate.value == 0


def test_constant_columns_are_named():
    x = fluxes(300, 0)
    x[:, 1] = 4.0
    found = examine(data(x), data(x))
    assert "1 of 3 columns are the same for all objects (x1)" in found.reason


def test_out_of_range_is_beyond_what_chance_gives():
    excess = [
        part(examine(data(fluxes(300, 2 * i)), data(fluxes(300, 2 * i + 1))), "out of range").estimate
        for i in range(150)
    ]
    # At most 2 p / (n + 1) of exchangeable objects lie beyond; so the interval lies above zero in at most 2.5 % of
    # cases, more than 10 of 150 has probability 0.002. Those beyond one end share it, hence by twice as much.
    assert sum(e.low > 0 for e in excess) <= 10
    assert np.mean([e.value for e in excess]) == pytest.approx(0, abs=0.01)
    far = examine(data(fluxes(300, 0) + np.array([1000, 0, 0])), data(fluxes(300, 1)))
    assert part(far, "out of range").estimate.low > 0.05


def test_identifiers_that_are_shared_are_counted():
    names = np.arange(300)
    names[10] = names[11]
    found = examine(
        data(fluxes(300, 0), meta={"objid": names}), data(fluxes(100, 1), meta={"objid": np.arange(290, 390)})
    )
    # 10 and 11 share one, and 290 to 299 are known from training.
    assert found.flags["schema_same_identifier"].sum() == 12
    same = examine(data(fluxes(300, 0), meta={"objid": np.full(300, 1.24e18)}))
    assert part(same, "same identifier").estimate.value == 1


def test_label_errors_of_zero_among_others_are_counted():
    found = examine(data(fluxes(100, 0), y_err=np.where(np.arange(100) < 7, 0.0, 0.1)))
    assert part(found, "exact labels").estimate.value == pytest.approx(0.07)


def test_it_decides_no_claim():
    assert not any(Schema().decides(Claim(use)) for use in USES)


def test_nothing_to_look_at_has_no_meaning():
    with pytest.raises(NotApplicable, match="no observations, identifiers or label errors"):
        examine(Dataset(y=np.zeros(5)))


@pytest.mark.parametrize("n", [1, 2, 7])
def test_few_objects_groups_weights_and_empty_columns_do_not_crash(n):
    x = fluxes(n, 0)
    x[:, 0] = np.nan
    found = examine(data(x, group=np.zeros(n), weight=np.ones(n)), data(x))
    assert part(found, "missing").estimate.value == 1.0
