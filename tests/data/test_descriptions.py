"""Objects are compared by their columns, or by the numbers that a description makes of them."""

from dataclasses import dataclass

import numpy as np
import pytest

from checkstar.data.curve_layout import CurveLayout
from checkstar.data.curve_shapes import CurveShapes
from checkstar.data.dataset import Dataset
from checkstar.data.descriptions import same_kind
from checkstar.errors import InputError

LAYOUT = CurveLayout(n_epochs=6, extras=("period",))


def curves(n=8, seed=0, **settings):
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.uniform(0.3, 3, n), np.sort(rng.uniform(0, 50, (n, 6))), rng.normal(15, 1, (n, 6))])
    sigma = np.where(np.arange(x.shape[1]) >= 7, 0.1, np.inf)
    return Dataset(x, [f"c{i % 2}" for i in range(n)], noise=sigma, features=LAYOUT.features, **settings)


@dataclass(frozen=True)
class Sums:
    """The sum of the columns; counts how often it is asked."""

    asked: list

    def names(self, features):
        return (f"sum of {len(features)}",)

    def __call__(self, x, noise, features):
        self.asked.append(len(x))
        return x.sum(axis=1, keepdims=True)


def test_other_data_are_compared_as_they_are():
    data = Dataset(np.eye(3), [1.0, 2.0, 3.0], noise=0.1)
    assert data.described() is data
    assert data.layout is None


def test_light_curves_are_described_by_default():
    data = curves()
    assert data.describe == CurveShapes()
    assert data.described().features[0] == "log period"
    assert data.described().noise is None
    assert data.described().described().x is data.described().x


def test_it_is_described_once_and_slices_keep_that():
    asked = []
    data = Dataset(np.arange(12.0).reshape(4, 3), [1.0, 2.0, 3.0, 4.0], labels=["a"], describe=Sums(asked))
    assert data.described().features == ("sum of 3",)
    assert data[1:3].select("a").described().x.tolist() == [[12.0], [21.0]]
    assert data[1:3].described().y.tolist() == [[2.0], [3.0]]
    assert asked == [4]


@pytest.mark.parametrize("suffix", ["parquet", "fits", "ecsv"])
def test_light_curves_are_described_alike_after_a_file(tmp_path, suffix):
    data = curves()
    data.write(tmp_path / f"stars.{suffix}")
    again = Dataset.read(tmp_path / f"stars.{suffix}")
    assert again.layout == LAYOUT
    assert again.described().x == pytest.approx(data.described().x, nan_ok=True)
    assert Dataset.read(tmp_path / f"stars.{suffix}", describe=Sums([])).described().features == ("sum of 13",)


def test_rows_are_light_curves_again():
    data = curves()
    found = data.light_curves()
    assert found.n_epochs.tolist() == [6] * 8
    assert found.meta["period"].to_numpy() == pytest.approx(data.x[:, 0])
    with pytest.raises(InputError, match="hold no times"):
        Dataset(np.eye(3)).light_curves()


def test_light_curves_of_any_length_are_of_one_kind():
    features = LAYOUT.features
    assert same_kind(LAYOUT.for_width(5).features, features)
    assert not same_kind(CurveLayout(n_epochs=6).features, features)
    assert not same_kind(CurveLayout(n_epochs=6, extras=("period",), unit="nJy").features, features)
    # As many columns that are no light curves are of another kind.
    assert not same_kind([f"x{i}" for i in range(len(features))], features)
