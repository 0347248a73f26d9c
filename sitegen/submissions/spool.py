"""The spool: an acknowledged submission is on the disk, once, and holds its title.

One submission, step by step; another process may be killed after any of them:

1. `tmp/<id>.<random>` is written, read back, parsed, synced.
2. `titles/<digest of the title key>` becomes a link that says `<id>`: one exclusive
   step that holds the title for any number of processes.
3. `pending/<id>.md` becomes another name of the temporary file, also exclusively.
4. Both folders are synced; requests that wait at the same time share it.
5. The caller acknowledges. 6. The temporary name goes.

Freeing a title after a failure, and going on with a title that the same id holds, are
the two rare steps that could meet (one form sent twice while the disk is full); both
hold a lock. Moderators hold another one, `private/lock`.
"""

import contextlib
import enum
import fcntl
import os
import random
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from sitegen.problems import SitegenError
from sitegen.submissions import records
from sitegen.submissions.filesystem import (
    FULL,
    QueueFull,
    exists,
    failure_of,
    names,
    read_regular,
    unlink,
    write_new,
)
from sitegen.submissions.records import STATES, BadEntry, State, Submission
from sitegen.submissions.room import Room
from sitegen.submissions.syncing import GroupSync

FOLDERS = ("tmp", "titles", "pending", "spam", "rejected", "private")
"""What the queue's folder holds."""

DECLINED = "declined"
"""Folder in `private/` that remembers ids of which nothing else is left."""


APPROVING = "approving"
"""Folder in `private/` that says which approvals are under way."""

UNDO = "undo"
"""Folder in `private/` that has entries as they were before the last decision."""

OUTBOX = "outbox"
"""Folder in `private/` that has the messages which have not been sent yet."""

INNER = (DECLINED, APPROVING, UNDO, OUTBOX)


class Outcome(enum.Enum):
    """What became of a submission."""

    STORED = "stored"
    REPEATED = "repeated"
    """The same form was sent before; it gets its first answer."""
    TITLE_TAKEN = "title-taken"
    TOKEN_USED = "token-used"
    """The same form was sent before, with another text."""


class Taken(Protocol):
    """What is published already."""

    def holds_title(self, title: str) -> bool:
        """True if a published post has this title."""

    def holds_submission(self, id: str) -> bool:
        """True if this submission has been published."""


