"""What a server does beside its answers."""

import os
import threading

import pytest

from sitegen.submissions import chores
from sitegen.submissions.chores import Chore


def test_a_chore_is_done_again_and_again_and_when_it_is_asked_for() -> None:
    done = threading.Semaphore(0)
    ended: list[bool] = []

    def work() -> float:
        done.release()
        return 600

    chore = Chore("test", work, end=lambda: ended.append(True))
    chore.start()
    chore.start()  # once is enough
    assert done.acquire(timeout=60)
    chore.wake()
    assert done.acquire(timeout=60)
    thread = chore.thread
    chore.stop(60)
    assert thread and not thread.is_alive() and ended == [True]
    chore.start()
    assert chore.thread is thread


def test_a_chore_that_fails_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(chores, "RETRY_SECONDS", 0.0)
    tried = threading.Semaphore(0)

    def work() -> float:
        tried.release()
        raise OSError("no room")

    chore = Chore("test", work)
    chore.start()
    assert tried.acquire(timeout=60) and tried.acquire(timeout=60)
    chore.stop(60)
    assert "test failed" in caplog.text


def test_a_chore_that_begins_later_can_be_stopped_before() -> None:
    def work() -> float:
        raise AssertionError("too early")

    chore = Chore("test", work, delay=600)
    chore.start()
    chore.stop(60)
    assert chore.thread and not chore.thread.is_alive()


def test_each_process_has_its_own_thread() -> None:
    chore = Chore("test", lambda: 600.0)
    chore.pid = os.getpid() + 1  # as after a fork
    chore.start()
    assert chore.pid == os.getpid() and chore.thread and chore.thread.is_alive()
    chore.stop(60)
