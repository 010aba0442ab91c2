"""
Misspecification: a sky line that was never simulated
=====================================================

Posteriors learned from simulations stay narrow, and stay calibrated on other simulations, whatever is in the real data.
Here the real spectra hold a residual of the sky that the simulator does not know.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.checks.posteriors.misspecification import Misspecification

check = Misspecification()
claim = cs.Claim("posterior")
rng = np.random.default_rng(0)
pixel = np.arange(60)
line = np.exp(-0.5 * ((pixel - 20) / 3) ** 2)
sky = np.exp(-0.5 * ((pixel - 24) / 1.5) ** 2)
SIGMA = 0.05


def spectra(n, sky_residual=0.0):
    """Spectra with one absorption line whose depth is wanted, and where wished some residual of a sky line near it."""
    depth = rng.uniform(0.2, 0.8, n)
    flux = 1 - depth[:, None] * line + sky_residual * rng.standard_normal((n, 1)) * sky
    return cs.Dataset(flux + SIGMA * rng.standard_normal(flux.shape), depth, noise=SIGMA, labels=["depth"])


# %%
# The fault
# ---------
# On simulations the posterior of the depth is exact; on the real spectra it is wrong, and as narrow as ever.

observed = spectra(1500, sky_residual=0.15)


def judge(sky_residual):
    train, test = spectra(4000, sky_residual), spectra(500, sky_residual)
    ridge = cs.methods.Ridge().fit_data(train)
    run = cs.Run.of(ridge, train=train, test=test, scope=cs.Scope(target=cs.Dataset(observed.x, noise=observed.noise)))
    for name, data in (("simulated", test), ("real", observed)):
        found = ridge.predict_distribution(data.x, noise=data.noise)
        pulls = (data.y - found.mean()) / found.std()
        print(f"{name} spectra: pulls of the depth scatter by {pulls.std():.2f}")
    evidence = check.examine(run, claim, np.random.default_rng(0))
    print(f"{evidence.verdict}: {evidence.reason}")
    return evidence


fault = judge(sky_residual=0.0)

# %%
# The cure
# --------
# Look at the strangest spectra, find the residual, and simulate it.

cured = judge(sky_residual=0.15)

figure, (left, right) = plt.subplots(1, 2, layout="constrained", figsize=(9, 4))
left.plot(pixel, observed.x[:5].T, lw=0.8)
left.set_xlabel("pixel")
left.set_ylabel("flux of five real spectra")
for name, evidence in (("sky not simulated", fault), ("sky simulated", cured)):
    right.plot(evidence.figure["layers"][1]["x"], evidence.figure["layers"][1]["y"], label=name)
right.plot([0, 1], [0, 1], "--", color="grey", label="like the simulations")
right.set_xlabel(fault.figure["xlabel"])
right.set_ylabel(fault.figure["ylabel"])
right.legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
