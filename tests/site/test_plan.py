"""The promise of every file that a build writes."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from sitegen.site import plan
from tests.conftest import MakeSite, Run
from tests.surveys import md, outputs_of, post, problems_of, survey

MANY = {
    f"content/posts/{n:02}.md": post(f"Post {n}", "tags: [x]", date=f"2026-01-{n:02}")
    for n in range(1, 24)
}


def planned(root: Path) -> dict[str, plan.Artifact]:
    """Returns the artifacts of a site by output."""
    return {artifact.output: artifact for artifact in survey(root).artifacts}


def test_a_site_of_one_page(make_site: MakeSite) -> None:
    kinds = {o: a.kind for o, a in planned(make_site({"a.md": md("title: A")})).items()}
    assert kinds == {
        "404.html": "404",
        "a/index.html": "page",
        "favicon.svg": "file",
        "highlight.css": "highlight",
        "index.html": "home",
        "robots.txt": "robots",
        "style.css": "file",
    }


def test_a_site_with_an_address_has_a_feed_and_a_sitemap(make_site: MakeSite) -> None:
    files = {"sitegen.toml": 'base_url = "https://example.org"\n'}
    pages = make_site(files | {"content/a.md": md("title: A")})
    assert "sitemap.xml" in planned(pages)
    assert "feed.xml" not in planned(pages)
    posts = make_site({"content/posts/b.md": post("B")})
    assert "feed.xml" in planned(posts)


def test_lists_have_pages(make_site: MakeSite) -> None:
    found = planned(make_site(MANY))
    pagers = {o: a.pager for o, a in found.items() if a.pager and o.startswith("page/")}
    assert list(pagers) == ["page/2/index.html", "page/3/index.html"]
    second = pagers["page/2/index.html"]
    assert second == plan.Pager(
        2,
        3,
        "/",
        "/page/3/",
        tuple(
            plan.PagerLink(n, u)
            for n, u in ((1, "/"), (2, "/page/2/"), (3, "/page/3/"))
        ),
    )
    assert found["posts/page/3/index.html"].query == (
        "slice", 20, 30, "section.posts", "posts"
    )  # fmt: skip
    assert found["tags/x/page/2/index.html"].query[:3] == ("slice", 10, 20)
    assert "posts/page/4/index.html" not in found


@pytest.mark.parametrize(("size", "pages"), [(0, 1), (1, 23), (23, 1), (22, 2)])
def test_the_length_of_a_page_can_be_set(
    make_site: MakeSite, size: int, pages: int
) -> None:
    root = make_site(MANY | {"sitegen.toml": f"[build]\npaginate = {size}\n"})
    outputs = outputs_of(root)
    assert sum(output.startswith("page/") for output in outputs) == pages - 1


def test_a_section_can_have_a_length_of_its_own(make_site: MakeSite) -> None:
    index = {"content/posts/_index.md": md("title: P", "paginate: 20")}
    outputs = outputs_of(make_site(MANY | index))
    assert [o for o in outputs if "page/" in o] == [
        "page/2/index.html",
        "page/3/index.html",
        "posts/page/2/index.html",
        "tags/x/page/2/index.html",
        "tags/x/page/3/index.html",
    ]


def test_a_pager_shows_the_ends_and_the_nearest(make_site: MakeSite) -> None:
    root = make_site(MANY | {"sitegen.toml": "[build]\npaginate = 1\n"})
    pager = planned(root)["page/12/index.html"].pager
    assert pager
    assert [link.number for link in pager.pages] == [1, 10, 11, 12, 13, 14, 23]
    first = planned(root)["index.html"].pager
    assert first
    assert [link.number for link in first.pages] == [1, 2, 3, 23]


def test_pages_of_a_section_are_on_one_page(make_site: MakeSite) -> None:
    pages = {f"content/docs/{n}.md": md(f"title: Page {n}") for n in range(30)}
    assert "docs/page/2/index.html" not in planned(make_site(pages))


def test_templates_are_looked_up_from_near_to_far(make_site: MakeSite) -> None:
    found = planned(
        make_site(
            {
                "content/docs/deep/a.md": md("title: A", "template: own.html"),
                "content/docs/deep/_index.md": md("title: D", "template: sec.html"),
                "content/_index.md": md("title: Home", "template: home.html"),
                "content/posts/b.md": post("B", "tags: [x]"),
                "templates/own.html": "",
                "templates/sec.html": "",
                "templates/home.html": "",
            }
        )
    )
    templates = {output: artifact.templates for output, artifact in found.items()}
    assert templates["docs/deep/a/index.html"] == (
        "own.html", "docs/deep/page.html", "docs/page.html", "page.html"
    )  # fmt: skip
    assert templates["docs/deep/index.html"][0] == "sec.html"
    assert templates["docs/index.html"] == ("docs/list.html", "list.html")
    assert templates["index.html"] == ("home.html", "index.html")
    assert templates["posts/b/index.html"] == ("posts/post.html", "post.html")
    assert templates["tags/x/index.html"] == ("tags/term.html", "term.html")
    assert templates["tags/index.html"] == ("tags/taxonomy.html", "taxonomy.html")


def test_own_files_take_the_place_of_what_would_be_made(
    make_site: MakeSite, run: Run
) -> None:
    own = ("404.html", "robots.txt", "highlight.css", "feed.xml", "sitemap.xml")
    statics = {f"static/{name}": f"my {name}" for name in (*own, "style.css")}
    root = make_site(
        {
            "sitegen.toml": 'base_url = "https://example.org"\n',
            "content/posts/a.md": post("A", "aliases: /old/"),
            "static/_redirects": "mine",
            **statics,
        }
    )
    assert problems_of(root) == []
    assert run("build", root=root).exit_code == 0
    for name in (*own, "style.css"):
        assert (root / "output" / name).read_text() == f"my {name}"
    assert (root / "output/_redirects").read_text() == "mine"


def test_without_colours_there_is_no_stylesheet_for_them(make_site: MakeSite) -> None:
    files = {
        "sitegen.toml": "[markdown]\nhighlight = false\n",
        "content/a.md": md("title: A"),
    }
    assert "highlight.css" not in planned(make_site(files))


def test_unlisted_pages_have_only_their_address(make_site: MakeSite) -> None:
    root = make_site(
        {
            "sitegen.toml": 'base_url = "https://example.org"\n',
            "content/posts/a.md": post("Secret post", "unlisted: true", "tags: [x]"),
            "content/posts/b.md": post("B"),
            "content/page.md": md("title: Secret page", "unlisted: true"),
            "content/hidden/_index.md": md("title: Hidden", "unlisted: true"),
        }
    )
    site = survey(root).site
    assert site.posts == ("posts/b.md",)
    assert site.pages == ()
    assert {"posts/a/index.html", "page/index.html"} <= planned(root).keys()


SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def addresses(file: Path) -> list[str]:
    """Returns the addresses in a sitemap."""
    return [str(each.text) for each in ElementTree.parse(file).iter(f"{SITEMAP}loc")]


def test_a_sitemap_lists_what_is_listed(make_site: MakeSite, run: Run) -> None:
    root = make_site(
        {
            "sitegen.toml": 'base_url = "https://example.org/b"\n',
            "content/posts/ä & b.md": post("A", "updated: 2026-02-03", "tags: [x]"),
            "content/posts/secret.md": post("Secret", "unlisted: true"),
            "content/hidden/_index.md": md("title: Hidden", "unlisted: true"),
            "content/about.md": md("title: About", "aliases: /old/"),
        }
    )
    assert run("build", root=root).exit_code == 0
    assert addresses(root / "output/sitemap.xml") == [
        "https://example.org/b/",
        "https://example.org/b/about/",
        "https://example.org/b/posts/",
        "https://example.org/b/posts/%C3%A4-b/",
        "https://example.org/b/tags/",
        "https://example.org/b/tags/x/",
    ]
    dates = ElementTree.parse(root / "output/sitemap.xml").iter(f"{SITEMAP}lastmod")
    assert [date.text for date in dates] == ["2026-02-03T00:00:00+00:00"] * 2


@pytest.mark.parametrize("secret", [False, True])
def test_a_page_may_be_the_home_page(
    secret: bool, make_site: MakeSite, run: Run
) -> None:
    root = make_site(
        {
            "sitegen.toml": 'base_url = "https://example.org"\n',
            "content/index.md": md("title: Home", f"unlisted: {secret}".lower()),
            "content/about.md": md("title: About"),
        }
    )
    assert run("build", root=root).exit_code == 0
    home = [] if secret else ["https://example.org/"]
    found = addresses(root / "output/sitemap.xml")
    assert found == [*home, "https://example.org/about/"]


def test_a_long_sitemap_is_split(
    make_site: MakeSite, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "SITEMAP_LIMIT", 10)
    root = make_site(MANY | {"sitegen.toml": 'base_url = "https://example.org"\n'})
    assert run("build", root=root).exit_code == 0
    names = [f"sitemap-{n}.xml" for n in (1, 2, 3)]
    index = root / "output/sitemap.xml"
    assert addresses(index) == [f"https://example.org/{name}" for name in names]
    parts = [addresses(root / "output" / name) for name in names]
    assert [len(part) for part in parts] == [10, 10, 7]
    assert len({address for part in parts for address in part}) == 27


def test_aliases_become_pages_and_lines(make_site: MakeSite, run: Run) -> None:
    root = make_site(
        {
            "sitegen.toml": 'base_url = "https://example.org/b"\n',
            "content/a.md": md("title: A", "aliases: [/x y/, /old.html, /old.php, /2]"),
            "content/docs/_index.md": md("title: Docs", "aliases: /manual/"),
        }
    )
    assert run("build", root=root).exit_code == 0
    lines = (root / "output/_redirects").read_text().splitlines()
    assert lines == [
        "/b/2/ /b/a/ 301",
        "/b/manual/ /b/docs/ 301",
        "/b/old.html /b/a/ 301",
        "/b/old.php /b/a/ 301",
        "/b/x%20y/ /b/a/ 301",
    ]
    for name in ("x y/index.html", "old.html", "old.php/index.html", "2/index.html"):
        html = (root / "output" / name).read_text()
        assert '<link rel="canonical" href="https://example.org/b/a/">' in html
        assert 'content="0; url=https://example.org/b/a/"' in html


def test_without_an_address_redirects_stay_on_the_host(
    make_site: MakeSite, run: Run
) -> None:
    root = make_site({"content/a.md": md("title: A", "aliases: /old/")})
    assert run("build", root=root).exit_code == 0
    assert 'href="/a/"' in (root / "output/old/index.html").read_text()


def test_bundles_bring_their_files(make_site: MakeSite) -> None:
    root = make_site(
        {
            "content/posts/a/index.md": post("A", "permalink: /deep/x.html"),
            "content/posts/a/pic.png": b"",
            "content/posts/a/sub/data.csv": b"",
            "content/posts/b/index.md": post("B", "draft: true"),
            "content/posts/b/secret.png": b"",
            "content/posts/a/note.txt~": b"",
            "content/posts/stray.png": b"",
        }
    )
    files = [a.output for a in survey(root).artifacts if a.kind == "file"]
    assert files == ["deep/pic.png", "deep/sub/data.csv", "favicon.svg", "style.css"]
