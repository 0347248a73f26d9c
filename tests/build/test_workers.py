"""Work in several processes, and what happens when one of them is killed."""

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.build.workers import (
    BATCH,
    BATCH_BYTES,
    WINDOW,
    Parts,
    Pool,
    Work,
    available,
    batches,
)
from sitegen.problems import SitegenError


def double(data: bytes) -> bytes:
    """A task."""
    return str(int(data) * 2).encode()


def die(data: bytes) -> bytes:
    """A task that kills its process."""
    os.kill(os.getpid(), signal.SIGKILL)
    return data


def process(data: bytes) -> bytes:
    """A task that says where it runs."""
    return str(os.getpid()).encode()


class Doubling(Work[int, int]):
    """Numbers to be doubled, or what else a task makes of them."""

    def __init__(
        self, numbers: Iterable[int], task: Callable[[bytes], bytes] = double
    ) -> None:
        self.left = deque(numbers)
        self.task = task
        self.sent: list[int] = []

    def part(self, large: bool) -> int | None:
        """Returns the next number, or the last one."""
        if not self.left:
            return None
        return self.left.popleft() if large else self.left.pop()

    def packed(self, part: int) -> bytes:
        """Returns a number as text."""
        self.sent.append(part)
        return str(part).encode()

    def unpacked(self, data: bytes) -> int:
        """Returns the number of a text."""
        return int(data)

    def here(self, part: int) -> int:
        """Returns what the task makes of a number."""
        return part * 2


class Forgetful(Executor):
    """Its tasks are done when somebody waits for them."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Late":
        """Returns a result to wait for."""
        return Late(lambda: fn(*args, **kwargs))


class Late(Future[Any]):
    """A result that is never there before somebody waits for it."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__()
        self.work = work

    def result(self, timeout: float | None = None) -> Any:
        """Returns the result."""
        self.set_result(self.work())
        return super().result(timeout)


def test_each_part_is_done_once() -> None:
    with Pool(3) as pool:
        found = list(pool.run(Doubling(range(500)), True))
    assert sorted(found) == [(n, n * 2) for n in range(500)]


def test_little_work_stays_here() -> None:
    for jobs, worthwhile in ((2, False), (1, True)):
        with Pool(jobs) as pool:
            assert list(pool.run(Doubling([4], process), worthwhile)) == [(4, 8)]
            assert pool.own is None


def test_others_begin_at_the_front_and_this_process_at_the_back() -> None:
    work, pool = Doubling(range(20)), Pool(2, Forgetful())
    found = [part for part, _ in pool.run(work, True)]
    # None of theirs is ready before this process has nothing left to do.
    assert work.sent == list(range(WINDOW))
    assert found == [*range(19, WINDOW - 1, -1), *range(WINDOW)]


def test_results_never_pile_up() -> None:
    with ThreadPoolExecutor(4) as threads:
        work, taken = Doubling(range(200)), 0
        for part, _ in Pool(4, threads).run(work, True):
            taken += part in work.sent
            assert len(work.sent) - taken <= 3 * WINDOW
        assert taken == len(work.sent)


def test_a_killed_worker_is_said() -> None:
    with (
        Pool(2) as pool,
        pytest.raises(SitegenError, match="worker process was killed"),
    ):
        list(pool.run(Doubling(range(4), die), True))


def test_where_threads_run_processes_are_started_afresh() -> None:
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()
    try:
        with Pool(2) as pool:
            assert dict(pool.run(Doubling([1, 2]), True)) == {1: 2, 2: 4}
    finally:
        done.set()
        other.join()


def test_any_executor_will_do() -> None:
    with ThreadPoolExecutor(2) as threads:
        found = dict(Pool(2, threads).run(Doubling(range(20)), True))
        assert found == {n: n * 2 for n in range(20)}
        assert threads.submit(abs, -1).result() == 1


def test_a_task_that_fails_ends_the_work() -> None:
    with Pool(2) as pool, pytest.raises(ZeroDivisionError):
        list(pool.run(Doubling([1, 0, 3], invert), True))


def invert(data: bytes) -> bytes:
    """A task that fails for nought."""
    return str(1 // int(data)).encode()


def test_what_fails_here_ends_the_work() -> None:
    stopped = threading.Event()

    class Full(Doubling):
        def here(self, part: int) -> int:
            stopped.set()
            raise OSError("no room")

    def wait(data: bytes) -> bytes:
        stopped.wait()
        return data

    with ThreadPoolExecutor(2) as threads:
        work = Full(range(20), wait)
        with pytest.raises(OSError, match="no room"):
            list(Pool(2, threads).run(work, True))
        # Nothing is under way any more.
        assert threads.submit(abs, -1).result() == 1
    assert len(work.sent) <= WINDOW


@given(st.integers(0, 500), st.integers(1, 8), st.integers(1, 100), st.randoms())
def test_parts_leave_nothing_out(
    count: int, jobs: int, most: int, random: Random
) -> None:
    parts = Parts(range(count), jobs, most)
    front: list[int] = []
    back: list[int] = []
    while len(front) + len(back) < count:
        if random.random() < 0.5:
            large = parts.large()
            assert 0 < len(large) <= most
            front += large
        else:
            small = parts.small()
            assert 0 < len(small) <= min(most, BATCH)
            back = [*small, *back]
    assert [*front, *back] == list(range(count))
    assert not parts.large() and not parts.small()


def test_parts_get_smaller_towards_the_end() -> None:
    parts = Parts(range(10_000), 2, 100)
    sizes = []
    while part := parts.large():
        sizes.append(len(part))
    assert sizes[0] == 100 and sizes[-2] == BATCH
    assert sizes == sorted(sizes, reverse=True)


def test_there_is_a_processor() -> None:
    assert available() >= 1


@given(st.lists(st.integers(0, 2 * BATCH_BYTES), max_size=60))
def test_batches_are_small_and_leave_nothing_out(sizes: list[int]) -> None:
    found = list(batches(sizes, lambda size: size))
    assert [size for batch in found for size in batch] == sizes
    for batch in found:
        assert len(batch) <= BATCH
        assert sum(batch[:-1]) <= BATCH_BYTES
