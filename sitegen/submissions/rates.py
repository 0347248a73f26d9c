"""Rates, shared by all processes, and hashes of networks that expire.

Each limit is kept as one number: the time at which the sender would have been allowed
everything sent so far (GCRA). Addresses are never stored: a network is known by its
hash under a random salt, and once the salt is deleted nobody can tell whose it was.
The database holds nothing that matters for long; a damaged one is made anew.

Where a limit is high, a process counts some events ahead, at most a thousandth of what
an hour allows, and then needs no database for them. So an hour may see a thousandth
more or less than its limit for each process, and below 2,000 an hour it is exact.
"""

import contextlib
import hashlib
import os
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar("T")

FILE = "rates.sqlite3"

HOUR = 3600.0

SWEEP = 1000
"""Expired rows are removed once in so many calls."""

AHEAD_SHARE, MOST_AHEAD, MOST_KEYS = 1000, 100, 1000
"""A process counts ahead a thousandth of a limit, at most a hundred events, for at most
a thousand keys."""

SALT_SECONDS = 30 * 24 * 3600
"""How long the hash of a network stays the same."""

_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = OFF;
CREATE TABLE IF NOT EXISTS rates (key BLOB PRIMARY KEY, until REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS salts (period INTEGER PRIMARY KEY, salt BLOB);
"""


class Limit(msgspec.Struct, frozen=True):
    """How often something may happen in an hour."""

    key: bytes
    per_hour: int

    @property
    def ahead(self) -> int:
        """How many events are counted at once."""
        return max(1, min(self.per_hour // AHEAD_SHARE, MOST_AHEAD))

    def seconds(self, events: int) -> float:
        """Returns how long it takes until so many events are forgotten."""
        return events * HOUR / self.per_hour


class Rates:
    """The database of rates; `lock` guards the connection, opened when first used.

    A connection must not cross a fork, so each process opens its own.
    """

    def __init__(self, folder: Path, now: Callable[[], float]) -> None:
        self.path = folder / FILE
        self.now = now
        self.lock = threading.Lock()
        self.connection: sqlite3.Connection | None = None
        self.pid = 0
        self.salt: tuple[int, bytes] = (-1, b"")
        self.calls = 0
        self.ahead: dict[bytes, int] = {}
        """Key → events that are counted and have not happened yet."""

    def close(self) -> None:
        """Closes the database."""
        with self.lock:
            if self.connection is not None and self.pid == os.getpid():
                self.connection.close()
            self.connection = None

    def hash_of(self, network: str) -> str:
        """Returns what stands for a network until its salt expires."""
        period = int(self.now() // SALT_SECONDS)
        with self.lock:
            if self.salt[0] != period:
                self.salt = (period, self._with_database(lambda db: _salt(db, period)))
            salt = self.salt[1]
        return hashlib.blake2b(network.encode(), key=salt, digest_size=8).hexdigest()

    def take(self, limits: Iterable[Limit]) -> float:
        """Counts one event under all limits; returns 0, or the seconds to wait.

        What has to wait is not counted.
        """
        wanted = tuple(limits)
        with self.lock:
            # After a fork they are the parent's; too many count as having happened.
            if self.pid != os.getpid() or len(self.ahead) > MOST_KEYS:
                self.ahead.clear()
            missing = [limit for limit in wanted if limit.key not in self.ahead]
            wait = self._count(missing) if missing else 0.0
            if not wait:
                self._use(wanted)
            return wait

    def _use(self, limits: Iterable[Limit]) -> None:
        for limit in limits:
            self.ahead[limit.key] -= 1
            if not self.ahead[limit.key]:
                del self.ahead[limit.key]

    def _count(self, limits: list[Limit]) -> float:
        """Counts events ahead; returns 0, or the seconds to wait for one."""
        now = self.now()
        self.calls += 1
        if self.calls % SWEEP == 1:
            self._with_database(lambda db: _sweep(db, now))
        # Each count is a transaction of its own: two processes may both be told to
        # wait at the very limit, and none is let through beyond it.
        wait, counted = self._with_database(lambda db: _take(db, limits, now), False)
        if not wait:
            self.ahead.update(counted)
        return wait

    def _with_database(
        self, work: Callable[[sqlite3.Connection], T], whole: bool = True
    ) -> T:
        """Does some work, as a whole or not; with a new database if this one is bad."""
        try:
            return self._transact(work) if whole else work(self._open())
        except sqlite3.DatabaseError as error:
            self._forget()
            if isinstance(error, sqlite3.OperationalError):
                raise OSError(*_as_os_error(error)) from error
            for name in ("", "-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(f"{self.path}{name}")
        try:
            return self._transact(work)
        except sqlite3.DatabaseError as error:
            self._forget()
            raise OSError(*_as_os_error(error)) from error

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        database = self._open()
        database.execute("BEGIN IMMEDIATE")
        try:
            result = work(database)
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                database.execute("ROLLBACK")
            raise
        database.execute("COMMIT")
        return result

    def _open(self) -> sqlite3.Connection:
        if self.connection is None or self.pid != os.getpid():
            self.connection = sqlite3.connect(
                self.path, timeout=5, isolation_level=None, check_same_thread=False
            )
            self.pid = os.getpid()
            self.connection.executescript(_SCHEMA)
            self.path.chmod(0o600)
        return self.connection

    def _forget(self) -> None:
        if self.connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self.connection.close()
        self.connection = None


def _as_os_error(error: sqlite3.Error) -> tuple[int, str]:
    import errno

    full = "full" in str(error)
    return (errno.ENOSPC if full else errno.EIO), f"{FILE}: {error}"


def _salt(database: sqlite3.Connection, period: int) -> bytes:
    database.execute("DELETE FROM salts WHERE period < ?", (period,))
    fresh = (period, secrets.token_bytes(32))
    database.execute("INSERT OR IGNORE INTO salts VALUES (?, ?)", fresh)
    row = database.execute("SELECT salt FROM salts WHERE period = ?", (period,))
    found: bytes = row.fetchone()[0]
    return found


def _sweep(database: sqlite3.Connection, now: float) -> None:
    database.execute("DELETE FROM rates WHERE until < ?", (now,))


def _take(
    database: sqlite3.Connection, limits: Iterable[Limit], now: float
) -> tuple[float, dict[bytes, int]]:
    """Returns the seconds to wait, and how many events each limit has counted."""
    counted: dict[Limit, int] = {}
    for limit in limits:
        sizes = dict.fromkeys((limit.ahead, 1))
        events = next((n for n in sizes if _fits(database, limit, n, now)), 0)
        if not events:
            _give_back(database, counted)
            _shorten(database, limits, now)
            return _wait(database, limit, now), {}
        counted[limit] = events
    return 0.0, {limit.key: events for limit, events in counted.items()}


def _fits(database: sqlite3.Connection, limit: Limit, events: int, now: float) -> bool:
    """Counts some events, unless they would be too many."""
    # A clock that was put back must not shut the door for longer than an hour.
    step = limit.seconds(events)
    values = {"key": limit.key, "now": now, "step": step, "hour": HOUR}
    return bool(database.execute(_COUNT, values).fetchall())


def _give_back(database: sqlite3.Connection, counted: dict[Limit, int]) -> None:
    for limit, events in counted.items():
        database.execute(_GIVE_BACK, (limit.seconds(events), limit.key))


def _shorten(database: sqlite3.Connection, limits: Iterable[Limit], now: float) -> None:
    """Ends what reaches farther than an hour: then the clock was put back."""
    for limit in limits:
        database.execute(_SHORTEN, {"key": limit.key, "until": now + HOUR})


def _wait(database: sqlite3.Connection, limit: Limit, now: float) -> float:
    """Returns the seconds until one more event is allowed."""
    until = float(database.execute(_UNTIL, (limit.key,)).fetchone()[0])
    return max(0.001, min(until, now + HOUR) + limit.seconds(1) - now - HOUR)


_COUNT = """
INSERT INTO rates VALUES (:key, :now + :step)
ON CONFLICT DO UPDATE SET until = min(max(until, :now), :now + :hour) + :step
WHERE min(max(until, :now), :now + :hour) + :step - :now - :hour <= 1e-6
RETURNING 1
"""
"""Counts one event, unless that would be one too many."""

_GIVE_BACK = "UPDATE rates SET until = until - ? WHERE key = ?"

_SHORTEN = "UPDATE rates SET until = :until WHERE key = :key AND until > :until + 1"

_UNTIL = "SELECT until FROM rates WHERE key = ?"
