"""A burst of events becomes one change: when have all files of it been written?

An editor that saves touches several names within milliseconds, a checkout thousands
within seconds. What is certainly finished (a file closed after writing, or renamed
into place) is taken at once; what may go on (created, written to, deleted) is given a
moment, and many files make it likely that more will follow.
"""

DONE = 0.004
"""Seconds to wait after a file is finished: its companions come within these."""

OPEN = 0.06
"""Seconds to wait for the end of what has begun, such as a deleted file's return."""

EACH = 0.0005
"""Seconds to wait longer for each file that changed."""

MOST = 0.1
"""Seconds to wait at most for the next file of many."""

LIMIT = 1.5
"""Seconds after which a burst that does not end is taken as it is."""


class Burst:
    """The files of one change so far, and when it will be over."""

    def __init__(self) -> None:
        self.paths: set[str] = set()
        self._open: set[str] = set()
        self._first = self._last = 0.0

    def add(self, path: str, finished: bool, now: float) -> None:
        """Adds an event; `finished` if nothing is still being written there."""
        if not self.paths:
            self._first = now
        self._last = now
        self.paths.add(path)
        (self._open.discard if finished else self._open.add)(path)

    def ready_at(self) -> float:
        """Returns when it may be taken, unless there is another event before."""
        wait = min(DONE + EACH * len(self.paths), MOST)
        if self._open:
            wait = max(wait, OPEN)
        return min(self._last + wait, self._first + LIMIT)
