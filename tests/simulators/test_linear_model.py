import numpy as np
import pytest

from checkstar.simulators import LinearModel
from checkstar.simulators.base import ForwardModel


def test_its_derivatives_are_its_slopes():
    model = LinearModel([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0]], offset=[5.0, 0.0, 1.0])
    labels = np.array([[0.0, 0.0], [2.0, 3.0]])
    assert model.mean(labels).tolist() == [[5.0, 0.0, 1.0], [7.0, 7.0, -2.0]]
    # Central differences of a linear function are exact up to rounding.
    assert model.jacobian(labels) == pytest.approx(ForwardModel.jacobian(model, labels), abs=1e-6)
