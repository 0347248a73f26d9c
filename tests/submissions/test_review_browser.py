"""Review pages in a real browser: on a phone and a desk, with JavaScript and without."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from werkzeug.middleware.shared_data import SharedDataMiddleware
from werkzeug.serving import WSGIRequestHandler, make_server

from sitegen.submissions import moderation
from sitegen.submissions.app import Endpoint
from sitegen.submissions.moderation import Desk
from sitegen.submissions.review import errands, password
from sitegen.submissions.review.errands import Office
from sitegen.submissions.review.session import IDLE_SECONDS
from tests.browsing import Message
from tests.conftest import Run
from tests.submissions.conftest import (
    CONFIG,
    PASSWORD,
    Clock,
    MakeEndpoint,
    Visitor,
    add,
    wait_for,
)
from tests.submissions.test_hostile import in_this_process
from tests.submissions.vectors import vectors

CONFIG = CONFIG.replace('base_url = "https://example.org"\n', "")
CONFIG += '[[submissions.fields]]\nname = "city"\n'
REBUILD = CONFIG.replace("[submissions]", "[submissions]\nrebuild = true", 1)

DESK = {"viewport": {"width": 1280, "height": 800}}
PHONE = {
    "viewport": {"width": 320, "height": 640},
    "has_touch": True,
    "is_mobile": True,
}

HOSTILE = (
    "Hello.\n\n<script>top.document.title = 'ran'; alert(1)</script>\n\n"
    "<img src=x onerror=\"top.document.title = 'ran'\">\n\n"
    "![x](https://evil.example/x.png)\n\n[go](javascript:alert(1))"
)


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_: object) -> None:
        """Keeps the terminal for the tests."""


class Place:
    """A site that is being served together with its endpoint."""

    def __init__(self, endpoint: Endpoint, url: str) -> None:
        self.endpoint = endpoint
        self.url = url
        self.review = f"{url}/submit/review/"


Show = Callable[..., Place]


@pytest.fixture
def show(make_endpoint: MakeEndpoint, run: Run) -> Iterator[Show]:
    """Gives `show(config=CONFIG) -> Place`: a built site and its endpoint, served."""
    servers: list[tuple[Any, threading.Thread]] = []

    def start(config: str = CONFIG) -> Place:
        endpoint = make_endpoint(config)
        password.store(endpoint.spool, PASSWORD)
        root = endpoint.published.root
        assert run("build", "-q", root=root).exit_code == 0
        files = SharedDataMiddleware(endpoint, {"/": str(root / "output")}, cache=False)

        def both(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            path = environ["PATH_INFO"]
            if path.startswith("/submit/"):
                return endpoint(environ, start_response)
            if path.endswith("/"):
                environ["PATH_INFO"] = f"{path}index.html"
            return files(environ, start_response)

        server = make_server(
            "127.0.0.1", 0, both, threaded=True, request_handler=_Quiet
        )
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        servers.append((server, thread))
        return Place(endpoint, f"http://127.0.0.1:{server.server_port}")

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Gives `open_page(place, **context) -> Page`: a new browser, logged in."""
    contexts: list[BrowserContext] = []

    def start(place: Place, who: str = "Ann", **context: Any) -> Page:
        made = browser.new_context(**context)
        contexts.append(made)
        page = made.new_page()
        page.goto(place.review)
        log_in(page, who)
        expect(page.get_by_role("button", name="Log out")).to_be_visible()
        return page

    yield start
    for context in contexts:
        context.close()


def log_in(page: Page, who: str = "Ann", word: str = PASSWORD) -> None:
    """Fills in the form that asks for it."""
    page.get_by_label("Your name").fill(who)
    page.get_by_label("Password").fill(word)
    page.get_by_role("button", name="Log in").click()


def decide(page: Page, what: str) -> None:
    """Presses one of the buttons at the bottom."""
    page.get_by_role("button", name=what, exact=True).click()


