"""Every executor does the same, and a worker that is killed loses nothing."""

import os
import signal
import time

import numpy as np
import pytest

from checkstar.errors import InputError
from checkstar.studies.execution import DaskExecutor, JoblibExecutor, SerialExecutor, Task, limited_threads


def executors():
    return [SerialExecutor(), JoblibExecutor(2), DaskExecutor(n_workers=2)]


def quick_executors():
    """A cluster takes seconds to start."""
    return [*executors()[:2], pytest.param(executors()[2], marks=pytest.mark.slow)]


@pytest.mark.parametrize("executor", executors(), ids=repr)
def test_every_item_is_done_once_with_the_data_that_it_needs(executor):
    shared = {"ones": np.ones(200_000), "twos": np.full(200_000, 2.0)}
    tasks = (Task(i, "ones" if i % 2 else "twos") for i in range(6))
    found = {f.item: f.result for f in executor.map(lambda i, data: i + float(data.mean()), tasks, shared)}
    assert found == {0: 2.0, 1: 2.0, 2: 4.0, 3: 4.0, 4: 6.0, 5: 6.0}


@pytest.mark.parametrize("executor", quick_executors(), ids=repr)
def test_tasks_are_drawn_only_when_there_is_room(executor):
    drawn = []

    def tasks():
        for i in range(8):
            drawn.append(i)
            yield Task(i)

    def work(item, data):
        time.sleep(0.1)

    found = executor.map(work, tasks())
    next(found)
    # One a worker in work, one a worker that began when the first ended, and one in hand.
    assert len(drawn) <= 2 * executor.n_workers + 1
    assert len(list(found)) == 7


@pytest.mark.parametrize("executor", executors()[:2], ids=repr)
def test_who_stops_reading_stops_the_work(executor):
    drawn = []

    def tasks():
        for i in range(50):
            drawn.append(i)
            yield Task(i)

    found = executor.map(lambda i, data: time.sleep(0.05), tasks())
    next(found)
    found.close()
    assert len(drawn) < 20


@pytest.mark.parametrize("executor", executors()[1:], ids=repr)
def test_killed_workers_lose_nothing_and_a_deadly_item_is_given_up(executor, tmp_path):
    def work(item, folder):
        first = not os.path.exists(f"{folder}/died")
        if item == 2 and first:
            open(f"{folder}/died", "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        if item == 4:
            os.kill(os.getpid(), signal.SIGKILL)
        return item * 10

    found = {f.item: f for f in executor.map(work, map(Task, range(6), ["folder"] * 6), {"folder": str(tmp_path)})}
    assert {i: f.result for i, f in found.items() if i != 4} == {0: 0, 1: 10, 2: 20, 3: 30, 5: 50}
    assert found[4].result is None
    assert "its worker died" in found[4].death
    assert (tmp_path / "died").exists()


@pytest.mark.parametrize("executor", [SerialExecutor(), JoblibExecutor(2)], ids=repr)
def test_what_a_function_raises_ends_the_map(executor):
    def work(item, data):
        raise ZeroDivisionError(item)

    with pytest.raises(ZeroDivisionError):
        list(executor.map(work, [Task(1)]))


@pytest.mark.parametrize("executor", quick_executors(), ids=repr)
def test_a_worker_keeps_to_its_threads(executor):
    def threads(item, data):
        import numpy as np
        from threadpoolctl import threadpool_info

        np.ones((4, 4)) @ np.ones((4, 4))
        return max(pool["num_threads"] for pool in threadpool_info()), os.environ["OMP_NUM_THREADS"]

    assert next(executor.map(threads, [Task(0)])).result == (1, "1")


def test_threads_are_as_before_afterwards(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("RAYON_NUM_THREADS", raising=False)
    with limited_threads(1):
        assert os.environ["OMP_NUM_THREADS"] == os.environ["RAYON_NUM_THREADS"] == "1"
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "RAYON_NUM_THREADS" not in os.environ


def test_torch_keeps_to_its_threads_and_is_as_before_afterwards():
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    with limited_threads(1):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


def test_wrong_settings_are_named(monkeypatch):
    with pytest.raises(InputError, match="jobs is -1; at least one is needed"):
        JoblibExecutor(-1)
    with pytest.raises(InputError, match="threads is 0"):
        DaskExecutor(n_workers=1, threads=0)
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'checkstar\[survey\]'"):
        DaskExecutor()


@pytest.mark.slow  # waits ten seconds for the scheduler
def test_a_scheduler_that_is_not_there_is_named():
    with pytest.raises(InputError, match=r"there is no dask scheduler at tcp://127\.0\.0\.1:9"):
        list(DaskExecutor("tcp://127.0.0.1:9").map(lambda i, data: i, [Task(0)]))
