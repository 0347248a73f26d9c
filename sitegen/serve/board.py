"""What is shown, and who looks at it: tabs hear of changes by Server-Sent Events."""

import json
import queue
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from sitegen.problems import as_json
from sitegen.serve.snapshot import PAGES, Snapshot

HEARTBEAT = 15.0
"""Seconds between signs of life; a tab that is gone is noticed by the next one."""

RETRY = 500
"""Milliseconds after which a tab calls again when the server was gone."""

REQUESTED = 8
"""How many of the pages that were last asked for count as being looked at."""

Event = dict[str, Any]


class Tab:
    """A page that is open in a browser."""

    def __init__(self, path: str, version: str, assets: str) -> None:
        self.path = path
        self.version = version
        self.assets = assets
        self.events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()

    def tell(self, snapshot: Snapshot) -> None:
        """Tells the tab if it shows what is no longer so."""
        version = snapshot.version(self.path)
        if version != self.version:
            self.version = version
            self.events.put({"kind": "reload"})


class Board:
    """Holds the snapshot that is shown, and the tabs that look at it."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        """Replaced as a whole: whoever reads it keeps the one that was there."""
        self._tabs: list[Tab] = []
        self._requested: dict[str, float] = {}
        self._closed = False
        # Guards the three above, and that a tab hears of every snapshot once.
        self._lock = threading.Lock()

    def publish(self, snapshot: Snapshot) -> None:
        """Shows a snapshot from now on and tells the tabs what changed for them."""
        with self._lock:
            before, self.snapshot = self.snapshot, snapshot
            assets = snapshot.changed_assets(before)
            troubled = trouble(before) != trouble(snapshot)
            for tab in self._tabs:
                tab.tell(snapshot)
                if assets:
                    tab.events.put(assets_event(snapshot, assets))
                if troubled:
                    tab.events.put(trouble(snapshot))

    def go(self, url: str) -> None:
        """Sends the tab that was opened last to a URL, unless one shows it."""
        path = unquote(url)
        with self._lock:
            if self._tabs and all(tab.path != path for tab in self._tabs):
                self._tabs[-1].events.put({"kind": "go", "url": url})

    def note_request(self, path: str) -> None:
        """Notes that a page was asked for."""
        with self._lock:
            self._requested.pop(path, None)
            self._requested[path] = time.monotonic()
            while len(self._requested) > REQUESTED:
                del self._requested[next(iter(self._requested))]

    def looked_at(self) -> list[str]:
        """Returns the outputs that tabs show or that were asked for last."""
        with self._lock:
            paths = [*(tab.path for tab in self._tabs), *self._requested]
        found = dict.fromkeys(self.snapshot.output(path) for path in paths)
        return [output for output in found if output.endswith(PAGES)]

    def stream(self, tab: Tab) -> Iterator[bytes]:
        """Yields what a tab is told, until it or the board is closed."""
        yield f"retry: {RETRY}\n\n".encode()
        self._admit(tab)
        try:
            while not self._closed:
                try:
                    event = tab.events.get(timeout=HEARTBEAT)
                except queue.Empty:
                    yield b": still here\n\n"
                    continue
                if event is None:
                    return
                yield f"data: {json.dumps(event)}\n\n".encode()
        finally:
            with self._lock:
                self._tabs.remove(tab)

    def _admit(self, tab: Tab) -> None:
        """Takes in a tab and tells it what it missed."""
        with self._lock:
            self._tabs.append(tab)
            snapshot = self.snapshot
            tab.events.put(trouble(snapshot))
            tab.tell(snapshot)
            if tab.assets != snapshot.assets_version:
                urls = [f"{snapshot.base_path}/{name}" for name in snapshot.assets]
                tab.events.put(assets_event(snapshot, urls))

    def close(self) -> None:
        """Ends all streams."""
        with self._lock:
            self._closed = True
            for tab in self._tabs:
                tab.events.put(None)


def trouble(snapshot: Snapshot) -> Event:
    """Returns the event that shows or removes the overlay."""
    problems = [as_json(problem) for problem in snapshot.problems]
    return {
        "kind": "trouble",
        "problems": problems,
        "failure": snapshot.failure,
        "crash": snapshot.crash,
    }


def assets_event(snapshot: Snapshot, urls: list[str]) -> Event:
    """Returns the event that has a page load files again."""
    return {"kind": "assets", "urls": urls, "version": snapshot.assets_version}
