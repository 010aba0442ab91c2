from __future__ import annotations

import numpy as np
import pytest

from checkstar.data.curve_layout import CurveLayout, curve_dataset
from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.methods.curve_rows import check_curve_classes, check_curve_rows, require_same_kind, short_names
from checkstar.noise import Gaussian

LAYOUT = CurveLayout(n_epochs=3, extras=("period",), bands=("g", "r"), unit="nJy")
ROWS = np.arange(20.0).reshape(2, 10)


def test_names_of_one_epoch_tell_rows_of_any_length():
    names = short_names(LAYOUT)
    assert names == ["period", "time[0]", "nJy[0]", "band(g,r)[0]"]
    layout, rows = check_curve_rows("Forest", ROWS, None, names)
    assert layout == LAYOUT
    assert rows is ROWS
    assert check_curve_rows("Forest", np.ones((2, 7)), None, names)[0].n_epochs == 2


def test_epochs_that_are_not_there_are_no_trouble():
    rows = ROWS.copy()
    rows[:, 3] = np.nan
    training = check_curve_classes("Forest", rows, ["EA", "EW"], Gaussian(np.ones(rows.shape)), LAYOUT.features)
    assert (training.codes.tolist(), training.names) == ([0, 1], ["EA", "EW"])


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (ROWS[:, :-1], ["EA", "EW"], "Forest: .*9 columns"),
        (ROWS[0], ["EA", "EW"], "Forest got x of type float64 and shape"),
        (ROWS.astype(str), ["EA", "EW"], "Forest got x of type <U"),
        (ROWS, ["EA"], "Forest got 2 light curves but classes of shape"),
        (ROWS, [0.5, 1.5], "Forest got y of type float64"),
        (ROWS, ["EA", "EA"], "Forest got objects of 1 class"),
    ],
)
def test_what_is_no_training_set_is_refused_by_name(x, y, message):
    with pytest.raises(InputError, match=message):
        check_curve_classes("Forest", x, y, None, short_names(LAYOUT))


def test_light_curves_themselves_are_refused_with_what_to_give():
    curves = LightCurves.from_lists([[1.0], [2.0, 3.0]], [[15.0], [16.0, 17.0]])
    for given in (curves, curve_dataset(curves)):
        with pytest.raises(InputError, match=r"Forest got .*; give data\.x and noise=data\.noise"):
            check_curve_rows("Forest", given, None, None)


def test_other_extras_bands_or_units_than_those_learned_are_refused():
    learned = CurveLayout(n_epochs=3, extras=("period",)).features
    require_same_kind("Trees", learned, CurveLayout(n_epochs=50, extras=("period",)).features)
    require_same_kind("Trees", learned, ("x0", "x1"))
    require_same_kind("Ridge", None, learned)
    for other, said in (
        (CurveLayout(n_epochs=3, extras=("colour", "period")), "extras are period but is asked about colour, period"),
        (CurveLayout(n_epochs=3, extras=("period",), bands=("g", "r")), "bands are V but is asked about g, r"),
        (CurveLayout(n_epochs=3, extras=("period",), unit="uJy"), "unit is mag but is asked about uJy"),
    ):
        with pytest.raises(InputError, match=said):
            require_same_kind("Trees", learned, other.features)
