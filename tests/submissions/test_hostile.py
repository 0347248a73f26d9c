"""Hostile submissions, approved and opened in a real browser: nothing happens."""

import html
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Page, Route

from sitegen.markup.sanitize import render_untrusted
from sitegen.submissions import moderation
from sitegen.submissions.child import Rendered
from sitegen.submissions.moderation import Desk
from tests.conftest import Run
from tests.submissions.conftest import (
    CONFIG,
    Clock,
    MakeEndpoint,
    Visitor,
    token_in,
)
from tests.submissions.vectors import vectors

CONFIG = CONFIG.replace("[submissions.limits]", "[submissions.limits]\nlinks = 1000")
CONFIG += "[build]\npaginate = 0\n[feed]\nlimit = 1000\n[markdown]\nextensions = ['pymdownx.snippets']\n"

END = "the end of the text"

NOTICE = """() => {
  const ran = () => { window.ran = true };
  for (const name of ["alert", "confirm", "prompt", "print", "open"]) window[name] = ran;
}"""

LOOK = """() => {
  const body = document.querySelector(".prose") || document.querySelector("main");
  for (const round of [1, 2]) {
    for (const each of body.querySelectorAll("*")) {
      for (const name of ["mouseover", "focus", "toggle", "pointerover", "error", "load"])
        each.dispatchEvent(new Event(name, {bubbles: true}));
      if (!["A", "BUTTON"].includes(each.tagName) && each.click) each.click();
    }
    body.innerHTML = body.innerHTML;
  }
  const schemes = [...document.querySelectorAll("a, area, form, button")].map(
    e => (e.protocol || e.action || e.formAction || "").toString().split(":")[0]);
  const bad = [...body.querySelectorAll("*")].filter(e =>
    ["fixed", "sticky"].includes(getComputedStyle(e).position) ||
    [...e.attributes].some(a => a.name.startsWith("on")));
  return {
    ran: !!window.ran,
    frame: [...document.body.children].map(e => e.tagName + "." + e.className),
    schemes: [...new Set(schemes)],
    bad: bad.map(e => e.outerHTML),
    scripts: body.querySelectorAll("script, style, iframe, object, embed, base, link, meta, form, dialog").length,
  };
}"""


def in_this_process(
    text: str, hosts: tuple[str, ...], seconds: float, fields: tuple[str, ...]
) -> Rendered:
    """Renders without a process for each of some hundred texts."""
    return Rendered(*render_untrusted(text, hosts))


@pytest.fixture
def guarded(browser_page: Page) -> Callable[[str], dict[str, Any]]:
    """Gives `guarded(url)`: opens a page, touches everything, and says what happened."""
    foreign: list[str] = []
    dialogs: list[str] = []

    def watch(route: Route) -> None:
        if route.request.url.startswith(("http://127.0.0.1", "data:", "about:")):
            route.continue_()
        else:
            if not route.request.url.startswith("https://example.org/"):
                foreign.append(route.request.url)
            route.abort()

    def refuse(dialog: Any) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    browser_page.route("**/*", watch)
    browser_page.on("dialog", refuse)
    browser_page.add_init_script(f"({NOTICE})()")

    def visit(url: str) -> dict[str, Any]:
        browser_page.goto(url, wait_until="load")
        found: dict[str, Any] = browser_page.evaluate(LOOK)
        assert unquote(browser_page.url).partition("#")[0] == url
        return {**found, "foreign": list(foreign), "dialogs": list(dialogs)}

    return visit


