"""What the endpoint shows: valid HTML that everybody can read and fill in."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browsing import Message, Serve
from tests.conftest import MakeSite, Run
from tests.submissions.conftest import Visitor


@pytest.fixture
def answers(visitor: Visitor, run: Run, make_site: MakeSite) -> Path:
    """Gives the built site, in which the endpoint's pages lie as files."""
    root = make_site({})
    assert run("build", root=root).exit_code == 0
    refused = visitor.send({"title": "", "email": "nobody"})
    pages = {
        "form": visitor.get().text,
        "refused": refused.text,
        "waits": visitor.receipt(visitor.send({"title": "Another"})).text,
    }
    assert "Please give it a title" in pages["refused"]
    assert "waits for a moderator" in pages["waits"]
    for name, text in pages.items():
        (root / "output" / f"{name}.html").write_text(text, encoding="utf-8")
    return root / "output"


def test_the_w3c_has_nothing_to_say(
    answers: Path, html_checker: Callable[..., list[Message]]
) -> None:
    assert html_checker(answers) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1440])
def test_everybody_can_use_them(
    answers: Path,
    browser: Browser,
    static_server: Serve,
    axe: Callable[..., list[Message]],
    scheme: str,
    width: int,
) -> None:
    base = static_server(answers)
    context = browser.new_context(
        color_scheme=scheme,  # type: ignore[arg-type]
        viewport={"width": width, "height": 800},
    )
    page: Page = context.new_page()
    found = {}
    for name in ("form", "refused", "waits", "submit/index", "submit/received/index"):
        page.goto(f"{base}/{name}.html")
        assert page.evaluate("document.documentElement.scrollWidth") == width, name
        found[name] = [(v["id"], v["nodes"][0]["html"]) for v in axe(page)]
    context.close()
    assert not any(found.values()), found
