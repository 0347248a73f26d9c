"""All that is known of a site before a page is rendered.

Sources are read and parsed, the Site is made, the output is planned, and the whole is
checked. `check`, `list` and `new` need no more than this.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from sitegen.build.drawer import Kept, file_name, put
from sitegen.build.history import History
from sitegen.build.outlines import Outlines
from sitegen.build.parse import (
    Entry,
    Known,
    ParseRules,
    parse_files,
    rules_of,
    share,
    shown_path,
)
from sitegen.build.theme import (
    Static,
    Templates,
    read_templates,
    static_files,
)
from sitegen.build.workers import Parts, Pool, Work, batches
from sitegen.config import Config
from sitegen.content.records import Body, Moment, Post, Source
from sitegen.content.scan import QUEUE, Found, Scan, bundle_files, scan
from sitegen.markup.records import Document
from sitegen.problems import Problem
from sitegen.site.model import Site, SiteData
from sitegen.site.plan import Artifact, plan
from sitegen.site.visibility import Shown, Waiting, next_change, select

if TYPE_CHECKING:
    from sitegen.build.places import FilePlaces

PARSE_CHUNK = 100
"""Files that a worker parses at a time."""

SMALL = 150
"""Work on fewer files than this is not worth a pool of processes."""

Progress = Callable[[str, int, int], None]
"""Told the stage, and how much of how much is done."""


def silent(stage: str, done: int, total: int) -> None:
    """Shows no progress."""


class Inputs(msgspec.Struct, frozen=True):
    """Everything that a site is made from, as it lies on disk."""

    config: Config
    rules: ParseRules
    now: Moment
    shown: Shown
    entries: tuple[Entry, ...]
    """Sorted by path."""
    unchanged: bool
    """True if every entry is the one that was known before."""
    templates: Templates
    statics: Mapping[str, Static]
    bundles: Mapping[str, Static]
    history: History
    problems: tuple[Problem, ...]
    """About files and settings; those about posts are with their entries."""
    documents: Mapping[str, Kept] = {}
    """Where the documents of what was parsed lie, by post id."""


class Asked(msgspec.Struct, frozen=True):
    """What is asked of a build or a check."""

    root: Path
    config: Config
    now: Moment
    shown: Shown = Shown()
    problems: tuple[Problem, ...] = ()
    """About the configuration."""


def read_inputs(
    asked: Asked,
    known: Iterable[Entry] = (),
    pool: Pool | None = None,
    progress: Progress = silent,
    drawers: Path | None = None,
) -> Inputs:
    """Returns all inputs; `known` entries save reading files that did not change.

    `drawers` is the folder to keep documents in for a build that will render them.
    """
    config, root = asked.config, asked.root
    listing = scan_content(root, config)
    before = {entry.source.path: entry for entry in known}
    reading = _Reading(asked, before, pool or Pool(1), progress, drawers)
    entries = reading.entries(listing)
    statics, static_problems = static_files(root, config)
    templates = read_templates(root, config)
    content = config.paths.content
    bundles = {
        path: Static(shown_path(content, path), found)
        for path, found in bundle_files(listing).items()
    }
    return Inputs(
        config,
        reading.rules,
        asked.now,
        asked.shown,
        entries,
        len(before) == len(entries)
        and all(before.get(entry.source.path) is entry for entry in entries),
        templates,
        statics,
        bundles,
        History(root, content),
        (
            *asked.problems,
            *listing.problems,
            *static_problems,
            *templates.problems,
        ),
        reading.documents,
    )


def scan_content(root: Path, config: Config) -> Scan:
    """Returns what lies in the content folder, without the queue."""
    content = config.paths.content
    return scan(root, content, skip=(QUEUE,), deep=content != ".")


class _Reading:
    """Parses the files that are not as they were known."""

    def __init__(
        self,
        asked: Asked,
        known: Mapping[str, Entry],
        pool: Pool,
        progress: Progress,
        drawers: Path | None,
    ) -> None:
        self.root = asked.root
        self.rules = rules_of(asked.config)
        self.known = known
        self.pool = pool
        self.progress = progress
        self.drawers = str(drawers) if drawers else ""
        self.documents: dict[str, Kept] = {}

    def entries(self, listing: Scan) -> tuple[Entry, ...]:
        """Returns the entry of every file, in the order of the listing."""
        entries: dict[str, Entry] = {}
        todo: list[Found] = []
        for found in listing.documents:
            entry = self.known.get(found.path)
            if entry and is_same(entry.source, found):
                entries[found.path] = entry
            else:
                todo.append(found)
        for entry in self._parsed(todo):
            entries[entry.source.path] = entry
        return tuple(entries[found.path] for found in listing.documents)

    def _parsed(self, todo: list[Found]) -> Iterator[Entry]:
        done = 0
        files = [(found, self._known(found)) for found in todo]
        work = ParseWork(self.root, self.rules, self.drawers, files, self.pool.jobs)
        for _, parsed in self.pool.run(work, len(todo) >= SMALL):
            self._keep(parsed)
            yield from map(share, parsed.entries)
            for source in parsed.same:
                yield msgspec.structs.replace(self.known[source.path], source=source)
            done += len(parsed.entries) + len(parsed.same)
            self.progress("reading", done, len(todo))

    def _keep(self, parsed: "Parsed") -> None:
        """Notes where documents lie; ids and the file's name are in memory once."""
        places = parsed.documents
        file = next((place.file for place in places.values()), "")
        for entry in parsed.entries:
            if place := places.get(entry.source.path):
                kept = Kept(file, place.offset, place.size)
                self.documents[entry.source.path] = kept

    def _known(self, found: Found) -> Known | None:
        entry = self.known.get(found.path)
        return Known.of(entry) if entry else None


