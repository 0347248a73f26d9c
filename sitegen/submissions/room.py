"""Room in a folder of the queue: how many entries it may still take.

Counting a folder takes as long as it is full, so it is not done for every entry: a
process counts again after it has used an eighth of the room that it found. Up to eight
processes together stay within the limit; more may exceed it by a little.
"""

import threading
import time
from collections.abc import Callable

from sitegen.submissions.filesystem import unsorted_names

SHARE = 8
"""A process takes this part of the room before it counts again."""

FULL_SECONDS = 1.0
"""A full folder is counted again once in so many seconds."""


class Room:
    """Room for entries in one folder; `lock` guards everything."""

    def __init__(
        self, folder: int, most: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.folder = folder
        self.most = most
        self.clock = clock
        self.lock = threading.Lock()
        self.left = 0
        """Entries that may come before the next count."""
        self.counted = -FULL_SECONDS

    def take(self) -> bool:
        """Returns whether there is room for one more, which is then counted."""
        with self.lock:
            if self.left <= 0:
                self._count()
            self.left -= 1
            return self.left >= 0

    def _count(self) -> None:
        now = self.clock()
        if now - self.counted < FULL_SECONDS and self.left < 0:
            return
        free = self.most - len(unsorted_names(self.folder))
        self.left = max(1, free // SHARE) if free > 0 else 0
        self.counted = now
