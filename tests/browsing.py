"""A real browser, a real server, and the checkers of what they show."""

import contextlib
import functools
import json
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Generator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.needs import AXE_SOURCE, LIGHTHOUSE, VNU_JAR, browser_path

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Chromium runs as root, and speaks to nobody but us."""

Message = dict[str, Any]
"""What a checker says of one place, in the checker's own words."""


@pytest.fixture(scope="session")
def browser() -> Generator[Browser]:
    """Gives the machine's Chromium, without a window; one for the whole run."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=browser_path(), headless=True, args=list(QUIET)
        )
        yield chromium
        chromium.close()


@pytest.fixture
def browser_context(browser: Browser) -> Generator[BrowserContext]:
    """Gives a fresh profile: no cookies, no storage, no cache."""
    context = browser.new_context()
    yield context
    context.close()


@pytest.fixture
def browser_page(browser_context: BrowserContext) -> Page:
    """Gives an empty page in a fresh profile."""
    return browser_context.new_page()


class _Handler(SimpleHTTPRequestHandler):
    """Serves a folder and says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Keeps the terminal for the tests."""


class _Server(ThreadingHTTPServer):
    """Closes the connections that a browser opened in advance and never used."""

    daemon_threads = False  # so that closing waits for the last answer

    def __init__(self, folder: Path) -> None:
        self.connections: set[Any] = set()
        handler = functools.partial(_Handler, directory=str(folder))
        super().__init__(("127.0.0.1", 0), handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remembers the connection while it is open."""
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forgets the connection."""
        self.connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Ends what waits for a request, then waits for what is being answered."""
        for connection in tuple(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RD)
        super().server_close()


Serve = Callable[[Path], str]


@pytest.fixture
def static_server() -> Generator[Serve]:
    """Gives `static_server(folder) -> "http://127.0.0.1:PORT"`, until the test ends."""
    running: list[tuple[_Server, threading.Thread]] = []

    def serve(folder: Path) -> str:
        server = _Server(folder)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def html_checker() -> Callable[..., list[Message]]:
    """Gives `html_checker(*paths)`: what the W3C's checker says of files and folders.

    Nothing to say is an empty list. A message has `type` ("error" or "info"), `url`,
    `message`, `extract`, `lastLine`.
    """
    return check_html


def check_html(*paths: Path) -> list[Message]:
    """Returns the messages of the W3C's HTML checker about files and folders."""
    options = ("--format", "json", "--exit-zero-always", "--stdout", "--skip-non-html")
    command = [shutil.which("java") or "java", "-jar", str(VNU_JAR), *options]
    done = subprocess.run(
        [*command, *map(str, paths)], capture_output=True, check=True, text=True
    )
    messages: list[Message] = json.loads(done.stdout)["messages"]
    return messages


@pytest.fixture
def axe(browser: Browser) -> Callable[..., list[Message]]:
    """Gives `axe(page, **options)`: what axe-core finds inaccessible in a page.

    A violation has `id`, `impact`, `help`, `nodes`; options are those of `axe.run`.
    """
    return check_access


def check_access(page: Page, **options: object) -> list[Message]:
    """Returns axe-core's violations in a page that is open."""
    page.evaluate(AXE_SOURCE.read_text(encoding="utf-8"))
    answer = page.evaluate("options => axe.run(document, options)", options)
    violations: list[Message] = answer["violations"]
    return violations


@pytest.fixture
def lighthouse(tmp_path: Path) -> Callable[..., dict[str, float]]:
    """Gives `lighthouse(url, enough)`: the scores of a page, up to 100, by category.

    A machine that is busy makes a page look slow, never fast: where they are not
    enough, the best of three runs counts.
    """

    def score(url: str, enough: float) -> dict[str, float]:
        best: dict[str, float] = {}
        for _ in range(3):
            found = measure_page(url, tmp_path / "lighthouse.json")
            best = {name: max(best.get(name, 0), found[name]) for name in found}
            if min(best.values()) >= enough:
                break
        return best

    return score


def measure_page(url: str, report: Path) -> dict[str, float]:
    """Returns what Lighthouse gives a page in one run, as on a slow phone."""
    node = shutil.which("node") or "node"
    chromium = " ".join(("--headless=new", *QUIET))
    options = ("--quiet", "--output=json", "--no-enable-error-reporting")
    subprocess.run(
        [
            *(node, str(LIGHTHOUSE), url, *options),
            *(f"--output-path={report}", f"--chrome-flags={chromium}"),
        ],
        env={**os.environ, "CHROME_PATH": browser_path() or ""},
        capture_output=True,
        check=True,
    )
    categories = json.loads(report.read_bytes())["categories"]
    return {name: 100 * each["score"] for name, each in categories.items()}
