from __future__ import annotations

import sys

import numpy as np
import pytest

from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.variability import rust_extractors
from checkstar.variability.distributions import describe_distribution
from checkstar.variability.epochs import usable_epochs
from checkstar.variability.features import describe_curves
from checkstar.variability.sequences import describe_sequence


def curves(n: int = 60) -> LightCurves:
    """Light curves of 5 to 300 epochs: normal, skewed, of two levels, rounded to hundredths, with an outlier."""
    rng = np.random.default_rng(0)
    times, values, errors = [], [], []
    for i in range(n):
        m = int(rng.integers(5, 300))
        value = [rng.normal(size=m), rng.gamma(1.0, size=m), rng.integers(0, 2, m) + 0.01 * rng.normal(size=m)][i % 3]
        value[0] += 50.0 * (i % 7 == 0)
        times.append(56000 + np.sort(rng.uniform(0, 2000, m)))
        values.append(np.round(14 + value, 2) if i % 4 == 0 else 14 + value)
        errors.append(rng.uniform(0.02, 0.2, m))
    return LightCurves.from_lists(times, values, errors)


def test_our_statistics_are_those_of_the_rust_extractors():
    pytest.importorskip("light_curve", reason="light-curve is not installed")
    epochs = usable_epochs(curves())
    theirs, ours = rust_extractors.extract_with_rust(epochs), describe_distribution(epochs)
    assert set(theirs) == set(ours)
    for name, column in theirs.items():
        assert ours[name] == pytest.approx(column, rel=1e-6, abs=1e-9, nan_ok=True), name


def test_our_statistics_of_the_sequence_are_those_of_the_rust_extractors():
    lc = pytest.importorskip("light_curve", reason="light-curve is not installed")
    epochs = usable_epochs(curves())
    ours = describe_sequence(epochs)
    extractor = lc.Extractor(lc.Eta(), lc.Cusum(), lc.MaximumSlope(), lc.LinearTrend())
    assert set(extractor.names) == set(ours)
    for i, (first, last) in enumerate(zip(epochs.parts.offsets[:-1], epochs.parts.offsets[1:], strict=True)):
        theirs = extractor(epochs.time[first:last] - epochs.time[first], epochs.value[first:last], sorted=True)
        assert [ours[name][i] for name in extractor.names] == pytest.approx(theirs, rel=1e-6)


def test_epochs_that_all_have_the_same_time_end_nothing():
    same = LightCurves.from_lists([np.zeros(6)], [np.arange(6.0)], [np.full(6, 0.1)])
    features = describe_curves(same, extractors="auto")
    assert features.values[0, features.names.index("amplitude")] == 2.5


def test_features_do_not_depend_on_the_extractors():
    pytest.importorskip("light_curve", reason="light-curve is not installed")
    rust, plain = (describe_curves(curves(), extractors=kind) for kind in ("rust", "numpy"))
    assert rust.names == plain.names
    assert plain.values == pytest.approx(rust.values, rel=1e-6, abs=1e-9)


def test_without_the_package_ours_are_used_and_asking_for_it_is_refused(monkeypatch):
    monkeypatch.setattr(rust_extractors, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "light_curve", None)
    assert describe_curves(curves(3)).values[:, 0].tolist() == [1.0] * 3
    with pytest.raises(InputError, match=r"checkstar\[light-curves\]"):
        describe_curves(curves(3), extractors="rust")
