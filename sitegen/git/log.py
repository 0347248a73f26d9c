"""What commits tell of each file: dates and people, under all its names."""

import os
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from sitegen.git.command import run
from sitegen.git.commits import Person
from sitegen.git.repository import Repository, head


class Time(msgspec.Struct, frozen=True, array_like=True, order=True):
    """A point in time as a commit has it."""

    at: int
    """Seconds since 1970-01-01 00:00 UTC."""
    offset: int
    """Of local time from UTC, in seconds."""


class FileHistory(msgspec.Struct, frozen=True, array_like=True):
    """What a repository's commits tell of one file, under all its names."""

    first: Time
    """The author's date of the oldest commit."""
    last: Time
    """The author's date of the newest commit."""
    people: tuple[tuple[Time, Person], ...]
    """Who wrote it, each with the time of the first contribution, in that order."""


class Commit(msgspec.Struct, frozen=True):
    """A commit and what it changed."""

    id: bytes
    parents: tuple[bytes, ...]
    time: Time
    author: Person
    changes: tuple["Change", ...]


class Change(msgspec.Struct, frozen=True):
    """A file that a commit changed; a merge, only if it differs from every parent."""

    kinds: bytes
    """One letter for each parent: A, D, M, R, T."""
    before: tuple[bytes, ...]
    """Its path in each parent."""
    path: bytes


Files = dict[bytes, FileHistory]
"""Path, relative to the top, as Git stores it → its history."""

Moves = Mapping[bytes, tuple[bytes, ...]]
"""Path in an older commit → the paths it has today; what is not in it has not moved."""

LOG = (
    *("-c", "log.showRoot=true", "-c", "mailmap.file=", "-c", "mailmap.blob="),
    *("log", "-z", "--topo-order", "-c", "--combined-all-paths", "--name-status"),
    *("--find-renames", "-l1000", "--no-ext-diff", "--no-color", "--encoding=UTF-8"),
    *(
        f"-O{os.devnull}",
        "--no-show-signature",
        "--date=raw",
        "--format=%H %P%x00%ad%x00%aN%x00%aE",
    ),
)
"""One pass over all commits, children before parents, whatever the user's settings."""


def history(repository: Repository, since: str = "") -> tuple[Files, bool]:
    """Returns the history of every file, from one pass over `git log`.

    With `since` only what later commits tell, and True if adding it to what was known
    at `since` (by `added`) gives what a full pass would: those commits must all
    follow that one, and delete and rename nothing.
    """
    if not head(repository):
        return {}, not since
    span = f"{since}..HEAD" if since else "HEAD"
    output = run(repository.folder, *LOG, "--end-of-options", span, "--", reads=True)
    seen = _Seen()
    rest = _follow(_commits(output), seen)
    return seen.files(), not since or rest == {since.encode(): {}}


def added(before: Files, later: Files) -> Files:
    """Returns what two histories tell together."""
    both = {path: _joined(before[path], later[path]) for path in before.keys() & later}
    return {**before, **later, **both}


def _joined(one: FileHistory, two: FileHistory) -> FileHistory:
    seen: dict[Person, Time] = {}
    for when, person in (*one.people, *two.people):
        seen[person] = min(when, seen.get(person, when))
    people = tuple(sorted((when, person) for person, when in seen.items()))
    return FileHistory(min(one.first, two.first), max(one.last, two.last), people)


class _Seen:
    """Gathers what commits tell of each file."""

    def __init__(self) -> None:
        self.last: dict[bytes, Time] = {}
        self.people: dict[bytes, dict[Person, Time]] = {}

    def note(self, path: bytes, commit: Commit) -> None:
        """Takes note of a commit that touched a file."""
        when, author = commit.time, commit.author
        people = self.people.get(path)
        if people is None:
            self.people[path] = {author: when}
            self.last[path] = when
            return
        if when < people.get(author, END):
            people[author] = when
        if self.last[path] < when:
            self.last[path] = when

    def files(self) -> Files:
        """Returns the history of each file."""
        return {path: self.file(path, seen) for path, seen in self.people.items()}

    def file(self, path: bytes, seen: dict[Person, Time]) -> FileHistory:
        """Returns the history of one file."""
        people = tuple(sorted((when, person) for person, when in seen.items()))
        return FileHistory(people[0][0], self.last[path], people)


