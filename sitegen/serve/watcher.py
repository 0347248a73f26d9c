"""Watches the site's folders and signals what changes; never builds, never reads.

watchdog tells of changes where the system can. Where it cannot (network mounts, no
watches left) an interval takes its place, and whoever builds looks at all files.
"""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from sitegen.build import theme
from sitegen.build.store import FOLDER
from sitegen.config import Config
from sitegen.content.scan import MARKDOWN, QUEUE, STAGED
from sitegen.serve.inbox import Inbox
from sitegen.site.plan import THEME

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver

INTERVAL = 0.5
"""Seconds between two looks at all files, where nothing tells of changes."""

NOISE = ("~", ".swp", ".swx", STAGED)
"""Endings of files that editors and sitegen itself keep beside others."""


class Watched(msgspec.Struct, frozen=True):
    """A folder to watch."""

    folder: str
    """Where it lies, without symbolic links on the way."""
    prefix: str
    """What its files' paths begin with in the site: "", `content/`, `theme:`."""
    names: frozenset[str] = frozenset()
    """Those in it that count; empty for everything, in its sub-folders as well."""
    skip: str = ""
    """A sub-folder that does not count."""
    alias: str = ""
    """What the only one of `names` is called in the site, if it is a link's target."""

    @property
    def is_deep(self) -> bool:
        """True if its sub-folders are watched as well."""
        return not self.names

    def name_of(self, file: str) -> str:
        """Returns the path in the site of a file in it; "" if it does not count."""
        below = os.path.relpath(file, self.folder)
        if below.startswith(os.pardir) or below == os.curdir:
            return ""
        first, _, rest = below.partition("/")
        if first == self.skip or is_noise(below.rpartition("/")[2]):
            return ""
        if self.names and (rest or not self._counts(below)):
            return ""
        return self.prefix + (self.alias or below)

    def _counts(self, name: str) -> bool:
        if name in self.names:
            return True
        return os.curdir in self.names and name.endswith(MARKDOWN)


def is_noise(name: str) -> bool:
    """True for a file that no site shows, by its name."""
    return name.endswith(NOISE) or name.startswith(("#", ".#"))


def folders(root: Path, config: Config, config_file: str) -> tuple[Watched, ...]:
    """Returns the folders that decide what a site looks like, as far as they exist."""
    paths = config.paths
    deep = [path for path in (paths.content, paths.templates, paths.static)]
    shallow: dict[str, set[str]] = {"": set()}
    for path in (*deep, config_file):
        while path:
            above, _, name = path.rpartition("/")
            shallow.setdefault(above, set()).add(name)
            path = above
    found = [
        Watched(_real(root, name), f"{name}/" if name else "", frozenset(names))
        for name, names in shallow.items()
    ]
    for name in deep:
        if name != os.curdir:
            skip = QUEUE if name == paths.content else ""
            found.append(Watched(_real(root, name), f"{name}/", skip=skip))
    found += links(os.path.realpath(root), found)
    found.append(Watched(os.path.realpath(theme.FOLDER), THEME))
    return tuple(watched for watched in found if os.path.isdir(watched.folder))


# watchdog does not follow symbolic links: what they lead to is watched as well, under
# the name that it has in the site. What lies outside of the site is none of it.


def links(root: str, watched: Iterable[Watched]) -> list[Watched]:
    """Returns what is to be watched because links in deep folders lead there."""
    found: list[Watched] = []
    for each in watched:
        if each.is_deep:
            found += _links(root, each, frozenset((each.folder,)))
    return found


def _links(root: str, watched: Watched, above: frozenset[str]) -> Iterator[Watched]:
    """Yields what links lead to, and links found there, but no circle of them."""
    for path in symlinks(watched.folder):
        name, target = watched.name_of(path), os.path.realpath(path)
        if not name or target in above or not lies_in(target, root):
            continue
        if os.path.isdir(target):
            linked = Watched(target, f"{name}/")
            yield linked
            yield from _links(root, linked, above | {target})
        else:
            folder, file = os.path.split(target)
            prefix, _, alias = name.rpartition("/")
            yield Watched(folder, f"{prefix}/", frozenset((file,)), alias=alias)


def symlinks(folder: str) -> Iterator[str]:
    """Yields the symbolic links in a folder and below."""
    try:
        with os.scandir(folder) as listing:
            entries = list(listing)
    except OSError:
        return
    for entry in entries:
        if entry.is_symlink():
            yield entry.path
        elif entry.is_dir():
            yield from symlinks(entry.path)


def lies_in(target: str, root: str) -> bool:
    """True for what lies in the site and is not the server's own."""
    own = os.path.join(root, FOLDER)
    return target.startswith(f"{root}{os.sep}") and not f"{target}/".startswith(
        f"{own}/"
    )


