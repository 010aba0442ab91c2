"""Executors: one `map` over processes of this machine or of many; a worker that is killed loses nothing.

Whatever the executor, a task runs on the same number of threads, so it gives the same numbers.
"""

from __future__ import annotations

import os
import sys
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

from checkstar.errors import InputError

__all__ = ["DaskExecutor", "Executor", "Finished", "JoblibExecutor", "SerialExecutor", "Task", "limited_threads"]

#: ``function(item, shared)``: what is done with each item.
Function = Callable[[Any, Any], Any]
#: How often an item may take its worker with it.
_MOST_DEATHS = 3
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")


class Task(NamedTuple):
    """One item of work, and the name of the shared data that it needs."""

    item: Any
    needs: str = ""


class Finished(NamedTuple):
    """An item with what the function gave; or why there is nothing: its worker died each time."""

    item: Any
    result: Any = None
    death: str = ""


class Executor(ABC):
    """Does one thing with many items."""

    #: How many items are in work at a time on this machine.
    n_workers: int

    @abstractmethod
    def map(
        self, function: Function, tasks: Iterable[Task], shared: Mapping[str, Any] | None = None
    ) -> Iterator[Finished]:
        """Results of ``function(item, shared[needs])`` as they come; tasks are drawn when there is room for them.

        Parameters
        ----------
        function : callable
            Defined in a module; must not change the shared data. What it raises ends the map.
        tasks : iterable of Task
            Drawn one by one, so that it may decide at the last moment what is still to be done.
        shared : mapping of name to data
            Sent to a worker once, not with every task.
        """


class SerialExecutor(Executor):
    """One item after the other, in this process.

    Parameters
    ----------
    threads : int
        Threads of the linear algebra inside each item.
    """

    def __init__(self, threads: int = 1) -> None:
        self.n_workers, self.threads = 1, threads

    def __repr__(self) -> str:
        return "one by one"

    def map(
        self, function: Function, tasks: Iterable[Task], shared: Mapping[str, Any] | None = None
    ) -> Iterator[Finished]:
        data = shared or {}
        for task in tasks:
            yield Finished(task.item, _work(function, task.item, data.get(task.needs), self.threads))


class JoblibExecutor(Executor):
    """Processes of this machine.

    Items that were in work when a worker died are done again alone; one that takes its worker with it three times is
    given up.

    Parameters
    ----------
    n_workers : int
        Processes; by default one a core.
    threads : int
        Threads of the linear algebra in each process.
    """

    def __init__(self, n_workers: int | None = None, threads: int = 1) -> None:
        self.n_workers = _positive("jobs", n_workers or _cores())
        self.threads = _positive("threads", threads)

    def __repr__(self) -> str:
        return f"{self.n_workers} processes of this machine"

    def map(
        self, function: Function, tasks: Iterable[Task], shared: Mapping[str, Any] | None = None
    ) -> Iterator[Finished]:
        if self.n_workers == 1:
            yield from SerialExecutor(self.threads).map(function, tasks, shared)
            return
        source, data = iter(tasks), shared or {}
        while True:
            suspects: dict[int, Task] = {}
            try:
                yield from self._side_by_side(function, source, data, suspects)
                return
            except BrokenExecutor:
                pass
            for task in suspects.values():
                yield self._alone(function, task, data)

    def _side_by_side(
        self, function: Function, source: Iterator[Task], data: Mapping[str, Any], in_work: dict[int, Task]
    ) -> Iterator[Finished]:
        from joblib import Parallel, delayed, parallel_config

        # joblib starts a worker anew whose memory has grown, as by importing torch; nothing is lost by it.
        warnings.filterwarnings("ignore", message="A worker stopped while some jobs")

        def calls() -> Iterator[Any]:
            for number, task in enumerate(source):
                in_work[number] = task
                yield delayed(_numbered)(number, function, task.item, data.get(task.needs), self.threads)

        # One item a worker and no more: the next is drawn only when there is room for it.
        with parallel_config(backend="loky", inner_max_num_threads=self.threads):
            pool = Parallel(
                n_jobs=self.n_workers,
                pre_dispatch=self.n_workers,
                batch_size=1,
                return_as="generator_unordered",
            )
        results = pool(calls())
        try:
            for number, result in results:
                yield Finished(in_work.pop(number).item, result)
        finally:
            # Closed here, whoever stops reading; joblib takes that for a mistake.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                results.close()

    def _alone(self, function: Function, task: Task, data: Mapping[str, Any]) -> Finished:
        for _ in range(_MOST_DEATHS - 1):
            try:
                return next(self._side_by_side(function, iter([task]), data, {}))
            except BrokenExecutor:
                continue
        return Finished(task.item, death=_obituary(_MOST_DEATHS))


