import numpy as np
import pytest

import checkstar as cs
from checkstar.errors import InputError


def test_no_cluster_is_divided_unless_the_split_is_random():
    for split, shared in (("cluster", False), ("random", True)):
        problem = cs.problems.stellar_labels(split=split)
        common = np.intersect1d(problem.train.group.astype(str), problem.test.group.astype(str))
        assert bool(common.size) is shared


def test_the_split_is_that_of_the_seed():
    one, same, other = (cs.problems.stellar_labels(seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.test.y, same.test.y)
    assert not np.array_equal(one.test.y[:20], other.test.y[:20])


def test_temperatures_stay_in_range_and_every_star_is_used_once():
    problem = cs.problems.stellar_labels(teff_range=(4000, 7000))
    teff = np.concatenate([problem.train.y[:, 0], problem.test.y[:, 0]])
    assert teff.min() >= 4000
    assert teff.max() <= 7000
    everything = cs.problems.stellar_labels(teff_range=(0, 1e6))
    assert len(everything.train) + len(everything.test) == 707


@pytest.mark.parametrize(
    ("arguments", "message"), [({"split": "field"}, "split is 'field'"), ({"teff_range": (1, 2)}, "keeps 0 stars")]
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        cs.problems.stellar_labels(**arguments)


def test_the_usual_claims_can_be_made():
    problem = cs.problems.stellar_labels()
    done = cs.run(problem, cs.methods.Ridge())
    for claim in problem.claims:
        assert cs.audit(done, claim, checks=[]).judgements[0].claim.label == "feh"
