"""The endpoint under real servers: mounted, slow, flooded, spoken to wrongly."""

import contextlib
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.context import ForkProcess
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest

from sitegen.submissions import serving
from sitegen.submissions.records import parse
from tests.conftest import MakeSite
from tests.submissions.conftest import (
    CONFIG,
    POST,
    Serve,
    Server,
    token_in,
    wait_for,
)

CONFIG = CONFIG.replace('base_url = "https://example.org"\n', "") + "fill_seconds = 0\n"

KINDS = ("waitress", "gunicorn")


@pytest.fixture
def site(make_site: MakeSite) -> Path:
    """Gives a site that takes submissions at any pace."""
    return make_site({"sitegen.toml": CONFIG, "content/posts/first.md": POST})


def send(
    server: Server, values: Mapping[str, str], **headers: str
) -> tuple[int, dict[str, str], str]:
    """Fetches a form and sends it filled in."""
    token = token_in(server.request("GET", "/submit/")[2])
    return server.request("POST", "/submit/", {"token": token, **values}, headers)


def gunicorn(application: str) -> list[str]:
    """Returns the command that serves an application of the tests."""
    options = ["--bind", "127.0.0.1:{port}", "--no-control-socket"]
    return [sys.executable, "-m", "gunicorn", *options, application]


@pytest.mark.parametrize("kind", KINDS)
def test_a_post_goes_in_and_its_receipt_comes_out(
    kind: str, serve: Serve, site: Path
) -> None:
    server = serve(kind, site)
    status, headers, _ = send(server, {"title": "One", "content": "Text"})
    assert status == 303
    receipt = server.request("GET", headers["location"])
    assert receipt[0] == 200 and "waits for a moderator" in receipt[2]
    assert len(list((site / "content/queue/pending").iterdir())) == 1


@pytest.mark.parametrize(
    ("application", "words"),
    [
        ("tests.submissions.mounted_flask:app", "Flask is here"),
        ("tests.submissions.beside_django:application", "Django is here"),
    ],
)
def test_the_endpoint_lives_with_other_applications(
    application: str, words: str, serve: Serve, site: Path
) -> None:
    server = serve("gunicorn", site, command=gunicorn(application))
    assert server.request("GET", "/")[2] == words
    status, headers, _ = send(server, {"title": "One", "content": "Text"})
    assert status == 303 and headers["location"].startswith("/submit/received/?r=")
    assert server.request("GET", headers["location"])[0] == 200
    assert server.request("GET", "/submit/nothing")[0] == 404


SPELLINGS = (
    "Café au lait", "Cafe\u0301 au lait", "CAFÉ AU LAIT", "café  au\u00a0lait", "Ｃafé au lait",
    "Caf\u00e9\u200b au lait", "cafE\u0301 AU lait", "Cafe\u034f\u0301 au lait", "\u2060Café au lait",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_one_title_in_many_spellings_is_taken_once(
    kind: str, serve: Serve, site: Path
) -> None:
    server = serve(kind, site)
    start = threading.Barrier(64)

    def post(number: int) -> int:
        token = token_in(server.request("GET", "/submit/")[2])
        title = SPELLINGS[number % len(SPELLINGS)]
        start.wait(60)
        return server.request(
            "POST",
            "/submit/",
            {"token": token, "title": title, "content": f"Text {number}"},
        )[0]

    with ThreadPoolExecutor(64) as pool:
        statuses = list(pool.map(post, range(64)))
    assert statuses.count(303) == 1 and statuses.count(409) == 63
    assert len(list((site / "content/queue/pending").iterdir())) == 1
    assert len(list((site / "content/queue/titles").iterdir())) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_rates_are_shared_by_all_processes(kind: str, serve: Serve, site: Path) -> None:
    (site / "sitegen.toml").write_text(
        CONFIG.replace("per_network = 100000", "per_network = 5")
    )
    server = serve(kind, site)
    statuses = [send(server, {"title": f"T{n}", "content": "x"})[0] for n in range(12)]
    assert statuses == [303] * 5 + [429] * 7


def raw(server: Server, data: bytes, timeout: float = 20) -> bytes:
    """Sends bytes and returns all that is answered until the connection is closed."""
    answer = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout) as connection:
        # A server may hang up before it has read everything.
        with contextlib.suppress(OSError):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            while part := connection.recv(65536):
                answer += part
    return answer


