"""The outbox: what is to be sent, and what was, as files in `private/outbox/`.

What is new follows from the queue itself: each pending entry that a channel has not
told of. So a visitor's request writes nothing here, and a crash cannot lose news. For
each channel there are

- `<channel>.json`: the digest on its way, which keeps its name and its entries until
  it is delivered, so that a receiver knows a second delivery for what it is;
- `<channel>.told`: the ids that were delivered, a line each;
- `<channel>.lock`: held by the one process that sends.

`letter.<id>` is a letter to a visitor who left an address, made by a decision. Once it
has gone it is an empty `told.<id>`, so that there is never a second one.
"""

import contextlib
import fcntl
import os
import time

import msgspec

from sitegen.submissions.filesystem import (
    exists,
    names,
    read_regular,
    replace,
    unlink,
    write_all,
    write_new,
)
from sitegen.submissions.records import ID, STATES
from sitegen.submissions.spool import OUTBOX, Spool

FIRST_WAIT, LONGEST_WAIT = 60, 3600
"""Seconds until what failed is tried again: doubled each time, up to the second."""

LETTER_DELAY = 600
"""Seconds for which a letter can be taken back by undoing the decision."""

TOLD_SECONDS = 90 * 24 * 3600
"""How long it is remembered that an author was told."""

SECOND = 1_000_000_000
"""Nanoseconds."""

TEMPORARY_SECONDS = 3600
"""After so long a file that a crash left half written is removed."""

COMPACT = 1000
"""Lines of told ids, more than there are entries, that are worth writing anew."""


class Digest(msgspec.Struct, frozen=True):
    """News of some entries; what they say is read when it is sent."""

    name: str
    """Random; in the Message-ID of a mail and in the body of a request."""
    ids: tuple[str, ...]
    made: int
    """Seconds since 1970-01-01 00:00 UTC."""
    attempts: int = 0
    next_at: float = 0.0
    reached: tuple[str, ...] = ()
    """Addresses that have it already, while others refused it for now."""
    lost: tuple[str, ...] = ()
    """Addresses that it will never reach."""


class Letter(msgspec.Struct, frozen=True):
    """What a visitor is told about a decision; nothing that a visitor wrote."""

    id: str
    address: str
    url: str
    """Where the post is; "" if it was not accepted."""
    made: int
    attempts: int = 0
    next_at: float = 0.0


def backed_off(item: "Digest | Letter", now: float) -> "Digest | Letter":
    """Returns what failed, to be tried again later."""
    wait = min(FIRST_WAIT << min(item.attempts, 20), LONGEST_WAIT)
    return msgspec.structs.replace(item, attempts=item.attempts + 1, next_at=now + wait)


def is_due(item: "Digest | Letter", now: float) -> bool:
    """True if it is time to send; a clock that was put back must not silence us."""
    return item.next_at <= now or item.next_at > now + LONGEST_WAIT


