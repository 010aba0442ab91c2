"""A killed audit goes on where it was, and never mixes with another one."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import checkstar as cs
from checkstar.checks import Leakage, Pulls, default_checks
from checkstar.errors import InputError
from checkstar.evidence import Verdict
from checkstar.examinations import Examiner, fingerprint
from checkstar.journals import Journal
from checkstar.simulators import linear_gaussian

CLAIM = cs.Claim("object_interval")


def made(n=500, seed=0):
    drawn = linear_gaussian(n, seed, n_features=8)
    train, test = (cs.Dataset(x=drawn.x, y=drawn.y, noise=drawn.sigma, group=np.arange(n)) for _ in range(2))
    return cs.Run.of(lambda x: (x.mean(axis=1), np.full(len(x), 0.5)), train=train, test=test)


def same(one, other):
    """Equal but for the clock."""

    def bare(evidence):
        return {key: value for key, value in evidence.to_dict().items() if key != "seconds"}

    return [bare(e) for e in one.judgements[0].evidence if e.family != "cost"] == [
        bare(e) for e in other.judgements[0].evidence if e.family != "cost"
    ]


def test_evidence_and_flags_come_back_as_they_went(tmp_path):
    run = made()
    journal = Journal(tmp_path / "j.jsonl", "f")
    journal.start()
    found = {c.name: c.examine(run, CLAIM, np.random.default_rng(0)) for c in (Pulls(), Leakage())}
    for name, evidence in found.items():
        journal.add(name, evidence)
    read = journal.read()
    assert {name: e.to_dict() for name, e in read.items()} == {name: e.to_dict() for name, e in found.items()}
    assert read["leakage"].flags["copy_in_training"].all()
    np.testing.assert_array_equal(read["leakage"].flags["copy_in_training"], found["leakage"].flags["copy_in_training"])


def test_a_torn_line_is_left_out_and_the_next_one_is_not_lost(tmp_path):
    journal = Journal(tmp_path / "j.jsonl", "f")
    journal.start()
    evidence = Pulls().examine(made(), CLAIM, np.random.default_rng(0))
    journal.add("whole", evidence)
    with journal.path.open("a") as file:
        file.write('{"key": "torn", "evid')
    journal.add("after", evidence)
    assert set(journal.read()) == {"whole", "after"}


def test_a_journal_of_other_data_is_refused(tmp_path):
    path = tmp_path / "j.jsonl"
    cs.audit(made(seed=0), CLAIM, checks=[Pulls()], journal=path)
    with pytest.raises(InputError, match=r"belongs to another audit.*start again without --resume"):
        cs.audit(made(seed=1), CLAIM, checks=[Pulls()], journal=path, resume=True)
    with pytest.raises(InputError, match="belongs to another audit"):
        cs.audit(made(seed=0), CLAIM, checks=[Pulls()], journal=path, resume=True, rng=3)


def test_without_resume_an_old_journal_is_replaced(tmp_path):
    path = tmp_path / "j.jsonl"
    cs.audit(made(seed=0), CLAIM, checks=[Pulls()], journal=path)
    cs.audit(made(seed=1), CLAIM, checks=[Pulls()], journal=path)
    assert len(Journal(path, fingerprint(made(seed=1), 0)).read()) == 1


def test_finished_checks_are_not_repeated_and_the_audit_is_the_same(tmp_path):
    path = tmp_path / "j.jsonl"
    whole = cs.audit(made(), CLAIM)
    cs.audit(made(), CLAIM, checks=[c for c in default_checks() if c.name != "coverage"], journal=path)
    asked = []
    resumed = cs.audit(made(), CLAIM, journal=path, resume=True, progress=lambda name, done, total: asked.append(name))
    assert set(asked) == {"coverage"}
    assert same(resumed, whole)
    assert (resumed.flags["flag_copy_in_training"] == whole.flags["flag_copy_in_training"]).all()


def test_an_error_is_tried_again(tmp_path):
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Moody(Pulls):
        name = "moody"

        def examine(self, run, claim, rng):
            raise RuntimeError("not today")

    path = tmp_path / "j.jsonl"
    cs.audit(made(), CLAIM, checks=[Moody(), Pulls()], journal=path)
    examiner = Examiner(made(), 0, journal=Journal(path, fingerprint(made(), 0)))
    assert examiner.resume() == 1
    assert [e.check for e in examiner.done.values()] == ["pulls"]


def test_checks_side_by_side_find_what_they_find_one_by_one():
    one, many = (cs.audit(made(), CLAIM, jobs=jobs) for jobs in (1, 4))
    assert same(one, many)
    assert one.subject["costs"]["audit_calls"] == many.subject["costs"]["audit_calls"]


def test_less_than_one_job_is_refused():
    with pytest.raises(InputError, match="jobs is 0; give the number of checks"):
        cs.audit(made(), CLAIM, jobs=0)


KILLED = """
import sys, time
import numpy as np
import checkstar as cs
from checkstar.checks import Coverage, Pulls, Skill
import dataclasses

drawn = np.random.default_rng(0)
y = drawn.normal(size=400)
run = cs.Run(name="r", test=cs.Dataset(y=y), prediction=cs.prediction.Normal(y + 0.5 * drawn.normal(size=400), np.full(400, 0.5)))

@dataclasses.dataclass(frozen=True, kw_only=True)
class Slow(Pulls):
    name = "slow"
    def examine(self, run, claim, rng):
        print("slow began", flush=True)
        time.sleep(float(sys.argv[2]))
        return Pulls().examine(run, claim, rng)

order = []
found = cs.audit(run, cs.Claim("object_interval"), checks=[Pulls(), Coverage(), Slow()], jobs=1, journal=sys.argv[1],
                 resume=True, progress=lambda name, done, total: order.append(name))
print(order, found.judgements[0].coverage["ran"])
"""


def test_a_killed_audit_goes_on_where_it_was(tmp_path):
    path = tmp_path / "j.jsonl"
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path), "60"], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as killed:
        assert killed.stdout.readline() == "slow began\n"
        os.kill(killed.pid, signal.SIGKILL)
    assert killed.returncode == -signal.SIGKILL
    assert len(path.read_text().split("\n\n")) == 3
    start = time.monotonic()
    again = subprocess.run([sys.executable, "-c", KILLED, str(path), "0"], capture_output=True, text=True, check=True)
    assert time.monotonic() - start < 60
    assert again.stdout.splitlines()[-1] == "['slow'] 3"


def test_what_is_not_a_journal_is_refused_or_begun_anew(tmp_path):
    path = tmp_path / "j.jsonl"
    path.write_text("not a journal\n")
    assert Journal(path, "f").read() == {}
    path.write_text(json.dumps({"something": "else"}))
    with pytest.raises(InputError, match="belongs to another audit"):
        Journal(path, "f").read()
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="start again without --resume"):
        Journal(path, "f").read()


def test_a_skipped_check_is_kept_too(tmp_path):
    path = tmp_path / "j.jsonl"
    run = cs.Run(name="r", test=cs.Dataset(y=np.arange(50.0)), prediction=cs.prediction.Point(np.arange(50.0)))
    cs.audit(run, CLAIM, checks=[Pulls()], journal=path)
    found = cs.audit(run, CLAIM, checks=[Pulls()], journal=path, resume=True)
    assert found.judgements[0].evidence[0].verdict is Verdict.SKIPPED
    assert found.judgements[0].evidence[0].missing
