import pytest

from checkstar.simulators.explosions import EXPLOSIONS


def test_shares_sum_to_one():
    assert sum(about.share for about in EXPLOSIONS.values()) == pytest.approx(1.0)


def test_luminosities_are_in_the_order_of_the_field():
    peak = {name: about.peak[0] for name, about in EXPLOSIONS.items()}
    assert peak["SLSN"] < peak["TDE"] < peak["Ia"] < peak["Ib/c"] < peak["II"]


def test_what_rises_fast_falls_slowly():
    assert all(about.fall[0] > 2 * about.rise[0] for about in EXPLOSIONS.values())
