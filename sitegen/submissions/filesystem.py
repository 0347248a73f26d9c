"""Files of the queue: created exclusively, read without following links, synced."""

import errno
import os
import secrets
import stat

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


def open_again(folder: int) -> int:
    """Returns another descriptor of an open folder, that shares nothing with it.

    Descriptors that are copied, or kept over a fork, share where a listing has got to
    and which errors have been reported.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    return os.open(".", flags, dir_fd=folder)


def unsorted_names(folder: int) -> list[str]:
    """Returns the names in a folder, in no order."""
    handle = open_again(folder)
    try:
        return os.listdir(handle)
    finally:
        os.close(handle)


def names(folder: int) -> list[str]:
    """Returns the names in a folder, sorted."""
    return sorted(unsorted_names(folder))
