"""The peak is that of the work itself, not of what the process did before."""

import sys

import numpy as np
import pytest

import checkstar as cs
from checkstar.studies.memory import available_memory_mb, needed_memory_mb, peak_memory


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can forget a peak")
def test_the_peak_of_a_block_is_its_own():
    with peak_memory() as large:
        # 200 MB, touched.
        block = np.ones(25_000_000)
        del block
    with peak_memory() as small:
        pass
    assert large.peak_mb - large.before_mb > 190
    assert small.peak_mb < large.peak_mb - 150


def test_there_is_memory_for_a_small_problem():
    small = cs.Dataset(x=np.ones((10, 2)), y=np.ones(10))
    assert 0 < needed_memory_mb(small) < available_memory_mb()


def test_the_need_grows_with_objects_and_columns():
    one, more = (needed_memory_mb(cs.Dataset(x=np.ones((n, 100)), y=np.ones(n))) for n in (1000, 11000))
    # 10,000 x 100 more numbers of 8 bytes, four times.
    assert more - one == pytest.approx(4 * 8 * 1e6 / 1024**2)
