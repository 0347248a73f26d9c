"""Work in several processes, and what happens when one of them is killed."""

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.build.workers import (
    BATCH,
    BATCH_BYTES,
    Pool,
    available,
    batches,
    chunks,
)
from sitegen.problems import SitegenError


def double(number: int) -> int:
    """A task."""
    return number * 2


def die(number: int) -> int:
    """A task that kills its process."""
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def process(number: int) -> int:
    """A task that says where it runs."""
    return os.getpid()


def test_results_come_in_order() -> None:
    with Pool(2) as pool:
        assert list(pool.run(double, range(50), True)) == [n * 2 for n in range(50)]


def test_little_work_stays_here() -> None:
    with Pool(2) as pool:
        assert list(pool.run(process, [1], False)) == [os.getpid()]
    with Pool(1) as pool:
        assert list(pool.run(process, [1], True)) == [os.getpid()]


def test_a_killed_worker_is_said() -> None:
    with (
        Pool(2) as pool,
        pytest.raises(SitegenError, match="worker process was killed"),
    ):
        list(pool.run(die, range(4), True))


def test_where_threads_run_processes_are_started_afresh() -> None:
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()
    try:
        with Pool(2) as pool:
            assert list(pool.run(double, [1, 2], True)) == [2, 4]
    finally:
        done.set()
        other.join()


def test_any_executor_will_do() -> None:
    with Pool(2, ThreadPoolExecutor(2)) as pool:
        assert list(pool.run(double, range(20), True)) == [n * 2 for n in range(20)]


def test_this_process_does_something_while_it_waits() -> None:
    steps: list[int] = []
    gate = threading.Event()

    def meanwhile() -> Iterator[None]:
        for number in range(3):
            steps.append(number)
            yield
        gate.set()

    def task(number: int) -> int:
        gate.wait()
        return number

    with Pool(2, ThreadPoolExecutor(2)) as pool:
        found = list(pool.run(task, range(20), True, meanwhile()))
    assert found == list(range(20)) and steps == [0, 1, 2]


def test_what_fails_meanwhile_ends_the_work() -> None:
    stopped = threading.Event()

    def step(_: int) -> None:
        stopped.set()
        raise OSError("no room")

    def task(number: int) -> int:
        stopped.wait()
        return number

    executor = ThreadPoolExecutor(2)
    with Pool(2, executor) as pool, pytest.raises(OSError, match="no room"):
        list(pool.run(task, range(20), True, map(step, [1])))
    # Nothing is under way any more.
    assert executor.submit(double, 1).result() == 2


def test_work_is_cut_into_parts() -> None:
    assert list(chunks([1, 2, 3], 2)) == [[1, 2], [3]]
    assert list(chunks([], 2)) == []
    assert available() >= 1


@given(st.lists(st.integers(0, 2 * BATCH_BYTES), max_size=60))
def test_batches_are_small_and_leave_nothing_out(sizes: list[int]) -> None:
    found = list(batches(sizes, lambda size: size))
    assert [size for batch in found for size in batch] == sizes
    for batch in found:
        assert len(batch) <= BATCH
        assert sum(batch[:-1]) <= BATCH_BYTES
