"""Problems and metrics: what they show of themselves, and what they refuse."""

import numpy as np
import pytest

from checkstar.errors import InputError
from checkstar.prediction import Classes
from checkstar.problems import stellar_labels
from checkstar.problems.class_scores import CLASS_METRICS

PREDICTED = Classes([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], ["EA", "RRab"])


@pytest.mark.parametrize("metric", CLASS_METRICS, ids=lambda metric: metric.name)
def test_the_one_column_of_a_dataset_is_its_truth(metric):
    # Compared element with element, a column and a row would be a table of 3 x 3.
    truth = np.array(["EA", "EA", "EA"])
    assert metric.score(truth[:, None], PREDICTED) == metric.score(truth, PREDICTED)


@pytest.mark.parametrize("truth", [["EA"], ["EA"] * 4, [["EA", "EA"]] * 3])
def test_truths_of_other_objects_are_refused(truth):
    with pytest.raises(InputError, match=r"accuracy got true values of shape .* for 3 objects"):
        CLASS_METRICS[0].score(np.array(truth), PREDICTED)


def test_a_problem_shows_in_a_line_what_is_asked_of_what():
    shown = repr(stellar_labels())
    assert shown.startswith("Problem(stellar-labels: ")
    assert "objects to train" in shown
    assert len(shown) < 300
