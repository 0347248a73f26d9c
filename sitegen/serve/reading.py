"""The site's sources as they were last read, and how they are read again."""

import os
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

import msgspec

from sitegen.build import workers
from sitegen.build.delta import Delta, together
from sitegen.build.parse import Entry, rules_of, shown_path
from sitegen.build.store import TOO_NEW, Store
from sitegen.build.survey import (
    Asked,
    Inputs,
    Progress,
    Survey,
    is_same,
    read_inputs,
)
from sitegen.build.templates import HonestEnvironment
from sitegen.build.theme import source_file
from sitegen.content.records import Source
from sitegen.content.scan import Found
from sitegen.serve.delta import (
    changed_files,
    difference,
    difference_at,
    known_files,
    reread,
)
from sitegen.serve.inbox import Changed
from sitegen.site.model import Site

RECENT = 16
"""How many files count as last edited."""


class Address(msgspec.Struct, frozen=True):
    """Where the site is served while it is written."""

    origin: str
    """Scheme, host and port."""
    output: str
    """The folder of the files, relative to the site's root."""


def localized(asked: Asked, address: Address) -> Asked:
    """Returns what is asked, for the address of this server; a sub-path is kept."""
    config = asked.config
    base_url = address.origin + config.base_path if config.base_url else ""
    paths = msgspec.structs.replace(config.paths, output=address.output)
    local = msgspec.structs.replace(config, base_url=base_url, paths=paths)
    return msgspec.structs.replace(asked, config=local)


