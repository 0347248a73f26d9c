"""The log of decisions, and copies of entries by which the last one can be undone.

The log says who did what with which entry, and nothing of what a visitor wrote: not
even the address of a post, which holds its title. The copies hold all of it, so they go
after an hour.
"""

import contextlib
import os
from collections.abc import Iterator
from typing import Literal

import msgspec

from sitegen.submissions.filesystem import (
    names,
    read_regular,
    unlink,
    write_all,
    write_new,
)
from sitegen.submissions.records import ID, State, Submission
from sitegen.submissions.spool import UNDO, Spool

Action = Literal["approve", "reject", "erase", "spam", "restore", "edit", "undo"]

FILE = "decisions.jsonl"
OLDER = "decisions.1.jsonl"

LARGEST = 4 << 20
"""Bytes of the log; what is older is kept once more as long."""

UNDO_SECONDS = 3600
"""How long a decision can be undone."""

TERMINAL = "the command line"
"""Who decides by `sitegen queue`."""

DONE: dict[Action, str] = {
    "approve": "approved",
    "reject": "rejected",
    "erase": "erased",
    "spam": "marked as spam",
    "restore": "restored",
    "edit": "changed",
    "undo": "put back",
}
"""What was done, in words."""


class Decision(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who did what with an entry."""

    at: int
    """Seconds since 1970-01-01 00:00 UTC."""
    id: str
    action: Action
    by: str
    """The name that a moderator logged in with."""
    batch: str = ""
    """The same for entries that were decided on at once."""


class Kept(msgspec.Struct, frozen=True):
    """An entry as it was before a decision."""

    state: State
    submission: Submission
    path: str = ""
    """The content file that it became, relative to the content folder."""
    digest: str = ""
    """Of that file's bytes."""


class Decisions:
    """The log; whoever writes it holds the moderators' lock."""

    def __init__(self, spool: Spool) -> None:
        self.folder = spool.fds["private"]

    def add(self, decision: Decision) -> None:
        """Writes a decision; returns when it is on the disk."""
        line = msgspec.json.encode(decision) + b"\n"
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(FILE, flags, 0o600, dir_fd=self.folder)
        try:
            size = os.fstat(handle).st_size
            # A line that a crash tore must not spoil the next one.
            torn = size and os.pread(handle, 1, size - 1) != b"\n"
            write_all(handle, b"\n" + line if torn else line)
            os.fsync(handle)
        finally:
            os.close(handle)
        if not size:
            os.fsync(self.folder)
        if size > LARGEST:
            os.replace(FILE, OLDER, src_dir_fd=self.folder, dst_dir_fd=self.folder)

    def newest(self, most: int = 100) -> list[Decision]:
        """Returns the last decisions, newest first."""
        found = self._backwards(b"")
        return [decision for decision, _ in zip(found, range(most), strict=False)]

    def last_of(self, id: str) -> Decision | None:
        """Returns the last decision on an entry."""
        found = self._backwards(id.encode())
        return next((each for each in found if each.id == id), None)

    def of_batch(self, batch: str) -> list[Decision]:
        """Returns what was decided at once, in that order."""
        found = self._backwards(batch.encode()) if batch else iter(())
        return [each for each in found if each.batch == batch][::-1]

    def _backwards(self, needle: bytes) -> Iterator[Decision]:
        for name in (FILE, OLDER):
            try:
                lines = read_regular(self.folder, name).split(b"\n")
            except FileNotFoundError:
                continue
            for line in reversed(lines):
                if line and needle in line:
                    with contextlib.suppress(msgspec.DecodeError):
                        yield msgspec.json.decode(line, type=Decision)


def keep(spool: Spool, kept: Kept, now: float) -> None:
    """Keeps an entry as it was; takes the place of an older copy."""
    id, folder = kept.submission.id, spool.fds[UNDO]
    unlink(folder, id)
    handle = write_new(folder, id, msgspec.json.encode(kept))
    os.utime(handle, (now, now))
    os.close(handle)


def kept_of(spool: Spool, id: str) -> Kept | None:
    """Returns an entry as it was before the last decision on it."""
    try:
        return msgspec.json.decode(read_regular(spool.fds[UNDO], id), type=Kept)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def forget(spool: Spool, id: str) -> None:
    """Removes the copy of an entry."""
    unlink(spool.fds[UNDO], id)


def forget_old(spool: Spool, now: float) -> None:
    """Removes the copies that are too old to be used."""
    folder = spool.fds[UNDO]
    for id in filter(ID.fullmatch, names(folder)):
        with contextlib.suppress(FileNotFoundError):
            status = os.stat(id, dir_fd=folder, follow_symlinks=False)
            if status.st_mtime < now - UNDO_SECONDS:
                unlink(folder, id)
