"""What is published, as the endpoint knows it: one list, never a Site.

Each request stats the list. Files that were changed by hand are noticed by a scan in
the background, every two seconds while there are requests; the first request after a
quiet time waits for one.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from sitegen.build.store import FOLDER
from sitegen.build.titles import FILE, TitleList, read_titles, renew_titles
from sitegen.config import Config
from sitegen.content.titles import title_key

SCAN_SECONDS = 2.0
"""How late a change by hand may be noticed."""

QUIET_SECONDS = 30.0
"""Without requests for so long, scanning stops until the next one."""

log = logging.getLogger("sitegen.submissions")


class Index(msgspec.Struct, frozen=True):
    """The list, arranged for looking things up."""

    titles: dict[str, str] = {}
    """Title key → URL, of all titles that a submission must not repeat."""
    submissions: dict[str, str] = {}
    """Id of a submission → URL of its post."""
    urls: frozenset[str] = frozenset()


def index_of(titles: TitleList, config: Config) -> Index:
    """Returns the list arranged for looking things up."""
    rows = titles.rows
    counted = [row for row in rows if row.key and _counts(row.path, config)]
    return Index(
        {row.key: row.url for row in counted},
        {row.submission: row.url for row in rows if row.submission},
        frozenset(row.url for row in rows if row.url),
    )


def _counts(path: str, config: Config) -> bool:
    """True if `[unique]` keeps a submission from having this file's title."""
    if config.unique.title == "off" or config.submissions is None:
        return False
    if config.unique.title == "site":
        return True
    top = config.submissions.section.partition("/")[0]
    return path.partition("/")[0] == top


class Published:
    """What is published now; `lock` guards everything that changes."""

    def __init__(
        self, root: Path, config: Config, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.root = root
        self.config = config
        self.clock = clock
        self.path = root / FOLDER / FILE
        self.lock = threading.Condition()
        self.signature: tuple[int, int, int] | None = None
        self.index = Index()
        self.pid = 0
        self.asleep = True
        """True while no scan is under way or about to be."""
        self.scans = 0
        self.asked = 0.0
        self.stopped = False

    def holds_title(self, title: str) -> bool:
        """True if a published post has this title."""
        return title_key(title) in self.current().titles

    def holds_submission(self, id: str) -> bool:
        """True if this submission has been published."""
        return id in self.current().submissions

    def url_of(self, id: str) -> str:
        """Returns where a submission has been published, or ""."""
        return self.current().submissions.get(id, "")

    def current(self) -> Index:
        """Returns what the list says now."""
        self._watch()
        signature = _signature(self.path)
        if signature is None or signature != self.signature:
            with self.lock:
                if signature is None or signature != self.signature:
                    self.index = index_of(
                        read_titles(self.root, self.config), self.config
                    )
                    self.signature = signature
        return self.index

    def stop(self) -> None:
        """Ends the scanning."""
        with self.lock:
            self.stopped = True
            self.lock.notify_all()

    def _watch(self) -> None:
        """Sees to it that scans go on; whoever wakes them waits for the first."""
        self.asked = self.clock()
        if self.pid == os.getpid() and not self.asleep:
            return
        with self.lock:
            if self.pid != os.getpid():  # a fork starts its own thread
                self.pid = os.getpid()
                threading.Thread(target=self._scan, daemon=True).start()
            wanted = self.scans + 1
            self.asleep = False
            self.lock.notify_all()
            while self.scans < wanted and not self.stopped:
                self.lock.wait(SCAN_SECONDS)

    def _scan(self) -> None:
        """Renews the list again and again, and sleeps while nobody asks."""
        while not self.stopped:
            try:
                renew_titles(self.root, self.config)
            except OSError as error:
                # The list as it is still serves; the next scan may succeed.
                log.warning("titles cannot be renewed: %s", error.strerror)
            with self.lock:
                self.scans += 1
                self.lock.notify_all()
                self.lock.wait(SCAN_SECONDS)
                if self.clock() - self.asked > QUIET_SECONDS:
                    self.asleep = True
                while self.asleep and not self.stopped:
                    self.lock.wait()


def _signature(path: Path) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