class Reading:
    """Everything that was read; `update` reads what changed."""

    def __init__(
        self, ask: Callable[[], Asked], address: Address, store: Store, jobs: int
    ) -> None:
        self._ask = ask
        self._address = address
        self._store = store
        self._jobs = jobs
        self.asked = localized(ask(), address)
        self.inputs: Inputs | None = None
        self.survey: Survey
        self.environment: HonestEnvironment
        self.changed: frozenset[str] = frozenset()
        """The files in which the last two readings differ."""
        self._known: frozenset[str] = frozenset()
        self._places: dict[str, int] = {}
        self._young: set[str] = set()
        self._recent: dict[str, Found | None] = {}

    @property
    def root(self) -> Path:
        """The site's folder."""
        return self.asked.root

    def update(self, changed: Changed, progress: Progress) -> Delta:
        """Reads what changed and returns what differs.

        Raises ProblemsFound if the configuration cannot be used any more.
        """
        paths = self.real(changed.paths)
        if not paths and not changed.sweep:
            return Delta()
        self._note(paths)
        old = self.inputs
        places = self._places_of(paths) if old and not changed.sweep else None
        some = reread(self.root, old, places) if old and places else None
        if old and some and places:
            new, delta = some, difference_at(old, some, places)
            self.changed = paths
        else:
            new = self._read_all(progress)
            delta = difference(old, new) if old else Delta(plan=True)
            self.changed = self._changed_files(old, new, paths)
        before = self.survey.site if old else None
        self._keep(new, delta, places if some else None)
        if before and delta.records and not stands(before, self.survey.site):
            delta = together([delta, Delta(order=True)])
        return Delta(plan=True) if changed.repair else delta

    def _changed_files(
        self, old: Inputs | None, new: Inputs, paths: frozenset[str]
    ) -> frozenset[str]:
        """Returns the files to name; settings are no file of the inputs."""
        if old is None:
            return paths
        found = changed_files(old, new)
        return found | (paths - self._known if old.config != new.config else found)

    def real(self, paths: Iterable[str]) -> frozenset[str]:
        """Returns the paths that the site was made from, or that exist now.

        What editors write and remove again within a moment is neither.
        """
        return frozenset(path for path in paths if self._is_real(path))

    def knows(self, paths: Iterable[str]) -> bool:
        """True if the site was made from all of these, and they exist."""
        return all(
            path in self._known and source_file(self.root, path).is_file()
            for path in paths
        )

    def _is_real(self, path: str) -> bool:
        if path in self._known or os.path.lexists(source_file(self.root, path)):
            return True
        return any(known.startswith(f"{path}/") for known in self._known)

    def _places_of(self, paths: Iterable[str]) -> list[int] | None:
        """Returns where the entries of content files stand; None if one has none."""
        found = [self._places.get(path) for path in paths]
        places = [place for place in found if place is not None]
        return places if len(places) == len(found) else None

    def _read_all(self, progress: Progress) -> Inputs:
        asked = localized(self._ask(), self._address)
        rules = rules_of(asked.config)
        if self.inputs and self.inputs.rules == rules:
            known: Iterable[Entry] = map(self._doubted, self.inputs.entries)
        else:
            known = self._store.load_entries(rules)
        with workers.Pool(self._jobs) as pool:
            inputs = read_inputs(asked, known, pool, progress)
        self.asked = asked
        return inputs

    def _doubted(self, entry: Entry) -> Entry:
        """Returns an entry that is read again if it changed just before it was read.

        A second change could have had the same time.
        """
        if entry.source.path not in self._young:
            return entry
        source = msgspec.structs.replace(entry.source, mtime_ns=0)
        return msgspec.structs.replace(entry, source=source)

    def _keep(self, new: Inputs, delta: Delta, places: Collection[int] | None) -> None:
        """Takes over inputs; of some only the entries at `places` were read."""
        old = self.inputs
        self.inputs = new
        read = new.entries if places is None else [new.entries[p] for p in places]
        young = _young(read)
        self._young = young if places is None else self._young | young
        if old is None or delta.plan or delta.templates:
            self._known = known_files(new)
            content = new.rules.content
            paths = (shown_path(content, entry.source.path) for entry in new.entries)
            self._places = {path: place for place, path in enumerate(paths)}
            self.environment = HonestEnvironment(new.templates.sources)
        elif delta.bodies or delta.records:
            self.environment.forget_includes()
        if places is not None and delta.is_still:
            self.survey = self.survey.renewed(new, places)
        elif old is None or delta:
            like = self.survey.site if old else None
            self.survey = Survey(self.root, new, like)

    # watchdog holds events back for half a second behind a file that is moved out of
    # its folders, as some editors do with the old version of what they save. Files
    # that are probably edited are therefore looked at soon after any event.

    def _note(self, paths: Iterable[str]) -> None:
        for path in paths:
            self._recent.pop(path, None)
            self._recent[path] = stat_of(source_file(self.root, path))
        while len(self._recent) > RECENT:
            del self._recent[next(iter(self._recent))]

    def edited(self, looked_at: Iterable[Source]) -> list[str]:
        """Returns which of the files last edited, or looked at, changed since."""
        found = [
            path
            for path, before in self._recent.items()
            if stat_of(source_file(self.root, path)) != before
        ]
        folder = self.asked.config.paths.content
        for source in looked_at:
            path = os.path.normpath(os.path.join(folder, source.path))
            now = stat_of(self.root / path)
            if path not in self._recent and not (now and is_same(source, now)):
                found.append(path)
        return found


def _young(entries: Iterable[Entry]) -> set[str]:
    """Returns the files that changed just before they were read."""
    limit = time.time_ns() - TOO_NEW
    return {e.source.path for e in entries if e.source.mtime_ns > limit}


def stands(old: Site, new: Site) -> bool:
    """True if no address and no order of posts differs between two sites."""
    posts = new.data.posts
    same = len(posts) == len(old.data.posts) and old.config == new.config
    return same and old.shaken_by(posts) <= {"updated"}


def stat_of(file: Path) -> Found | None:
    """Returns a file's stat signature, or None if there is no file."""
    try:
        status = os.stat(file)
    except OSError:
        return None
    return Found("", status.st_mtime_ns, status.st_size, status.st_ino)
