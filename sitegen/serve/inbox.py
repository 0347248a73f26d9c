"""What changed, from the watcher's threads to the one that builds."""

import threading
import time
from collections.abc import Callable

import msgspec

from sitegen.serve.burst import Burst


class Changed(msgspec.Struct, frozen=True):
    """Files that changed, or the request to look at all of them."""

    paths: frozenset[str] = frozenset()
    """Relative to the site's root; one in the theme begins with `theme:`."""
    sweep: bool = False
    """True if any file may have changed."""
    repair: bool = False
    """True if what was written may be gone."""


class Closed(Exception):
    """The inbox is closed: there is nothing more to do."""


class Inbox:
    """Takes in events from any thread and gives them out, folded, to one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._burst = Burst()
        self._sweep = False
        self._repair = False
        self._closed = False
        # Guards the four above.
        self._condition = threading.Condition()

    def put(self, path: str, finished: bool) -> None:
        """Takes in an event; `finished` if nothing is still being written there."""
        with self._condition:
            self._burst.add(path, finished, self._clock())
            self._condition.notify_all()

    def ask_sweep(self, repair: bool = False) -> None:
        """Asks that all files are looked at; with `repair` those written as well."""
        with self._condition:
            self._sweep = True
            self._repair |= repair
            self._condition.notify_all()

    def close(self) -> None:
        """Ends the work: who takes gets Closed."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    @property
    def is_closed(self) -> bool:
        """True if the work is to end."""
        return self._closed

    @property
    def is_waiting(self) -> bool:
        """True if there is something to take, now or in a moment."""
        return bool(self._sweep or self._burst.paths or self._closed)

    def awaits(self, seconds: float) -> bool:
        """True if there is something to take, or comes to be within some seconds."""
        with self._condition:
            return self._condition.wait_for(lambda: self.is_waiting, seconds)

    def take(self, timeout: float | None = None) -> Changed | None:
        """Returns the next change as soon as its burst is over; None after `timeout`.

        Raises Closed.
        """
        with self._condition:
            until = None if timeout is None else self._clock() + timeout
            while not self._closed:
                now = self._clock()
                if self._is_ready(now):
                    return self._taken()
                if until is not None and now >= until and not self._burst.paths:
                    return None
                self._condition.wait(self._patience(now, until))
            raise Closed

    def _is_ready(self, now: float) -> bool:
        if self._burst.paths:
            return now >= self._burst.ready_at()
        return self._sweep

    def _patience(self, now: float, until: float | None) -> float | None:
        if self._burst.paths:
            return self._burst.ready_at() - now
        return None if until is None else until - now

    def _taken(self) -> Changed:
        changed = Changed(frozenset(self._burst.paths), self._sweep, self._repair)
        self._burst, self._sweep, self._repair = Burst(), False, False
        return changed
