"""This repository's own site: no problem, valid HTML, readable by everybody."""

import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from sitegen.content.titles import title_key
from tests.browsing import Message, Serve
from tests.conftest import Run

ROOT = Path(__file__).parent.parent
SOURCES = ("content", "templates", "static")

KINDS = {
    "home": "/",
    "section": "/docs/",
    "page": "/docs/reference/configuration/",
    "tutorial": "/docs/tutorial/",
    "reference": "/docs/reference/commands/",
    "blog": "/posts/",
    "post": "/posts/titles/",
    "taxonomy": "/tags/",
    "term": "/tags/design/",
    "404": "/404.html",
}
"""One address for each kind of page."""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Gives a copy of the site's sources, which a test may build."""
    folder = tmp_path / "site"
    folder.mkdir()
    shutil.copy(ROOT / "sitegen.toml", folder)
    for name in SOURCES:
        shutil.copytree(ROOT / name, folder / name)
    return folder


@pytest.fixture
def built(copy: Path, run: Run) -> Path:
    """Gives the output folder of the built site."""
    done = run("build", "--strict", root=copy)
    assert done.exit_code == 0, done.stderr
    return copy / "output"


def test_it_has_no_problem(copy: Path, run: Run) -> None:
    done = run("check", "--strict", root=copy)
    assert (done.exit_code, done.stdout) == (0, ""), done.stdout


def test_every_page_of_the_documentation_is_built(built: Path) -> None:
    for source in (ROOT / "content" / "docs").rglob("*.md"):
        path = source.relative_to(ROOT / "content").with_suffix("")
        folder = path.parent if path.name == "_index" else path
        assert (built / folder / "index.html").is_file()
    for address in KINDS.values():
        assert (built / address.strip("/")).exists()


class Links(HTMLParser):
    """Gathers the addresses inside the site that a page leads to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keeps what a tag leads to."""
        values = (value for name, value in attrs if name in ("href", "src") and value)
        self.found += [value for value in values if value.startswith("/")]


def links_of(html: str) -> list[str]:
    parser = Links()
    parser.feed(html)
    return parser.found


def test_links_inside_the_site_lead_somewhere(built: Path) -> None:
    pages = {page: page.read_text(encoding="utf-8") for page in built.rglob("*.html")}
    for page, html in pages.items():
        for link in links_of(html):
            path, _, anchor = link.partition("#")
            target = built / path.strip("/")
            target = target / "index.html" if path.endswith("/") else target
            assert target.is_file(), f"{page}: {link}"
            assert not anchor or f'id="{anchor}"' in pages[target], f"{page}: {link}"


def test_the_w3c_has_nothing_to_say(
    built: Path, html_checker: Callable[..., list[Message]]
) -> None:
    said = html_checker(built)
    assert [f"{m['url']}:{m.get('lastLine')}: {m['message']}" for m in said] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(
    scheme: Any,
    built: Path,
    browser: Browser,
    static_server: Serve,
    axe: Callable[..., list[Message]],
) -> None:
    base = static_server(built)
    screen: Any = {"width": 1440, "height": 900}
    context = browser.new_context(color_scheme=scheme, viewport=screen)
    page = context.new_page()
    found = []
    for kind, address in KINDS.items():
        page.goto(base + address)
        for violation in axe(page):
            places = [node["html"][:200] for node in violation["nodes"]]
            found.append((kind, violation["id"], places))
    context.close()
    assert found == []


@pytest.mark.parametrize("kind", ["home", "post"])
def test_lighthouse_finds_hardly_anything_to_improve(
    kind: str,
    built: Path,
    static_server: Serve,
    lighthouse: Callable[..., dict[str, float]],
) -> None:
    scores = lighthouse(static_server(built) + KINDS[kind], enough=98)
    assert len(scores) == 4
    assert min(scores.values()) >= 98, scores


@pytest.mark.needs("chromium")
def test_no_page_is_wider_than_a_small_screen(
    built: Path, browser: Browser, static_server: Serve
) -> None:
    base = static_server(built)
    context = browser.new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    for address in KINDS.values():
        page.goto(base + address)
        assert page.evaluate("document.documentElement.scrollWidth") == 320, address
    context.close()


def test_the_table_of_equal_titles_is_right() -> None:
    text = (ROOT / "content" / "posts" / "titles.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+?) \| ([^|]+?) \| [^|]+ \|$", text, re.MULTILINE)
    pairs = [row for row in rows if row[0] not in ("one", "---")]
    assert len(pairs) == 8
    for one, other in pairs:
        assert one != other
        assert title_key(one) == title_key(as_written(other))


def as_written(text: str) -> str:
    """Returns a text with the characters that the table only names."""
    return re.sub(r" \+ U\+(\w{4})(?: \+ )?", lambda m: chr(int(m[1], 16)), text)


def test_the_screenshot_is_small() -> None:
    picture = ROOT / "content" / "docs" / "screenshot.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size < 200_000
