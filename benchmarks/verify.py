"""Checks of what a tool has written: no time counts before its pages are right."""

import html
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

from msgspec import Struct

from benchmarks.corpus import TAGS, Corpus, Entry, slugify
from benchmarks.peers.tool import BASE_URL
from benchmarks.scenario import (
    FEED_SIZE,
    HOME_SIZE,
    PAGE_SIZE,
    SIDEBAR_SIZE,
    Scenario,
)

ATOM = "{http://www.w3.org/2005/Atom}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"

_LINK = re.compile(r'<a\b[^>]*?\bhref="([^"]*)"[^>]*>(.*?)</a>', re.S)
_TAG = re.compile(r"<[^>]*>")
_SPAN = re.compile(r"<span[^>]*\bclass=")
_COUNT = re.compile(r"</a>\s*\((\d+)\)")


class Census(Struct, frozen=True):
    """What lies in an output folder: to see that a later run wrote the same."""

    pages: int
    size: int


NOTHING = Census(pages=0, size=0)


def count_pages(output: Path) -> Census:
    """The number of HTML and XML files and their bytes."""
    sizes = [
        path.stat().st_size
        for path in output.rglob("*")
        if path.suffix in {".html", ".xml"}
    ]
    return Census(len(sizes), sum(sizes))


def verify(
    output: Path, corpus: Corpus, scenario: Scenario, posts_only: bool = False
) -> list[str]:
    """What is wrong with a built site; nothing, if all of the scenario is there."""
    problems = list(check_posts(output, corpus, scenario))
    if not posts_only:
        problems += check_home(output, corpus)
        problems += check_lists(output, corpus, scenario)
        if scenario.is_blog:
            problems += check_tags(output, corpus)
            problems += check_feed(_read(output / "feed.xml"), corpus)
            problems += check_sitemap(_read(output / "sitemap.xml"), corpus)
        if scenario.is_heavy:
            problems += check_sidebars(output, corpus)
            problems += check_neighbours(output, corpus)
    return problems


def check_posts(output: Path, corpus: Corpus, scenario: Scenario) -> Iterator[str]:
    """Every post is there with all that its Markdown holds."""
    for entry in corpus.entries:
        page = _read(_file(output, entry.url))
        for problem in check_post(page, entry, corpus.code_blocks, scenario.highlight):
            yield f"{entry.url}: {problem}"


def check_post(
    page: str, entry: Entry, code_blocks: int, highlight: bool
) -> Iterator[str]:
    """Title, last sentence, and the blocks of one post."""
    if not page:
        yield "missing or empty"
        return
    text = _text(page)
    for name, expected in (("title", entry.title), ("last sentence", entry.closing)):
        if expected not in text:
            yield f"{name} missing"
    if entry.title not in _text(_between(page, "<title>", "</title>")):
        yield "title missing in <title>"
    for tag, count in (("blockquote", 1), ("table", int(entry.has_table)), ("ol", 1)):
        if len(re.findall(rf"<{tag}\b", page)) != count:
            yield f"not {count} <{tag}>"
    if len(re.findall(r"<h[23]\b", _article(page))) != 5:
        yield "not 5 headings in the text"
    yield from check_code(page, code_blocks, highlight)


def check_code(page: str, code_blocks: int, highlight: bool) -> Iterator[str]:
    """The code blocks are there, coloured if and only if that was asked for."""
    blocks = re.findall(r"<pre\b.*?</pre>", page, re.S)
    if len(blocks) != code_blocks:
        yield f"{len(blocks)} code blocks, not {code_blocks}"
    for block in blocks:
        spans = len(_SPAN.findall(block))
        if highlight and spans < 10:
            yield f"only {spans} coloured words in a code block"
        if not highlight and spans:
            yield "a code block is coloured"


def check_home(output: Path, corpus: Corpus) -> Iterator[str]:
    """The home page shows the ten newest posts."""
    urls = _post_links(_read(output / "index.html"), "<main>", "</main>")
    if urls != [entry.url for entry in corpus.newest(HOME_SIZE)]:
        yield f"/: not the {HOME_SIZE} newest posts"


def check_lists(output: Path, corpus: Corpus, scenario: Scenario) -> Iterator[str]:
    """All posts are on the list, newest first, ten to a page if it is paginated."""
    total = len(corpus.entries)
    pages = math.ceil(total / PAGE_SIZE) if scenario.is_blog else 1
    urls: list[str] = []
    for number in range(1, pages + 1):
        address = "/posts/" if number == 1 else f"/posts/page/{number}/"
        found = _post_links(_read(_file(output, address)), "<main>", "</main>")
        if scenario.is_blog and len(found) > PAGE_SIZE:
            yield f"{address}: {len(found)} posts on one page"
        urls += found
    if urls != [entry.url for entry in corpus.newest(total)]:
        yield f"/posts/: {len(urls)} posts listed in {pages} pages, or a wrong order"
    if _file(output, f"/posts/page/{pages + 1}/").exists():
        yield f"/posts/page/{pages + 1}/: one page too many"


def check_tags(output: Path, corpus: Corpus) -> Iterator[str]:
    """Each tag has its page with its posts, and the page of all tags counts them."""
    posts = _posts_by_tag(corpus)
    for tag, urls in posts.items():
        address = f"/tags/{slugify(tag)}/"
        found = _post_links(_read(_file(output, address)), "<main>", "</main>")
        if found != urls:
            yield f"{address}: {len(found)} posts, not {len(urls)}, or a wrong order"
    overview = _between(_read(output / "tags/index.html"), "<main>", "</main>")
    yield from check_counts("/tags/", overview, corpus)


