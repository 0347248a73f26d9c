"""Work that a server does beside its answers: each chore in a thread of its own."""

import logging
import os
import threading
from collections.abc import Callable

RETRY_SECONDS = 60.0
"""When a chore is tried again after an error that it did not expect."""

log = logging.getLogger("sitegen.submissions")


class Chore:
    """Does something again and again; `work` returns after how many seconds.

    `lock` guards the thread. A thread does not survive a fork, so each process starts
    its own, when it answers its first request, and begins after `delay` seconds.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], float],
        delay: float = 0.0,
        end: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self.work = work
        self.delay = delay
        self.end = end
        """Called when the thread has ended."""
        self.lock = threading.Lock()
        self.wanted = threading.Event()
        self.thread: threading.Thread | None = None
        self.pid = 0
        self.stopped = False

    def start(self) -> None:
        """Sees to it that the thread runs in this process."""
        if self.pid == os.getpid():
            return
        with self.lock:
            if self.pid != os.getpid() and not self.stopped:
                self.wanted = threading.Event()
                self.thread = threading.Thread(
                    target=self._run, name=f"sitegen-{self.name}", daemon=True
                )
                self.thread.start()
                self.pid = os.getpid()

    def wake(self) -> None:
        """Says that there is something to do; returns at once."""
        self.wanted.set()

    def leave(self) -> None:
        """Says that nothing more is to be done; returns at once."""
        self.stopped = True
        self.wanted.set()

    def stop(self, seconds: float) -> None:
        """Ends the thread; waits for what it is doing, but no longer than that."""
        self.leave()
        if self.thread is not None and self.pid == os.getpid():
            self.thread.join(seconds)
        self.end()

    def _run(self) -> None:
        self.wanted.wait(self.delay)
        while not self.stopped:
            self.wanted.clear()
            try:
                seconds = self.work()
            except Exception:  # whatever it is, the next try may do better
                log.exception("%s failed", self.name)
                seconds = RETRY_SECONDS
            self.wanted.wait(seconds)
