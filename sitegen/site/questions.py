"""Questions about a site are plain data, and so are their answers.

Whatever a template reads is noted as a question, so that it can be asked again by
another process next week: if every answer is the same, so is the page.

| question | its answer |
|---|---|
| `("list", query)` | the ids, in order |
| `("columns", query, names)` | for each of those fields, its values in order |
| `("fields", id, names)` | those fields of one element |
| `("neighbour", id, side)` | the id before (0) or after (1) it |
| `("link", id, target)` | the URL that a reference in a body leads to |
| `("config", key)` | a setting |
| `("now", format)` | the build's clock, formatted |
| `("sitemap", start, stop)` | addresses and dates of listed pages |
| `("history", id)` | what Git tells of a post, or None |
| `("redirects",)` | every alias with its target |

A query is a tuple of a name and its arguments; `("slice", start, stop, *query)` is a
part of another query. Posts are named by their path in the content folder; what has
no file is named `:section:docs`, `:term:tags:python`, `:taxonomy:tags` or `:site`.
"""

from collections.abc import Callable
from typing import Any

from sitegen.content.records import Post
from sitegen.site import links, urls
from sitegen.site.model import Section, Site, Term, term_key

Query = tuple[Any, ...]
Question = tuple[Any, ...]


def answer(site: Site, question: Question) -> Any:
    """Returns the plain answer to a question about the site.

    What has been deleted since the question was asked answers None.
    """
    try:
        return ANSWERS[question[0]](site, *question[1:])
    except KeyError:
        return None


def ids(site: Site, query: Query) -> tuple[str, ...]:
    """Returns the ids that a query finds, in order."""
    if query[0] == "slice":
        start, stop = query[1:3]
        return ids(site, tuple(query[3:]))[start:stop]
    return QUERIES[query[0]](site, *query[1:])


def fields(site: Site, id: str, names: tuple[str, ...]) -> list[Any]:
    """Returns the plain values of some fields of one element."""
    record, table = element(site, id)
    return [table[name](site, record) for name in names]


def element(site: Site, id: str) -> tuple[Any, dict[str, Callable[..., Any]]]:
    """Returns the record that an id names, and the table of its fields."""
    if not id.startswith(":"):
        return site.by_id[id], POST_FIELDS
    kind, _, name = id[1:].partition(":")
    if kind == "section":
        return site.sections[name], SECTION_FIELDS
    if kind == "term":
        taxonomy, _, key = name.partition(":")
        return site.taxonomies[taxonomy][key], TERM_FIELDS
    if kind == "taxonomy":
        return name, TAXONOMY_FIELDS
    return site, SITE_FIELDS


def _columns(site: Site, query: Query, names: tuple[str, ...]) -> list[Any]:
    elements = [element(site, id) for id in ids(site, query)]
    if not elements:
        return []
    # A query finds elements of one kind. By field it takes half as long as by element.
    _, table = elements[0]
    readers = [table[name] for name in names]
    return [[read(site, record) for record, _ in elements] for read in readers]


def _config(site: Site, key: str) -> Any:
    import msgspec

    value: Any = site.config
    for part in key.split("."):
        value = getattr(value, part)
    return msgspec.to_builtins(value)


def _now(site: Site, format: str) -> str:
    return site.now.datetime().strftime(format)


def _neighbour(site: Site, id: str, side: int) -> str:
    return site.neighbours.get(id, ("", ""))[side]


def redirects(site: Site) -> list[tuple[str, str]]:
    """Returns every alias and the URL that it leads to, sorted."""
    return sorted(
        (urls.url(site.config, alias), urls.url(site.config, site.paths[post.id]))
        for post in site.data.posts
        for alias in post.aliases
    )


def term_id(term: Term) -> str:
    """Returns the id of a term."""
    return f":term:{term.taxonomy}:{term.key}"


def section_id(path: str) -> str:
    """Returns the id of a section."""
    return f":section:{path}"


def _term_ids(site: Site, taxonomy: str) -> tuple[str, ...]:
    return tuple(term_id(term) for term in site.taxonomies[taxonomy].values())


def post_terms(site: Site, post: Post, taxonomy: str) -> tuple[str, ...]:
    """Returns the ids of a post's terms, as written; none of an unknown taxonomy."""
    names, known = post.terms.get(taxonomy), site.taxonomies.get(taxonomy)
    if not names or not known:
        return ()
    keys = map(term_key, names)
    return tuple([f":term:{taxonomy}:{key}" for key in keys if key in known])


def _section_ids(paths: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(section_id("").__add__, paths))


def _one_section(site: Site, path: str) -> tuple[str, ...]:
    return (section_id(path),) if path in site.sections else ()


def _home(site: Site) -> tuple[str, ...]:
    return (section_id(""),) if site.sections[""].index else ()


QUERIES: dict[str, Callable[..., tuple[str, ...]]] = {
    "posts": lambda site: site.posts,
    "pages": lambda site: site.pages,
    "sections": lambda site: _section_ids(site.sections[""].sections),
    "section": _one_section,
    "home": _home,
    "section.posts": lambda site, path: site.sections[path].posts,
    "section.pages": lambda site, path: site.sections[path].pages,
    "section.sections": lambda site, path: _section_ids(site.sections[path].sections),
    "taxonomies": lambda site: tuple(
        f":taxonomy:{name}" for name, terms in site.taxonomies.items() if terms
    ),
    "terms": _term_ids,
    "term.posts": lambda site, taxonomy, key: site.taxonomies[taxonomy][key].posts,
}
"""Query name → the ids it finds."""


