"""A served site, in this process: what it shows, and what it says of each change."""

import http.client
import queue
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from sitegen.build.survey import Asked
from sitegen.cli.site import asked
from sitegen.serve.server import Options, Server
from sitegen.serve.session import Rebuilt
from sitegen.site.visibility import Shown

PATIENCE = 15.0
"""Seconds to wait for what must come."""

SITE: dict[str, str | bytes] = {
    "sitegen.toml": 'title = "Notes"\n[markdown]\nengine = "commonmark"\n',
    "content/posts/one.md": (
        "---\ntitle: First post\ndate: 2026-01-01\n---\nHello from one.\n"
    ),
    "content/posts/two.md": (
        "---\ntitle: Second post\ndate: 2026-01-02\n---\nHello from two.\n"
    ),
    "content/about.md": "---\ntitle: About\n---\nWho we are.\n",
}


class Served:
    """A site that is being served."""

    def __init__(self, root: Path, options: Options, shown: Shown) -> None:
        self.root = root
        self.said: list[str] = []
        self.rebuilt: queue.SimpleQueue[Rebuilt] = queue.SimpleQueue()
        self.server = Server(
            lambda: self.ask(shown),
            "sitegen.toml",
            options,
            self.rebuilt.put,
            self.said.append,
        )

    def ask(self, shown: Shown) -> Asked:
        """Returns what the command would ask."""
        return asked((str(self.root), "sitegen.toml"), shown)

    @property
    def url(self) -> str:
        """The home page's address, without the slash at its end."""
        return self.server.url.rstrip("/")

    def next(self) -> Rebuilt:
        """Returns what came of the next change."""
        return self.rebuilt.get(timeout=PATIENCE)

    def until(self, fits: Callable[[Rebuilt], bool]) -> Rebuilt:
        """Returns the first outcome that fits."""
        while True:
            rebuilt = self.next()
            if fits(rebuilt):
                return rebuilt

    def write(self, path: str, text: str) -> None:
        """Saves a file of the site."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def edit(self, path: str, old: str, new: str) -> None:
        """Replaces a text in a file of the site."""
        text = (self.root / path).read_text(encoding="utf-8")
        assert old in text
        self.write(path, text.replace(old, new))

    def get(
        self, path: str, method: str = "GET", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Returns status, headers and body of a request."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.server.port, timeout=PATIENCE
        )
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers=named)
            response = connection.getresponse()
            body = response.read()
            found = {name.lower(): value for name, value in response.getheaders()}
            return response.status, found, body
        finally:
            connection.close()

    def text(self, path: str) -> str:
        """Returns the text that is served at a path."""
        return self.get(path)[2].decode()


Serve = Callable[..., Served]


@pytest.fixture
def serve() -> Generator[Serve]:
    """Gives `serve(root) -> Served`: serves a site until the test ends."""
    running: list[Served] = []

    def start(
        root: Path, options: Options | None = None, shown: Shown | None = None
    ) -> Served:
        served = Served(
            root, options or Options(port=0), shown or Shown(drafts=True, future=True)
        )
        running.append(served)
        served.server.open()
        served.next()
        return served

    yield start
    for served in running:
        served.server.close()