def _real(root: Path, name: str) -> str:
    return os.path.realpath(root / name)


class Watcher:
    """Signals changes to an inbox until it is stopped."""

    def __init__(
        self, inbox: Inbox, say: Callable[[str], None], poll: bool = False
    ) -> None:
        self._inbox = inbox
        self._say = say
        self._observer: BaseObserver | None = None
        self._poller = Poller(inbox) if poll else None
        self._watched: tuple[Watched, ...] = ()
        if self._poller:
            self._poller.start()

    def watch(self, root: Path, config: Config, config_file: str) -> bool:
        """Watches a site's folders from now on; True if others than before."""
        wanted = folders(root, config, config_file)
        # A folder that was moved out of the site is still watched where it went, and
        # not again when it returns: then there are more watches than folders.
        if self._poller or (wanted == self._watched and surplus(wanted) == 0):
            return False
        self._stop_observer()
        self._watched = wanted
        why = self._start(wanted)
        if why:
            self._fall_back(why)
        return True

    def _start(self, wanted: tuple[Watched, ...]) -> str:
        """Starts to watch; returns why that is not possible, or ""."""
        from watchdog.observers import Observer

        self._observer = Observer()
        try:
            for watched in wanted:
                schedule(self._observer, watched, self._inbox)
            self._observer.start()
        except OSError as failure:
            return failure.strerror or str(failure)
        # watchdog passes over sub-folders that the system refuses to watch.
        return "" if surplus(wanted) >= 0 else "inotify watch limit reached"

    def _fall_back(self, why: str) -> None:
        self._stop_observer()
        self._say(f"Folders cannot be watched ({why}).")
        self._say("All files are looked at every now and then instead, as by --poll.")
        self._poller = Poller(self._inbox)
        self._poller.start()

    def _stop_observer(self) -> None:
        observer, self._observer = self._observer, None
        if observer is None:
            return
        observer.unschedule_all()
        if observer.is_alive():
            observer.stop()
            observer.join()

    def stop(self) -> None:
        """Ends the watching and its threads."""
        self._stop_observer()
        if self._poller:
            self._poller.stop()


def schedule(observer: "BaseObserver", watched: Watched, inbox: Inbox) -> None:
    """Has an observer signal what happens in a folder."""
    from watchdog import events

    class Handler(events.FileSystemEventHandler):
        """Passes events on."""

        def on_any_event(self, event: "FileSystemEvent") -> None:
            """Signals one event."""
            for path, finished in files_of(event):
                name = watched.name_of(path)
                if name:
                    inbox.put(name, finished)

    wanted: list[type[FileSystemEvent]] = [
        events.FileClosedEvent,
        events.FileCreatedEvent,
        events.FileModifiedEvent,
        events.FileDeletedEvent,
        events.FileMovedEvent,
        events.DirCreatedEvent,
        events.DirDeletedEvent,
        events.DirMovedEvent,
    ]
    observer.schedule(
        Handler(), watched.folder, recursive=watched.is_deep, event_filter=wanted
    )


def files_of(event: "FileSystemEvent") -> Iterator[tuple[str, bool]]:
    """Yields the paths that an event is about, and whether they are finished.

    Of a folder nothing is: its files may still be on their way.
    """
    kind = event.event_type
    finished = kind in ("closed", "moved") and not event.is_directory
    for path in (event.src_path, event.dest_path):
        if path:
            yield os.fsdecode(path), finished


def surplus(watched: tuple[Watched, ...]) -> int:
    """Returns how many more watches than folders there are, as far as can be seen."""
    have = count_watches()
    if have is None:
        return 0
    wanted: set[str] = set()
    for each in watched:
        wanted.add(each.folder)
        if each.is_deep:
            wanted.update(base for base, _, _ in os.walk(each.folder))
    return have - len(wanted)


def count_watches() -> int | None:
    """Returns how many folders the system watches for this process; None if unknown."""
    try:
        handles = os.listdir("/proc/self/fdinfo")
    except OSError:
        return None
    return sum(_count_watches(f"/proc/self/fdinfo/{handle}") for handle in handles)


def _count_watches(file: str) -> int:
    try:
        with open(file, "rb") as lines:
            return sum(line.startswith(b"inotify ") for line in lines)
    except OSError:
        return 0


class Poller:
    """Asks again and again that all files are looked at."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="poller", daemon=True)

    def start(self) -> None:
        """Starts its thread."""
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped.wait(INTERVAL):
            self._inbox.ask_sweep()

    def stop(self) -> None:
        """Ends its thread."""
        self._stopped.set()
        self._thread.join()
