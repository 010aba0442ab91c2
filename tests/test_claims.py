from typing import get_args

import numpy as np
import pytest

from checkstar.claims import USES, Claim, Population, Shift, Use
from checkstar.errors import InputError


def test_every_use_is_described():
    assert set(USES) == set(get_args(Use))
    for use in USES.values():
        assert use.families
        assert use.question.endswith("?")


def test_an_unknown_use_is_refused_with_the_nearest():
    with pytest.raises(InputError, match=r"there is no claim 'population_men'; did you mean 'population_mean'\?"):
        Claim("population_men")


@pytest.mark.parametrize("tolerance", [0.0, -1.0, np.nan, np.inf])
def test_a_tolerance_must_be_positive(tolerance):
    with pytest.raises(InputError, match="must be a positive number"):
        Claim("object_value", tolerance=tolerance)


def test_a_claim_is_about_at_least_one_object():
    with pytest.raises(InputError, match="n_objects is 0"):
        Claim("population_mean", n_objects=0)


def test_only_a_mean_takes_a_population():
    with pytest.raises(InputError, match="only 'population_mean' takes one"):
        Claim("ranking", population=Population(mean=0.0))


def test_the_convention_is_named_where_no_tolerance_was_given():
    assert "by convention" in Claim("object_value").sentence()
    assert Claim("object_value", tolerance=0.1, unit="dex").sentence() == "object_value, tolerance 0.1 dex"


def test_a_population_is_described_by_its_values():
    found = Population.of([1.0, 3.0])
    assert (found.mean, found.std) == (2.0, pytest.approx(np.sqrt(2)))
    with pytest.raises(InputError, match="1 not finite"):
        Population.of([1.0, np.nan])


def test_a_population_has_a_finite_mean_and_a_positive_spread():
    with pytest.raises(InputError, match=r"standard deviation 0\.0"):
        Population(mean=1.0, std=0.0)
    with pytest.raises(InputError, match="mean nan"):
        Population(mean=np.nan)
    with pytest.raises(InputError, match="shifted by inf"):
        Shift(by=np.inf)


def test_a_shift_is_said_with_its_sign():
    assert "shifted by +0.3" in Claim("population_mean", population=Shift(by=0.3)).sentence()


@pytest.mark.parametrize(("use", "tolerance"), [("ranking", 0.5), ("classification", 1.0)])
def test_a_tolerance_that_everything_meets_is_no_claim(use, tolerance):
    with pytest.raises(InputError, match="must be below"):
        Claim(use, tolerance=tolerance)


@pytest.mark.parametrize("tolerance", ["0.1", True])
def test_a_tolerance_is_a_plain_number(tolerance):
    with pytest.raises(InputError, match="give a plain number"):
        Claim("object_value", tolerance=tolerance)
