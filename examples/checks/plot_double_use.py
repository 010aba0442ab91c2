"""
Double use: the same objects as prior and as data
=================================================

Every posterior holds the training set as its prior. If the objects that then set the zero point, or serve as a prior on
the population, were trained on, their errors come twice, and agreement with them confirms nothing.
"""

import numpy as np

import checkstar as cs
from checkstar.checks.populations import DoubleUse
from checkstar.simulators import linear_gaussian

drawn = linear_gaussian(3000, 0)
names = np.array([f"star {i}" for i in range(3000)])


def stars(rows):
    return cs.Dataset(drawn.x[rows], drawn.y[rows], meta={"name": names[rows]})


def examine(train, calibrators):
    run = cs.Run.of(
        cs.methods.Ridge(), train=train, test=stars(slice(2000, 3000)), scope=cs.Scope(other_uses=calibrators)
    )
    return DoubleUse().examine(run, cs.Claim("population_mean"), np.random.default_rng(0))


# %%
# The fault
# ---------
# A zero point is to be set by 300 calibrators, a hundred of which are in the training set:

fault = examine(stars(slice(0, 1800)), {"zero point": stars(slice(1700, 2000))})
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Train on the others:

better = examine(stars(slice(0, 1700)), {"zero point": stars(slice(1700, 2000))})
print(f"{better.verdict}: {better.reason}")

assert fault.verdict == "FAIL"
assert better.verdict == "PASS"
