from __future__ import annotations

import numpy as np
import pytest

from checkstar.errors import InputError
from checkstar.methods.constant import Constant
from checkstar.prediction import Classes, Grid


def test_every_object_gets_the_distribution_of_the_training_labels():
    rng = np.random.default_rng(0)
    labels = np.c_[rng.lognormal(size=5000), rng.normal(10, 2, size=5000)]
    prediction = Constant().fit(np.zeros((5000, 1)), labels).predict_distribution([[3.0], [-1.0]])
    assert isinstance(prediction, Grid)
    for level in (0.05, 0.5, 0.95):
        # 200 quantiles, linear between: off by at most one in 200.
        np.testing.assert_allclose(prediction.quantile(level)[0], np.quantile(labels, level, axis=0), rtol=0.01)
    assert np.array_equal(prediction.mean()[0], prediction.mean()[1])
    np.testing.assert_allclose(prediction.mean()[0], labels.mean(axis=0), rtol=0.03)


def test_few_labels_are_all_kept():
    prediction = Constant().fit(np.zeros((3, 1)), [1.0, 2.0, 4.0]).predict_distribution([[0.0]])
    assert [prediction.quantile(q).item() for q in (0.25, 0.5, 0.75)] == pytest.approx([1, 2, 4], abs=1e-4)


def test_a_new_label_may_lie_outside_the_training_labels():
    prediction = Constant().fit(np.zeros((9, 1)), np.arange(9.0)).predict_distribution([[0.0]])
    assert prediction.cdf([0.0]).item() == pytest.approx(0.1, abs=1e-6)
    assert np.isfinite(prediction.log_prob([-0.5])).all()


def test_the_calibration_of_the_prior_is_exact():
    rng = np.random.default_rng(1)
    labels = rng.gamma(2.0, size=(4000, 1))
    method = Constant().fit(np.zeros((2000, 1)), labels[:2000])
    ranks = method.predict_distribution(np.zeros((2000, 1))).cdf(labels[2000:])
    # One sigma of the mean rank of 2000 objects and of the 2000 training labels together: 0.009.
    assert ranks.mean() == pytest.approx(0.5, abs=0.03)
    assert np.mean(ranks < 0.1) == pytest.approx(0.1, abs=0.03)


def test_classes_get_their_base_rates():
    prediction = Constant().fit(np.zeros((4, 2)), [["b"], ["a"], ["b"], ["b"]]).predict_distribution(np.zeros((2, 2)))
    assert isinstance(prediction, Classes)
    assert prediction.names == ("a", "b")
    assert prediction.probabilities.tolist() == [[0.25, 0.75]] * 2


def test_memory_does_not_grow_with_the_quantiles():
    prediction = Constant().fit(np.zeros((300, 1)), np.arange(300.0)).predict_distribution(np.zeros((1000, 1)))
    assert prediction.mass.strides[0] == 0
    assert prediction.edges.strides[0] == 0


def test_one_quantile_is_refused():
    with pytest.raises(InputError, match="n_quantiles=1; at least two"):
        Constant(n_quantiles=1).fit([[0.0], [1.0]], [0.0, 1.0])
