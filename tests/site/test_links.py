"""Where the references of a body lead."""

from pathlib import Path

import pytest

from sitegen.site import links
from sitegen.site.views import absolute
from tests.conftest import MakeSite, Run
from tests.surveys import md, post, site_of

FILES = {
    "content/about.md": md("title: About"),
    "content/posts/_index.md": md("title: Posts"),
    "content/posts/2026-01-01-a.md": md("title: A"),
    "content/posts/über uns.md": md("title: Über", "date: 2026-01-02"),
    "content/posts/pic/index.md": post("Pic"),
    "content/posts/pic/dot.png": b"x",
    "content/posts/pic/raw/a b.csv": b"x",
    "content/docs/sub/page.md": md("title: Page"),
}


@pytest.fixture(
    params=[
        "",
        'base_url = "https://example.org"',
        'base_url = "https://example.org/blog"',
    ]
)
def root(request: pytest.FixtureRequest, make_site: MakeSite) -> Path:
    """Gives a site without an address, with one, and with one below a path."""
    return make_site(FILES | {"sitegen.toml": request.param})


@pytest.mark.parametrize(
    ("source", "target", "url"),
    [
        # Markdown files, relative to the file, to the content folder, to the top
        ("about.md", "posts/2026-01-01-a.md", "/posts/a/"),
        ("about.md", "./posts/2026-01-01-a.md#top", "/posts/a/#top"),
        ("posts/2026-01-01-a.md", "../about.md?x=1#y", "/about/?x=1#y"),
        ("docs/sub/page.md", "../../about.md", "/about/"),
        ("docs/sub/page.md", "@/posts/2026-01-01-a.md", "/posts/a/"),
        ("docs/sub/page.md", "/posts/2026-01-01-a.md", "/posts/a/"),
        ("about.md", "posts/_index.md", "/posts/"),
        ("posts/2026-01-01-a.md", "pic/index.md", "/posts/pic/"),
        # however they are encoded
        ("about.md", "posts/über uns.md", "/posts/%C3%BCber-uns/"),
        (
            "about.md",
            "posts/%C3%BCber%20uns.md#%C3%A4",
            "/posts/%C3%BCber-uns/#%C3%A4",
        ),
        # folders
        ("about.md", "posts/", "/posts/"),
        ("about.md", "docs/sub", "/docs/sub/"),
        # the files of bundles
        ("posts/pic/index.md", "dot.png", "/posts/pic/dot.png"),
        ("posts/pic/index.md", "raw/a%20b.csv", "/posts/pic/raw/a%20b.csv"),
        ("about.md", "posts/pic/dot.png", "/posts/pic/dot.png"),
        ("about.md", "@/posts/pic/dot.png", "/posts/pic/dot.png"),
        # paths of the site
        ("about.md", "/tags/", "/tags/"),
        ("docs/sub/page.md", "/x?y#z", "/x?y#z"),
        ("about.md", "/", "/"),
        # relative to the page's address, if there is no such file
        ("posts/2026-01-01-a.md", "../pic/", "/posts/pic/"),
        ("about.md", "img.png", "/about/img.png"),
        ("about.md", "../x/./y.png", "/x/y.png"),
        ("about.md", "..", "/"),
        # this very page
        ("about.md", "#here", "#here"),
        ("about.md", "?page=2", "?page=2"),
        # nothing
        ("about.md", "missing.md", ""),
        ("about.md", "@/missing.png", ""),
        ("about.md", "/missing.md#x", "/missing.md#x"),
    ],
)
def test_a_reference_becomes_a_url(
    root: Path, source: str, target: str, url: str
) -> None:
    site = site_of(root)
    base = site.config.base_path if url.startswith("/") else ""
    expected = base + url
    assert links.resolve(site, source, target) == expected


def test_the_sub_path_may_be_written_already(make_site: MakeSite) -> None:
    config = {"sitegen.toml": 'base_url = "https://example.org/blog"'}
    site = site_of(make_site(FILES | config))
    assert links.resolve(site, "about.md", "/blog/posts/a/") == "/blog/posts/a/"
    assert links.resolve(site, "about.md", "/blog") == "/blog/"
    assert links.resolve(site, "about.md", "/blogs/") == "/blog/blogs/"


def test_feeds_need_whole_addresses(make_site: MakeSite) -> None:
    config = {"sitegen.toml": 'base_url = "https://example.org/blog"'}
    site = site_of(make_site(FILES | config))

    def address(target: str) -> str:
        return absolute(site, "about.md", target).removeprefix("https://example.org")

    assert address("#x") == "/blog/about/#x"
    assert address("posts/2026-01-01-a.md") == "/blog/posts/a/"
    assert address("missing.md") == "/blog/about/missing.md"


def test_a_reference_to_nothing_stays_as_it_was_written(
    make_site: MakeSite, run: Run
) -> None:
    root = make_site({"content/a.md": md("title: A", body="[x](gone.md?a=1&b=2)")})
    assert run("build", root=root).exit_code == 0
    html = (root / "output/a/index.html").read_text()
    assert 'href="gone.md?a=1&amp;b=2"' in html


def test_pages_that_are_not_shown_cannot_be_linked(make_site: MakeSite) -> None:
    draft = {"content/draft.md": md("title: Draft", "draft: true")}
    assert (
        links.resolve(site_of(make_site(FILES | draft)), "about.md", "draft.md") == ""
    )
