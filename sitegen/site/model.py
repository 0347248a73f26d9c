"""Site: what exists and in which order."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any

import msgspec

from sitegen.config import Config
from sitegen.content.records import Moment, Past, Post
from sitegen.content.slugs import slugify
from sitegen.content.titles import title_key
from sitegen.git import Web
from sitegen.site import urls


class Home(msgspec.Struct, frozen=True, array_like=True):
    """Where the site's files are on the web."""

    web: Web
    branch: str
    prefix: str
    """The site's folder in its repository: "" or such as `docs/`."""


class SiteData(msgspec.Struct, frozen=True, array_like=True):
    """All that a Site is made from: plain enough to send to another process."""

    config: Config
    posts: tuple[Post, ...]
    """Every post, page and section page that is shown, sorted by id."""
    files: dict[str, str]
    """Bundle files, by their path in the content folder → site path."""
    now: Moment
    """The build's clock, in the site's time zone."""
    history: dict[str, Past] = {}
    """What Git tells of posts, by id; of some it tells nothing."""
    home: Home | None = None


class Section(msgspec.Struct, frozen=True):
    """A folder of content."""

    path: str
    """Such as `docs/howto`; "" is the whole site."""
    index: Post | None
    """Its `_index.md`."""
    dated: bool
    """Whether its files are posts."""
    posts: tuple[str, ...]
    """Ids of the listed posts in it and below it, in the section's order."""
    pages: tuple[str, ...]
    """Ids of the listed pages directly in it, in the section's order."""
    sections: tuple[str, ...]
    """Paths of the sections directly below it, by weight, then title."""

    @property
    def title(self) -> str:
        """Its `_index.md`'s title, else its folder's name made readable."""
        return self.index.title if self.index else readable(self.path)


class Term(msgspec.Struct, frozen=True):
    """A tag, category or term of another taxonomy."""

    taxonomy: str
    key: str
    """What spellings of one term have in common."""
    name: str
    """Its most frequent spelling."""
    slug: str
    path: str
    """The site path of its list."""
    posts: tuple[str, ...]
    """Ids of its posts, newest first."""


def freeze(value: Any) -> Any:
    """Returns plain data that nobody can change: tuples and read-only mappings."""
    if isinstance(value, Mapping):
        return MappingProxyType({key: freeze(item) for key, item in value.items()})
    if isinstance(value, (list, tuple)):
        return tuple(freeze(item) for item in value)
    return value


def readable(section: str) -> str:
    """Returns a folder's name as a title: `how-to_pages` → `How to pages`."""
    name = section.rpartition("/")[2].replace("-", " ").replace("_", " ").strip()
    return name[:1].upper() + name[1:]


