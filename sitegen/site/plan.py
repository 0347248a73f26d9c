"""The plan: a promise of every file that a build will write."""

from collections.abc import Iterator, Mapping
from functools import lru_cache

import msgspec

from sitegen.config import Config
from sitegen.content.records import Post
from sitegen.site import questions, urls
from sitegen.site.model import Section, Site
from sitegen.site.questions import Query

SITEMAP_LIMIT = 50_000
"""Addresses in one sitemap file, by sitemaps.org's protocol."""

THEME = "theme:"
"""Starts the source of a file that the theme brings."""

OVERRIDABLE = frozenset({"404", "robots", "highlight", "redirects", "feed", "sitemap"})
"""Kinds of artifact that a file in `static/` may take the place of."""


class PagerLink(msgspec.Struct, frozen=True, array_like=True):
    """A page of a paginated list."""

    number: int
    url: str


class Pager(msgspec.Struct, frozen=True, array_like=True):
    """Where a page stands in a paginated list."""

    number: int
    """Counts from 1."""
    total: int
    previous_url: str
    """The page before; "" on the first."""
    next_url: str
    """The page after; "" on the last."""
    pages: tuple[PagerLink, ...]


class Artifact(msgspec.Struct, frozen=True, array_like=True):
    """A promise of one output file: its path, and how it is made."""

    output: str
    """Relative to the output folder, with forward slashes."""
    path: str
    """The site path that it is served at."""
    kind: str
    """`post page home section taxonomy term 404 feed sitemap robots redirect submit
    submitted` are made from a template; `redirects highlight` are built in; `file` is
    a copy."""
    templates: tuple[str, ...] = ()
    """The names to look a template up by, the first that exists wins."""
    subject: str = ""
    """The id of the post, section, term or taxonomy that it shows."""
    query: Query = ()
    """What it lists."""
    pager: Pager | None = None
    source: str = ""
    """The file to copy, relative to the root, or to the theme after `theme:`."""
    target: str = ""
    """Where a redirect leads: a site path."""
    sitemaps: tuple[str, ...] = ()
    """The site paths of the parts of a split sitemap."""


def plan(
    site: Site, statics: Mapping[str, str], bundles: Mapping[str, str]
) -> tuple[Artifact, ...]:
    """Returns every artifact of a site, sorted by output path.

    `statics` is site path → source of files copied from `static/` and the theme;
    `bundles` is the path of a bundle's file in the content folder → its source. Two
    artifacts may have one output path: the checks say so.
    """
    copied = [_copy(path, source) for path, source in statics.items()]
    copied += [_copy(site.files[id], source) for id, source in bundles.items()]
    taken = {artifact.output for artifact in copied}
    made = (
        artifact
        for artifact in _made(site)
        if artifact.kind not in OVERRIDABLE or artifact.output not in taken
    )
    return tuple(sorted([*copied, *made], key=lambda a: (a.output, a.kind, a.subject)))


def _copy(path: str, source: str) -> Artifact:
    return Artifact(path.lstrip("/"), path, "file", source=source)


def _made(site: Site) -> Iterator[Artifact]:
    yield from _leaves(site)
    yield from _home(site)
    yield from _sections(site)
    for taxonomy in site.taxonomies:
        yield from _taxonomy(site, taxonomy)
    yield from _redirects(site)
    yield _single("/404.html", "404", "404.html")
    yield _single("/robots.txt", "robots", "robots.txt")
    if site.config.submissions:
        path = site.config.submissions.path
        yield _single(path, "submit", "submit.html")
        yield _single(f"{path}received/", "submitted", "submitted.html")
    if site.config.markdown.highlight:
        yield _single("/highlight.css", "highlight")
    if site.config.base_url:
        yield from _sitemaps(site)
        yield from _feed(site)


def _single(path: str, kind: str, *templates: str) -> Artifact:
    return Artifact(urls.output_path(path), path, kind, templates)


def _leaves(site: Site) -> Iterator[Artifact]:
    for post in site.leaves:
        kind = "post" if site.is_post(post) else "page"
        path = site.paths[post.id]
        names = _templates(post.template, post.section, kind)
        yield Artifact(urls.output_path(path), path, kind, names, post.id)


def _home(site: Site) -> Iterator[Artifact]:
    if "/" not in {site.paths[p.id] for p in site.leaves if not p.section}:
        home = site.sections[""]
        names = _section_templates(home, "index")
        size = _page_size(site.config, home.index)
        subject = questions.section_id("")
        yield from _list(site, "/", "home", names, subject, ("posts",), size)


def _sections(site: Site) -> Iterator[Artifact]:
    taken = {site.paths[post.id] for post in site.leaves}
    for path, section in site.sections.items():
        base = site.list_path(path)
        if not path or (section.index is None and base in taken):
            continue
        query = ("section.posts" if section.dated else "section.pages", path)
        size = _page_size(site.config, section.index) if section.dated else 0
        names = _section_templates(section, "list")
        subject = questions.section_id(path)
        yield from _list(site, base, "section", names, subject, query, size)


