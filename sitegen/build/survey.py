"""All that is known of a site before a page is rendered.

Sources are read and parsed, the Site is made, the output is planned, and the whole is
checked. `check`, `list` and `new` need no more than this.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path

import msgspec

from sitegen.build.parse import Entry, ParseRules, parse_file, rules_of, shown_path
from sitegen.build.places import FilePlaces
from sitegen.build.theme import (
    Static,
    Templates,
    read_templates,
    static_files,
)
from sitegen.build.workers import Pool, chunks
from sitegen.config import Config
from sitegen.content.records import Body, Moment, Post, Source
from sitegen.content.scan import QUEUE, Found, Scan, bundle_files, scan
from sitegen.markup.records import Outline
from sitegen.problems import Problem
from sitegen.site import checks
from sitegen.site.model import Site, SiteData
from sitegen.site.plan import Artifact, plan
from sitegen.site.visibility import Shown, Waiting, next_change, select

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
    problems: tuple[Problem, ...]
    """About files and settings; those about posts are with their entries."""


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
) -> Inputs:
    """Returns all inputs; `known` entries save reading files that did not change."""
    config, root = asked.config, asked.root
    rules = rules_of(config)
    listing = scan_content(root, config)
    before = {entry.source.path: entry for entry in known}
    entries = _entries(root, listing, rules, before, pool, progress)
    statics, static_problems = static_files(root, config)
    templates = read_templates(root, config)
    content = config.paths.content
    bundles = {
        path: Static(shown_path(content, path), found)
        for path, found in bundle_files(listing).items()
    }
    return Inputs(
        config,
        rules,
        asked.now,
        asked.shown,
        entries,
        len(before) == len(entries)
        and all(before.get(entry.source.path) is entry for entry in entries),
        templates,
        statics,
        bundles,
        (
            *asked.problems,
            *listing.problems,
            *static_problems,
            *templates.problems,
        ),
    )


def scan_content(root: Path, config: Config) -> Scan:
    """Returns what lies in the content folder, without the queue."""
    content = config.paths.content
    return scan(root, content, skip=(QUEUE,), deep=content != ".")


def _entries(
    root: Path,
    listing: Scan,
    rules: ParseRules,
    known: Mapping[str, Entry],
    pool: Pool | None,
    progress: Progress,
) -> tuple[Entry, ...]:
    result = dict.fromkeys(found.path for found in listing.documents)
    entries: dict[str, Entry] = {}
    todo: list[Found] = []
    for found in listing.documents:
        entry = known.get(found.path)
        if entry and _is_same(entry, found):
            entries[found.path] = entry
        else:
            todo.append(found)
    for entry in _parse_all(root, todo, rules, known, pool, progress):
        entries[entry.source.path] = entry
    return tuple(entries[path] for path in result)


def _is_same(entry: Entry, found: Found) -> bool:
    source = entry.source
    return (
        source.mtime_ns == found.mtime_ns
        and source.size == found.size
        and source.inode == found.inode
    )


def _parse_all(
    root: Path,
    todo: list[Found],
    rules: ParseRules,
    known: Mapping[str, Entry],
    pool: Pool | None,
    progress: Progress,
) -> Iterable[Entry]:
    if not todo:
        return
    pool = pool or Pool(1)
    tasks = (
        (str(root), rules, tuple((f, _digest_of(known.get(f.path))) for f in part))
        for part in chunks(todo, PARSE_CHUNK)
    )
    done = 0
    for data in pool.run(parse_task, tasks, len(todo) >= SMALL):
        parsed = msgspec.msgpack.decode(data, type=Parsed)
        yield from parsed.entries
        for source in parsed.same:
            yield msgspec.structs.replace(known[source.path], source=source)
        done += len(parsed.entries) + len(parsed.same)
        progress("reading", done, len(todo))


def _digest_of(entry: Entry | None) -> bytes:
    return entry.source.digest if entry else b""


class Parsed(msgspec.Struct, frozen=True, array_like=True):
    """What a worker made of some files."""

    entries: tuple[Entry, ...]
    same: tuple[Source, ...]
    """Files whose bytes are the ones that were known."""


def parse_task(task: tuple[str, ParseRules, tuple[tuple[Found, bytes], ...]]) -> bytes:
    """Returns what some files gave, as MessagePack; a worker's task."""
    root, rules, files = task
    folder = Path(root)
    found = [parse_file(folder, file, rules, same_as) for file, same_as in files]
    entries = tuple(item for item in found if isinstance(item, Entry))
    same = tuple(item for item in found if isinstance(item, Source))
    return msgspec.msgpack.encode(Parsed(entries, same))


class Survey:
    """What a site is and what is wrong with it; nothing is worked out before asked."""

    def __init__(self, root: Path, inputs: Inputs) -> None:
        self.root = root
        self.inputs = inputs
        self.config = inputs.config
        self.places = FilePlaces(root, inputs.config.paths.content)

    @cached_property
    def posts(self) -> tuple[Post, ...]:
        """Every post, page and section page, shown or not, sorted by id."""
        entries = self.inputs.entries
        return tuple(entry.post for entry in entries if entry.post)

    @cached_property
    def _selected(self) -> tuple[tuple[Post, ...], tuple[Waiting, ...]]:
        return select(self.posts, self.inputs.shown, self.inputs.now)

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
    def outlines(self) -> dict[str, Outline]:
        """What checks need of each body, by id."""
        entries = self.inputs.entries
        return {entry.source.path: entry.outline for entry in entries if entry.post}

    @cached_property
    def site(self) -> Site:
        """The site of the posts that are shown."""
        files = bundle_paths(self.inputs.bundles, self._selected[0], self.config)
        data = SiteData(self.config, self._selected[0], files, self.inputs.now)
        return Site(data)

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
