"""Light curves that cannot be used: none crashes a batch, and none changes the answer to another."""

import warnings

import numpy as np
import pandas as pd
import pytest

from checkstar import methods
from checkstar.data.curve_layout import curve_dataset
from checkstar.data.dataset import Dataset
from checkstar.data.light_curves import LightCurves, joined

TIME = 55_000 + np.sort(np.random.default_rng(1).uniform(0, 60, 24))
WAVE = 15 + 0.3 * np.sin(2 * np.pi * TIME / 0.7)
ERROR = np.full(24, 0.02)
#: What telescopes and archives deliver: times, magnitudes, errors and the catalogue's period.
UGLY = {
    "no epochs": (TIME[:0], WAVE[:0], ERROR[:0], 0.7),
    "one epoch": (TIME[:1], WAVE[:1], ERROR[:1], 0.7),
    "four epochs": (TIME[:4], WAVE[:4], ERROR[:4], 0.7),
    "constant": (TIME, np.full(24, 15.0), ERROR, 0.7),
    "all at one time": (np.full(24, TIME[0]), WAVE, ERROR, 0.7),
    "all at two times": (np.repeat(TIME[:2], 12), WAVE, ERROR, 0.7),
    "not sorted": (TIME[::-1], WAVE, ERROR, 0.7),
    "no errors": (TIME, WAVE, np.full(24, np.nan), 0.7),
    "place holders of errors": (TIME, WAVE, np.full(24, 3.4e38), 0.7),
    "errors of nothing": (TIME, WAVE, np.full(24, 1e-300), 0.7),
    "no values": (TIME, np.full(24, np.nan), ERROR, 0.7),
    "99": (TIME, np.full(24, 99.0), ERROR, 0.7),
    "huge": (TIME, WAVE * 1e9, ERROR, 0.7),
    "beyond floats": (TIME, WAVE * 1e300, ERROR, 0.7),
    "dates beyond time": (TIME * 1e10, WAVE, ERROR, 0.7),
    "unknown period": (TIME, WAVE, ERROR, np.nan),
    "zero period": (TIME, WAVE, ERROR, 0.0),
    "negative period": (TIME, WAVE, ERROR, -1.0),
    "infinite period": (TIME, WAVE, ERROR, np.inf),
    "period of ages": (TIME, WAVE, ERROR, 1e12),
}
SMALL = {
    "VariableStarCuts": {},
    "CurveForest": {"n_trees": 10},
    "CurveBoosting": {"n_iterations": 5, "n_boostings": 1},
    "InterpolatedTrees": {},
    "EventTemplates": {},
    "AutoencoderForest": {"n_units": 4, "n_embedded": 2, "length": 16, "max_epochs": 1},
    "TimeSeriesTransformer": {"n_features": 8, "n_times": 10, "max_epochs": 1},
    **{
        name: {"channels": 4, "depth": 2, "length": 16, "max_epochs": 1}
        for name in ("GRU", "LSTM", "TCN", "TIN", "ResNet", "InvariantTCN", "InvariantTIN", "InvariantResNet")
    },
}
NEEDS_TORCH = set(SMALL) - {"VariableStarCuts", "CurveForest", "CurveBoosting", "InterpolatedTrees", "EventTemplates"}


def good(n: int = 24) -> LightCurves:
    rng = np.random.default_rng(0)
    kind = np.array(["EA", "RRab"])[np.arange(n) % 2]
    shift = rng.uniform(0, 1, n)
    values = [
        15 + np.where(k == "EA", 0.5 * (np.mod(TIME / 0.7 + s, 1) < 0.2), 0.3 * np.mod(TIME / 0.7 + s, 1))
        for k, s in zip(kind, shift, strict=True)
    ]
    meta = pd.DataFrame({"class": kind, "period": np.full(n, 0.7)})
    return LightCurves.from_lists([TIME] * n, values, [ERROR] * n, meta=meta)


def ugly() -> LightCurves:
    time, value, error, period = zip(*UGLY.values(), strict=True)
    return LightCurves.from_lists(time, value, error, meta={"class": ["EA"] * len(UGLY), "period": period})


def dataset(curves: LightCurves, extras: tuple[str, ...]) -> Dataset:
    return curve_dataset(curves, "class", extras=extras)


@pytest.mark.parametrize("extras", [("period",), ()], ids=["catalogue period", "no period"])
@pytest.mark.parametrize("name", SMALL)
def test_no_light_curve_crashes_a_batch_or_moves_another(name, extras):
    if name in NEEDS_TORCH:
        pytest.importorskip("torch", reason="torch is not installed: networks cannot be trained")
    both, alone = dataset(joined([good(), ugly()]), extras), dataset(good(), extras)
    method = getattr(methods, name)(**SMALL[name])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        method.fit_data(both)
        found = method.predict_distribution(both.x, noise=both.noise).probabilities
    assert np.isfinite(found).all()
    answer = method.predict_distribution(alone.x, noise=alone.noise).probabilities
    # Networks add in single precision, in an order that depends on the size of the batch.
    np.testing.assert_allclose(found[:24], answer, atol=1e-6)
    # Whoever has no five good epochs gets the frequencies of the classes; a template takes even one as evidence.
    assert name == "EventTemplates" or (found[24:27] == found[24]).all()