class Spool:
    """The queue's folder, opened once; all work is relative to open folders."""

    def __init__(self, path: Path, most: int = sys.maxsize) -> None:
        self.path = path
        _make_folders(path)
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        self.fds = {name: os.open(path / name, flags) for name in FOLDERS}
        for name in INNER:
            self.fds[name] = os.open(path / "private" / name, flags)
        self.tmp = self.fds["tmp"]
        self.titles = self.fds["titles"]
        self.pending = self.fds["pending"]
        self.sync_pending = GroupSync((self.titles, self.pending))
        self.sync_spam = GroupSync((self.fds["spam"],))
        self.room = {name: Room(self.fds[name], most) for name in ("pending", "spam")}

    def close(self) -> None:
        """Closes the folders."""
        self.sync_pending.close()
        self.sync_spam.close()
        for handle in self.fds.values():
            os.close(handle)
        self.fds = {}

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Storing what a visitor sent

    def add(self, submission: Submission, taken: Taken) -> Outcome:
        """Stores a submission in `pending/` and returns when it is on the disk.

        Raises QueueFailure if it is not; then nobody may be told that it is.
        """
        self.check()
        if not self.room["pending"].take() and not self.is_known(submission.id, taken):
            raise _too_many("pending")
        with self._errors(), self._temporary(submission) as temporary:
            outcome = self._hold_and_link(submission, temporary, taken)
            if outcome in (Outcome.STORED, Outcome.REPEATED):
                self.sync_pending.sync()
            return outcome

    def add_spam(self, submission: Submission) -> Outcome:
        """Stores a suspected submission in `spam/`, where it holds no title."""
        self.check()
        if not self.room["spam"].take():
            raise _too_many("spam")
        with self._errors(), self._temporary(submission) as temporary:
            try:
                self._link(temporary, "spam", submission.id)
                outcome = Outcome.STORED
            except FileExistsError:
                outcome = Outcome.REPEATED
            self.sync_spam.sync()
            return outcome

    def check(self) -> None:
        """Raises QueueBroken if the disk has failed to confirm a write."""
        self.sync_pending.check()
        self.sync_spam.check()

    def _hold_and_link(
        self, submission: Submission, temporary: str, taken: Taken
    ) -> Outcome:
        digest = records.title_digest(submission.title)
        held_before = False
        try:
            os.symlink(submission.id, digest, dir_fd=self.titles)
        except FileExistsError:
            if self.holder(digest) != submission.id:
                return self._refused_title(submission)
            held_before = True
        # Whoever publishes a title puts it on the list before freeing it here, so
        # now that it is held the list cannot be too old.
        if taken.holds_title(submission.title):
            self._free_unless_pending(submission.id, digest)
            return self._settled(submission, taken, Outcome.TITLE_TAKEN)
        try:
            if held_before:
                self._link_holding(submission.id, digest, temporary)
            else:
                self._link(temporary, "pending", submission.id)
        except FileExistsError:
            return self._sent_before(submission, digest)
        except OSError:
            self._free_unless_pending(submission.id, digest)
            raise
        if self.was_decided(submission.id, taken):
            # Decided between two posts of one form: the second must not come back.
            unlink(self.pending, f"{submission.id}.md")
            self._free_unless_pending(submission.id, digest)
            return Outcome.REPEATED
        return Outcome.STORED

    def _refused_title(self, submission: Submission) -> Outcome:
        """Returns the answer when another entry holds the title."""
        if self.find(submission.id) is None:
            return Outcome.TITLE_TAKEN
        return self._compare(submission)

    def _sent_before(self, submission: Submission, digest: str) -> Outcome:
        """Returns the answer when the id is pending; frees a title it did not have."""
        try:
            entry = self.read("pending", submission.id)
        except FileNotFoundError:  # decided in this very moment
            self._free_unless_pending(submission.id, digest)
            return Outcome.REPEATED
        if records.title_digest(entry.title) != digest:
            unlink(self.titles, digest)
        return self._compare(submission)

    def _compare(self, submission: Submission) -> Outcome:
        """Returns whether a used id was sent with this very text."""
        state = self.find(submission.id)
        if state != "pending":
            return Outcome.REPEATED
        try:
            same = self.read(state, submission.id).sent == submission.sent
        except FileNotFoundError:
            return Outcome.REPEATED
        return Outcome.REPEATED if same else Outcome.TOKEN_USED

    def _settled(
        self, submission: Submission, taken: Taken, otherwise: Outcome
    ) -> Outcome:
        decided = self.was_decided(submission.id, taken)
        return Outcome.REPEATED if decided else otherwise

    def was_decided(self, id: str, taken: Taken) -> bool:
        """True if an id is in spam, rejected, declined or published."""
        return (
            exists(self.fds["rejected"], f"{id}.md")
            or exists(self.fds["spam"], f"{id}.md")
            or self.is_declined(id)
            or taken.holds_submission(id)
        )

    def is_known(self, id: str, taken: Taken) -> bool:
        """True if an id is anywhere: waiting, decided or published."""
        return exists(self.pending, f"{id}.md") or self.was_decided(id, taken)

    def _link(self, temporary: str, folder: str, id: str) -> None:
        os.link(temporary, f"{id}.md", src_dir_fd=self.tmp, dst_dir_fd=self.fds[folder])

    def _link_holding(self, id: str, digest: str, temporary: str) -> None:
        """Links into `pending/` while no failure of the same id frees the title."""
        with self.locked("titles"):
            with contextlib.suppress(FileExistsError):
                os.symlink(id, digest, dir_fd=self.titles)
            self._link(temporary, "pending", id)

    def _free_unless_pending(self, id: str, digest: str) -> None:
        with self.locked("titles"):
            if not exists(self.pending, f"{id}.md"):
                self.free(id, digest)

    @contextlib.contextmanager
    def _temporary(self, submission: Submission) -> Iterator[str]:
        """Gives the name of a synced temporary file; removes it at the end."""
        name = _temporary_name(submission.id)
        self._write_synced(name, submission)
        try:
            yield name
        finally:
            unlink(self.tmp, name)

    def _write_synced(self, name: str, submission: Submission) -> None:
        """Writes a file, reads it back, and returns when its bytes are on the disk."""
        data = records.dump(submission)
        handle = write_new(self.tmp, name, data)
        try:
            written = os.pread(handle, len(data) + 1, 0)
            if written != data or records.parse(written) != submission:
                raise BadEntry("The entry that was written is not the one sent.")
            self.sync_pending.fsync(handle)
            self.sync_pending.check()
        except BaseException:
            unlink(self.tmp, name)
            raise
        finally:
            os.close(handle)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise failure_of(error) from error

    # Looking

    def find(self, id: str) -> State | None:
        """Returns the folder that an entry lies in."""
        for state in STATES:
            if exists(self.fds[state], f"{id}.md"):
                return state
        return None

    def read(self, state: str, id: str) -> Submission:
        """Returns an entry; raises FileNotFoundError or BadEntry."""
        found = records.parse(read_regular(self.fds[state], f"{id}.md"), f"{id}.md")
        if found.id != id:
            raise BadEntry(f"{id}.md: the file holds the entry {found.id}.")
        return found

    def ids(self, state: str) -> list[str]:
        """Returns the ids of a folder's entries, sorted."""
        found = (name.removesuffix(".md") for name in names(self.fds[state]))
        return [id for id in found if records.ID.fullmatch(id)]

    def holder(self, digest: str) -> str:
        """Returns the id that holds a title, or ""."""
        try:
            return os.readlink(digest, dir_fd=self.titles)
        except OSError:
            return ""

    def is_declined(self, id: str) -> bool:
        """True if nothing but the refusal is left of an id."""
        return exists(self.fds[DECLINED], id)

    # Changing, for moderators, under their lock

    @contextlib.contextmanager
    def locked(self, name: str = "lock") -> Iterator[None]:
        """Holds a lock that all processes respect; ends with the process."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        path = "titles.lock" if name == "titles" else "lock"
        handle = os.open(path, flags, 0o600, dir_fd=self.fds["private"])
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def replace(self, state: str, submission: Submission) -> None:
        """Puts a new text in an entry's place, in one step that survives a crash."""
        name = _temporary_name(submission.id)
        self._write_synced(name, submission)
        target = f"{submission.id}.md"
        os.rename(name, target, src_dir_fd=self.tmp, dst_dir_fd=self.fds[state])
        os.fsync(self.fds[state])

    def move(self, id: str, source: str, target: str) -> None:
        """Moves an entry to another folder, in one step that survives a crash."""
        name = f"{id}.md"
        ends = self.fds[source], self.fds[target]
        os.rename(name, name, src_dir_fd=ends[0], dst_dir_fd=ends[1])
        os.fsync(ends[1])
        os.fsync(ends[0])

    def hold(self, id: str, title: str) -> bool:
        """Takes a title for an entry; returns False if another one has it."""
        digest = records.title_digest(title)
        try:
            os.symlink(id, digest, dir_fd=self.titles)
        except FileExistsError:
            return self.holder(digest) == id
        os.fsync(self.titles)
        return True

    def free(self, id: str, digest: str) -> None:
        """Lets a title go, if it is this entry's."""
        if self.holder(digest) == id:
            unlink(self.titles, digest)

    def free_title(self, id: str, title: str) -> None:
        """Lets an entry's title go."""
        self.free(id, records.title_digest(title))
        os.fsync(self.titles)

    def remove(self, state: str, id: str) -> None:
        """Removes an entry's file."""
        unlink(self.fds[state], f"{id}.md")
        os.fsync(self.fds[state])

    def decline(self, id: str) -> None:
        """Remembers that an id was refused, and nothing else about it."""
        with contextlib.suppress(FileExistsError):
            os.close(write_new(self.fds[DECLINED], id, b""))
        os.fsync(self.fds[DECLINED])

    def stat(self, state: str, id: str) -> os.stat_result:
        """Returns the stat of an entry's file."""
        return os.stat(f"{id}.md", dir_fd=self.fds[state], follow_symlinks=False)