def _image(site: Site, post: Post) -> str:
    image = post.image
    if not image or "://" in image or image.startswith("//"):
        return image
    return links.resolve(site, post.id, image) or image


def _parent(site: Site, section: Section) -> str:
    return section_id(section.path.rpartition("/")[0]) if "/" in section.path else ""


TERMS = "terms."
"""Begins the name of the field that holds a post's terms of a taxonomy."""


class _PostFields(dict[str, Callable[[Site, Post], Any]]):
    def __missing__(self, name: str) -> Callable[[Site, Post], Any]:
        if not name.startswith(TERMS):
            raise KeyError(name)
        taxonomy = name.removeprefix(TERMS)
        return lambda site, post: post_terms(site, post, taxonomy)


POST_FIELDS: dict[str, Callable[[Site, Post], Any]] = _PostFields(
    {
        "title": lambda site, post: post.title,
        "url": lambda site, post: urls.url(site.config, site.paths[post.id]),
        "permalink": lambda site, post: urls.permalink(
            site.config, site.paths[post.id]
        ),
        "date": lambda site, post: post.date,
        "updated": lambda site, post: site.updated_of(post),
        "expires": lambda site, post: post.expires,
        "section": lambda site, post: section_id(post.section) if post.section else "",
        "slug": lambda site, post: post.slug,
        "authors": lambda site, post: post.authors,
        "author": lambda site, post: (*post.authors, site.config.author)[0],
        "description": lambda site, post: post.description,
        "summary": lambda site, post: post.summary,
        "aliases": lambda site, post: post.aliases,
        "image": _image,
        "lang": lambda site, post: post.lang or site.config.language,
        "draft": lambda site, post: post.draft,
        "unlisted": lambda site, post: post.unlisted,
        "weight": lambda site, post: post.weight,
        "extra": lambda site, post: post.extra,
        "source": lambda site, post: source_path(site, post.id),
        "source_url": lambda site, post: source_url(site, post.id),
        "edit_url": lambda site, post: edit_url(site, post.id),
        "shows_toc": lambda site, post: post.toc,
    }
)
"""Field of a post or page → its plain value."""

FROM_GIT = frozenset({"updated", "source_url", "edit_url"})
"""Fields that depend on Git too."""

FROM_OTHERS = frozenset({"image"})
"""Fields of a post that depend on other files; so do its terms."""

SECTION_FIELDS: dict[str, Callable[[Site, Section], Any]] = {
    "name": lambda site, section: section.path,
    "title": lambda site, section: section.title,
    "url": lambda site, s: urls.url(site.config, site.list_path(s.path)),
    "permalink": lambda site, s: urls.permalink(site.config, site.list_path(s.path)),
    "description": lambda site, s: s.index.description if s.index else "",
    "extra": lambda site, section: section.index.extra if section.index else {},
    "lang": lambda site, s: (s.index and s.index.lang) or site.config.language,
    "dated": lambda site, section: section.dated,
    "index": lambda site, section: section.index.id if section.index else "",
    "parent": _parent,
}
"""Field of a section → its plain value."""

TERM_FIELDS: dict[str, Callable[[Site, Term], Any]] = {
    "name": lambda site, term: term.name,
    "slug": lambda site, term: term.slug,
    "url": lambda site, term: urls.url(site.config, term.path),
    "permalink": lambda site, term: urls.permalink(site.config, term.path),
    "count": lambda site, term: len(term.posts),
}
"""Field of a term → its plain value."""

TAXONOMY_FIELDS: dict[str, Callable[[Site, str], Any]] = {
    "name": lambda site, name: name,
    "title": lambda site, name: name[:1].upper() + name[1:],
    "url": lambda site, name: (
        urls.url(site.config, path)
        if (path := urls.taxonomy_path(site.config.taxonomies[name]))
        else ""
    ),
}
"""Field of a taxonomy → its plain value."""

SITE_FIELDS: dict[str, Callable[[Site, Site], Any]] = {
    "updated": lambda site, _: site.updated,
    "has_posts": lambda site, _: bool(site.posts),
}
"""Derived field of the whole site → its plain value."""

ANSWERS: dict[str, Callable[..., Any]] = {
    "list": ids,
    "columns": _columns,
    "fields": fields,
    "neighbour": _neighbour,
    "link": links.resolve,
    "config": _config,
    "now": _now,
    "sitemap": lambda site, start, stop: site.listed[start:stop],
    "history": lambda site, id: site.data.history.get(id),
    "redirects": redirects,
}
"""Kind of question → the function that answers it."""


def source_path(site: Site, id: str) -> str:
    """Returns the path of a content file relative to the site's root."""
    folder = site.config.paths.content
    return id if folder == "." else f"{folder}/{id}"


def source_url(site: Site, id: str) -> str:
    """Returns where a content file can be read on the web, or ""."""
    home = site.data.home
    if home is None:
        return ""
    return home.web.source_url(home.branch, home.prefix + source_path(site, id))


def edit_url(site: Site, id: str) -> str:
    """Returns where a content file can be edited on the web, or ""."""
    home = site.data.home
    if home is None:
        return ""
    return home.web.edit_url(home.branch, home.prefix + source_path(site, id))
