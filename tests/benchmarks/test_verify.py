"""The checks accept a right site and find each thing that is missing."""

import math
from collections.abc import Callable
from html import escape
from pathlib import Path

import pytest
from pyromark import Markdown, Options

from benchmarks.corpus import TAGS, Corpus, Entry, make_corpus, slugify
from benchmarks.scenario import Scenario
from benchmarks.verify import check_code, count_pages, summarize, verify

POSTS = 23
HEAVY = Scenario("heavy")


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return make_corpus(POSTS)


@pytest.fixture
def site(tmp_path: Path, corpus: Corpus) -> Path:
    write_site(tmp_path, corpus)
    return tmp_path


def write_site(output: Path, corpus: Corpus) -> None:
    """A site of the scenario *heavy*, as plainly as possible."""
    tagged = {t: [e for e in reversed(corpus.entries) if t in e.tags] for t in TAGS}
    cloud = "".join(
        f'<li><a href="/tags/{slugify(tag)}/">{tag}</a> ({len(entries)})</li>'
        for tag, entries in tagged.items()
        if entries
    )
    sidebar = f"<aside>{links(corpus.newest(5))}{cloud}</aside>"

    def write(url: str, main: str, title: str = "") -> None:
        path = output / url.strip("/") / "index.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        head = f'<title>{escape(title)}</title><nav class="breadcrumbs"></nav>'
        path.write_text(f"{head}<main>{main}</main>{sidebar}", encoding="utf-8")

    markdown = Markdown(options=Options.ENABLE_TABLES)
    for entry in corpus.entries:
        text = markdown.html(corpus.body(entry))
        article = f"<article><h1>{escape(entry.title)}</h1>{text}</article>"
        write(entry.url, article + neighbours(corpus, entry), entry.title)
    write("/", links(corpus.newest(10)))
    for number in range(math.ceil(POSTS / 10)):
        url = f"/posts/page/{number + 1}/" if number else "/posts/"
        write(url, links(corpus.newest(POSTS)[number * 10 : number * 10 + 10]))
    for tag, entries in tagged.items():
        if entries:
            write(f"/tags/{slugify(tag)}/", links(tuple(entries)))
    write("/tags/", cloud)
    (output / "feed.xml").write_text(feed(corpus), encoding="utf-8")
    places = "".join(
        f"<url><loc>https://example.org{e.url}</loc></url>" for e in corpus.entries
    )
    (output / "sitemap.xml").write_text(
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{places}</urlset>',
        encoding="utf-8",
    )


def links(entries: tuple[Entry, ...]) -> str:
    return "".join(f'<a href="{e.url}">{escape(e.title)}</a>' for e in entries)


def neighbours(corpus: Corpus, entry: Entry) -> str:
    parts = []
    for side, number in (("prev", entry.number - 1), ("next", entry.number + 1)):
        if 0 <= number < POSTS:
            url = corpus.entries[number].url
            parts.append(f'<a rel="{side}" href="https://example.org{url}">x</a>')
    return f'<nav class="neighbours">{"".join(parts)}</nav>'


def feed(corpus: Corpus) -> str:
    entries = "".join(
        f"<entry><title>{escape(e.title)}</title>"
        f"<content>{escape('<p>' + e.closing + '</p>')}</content></entry>"
        for e in corpus.newest(20)
    )
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>'


def edit(path: Path, change: Callable[[str], str]) -> None:
    before = path.read_text(encoding="utf-8")
    after = change(before)
    assert after != before
    path.write_text(after, encoding="utf-8")


def test_a_right_site_has_no_problem(site: Path, corpus: Corpus) -> None:
    assert verify(site, corpus, HEAVY) == []


def test_an_empty_folder_lacks_every_post(tmp_path: Path, corpus: Corpus) -> None:
    problems = verify(tmp_path, corpus, Scenario("minimal"), posts_only=True)
    assert len(problems) == POSTS


def test_an_empty_post_is_found(site: Path, corpus: Corpus) -> None:
    (site / corpus.entries[5].url.strip("/") / "index.html").write_text("")
    assert any("missing or empty" in p for p in verify(site, corpus, HEAVY))