@pytest.mark.parametrize(
    ("size", "scripts"),
    [(DESK, True), (PHONE, False)],
    ids=["desk", "phone-no-scripts"],
)
def test_an_entry_is_read_edited_and_approved(
    size: dict[str, Any],
    scripts: bool,
    show: Show,
    open_page: Open,
    clock: Clock,
) -> None:
    place = show(REBUILD)
    visitor = Visitor(place.endpoint, clock)
    receipt = visitor.send({"title": "My own post", "content": HOSTILE})
    foreign: list[str] = []
    page = open_page(place, java_script_enabled=scripts, **size)
    page.on("request", lambda request: foreign.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail("something ran"))
    page.get_by_role("link", name="My own post").click()
    expect(page.get_by_role("heading", name="My own post")).to_be_visible()
    preview = page.frame_locator("iframe.preview")
    expect(preview.get_by_text("Hello.")).to_be_visible(timeout=30_000)
    # The site's stylesheet is let in, though the frame has no origin.
    title = preview.get_by_role("heading", name="My own post")
    assert title.evaluate("e => getComputedStyle(e).marginTop") == "0px"
    assert page.title().startswith("My own post")
    assert not [url for url in foreign if not url.startswith(place.url)]
    fits = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert fits, "the page scrolls sideways"
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Title").fill("")
    page.evaluate("document.forms[document.forms.length - 1].noValidate = true")
    decide(page, "Save")
    expect(page.get_by_role("alert")).to_contain_text("Please give it a title.")
    page.get_by_label("Title").fill("A better title")
    page.get_by_label("Text").fill("Text by a moderator.")
    decide(page, "Save")
    expect(page.get_by_role("status")).to_contain_text("Ann changed 1 entry.")
    decide(page, "Approve")
    expect(page.get_by_role("status")).to_contain_text(
        "approved 1 entry", timeout=30_000
    )
    expect(page.get_by_text("Nothing waits for you.")).to_be_visible()
    url = page.get_by_role("status").get_by_role("link").get_attribute("href")
    assert url == "/posts/a-better-title/"
    built = place.endpoint.published.root / "output/posts/a-better-title/index.html"
    wait_for(built.exists)
    page.goto(place.url + url)
    expect(page.get_by_text("Text by a moderator.")).to_be_visible()
    assert "Your post is published" in visitor.receipt(receipt).text


@pytest.mark.parametrize(
    ("size", "scripts"),
    [(DESK, False), (PHONE, True)],
    ids=["desk-no-scripts", "phone"],
)
def test_several_are_rejected_with_a_reason_and_brought_back(
    size: dict[str, Any], scripts: bool, show: Show, open_page: Open, clock: Clock
) -> None:
    place = show()
    visitor = Visitor(place.endpoint, clock)
    receipt = visitor.send({"title": "Number 1"})
    add(place.endpoint, 2, "Number 2")
    page = open_page(place, java_script_enabled=scripts, **size)
    for number in (1, 2):
        page.get_by_label(f"Choose: Number {number}").check()
    page.get_by_text("Reject…").click()
    page.get_by_label("Reason").fill("an advertisement")
    decide(page, "Reject")
    expect(page.get_by_role("status")).to_contain_text("Ann rejected 2 entries.")
    told = visitor.receipt(receipt).text
    assert "was not accepted" in told and "advertisement" not in told
    page.get_by_role("link", name="Rejected 2").click()
    expect(page.get_by_text("Rejected: an advertisement")).to_have_count(2)
    page.go_back()
    decide(page, "Undo")
    expect(page.get_by_role("status")).to_contain_text("Ann put back 2 entries.")
    expect(page.get_by_role("link", name="Number 2")).to_be_visible()


def test_a_moderator_needs_no_mouse(show: Show, open_page: Open) -> None:
    place = show()
    for number in range(4):
        id = add(place.endpoint, number, f"Number {number}")
        os.utime(f"{id}.md", (number, number), dir_fd=place.endpoint.spool.pending)
    page = open_page(place, **DESK)

    def press(key: str) -> None:
        # Shown by the script when it listens; a page is there before that.
        expect(page.locator(".keys")).to_be_visible()
        page.keyboard.press(key)

    press("j")
    expect(page.get_by_role("link", name="Number 3")).to_be_focused()
    press("j")
    expect(page.get_by_role("link", name="Number 2")).to_be_focused()
    press("p")
    frame = page.frame_locator("iframe[title='Preview: Number 2']")
    expect(frame.get_by_text("A text.")).to_be_visible(timeout=30_000)
    press("p")
    expect(page.locator("iframe")).to_have_count(0)
    press("s")
    expect(page.get_by_role("status")).to_contain_text("marked as spam 1 entry")
    press("j")
    press("r")
    expect(page.get_by_label("Reason")).to_be_focused()
    page.keyboard.type("jakes sp")  # letters are letters where one types
    press("Enter")
    expect(page.get_by_role("status")).to_contain_text("rejected 1 entry")
    spool = place.endpoint.spool
    assert spool.read("rejected", f"{3:020x}").reason == "jakes sp"
    assert spool.ids("spam") == [f"{2:020x}"]
    page.get_by_role("button", name="Shortcuts").click()
    page.reload()
    press("j")
    press("s")
    assert not page.evaluate("document.activeElement.matches('.rows a')")
    page.get_by_role("button", name="Shortcuts").click()
    press("j")
    press("Enter")
    page.get_by_role("heading", name="Number 1").wait_for()
    press("j")
    page.get_by_role("heading", name="Number 0").wait_for()
    press("s")
    expect(page.get_by_role("status")).to_contain_text("marked as spam 1 entry")


