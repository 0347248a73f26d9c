"""Endpoints, clients and servers for the tests of the queue."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import unescape
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from werkzeug.test import Client, TestResponse

from sitegen.config import load
from sitegen.submissions.app import Endpoint
from sitegen.submissions.records import Submission, digest_sent
from sitegen.submissions.review import password
from sitegen.submissions.spool import Outcome
from tests.conftest import CLOCK, MakeSite

ROOT = Path(__file__).parents[2]

CONFIG = """\
title = "My blog"
base_url = "https://example.org"

[submissions]

[submissions.limits]
per_network = 100000
total = 100000
"""
"""A site that takes submissions; the rates do not get in the way."""

POST = "---\ntitle: First post\ndate: 2026-01-02\n---\nHello.\n"


class Visitor:
    """A visitor without a browser: fetches forms, fills them in, sends them."""

    def __init__(self, endpoint: Endpoint, clock: "Clock") -> None:
        self.endpoint = endpoint
        self.clock = clock
        self.client = Client(endpoint)
        self.path = endpoint.config.base_path + endpoint.settings.path

    def get(self, place: str = "", **more: Any) -> TestResponse:
        """Fetches a page of the endpoint."""
        return self.client.get(self.path + place, **more)

    def token(self) -> str:
        """Returns the token of a new form, as old as it takes to fill it in."""
        token = token_in(self.get().text)
        self.clock.now += 60
        return token

    def send(
        self, values: Mapping[str, str] | None = None, **more: Any
    ) -> TestResponse:
        """Sends a filled-in form; what is None is left out."""
        filled = {"title": "A title", "content": "A text.", **(values or {})}
        if "token" not in filled:
            filled["token"] = self.token()
        return self.client.post(self.path, data=filled, **more)

    def receipt(self, response: TestResponse) -> TestResponse:
        """Follows the link to the receipt."""
        return self.client.get(response.headers["Location"])


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = float(CLOCK)

    def __call__(self) -> float:
        """Returns the time."""
        return self.now


def token_in(html: str) -> str:
    """Returns the token of the form in a page."""
    found = re.search(r'name="token" value="([^"]+)"', html)
    assert found, html
    return unescape(found[1])


PASSWORD = "correct horse battery"

OWN = {"Sec-Fetch-Site": "same-origin"}
"""What a browser says of a form that this site's own page sends."""


class Moderator:
    """A moderator without a browser: logs in, looks, decides."""

    def __init__(self, endpoint: Endpoint, name: str = "Ann") -> None:
        self.endpoint = endpoint
        self.client = Client(endpoint)
        self.path = f"{endpoint.config.base_path}{endpoint.settings.path}review/"
        self.name = name

    def log_in(self, password: str = PASSWORD, **more: Any) -> TestResponse:
        """Logs in, as far as the endpoint lets in."""
        fields = {"review-who": self.name, "review-password": password}
        return self.send("login/", fields, **more)

    def get(self, place: str = "", **more: Any) -> TestResponse:
        """Fetches a page."""
        return self.client.get(self.path + place, **more)

    def send(self, place: str, fields: Mapping[str, Any], **more: Any) -> TestResponse:
        """Sends a form as a browser would."""
        more.setdefault("headers", OWN)
        return self.client.post(self.path + place, data=fields, **more)

    def token(self) -> str:
        """Returns what this session's forms carry."""
        return token_in(self.get("log/").text)

    def choice(self, id: str) -> str:
        """Returns what the entry's page says of the version that it shows."""
        found = re.search(rf'value="({id}\.[0-9a-f]+)"', self.get(f"{id}/").text)
        assert found
        return found[1]

    def act(self, what: str, *choices: str, reason: str = "") -> TestResponse:
        """Does something with entries, each as it was seen."""
        fields = {"token": self.token(), "do": what, "reason": reason}
        return self.send("act/", {**fields, "entry": list(choices)})

    def undo(self, response: TestResponse) -> TestResponse:
        """Presses the button that a decision's answer shows."""
        batch = response.headers["Location"].partition("did=")[2]
        return self.send("undo/", {"token": self.token(), "batch": batch})


Moderate = Callable[..., Moderator]


@pytest.fixture
def moderate() -> Moderate:
    """Gives `moderate(endpoint, "Ann") -> Moderator`, logged in; sets a password."""

    def make(endpoint: Endpoint, name: str = "Ann") -> Moderator:
        if not password.stored(endpoint.spool):
            password.store(endpoint.spool, PASSWORD)
        moderator = Moderator(endpoint, name)
        assert moderator.log_in().status_code == 303
        return moderator

    return make