HEAD = b"POST /submit/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("request_bytes", "statuses"),
    [
        (
            HEAD + b"Content-Length: 400000\r\nConnection: close\r\n\r\n" + b"x" * 1000,
            {400, 413},
        ),
        (HEAD + b"Content-Length: 99999999999\r\nConnection: close\r\n\r\n", {413}),
        (HEAD + b"Content-Length: -5\r\nConnection: close\r\n\r\n", {400}),
        (
            HEAD
            + b"Content-Length: 5\r\nContent-Length: 6\r\nConnection: close\r\n\r\nabcde",
            {400, 501},
        ),
        (
            HEAD
            + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
            {400, 403, 411},
        ),
        (HEAD + b"Connection: close\r\n\r\n", {400, 411}),
        (
            HEAD
            + b"Content-Length: 40000\r\nConnection: close\r\n\r\n"
            + b"a=1&" * 10_000,
            {400},
        ),
        (
            b"GET /submit/ HTTP/1.1\r\nHost: x\r\nX-Long: "
            + b"y" * 100_000
            + b"\r\n\r\n",
            {400, 431},
        ),
        (b"\x16\x03\x01\x00\xa5\x01\x00", {400}),
        (b"GET /submit/\r\n\r\n", {200, 400}),
    ],
    ids=[
        "short",
        "huge",
        "negative",
        "two-lengths",
        "both",
        "no-length",
        "many-fields",
        "long-header",
        "tls",
        "http09",
    ],
)
def test_wrong_requests_get_an_answer(
    request_bytes: bytes, statuses: set[int], kind: str, servers: dict[str, Server]
) -> None:
    answer = raw(servers[kind], request_bytes)
    found = re.match(rb"HTTP/1\.[01] (\d+)", answer)
    # Without a version it is HTTP/0.9, and whoever hangs up in the middle of a body
    # may be hung up on.
    assert (int(found[1]) if found else 400) in statuses, answer[:200]
    assert b"Traceback" not in answer
    assert servers[kind].request("GET", "/submit/health")[0] == 200


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> "object":
    """Gives a server of each kind, for tests that leave them as they are."""
    from tests.submissions.conftest import running_server
    from tests.trees import write_tree

    started = {}
    for kind in KINDS:
        root = tmp_path_factory.mktemp(kind)
        write_tree(root, {"sitegen.toml": CONFIG, "content/posts/first.md": POST})
        started[kind] = running_server(kind, root)
    yield started
    for server in started.values():
        server.kill()


@pytest.mark.parametrize("kind", KINDS)
def test_requests_on_one_connection_are_answered_in_turn(
    kind: str, servers: dict[str, Server]
) -> None:
    first = b"GET /submit/ HTTP/1.1\r\nHost: x\r\n\r\n"
    body = b"title=a&content=b"
    second = HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    third = b"GET /submit/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = raw(servers[kind], first + second + third)
    statuses = re.findall(rb"HTTP/1\.1 (\d+)", answer)
    # gunicorn reads one request of a connection that is closed for writing.
    assert statuses in ([b"200", b"403", b"200"], [b"200", b"403"], [b"200"])


@pytest.mark.parametrize(("kind", "slow"), [("waitress", 90), ("gunicorn", 5)])
def test_slow_clients_do_not_keep_others_out(
    kind: str, slow: int, servers: dict[str, Server]
) -> None:
    """Waitress reads in one loop. Each slow client has a thread of gunicorn's, six in
    each worker, so in front of gunicorn stands a proxy that reads requests whole."""
    server = servers[kind]
    with contextlib.ExitStack() as stack:
        for number in range(slow):
            address = ("127.0.0.1", server.port)
            connection = socket.create_connection(address, 20)
            stack.enter_context(connection)
            started = HEAD[: 20 + number] if number % 2 else HEAD
            connection.sendall(started + b"Content-Length: 100\r\n\r\nti")
        assert send(server, {"title": f"Quick {kind}", "content": "x"})[0] == 303
    assert server.request("GET", "/submit/health")[0] == 200


def test_nothing_of_a_visitor_is_logged(site: Path, tmp_path: Path) -> None:
    from tests.submissions.conftest import running_server

    log = tmp_path / "log"
    server = running_server("waitress", site, log=log)
    try:
        send(
            server,
            {"title": "secret-title\x1b", "content": "x", "name": "secret-name"},
            **{"User-Agent": "secret-agent"},
        )
        send(
            server,
            {"title": "secret-title", "content": "x", "email": "secret@example.org"},
        )
        (site / "content/queue/tmp").rename(site / "content/queue/gone")
        (site / "content/queue/gone").rename(site / "content/queue/tmp")
    finally:
        server.kill()
    assert b"secret" not in log.read_bytes()