def is_same(source: Source, found: Found) -> bool:
    """True if a file's stat signature is the one that was read."""
    return (
        source.mtime_ns == found.mtime_ns
        and source.size == found.size
        and source.inode == found.inode
    )


FileToParse = tuple[Found, Known | None]
"""A file, and what is known of it from before."""


class ParseTask(msgspec.Struct, frozen=True, array_like=True):
    """Some files for a worker to parse."""

    root: str
    rules: ParseRules
    files: tuple[FileToParse, ...]
    drawer: str
    """The file to keep the documents in; "" to keep none."""


class Parsed(msgspec.Struct, frozen=True, array_like=True):
    """What a worker made of some files."""

    entries: tuple[Entry, ...]
    same: tuple[Source, ...]
    """Files whose bytes are the ones that were known."""
    documents: dict[str, Kept]


class ParseWork(Work[ParseTask, Parsed]):
    """Files to be parsed, as work for several processes."""

    def __init__(
        self,
        root: Path,
        rules: ParseRules,
        drawers: str,
        files: Sequence[FileToParse],
        jobs: int,
    ) -> None:
        self.root = str(root)
        self.rules = rules
        self.drawers = drawers
        self.parts = Parts(files, jobs, PARSE_CHUNK)
        self.build = f"{os.getpid()}-{time.monotonic_ns():x}"
        self.number = 0
        self.task = parse_task

    def part(self, large: bool) -> ParseTask | None:
        """Returns files that nobody parses yet, with a drawer for their documents."""
        files = self.parts.large() if large else self.parts.small()
        if not files:
            return None
        self.number += 1
        name = file_name(self.build, self.number)
        drawer = os.path.join(self.drawers, name) if self.drawers else ""
        return ParseTask(self.root, self.rules, tuple(files), drawer)

    def packed(self, part: ParseTask) -> bytes:
        """Returns the task as MessagePack."""
        return msgspec.msgpack.encode(part)

    def unpacked(self, data: bytes) -> Parsed:
        """Returns what `parse_task` gave."""
        return msgspec.msgpack.decode(data, type=Parsed)

    def here(self, part: ParseTask) -> Parsed:
        """Returns what the files gave."""
        return parse_part(part)