def check_counts(where: str, part: str, corpus: Corpus) -> Iterator[str]:
    """A list of tags names every tag that is used with its number of posts."""
    addresses = [_path(url) for url, _ in _LINK.findall(part) if "/tags/" in url]
    counts = [int(count) for count in _COUNT.findall(part)]
    expected = {
        f"/tags/{slugify(tag)}/": len(urls)
        for tag, urls in _posts_by_tag(corpus).items()
    }
    if dict(zip(addresses, counts, strict=False)) != expected:
        yield f"{where}: tags or their counts are wrong"


def check_feed(text: str, corpus: Corpus) -> Iterator[str]:
    """The feed is Atom with the newest posts and their whole text."""
    try:
        entries = ElementTree.fromstring(text).findall(f"{ATOM}entry")
    except ElementTree.ParseError as problem:
        yield f"/feed.xml: {problem}"
        return
    expected = corpus.newest(FEED_SIZE)
    titles = [html.unescape(entry.findtext(f"{ATOM}title", "")) for entry in entries]
    if titles != [entry.title for entry in expected]:
        yield f"/feed.xml: {len(titles)} entries, or not the newest {len(expected)}"
        return
    for found, entry in zip(entries, expected, strict=True):
        if entry.closing not in _text(found.findtext(f"{ATOM}content", "")):
            yield f"/feed.xml: {entry.title!r} is not there in full"


def check_sitemap(text: str, corpus: Corpus) -> Iterator[str]:
    """The sitemap names every post."""
    try:
        places = ElementTree.fromstring(text).iter(f"{SITEMAP}loc")
    except ElementTree.ParseError as problem:
        yield f"/sitemap.xml: {problem}"
        return
    urls = {_path((place.text or "").strip()) for place in places}
    if missing := [entry.url for entry in corpus.entries if entry.url not in urls]:
        yield f"/sitemap.xml: {len(missing)} posts missing"


def check_sidebars(output: Path, corpus: Corpus) -> Iterator[str]:
    """Every page has breadcrumbs, the newest posts and all tags with counts."""
    good: set[str] = set()
    for path in sorted(output.rglob("*.html")):
        page, where = path.read_text(encoding="utf-8"), f"/{path.relative_to(output)}"
        if path.name == "404.html" or 'http-equiv="refresh"' in page:
            continue  # some tools write these on their own
        if '<nav class="breadcrumbs">' not in page:
            yield f"{where}: no breadcrumbs"
        sidebar = _between(page, "<aside>", "</aside>")
        if sidebar not in good:
            problems = list(check_sidebar(where, sidebar, corpus))
            yield from problems
            good |= set() if problems else {sidebar}


def check_sidebar(where: str, sidebar: str, corpus: Corpus) -> Iterator[str]:
    """One sidebar holds five recent posts and all tags."""
    recent = [entry.url for entry in corpus.newest(SIDEBAR_SIZE)]
    if _post_links(sidebar, "", "") != recent:
        yield f"{where}: not the {SIDEBAR_SIZE} newest posts in the sidebar"
    yield from check_counts(where, sidebar, corpus)


def check_neighbours(output: Path, corpus: Corpus) -> Iterator[str]:
    """Every post links to the one before and the one after."""
    newer: dict[str, str] = {}
    older: dict[str, str] = {}
    for before, after in pairwise(corpus.entries):
        newer[before.url], older[after.url] = after.url, before.url
    for entry in corpus.entries:
        links = _between(
            _read(_file(output, entry.url)), '<nav class="neighbours">', "</nav>"
        )
        for side, expected in (("prev", older), ("next", newer)):
            found = re.findall(rf'rel="{side}" href="([^"]*)"', links)
            if [_path(url) for url in found] != [
                url for url in (expected.get(entry.url),) if url
            ]:
                yield f"{entry.url}: wrong {side} link"


def _posts_by_tag(corpus: Corpus) -> dict[str, list[str]]:
    """The addresses of each tag's posts, newest first; only tags that are used."""
    posts: dict[str, list[str]] = {tag: [] for tag in TAGS}
    for entry in reversed(corpus.entries):
        for tag in entry.tags:
            posts[tag].append(entry.url)
    return {tag: urls for tag, urls in posts.items() if urls}


def _post_links(page: str, start: str, end: str) -> list[str]:
    """Addresses of posts that a part of a page links to, in order."""
    part = _between(page, start, end) if start else page
    urls = [_path(url) for url, _ in _LINK.findall(part)]
    return [url for url in urls if re.fullmatch(r"/posts/(?!page/)[^/]+/", url)]


def _path(url: str) -> str:
    return html.unescape(url).removeprefix(BASE_URL)


def _between(page: str, start: str, end: str) -> str:
    _, found, rest = page.partition(start)
    return rest.partition(end)[0] if found else ""


def _article(page: str) -> str:
    return _between(page, "<article>", "</article>")


def _text(page: str) -> str:
    """What a reader sees, with straight quotation marks."""
    return " ".join(html.unescape(_TAG.sub("", page)).replace("’", "'").split())


def _file(output: Path, url: str) -> Path:
    return output / url.strip("/") / "index.html"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def summarize(problems: Iterable[str], most: int = 5) -> str:
    """The first few problems in one line, and how many more there are."""
    found = list(problems)
    kinds = Counter(problem.split(": ", 1)[-1] for problem in found)
    more = f" (and {len(found) - most} more)" if len(found) > most else ""
    return "; ".join(found[:most]) + more if len(kinds) else ""
