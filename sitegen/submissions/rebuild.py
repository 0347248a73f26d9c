"""The site is built after an approval, in a child process, whoever else is served.

`private/rebuild.wanted` says that somebody asked; it becomes `rebuild.begun` when a
build begins, and goes when it has ended. So neither a crash nor a question during a
build is forgotten. `rebuild.failed` holds why the last build failed, if it did.
"""

import contextlib
import fcntl
import os
import secrets
from collections.abc import Callable, Iterator

from sitegen.submissions.filesystem import exists, read_regular, unlink, write_new
from sitegen.submissions.spool import Spool

WANTED, BEGUN, FAILED = "rebuild.wanted", "rebuild.begun", "rebuild.failed"
LOCK = "rebuild.lock"

POLL_SECONDS = 5.0
"""How often what another process asked for is looked for."""


def ask(spool: Spool) -> None:
    """Asks for a build; returns when that is on the disk."""
    with contextlib.suppress(FileExistsError):
        os.close(write_new(spool.fds["private"], WANTED, b""))
    os.fsync(spool.fds["private"])


def is_under_way(spool: Spool) -> bool:
    """True from when a build was asked for until it has ended."""
    return any(exists(spool.fds["private"], name) for name in (WANTED, BEGUN))


def failure(spool: Spool) -> str:
    """Returns why the last build failed, or ""."""
    try:
        return read_regular(spool.fds["private"], FAILED).decode()
    except OSError:
        return ""


def tend(spool: Spool, build: Callable[[], str]) -> float:
    """Builds if that is wanted; returns after how many seconds to look again.

    `build` returns what went wrong, or "".
    """
    if not is_under_way(spool):
        return POLL_SECONDS
    private = spool.fds["private"]
    with _locked(spool) as mine:
        if not mine or not is_under_way(spool):
            return POLL_SECONDS
        with contextlib.suppress(FileNotFoundError):
            os.rename(WANTED, BEGUN, src_dir_fd=private, dst_dir_fd=private)
        words = build()
        unlink(private, FAILED)
        if words:
            _put(private, words)
        unlink(private, BEGUN)
    return 0.0


def _put(private: int, words: str) -> None:
    name = f"{FAILED}.{secrets.token_hex(6)}"
    os.close(write_new(private, name, words.encode("utf-8", "replace")))
    os.rename(name, FAILED, src_dir_fd=private, dst_dir_fd=private)


@contextlib.contextmanager
def _locked(spool: Spool) -> Iterator[bool]:
    """Gives whether this process is the one that builds."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(LOCK, flags, 0o600, dir_fd=spool.fds["private"])
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            mine = True
        except BlockingIOError:
            mine = False
        yield mine
    finally:
        os.close(handle)