def test_a_guesser_is_locked_out(show: Show, browser_page: Page) -> None:
    place = show()
    browser_page.goto(place.review)
    for _ in range(10):
        log_in(browser_page, word="a wrong password")
        expect(browser_page.get_by_role("alert")).to_contain_text("not the password")
    log_in(browser_page)
    expect(browser_page.get_by_role("alert")).to_contain_text("too many attempts")
    expect(browser_page.get_by_role("button", name="Log out")).to_have_count(0)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_an_expired_session_keeps_what_was_typed(
    scripts: bool, show: Show, open_page: Open, clock: Clock
) -> None:
    place = show()
    id = add(place.endpoint, 1, "One")
    page = open_page(place, java_script_enabled=scripts, **PHONE)
    page.goto(f"{place.review}{id}/edit/")
    typed = "Much to say.\n\n  <b>&amp;\" 'quoted'\n\nThe end."
    page.get_by_label("Text").fill(typed)
    clock.now += IDLE_SECONDS + 90
    decide(page, "Save")
    expect(page.get_by_role("alert")).to_contain_text("nothing was lost")
    log_in(page, word="a wrong password")
    log_in(page)
    assert page.get_by_label("Text").input_value() == typed
    assert place.endpoint.spool.read("pending", id).content == "A text."
    decide(page, "Save")
    expect(page.get_by_role("status")).to_contain_text("Ann changed 1 entry.")
    assert place.endpoint.spool.read("pending", id).content == typed


def test_two_browsers_on_one_entry(show: Show, open_page: Open) -> None:
    place = show()
    id = add(place.endpoint, 1, "One")
    ann, bob = open_page(place, **DESK), open_page(place, "Bob", **PHONE)
    for page in (ann, bob):
        page.goto(f"{place.review}{id}/")
    decide(bob, "Spam")
    expect(bob.get_by_role("status")).to_contain_text("Bob marked as spam 1 entry.")
    decide(ann, "Approve")
    told = ann.get_by_role("alert")
    expect(told).to_contain_text(
        "Bob marked as spam this entry already.", timeout=30_000
    )
    assert place.endpoint.spool.find(id) == "spam"


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_everybody_can_use_the_pages(
    size: dict[str, Any],
    show: Show,
    open_page: Open,
    axe: Callable[..., list[Message]],
) -> None:
    place = show()
    endpoint = place.endpoint
    add(endpoint, 1, "A walk along the pier", author="Jane", network="a" * 16)
    add(endpoint, 2, "A w\u0430lk along the pier", "\u202ex", network="a" * 16)
    add(endpoint, 3, "Cheap", spam=True, flags=("trap", "links"), network="a" * 16)
    page = open_page(place, color_scheme="light", **size)

    def check(what: str) -> None:
        found = axe(page)
        page.emulate_media(color_scheme="dark")
        found += axe(page, runOnly=["color-contrast"])
        page.emulate_media(color_scheme="light")
        assert [(v["id"], v["nodes"][0]["html"]) for v in found] == [], what
        fits = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert fits, f"{what} scrolls sideways"

    check("queue")
    page.get_by_label("Choose: A walk along the pier").check()
    page.get_by_text("Reject…").click()
    check("queue with a choice")
    page.goto(f"{place.review}?q=nothing")
    check("search")
    page.goto(f"{place.review}{2:020x}/")
    page.get_by_text("Reject…").click()
    check("entry")
    page.goto(f"{place.review}{1:020x}/edit/")
    page.evaluate("document.forms[document.forms.length - 1].noValidate = true")
    page.get_by_label("Title").fill("")
    page.get_by_label("E-mail").fill("x")
    decide(page, "Save")
    check("edit with errors")
    page.goto(f"{place.review}?state=spam")
    check("spam")
    page.get_by_role("link", name="Cheap").click()
    decide(page, "Restore")
    check("a decision")
    page.goto(f"{place.review}log/")
    check("log")
    page.goto(f"{place.review}{'f' * 20}/")
    check("not here")
    page.get_by_role("button", name="Log out").click()
    log_in(page, word="a wrong password")
    check("log in")


