"""Units: numbers follow their dimension, as astropy converts them."""

import numpy as np
import pytest
from astropy import units as u

from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.symmetries import Units

FEATURES = ("Jy", "km / s", "mag(W / m2)", "dex(cm / s2)", "mag", "", "deg")


def test_numbers_follow_as_astropy_converts_them():
    units = Units(features=FEATURES, labels={"luminosity": "W", "logg": "dex(cm / s2)"})
    cgs = units.element(m="cm", kg="g")
    assert units.bases == ("kg", "m", "s")
    x = np.array([[2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]])
    # In a coherent system the new unit of each quantity is the product of the new base units.
    expected = [
        2.0 * (u.kg / u.s**2).to(u.g / u.s**2),
        3.0 * (u.m / u.s).to(u.cm / u.s),
        4.0 - 2.5 * np.log10((u.kg / u.s**3).to(u.g / u.s**3)),
        5.0 + np.log10((u.m / u.s**2).to(u.cm / u.s**2)),
        6.0,
        7.0,
        8.0,
    ]
    np.testing.assert_allclose(units.act(cgs, x), [expected], rtol=1e-14)
    mapped = units.label_map(cgs, ["luminosity", "logg", "age"])(np.array([[1.0, 4.4, 3.0]]))
    np.testing.assert_allclose(mapped, [[u.W.to(u.erg / u.s), 6.4, 3.0]], rtol=1e-14)


def test_an_element_says_what_it_does():
    units = Units(features=["Jy"])
    assert units.describe(units.element(kg="g")) == "in units of 0.001 kg"
    assert units.simpler((2.0, -3.0)) == [(1.0, 0.0), (0.0, -1.0), (2.0, 0.0), (0.0, -3.0)]


def test_the_units_of_a_dataset_are_read():
    data = Dataset([[1.0, 2.0]] * 3, [1.0] * 3, features=["flux", "k"], labels=["L"], units={"flux": "Jy", "L": "W"})
    units = Units.of(data, vary=["kg"])
    assert (units.features, units.labels, units.bases) == (("Jy", ""), {"L": "W"}, ("kg",))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Units(features=["", "mag", "deg"]), "none of the features has a dimension"),
        (lambda: Units(features=["Yankee"]), "no unit that astropy reads"),
        (lambda: Units(features=["Jy"], vary=["m"]), "no base unit 'm'"),
        (lambda: Units(features=["Jy"]).element(kg="m"), "cannot take the place"),
        (lambda: Units(features=["Jy"], labels={"L": "W"}).label_map((1.0, 0.0), ["l"]), "no label 'L'"),
        (lambda: Units(features=["Jy"]).act((1.0, 0.0), np.ones((1, 2))), "declared for 1 columns but x has 2"),
    ],
)
def test_what_has_no_dimension_or_no_meaning_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()
