"""The default theme, and what a site changes of it."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from sitegen.build.theme import FOLDER
from tests.browsing import Message, Serve
from tests.conftest import MakeSite, Run

RICH = """\
---
title: Everything that a post can have, and a long title
date: 2026-05-14
updated: 2026-05-20
tags: [walks, C++]
categories: [Journeys]
authors: [Ann Example, Bob Sample]
---
Words with a [link](https://example.org), `code`, <kbd>Ctrl</kbd> and a note.[^1]

<!-- more -->

## A list

1. One
2. Two
    - [x] done
    - [ ] to do

### Code

```python
@dataclass(frozen=True)
class Walk:
    # One walk, with a comment that is so long that the block must scroll

    length: float = 12.5
```

> The sea does not reward those who are too anxious.

## A table

| Place | Height | Remarks |
| :--- | ---: | --- |
| Harbour | 2 m | Start early, because there is no shade on the way |
| Lighthouse | 142 m | Closed on Mondays, so ring twice and wait |

<figure>
<img src="hill.svg" alt="A hill" width="80" height="42">
<figcaption>The hill from the west.</figcaption>
</figure>

> [!WARNING]
> The tide comes in fast.

<details><summary>How to get back</summary>

By bus.

</details>

---

[^1]: It was Peter, as always.
"""

PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 42"><path d="M0 0H80"/></svg>'

KINDS = ("", "posts", "posts/trip", "docs", "docs/guide/one", "tags", "tags/walks")
"""One address for each kind of page."""


def page(title: str, weight: int = 1) -> str:
    """Returns the text of a page."""
    return f"---\ntitle: {title}\nweight: {weight}\n---\nWords.\n"


def built(root: Path, run: Run, address: str) -> str:
    """Returns the HTML of one page of a site that is built."""
    done = run("build", root=root)
    assert done.exit_code == 0, done.stderr
    return (root / "output" / address / "index.html").read_text(encoding="utf-8")


def side(html: str) -> list[str]:
    """Returns the addresses in the side navigation of a page."""
    found = re.search(r'<nav class="side".*?</nav>', html, re.DOTALL)
    return re.findall(r'href="([^"]+)"', found[0]) if found else []


def test_its_style_is_small_and_it_brings_no_script() -> None:
    assert (FOLDER / "static/style.css").stat().st_size < 20_000
    for template in (FOLDER / "templates").iterdir():
        scripts = re.findall(r"<script[^>]*>", template.read_text(encoding="utf-8"))
        assert set(scripts) <= {'<script type="application/ld+json">'}
    assert not [*(FOLDER / "static").rglob("*.js")]


def test_a_site_extends_the_template_that_it_takes_the_place_of(
    make_site: MakeSite, run: Run
) -> None:
    root = make_site(
        {
            "content/posts/a.md": "---\ntitle: A\ndate: 2026-01-01\n---\nWords.\n",
            "templates/base.html": '{% extends "theme:base.html" %}'
            "{% block footer %}<footer>Mine</footer>{% endblock %}",
            "templates/post.html": '{% extends "theme:post.html" %}'
            "{% block tags %}<p>More</p>{% endblock %}",
            "templates/404.html": '{% extends "theme:404.html" %}',
        }
    )
    html = built(root, run, "posts/a")
    assert "<footer>Mine</footer>" in html
    assert "<p>More</p>" in html
    assert "<h1>A</h1>" in html
    assert "site-footer" not in html
    again = run("build", "-v", root=root)
    assert "nothing to do" in again.stderr


def test_a_page_of_a_small_section_shows_all_of_it(
    make_site: MakeSite, run: Run
) -> None:
    files = {f"content/docs/{s}/{p}.md": page(f"{s}{p}") for s in "ab" for p in "cd"}
    root = make_site({**files, "content/docs/e.md": page("E")})
    assert side(built(root, run, "docs/a/c")) == [
        "/docs/",
        "/docs/e/",
        "/docs/a/",
        "/docs/a/c/",
        "/docs/a/d/",
        "/docs/b/",
        "/docs/b/c/",
        "/docs/b/d/",
    ]


def test_a_page_of_a_large_section_shows_its_place_and_where_the_rest_is(
    make_site: MakeSite, run: Run
) -> None:
    sections = {f"content/docs/s{n:03}/a.md": page(f"A{n}") for n in range(100)}
    pages = {f"content/docs/s099/p{n:03}.md": page(f"P{n}", n + 9) for n in range(100)}
    shown = side(built(make_site({**sections, **pages}), run, "docs/s099/p099"))
    assert shown[:2] == ["/docs/", "/docs/s000/"]
    assert shown[41:44] == ["/docs/s099/", "/docs/s099/a/", "/docs/s099/p000/"]
    assert shown[-3:] == ["/docs/s099/p099/", "/docs/s099/", "/docs/"]
    assert len(shown) < 100


def test_the_menu_of_a_folder_of_many_pages_is_short(
    make_site: MakeSite, run: Run
) -> None:
    root = make_site({f"content/p{n:03}.md": page(f"P{n}", n) for n in range(100)})
    html = built(root, run, "p099")
    assert html.count('href="/p0') == 12
    assert (root / "output/index.html").read_text().count('href="/p0') == 112


@pytest.fixture(params=["commonmark", "markdown"])
def shown(request: pytest.FixtureRequest, make_site: MakeSite, run: Run) -> Path:
    """Gives the output of a site with all that a page can have, by both engines."""
    root = make_site(
        {
            "sitegen.toml": 'title = "Walks"\nbase_url = "https://example.org"\n'
            f'author = "Ann"\n[markdown]\nengine = "{request.param}"\n',
            "content/posts/trip/index.md": RICH,
            "content/posts/trip/hill.svg": PICTURE,
            "content/posts/b.md": "---\ntitle: B\ndate: 2026-01-01\ndraft: true\n---\n",
            "content/docs/guide/one.md": page("One") + "\n## A\n\n## B\n\n## C\n",
            "content/docs/two.md": page("Two"),
        }
    )
    done = run("build", "--strict", "--drafts", root=root)
    assert done.exit_code == 0, done.stderr
    return root / "output"


def test_the_w3c_has_nothing_to_say(
    shown: Path, html_checker: Callable[..., list[Message]]
) -> None:
    said = html_checker(shown)
    assert [(each["message"], each["extract"]) for each in said] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_it(
    shown: Path,
    browser: Browser,
    static_server: Serve,
    axe: Callable[..., list[Message]],
    scheme: str,
) -> None:
    base = static_server(shown)
    found: dict[tuple[int, str], list[tuple[str, str]]] = {}
    for width in (320, 1440):
        context = browser.new_context(
            color_scheme=scheme,  # type: ignore[arg-type]
            viewport={"width": width, "height": 800},
        )
        tab = context.new_page()
        for address in (*(f"{kind}/" for kind in KINDS), "404.html"):
            tab.goto(f"{base}/{address.lstrip('/')}")
            assert tab.evaluate("document.documentElement.scrollWidth") == width
            wrong = [(each["id"], each["nodes"][0]["html"]) for each in axe(tab)]
            found |= {(width, address): wrong} if wrong else {}
        context.close()
    assert found == {}


def test_a_page_tells_machines_what_it_is(shown: Path) -> None:
    html = (shown / "posts/trip/index.html").read_text(encoding="utf-8")
    url = "https://example.org/posts/trip/"
    for line in (
        f'<link rel="canonical" href="{url}">',
        f'<meta property="og:url" content="{url}">',
        '<meta property="og:title" content="Everything that a post can have, and a long title">',
        '<meta property="og:type" content="article">',
        '<meta name="description" content="Words with a link, code, Ctrl and a note.">',
        '<link rel="alternate" type="application/atom+xml" title="Walks" href="/feed.xml">',
    ):
        assert line in html
    data = re.search(r'<script type="application/ld\+json">(.*?)</script>', html, re.S)
    assert data
    told = json.loads(data[1])
    assert (told["@type"], told["url"]) == ("BlogPosting", url)
    assert [each["name"] for each in told["author"]] == ["Ann Example", "Bob Sample"]
    assert told["datePublished"] == "2026-05-14T00:00:00+00:00"
    for address in ("", "posts", "docs/guide/one", "tags/walks"):
        html = (shown / address / "index.html").read_text(encoding="utf-8")
        assert '<link rel="canonical" href="https://example.org/' in html
        assert '<meta property="og:title" content="' in html


def test_pages_of_a_section_lead_to_each_other_by_weight(
    make_site: MakeSite, run: Run
) -> None:
    root = make_site(
        {f"content/docs/{name}.md": page(name, n) for n, name in enumerate("cab", 1)}
    )
    html = built(root, run, "docs/a")
    assert side(html) == ["/docs/", "/docs/c/", "/docs/a/", "/docs/b/"]
    assert re.search(r'rel="prev" href="/docs/c/"', html)
    assert re.search(r'rel="next" href="/docs/b/"', html)


@pytest.mark.needs("chromium")
def test_keys_are_enough(shown: Path, browser_page: Page, static_server: Serve) -> None:
    browser_page.set_viewport_size({"width": 1440, "height": 700})
    browser_page.goto(f"{static_server(shown)}/posts/trip/")
    browser_page.keyboard.press("Tab")
    skip = browser_page.locator(".skip")
    assert skip.is_visible() and skip.bounding_box()["height"] > 20  # type: ignore[index]
    browser_page.keyboard.press("Enter")
    assert browser_page.evaluate("location.hash") == "#~main"
    seen = []
    for _ in range(40):
        browser_page.keyboard.press("Tab")
        place = browser_page.evaluate(
            """() => { const e = document.activeElement, s = getComputedStyle(e);
            return [e == document.body ? "BODY" : e.className || e.tagName, s.outlineStyle != 'none'
              && parseFloat(s.outlineWidth) >= 2] }"""
        )
        seen.append(tuple(place))
    names = {name for name, _ in seen}
    assert {"PRE", "table-scroll", "SUMMARY", "A"} <= names
    assert {name for name, is_marked in seen if not is_marked} <= {"BODY"}


@pytest.mark.needs("chromium")
def test_what_is_printed_is_the_text(
    shown: Path, browser_page: Page, static_server: Serve
) -> None:
    browser_page.emulate_media(media="print", color_scheme="dark")
    browser_page.goto(f"{static_server(shown)}/posts/trip/")
    for gone in (".site-header nav", ".site-footer", ".toc", ".turn"):
        assert browser_page.locator(gone).is_hidden(), gone
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    assert browser_page.evaluate(paper) == "rgb(255, 255, 255)"
    assert browser_page.locator("h1").is_visible()
