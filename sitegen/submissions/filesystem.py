"""Files of the queue: created exclusively, read without following links, synced."""

import errno
import os
import stat
import threading
from collections.abc import Sequence

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


class GroupSync:
    """Syncs folders for many threads at once: those that wait share one fsync.

    `lock` guards the counters and `failure`. A caller is served by the first run that
    began after it called. After one failure every call fails, because the kernel
    reports an error once and then takes the pages for clean.
    """

    def __init__(self, folders: Sequence[int]) -> None:
        self.folders = tuple(folders)
        self.lock = threading.Condition()
        self.begun = 0
        self.done = 0
        self.failure = ""

    def sync(self) -> None:
        """Returns when all that the caller did in the folders is on the disk."""
        with self.lock:
            mine = self.begun + 1
            while self.done < mine and self.begun > self.done:
                self.lock.wait()
            self.check()
            if self.done >= mine:
                return
            self.begun = mine
        failure = self.run()
        with self.lock:
            self.done = mine
            self.failure = self.failure or failure
            self.lock.notify_all()
            self.check()

    def run(self) -> str:
        """Syncs all folders; returns what went wrong, or ""."""
        try:
            for folder in self.folders:
                os.fsync(folder)
        except OSError as error:
            return error.strerror or "fsync failed"
        return ""

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


def write_new(folder: int, name: str, data: bytes) -> int:
    """Creates a file that did not exist; returns its open descriptor, not yet synced.

    A file that cannot be written whole is removed again.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(name, flags, 0o600, dir_fd=folder)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]
    except OSError:
        os.close(handle)
        unlink(folder, name)
        raise
    return handle


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