def processes(site: Path, count: int) -> list[str]:
    """Returns the command that serves a site with so many processes."""
    command = [sys.executable, "-m", "sitegen", "-C", str(site), "submissions"]
    return [*command, "serve", "--port", "{port}", "--processes", str(count)]


def answering(server: Server) -> set[int]:
    """Returns the ids of the processes that answer for a server."""
    parent = server.process.pid
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return set(map(int, children.split()))


@pytest.mark.parametrize("count", [1, 2])
def test_a_stopped_server_frees_its_port(count: int, serve: Serve, site: Path) -> None:
    server = serve("waitress", site, command=processes(site, count))
    server.process.terminate()
    assert server.process.wait(20) == 0
    with socket.create_server(("127.0.0.1", server.port)):
        pass


@pytest.mark.parametrize("count", [1, 2])
def test_all_may_be_told_to_stop_at_once(
    count: int, serve: Serve, site: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    server = serve("waitress", site, command=processes(site, count), log=log)
    send(server, {"title": "One", "content": "x"})
    os.killpg(server.process.pid, signal.SIGTERM)
    os.killpg(server.process.pid, signal.SIGTERM)
    assert server.process.wait(20) == 0
    assert "Traceback" not in log.read_text()


def test_a_process_that_dies_is_replaced(serve: Serve, site: Path) -> None:
    server = serve("waitress", site, command=processes(site, 2))
    before = answering(server)
    lost = min(before)
    os.kill(lost, signal.SIGKILL)
    while len(now := answering(server) - {lost}) < 2:
        assert send(server, {"title": token_hex(8), "content": "x"})[0] == 303
    assert len(before) == 2 and now > before - {lost}


def test_a_process_keeps_to_a_processor_of_its_own(serve: Serve, site: Path) -> None:
    usable = os.sched_getaffinity(0)
    if len(usable) == 1:
        pytest.skip("there is one processor")
    server = serve("waitress", site, command=processes(site, len(usable)))

    def kept() -> set[frozenset[int]]:
        """Returns what each process may use; one that has begun to start, all."""
        found = answering(server)
        return {frozenset(os.sched_getaffinity(each)) for each in found}

    wait_for(lambda: kept() == {frozenset({each}) for each in usable})
    # Builds are a chore, and these stay free.
    found = answering(server)
    threads = [int(name) for each in found for name in os.listdir(f"/proc/{each}/task")]
    assert any(os.sched_getaffinity(thread) == usable for thread in threads)


def test_a_process_that_cannot_be_started_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(_: ForkProcess) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(ForkProcess, "start", refused)
    app: Any = None  # nobody asks it
    with socket.socket() as listener:
        watch = serving.Watch(app, listener, serving.Serving(processes=2), [0, 0])
        watch.fill_up()
    assert watch.processes == {}
    assert "Resource temporarily unavailable" in caplog.text


@pytest.mark.parametrize(
    ("mine", "other", "gives_way"), [(8, 3, True), (8, 8, False), (7, 0, False)]
)
def test_a_busy_process_leaves_connections_to_others(
    mine: int, other: int, gives_way: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    counts = [0, other]
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()),
        serving.Door(listener, counts, place=0, threads=8) as door,
    ):
        door.count = lambda: mine
        door.accept()[0].close()
        assert pauses == [serving.MOMENT] * gives_way and counts == [mine + 1, other]
        door.setblocking(False)
        # Another process was faster.
        with pytest.raises(BlockingIOError):
            door.accept()


def test_processes_end_with_the_one_that_watches_over_them(
    serve: Serve, site: Path
) -> None:
    server = serve("waitress", site, command=processes(site, 2))
    server.process.kill()
    server.process.wait(20)
    with pytest.raises(ConnectionRefusedError):
        while True:
            # Whoever knocks in the last moment is cut off.
            with (
                socket.create_connection(("127.0.0.1", server.port)) as left,
                contextlib.suppress(ConnectionResetError),
            ):
                left.sendall(b"GET /submit/health HTTP/1.0\r\n\r\n")
                left.recv(100)


def entries(site: Path) -> list[str]:
    """Returns the titles of all entries, each of which must be readable."""
    pending = site / "content/queue/pending"
    return [parse(path.read_bytes()).title for path in pending.iterdir()]
