import numpy as np
import pandas as pd

from checkstar.data.curve_layout import curve_dataset
from checkstar.data.dataset import Dataset
from checkstar.data.light_curves import LightCurves
from checkstar.studies.pictures import picture_of


def curves(period):
    times = [np.arange(400.0), np.arange(3.0), []]
    return LightCurves.from_lists(
        times, [np.sin(t) for t in map(np.asarray, times)], [np.full(len(t), 0.1) for t in times],
        meta=pd.DataFrame({"period": [period, np.nan, 2.0], "class": ["a", "b", "c"]}),
    )  # fmt: skip


def test_a_light_curve_of_known_period_is_folded_twice():
    shown = picture_of(curve_dataset(curves(4.0), "class", extras=("period",)), 0)
    assert shown["kind"] == "phase" and shown["inverted"]
    assert len(shown["x"]) == 300 and min(shown["x"]) >= 0 and max(shown["x"]) < 2
    assert set(np.round(np.array(shown["x"]) % 1, 6)) == {0.0, 0.25, 0.5, 0.75}


def test_without_a_period_it_is_shown_in_time():
    data = curve_dataset(curves(4.0), "class", extras=("period",))
    assert picture_of(data, 1)["kind"] == "time"
    assert picture_of(data, 2) is None  # no epoch


def test_long_rows_are_drawn_and_short_ones_are_not():
    assert picture_of(Dataset(np.ones((2, 200))), 0)["kind"] == "sequence"
    assert picture_of(Dataset(np.ones((2, 5))), 0) is None
    assert picture_of(Dataset(y=[1.0, 2.0]), 0) is None
