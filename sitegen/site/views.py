"""What templates see of a site: read-only views that note every question.

A view is equal to another of the same id and prints its title. All that it keeps for
itself begins with `_`, which templates may not read.
"""

import operator
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from markupsafe import Markup, escape

from sitegen.content.records import Moment
from sitegen.markup.records import Document, TocEntry
from sitegen.site import links, questions, urls
from sitegen.site.model import Site, freeze
from sitegen.site.questions import Query, Question

WORDS_A_MINUTE = 220
"""How fast `post.minutes` takes people to read."""


class Reader:
    """Reads a site in the name of one page, and notes what it asked."""

    def __init__(self, site: Site, documents: Callable[[str], Document]) -> None:
        self.site = site
        self.documents = documents
        self.asked: set[Question] = set()
        self.fields: dict[str, set[str]] = {}
        self.columns: dict[Query, set[str]] = {}
        self.views: dict[str, Any] = {}

    def ask(self, *question: Any) -> Any:
        """Returns the answer to a question, which is noted."""
        self.asked.add(question)
        return questions.answer(self.site, question)

    def setting(self, key: str) -> Any:
        """Returns a value of the configuration, which is noted."""
        self.asked.add(("config", key))
        return self.site.setting(key)

    def view(self, id: str) -> Any:
        """Returns the view of one element, or None for the id ""."""
        if not id:
            return None
        if id not in self.views:
            note = self.fields.setdefault(id, set()).add
            self.views[id] = make_view(self, id, note)
        return self.views[id]

    def document(self, id: str) -> Document:
        """Returns a body's document; its digest and its links are what is noted."""
        self.asked.add(("content", id))
        return self.documents(id)

    def questions(self) -> list[Question]:
        """Returns all that was asked."""
        asked = list(self.asked)
        for id, names in self.fields.items():
            if names:
                asked.append(("fields", id, tuple(sorted(names))))
        for query, names in self.columns.items():
            if names:
                asked.append(("columns", query, tuple(sorted(names))))
        return asked

    def close(self) -> None:
        """Lets go of the views, which name their reader: nobody has to find that."""
        self.views.clear()


class View:
    """What templates see of one element."""

    __slots__ = ("_id", "_known", "_note", "_reader", "_record")

    def __init__(
        self, reader: Reader, id: str, record: Any, note: Callable[[str], None]
    ) -> None:
        self._reader = reader
        self._id = id
        self._record = record
        self._note = note
        self._known = reader.site.known[id]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, View) and self._id == other._id

    def __lt__(self, other: "View") -> bool:
        return self._id < other._id

    def __hash__(self) -> int:
        return hash(self._id)

    def __str__(self) -> str:
        return str(getattr(self, "title", None) or getattr(self, "name", ""))

    def __repr__(self) -> str:
        return f"<{self}>"


def _moment(value: Moment | None) -> datetime | None:
    return value.datetime() if value else None


def _as_it_is(value: Any) -> Any:
    return value


SHOWS: dict[str, Callable[[Any], Any]] = {
    "date": _moment,
    "updated": _moment,
    "expires": _moment,
    "extra": freeze,
}
"""Field → how a view shows its plain value; other fields are shown as they are."""

ELEMENTS = frozenset(("section", "parent"))
"""Fields that name another element, of which a page has a view of its own."""


def _property(name: str, table: dict[str, Callable[..., Any]]) -> property:
    plain = table[name]
    show = SHOWS.get(name, _as_it_is)

    def read(view: View) -> Any:
        view._note(name)
        try:
            return view._known[name]
        except KeyError:
            value = show(plain(view._reader.site, view._record))
            view._known[name] = value
            return value

    def read_element(view: View) -> Any:
        return view._reader.view(read(view))

    return property(read_element if name in ELEMENTS else read)


def _reads(table: dict[str, Callable[..., Any]]) -> Callable[[type], type]:
    """Returns a decorator that gives a view a property for each field of a table."""

    def decorate(view: type) -> type:
        for name in table:
            if name not in vars(view):
                setattr(view, name, _property(name, table))
        return view

    return decorate


