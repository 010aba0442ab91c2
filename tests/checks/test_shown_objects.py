"""Counter-examples are shown as what they are: columns unlike the median, or light curves."""

import numpy as np

from checkstar.checks.shown_objects import before_and_after, object_in_words
from checkstar.data.curve_layout import CurveLayout
from checkstar.data.dataset import Dataset
from checkstar.symmetries.counter_examples import CounterExample


def example(x, differs=()):
    return CounterExample(x=np.asarray(x), noise=None, element=0, excess=1.0, differs=np.asarray(differs, dtype=int))


def test_columns_are_named_while_they_are_few():
    test = Dataset(np.zeros((2, 5)), features=list("ugriz"))
    x = np.array([20.12345, 0.0, 19.0, 0.0, 18.0])
    assert object_in_words(example(x), test) == "the median object"
    assert object_in_words(example(x, [0, 2]), test) == "the median object with u = 20.12 and r = 19"
    assert object_in_words(example(x, [0, 1, 2, 3]), test) == "an object unlike the median in 4 of 5 columns"


def test_a_light_curve_is_told_by_its_dates_and_drawn_over_time():
    layout = CurveLayout(n_epochs=3, extras=("period",))
    x = np.array([0.51234, 53000.25, 53010.5, np.nan, 15.0, 15.2, np.nan])
    test = Dataset(np.stack([x, x]), features=layout.features)
    words = object_in_words(example(x, [4, 5]), test)
    assert words == "a light curve of 2 epochs (MJD 53000.250 to 53010.500, period 0.51234)"
    later = x + np.array([0, 7, 7, 7, 0, 0, 0])
    figure = before_and_after(example(x, [4, 5]), later, test)
    assert (figure["xlabel"], figure["ylabel"]) == ("time (MJD)", "mag")
    before, after = figure["layers"]
    assert (before["x"], before["y"]) == ([53000.25, 53010.5], [15.0, 15.2])
    assert (after["x"], after["label"]) == ([53007.25, 53017.5], "after")
