import numpy as np

from checkstar.studies.comparison import compare
from checkstar.studies.findings import dearer_in_words


def test_methods_that_cost_more_must_have_something_to_show_for_it():
    rng = np.random.default_rng(0)
    trees = (rng.random(4000) < 0.9).astype(float)
    rights = {
        "trees": trees,
        "network": trees * (rng.random(4000) < 0.9),
        "twin": np.where(rng.random(4000) < 0.001, 0, trees),
    }
    compared = compare(rights, np.arange(4000), np.zeros(4000, int))
    said = dearer_in_words(compared, {"trees": 1.0, "network": 9.0, "twin": 9.0})
    assert "twin costs at least twice as much and is not shown to be better" in said
    assert "network costs at least twice as much and is shown to be worse" in said
    assert dearer_in_words(compared, {"trees": 1.0, "network": 1.0, "twin": 0.5}) == ""