class Site:
    """What exists and where; made once from its data and never changed.

    Everything but the data is worked out when it is first asked for.
    """

    def __init__(self, data: SiteData) -> None:
        self.data = data
        self.config = data.config
        self.now = data.now
        self.files = data.files
        self.by_id = {post.id: post for post in data.posts}
        self.known: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        """What fields of elements are shown as, by id, as far as anybody asked."""
        self.reached: dict[str, str] = {}
        """Where references that begin with `/` lead, likewise."""
        self._settings: dict[str, Any] = {}

    def setting(self, key: str) -> Any:
        """Returns a value of the configuration that nobody can change."""
        try:
            return self._settings[key]
        except KeyError:
            value: Any = self.config
            for part in key.split("."):
                value = getattr(value, part)
            found = self._settings[key] = freeze(msgspec.to_builtins(value))
            return found

    def with_post(self, post: Post) -> "Site":
        """Returns this site with one post added or replaced."""
        by_id = {**self.by_id, post.id: post}
        posts = tuple(by_id[id] for id in sorted(by_id))
        return Site(msgspec.structs.replace(self.data, posts=posts))

    def renewed(self, data: SiteData) -> "Site":
        """Returns the site of other data, which keeps what is still true of this one.

        Only where the same files are shown, and no field changed that decides where
        they are or in which order, is there anything to keep.
        """
        if data == self.data:
            return self
        site, old = Site(data), self.data
        same = (old.config, old.files, old.now) == (data.config, data.files, data.now)
        if not same or len(data.posts) != len(old.posts):
            return site
        shaken = self.shaken_by(data.posts)
        if old.history != data.history:
            shaken |= {"updated"}
        for name in KEPT - shaken:
            if name in self.__dict__:
                site.__dict__[name] = self.__dict__[name]
        return site

    def shaken_by(self, posts: Iterable[Post]) -> AbstractSet[str]:
        """Returns which of KEPT as many other records in these places can change."""
        fields: set[str] = set()
        for old, new in zip(self.data.posts, posts, strict=True):
            if old is new or old == new:
                continue
            if old.is_section or new.is_section:
                return KEPT
            fields |= {f for f in FIELDS if getattr(old, f) != getattr(new, f)}
            if not self.is_post(old):
                fields.add("title of a page")
        if "title" in fields and any(p.sort_by for p in self.indexes.values()):
            return KEPT
        if fields <= LOOKS:
            return frozenset()
        if fields <= LOOKS | {"updated"}:
            return frozenset({"updated"})
        if fields <= LOOKS | {"updated", "title of a page"}:
            return frozenset({"updated", "pages", "sections", "neighbours"})
        return KEPT

    @cached_property
    def paths(self) -> dict[str, str]:
        """The site path of every post, page and section page, by id."""
        config = self.config
        return {id: urls.post_path(config, post) for id, post in self.by_id.items()}

    @cached_property
    def indexes(self) -> dict[str, Post]:
        """The `_index.md` of each section that has one, by section."""
        return {p.section: p for p in self.data.posts if p.is_section}

    @cached_property
    def leaves(self) -> tuple[Post, ...]:
        """Posts and pages, without section pages, sorted by id."""
        return tuple(post for post in self.data.posts if not post.is_section)

    @cached_property
    def folders(self) -> tuple[str, ...]:
        """Every section with content in it or below it, parents first; "" first."""
        found = {""}
        for section in {post.section for post in self.data.posts}:
            while section and section not in found:
                found.add(section)
                section = section.rpartition("/")[0]
        return tuple(sorted(found))

    @cached_property
    def dated(self) -> dict[str, bool]:
        """Whether each section's files are posts.

        `_index.md` decides, the nearest above counts too; then `posts/` is dated, and
        so is a section with a date in it or below it. The top folder says nothing.
        """
        with_dates = {post.section for post in self.leaves if post.date}
        for section in tuple(with_dates):
            while section := section.rpartition("/")[0]:
                with_dates.add(section)
        result: dict[str, bool] = {}
        for section in self.folders:
            said = self._said_dated(section)
            default = section == "posts" or section.startswith("posts/")
            seen = bool(section) and section in with_dates
            result[section] = (default or seen) if said is None else said
        return result

    def _said_dated(self, section: str) -> bool | None:
        while True:
            index = self.indexes.get(section)
            if index and index.dated is not None:
                return index.dated
            if not section:
                return None
            section = section.rpartition("/")[0]
            if not section:
                return None

    def is_post(self, post: Post) -> bool:
        """True if a file is a post; other files are pages.

        In the top folder, which nothing makes dated but its `_index.md`, a file with
        a date of its own is a post.
        """
        if post.is_section:
            return False
        if post.section or self._said_dated("") is not None:
            return self.dated[post.section]
        return post.date is not None

    @cached_property
    def posts(self) -> tuple[str, ...]:
        """Ids of the listed posts, newest first; those without a date come last."""
        listed = [p for p in self.leaves if not p.unlisted and self.is_post(p)]
        return tuple(p.id for p in sorted(listed, key=newest_first))

    @cached_property
    def pages(self) -> tuple[str, ...]:
        """Ids of the listed pages, by weight, then title."""
        listed = [p for p in self.leaves if not p.unlisted and not self.is_post(p)]
        return tuple(p.id for p in sorted(listed, key=lightest_first))

    @cached_property
    def sections(self) -> dict[str, Section]:
        """Every section, by its path; "" holds the whole site's posts."""
        posts: dict[str, list[str]] = {section: [] for section in self.folders}
        pages: dict[str, list[str]] = {section: [] for section in self.folders}
        below: dict[str, list[str]] = {section: [] for section in self.folders}
        above = {section: tuple(_upwards(section)) for section in self.folders}
        by_id = self.by_id
        for id in self.posts:
            for section in above[by_id[id].section]:
                posts[section].append(id)
        for id in self.pages:
            pages[by_id[id].section].append(id)
        for section in self.folders:
            if section:
                below[section.rpartition("/")[0]].append(section)
        return {
            section: Section(
                section,
                self.indexes.get(section),
                self.dated[section],
                self._sorted(section, posts[section]),
                self._sorted(section, pages[section]),
                tuple(sorted(below[section], key=self._section_key)),
            )
            for section in self.folders
        }

    def _sorted(self, section: str, ids: list[str]) -> tuple[str, ...]:
        index = self.indexes.get(section)
        key = SORT_KEYS.get(index.sort_by) if index else None
        return tuple(sorted(ids, key=lambda id: key(self.by_id[id])) if key else ids)

    def _section_key(self, section: str) -> tuple[int, str, str]:
        index = self.indexes.get(section)
        title = index.title if index else readable(section)
        return (index.weight if index else 0, title.casefold(), section)

    @cached_property
    def neighbours(self) -> dict[str, tuple[str, str]]:
        """The ids before and after each listed post or page; "" at an end.

        Posts follow one another in time within their top-level section; pages in
        reading order: a section's own pages, then those of the sections below it.
        """
        result: dict[str, tuple[str, str]] = {}
        in_time: dict[str, list[str]] = {}
        for id in reversed(self.posts):
            top = self.by_id[id].section.partition("/")[0]
            in_time.setdefault(top, []).append(id)
        for ids in in_time.values():
            _link(ids, result)
        for top in self.sections[""].sections:
            _link(list(self._reading_order(top)), result)
        _link(list(self.sections[""].pages), result)
        return result

    def _reading_order(self, section: str) -> Iterable[str]:
        here = self.sections[section]
        yield from here.pages
        for below in here.sections:
            yield from self._reading_order(below)

    @cached_property
    def taxonomies(self) -> dict[str, dict[str, Term]]:
        """Taxonomy → key → term; terms by name."""
        return {name: self._terms(name) for name in self.config.taxonomies}

    def _terms(self, taxonomy: str) -> dict[str, Term]:
        written: defaultdict[str, list[int]] = defaultdict(list)
        for place, id in enumerate(self.posts):
            for name in self.by_id[id].terms.get(taxonomy, ()):
                written[name].append(place)
        spellings: defaultdict[str, list[str]] = defaultdict(list)
        for name in written:
            spellings[term_key(name)].append(name)
        pattern = self.config.taxonomies[taxonomy]
        terms: dict[str, Term] = {}
        for key in sorted(spellings):
            names = spellings[key]
            name = min(names, key=lambda name: (-len(written[name]), name))
            places = sorted([place for name in names for place in written[name]])
            ids = tuple([self.posts[place] for place in places])
            slug = term_slug(name)
            path = urls.term_path(pattern, slug)
            terms[key] = Term(taxonomy, key, name, slug, path, ids)
        return terms

    def list_path(self, section: str) -> str:
        """Returns the site path of a section's list."""
        index = self.indexes.get(section)
        return self.paths[index.id] if index else urls.section_path(section)

    def updated_of(self, post: Post) -> Moment | None:
        """Returns when a post was last changed: as it says, else as Git does.

        A commit before the date that a post bears is not a change of what is published.
        """
        past = self.data.history.get(post.id)
        if post.updated or not past:
            return post.updated or post.date
        return max(past.last, post.date) if post.date else past.last

    @cached_property
    def listed(self) -> list[tuple[str, Moment | None]]:
        """Site path and last change of all that search engines may list, in order.

        Pages after a list's first, and what is unlisted, are left out.
        """
        found: dict[str, Moment | None] = {"/": self.updated}
        for post in self.leaves:
            if not post.unlisted:
                found[self.paths[post.id]] = self.updated_of(post)
            elif self.paths[post.id] == "/":  # it is the home page
                found.pop("/", None)
        for path, section in self.sections.items():
            if path and not (section.index and section.index.unlisted):
                found[self.list_path(path)] = None
        for name, terms in self.taxonomies.items():
            if terms and (index := urls.taxonomy_path(self.config.taxonomies[name])):
                found[index] = None
            found |= {term.path: None for term in terms.values()}
        return sorted(found.items())

    @cached_property
    def updated(self) -> Moment | None:
        """When the newest post was last changed."""
        posts = (self.by_id[id] for id in self.posts)
        return max((m for post in posts if (m := self.updated_of(post))), default=None)


