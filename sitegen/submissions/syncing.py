"""Folders are synced for many requests at once, by threads that take turns."""

import contextlib
import mmap
import os
import threading
from collections.abc import Callable, Sequence
from functools import partial
from queue import SimpleQueue

from sitegen.submissions.filesystem import QueueBroken, open_again


class Handles:
    """Descriptors of some folders for the syncs of one process.

    The kernel reports an error once for each descriptor that was opened. So a process
    needs some of its own, and uses them for one sync at a time.
    """

    def __init__(self, folders: Sequence[int]) -> None:
        self.all: list[int] = []
        try:
            for folder in folders:
                self.all.append(open_again(folder))
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Closes the descriptors."""
        while self.all:
            os.close(self.all.pop())


class Ticket:
    """A caller that waits for a sync, and is woken once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.lock.acquire()
        self.is_served = False
        """False for whoever has to do the next sync."""

    def wait(self) -> None:
        """Returns when the caller is woken."""
        self.lock.acquire()

    def wake(self, is_served: bool) -> None:
        """Lets the caller go on."""
        self.is_served = is_served
        self.lock.release()


class Errand:
    """Work that another thread does."""

    def __init__(self, work: Callable[[], None]) -> None:
        self.work = work
        self.is_done = False
        self.lock = threading.Lock()
        self.lock.acquire()

    def do(self) -> None:
        """Does the work, and wakes whoever waits for it."""
        try:
            self.work()
            self.is_done = True
        finally:
            self.lock.release()

    def wait(self) -> bool:
        """Returns whether the work was done, once it is over."""
        self.lock.acquire()
        return self.is_done


class Helpers:
    """Threads that do errands, kept from one to the next: starting one takes 0.1 ms.

    A thread does not survive a fork, so each process starts its own.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.lock = threading.Lock()
        self.errands: SimpleQueue[Errand | None] = SimpleQueue()
        self.pid = 0

    def begin(self, work: Callable[[], None]) -> Errand:
        """Returns an errand that is under way."""
        if self.pid != os.getpid():
            self._start()
        errand = Errand(work)
        self.errands.put(errand)
        return errand

    def _start(self) -> None:
        with self.lock:
            if self.pid != os.getpid():
                self.errands = SimpleQueue()
                for _ in range(self.count):
                    threading.Thread(
                        target=self._work, args=(self.errands,), daemon=True
                    ).start()
                self.pid = os.getpid()

    @staticmethod
    def _work(errands: "SimpleQueue[Errand | None]") -> None:
        while errand := errands.get():
            # Whoever waits knows that it was not done; the thread has to live on.
            with contextlib.suppress(BaseException):
                errand.do()

    def close(self) -> None:
        """Ends the threads."""
        for _ in range(self.count if self.pid == os.getpid() else 0):
            self.errands.put(None)


class GroupSync:
    """Syncs folders for many threads at once: those that wait share one fsync.

    `lock` guards everything. A caller syncs for all who wait when it begins; whoever
    comes meanwhile waits, and the first of those does it next. After one failure every
    call fails, in this process and in those forked from the same one, because the
    kernel reports an error once and then takes the pages for clean.
    """

    def __init__(self, folders: Sequence[int]) -> None:
        self.folders = tuple(folders)
        self.lock = threading.Lock()
        self.pid = 0
        self.handles = Handles(())
        self.is_running = False
        self.is_closed = False
        self.waiting: list[Ticket] = []
        self.failure = ""
        self.has_failed = mmap.mmap(-1, 1)
        """Shared with all processes that are forked from this one."""
        self.helpers = Helpers(len(self.folders) - 1)
        """For all folders but the first."""

    def sync(self) -> None:
        """Returns when all that the caller did in the folders is on the disk."""
        if self._has_turn():
            self._sync_for_all()
        self.check()

    def _has_turn(self) -> bool:
        """Returns True if the caller has to sync, False when another has done it."""
        with self.lock:
            if self.is_closed:
                raise QueueBroken("The queue has been closed.")
            if self.pid != os.getpid():
                self.handles = Handles(self.folders)
                self.pid = os.getpid()
            if not self.is_running:
                self.is_running = True
                return True
            ticket = Ticket()
            self.waiting.append(ticket)
        ticket.wait()
        return not ticket.is_served

    def _sync_for_all(self) -> None:
        with self.lock:
            served, self.waiting = self.waiting, []
        is_done = False
        try:
            is_done = self.run()
        finally:
            if not is_done:
                self.fail("the work was interrupted")
            self._pass_on(served)

    def _pass_on(self, served: list[Ticket]) -> None:
        """Wakes those who were served, and before them whoever is next."""
        with self.lock:
            if self.waiting:
                self.waiting.pop(0).wake(is_served=False)
            else:
                self.is_running = False
                if self.is_closed:
                    self._let_go()
        for ticket in served:
            ticket.wake(is_served=True)

    def run(self) -> bool:
        """Syncs all folders; returns whether nothing kept it from that.

        At the same time, because others go on changing them: a folder that has to
        wait for the one before it would have to wait for what they did meanwhile.
        """
        first, *others = self.handles.all
        errands = [self.helpers.begin(partial(self.fsync, each)) for each in others]
        self.fsync(first)
        return all([errand.wait() for errand in errands])

    def fsync(self, handle: int) -> None:
        """Syncs one file or folder; a failure counts for all from this moment on."""
        try:
            os.fsync(handle)
        except OSError as error:
            self.fail(error.strerror or "fsync failed")

    def close(self) -> None:
        """Refuses whoever comes now; those who wait are still served."""
        with self.lock:
            self.is_closed = True
            if not self.is_running:
                self._let_go()

    def _let_go(self) -> None:
        self.handles.close()
        self.helpers.close()

    def check(self) -> None:
        """Raises QueueBroken if a sync has failed."""
        if self.has_failed[0]:
            why = self.failure or "another process could not sync it"
            raise QueueBroken(
                f"The disk did not confirm a write: {why}.",
                "Look at the disk, then restart the server.",
            )

    def fail(self, why: str) -> None:
        """Makes every later call fail."""
        self.failure = self.failure or why
        self.has_failed[0] = 1
