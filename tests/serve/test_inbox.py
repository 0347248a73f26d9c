"""Bursts are folded, and nothing is lost."""

import threading

import pytest

from sitegen.serve.burst import DONE, EACH, LIMIT, MOST, OPEN, Burst
from sitegen.serve.inbox import Changed, Closed, Inbox


def test_a_finished_file_is_taken_almost_at_once() -> None:
    burst = Burst()
    burst.add("a", True, 10.0)
    assert burst.ready_at() == 10.0 + DONE + EACH


def test_what_has_only_begun_is_given_a_moment() -> None:
    burst = Burst()
    burst.add("a", False, 10.0)
    assert burst.ready_at() == 10.0 + OPEN
    burst.add("a", True, 10.02)
    assert burst.ready_at() == 10.02 + DONE + EACH


def test_many_files_wait_longer_for_more_but_not_for_ever() -> None:
    burst = Burst()
    for number in range(1000):
        burst.add(str(number), True, 10.0)
    assert burst.ready_at() == 10.0 + MOST
    burst.add("late", True, 99.0)
    assert burst.ready_at() == 10.0 + LIMIT


def test_events_are_folded_into_one_change() -> None:
    inbox = Inbox()
    for name in ("a", "b", "a"):
        inbox.put(name, True)
    assert inbox.is_waiting
    assert inbox.take() == Changed(frozenset({"a", "b"}))
    assert not inbox.is_waiting


def test_a_sweep_is_asked_for_once() -> None:
    inbox = Inbox()
    inbox.ask_sweep()
    inbox.ask_sweep(repair=True)
    assert inbox.take() == Changed(sweep=True, repair=True)
    assert inbox.take(timeout=0) is None


def test_an_event_of_another_thread_wakes_who_waits() -> None:
    inbox = Inbox()
    taken: list[Changed | None] = []
    thread = threading.Thread(target=lambda: taken.append(inbox.take()))
    thread.start()
    inbox.put("a", True)
    thread.join(10)
    assert taken == [Changed(frozenset({"a"}))]


def test_a_closed_inbox_ends_the_work() -> None:
    inbox = Inbox()
    inbox.put("a", True)
    inbox.close()
    assert inbox.is_closed
    with pytest.raises(Closed):
        inbox.take()


def test_it_is_known_whether_something_comes_soon() -> None:
    inbox = Inbox()
    assert not inbox.awaits(0)
    inbox.put("a", True)
    assert inbox.awaits(0)
