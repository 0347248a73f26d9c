"""What an author sees: a real browser, a real server, real files."""

import re
from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from sitegen.serve.server import Options
from tests.browsing import Message
from tests.conftest import MakeSite
from tests.serve.conftest import SITE, Serve, Served

LIVE = "html[data-sitegen=live]"
"""Matches when a page hears of changes."""

OVERLAY = "sitegen-overlay"


def show(page: Page, served: Served, path: str) -> Page:
    """Opens a page and waits until it hears of changes."""
    page.goto(served.url + path)
    expect(page.locator(LIVE)).to_be_attached()
    return page


def count_loads(page: Page) -> list[str]:
    """Returns a list that grows with each page that is loaded from now on."""
    loads: list[str] = []
    page.on("load", lambda loaded: loads.append(loaded.url))
    return loads


def test_an_edited_text_is_seen(
    make_site: MakeSite, serve: Serve, browser_page: Page
) -> None:
    served = serve(make_site(SITE))
    show(browser_page, served, "/posts/one/")
    served.edit("content/posts/one.md", "Hello from one.", "Changed while you look.")
    expect(browser_page.get_by_text("Changed while you look.")).to_be_visible()


def test_an_edited_title_is_seen_in_the_open_list(
    make_site: MakeSite, serve: Serve, browser_page: Page
) -> None:
    served = serve(make_site(SITE))
    show(browser_page, served, "/")
    served.edit("content/posts/two.md", "Second post", "A better title")
    expect(browser_page.get_by_role("link", name="A better title")).to_be_visible()


def test_a_broken_template_is_shown_over_the_last_good_page(
    make_site: MakeSite, serve: Serve, browser_page: Page
) -> None:
    template = (
        "<!doctype html><title>{{ post.title }}</title>\n<body>{{ post.content }}"
    )
    served = serve(make_site({**SITE, "templates/post.html": template}))
    show(browser_page, served, "/posts/one/")
    served.write("templates/post.html", f"{template}\n{{{{ post.tilte }}}}")
    overlay = browser_page.locator(OVERLAY)
    expect(overlay.get_by_text("templates/post.html:3")).to_be_visible()
    expect(overlay.locator("pre")).to_contain_text("{{ post.tilte }}")
    expect(overlay).to_contain_text("Did you mean 'title'?")
    expect(overlay).to_contain_text("content/posts/one.md")
    expect(browser_page.get_by_text("Hello from one.")).to_be_visible()
    served.write("templates/post.html", template)
    expect(overlay).to_have_count(0)
    expect(browser_page.get_by_text("Hello from one.")).to_be_visible()


def test_the_overlay_lists_problems_and_can_be_dismissed(
    make_site: MakeSite,
    serve: Serve,
    browser_page: Page,
) -> None:
    served = serve(make_site(SITE))
    show(browser_page, served, "/posts/one/")
    served.edit("content/posts/one.md", "date: 2026-01-01", "date: tomorrow")
    overlay = browser_page.locator(OVERLAY)
    expect(overlay.get_by_text("content/posts/one.md:3")).to_be_visible()
    expect(overlay.get_by_role("button", name="Dismiss")).to_be_focused()
    browser_page.keyboard.press("Escape")
    expect(overlay).to_have_count(0)
    served.edit("content/posts/one.md", "tomorrow", "yesterday")
    overlay.get_by_role("button", name="Dismiss").click()
    expect(overlay).to_have_count(0)


@pytest.mark.parametrize(("scheme", "width"), [("light", 320), ("dark", 1200)])
def test_the_overlay_is_accessible(
    scheme: Literal["light", "dark"],
    width: int,
    make_site: MakeSite,
    serve: Serve,
    browser_page: Page,
    axe: Callable[..., list[Message]],
) -> None:
    long = f"---\ntitle: Bad\ndate: {'never ' * 60}\n---\n"
    served = serve(make_site({**SITE, "content/bad.md": long}))
    browser_page.set_viewport_size({"width": width, "height": 640})
    browser_page.emulate_media(color_scheme=scheme)
    browser_page.goto(served.url)
    expect(browser_page.locator(OVERLAY)).to_contain_text("content/bad.md")
    assert axe(browser_page) == []
    seen = "[document.documentElement.scrollWidth, innerWidth]"
    needed, there = browser_page.evaluate(seen)
    assert needed <= there


def test_a_site_that_never_built_says_why_and_appears_when_mended(
    make_site: MakeSite, serve: Serve, browser_page: Page
) -> None:
    served = serve(make_site({**SITE, "content/bad.md": "no title"}))
    browser_page.goto(served.url)
    expect(browser_page.locator(OVERLAY)).to_contain_text("content/bad.md")
    served.write("content/bad.md", "---\ntitle: Good\n---\n")
    expect(browser_page.get_by_role("link", name="First post")).to_be_visible()
    expect(browser_page.locator(OVERLAY)).to_have_count(0)


def test_a_stylesheet_is_swapped_and_typed_text_stays(
    make_site: MakeSite, serve: Serve, browser_page: Page
) -> None:
    page = (
        '<!doctype html><link rel="stylesheet" href="/mine.css">'
        '<body><input aria-label="Name">{{ post.content }}'
    )
    files = {"templates/page.html": page, "static/mine.css": "body { color: #111 }"}
    served = serve(make_site({**SITE, **files}))
    show(browser_page, served, "/about/")
    loads = count_loads(browser_page)
    browser_page.get_by_label("Name").fill("Ada")
    served.write("static/mine.css", "body { color: rgb(1, 2, 3) }")
    expect(browser_page.locator("body")).to_have_css("color", "rgb(1, 2, 3)")
    expect(browser_page.get_by_label("Name")).to_have_value("Ada")
    expect(browser_page.locator("link[rel=stylesheet]")).to_have_count(1)
    assert loads == []