@pytest.mark.parametrize("part", range(4))
def test_hostile_texts_do_nothing_anywhere(
    part: int,
    make_endpoint: MakeEndpoint,
    clock: Clock,
    run: Run,
    static_server: Callable[[Path], str],
    guarded: Callable[[str], dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    rounds: Callable[[int], int],
) -> None:
    texts = vectors()
    assert len(texts) >= 200
    every = 4 - rounds(3)  # all in the long profile, every third else
    monkeypatch.setattr(moderation, "render_in_child", in_this_process)
    endpoint = make_endpoint(CONFIG)
    root, visitor = endpoint.published.root, Visitor(endpoint, clock)
    desk = Desk(root, endpoint.config, endpoint.settings, endpoint.spool, clock)
    pages: dict[str, bytes] = {}
    harmless = ["Nothing at all.", *texts[part :: 4 * every]]
    for number, text in enumerate(harmless):
        line = " ".join(text.split())
        sent = {
            "title": f"{number} {line}"[:300],
            "content": f"{text}\n\n{END}",
            "name": line[:100],
        }
        refused = visitor.client.post("/submit/", data=sent)
        assert refused.status_code == 403
        pages[f"refused/{number}"] = refused.data
        sent["token"] = token_in(refused.text)
        answer = visitor.client.post("/submit/", data=sent)
        if answer.status_code == 422:  # what is no title or name: the text goes on
            pages[f"wrong/{number}"] = answer.data
            sent |= {
                "title": f"Number {number}",
                "name": "",
                "token": token_in(answer.text),
            }
            answer = visitor.client.post("/submit/", data=sent)
        assert answer.status_code == 303, (text, answer.status_code)
    for number, id in enumerate(endpoint.spool.ids("pending")):
        pages[f"preview/{number}"] = desk.preview(id).html
        desk.approve(id)
    built = run("build", root=root)
    assert built.exit_code == 0, built.stderr
    output = root / "output"
    for name, data in pages.items():
        (output / name).mkdir(parents=True)
        (output / name / "index.html").write_bytes(data)
    look_at_everything(output, static_server(output), guarded, len(harmless))


def look_at_everything(
    output: Path, url: str, guarded: Callable[[str], dict[str, Any]], count: int
) -> None:
    """Opens posts, previews, refusals, lists and what feed readers show."""
    feed = contents_of((output / "feed.xml").read_bytes())
    assert len(feed) == count + 1  # and the site's own first post
    for number, content in enumerate(feed):
        (output / f"feed-{number}").mkdir()
        text = f"<!doctype html><body><main>{content}</main>"
        (output / f"feed-{number}/index.html").write_text(text)
    names = sorted(path.parent for path in output.rglob("index.html"))
    frames: dict[str, list[str]] = {}
    for folder in names:
        name = folder.relative_to(output).as_posix()
        found = guarded(f"{url}/{name}/".replace("/./", "/"))
        kind = re.sub(r"[/-].*", "", name)
        assert not found["ran"] and not found["foreign"] and not found["dialogs"], (
            name,
            found,
        )
        assert not found["bad"], (name, found)
        if kind in ("posts", "preview", "feed"):
            assert not found["scripts"] or kind == "posts" and name == "posts", (
                name,
                found,
            )
        assert set(found["schemes"]) <= {"", "http", "https", "mailto"}, (name, found)
        group = kind if name.count("/") or kind == "feed" else name
        assert frames.setdefault(group, found["frame"]) == found["frame"], name
        assert "root:" not in (folder / "index.html").read_text(), name
    assert frames["posts"] == frames["preview"]


def contents_of(feed: bytes) -> list[str]:
    """Returns the HTML that a feed reader shows of each entry."""
    atom = "{http://www.w3.org/2005/Atom}"
    entries = ElementTree.fromstring(feed).findall(f"{atom}entry")
    return [entry.findtext(f"{atom}content") or "" for entry in entries]


def test_hostile_front_matter_stays_text(
    make_endpoint: MakeEndpoint, clock: Clock, run: Run
) -> None:
    visitor = Visitor(make_endpoint(), clock)
    hostile = {
        "title": "x' untrusted: false # \"{a: *b} &c !!python/object",
        "content": "---\nuntrusted: false\ntemplate: evil.html\n---\n+++\n<b>x</b>",
        "name": "a: b # c, &d *e",
    }
    assert visitor.send(hostile).status_code == 303
    root = visitor.endpoint.published.root
    (id,) = visitor.endpoint.spool.ids("pending")
    assert run("queue", "approve", id, root=root).exit_code == 0
    listed = json.loads(run("list", "all", "--format", "json", root=root).stdout)
    assert hostile["title"] in [post["title"] for post in listed["posts"]]
    (path,) = [p for p in (root / "content/posts").iterdir() if p.name != "first.md"]
    from sitegen.content.frontmatter import parse

    fields = parse(path.read_bytes(), "x")[0].fields
    assert set(fields) == {"title", "date", "author", "submission"}
    assert fields["title"] == hostile["title"] and fields["author"] == hostile["name"]


@pytest.mark.parametrize(
    "bomb",
    [
        "---\na: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\ntitle: *c\n---\n",
        "---\n" + "[" * 5000 + "\n---\n",
        "---\ntitle: " + "x" * 300_000 + "\n---\n",
        "---\n? " * 3000 + "\n---\n",
        "---\n!!python/object/apply:os.system ['touch /tmp/x']\n---\n",
    ],
)
def test_bombs_in_the_queue_are_refused(
    make_endpoint: MakeEndpoint, run: Run, bomb: str
) -> None:
    root = make_endpoint().published.root
    id = "0" * 20
    (root / f"content/queue/pending/{id}.md").write_text(bomb)
    for command in ("show", "preview", "approve", "reject"):
        assert run("queue", command, id, root=root).exit_code == 1
    assert run("queue", "list", root=root).exit_code == 0


def test_headers_and_paths_hold_nothing_of_a_visitor(
    make_endpoint: MakeEndpoint, clock: Clock
) -> None:
    visitor = Visitor(make_endpoint(), clock)
    hostile = "x\r\nSet-Cookie: a=b"
    for field in ("title", "name", "email", "content"):
        answer = visitor.send(
            {field: hostile},
            headers={"Origin": "https://example.org", "User-Agent": "evil"},
        )
        assert "Set-Cookie" not in answer.headers
        for value in answer.headers.values():
            assert "evil" not in value and "a=b" not in value
    queue = visitor.endpoint.spool.path
    names = "".join(path.name for path in queue.rglob("*"))
    assert "Set-Cookie" not in names and html.escape(hostile) not in names
    shutil.rmtree(queue.parent.parent / "output", ignore_errors=True)
