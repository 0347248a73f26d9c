"""The entries of a folder, newest first, without reading more than what is shown.

Files carry the time at which they came into their folder, so listing it gives the
order. What was seen is kept until the folder's own time changes; then only new names
are looked at.
"""

import contextlib
import os
import threading
import time
from collections.abc import Iterable
from heapq import merge

import msgspec

from sitegen.submissions.filesystem import unsorted_names
from sitegen.submissions.moderation import Listed
from sitegen.submissions.records import ID, BadEntry, State
from sitegen.submissions.spool import Spool

PAGE = 25
"""Entries on a page."""

READ = 5_000
"""Entries that one search reads."""

NEARBY = 300
"""Entries of each folder that are compared with one that is being looked at."""


SECOND = 1_000_000_000
"""Nanoseconds."""


class Page(msgspec.Struct, frozen=True):
    """Some entries of a folder."""

    state: State
    entries: tuple[Listed, ...]
    total: int
    """Entries of the folder."""
    first: int = 0
    """How many of them are newer than the first one looked at."""
    read: int = 0
    """How many a search has looked at, and more are left; 0 if it saw all."""


class Order:
    """The ids of one folder, newest first; `lock` guards what is known."""

    def __init__(self, spool: Spool, state: State) -> None:
        self.spool = spool
        self.state = state
        self.lock = threading.Lock()
        self.signature = -1
        self.names: set[str] = set()
        self.keys: list[tuple[int, str]] = []
        """Age and id of each entry, sorted."""
        self.ids: list[str] = []

    def current(self) -> list[str]:
        """Returns the ids as they are now."""
        with self.lock:
            signature = os.fstat(self.spool.fds[self.state]).st_mtime_ns
            if signature != self.signature:
                self._look()
                # In the moment of a change the next one could have the same time.
                is_over = time.time_ns() - signature > SECOND
                self.signature = signature if is_over else -1
            return self.ids

    def _look(self) -> None:
        """Lists the folder and asks for the times of what is new in it."""
        found = set(unsorted_names(self.spool.fds[self.state]))
        gone = {name.removesuffix(".md") for name in self.names - found}
        new = sorted(self._keys_of(found - self.names))
        if gone:
            self.keys = [key for key in self.keys if key[1] not in gone]
        if new:
            self.keys = list(merge(self.keys, new))
        self.names = found
        if gone or new:
            self.ids = [id for _, id in self.keys]

    def _keys_of(self, names: Iterable[str]) -> Iterable[tuple[int, str]]:
        for name in names:
            id = name.removesuffix(".md")
            if ID.fullmatch(id):
                with contextlib.suppress(FileNotFoundError):
                    yield -self.spool.stat(self.state, id).st_mtime_ns, id


class Listing:
    """The pages of the queue's folders."""

    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self.orders: dict[State, Order] = {
            state: Order(spool, state) for state in ("pending", "spam", "rejected")
        }

    def counts(self) -> dict[State, int]:
        """Returns how many entries each folder has."""
        return {state: len(order.current()) for state, order in self.orders.items()}

    def page(self, state: State, first: int) -> Page:
        """Returns the entries from the `first` one on."""
        ids = self.orders[state].current()
        first = min(max(first, 0), max(0, (len(ids) - 1) // PAGE * PAGE))
        found = tuple(self._read(state, ids[first : first + PAGE]))
        return Page(state, found, len(ids), first)

    def search(self, state: State, words: str, first: int) -> Page:
        """Returns the first entries from there on that have all the words.

        It ends with a full page, or after so many entries that a visitor's flood could
        not keep the server busy; `read` says where to go on.
        """
        ids = self.orders[state].current()
        wanted = words.casefold().split()
        found: list[Listed] = []
        seen = 0
        for listed in self._read(state, ids[first : first + READ]):
            seen += 1
            if has_all(listed, wanted):
                found.append(listed)
                if len(found) == PAGE:
                    break
        else:
            seen = len(ids[first : first + READ])
        end = first + seen
        return Page(state, tuple(found), len(ids), first, end if end < len(ids) else 0)

    def next_to(self, state: State, id: str) -> tuple[str, str]:
        """Returns the entries before and after one, or "" at the ends."""
        ids = self.orders[state].current()
        try:
            at = ids.index(id)
        except ValueError:
            return "", ""
        return ids[at - 1] if at else "", ids[at + 1] if at + 1 < len(ids) else ""

    def newest(self, most: int = NEARBY) -> Iterable[Listed]:
        """Yields the newest entries of every folder."""
        for state, order in self.orders.items():
            yield from self._read(state, order.current()[:most])

    def _read(self, state: State, ids: Iterable[str]) -> Iterable[Listed]:
        """Yields what can be read; what is gone or damaged is left out."""
        for id in ids:
            with contextlib.suppress(FileNotFoundError, BadEntry, OSError):
                yield Listed(state, self.spool.read(state, id))


def has_all(listed: Listed, words: Iterable[str]) -> bool:
    """True if an entry has every word; `network:HASH` asks for its network."""
    entry = listed.submission
    texts = (entry.title, entry.author, entry.email, entry.content, entry.reason)
    text = "\n".join((entry.id, *texts, *map(str, entry.extra.values()))).casefold()
    return all(
        word == f"network:{entry.network}"
        if word.startswith("network:")
        else word in text
        for word in words
    )
