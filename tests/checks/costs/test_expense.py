import numpy as np
import pytest

from checkstar.audits import Audit, audit
from checkstar.checks.costs import Expense
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.runs import Run

CLAIM = Claim("object_value", n_objects=1000)


class Paced(Run):
    """A run whose predictions take the seconds that were set."""

    pace: tuple[float, ...] = (0.0,)

    def predict_seconds(self, rows=slice(None), repeats=3):
        return np.asarray(self.pace)


def beside(ours, theirs, extra_fit):
    """A method and its reference, with seconds per object and of training."""
    x = np.arange(60.0)
    data = Dataset(x, x)
    run, reference = (Run.of(lambda v: v[:, 0], test=data) for _ in range(2))
    run.__class__ = reference.__class__ = Paced
    run.pace, reference.pace = ours, theirs
    run.costs.fit_seconds, reference.costs.fit_seconds = extra_fit, 0.0
    run.reference = reference
    return run


@pytest.mark.parametrize(
    ("ours", "said"),
    [
        ((0.03, 0.03, 0.03), "never cheaper"),
        ((0.005, 0.02, 0.03), "never cheaper"),
        ((0.001,) * 3, "from 12 objects on"),
    ],
)
def test_a_stored_audit_is_read_back_whether_or_not_it_ever_pays(ours, said, tmp_path):
    run = beside(ours, (0.01, 0.01, 0.01), extra_fit=0.1)
    made = audit(run, CLAIM, checks=[Expense()])
    made.save(tmp_path)
    again = Audit.load(tmp_path)
    evidence = again.judgements[0].evidence[0]
    assert said in evidence.reason
    assert evidence.verdict is made.judgements[0].evidence[0].verdict