def test_a_deleted_post_is_a_404_until_it_returns(
    make_site: MakeSite, serve: Serve, browser_page: Page
) -> None:
    root = make_site(SITE)
    served = serve(root)
    show(browser_page, served, "/posts/one/")
    file = root / "content" / "posts" / "one.md"
    text = file.read_text()
    file.unlink()
    expect(browser_page.locator("body.not-found")).to_be_attached()
    expect(browser_page.locator(LIVE)).to_be_attached()
    file.write_text(text)
    expect(browser_page.get_by_text("Hello from one.")).to_be_visible()


def test_only_the_tab_that_shows_what_changed_reloads(
    make_site: MakeSite, serve: Serve, browser_context: BrowserContext
) -> None:
    served = serve(make_site(SITE))
    one = show(browser_context.new_page(), served, "/posts/one/")
    about = show(browser_context.new_page(), served, "/about/")
    loads = count_loads(about)
    served.edit("content/posts/one.md", "Hello from one.", "Only here.")
    expect(one.get_by_text("Only here.")).to_be_visible()
    served.edit("content/about.md", "Who we are.", "Now here.")
    expect(about.get_by_text("Now here.")).to_be_visible()
    about.wait_for_load_state("load")
    about.wait_for_function("document.readyState == 'complete'")
    assert len(loads) == 1


def test_a_tab_recovers_when_the_server_comes_back(
    make_site: MakeSite, serve: Serve, browser_page: Page
) -> None:
    served = serve(make_site(SITE))
    show(browser_page, served, "/posts/one/")
    port = served.server.port
    served.server.close()
    expect(browser_page.locator("html[data-sitegen=away]")).to_be_attached()
    served.edit("content/posts/one.md", "Hello from one.", "Written meanwhile.")
    again = serve(served.root, Options(port=port))
    assert again.server.port == port
    expect(browser_page.get_by_text("Written meanwhile.")).to_be_visible()


def test_the_place_and_open_details_survive_a_reload(
    make_site: MakeSite, serve: Serve, browser_page: Page
) -> None:
    long = "\n\n".join(f"Paragraph {number}." for number in range(200))
    text = f"---\ntitle: Long\n---\n{long}\n\n<details><summary>More</summary>Inside</details>\n"
    served = serve(make_site({**SITE, "content/long.md": text}))
    show(browser_page, served, "/long/")
    browser_page.get_by_text("More").click()
    browser_page.evaluate("scrollTo(0, 1500)")
    served.edit("content/long.md", "Paragraph 60.", "Paragraph sixty.")
    expect(browser_page.get_by_text("Paragraph sixty.")).to_be_attached()
    expect(browser_page.get_by_text("Inside")).to_be_visible()
    browser_page.wait_for_function("Math.abs(scrollY - 1500) < 5")


def test_drafts_and_future_posts_are_marked(
    make_site: MakeSite, serve: Serve, browser_page: Page
) -> None:
    extra = {
        "content/posts/draft.md": "---\ntitle: D\ndraft: true\ndate: 2026-01-01\n---\n",
        "content/posts/later.md": "---\ntitle: L\ndate: 2999-01-01\n---\n",
    }
    served = serve(make_site({**SITE, **extra}))
    mark = browser_page.get_by_role("status")
    show(browser_page, served, "/posts/draft/")
    expect(mark).to_contain_text("Draft")
    show(browser_page, served, "/posts/later/")
    expect(mark).to_contain_text("2999-01-01")
    show(browser_page, served, "/posts/one/")
    expect(mark).to_have_count(0)


def test_navigate_goes_to_the_post_being_edited(
    make_site: MakeSite, serve: Serve, browser_page: Page
) -> None:
    served = serve(make_site(SITE), Options(port=0, navigate=True))
    show(browser_page, served, "/")
    served.edit("content/posts/two.md", "Hello from two.", "Look here.")
    expect(browser_page).to_have_url(re.compile("/posts/two/$"))
    expect(browser_page.get_by_text("Look here.")).to_be_visible()


HIDE = """() => {
  Object.defineProperty(document, 'visibilityState', {get: () => window.seen, configurable: true});
  window.show = (state) => { window.seen = state; document.dispatchEvent(new Event('visibilitychange')); };
}"""


def test_twenty_tabs_work_because_hidden_ones_close_their_stream(
    make_site: MakeSite, serve: Serve, browser_context: BrowserContext
) -> None:
    served = serve(make_site(SITE))
    tabs = []
    for _ in range(20):
        tab = show(browser_context.new_page(), served, "/posts/one/")
        tab.evaluate(HIDE)
        tab.evaluate("show('hidden')")
        expect(tab.locator(LIVE)).to_have_count(0)
        tabs.append(tab)
    served.edit("content/posts/one.md", "Hello from one.", "Seen by all.")
    for tab in (tabs[0], tabs[19]):
        tab.evaluate("show('visible')")
        expect(tab.get_by_text("Seen by all.")).to_be_visible()


def test_a_crash_is_shown_with_a_way_to_copy_it(
    make_site: MakeSite, serve: Serve, browser_page: Page
) -> None:
    served = serve(make_site(SITE))
    show(browser_page, served, "/posts/one/")
    served.server.session.came_and_went = _fail
    served.write("content/posts/three.md", "---\ntitle: Three\ndate: 2026-01-03\n---\n")
    overlay = browser_page.locator(OVERLAY)
    expect(overlay).to_contain_text("RuntimeError: out of order")
    overlay.get_by_role("button", name="Copy").click()
    expect(overlay.get_by_role("button", name="Copied")).to_be_visible()


def _fail() -> None:
    raise RuntimeError("out of order")
