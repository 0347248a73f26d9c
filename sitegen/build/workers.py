"""Work in parallel: tasks are top-level functions of plain values, results too.

Any `concurrent.futures.Executor` will do. Tasks are handed out through a window, so
results do not pile up, and come back in order, so nothing depends on who was faster.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import TypeVar

from sitegen.problems import SitegenError

T = TypeVar("T")
R = TypeVar("R")

WINDOW = 3
"""Tasks handed out at a time for each process."""


def available() -> int:
    """Returns how many processors this process may use."""
    return len(os.sched_getaffinity(0))


@contextmanager
def pool(jobs: int) -> Iterator[Executor | None]:
    """Gives an executor of `jobs` processes; None, and no cost, for a single one.

    Where the process has one thread its workers are forked, which starts at once and
    shares what was loaded already; else they are spawned, because a fork copies locks
    in whatever state other threads left them.
    """
    if jobs <= 1:
        yield None
        return
    import multiprocessing
    import threading
    from concurrent.futures import ProcessPoolExecutor

    method = "fork" if threading.active_count() == 1 else "spawn"
    executor = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context(method))
    try:
        yield executor
    except BaseException:
        executor.shutdown(wait=True, cancel_futures=True)
        raise
    else:
        executor.shutdown()


def run(
    executor: Executor | None, task: Callable[[T], R], items: Iterable[T], width: int
) -> Iterator[R]:
    """Yields the result of `task` for each item, in order.

    Raises SitegenError if a worker process is killed.
    """
    if executor is None:
        yield from map(task, items)
        return
    from concurrent.futures.process import BrokenProcessPool

    waiting: deque[Future[R]] = deque()
    try:
        for item in items:
            waiting.append(executor.submit(task, item))
            if len(waiting) > width * WINDOW:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as failure:
        message = "A worker process was killed; nothing was written."
        hint = "Often memory ran out: build again with -j 1."
        raise SitegenError(message, hint) from failure


def chunks(items: list[T], size: int) -> Iterator[list[T]]:
    """Yields a list in parts of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def ignore_interrupts() -> None:
    """Leaves Ctrl-C to the parent; a worker calls this as its task begins."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