def add(
    endpoint: Endpoint,
    number: int,
    title: str,
    content: str = "A text.",
    spam: bool = False,
    **more: Any,
) -> str:
    """Puts an entry into the queue; returns its id."""
    id = f"{number:020x}"
    received = int(endpoint.now())
    entry = Submission(
        id, title, content, received, sent=digest_sent(title, content), **more
    )
    if spam:
        assert endpoint.spool.add_spam(entry) is Outcome.STORED
    else:
        assert endpoint.spool.add(entry, endpoint.published) is Outcome.STORED
    return id


def wait_for(is_so: Callable[[], bool]) -> None:
    """Returns when something is so, which another process sees to."""
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def quick_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes a guess cheap: what it costs is seen in a test of its own."""
    monkeypatch.setattr(password, "COST", 1 << 10)


@pytest.fixture
def clock() -> Clock:
    """Gives the endpoint's clock."""
    return Clock()


MakeEndpoint = Callable[..., Endpoint]


@pytest.fixture
def make_endpoint(make_site: MakeSite, clock: Clock) -> Iterator[MakeEndpoint]:
    """Gives `make_endpoint(config=CONFIG, files={}) -> Endpoint` of a small site."""
    made: list[Endpoint] = []

    def make(config: str = CONFIG, files: Mapping[str, str] | None = None) -> Endpoint:
        root = make_site(
            {"sitegen.toml": config, "content/posts/first.md": POST, **(files or {})}
        )
        loaded, problems = load(root)
        assert not problems and loaded.submissions, problems
        endpoint = Endpoint(root, loaded, loaded.submissions, now=clock)
        made.append(endpoint)
        return endpoint

    yield make
    for endpoint in made:
        endpoint.close()


@pytest.fixture
def visitor(make_endpoint: MakeEndpoint, clock: Clock) -> Visitor:
    """Gives a visitor of a small site."""
    return Visitor(make_endpoint(), clock)


class Server:
    """A server in a process of its own."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.process = process
        self.port = port

    @property
    def url(self) -> str:
        """The server's address."""
        return f"http://127.0.0.1:{self.port}"

    def connect(self, timeout: float = 30) -> HTTPConnection:
        """Returns a connection to it."""
        return HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, str] | str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, dict[str, str], str]:
        """Returns status, headers and text of one answer."""
        given = dict(headers or {})
        if isinstance(body, Mapping):
            body = urlencode(body)
            given.setdefault("Content-Type", "application/x-www-form-urlencoded")
        connection = self.connect()
        try:
            connection.request(method, path, body, given)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, text
        finally:
            connection.close()

    def wait(self) -> None:
        """Returns when it answers."""
        while True:
            try:
                self.request("GET", "/submit/health")
                return
            except OSError:
                assert self.process.poll() is None, self.process.returncode

    def kill(self) -> None:
        """Ends it, and every process that it started, at once."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


def free_port() -> int:
    """Returns a port that nobody uses."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def server_command(kind: str, root: Path, port: int) -> list[str]:
    """Returns the command of a real server for the site in `root`."""
    if kind == "waitress":
        options = ["-C", str(root), "submissions", "serve", "--port", str(port)]
        return [sys.executable, "-m", "sitegen", *options]
    where = ["--bind", f"127.0.0.1:{port}", "--workers", "3", "--threads", "6"]
    quiet = ["--log-level", "critical", "--no-control-socket"]
    return [sys.executable, "-m", "gunicorn", *where, *quiet, "sitegen.wsgi:app"]


def running_server(
    kind: str,
    root: Path,
    wrap: Sequence[str] = (),
    command: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Server:
    """Returns a server that answers; whoever asks for it has to kill it."""
    port = free_port()
    line = command or server_command(kind, root, port)
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    given = {"SITEGEN_ROOT": str(root), "PYTHONPATH": os.pathsep.join(paths)}
    with open(log or os.devnull, "wb") as out:
        process = subprocess.Popen(
            [*wrap, *(part.replace("{port}", str(port)) for part in line)],
            env={**os.environ, **given, **(env or {})},
            start_new_session=True,
            stdout=out,
            stderr=out,
        )
    server = Server(process, port)
    try:
        server.wait()
    except BaseException:
        server.kill()
        raise
    return server


Serve = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Gives `serve(kind, root, …) -> Server`, until the test ends.

    Kinds are `waitress` and `gunicorn`; `wrap` is what runs the command, `command`
    another one (`{port}` stands for its port), `env` adds to the environment.
    """
    running: list[Server] = []

    def start(kind: str, root: Path, **more: Any) -> Server:
        server = running_server(kind, root, **more)
        running.append(server)
        return server

    yield start
    for server in running:
        server.kill()