def _taxonomy(site: Site, taxonomy: str) -> Iterator[Artifact]:
    terms = site.taxonomies[taxonomy]
    index = urls.taxonomy_path(site.config.taxonomies[taxonomy])
    if terms and index:
        names = (f"{taxonomy}/taxonomy.html", "taxonomy.html")
        subject, output = f":taxonomy:{taxonomy}", urls.output_path(index)
        yield Artifact(output, index, "taxonomy", names, subject)
    names = (f"{taxonomy}/term.html", "term.html")
    size = site.config.build.paginate
    for term in terms.values():
        query = ("term.posts", taxonomy, term.key)
        subject = questions.term_id(term)
        yield from _list(site, term.path, "term", names, subject, query, size)


def _list(
    site: Site,
    base: str,
    kind: str,
    names: tuple[str, ...],
    subject: str,
    query: Query,
    size: int,
) -> Iterator[Artifact]:
    """Yields the pages of a list; an empty list has one page."""
    count = len(questions.ids(site, query))
    total = max(1, -(-count // size)) if size else 1
    pages = _numbered(site.config, base, total)
    for number in range(1, total + 1):
        path = urls.page_path(base, number)
        part = ("slice", (number - 1) * size, number * size, *query)
        pager = Pager(
            number,
            total,
            pages[number - 2].url if number > 1 else "",
            pages[number].url if number < total else "",
            _window(pages, number),
        )
        yield Artifact(
            urls.output_path(path),
            path,
            kind,
            names,
            subject,
            part if size else query,
            pager,
        )


def _numbered(config: Config, base: str, total: int) -> list[PagerLink]:
    numbers = range(1, total + 1)
    return [PagerLink(n, urls.url(config, urls.page_path(base, n))) for n in numbers]


def _window(pages: list[PagerLink], number: int) -> tuple[PagerLink, ...]:
    """Returns the first, the last and the nearest pages.

    All of them on each page would grow with the square of the site.
    """
    low, high = max(1, number - 2), min(len(pages), number + 2)
    middle = pages[low - 1 : high]
    first = pages[:1] if low > 1 else []
    last = pages[-1:] if high < len(pages) else []
    return (*first, *middle, *last)


def _redirects(site: Site) -> Iterator[Artifact]:
    any_alias = False
    for post in site.data.posts:
        target = site.paths[post.id]
        for alias in post.aliases:
            any_alias = True
            output = urls.output_path(alias if _is_file(alias) else f"{alias}/")
            names = ("redirect.html",)
            yield Artifact(output, alias, "redirect", names, post.id, target=target)
    if any_alias:
        yield _single("/_redirects", "redirects")


def _is_file(alias: str) -> bool:
    last = alias.rpartition("/")[2]
    return not last or last.endswith((".html", ".htm", ".xml"))


def _sitemaps(site: Site) -> Iterator[Artifact]:
    count = len(site.listed)
    name = ("sitemap.xml",)
    if count <= SITEMAP_LIMIT:
        query = ("sitemap", 0, SITEMAP_LIMIT)
        yield Artifact("sitemap.xml", "/sitemap.xml", "sitemap", name, query=query)
        return
    parts = range(-(-count // SITEMAP_LIMIT))
    paths = tuple(f"/sitemap-{part + 1}.xml" for part in parts)
    for part, path in zip(parts, paths, strict=True):
        query = ("sitemap", part * SITEMAP_LIMIT, (part + 1) * SITEMAP_LIMIT)
        yield Artifact(path[1:], path, "sitemap", name, query=query)
    yield Artifact("sitemap.xml", "/sitemap.xml", "sitemap", name, sitemaps=paths)


def _feed(site: Site) -> Iterator[Artifact]:
    if site.posts:
        path = site.config.feed.path
        query = ("slice", 0, site.config.feed.limit, "posts")
        output = urls.output_path(path)
        yield Artifact(output, path, "feed", ("feed.xml",), query=query)


def _page_size(config: Config, index: Post | None) -> int:
    if index and index.paginate is not None:
        return index.paginate
    return config.build.paginate


def _section_templates(section: Section, kind: str) -> tuple[str, ...]:
    own = section.index.template if section.index else ""
    return _templates(own, section.path, kind)


@lru_cache(maxsize=1024)  # one tuple for all posts of a section
def _templates(own: str, section: str, kind: str) -> tuple[str, ...]:
    """Returns the names to look up: the post's own, its sections', then the kind's."""
    names = [own] if own else []
    while section:
        names.append(f"{section}/{kind}.html")
        section = section.rpartition("/")[0]
    return (*names, f"{kind}.html")


def redirect_lines(site: Site) -> str:
    """Returns the text of `_redirects`: an alias, its target and 301 on each line."""
    pairs = questions.redirects(site)
    return "".join(f"{alias} {target} 301\n" for alias, target in pairs)
