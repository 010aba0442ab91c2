"""A living process keeps what it has taken; what a dead one had is free."""

import json
import os
import socket
import subprocess
import sys
import time

import pytest

from checkstar.studies.reservations import Reservations


@pytest.fixture
def folder(tmp_path):
    return tmp_path


def dead_pid():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_what_one_has_taken_another_cannot_take_until_it_is_given_back(folder):
    with Reservations(folder) as one, Reservations(folder) as other:
        assert one.take("cell")
        assert one.take("cell")
        assert not other.take("cell")
        one.release("cell")
        assert other.take("cell")
    assert list(folder.iterdir()) == []


def test_what_a_dead_process_had_is_free(folder):
    (folder / "cell").write_text(json.dumps({"host": socket.gethostname(), "pid": dead_pid()}))
    with Reservations(folder) as mine:
        assert mine.take("cell")


def test_a_process_of_another_machine_is_dead_when_it_is_silent(folder):
    (folder / "cell").write_text(json.dumps({"host": "elsewhere", "pid": 1}))
    with Reservations(folder) as mine:
        assert not mine.take("cell")
        os.utime(folder / "cell", (time.time() - 1000,) * 2)
        assert mine.take("cell")


def test_a_file_that_is_being_written_is_left_alone(folder):
    (folder / "cell").write_text('{"host":')
    with Reservations(folder) as mine:
        assert not mine.take("cell")


def test_where_nothing_can_be_written_everything_may_be_run(folder):
    with Reservations(folder / "missing") as mine:
        assert mine.take("cell")