FIELDS = frozenset(field.name for field in msgspec.structs.fields(Post))

LOOKS = frozenset(
    "title description summary authors image lang toc extra trusted submission".split()
)
"""Fields of a post that decide neither where it is nor, in time, where it stands."""

KEPT = frozenset(
    "paths folders dated posts pages sections neighbours taxonomies updated".split()
)
"""What a site derives from its data that holds no record of a post or page."""


@lru_cache(maxsize=10_000)
def term_key(name: str) -> str:
    """Returns what the spellings of one term have in common."""
    return title_key(name)


def term_slug(name: str) -> str:
    """Returns the last part of a term's address; `C`, `C++` and `C#` differ."""
    return slugify(name.replace("+", " plus ").replace("#", " sharp "))


def newest_first(post: Post) -> tuple[bool, int, str]:
    """Returns a sort key: by date, the newest first; without one last; then by id."""
    return (post.date is None, -post.date.at if post.date else 0, post.id)


def lightest_first(post: Post) -> tuple[int, str, str]:
    """Returns a sort key: by weight, then title, then id."""
    return (post.weight, post.title.casefold(), post.id)


def by_title(post: Post) -> tuple[str, str]:
    """Returns a sort key: by title, then id."""
    return (post.title.casefold(), post.id)


SORT_KEYS = {"date": newest_first, "weight": lightest_first, "title": by_title}
"""What `sort_by` in a section's `_index.md` may say."""


def _upwards(section: str) -> Iterable[str]:
    yield section
    while section:
        section = section.rpartition("/")[0]
        yield section


def _link(ids: list[str], result: dict[str, tuple[str, str]]) -> None:
    for before, id, after in zip(["", *ids], ids, [*ids[1:], ""], strict=False):
        result[id] = (before, after)
