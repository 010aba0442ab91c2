"""
Domain: spectra that were not brought to rest
=============================================

A method answers every spectrum, also one of a kind it has never seen. The check learns from all folds of
the training set but one what its spectra look like, calibrates on the fold left out how strange a spectrum of the same kind
may look, and counts the test objects that are stranger.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.data.embedded import miles_wavelength

check = cs.checks.Domain()
claim = cs.Claim("object_value", label="feh")
problem = cs.problems.stellar_labels()
train, test = problem.train.select("feh"), problem.test.select("feh")
ridge = cs.methods.Ridge().fit_data(train)

# %%
# The fault
# ---------
# The library is at rest. The stars to be measured move, like halo stars, by 200 km/s (here by simulated velocities),
# and nobody has corrected for it.

wave = miles_wavelength()
velocity = np.random.default_rng(0).normal(0, 200, len(test))
observed = [np.interp(wave, wave * (1 + v / 299_792.458), flux) for v, flux in zip(velocity, test.x, strict=True)]
moving = cs.Dataset(observed, test.y, noise=test.noise, labels=test.labels, group=test.group)
careless = cs.Run.of(ridge, train=train, test=moving)
fault = check.examine(careless, claim, np.random.default_rng(0))
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Bring the spectra to rest, as the training set is.

careful = cs.Run.of(ridge, train=train, test=test)
cured = check.examine(careful, claim, np.random.default_rng(0))
print(f"{cured.verdict}: {cured.reason}")

# %%
# Where nothing can be corrected, a guard abstains: `DomainGuard` leaves out what its method has not learned.

guard = cs.methods.DomainGuard(cs.methods.Ridge(), level=0.15).fit_data(train)
kept = moving[~guard.abstains(moving.x, noise=moving.noise)]
guarded = cs.Run.of(guard, train=train, test=kept)
limited = check.examine(guarded, claim, np.random.default_rng(0))
print(f"the guard keeps {len(kept)} of {len(moving)} moving stars; {limited.verdict}: {limited.reason}")
for name, run in (("observed frame", careless), ("kept by the guard", guarded), ("at rest", careful)):
    print(f"{name}: mean |error| of [Fe/H] {np.abs(run.view('feh').error).mean():.2f} dex")

figure, (left, right) = plt.subplots(1, 2, layout="constrained", figsize=(9, 4))
for name, run, evidence in (("observed frame", careless, fault), ("at rest", careful, cured)):
    left.plot(velocity, run.view("feh").error, ".", label=name)
    right.plot(evidence.figure["layers"][1]["x"], evidence.figure["layers"][1]["y"], label=name)
left.set_xlabel("radial velocity (km/s)")
left.set_ylabel("error of [Fe/H] (dex)")
left.legend()
right.plot([0, 1], [0, 1], "--", color="grey", label="like the training set")
right.set_xlabel(fault.figure["xlabel"])
right.set_ylabel("share of stars below")
right.legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
assert limited.verdict == "PASS"
