"""Real galaxies, where the data are there."""

import os
from pathlib import Path

import numpy as np
import pytest

from checkstar.data.dataset import Dataset
from checkstar.noise import Gaussian


@pytest.fixture(scope="session")
def boss():
    """``boss(name)``: BOSS galaxies of one file, magnitudes with errors; non-detections are masked."""
    folder = Path(os.environ.get("CHECKSTAR_DATA", "")) / "photo-z" / "boss-dr10"
    if "CHECKSTAR_DATA" not in os.environ or not folder.is_dir():
        pytest.skip("CHECKSTAR_DATA holds no photo-z/boss-dr10")

    def read(name):
        table = np.loadtxt(folder / f"boss_dr10_{name}.csv", delimiter=",", comments="#", skiprows=1)
        mags, errors = table[:, 0:10:2], table[:, 1:10:2]
        seen = (errors > 0) & (errors < 1) & (np.abs(mags) < 90)
        return Dataset(
            mags,
            table[:, 10],
            noise=Gaussian(np.where(seen, errors, np.inf)),
            features=list("ugriz"),
            labels=["z"],
        )

    return read
