"""Work in parallel: tasks are top-level functions of plain values, results too.

Any `concurrent.futures.Executor` will do. Tasks are handed out through a window, so
that results do not pile up, and the process that hands them out does its own share.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from sitegen.problems import SitegenError

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

T = TypeVar("T")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

BATCH = 16
"""Items that a process takes through all its steps together."""

BATCH_BYTES = 1 << 20
"""How large they may be together before no other joins them."""

WINDOW = 6
"""Tasks handed out at a time for each other process: enough for the time in which this
one is at a part of its own, which may be a very long list."""

EVENLY = 5
"""How many large parts what is left would make for each process."""


def available() -> int:
    """Returns how many processors this process may use."""
    return len(os.sched_getaffinity(0))


class Work(Protocol[T, R_co]):
    """What is to be done, in parts: `here` does one, and so does `task` elsewhere."""

    task: Callable[[bytes], bytes]
    """A function at the top of a module, from a packed part to a packed result."""

    def part(self, large: bool) -> T | None:
        """Returns a part that nobody has yet; None when all are handed out."""

    def packed(self, part: T) -> bytes:
        """Returns a part as `task` gets it."""

    def unpacked(self, data: bytes) -> R_co:
        """Returns the result that `task` gave."""

    def here(self, part: T) -> R_co:
        """Returns the result of a part."""


class Pool:
    """Processes for work, this one among them; others start when work is worth it.

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

    def run(self, work: "Work[T, R]", worthwhile: bool) -> Iterator[tuple[T, R]]:
        """Yields each part of some work, and what was made of it.

        This process takes small parts while others are at large ones, so that none has
        nothing to do, and what is made here need not be sent. When the iteration is
        over, also by an error, no task is running any more. Raises SitegenError if a
        worker process is killed.
        """
        if self.jobs <= 1 or not worthwhile:
            return _here(work)
        if self.executor is None:
            self.executor = self.own = _processes(self.jobs - 1)
        return _shared(self.executor, work, (self.jobs - 1) * WINDOW)


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


def _here(work: "Work[T, R]") -> Iterator[tuple[T, R]]:
    while (part := work.part(large=True)) is not None:
        yield part, work.here(part)


def _shared(
    executor: "Executor", work: "Work[T, R]", window: int
) -> Iterator[tuple[T, R]]:
    from concurrent.futures import wait
    from concurrent.futures.process import BrokenProcessPool

    sent: deque[tuple[T, Future[bytes]]] = deque()
    try:
        while True:
            while len(sent) < window and (part := work.part(large=True)) is not None:
                with _shielded():
                    future = executor.submit(work.task, work.packed(part))
                sent.append((part, future))
            if not sent:
                break
            if sent[0][1].done() or (part := work.part(large=False)) is None:
                part, future = sent[0]
                result = work.unpacked(future.result())
                sent.popleft()
                yield part, result
            else:
                yield part, work.here(part)
    except BrokenProcessPool as failure:
        executor.shutdown(wait=True)
        message = "A worker process was killed; nothing was written."
        hint = "Often memory ran out: build again with -j 1."
        raise SitegenError(message, hint) from failure
    finally:
        futures = [future for _, future in sent]
        for future in futures:
            future.cancel()
        wait(futures)


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


class Parts(Generic[T]):
    """Items, handed out in parts: large ones from the front, small from the back.

    Large ones get smaller towards the end, so that all processes end together.
    """

    def __init__(
        self, items: Sequence[T], jobs: int, most: int, least: int = BATCH
    ) -> None:
        self.items = items
        self.most = most
        self.least = min(least, most)
        self.shares = EVENLY * jobs
        self.start = 0
        self.end = len(items)

    def large(self) -> Sequence[T]:
        """Returns a part of up to `most` items; empty when all are handed out."""
        left = self.end - self.start
        size = min(self.most, max(self.least, left // self.shares), left)
        self.start += size
        return self.items[self.start - size : self.start]

    def small(self) -> Sequence[T]:
        """Returns a part of `least` items; empty when all are handed out."""
        size = min(self.least, self.end - self.start)
        self.end -= size
        return self.items[self.end : self.end + size]


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
