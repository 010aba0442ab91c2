"""A small problem of classes, two objects a group."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score

import checkstar as cs
from checkstar.methods import KNearest
from checkstar.problems.base import Metric, Problem


def metric(name="accuracy", function=accuracy_score, direction="higher"):
    return Metric(name=name, function=function, direction=direction, unit="", source="scikit-learn")


def data(n=120, seed=0, names="abc", shares=(0.5, 0.3, 0.2)):
    """Four features, of which two tell the class."""
    rng = np.random.default_rng(seed)
    y = np.repeat(rng.choice(list(names), p=shares, size=n // 2), 2)
    x = rng.normal(size=(n, 4))
    x[:, :2] += 1.5 * np.array([names.index(c) for c in y])[:, None]
    meta = {"id": [f"star {i}" for i in range(n)]}
    return cs.Dataset(x=x, y=y, labels=["class"], meta=meta, group=np.arange(n) // 2, noise=np.full(4, 0.1))


def problem(of=None, name="toy", metrics=None, **settings):
    train, test = (data(**settings) if of is None else of).split(0.3, 0)
    metrics = metrics or (metric(), metric("balanced_accuracy", balanced_accuracy_score))
    return Problem(
        name=name,
        question="which class?",
        train=train,
        test=test,
        reference=KNearest(),
        metrics={"class": metrics},
        claims=(),
    )


@pytest.fixture
def toy():
    return SimpleNamespace(data=data, metric=metric, problem=problem)
