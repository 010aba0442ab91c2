import numpy as np
import pytest

from checkstar.checks.leaks.positions import Positions
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.evidence import Verdict
from checkstar.prediction import Point
from checkstar.runs import Run

CLAIM = Claim("object_value")


def examine(train, test, **settings):
    """Evidence for two lists of (ra, dec)."""
    one, other = (
        Dataset(y=np.zeros(len(p)), meta={"ra": [a for a, _ in p], "dec": [d for _, d in p]}) for p in (train, test)
    )
    run = Run(name="t", train=one, test=other, prediction=Point(np.zeros(len(test))))
    return Positions(**settings).examine(run, CLAIM, np.random.default_rng(0))


def test_separations_are_great_circles():
    arcsec = 1 / 3600
    # At declination 60 a degree of right ascension is half a degree on the sky; at the pole none; 0 h meets 24 h.
    train = [(10.0, 60.0), (0.0, 89.9999), (359.9999, 0.0), (50.0, -20.0)]
    test = [(10.0 + 3.8 * arcsec, 60.0), (180.0, 89.9999), (0.0, 0.0), (50.0, -20 + 2.1 * arcsec)]
    found = examine(train, test)
    # 1.9, 0.72, 0.36 and 2.1 arcsec.
    assert found.flags["position_in_training"].tolist() == [True, True, True, False]
    assert found.value == pytest.approx(0.75)
    assert found.verdict is Verdict.FAIL
    assert "3 of 4 test objects have a training object within 2 arcsec" in found.reason


def test_the_same_pairs_are_found_as_by_astropy():
    from astropy import units as u
    from astropy.coordinates import SkyCoord

    rng = np.random.default_rng(0)
    train = np.column_stack([rng.uniform(0, 360, 3000), np.degrees(np.arcsin(rng.uniform(-1, 1, 3000)))])
    test = train[rng.permutation(3000)[:500]] + rng.normal(0, 3 / 3600, (500, 2))
    one, other = (SkyCoord(p[:, 0] * u.deg, p[:, 1] * u.deg) for p in (train, test))
    expected = other.match_to_catalog_sky(one)[1].arcsec <= 4
    found = examine(train.tolist(), test.tolist(), radius_arcsec=4)
    assert found.flags["position_in_training"].tolist() == expected.tolist()
    assert 100 < expected.sum() < 400


def test_nothing_near_passes_and_the_number_by_chance_is_said():
    found = examine([(float(i), 0.0) for i in range(50)], [(i + 0.5, 0.0) for i in range(50)])
    assert (found.value, found.verdict) == (0.0, Verdict.PASS)
    assert "would by chance" in found.reason


def test_crowded_fields_are_not_failed_for_what_chance_gives():
    failed = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        train, test = (np.column_stack([rng.uniform(0, 1, 2000), rng.uniform(0, 1, 2000)]).tolist() for _ in range(2))
        failed += examine(train, test).verdict is Verdict.FAIL
    # 3.9 expected near pairs each: at most 2.5 % beyond the limit, more than 12 of 200 has probability 0.002.
    assert failed <= 12


@pytest.mark.parametrize("side", [0.02, 0.05, 0.3])
def test_small_crowded_fields_are_not_failed_either(side):
    failed = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        failed += examine(*(rng.uniform(0, side, (500, 2)).tolist() for _ in range(2))).verdict is Verdict.FAIL
    # 2.5 %, and up to 8 % where the radius holds more than one object and the edges of the field count: more than 12 of
    # 60 has probability 0.001.
    assert failed <= 12


def test_many_observations_of_one_star_are_no_crowded_field():
    rng = np.random.default_rng(0)
    stars = np.repeat(rng.uniform(0, 5, (40, 2)), 80, axis=0) + rng.normal(0, 0.3 / 3600, (3200, 2))
    order = rng.permutation(3200)
    found = examine(stars[order[:2400]].tolist(), stars[order[2400:]].tolist())
    assert (found.value, found.verdict) == (1.0, Verdict.FAIL)


def test_objects_without_a_position_may_be_near():
    train = [(float(i), 0.0) for i in range(50)]
    far = [(i + 0.5, 0.0) for i in range(50)]
    found = examine(train, [(a if i < 3 else np.nan, d) for i, (a, d) in enumerate(far)])
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.parts[0].estimate[:3] == pytest.approx((0.0, 0.0, 47 / 50))
    found = examine([*train[1:], (np.nan, 0.0)], far)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "1 training objects have no position" in found.reason


def test_chance_pairs_are_as_many_as_said():
    rng = np.random.default_rng(1)
    train, test = (np.column_stack([rng.uniform(0, 10, 20_000), rng.uniform(0, 1, 20_000)]).tolist() for _ in range(2))
    found = examine(train, test, radius_arcsec=20)
    said = float(found.reason.split("; ")[1].split()[0])
    # 20000 x 20000 x pi 20^2 / (10 deg^2 in arcsec^2) = 3880 expected pairs, nearly all of single objects.
    assert found.flags["position_in_training"].sum() == pytest.approx(said, rel=0.1)


def test_objects_without_a_position_are_counted_and_never_near():
    found = examine([(1.0, 1.0), (np.nan, 2.0)], [(1.0, 1.0), (np.nan, np.nan), (5.0, 95.0)])
    assert found.flags["position_in_training"].tolist() == [True, False, False]
    assert "2 have no position" in found.reason
    assert examine([(np.nan, 1.0)], [(1.0, 1.0)]).verdict is Verdict.INCONCLUSIVE


def test_without_columns_the_question_is_not_asked():
    data = Dataset(y=np.zeros(3))
    run = Run(name="t", train=data, test=data, prediction=Point(np.zeros(3)))
    with pytest.raises(NotApplicable, match="columns ra and dec"):
        Positions().examine(run, CLAIM, np.random.default_rng(0))


@pytest.mark.parametrize("n", [1, 10, 60, 400, 3000])
def test_the_clean_twin_never_fails(n):
    for seed in range(20):
        run, claim = Positions().plant(n, 0.0, np.random.default_rng(seed))
        assert Positions().examine(run, claim, np.random.default_rng(seed)).verdict is Verdict.PASS