class DaskExecutor(Executor):
    """Workers of dask.distributed: a cluster of this machine, or one that runs already on many.

    Parameters
    ----------
    address : str, optional
        Of the scheduler, as ``tcp://host:8786``; by default a cluster is started here for the time of the work. Start its
        workers with ``--nthreads 1``: costs are those of a process.
    n_workers : int, optional
        Processes of the cluster started here; by default one a core.
    threads : int
        Threads of the linear algebra inside each item; each worker does one item at a time here.
    memory_limit : str or None
        Of each worker started here, as dask writes it: "2GB"; a worker above it is started anew.

    Raises
    ------
    InputError
        If dask.distributed is not installed.
    """

    def __init__(
        self,
        address: str | None = None,
        n_workers: int | None = None,
        threads: int = 1,
        memory_limit: str | None = None,
    ) -> None:
        _require_dask()
        self.address, self.memory_limit = address, memory_limit
        self.n_workers = 1 if address else _positive("jobs", n_workers or _cores())
        self.threads = _positive("threads", threads)

    def __repr__(self) -> str:
        return f"dask at {self.address}" if self.address else f"dask with {self.n_workers} processes of this machine"

    def map(
        self, function: Function, tasks: Iterable[Task], shared: Mapping[str, Any] | None = None
    ) -> Iterator[Finished]:
        with self.client() as client:
            yield from _on_client(client, function, iter(tasks), shared or {}, self.threads)

    @contextmanager
    def client(self) -> Iterator[Any]:
        """A client of the cluster; the cluster itself, where there is no address, for the time of the block.

        Raises
        ------
        InputError
            If there is no scheduler at the address.
        """
        import dask
        from distributed import Client, LocalCluster

        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "100GB"}):
            if self.address is not None:
                try:
                    client = Client(self.address, timeout="10s", set_as_default=False)
                except (OSError, ValueError, TimeoutError) as error:
                    raise InputError(
                        f"there is no dask scheduler at {self.address} ({error or type(error).__name__}); start one with "
                        "`dask scheduler`, and workers with `dask worker`."
                    ) from error
                with client:
                    yield client
                return
            with (
                LocalCluster(
                    n_workers=self.n_workers,
                    threads_per_worker=1,
                    processes=True,
                    # Two clusters at once need two ports, and nobody looks at the pages.
                    dashboard_address=":0",
                    scheduler_kwargs={"dashboard": False},
                    memory_limit=self.memory_limit or 0,
                    silence_logs=50,
                ) as cluster,
                Client(cluster, set_as_default=False) as client,
            ):
                yield client


def _on_client(
    client: Any, function: Function, source: Iterator[Task], shared: Mapping[str, Any], threads: int
) -> Iterator[Finished]:
    from distributed import as_completed
    from distributed.scheduler import KilledWorker

    # The shared data are tasks, not scattered: what a dead worker held is made again for another one.
    data = {name: client.submit(_same, value, pure=False) for name, value in shared.items()}
    in_work: dict[Any, Task] = {}
    suspects: list[Task] = []

    def submit(task: Task) -> Any:
        return client.submit(_work, function, task.item, data.get(task.needs), threads, pure=False)

    def send() -> Any:
        task = next(source, None)
        if task is None:
            return None
        future = submit(task)
        in_work[future.key] = task
        return future

    # One item a process, whatever its threads: its time and memory are those of the item.
    room = max(len(client.nthreads()), 1)
    running = as_completed([future for _ in range(room) if (future := send()) is not None], loop=client.loop)
    for future in running:
        task = in_work.pop(future.key)
        try:
            finished = [Finished(task.item, future.result())]
        except KilledWorker:
            # Whoever stood beside a deadly item died with it as often: each is tried again alone.
            suspects.append(task)
            finished = []
        future.release()
        after = send()
        if after is not None:
            running.add(after)
        yield from finished
    for task in suspects:
        future = submit(task)
        try:
            yield Finished(task.item, future.result())
        except KilledWorker:
            yield Finished(task.item, death=_obituary(_MOST_DEATHS + 1))
        future.release()


def _same(value: Any) -> Any:
    return value


def _numbered(number: int, function: Function, item: Any, data: Any, threads: int) -> tuple[int, Any]:
    return number, _work(function, item, data, threads)


def _work(function: Function, item: Any, data: Any, threads: int) -> Any:
    with limited_threads(threads):
        return function(item, data)


@contextmanager
def limited_threads(threads: int) -> Iterator[None]:
    """At most so many threads in linear algebra, OpenMP and torch, also where these are imported only in here."""
    from threadpoolctl import threadpool_limits

    before = {name: os.environ.get(name) for name in _THREAD_VARIABLES}
    torch = sys.modules.get("torch")
    torch_threads = torch.get_num_threads() if torch is not None else 0
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, str(threads)))
    try:
        if torch is not None:
            torch.set_num_threads(threads)
        with threadpool_limits(limits=threads):
            yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        if torch is not None:
            torch.set_num_threads(torch_threads)


def _require_dask() -> None:
    from importlib.util import find_spec

    if find_spec("distributed") is None:
        raise InputError("dask.distributed is not installed; pip install 'checkstar[survey]'.")


def _obituary(deaths: int) -> str:
    return (
        f"its worker died {deaths} times while it ran; most often the machine was out of memory: "
        "use fewer workers or a smaller problem"
    )


def _positive(name: str, number: int) -> int:
    if number < 1:
        raise InputError(f"{name} is {number}; at least one is needed.")
    return number


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
