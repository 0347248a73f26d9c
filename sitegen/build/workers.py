"""Work in parallel: tasks are top-level functions of plain values, results too.

Any `concurrent.futures.Executor` will do. Tasks are handed out through a window, so
results do not pile up, and come back in order, so nothing depends on who was faster.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from sitegen.problems import SitegenError

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

T = TypeVar("T")
R = TypeVar("R")

BATCH = 16
"""Items that a process takes through all its steps together."""

BATCH_BYTES = 1 << 20
"""How large they may be together before no other joins them."""

WINDOW = 3
"""Tasks handed out at a time for each process."""


def available() -> int:
    """Returns how many processors this process may use."""
    return len(os.sched_getaffinity(0))


class Pool:
    """Processes for tasks, started by the first task that is worth it.

    An executor that is handed in is used, but not shut down. Threads will do too:
    tasks share nothing that is not made for it.
    """

    def __init__(self, jobs: int, executor: "Executor | None" = None) -> None:
        self.jobs = jobs
        self.executor = executor
        self.own: Executor | None = None

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go()

    def let_go(self) -> None:
        """Ends the processes that were started; the next task starts others."""
        if self.own:
            self.own.shutdown(wait=True, cancel_futures=True)
            self.executor = self.own = None

    def forks_anew(self) -> bool:
        """True if the next processes will share what this one holds now.

        Those that run already are let go. An executor that was handed in stays.
        """
        if self.executor is not self.own:
            return False
        self.let_go()
        return _method() == "fork"

    def run(
        self,
        task: Callable[[T], R],
        items: Iterable[T],
        worthwhile: bool,
        meanwhile: Iterable[object] = (),
    ) -> Iterator[R]:
        """Yields the result of `task` for each item, in order.

        Where this process would wait for others it takes a step of `meanwhile`. When
        the iteration is over, also by an error, no task is running any more. Raises
        SitegenError if a worker process is killed.
        """
        if self.jobs <= 1 or not worthwhile:
            return map(task, items)
        if self.executor is None:
            self.executor = self.own = _processes(self.jobs)
        return _in_order(self.executor, task, items, self.jobs * WINDOW, meanwhile)


def _processes(jobs: int) -> "Executor":
    """Returns an executor of `jobs` processes."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    context = multiprocessing.get_context(_method())
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=end_with_parent)


def end_with_parent() -> None:
    """Sees to it that this process ends at once if its parent does.

    One that is forked holds its parent's lock as well. Without this it would wait for
    work forever once the parent was killed, and so would the next build.
    """
    import threading

    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    import signal
    from multiprocessing import connection, parent_process

    parent = parent_process()
    assert parent
    connection.wait([parent.sentinel])
    signal.raise_signal(signal.SIGKILL)


def _method() -> str:
    """Returns how processes are started.

    Where this process has one thread they are forked, which starts at once and shares
    what is loaded already; else they are spawned, because a fork copies locks in
    whatever state other threads left them.
    """
    import threading

    return "fork" if threading.active_count() == 1 else "spawn"


def _in_order(
    executor: "Executor",
    task: Callable[[T], R],
    items: Iterable[T],
    window: int,
    meanwhile: Iterable[object],
) -> Iterator[R]:
    from concurrent.futures import wait
    from concurrent.futures.process import BrokenProcessPool

    waiting: deque[Future[R]] = deque()
    steps = iter(meanwhile)
    try:
        for item in items:
            with _shielded():
                waiting.append(executor.submit(task, item))
            if len(waiting) > window:
                yield _first(waiting, steps)
        while waiting:
            yield _first(waiting, steps)
    except BrokenProcessPool as failure:
        executor.shutdown(wait=True)
        message = "A worker process was killed; nothing was written."
        hint = "Often memory ran out: build again with -j 1."
        raise SitegenError(message, hint) from failure
    finally:
        for future in waiting:
            future.cancel()
        wait(waiting)


def _first(waiting: "deque[Future[R]]", steps: Iterator[object]) -> R:
    """Returns the result of the first task, which waits in line until it is done."""
    over = object()
    while not waiting[0].done() and next(steps, over) is not over:
        pass
    result = waiting[0].result()
    waiting.popleft()
    return result


@contextmanager
def _shielded() -> Iterator[None]:
    """Keeps Ctrl-C from the processes that start meanwhile: it is for their parent."""
    import signal

    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Holds Ctrl-C back until the block is over."""
    import signal
    import threading

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)
    if pressed:
        signal.raise_signal(signal.SIGINT)


def chunks(items: list[T], size: int) -> Iterator[list[T]]:
    """Yields a list in parts of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def batches(items: Iterable[T], size: Callable[[T], int]) -> Iterator[list[T]]:
    """Yields some items at a time, fewer where they are large.

    `size` gives an item's bytes: all together they may be more than memory holds.
    """
    batch: list[T] = []
    total = 0
    for item in items:
        batch.append(item)
        total += size(item)
        del item  # the list alone keeps it
        if len(batch) == BATCH or total > BATCH_BYTES:
            yield batch
            batch, total = [], 0
    yield batch