class Tray:
    """One channel's part of the outbox; only the process that holds its lock uses it.

    All methods but `acquire` and `close` want the lock.
    """

    def __init__(self, spool: Spool, channel: str) -> None:
        self.spool = spool
        self.channel = channel
        self.folder = spool.fds[OUTBOX]
        self.handle = -1
        self.told: set[str] = set()
        self.unsaved: Digest | None = None
        """What became of a digest, while the disk does not take it."""
        self.unfinished: tuple[Digest, float] | None = None
        """A digest that was delivered, and when, likewise."""
        self.looked = -1
        """The time of the folder in which nothing new was found."""

    def acquire(self) -> bool:
        """True if this process sends for the channel, now or since earlier."""
        if self.handle >= 0:
            return True
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(f"{self.channel}.lock", flags, 0o600, dir_fd=self.folder)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self.handle = handle
        self.told = self._read_told()
        return True

    def close(self) -> None:
        """Lets another process send."""
        if self.handle >= 0:
            os.close(self.handle)
        self.handle = -1

    def new_ids(self) -> list[str]:
        """Returns the pending entries that nobody was told of, newest first."""
        changed = os.fstat(self.spool.pending).st_mtime_ns
        if changed == self.looked:
            return []
        found = {}
        for id in self.spool.ids("pending"):
            if id not in self.told:
                with contextlib.suppress(FileNotFoundError):
                    found[id] = self.spool.stat("pending", id).st_mtime_ns
        # In the moment of a change the next one could have the same time.
        if not found and time.time_ns() - changed > SECOND:
            self.looked = changed
        return sorted(found, key=lambda id: (-found[id], id))

    def catch_up(self) -> None:
        """Writes what the disk did not take at the last time.

        Whoever sends does this first, so that a full disk does not make it send the
        same again and again.
        """
        if self.unsaved is not None:
            self.put_digest(self.unsaved)
        if self.unfinished is not None:
            self.finish(*self.unfinished)

    def digest(self) -> Digest | None:
        """Returns the digest that is on its way."""
        try:
            data = read_regular(self.folder, f"{self.channel}.json")
            return msgspec.json.decode(data, type=Digest)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def put_digest(self, digest: Digest) -> None:
        """Puts a digest on its way, or what became of it."""
        self.unsaved = digest
        replace(self.folder, f"{self.channel}.json", msgspec.json.encode(digest))
        self.unsaved = None

    def finish(self, digest: Digest, now: float) -> None:
        """Notes that a digest was delivered; first that, then it goes."""
        self.unsaved, self.unfinished = None, (digest, now)
        self.told.update(digest.ids)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        name = f"{self.channel}.told"
        handle = os.open(name, flags, 0o600, dir_fd=self.folder)
        try:
            # The empty line closes what a crash may have torn.
            write_all(handle, "\n".join(["", *digest.ids, ""]).encode())
            os.fsync(handle)
            os.utime(handle, (now, now))
        finally:
            os.close(handle)
        unlink(self.folder, f"{self.channel}.json")
        os.fsync(self.folder)
        self.unfinished = None

    def last_told(self) -> float:
        """Returns when the last digest was delivered; 0 for never."""
        try:
            status = os.stat(f"{self.channel}.told", dir_fd=self.folder)
        except FileNotFoundError:
            return 0.0
        return status.st_mtime

    def _read_told(self) -> set[str]:
        """Returns the ids that were told of; drops those that left the queue."""
        name = f"{self.channel}.told"
        try:
            lines = read_regular(self.folder, name).decode("ascii", "replace")
        except FileNotFoundError:
            return set()
        ids = set(filter(ID.fullmatch, lines.split("\n")))
        known = {id for state in STATES for id in self.spool.ids(state)}
        if len(ids) > len(ids & known) + COMPACT:
            ids &= known
            last = self.last_told()
            replace(self.folder, name, "\n".join([*sorted(ids), ""]).encode())
            os.utime(name, (last, last), dir_fd=self.folder)
        return ids


# Letters to visitors


def put_letter(spool: Spool, letter: Letter) -> None:
    """Puts a letter into the outbox, unless its visitor has had one."""
    folder = spool.fds[OUTBOX]
    if not exists(folder, f"told.{letter.id}"):
        later = msgspec.structs.replace(letter, next_at=letter.made + LETTER_DELAY)
        save_letter(spool, later)


def save_letter(spool: Spool, letter: Letter) -> None:
    """Writes a letter in the place of what it was before."""
    name = f"letter.{letter.id}"
    replace(spool.fds[OUTBOX], name, msgspec.json.encode(letter))


def letters(spool: Spool) -> list[Letter]:
    """Returns the letters that wait."""
    kept = [name for name in names(spool.fds[OUTBOX]) if name.startswith("letter.")]
    found = [letter_of(spool, name.removeprefix("letter.")) for name in kept]
    return [letter for letter in found if letter is not None]


def letter_of(spool: Spool, id: str) -> Letter | None:
    """Returns the letter about an entry, if one waits."""
    try:
        data = read_regular(spool.fds[OUTBOX], f"letter.{id}")
        return msgspec.json.decode(data, type=Letter)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def finish_letter(spool: Spool, id: str) -> None:
    """Notes that a letter has gone; what remains says nothing else."""
    folder = spool.fds[OUTBOX]
    with contextlib.suppress(FileExistsError):
        os.close(write_new(folder, f"told.{id}", b""))
    unlink(folder, f"letter.{id}")
    os.fsync(folder)


def forget_old(spool: Spool, now: float) -> None:
    """Removes the notes of letters of long ago, and what crashes left half written."""
    for prefix, seconds in (("told.", TOLD_SECONDS), (".", TEMPORARY_SECONDS)):
        _remove_older(spool.fds[OUTBOX], prefix, now - seconds)


def _remove_older(folder: int, prefix: str, than: float) -> None:
    for name in names(folder):
        if name.startswith(prefix):
            with contextlib.suppress(FileNotFoundError):
                if os.stat(name, dir_fd=folder).st_mtime < than:
                    unlink(folder, name)


def take_back(spool: Spool, id: str) -> None:
    """Takes a letter back that has not gone yet."""
    unlink(spool.fds[OUTBOX], f"letter.{id}")


def forget(spool: Spool, id: str) -> None:
    """Removes every trace of an entry, on the disk too when it returns."""
    folder = spool.fds[OUTBOX]
    take_back(spool, id)
    unlink(folder, f"told.{id}")
    for name in names(folder):
        if name.startswith(f".letter.{id}."):  # a crash left it half written
            unlink(folder, name)
    os.fsync(folder)