@_reads(questions.POST_FIELDS)
class PostView(View):
    """A post or a page."""

    __slots__ = ()

    @property
    def previous(self) -> Any:
        """The post before this one in time, or the page before it in reading order."""
        return self._reader.view(self._reader.ask("neighbour", self._id, 0))

    @property
    def next(self) -> Any:
        """The post after this one in time, or the page after it in reading order."""
        return self._reader.view(self._reader.ask("neighbour", self._id, 1))

    def terms(self, taxonomy: str) -> tuple[Any, ...]:
        """Its terms in a taxonomy, as written."""
        reader, taxonomy = self._reader, plain(taxonomy)
        self._note(questions.TERMS + taxonomy)
        ids = questions.post_terms(reader.site, self._record, taxonomy)
        return Elements(map(reader.view, ids))

    @property
    def tags(self) -> tuple[Any, ...]:
        """Its terms in the taxonomy `tags`."""
        return self.terms("tags")

    @property
    def categories(self) -> tuple[Any, ...]:
        """Its terms in the taxonomy `categories`."""
        return self.terms("categories")

    @property
    def contributors(self) -> tuple[str, ...]:
        """The names of those who wrote it, as Git tells; the first one first."""
        past = self._reader.ask("history", self._id)
        return tuple(past.contributors) if past else ()

    @property
    def content(self) -> Markup:
        """Its HTML, with links and images resolved."""
        site, id = self._reader.site, self._id
        document = self._reader.document(id)
        return join(document, lambda target: links.resolve(site, id, target) or target)

    @property
    def content_absolute(self) -> Markup:
        """Its HTML with full URLs, as feeds need it."""
        self._reader.setting("base_url")
        # Anchors and what cannot be resolved are full URLs of the post's own page.
        self._note("permalink")
        site, id = self._reader.site, self._id
        document = self._reader.document(id)
        return join(document, lambda target: absolute(site, id, target))

    @property
    def toc(self) -> tuple[TocEntry, ...]:
        """Its table of contents, nested; empty where `toc: false` switches it off."""
        if not getattr(self, "shows_toc"):  # noqa: B009  (a generated property)
            return ()
        return self._reader.document(self._id).toc

    @property
    def words(self) -> int:
        """The number of words in its text."""
        from sitegen.markup.text import count_words

        return count_words(self._reader.document(self._id))

    @property
    def minutes(self) -> int:
        """How long reading it takes, at least 1."""
        return max(1, round(self.words / WORDS_A_MINUTE))


@_reads(questions.SECTION_FIELDS)
class SectionView(View):
    """A folder of content, with the text of its `_index.md`."""

    __slots__ = ()

    @property
    def content(self) -> Markup:
        """The HTML of its `_index.md`; empty without one."""
        index = self._record.index
        self._note("index")
        post = self._reader.view(index.id if index else "")
        return post.content if post else Markup()

    @property
    def posts(self) -> "Views":
        """Its posts and those below it, in its order."""
        return Views(self._reader, ("section.posts", self._record.path))

    @property
    def pages(self) -> "Views":
        """The pages directly in it, in its order."""
        return Views(self._reader, ("section.pages", self._record.path))

    @property
    def sections(self) -> "Views":
        """The sections directly below it."""
        return Views(self._reader, ("section.sections", self._record.path))


@_reads(questions.TERM_FIELDS)
class TermView(View):
    """A term of a taxonomy, such as a tag."""

    __slots__ = ()

    @property
    def title(self) -> str:
        """The term's name."""
        return str(getattr(self, "name"))  # noqa: B009  (a generated property)

    @property
    def posts(self) -> "Views":
        """Its posts, newest first."""
        term = self._record
        return Views(self._reader, ("term.posts", term.taxonomy, term.key))


@_reads(questions.TAXONOMY_FIELDS)
class TaxonomyView(View):
    """A way of sorting posts, such as tags."""

    __slots__ = ()

    @property
    def terms(self) -> "Views":
        """Its terms, by name."""
        return Views(self._reader, ("terms", self._record))


def _setting(key: str) -> property:
    return property(lambda view: view._reader.setting(key))


class SiteView(View):
    """The whole site."""

    __slots__ = ()

    def __init__(self, reader: Reader) -> None:
        note = reader.fields.setdefault(":site", set()).add
        super().__init__(reader, ":site", reader.site, note)

    title = _setting("title")
    base_url = _setting("base_url")
    description = _setting("description")
    language = _setting("language")
    author = _setting("author")
    extra = _setting("extra")
    highlight = _setting("markdown.highlight")
    _feed_path = _setting("feed.path")
    posts = property(lambda self: Views(self._reader, ("posts",)))
    pages = property(lambda self: Views(self._reader, ("pages",)))
    sections = property(lambda self: Views(self._reader, ("sections",)))
    taxonomies = property(lambda self: Views(self._reader, ("taxonomies",)))

    @property
    def updated(self) -> datetime | None:
        """When the newest post was last changed."""
        self._note("updated")
        return _moment(self._reader.site.updated)

    @property
    def feed_url(self) -> str:
        """The feed's URL; "" for a site that has none."""
        self._note("has_posts")
        if not self.base_url or not self._reader.site.posts:
            return ""
        return urls.url(self._reader.site.config, self._feed_path)

    @property
    def home(self) -> Any:
        """The section of `content/_index.md`, or None."""
        return self._first(("home",))

    def recent(self, count: int) -> "Views":
        """The newest posts."""
        return Views(self._reader, ("slice", 0, bound(count), "posts"))

    def section(self, name: str) -> Any:
        """The section of that name, such as `docs/howto`, or None."""
        return self._first(("section", plain(name).strip("/")))

    def terms(self, taxonomy: str) -> "Views":
        """The terms of a taxonomy, by name."""
        return Views(self._reader, ("terms", plain(taxonomy)))

    def now(self, format: str = "%Y-%m-%d") -> str:
        """The build's clock, formatted as by `strftime`."""
        return str(self._reader.ask("now", plain(format)))

    def _first(self, query: Query) -> Any:
        found = self._reader.ask("list", query)
        return self._reader.view(found[0]) if found else None