GUARD = """() => {
  const ran = () => { window.ran = true };
  for (const name of ["alert", "confirm", "prompt", "print", "open"]) window[name] = ran;
}"""

TOUCH = """() => {
  for (const each of document.querySelectorAll("main *")) {
    for (const name of ["mouseover", "focus", "toggle", "pointerover", "error", "load"])
      each.dispatchEvent(new Event(name));
  }
  return {
    ran: !!window.ran,
    frame: [...document.body.children].map(e => e.tagName + "." + e.className),
    scripts: document.scripts.length,
    handlers: [...document.querySelectorAll("*")].filter(e =>
      [...e.attributes].some(a => a.name.startsWith("on"))).map(e => e.outerHTML),
    odd: document.querySelectorAll(
      "main :is(style, link, meta, base, object, embed, svg, math, video, img, " +
      "template, marquee, iframe:not([sandbox=''].preview))").length,
    links: [...document.links].filter(e =>
      e.origin !== location.origin || !e.protocol.startsWith("http")).map(e => e.href),
    actions: [...document.forms].map(e => e.getAttribute("action")),
  };
}"""


def test_hostile_texts_do_nothing_to_a_moderator(
    show: Show,
    open_page: Open,
    monkeypatch: pytest.MonkeyPatch,
    rounds: Callable[[int], int],
) -> None:
    place = show()
    endpoint = place.endpoint
    texts = vectors()
    assert len(texts) >= 200
    _in_this_process(monkeypatch, endpoint)
    for number, text in enumerate(texts):
        line = "".join(filter(str.isprintable, " ".join(text.split())))
        id = add(
            endpoint,
            number,
            f"{number} {line}"[:300],
            f"{text}\n\nThe end.",
            spam=number % 3 == 1,
            author=line[:100],
            email=line[:100],
            extra={"city": line[:200]},
            reason=line,
            flags=(line[:50],),
        )
        if number % 3 == 2:
            endpoint.spool.move(id, "pending", "rejected")
    page = open_page(place, **DESK)
    foreign: list[str] = []

    def watch(route: Route) -> None:
        if not route.request.url.startswith(place.url):
            foreign.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    page.context.route("**/*", watch)
    page.on("dialog", lambda dialog: foreign.append(dialog.message))
    page.add_init_script(f"({GUARD})()")
    frames: dict[str, list[str]] = {}

    def look(kind: str, where: str) -> None:
        page.goto(place.review + where, wait_until="load")
        found = page.evaluate(TOUCH)
        assert page.url == place.review + where
        assert not found["ran"] and not found["handlers"] and not found["odd"], where
        assert found["scripts"] == 1 and not found["links"], (where, found["links"])
        assert all(a.startswith("/submit/review/") for a in found["actions"]), where
        assert frames.setdefault(kind, found["frame"]) == found["frame"], where
        assert not foreign, (where, foreign)

    for state in ("pending", "spam", "rejected"):
        for first in range(0, len(texts) // 3, 25):
            look("queue", f"?state={state}&first={first}")
    look("queue", "?state=spam&q=%3Cscript%3E")
    for number in range(0, len(texts), len(texts) // rounds(len(texts))):
        look("entry", f"{number:020x}/")
        look("edit", f"{number:020x}/edit/")


def _in_this_process(monkeypatch: pytest.MonkeyPatch, endpoint: Endpoint) -> None:
    """Renders previews without a process for each."""

    def preview(office: Office, id: str) -> bytes:
        desk = Desk(
            office.root, office.config, endpoint.settings, endpoint.spool, endpoint.now
        )
        return desk.preview(id).html

    monkeypatch.setattr(errands, "preview", preview)
    monkeypatch.setattr(moderation, "render_in_child", in_this_process)