END = Time(1 << 62, 0)


def _follow(commits: Iterable[Commit], seen: _Seen) -> dict[bytes, Moves]:
    """Notes what commits touched, and returns the moves at commits that are missing.

    Each commit gets, from the commits after it, under which paths its files live on,
    and hands that to its parents. Most change none of it and share one table.
    """
    waiting: dict[bytes, Moves] = {}
    for commit in commits:
        moves = waiting.pop(commit.id, {})
        for change in commit.changes:
            if DELETED not in change.kinds:
                for path in moves.get(change.path, (change.path,)):
                    seen.note(path, commit)
        for number, parent in enumerate(commit.parents):
            older = _before(commit, number, moves)
            known = waiting.get(parent)
            waiting[parent] = older if known is None else _either(known, older)
    return waiting


ADDED, DELETED, RENAMED = b"ADR"


def _before(commit: Commit, parent: int, moves: Moves) -> Moves:
    """Returns the moves as they are for one of a commit's parents."""
    gone: set[bytes] = set()
    new: dict[bytes, tuple[bytes, ...]] = {}
    for change in commit.changes:
        kind = change.kinds[parent]
        if kind == RENAMED:
            new[change.before[parent]] = moves.get(change.path, (change.path,))
            gone.add(change.path)
        elif kind == DELETED:
            new[change.path] = ()
        elif kind == ADDED and change.path in moves:
            gone.add(change.path)
    if not new and not gone:
        return moves
    return {path: to for path, to in moves.items() if path not in gone} | new


def _either(one: Moves, two: Moves) -> Moves:
    """Returns the moves of a commit that two lines of commits follow."""
    if one == two:
        return one
    found = {}
    for path in one.keys() | two.keys():
        here, there = one.get(path, (path,)), two.get(path, (path,))
        found[path] = tuple(sorted({*here, *there}))
    return {path: to for path, to in found.items() if to != (path,)}


def _commits(output: bytes) -> Iterator[Commit]:
    """Yields the commits that `git log` printed."""
    tokens = output.split(b"\0")
    people: dict[tuple[bytes, bytes], Person] = {}
    at, end = 0, len(tokens) - 1
    while at < end:
        id, *parents = tokens[at].split()
        name = (tokens[at + 2], tokens[at + 3])
        if name not in people:
            people[name] = Person(*(part.decode("utf-8", "replace") for part in name))
        when = _time(tokens[at + 1])
        changes, at = _changes(tokens, at + 4, end)
        yield Commit(id, tuple(parents), when, people[name], changes)


def _changes(tokens: list[bytes], at: int, end: int) -> tuple[tuple[Change, ...], int]:
    """Returns a commit's changes, and where the next commit starts."""
    changes = []
    while at < end:
        kinds = tokens[at].lstrip(b"\n")
        if not kinds:
            at += 1
        elif not kinds[0:1].isupper():
            break
        elif len(kinds) == 1 or kinds[1:2].isdigit():
            moved = kinds[0] == RENAMED
            before, path = tokens[at + 1], tokens[at + 1 + moved]
            changes.append(Change(kinds[:1], (before,), path))
            at += 2 + moved
        else:
            paths = tokens[at + 1 : at + 2 + len(kinds)]
            changes.append(Change(kinds, tuple(paths[:-1]), paths[-1]))
            at += 2 + len(kinds)
    return tuple(changes), at


def _time(raw: bytes) -> Time:
    """Returns the time that `git log --date=raw` prints as `1700000000 +0130`."""
    at, _, zone = raw.partition(b" ")
    minutes = int(zone[1:3]) * 60 + int(zone[3:5])
    return Time(int(at), minutes * (-60 if zone[:1] == b"-" else 60))
