"""Files of the queue: created exclusively, read without following links, synced."""

import errno
import os
import secrets
import stat
import threading
from collections.abc import Sequence
from queue import SimpleQueue

from sitegen.problems import SitegenError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""Errors that say that there is no room."""


class QueueFailure(SitegenError):
    """The queue cannot store what was sent; nothing has been acknowledged."""


class QueueFull(QueueFailure):
    """There is no room on the disk."""


class QueueBroken(QueueFailure):
    """The disk did not confirm a write; this process must not go on writing."""


def failure_of(error: OSError) -> QueueFailure:
    """Returns what an operating system's error means for the queue."""
    if error.errno in FULL:
        return QueueFull("The disk is full.", "Free some space.")
    return QueueFailure(f"The queue cannot be written: {error.strerror}.")


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
    """A sync that another thread does."""

    def __init__(self, handle: int) -> None:
        self.handle = handle
        self.failure = ""
        self.lock = threading.Lock()
        self.lock.acquire()

    def do(self) -> None:
        """Syncs the file or folder, and wakes whoever waits for it."""
        try:
            self.failure = _fsync(self.handle)
        except Exception as error:  # such as no memory; the thread has to live on
            self.failure = f"the work was interrupted: {type(error).__name__}"
        finally:
            self.lock.release()

    def wait(self) -> str:
        """Returns what went wrong, or "", when it is done."""
        self.lock.acquire()
        return self.failure


class Helpers:
    """Threads that do errands, kept from one to the next: starting one takes 0.1 ms.

    A thread does not survive a fork, so each process starts its own.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.lock = threading.Lock()
        self.errands: SimpleQueue[Errand | None] = SimpleQueue()
        self.pid = 0

    def begin(self, handle: int) -> Errand:
        """Returns the errand of syncing a file or folder, which is under way."""
        if self.pid != os.getpid():
            self._start()
        errand = Errand(handle)
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
            errand.do()

    def close(self) -> None:
        """Ends the threads."""
        for _ in range(self.count if self.pid == os.getpid() else 0):
            self.errands.put(None)


AT_ONCE = 2
"""Syncs of one group that may be under way: the journal is written while the next
requests prepare."""


class GroupSync:
    """Syncs folders for many threads at once: those that wait share one fsync.

    `lock` guards everything. A caller syncs for all who wait when it begins; whoever
    comes while `AT_ONCE` do so waits, and the first of those does it next. After one
    failure every call fails, because the kernel reports an error once and then takes
    the pages for clean.
    """

    def __init__(self, folders: Sequence[int]) -> None:
        self.folders = tuple(folders)
        self.lock = threading.Lock()
        self.running = 0
        self.waiting: list[Ticket] = []
        self.failure = ""
        self.helpers = Helpers(AT_ONCE * (len(self.folders) - 1))
        """For all folders but the first."""

    def sync(self) -> None:
        """Returns when all that the caller did in the folders is on the disk."""
        if self._has_turn():
            self._sync_for_all()
        self.check()

    def _has_turn(self) -> bool:
        """Returns True if the caller has to sync, False when another has done it."""
        with self.lock:
            if self.running < AT_ONCE:
                self.running += 1
                return True
            ticket = Ticket()
            self.waiting.append(ticket)
        ticket.wait()
        return not ticket.is_served

    def _sync_for_all(self) -> None:
        with self.lock:
            served, self.waiting = self.waiting, []
        failure = "the work was interrupted"
        try:
            failure = self.run()
        finally:
            self._pass_on(served, failure)

    def _pass_on(self, served: list[Ticket], failure: str) -> None:
        """Wakes those who were served, and before them whoever is next."""
        with self.lock:
            self.failure = self.failure or failure
            if self.waiting:
                self.waiting.pop(0).wake(is_served=False)
            else:
                self.running -= 1
        for ticket in served:
            ticket.wake(is_served=True)

    def run(self) -> str:
        """Syncs all folders; returns what went wrong, or "".

        At the same time, because others go on changing them: a folder that has to
        wait for the one before it would have to wait for what they did meanwhile.
        """
        first, *others = self.folders
        errands = [self.helpers.begin(folder) for folder in others]
        failures = [_fsync(first), *(errand.wait() for errand in errands)]
        return next(filter(None, failures), "")

    def close(self) -> None:
        """Lets go of its threads."""
        self.helpers.close()

    def check(self) -> None:
        """Raises QueueBroken if a sync has failed in this process."""
        if self.failure:
            raise QueueBroken(
                f"The disk did not confirm a write: {self.failure}.",
                "Look at the disk, then restart the server.",
            )

    def fail(self, why: str) -> None:
        """Makes every later call fail."""
        with self.lock:
            self.failure = self.failure or why


def _fsync(handle: int) -> str:
    """Syncs a file or a folder; returns what went wrong, or ""."""
    try:
        os.fsync(handle)
    except OSError as error:
        return error.strerror or "fsync failed"
    return ""


def write_new(folder: int, name: str, data: bytes) -> int:
    """Creates a file that did not exist; returns its open descriptor, not yet synced.

    A file that cannot be written whole is removed again.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(name, flags, 0o600, dir_fd=folder)
    try:
        write_all(handle, data)
    except OSError:
        os.close(handle)
        unlink(folder, name)
        raise
    return handle


def replace(folder: int, name: str, data: bytes) -> None:
    """Writes a file as a whole, in the place of what it was, on the disk in the end.

    A crash may leave it half written under a name of its own that begins with a dot.
    """
    temporary = f".{name}.{secrets.token_hex(6)}"
    handle = write_new(folder, temporary, data)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    os.fsync(folder)


def write_all(handle: int, data: bytes) -> None:
    """Writes all of the bytes, however few the system takes at a time."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def read_regular(folder: int, name: str) -> bytes:
    """Returns the bytes of a regular file; a link or a device is refused."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    handle = os.open(name, flags, dir_fd=folder)
    with open(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", name)
        return file.read()


def unlink(folder: int, name: str) -> bool:
    """Removes a name; returns False if it was not there."""
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return False
    return True


def exists(folder: int, name: str) -> bool:
    """True if the folder has this name, even as a broken link."""
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def names(folder: int) -> list[str]:
    """Returns the names in a folder, sorted."""
    return sorted(os.listdir(folder))