def _too_many(folder: str) -> QueueFull:
    return QueueFull(
        f"There are too many entries in {folder}/.",
        "Decide on some, or raise 'entries' in [submissions.limits].",
    )


def open_spool(path: Path, most: int = sys.maxsize) -> Spool:
    """Returns the queue in this folder, made if need be.

    `most` entries may wait, and as many be among the spam. Raises SitegenError where
    files cannot have a second name.
    """
    try:
        spool = Spool(path, most)
    except OSError as error:
        raise SitegenError(
            f"The queue's folder cannot be used: {error.strerror}.",
            f"See to it that {path} can be written.",
        ) from error
    try:
        _try_link(spool)
    except BaseException:
        spool.close()
        raise
    return spool


def _temporary_name(id: str) -> str:
    """Returns a name that is free in all likelihood; O_EXCL sees to the rest."""
    return f"{id}.{random.getrandbits(48):012x}"


def _make_folders(path: Path) -> None:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in (*FOLDERS, *(f"private/{inner}" for inner in INNER)):
        (path / name).mkdir(mode=0o700, exist_ok=True)
    path.chmod(0o700)
    ignore = path / ".gitignore"
    if not ignore.exists():
        with contextlib.suppress(OSError):  # a full disk: the next start does it
            ignore.write_text("*\n", encoding="ascii")


def _try_link(spool: Spool) -> None:
    """Raises SitegenError on a file system that has no hard or symbolic links."""
    first = f"probe.{secrets.token_hex(6)}"
    second, third = f"{first}.link", f"{first}.symlink"
    try:
        os.close(write_new(spool.tmp, first, b""))
        os.link(first, second, src_dir_fd=spool.tmp, dst_dir_fd=spool.tmp)
        os.symlink(first, third, dir_fd=spool.tmp)
    except OSError as error:
        if error.errno not in FULL:
            raise SitegenError(
                f"The file system of {spool.path} does not let a file have a second "
                f"name ({error.strerror}), and the queue needs that to lose nothing.",
                "Keep the site on a file system with links, such as ext4 or APFS.",
            ) from error
    finally:
        for name in (first, second, third):
            with contextlib.suppress(OSError):
                unlink(spool.tmp, name)


class NothingPublished(msgspec.Struct, frozen=True):
    """A site without posts."""

    def holds_title(self, title: str) -> bool:
        """Returns False."""
        return False

    def holds_submission(self, id: str) -> bool:
        """Returns False."""
        return False