TITLES = {"404": "Page not found", "submit": "Submit", "submitted": "Thank you"}
"""Titles of pages that no content file names."""


def _note_nothing(name: str) -> None:
    """Notes nothing: a page asks in the name of its subject."""


class PageView(View):
    """The page being rendered."""

    __slots__ = ("kind",)

    def __init__(self, reader: Reader, kind: str, path: str, subject: str) -> None:
        super().__init__(reader, subject, path, _note_nothing)
        self.kind = kind

    @property
    def url(self) -> str:
        """Its root-relative URL."""
        self._reader.setting("base_url")
        return urls.url(self._reader.site.config, self._record)

    @property
    def permalink(self) -> str:
        """Its full URL."""
        self._reader.setting("base_url")
        return urls.permalink(self._reader.site.config, self._record)

    @property
    def title(self) -> str:
        """Its title; the home page has `_index.md`'s, else the site's."""
        subject = self._reader.view(self._id)
        if self._id == ":section:" and not subject.title:
            return str(self._reader.setting("title"))
        return str(subject.title) if subject else TITLES.get(self.kind, "")

    @property
    def lang(self) -> str:
        """Its language."""
        own = getattr(self._reader.view(self._id), "lang", "")
        return own or str(self._reader.setting("language"))


class Elements(tuple[Any, ...]):
    """A few elements that are known already; prints their titles."""

    __slots__ = ()

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        return Elements(found) if isinstance(index, slice) else found

    def __repr__(self) -> str:
        return ", ".join(map(str, self))


class Views(Sequence[Any]):
    """Elements that a query finds: nothing is asked before something is read."""

    __slots__ = ("_ids", "_query", "_reader")

    def __init__(self, reader: Reader, query: Query) -> None:
        self._reader = reader
        self._query = query
        self._ids: tuple[str, ...] | None = None

    def _found(self) -> tuple[str, ...]:
        if self._ids is None:
            self._reader.asked.add(("list", self._query))
            try:
                self._ids = questions.ids(self._reader.site, self._query)
            except KeyError:
                self._ids = ()
        return self._ids

    def __len__(self) -> int:
        return len(self._found())

    def __iter__(self) -> Iterator[Any]:
        reader = self._reader
        found = self._found()
        note = reader.columns.setdefault(self._query, set()).add
        for id in found:
            yield make_view(reader, id, note)

    def __contains__(self, item: object) -> bool:
        return isinstance(item, View) and item._id in self._found()

    def __getitem__(self, index: Any) -> Any:
        if not isinstance(index, slice):
            return tuple(self[index : index + 1 or None])[0]
        if index.step not in (None, 1):
            return tuple(self)[index]
        query = ("slice", bound(index.start), bound(index.stop), *self._query)
        return Views(self._reader, query)

    def __repr__(self) -> str:
        return ", ".join(str(view) for view in self)


def plain(name: Any) -> str:
    """Returns a name as plain text; the text of a `{% set %}` block is marked as safe.

    Raises TypeError for what is no text.
    """
    if not isinstance(name, str):
        raise TypeError(f"a name must be text, not {name!r}")
    return str(name)


MOST = 2**53
"""More elements than any list has."""


def bound(index: Any) -> int | None:
    """Returns a slice's bound as a number that questions can hold.

    Raises TypeError for what is no whole number.
    """
    if index is None:
        return None
    return max(-MOST, min(operator.index(index), MOST))


KINDS: dict[str, type[View]] = {
    "section": SectionView,
    "term": TermView,
    "taxonomy": TaxonomyView,
}
"""What the first part of an id after `:` says; other ids are posts'."""


def make_view(reader: Reader, id: str, note: Callable[[str], None]) -> View:
    """Returns a view of the element that an id names."""
    if id[:1] != ":":
        return PostView(reader, id, reader.site.by_id[id], note)
    record, _ = questions.element(reader.site, id)
    return KINDS[id[1:].partition(":")[0]](reader, id, record, note)


def join(document: Document, url: Callable[[str], str]) -> Markup:
    """Returns a document's HTML with each open reference as `url` gives it."""
    parts = document.parts
    if len(parts) == 1:
        return Markup(parts[0])
    whole = list(parts)
    whole[1::2] = [escape(url(target)) for target in parts[1::2]]
    return Markup("".join(whole))


def absolute(site: Site, id: str, target: str) -> str:
    """Returns the full URL of a reference in post `id`."""
    if target.startswith(("#", "?")):
        return urls.permalink(site.config, site.paths[id]) + target
    found = links.resolve(site, id, target)
    if found:
        return site.config.origin + found
    from urllib.parse import urljoin

    return urljoin(urls.permalink(site.config, site.paths[id]), target)