PAGES_THAT_LOSE_SOMETHING = [
    ("post", "We will look at note", "last sentence missing"),
    ("post", "<blockquote>", "not 1 <blockquote>"),
    ("post", "<title>", "title missing in <title>"),
    ("post", "<h2>", "not 5 headings"),
    ("post", "<table>", "not 1 <table>"),
    ("post", "<pre>", "code blocks, not 3"),
    ("post", 'rel="prev"', "wrong prev link"),
    ("post", 'rel="next"', "wrong next link"),
    ("post", 'class="breadcrumbs"', "no breadcrumbs"),
    ("post", "<aside>", "not the 5 newest posts in the sidebar"),
    ("posts/index.html", '<a href="/posts', "posts listed"),
    ("posts/page/3/index.html", "<main>", "posts listed"),
    ("index.html", '<a href="/posts', "not the 10 newest posts"),
    ("tags/index.html", "(", "tags or their counts are wrong"),
    ("feed.xml", "<entry>", "/feed.xml"),
    ("feed.xml", "We will look at note", "is not there in full"),
    ("sitemap.xml", "<loc>", "/sitemap.xml"),
]


@pytest.mark.parametrize(("page", "part", "problem"), PAGES_THAT_LOSE_SOMETHING)
def test_what_a_page_lacks_is_found(
    site: Path, corpus: Corpus, page: str, part: str, problem: str
) -> None:
    url = corpus.entries[4].url.strip("/") + "/index.html"
    path = site / (url if page == "post" else page)
    edit(path, lambda text: text.replace(part, "", 1))
    assert any(problem in p for p in verify(site, corpus, HEAVY))


def test_a_post_without_its_title_is_found(site: Path, corpus: Corpus) -> None:
    entry = corpus.entries[4]
    page = site / entry.url.strip("/") / "index.html"
    edit(page, lambda text: text.replace(escape(entry.title), ""))
    assert f"{entry.url}: title missing" in verify(site, corpus, HEAVY)


def test_a_wrong_count_in_one_sidebar_is_found(site: Path, corpus: Corpus) -> None:
    page = site / corpus.entries[4].url.strip("/") / "index.html"
    edit(page, lambda text: text.replace("</a> (", "</a> (9", 1))
    problems = verify(site, corpus, HEAVY)
    assert any("tags or their counts are wrong" in p for p in problems)


def test_a_tag_page_in_another_order_is_found(site: Path, corpus: Corpus) -> None:
    entries = [e for e in corpus.entries if corpus.entries[0].tags[0] in e.tags]
    page = site / "tags" / slugify(corpus.entries[0].tags[0]) / "index.html"
    page.write_text(f"<main>{links((*entries, entries[0]))}</main>")
    assert any("wrong order" in p for p in verify(site, corpus, HEAVY))


def test_a_page_too_many_is_found(site: Path, corpus: Corpus) -> None:
    (site / "posts/page/4").mkdir()
    (site / "posts/page/4/index.html").write_text("")
    assert any("one page too many" in p for p in verify(site, corpus, HEAVY))


def test_code_is_coloured_if_and_only_if_asked_for() -> None:
    plain = "<pre><code>x</code></pre>"
    coloured = "<pre>" + '<span class="k">x</span>' * 12 + "</pre>"
    assert list(check_code(plain, 1, highlight=False)) == []
    assert list(check_code(coloured, 1, highlight=True)) == []
    assert list(check_code(plain, 1, highlight=True))
    assert list(check_code(coloured, 1, highlight=False))


def test_pages_and_their_bytes_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("12345")
    (tmp_path / "b.xml").write_text("123")
    (tmp_path / "style.css").write_text("1")
    assert (count_pages(tmp_path).pages, count_pages(tmp_path).size) == (2, 8)


def test_many_problems_are_told_in_short() -> None:
    assert summarize([]) == ""
    assert summarize([f"/{n}/: bad" for n in range(7)]).endswith("(and 2 more)")
