"""The browser, the server and the checkers see what they should."""

import urllib.error
import urllib.request
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browsing import Message, Serve
from tests.conftest import MakeSite

GOOD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Hello</title></head>
<body><main><h1>Hello</h1><img src="a.png" alt="A picture"></main></body></html>
"""
BAD = GOOD.replace(' alt="A picture"', "").replace("</h1>", "")


def test_the_server_serves_folders_and_then_stops(
    make_site: MakeSite, static_server: Serve
) -> None:
    one, two = make_site({"a": "1"}, name="one"), make_site({"a": "2"}, name="two")
    urls = [static_server(one), static_server(two)]
    answers = [urllib.request.urlopen(f"{url}/a").read() for url in urls]
    assert answers == [b"1", b"2"]


def test_the_server_stops_with_the_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_it="""
        import pathlib, pytest, socket, urllib.parse

        @pytest.fixture(scope="module")
        def connections():
            opened = []
            yield opened
            for connection in opened:
                connection.close()

        def test_it(static_server, connections):
            url = static_server(pathlib.Path("."))
            pathlib.Path("url").write_text(url)
            place = urllib.parse.urlsplit(url)
            idle = socket.create_connection((place.hostname, place.port))
            connections.append(idle)
        """
    )
    result = pytester.runpytest_inprocess("-p", "tests.browsing", "-p", "tests.needs")
    result.assert_outcomes(passed=1)
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen((pytester.path / "url").read_text())


def test_a_page_is_shown(
    make_site: MakeSite, static_server: Serve, browser_page: Page
) -> None:
    url = static_server(make_site({"index.html": GOOD}))
    browser_page.goto(url)
    assert browser_page.title() == "Hello"
    assert browser_page.inner_text("h1") == "Hello"


@pytest.mark.parametrize("visit", ["first", "second"])
def test_each_test_has_a_fresh_profile(
    visit: str,
    make_site: MakeSite,
    static_server: Serve,
    browser_context: BrowserContext,
) -> None:
    assert browser_context.cookies() == []
    page = browser_context.new_page()
    page.goto(static_server(make_site({"index.html": GOOD})))
    page.evaluate("document.cookie = 'seen=1'")
    assert [cookie["name"] for cookie in browser_context.cookies()] == ["seen"]


def test_the_html_checker_finds_errors(
    make_site: MakeSite, html_checker: Callable[..., list[Message]]
) -> None:
    good = make_site({"index.html": GOOD, "a.css": "not HTML"}, name="good")
    assert html_checker(good) == []
    bad = make_site({"posts/index.html": BAD}, name="bad")
    messages = html_checker(good, bad / "posts" / "index.html")
    assert {message["type"] for message in messages} == {"error"}
    assert {message["url"][-21:] for message in messages} == {"/bad/posts/index.html"}


def test_axe_finds_what_is_inaccessible(
    make_site: MakeSite,
    static_server: Serve,
    browser_page: Page,
    axe: Callable[..., list[Message]],
) -> None:
    url = static_server(make_site({"index.html": GOOD, "bad.html": BAD}))
    browser_page.goto(url)
    assert axe(browser_page) == []
    browser_page.goto(f"{url}/bad.html")
    assert [violation["id"] for violation in axe(browser_page)] == ["image-alt"]
    assert axe(browser_page, runOnly=["html-has-lang"]) == []


def test_lighthouse_scores_a_page(
    make_site: MakeSite,
    static_server: Serve,
    lighthouse: Callable[..., dict[str, float]],
) -> None:
    scores = lighthouse(static_server(make_site({"index.html": BAD})), enough=0)
    assert scores.keys() == {"performance", "accessibility", "best-practices", "seo"}
    assert scores["accessibility"] < 98
