"""Where posts, pages, sections and terms live."""

import pytest

from sitegen.config import Config, parse
from sitegen.content.records import Post
from sitegen.site import urls
from tests.conftest import MakeSite
from tests.surveys import md, outputs_of, problems_of, site_of


def test_pages_live_below_their_sections(make_site: MakeSite) -> None:
    root = make_site(
        {
            "content/about.md": md("title: About"),
            "content/index.md": md("title: Home"),
            "content/posts/2026-02-03-hello.md": md("title: Hello"),
            "content/docs/how to/Start.md": md("title: Start"),
            "content/docs/bundle/index.md": md("title: Bundle"),
            "content/docs/set.md": md("title: Set", "permalink: /other/place"),
            "content/docs/file.md": md("title: File", "permalink: /file.html"),
            "content/docs/named.md": md("title: Named", "slug: über"),
            "content/docs/sub/_index.md": md("title: Sub", "permalink: /elsewhere/"),
        }
    )
    assert site_of(root).paths == {
        "about.md": "/about/",
        "index.md": "/",
        "posts/2026-02-03-hello.md": "/posts/hello/",
        "docs/how to/Start.md": "/docs/how-to/Start/",
        "docs/bundle/index.md": "/docs/bundle/",
        "docs/set.md": "/other/place/",
        "docs/file.md": "/file.html",
        "docs/named.md": "/docs/über/",
        "docs/sub/_index.md": "/elsewhere/",
    }
    assert outputs_of(root) == [
        "about/index.html",
        "docs/bundle/index.html",
        "docs/how-to/Start/index.html",
        "docs/how-to/index.html",
        "docs/index.html",
        "docs/über/index.html",
        "elsewhere/index.html",
        "file.html",
        "index.html",
        "other/place/index.html",
        "posts/hello/index.html",
        "posts/index.html",
    ]


def test_an_index_at_the_top_is_the_home_page(make_site: MakeSite) -> None:
    root = make_site({"content/index.md": md("title: Home", body="Hello.")})
    assert problems_of(root) == []
    assert outputs_of(root) == ["index.html"]


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/{year}/{month}/{day}/{slug}/", "/2026/02/03/hello/"),
        ("/{section}/{slug}.html", "/notes/deep/hello.html"),
        ("/{stem}", "/2026-02-03-hello/"),
        ("/n/{slug}", "/n/hello/"),
    ],
)
def test_a_section_can_have_a_pattern(
    make_site: MakeSite, pattern: str, path: str
) -> None:
    root = make_site(
        {
            "sitegen.toml": f'permalinks.notes = "{pattern}"\n',
            "content/notes/deep/2026-02-03-hello.md": md("title: Hello"),
        }
    )
    assert site_of(root).paths == {"notes/deep/2026-02-03-hello.md": path}


def test_the_nearest_pattern_counts(make_site: MakeSite) -> None:
    config = (
        '[permalinks]\n"" = "/top/{slug}/"\na = "/a/{slug}/"\n"a/b" = "/b/{slug}/"\n'
    )
    root = make_site(
        {
            "sitegen.toml": config,
            "content/x.md": md("title: X"),
            "content/a/x.md": md("title: AX"),
            "content/a/b/x.md": md("title: ABX"),
            "content/a/b/c/x.md": md("title: ABCX"),
            "content/d/x.md": md("title: DX"),
        }
    )
    assert list(site_of(root).paths.values()) == [
        "/b/x/",
        "/b/x/",
        "/a/x/",
        "/top/x/",
        "/top/x/",
    ]


def test_a_pattern_without_a_section_leaves_no_empty_part() -> None:
    where = Post("x.md", "X", "", "x")
    assert urls.fill("/{section}/{slug}/", where) == "/x/"


@pytest.mark.parametrize(
    ("path", "output"),
    [
        ("/", "index.html"),
        ("/a/", "a/index.html"),
        ("/a.html", "a.html"),
        ("/über uns/", "über uns/index.html"),
    ],
)
def test_a_path_is_served_by_a_file(path: str, output: str) -> None:
    assert urls.output_path(path) == output


def test_urls_are_encoded_and_keep_the_sub_path() -> None:
    config = parse(b'base_url = "https://example.org/a/b/"')[0]
    assert urls.url(config, "/x y/ü/") == "/a/b/x%20y/%C3%BC/"
    assert urls.permalink(config, "/x/") == "https://example.org/a/b/x/"
    assert urls.url(config, "/a?b#c%/") == "/a/b/a%3Fb%23c%25/"


def test_without_a_base_url_permalinks_are_urls() -> None:
    assert urls.permalink(Config(), "/x/") == urls.url(Config(), "/x/") == "/x/"


@pytest.mark.parametrize(
    ("pattern", "index"),
    [
        ("/tags/{slug}/", "/tags/"),
        ("/{slug}/", ""),
        ("/by-tag-{slug}/", ""),
        ("/a/b-{slug}.html", "/a/"),
    ],
)
def test_a_taxonomy_has_an_index_where_there_is_room(pattern: str, index: str) -> None:
    assert urls.taxonomy_path(pattern) == index


def test_terms_can_be_files() -> None:
    assert urls.term_path("/t/{slug}.html", "x") == "/t/x.html"
    assert urls.term_path("/t/{slug}", "x") == "/t/x/"
