import numpy as np

from checkstar.statistics.subsamples import some_rows


def test_rows_are_in_order_and_none_is_drawn_twice():
    rows = some_rows(1000, 400, np.random.default_rng(0))
    assert len(rows) == 400
    assert (np.diff(rows) > 0).all()


def test_few_objects_are_all_kept_and_leave_the_stream_alone():
    used, unused = np.random.default_rng(0), np.random.default_rng(0)
    assert some_rows(5, 5, used).tolist() == [0, 1, 2, 3, 4]
    assert used.random() == unused.random()
