"""The Atom feed is strictly valid, whatever authors write."""

from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from sitegen.build.render import render
from sitegen.build.theme import FOLDER as THEME
from sitegen.config import Config
from sitegen.content.records import Post
from sitegen.markup.engine import render as markup
from sitegen.site.model import Site
from sitegen.site.plan import Artifact
from tests.conftest import MakeSite, Run
from tests.pages import environment
from tests.surveys import md, post, survey

ATOM = "{http://www.w3.org/2005/Atom}"
CONFIG = """title = "T & <co>"
base_url = "https://example.org/b"
author = "Ada"
"""


def feed(root: Path, run: Run, path: str = "feed.xml") -> ElementTree.Element:
    """Builds a site and returns its feed."""
    assert run("build", root=root).exit_code == 0
    return ElementTree.parse(root / "output" / path).getroot()


def text(element: ElementTree.Element, name: str) -> str:
    """Returns the text of a child that must be there."""
    found = element.find(ATOM + name)
    assert found is not None
    return found.text or ""


def valid(root: ElementTree.Element) -> None:
    """Fails unless a feed has what RFC 4287 demands."""
    entries = root.findall(ATOM + "entry")
    for element in (root, *entries):
        for name in ("id", "title", "updated"):
            assert len(element.findall(ATOM + name)) == 1, name
        assert urlsplit(text(element, "id")).scheme == "https"
        assert datetime.fromisoformat(text(element, "updated")).tzinfo
        for link in element.findall(ATOM + "link"):
            assert urlsplit(link.attrib["href"]).scheme == "https"
    assert root.find(ATOM + "author") is not None
    relations = [link.attrib["rel"] for link in root.findall(ATOM + "link")]
    assert sorted(relations) == ["alternate", "self"]
    ids = [text(entry, "id") for entry in entries]
    assert len(ids) == len(set(ids))
    assert all(entry.find(ATOM + "content") is not None for entry in entries)


def test_a_feed_is_valid(make_site: MakeSite, run: Run) -> None:
    root = feed(
        make_site(
            {
                "sitegen.toml": CONFIG,
                "content/posts/a.md": post(
                    "A <b> & ]]>", "tags: ['<x>']", body="*x* &amp; <i>"
                ),
                "content/posts/b.md": md("title: No date"),
                "content/posts/c.md": post(
                    "C", "authors: [Eve]", "lang: de", date="2026-02-01"
                ),
                "content/posts/d.md": post(
                    "D", "updated: 2026-05-01", date="2026-01-02"
                ),
                "content/page.md": md("title: Page"),
                "content/posts/e.md": post("Hidden", "unlisted: true"),
            }
        ),
        run,
    )
    valid(root)
    titles = [text(entry, "title") for entry in root.iter(ATOM + "entry")]
    assert titles == ["C", "D", "A <b> & ]]>", "No date"]
    assert text(root, "updated") == "2026-05-01T00:00:00+00:00"
    language = "{http://www.w3.org/XML/1998/namespace}lang"
    assert root.attrib[language] == "en"
    assert root.findall(ATOM + "entry")[0].attrib[language] == "de"


def test_a_feed_of_undated_posts_is_valid(make_site: MakeSite, run: Run) -> None:
    files = {"sitegen.toml": CONFIG, "content/posts/a.md": md("title: A")}
    valid(feed(make_site(files), run))


def test_the_whole_content_is_in_the_feed_with_whole_addresses(
    make_site: MakeSite, run: Run
) -> None:
    body = """First.

<!-- more -->

[a](b.md#x) ![i](/i.png) [here](#h) [rel](other/) [out](https://example.net/?a=1&b=2)
<img srcset="/one.png 1x, /two.png 2x" alt="">

## H
"""
    root = feed(
        make_site(
            {
                "sitegen.toml": CONFIG + '[markdown]\nengine = "commonmark"\n',
                "content/posts/a.md": post("A", body=body),
                "content/posts/b.md": post("B", date="2025-01-01", body="## X"),
            }
        ),
        run,
    )
    content = root.findall(ATOM + "entry")[0].find(ATOM + "content")
    assert content is not None and content.attrib["type"] == "html"
    html = content.text or ""
    here = "https://example.org/b/posts/a/"
    for part in (
        "<p>First.</p>",
        'href="https://example.org/b/posts/b/#x"',
        'src="https://example.org/b/i.png"',
        f'href="{here}#h"',
        f'href="{here}other/"',
        'href="https://example.net/?a=1&amp;b=2"',
        'srcset="https://example.org/b/one.png 1x, https://example.org/b/two.png 2x"',
    ):
        assert part in html


def test_ids_do_not_change_with_the_text(make_site: MakeSite, run: Run) -> None:
    files = {"sitegen.toml": CONFIG, "content/posts/a.md": post("A")}
    before = feed(make_site(files), run)
    changed = post("Another title", "updated: 2026-06-01", "tags: [x]", body="More.")
    after = feed(make_site({"content/posts/a.md": changed}), run)
    ids = [text(r.findall(ATOM + "entry")[0], "id") for r in (before, after)]
    assert ids == ["https://example.org/b/posts/a/"] * 2


def test_a_feed_has_so_many_posts(make_site: MakeSite, run: Run) -> None:
    posts = {f"content/posts/{n}.md": post(f"Post {n}") for n in range(25)}
    root = make_site({"sitegen.toml": CONFIG, **posts})
    assert len(feed(root, run).findall(ATOM + "entry")) == 20
    make_site({"sitegen.toml": CONFIG + '[feed]\nlimit = 3\npath = "/f/atom"\n'})
    assert len(feed(root, run, "f/atom").findall(ATOM + "entry")) == 3


def test_characters_that_xml_forbids_never_reach_a_feed(
    make_site: MakeSite, run: Run
) -> None:
    bad = "\x00\x01\x0b\x1f\ufffe\uffff"
    text_with = f"Text {bad} &#1; &#xB; \U0001f600 end"
    files = {
        "content/posts/a.md": post("A", body=text_with),
        "content/posts/b.md": (
            "+++\ntitle = 'B \\uFFFE'\ndate = 2026-02-01\nsummary = 'S \\uFFFF'\n+++\n"
        ).replace("'", '"'),
    }
    for path in ("/feed.xml", "/feed"):
        config = CONFIG + f'[feed]\npath = "{path}"\n'
        root = feed(make_site({"sitegen.toml": config, **files}), run, path[1:])
        valid(root)
        content = root.findall(ATOM + "entry")[1].find(ATOM + "content")
        assert content is not None and "\U0001f600 end" in (content.text or "")


@settings(max_examples=30)
@given(
    title=st.text(st.characters(exclude_categories=["Cs"]), min_size=1), body=st.text()
)
def test_any_text_makes_a_feed_that_parses(title: str, body: str) -> None:
    """Asks for a page alone, as previews do."""
    artifact = Artifact(
        "feed.xml", "/feed.xml", "feed", ("feed.xml",), query=("posts",)
    )
    found = survey(Path(__file__).parent / "no-such-folder")
    base = Config(base_url="https://example.org")
    site = found.site.with_post(Post("posts/a.md", title, "posts", "a", summary=body))
    site = Site(msgspec.structs.replace(site.data, config=base))
    document = markup(body, base.markdown)[0]
    made = environment({"feed.xml": (THEME / "templates/feed.xml").read_text()})
    ElementTree.fromstring(render(artifact, site, made, lambda id: document).data)
