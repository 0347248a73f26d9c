"""Work in parallel: tasks are top-level functions of plain values, results too.

Any `concurrent.futures.Executor` will do. Tasks are handed out through a window, so
results do not pile up, and come back in order, so nothing depends on who was faster.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from sitegen.problems import SitegenError

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

T = TypeVar("T")
R = TypeVar("R")

WINDOW = 3
"""Tasks handed out at a time for each process."""


def available() -> int:
    """Returns how many processors this process may use."""
    return len(os.sched_getaffinity(0))


class Pool:
    """Processes for tasks, started by the first task that is worth it."""

    def __init__(self, jobs: int, executor: "Executor | None" = None) -> None:
        self.jobs = jobs
        self.executor = executor

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self.executor:
            self.executor.shutdown(wait=True, cancel_futures=kind is not None)

    def run(
        self, task: Callable[[T], R], items: Iterable[T], worthwhile: bool
    ) -> Iterator[R]:
        """Yields the result of `task` for each item, in order.

        Raises SitegenError if a worker process is killed.
        """
        if self.jobs <= 1 or not worthwhile:
            return map(task, items)
        self.executor = self.executor or _processes(self.jobs)
        return _in_order(self.executor, task, items, self.jobs * WINDOW)


def _processes(jobs: int) -> "Executor":
    """Returns an executor of `jobs` processes.

    Where this process has one thread they are forked, which starts at once and shares
    what is loaded already; else they are spawned, because a fork copies locks in
    whatever state other threads left them.
    """
    import multiprocessing
    import threading
    from concurrent.futures import ProcessPoolExecutor

    method = "fork" if threading.active_count() == 1 else "spawn"
    return ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context(method))


def _in_order(
    executor: "Executor", task: Callable[[T], R], items: Iterable[T], window: int
) -> Iterator[R]:
    from concurrent.futures.process import BrokenProcessPool

    waiting: deque[Future[R]] = deque()
    try:
        for item in items:
            waiting.append(executor.submit(_in_worker, task, item))
            if len(waiting) > window:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as failure:
        message = "A worker process was killed; nothing was written."
        hint = "Often memory ran out: build again with -j 1."
        raise SitegenError(message, hint) from failure


def _in_worker(task: Callable[[T], R], item: T) -> R:
    """Does a task in a process that leaves Ctrl-C to its parent."""
    import signal
    import threading

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return task(item)


def chunks(items: list[T], size: int) -> Iterator[list[T]]:
    """Yields a list in parts of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