def parse_task(data: bytes) -> bytes:
    """Returns Parsed as MessagePack for a ParseTask as MessagePack; a worker's task."""
    return msgspec.msgpack.encode(
        parse_part(msgspec.msgpack.decode(data, type=ParseTask))
    )


def parse_part(task: ParseTask) -> Parsed:
    """Returns what some files gave."""
    folder = Path(task.root)
    entries: list[Entry] = []
    same: list[Source] = []

    def documents() -> Iterator[tuple[str, Document]]:
        # A few at a time: together they may be more than memory holds.
        for batch in batches(task.files, lambda file: file[0].size):
            for found in parse_files(folder, batch, task.rules):
                if isinstance(found, Source):
                    same.append(found)
                    continue
                entry, document = found
                entries.append(entry)
                if document:
                    yield entry.source.path, document

    each = documents()
    kept = put(Path(task.drawer), each) if task.drawer else {}
    for _ in each:  # what could not be put away
        pass
    return Parsed(tuple(entries), tuple(same), kept)


class Survey:
    """What a site is and what is wrong with it; nothing is worked out before asked.

    `like` is a site as it was shortly before: what still holds is taken from it.
    """

    def __init__(self, root: Path, inputs: Inputs, like: Site | None = None) -> None:
        self.root = root
        self.inputs = inputs
        self.like = like
        self.config = inputs.config

    def renewed(self, inputs: Inputs, places: Iterable[int]) -> "Survey":
        """Returns the survey of inputs in which a few entries have other text or looks.

        Their posts must be shown where they were; then the rest of this survey holds.
        """
        survey = Survey(self.root, inputs, self.site)
        new = {e.source.path: e for e in map(inputs.entries.__getitem__, places)}
        bodies = {id: entry.body for id, entry in new.items()}
        packed = {id: entry.outline for id, entry in new.items() if entry.post}
        survey.__dict__ |= {
            "bodies": self.bodies | bodies,
            "outlines": Outlines({**self.outlines.packed, **packed}),
            "due": self.due,
            "parse_problems": self.parse_problems,
        }
        posts = {id: entry.post for id, entry in new.items() if entry.post}
        kept = {post.id: post for post in self.posts if post.id in posts}
        if kept == posts:
            same = ("posts", "_selected", "site")
            survey.__dict__ |= {name: getattr(self, name) for name in same}
        else:
            shown = _replaced(self._selected[0], posts)
            survey.__dict__["posts"] = _replaced(self.posts, posts)
            survey.__dict__["_selected"] = (shown, self._selected[1])
            data = msgspec.structs.replace(self.site.data, posts=shown)
            survey.__dict__["site"] = self.site.renewed(data)
        return survey

    @cached_property
    def places(self) -> "FilePlaces":
        """Where things stand in content files."""
        from sitegen.build.places import FilePlaces

        return FilePlaces(self.root, self.config.paths.content)

    @cached_property
    def posts(self) -> tuple[Post, ...]:
        """Every post, page and section page, shown or not, sorted by id."""
        entries = self.inputs.entries
        return tuple(entry.post for entry in entries if entry.post)

    @cached_property
    def _selected(self) -> tuple[tuple[Post, ...], tuple[Waiting, ...]]:
        shown, waiting = select(self.posts, self.inputs.shown, self.inputs.now)
        return self._dated(shown), waiting

    def _dated(self, posts: tuple[Post, ...]) -> tuple[Post, ...]:
        """Returns posts with the date of their first commit where they have no other.

        Only in sections that are dated without it: in a repository every file has a
        first commit, and that makes no post of a page.
        """
        if all(post.date or post.is_section for post in posts):
            return posts
        history = self.inputs.history.past
        if not history:
            return posts
        site = Site(SiteData(self.config, posts, {}, self.inputs.now))
        return tuple(
            msgspec.structs.replace(post, date=history[post.id].first)
            if post.date is None and post.id in history and site.is_post(post)
            else post
            for post in posts
        )

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        """The posts that are left out, and why."""
        return self._selected[1]

    @cached_property
    def due(self) -> int | None:
        """When time alone changes which posts are shown."""
        return next_change(self.posts, self.inputs.shown, self.inputs.now)

    @cached_property
    def bodies(self) -> dict[str, Body]:
        """Where each post's body is, by id."""
        return {entry.source.path: entry.body for entry in self.inputs.entries}

    @cached_property
    def outlines(self) -> Outlines:
        """What checks need of each body, by id."""
        entries = self.inputs.entries
        return Outlines({e.source.path: e.outline for e in entries if e.post})

    @cached_property
    def site(self) -> Site:
        """The site of the posts that are shown."""
        files = bundle_paths(self.inputs.bundles, self._selected[0], self.config)
        history, posts = self.inputs.history, self._selected[0]
        known = history.past
        past = {post.id: known[post.id] for post in posts if post.id in known}
        now, home = self.inputs.now, history.home
        data = SiteData(self.config, posts, files, now, past, home)
        return self.like.renewed(data) if self.like else Site(data)

    @property
    def whole_site(self) -> Site:
        """The site with drafts, future and expired posts as well."""
        return Site(SiteData(self.config, self.posts, {}, self.inputs.now))

    @cached_property
    def artifacts(self) -> tuple[Artifact, ...]:
        """Every file that a build will write."""
        statics = {path: s.source for path, s in self.inputs.statics.items()}
        bundles = self.inputs.bundles
        sources = {path: bundles[path].source for path in self.site.files}
        return plan(self.site, statics, sources)

    @cached_property
    def parse_problems(self) -> list[Problem]:
        """What is wrong with single files and settings."""
        found = list(self.inputs.problems)
        for entry in self.inputs.entries:
            found.extend(entry.problems)
        return found

    @cached_property
    def site_problems(self) -> list[Problem]:
        """What is wrong with the site as a whole."""
        from sitegen.site import checks

        site, places, artifacts = self.site, self.places, self.artifacts
        outputs = {artifact.output for artifact in artifacts}
        left_out = {waiting.id for waiting in self.waiting}
        names = self.inputs.templates.sources
        return [
            *checks.check_titles(self.config, self.posts, places),
            *checks.check_paths(site, artifacts, places),
            *checks.check_templates(site, names, places),
            *checks.check_dates(site, places),
            *checks.check_links(site, self.outlines, outputs, left_out, places),
        ]

    def problems(self) -> list[Problem]:
        """Returns all problems of all files, sorted."""
        found = [*self.parse_problems, *self.site_problems]
        return sorted(found, key=Problem.sort_key)


def _replaced(old: tuple[Post, ...], new: Mapping[str, Post]) -> tuple[Post, ...]:
    """Returns posts with some of them replaced; a date that Git gave them stays."""
    return tuple(
        msgspec.structs.replace(new[post.id], date=post.date)
        if post.id in new
        else post
        for post in old
    )


def bundle_paths(
    bundles: Mapping[str, Static], posts: Iterable[Post], config: Config
) -> dict[str, str]:
    """Returns the site path of each bundle's file whose page is shown."""
    from sitegen.site.urls import post_path

    if not bundles:
        return {}
    homes = {
        post.id.rpartition("/")[0]: post_path(config, post)
        for post in posts
        if post.is_bundle and "/" in post.id
    }
    found = {}
    for path in bundles:
        home = path.rpartition("/")[0]
        while home and home not in homes:
            home = home.rpartition("/")[0]
        if home:
            base = homes[home]
            folder = base if base.endswith("/") else base[: base.rfind("/") + 1]
            found[path] = folder + path[len(home) + 1 :]
    return found
