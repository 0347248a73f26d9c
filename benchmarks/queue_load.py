"""How many submissions a second are acknowledged, and how soon, beside what peers do.

`python -m benchmarks.queue_load [--seconds 20] [--pending N] [--posts N] [NAME…]` runs
each of these on a real disk (the folder of --folder, which must not be a tmpfs), with
16 connections that send one form after the other:

- `bare`: a loop of 16 threads that does the spool's file protocol and nothing else;
- `sitegen`: the endpoint under waitress, all guards on, rates set high;
- `django`: a model with a unique title in SQLite (WAL, synchronous FULL), a form with a
  CSRF token, under gunicorn with 3 workers of 6 threads;
- `flask`: the same in Flask with sqlite3.

`--pending` and `--posts` are how many entries and posts there are before it begins.
`--rounds 5` lets them take turns, and ends with medians and, in the median of the
rounds, each one's rate and p99 beside Django's. On a machine that does other things at
the same time only these ratios mean anything.

An ext4 in a file does for a disk of its own, with the journal of a large one and room
for many small files: `mkfs.ext4 -J size=1024 -N 2000000`.

What was written stays until the end: for minutes after many files were deleted, an
ext4 without a journal is slow to make new ones.
"""

import argparse
import json
import os
import resource
import selectors
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).parents[1]
PEERS = Path(__file__).parent / "peers"

CONNECTIONS = 16
MOST_PER_SECOND = 5000
"""More than any machine acknowledges."""
BODY = "A sentence that stands for all the others. " * 35
"""About 1.5 KB."""

ENCODED = urlencode({"content": BODY})

CONFIG = """\
title = "Load"
base_url = "https://example.org"
[submissions]
[submissions.limits]
total = 1000000000
per_network = 1000000000
entries = 1000000000
fill_seconds = 0
"""

Request = Callable[[int], bytes]


class Load:
    """Sixteen connections that send forms until the time is up.

    One thread serves them all, so that it takes little from the server's processors.
    """

    def __init__(self, port: int, request: Request, seconds: float) -> None:
        self.port = port
        self.request = request
        self.end = time.monotonic() + seconds
        self.times: list[float] = []
        self.others: dict[int, int] = {}

    def run(self) -> None:
        """Sends from all connections at once."""
        with selectors.DefaultSelector() as selector:
            for number in range(CONNECTIONS):
                sender = Sender(self.port, number)
                sender.connect(selector)
                self.send(selector, sender)
            while selector.get_map():
                for key, _ in selector.select():
                    self.receive(selector, key.data)

    def send(self, selector: selectors.BaseSelector, sender: "Sender") -> None:
        """Sends the next form of a connection, if there is time left."""
        if time.monotonic() >= self.end:
            sender.close(selector)
            return
        data = self.request(sender.number)
        sender.number += CONNECTIONS
        sender.began = time.perf_counter()
        sender.connection.sendall(data)

    def receive(self, selector: selectors.BaseSelector, sender: "Sender") -> None:
        """Reads what there is of an answer, and goes on when it is whole."""
        part = sender.connection.recv(65536)
        if not part:
            raise ConnectionError(sender.answer)
        sender.answer += part
        found = whole_answer(sender.answer)
        if found is None:
            return
        status, keeps = found
        if status == 303 or status == 302:
            self.times.append(time.perf_counter() - sender.began)
        else:
            self.others[status] = self.others.get(status, 0) + 1
        sender.answer = b""
        if not keeps:
            sender.close(selector)
            sender.connect(selector)
        self.send(selector, sender)


class Sender:
    """One connection, the number of its next form, and the answer so far."""

    def __init__(self, port: int, number: int) -> None:
        self.port = port
        self.number = number
        self.began = 0.0
        self.answer = b""

    def connect(self, selector: selectors.BaseSelector) -> None:
        """Opens the connection, and has its answers noticed."""
        self.connection = socket.create_connection(("127.0.0.1", self.port))
        selector.register(self.connection, selectors.EVENT_READ, self)

    def close(self, selector: selectors.BaseSelector) -> None:
        """Closes the connection."""
        selector.unregister(self.connection)
        self.connection.close()


def whole_answer(data: bytes) -> tuple[int, bool] | None:
    """Returns an answer's status, and whether the connection stays open."""
    head, found, body = data.partition(b"\r\n\r\n")
    if not found:
        return None
    lower = head.lower()
    length = lower.partition(b"content-length:")[2].partition(b"\r\n")[0]
    if len(body) < int(length or 0):
        return None
    return int(head[9:12]), b"connection: close" not in lower


def form(host_path: str, values: dict[str, str], cookie: str = "") -> bytes:
    """Returns the bytes of a request that sends a form with the text."""
    body = f"{ENCODED}&{urlencode(values)}"
    return (
        f"POST {host_path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n{cookie}\r\n{body}"
    ).encode()


@contextmanager
def serving(command: list[str], env: dict[str, str], path: str) -> Iterator[int]:
    """Runs a server until the end; gives its port once it answers."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    line = [part.replace("{port}", str(port)) for part in command]
    process = subprocess.Popen(
        line,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        start_new_session=True,
        cwd=ROOT,
    )
    try:
        while True:
            assert process.poll() is None, "the server ended"
            try:
                with socket.create_connection(("127.0.0.1", port), 60) as connection:
                    connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
                    if connection.recv(100):
                        break
            except ConnectionRefusedError:
                continue
        yield port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def load_sitegen(folder: Path, seconds: float, pending: int, posts: int) -> Load:
    """Runs the endpoint under waitress."""
    from sitegen.submissions.spool import open_spool
    from sitegen.submissions.tokens import Tokens, secret_keys

    (folder / "sitegen.toml").write_text(CONFIG)
    (folder / "content/posts").mkdir(parents=True)
    for number in range(posts):
        text = f"---\ntitle: Post {number}\ndate: 2026-01-02\n---\n{BODY}\n"
        (folder / f"content/posts/post-{number}.md").write_text(text)
    with open_spool(folder / "content/queue") as spool:
        fill(folder / "content/queue", pending)
        tokens = Tokens(secret_keys(spool, ""), 86400, time.time)
        # Made up front, as those of the peers: the client takes processor time, too.
        ready = [tokens.new() for _ in range(int(seconds * MOST_PER_SECOND))]
    command = [sys.executable, "-m", "sitegen", "-C", str(folder)]
    command += ["submissions", "serve", "--port", "{port}"]

    def request(number: int) -> bytes:
        values = {"title": f"A title {number}", "token": ready.pop()}
        return form("/submit/", values)

    with serving(command, {}, "/submit/health") as port:
        # The first answer waits until every post has been read once.
        first = socket.create_connection(("127.0.0.1", port))
        first.sendall(request(-1))
        assert b" 303 " in first.recv(65536)[:20]
        first.close()
        load = Load(port, request, seconds)
        load.run()
    stored = len(os.listdir(folder / "content/queue/pending")) - pending - 1
    assert stored == len(load.times), (stored, len(load.times))
    return load


def fill(queue: Path, count: int) -> None:
    """Puts entries into a queue, as fast as nobody minds losing them."""
    from sitegen.submissions import records

    for number in range(count):
        id = f"{number:020x}"
        entry = records.Submission(id, f"Waiting {number}", BODY, 1782907200)
        (queue / f"pending/{id}.md").write_bytes(records.dump(entry))
        os.symlink(id, queue / "titles" / records.title_digest(entry.title))
    # Or the first who is measured waits until all of it is on the disk.
    subprocess.run(["sync", "--file-system", str(queue)], check=True)


def load_peer(name: str, folder: Path, seconds: float) -> Load:
    """Runs a peer under gunicorn."""
    command = [sys.executable, "-m", "gunicorn", "--no-control-socket"]
    command += ["--bind", "127.0.0.1:{port}", "--workers", "3", "--threads", "6"]
    command += ["--log-level", "error", f"benchmarks.peers.queue_{name}:application"]
    env = {"DATABASE": str(folder / "db.sqlite3")}
    setup = [sys.executable, "-m", f"benchmarks.peers.queue_{name}"]
    where = {**os.environ, "PYTHONPATH": str(ROOT), **env}
    subprocess.run(setup, env=where, cwd=ROOT, check=True)
    with serving(command, env, "/") as port:
        cookie, token = csrf(port)

        def request(number: int) -> bytes:
            values = {"title": f"A title {number}", "csrfmiddlewaretoken": token}
            return form("/", values, cookie)

        load = Load(port, request, seconds)
        load.run()
    return load


def csrf(port: int) -> tuple[str, str]:
    """Returns the cookie and the token of a peer's form."""
    import http.client
    import re

    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/")
    answer = connection.getresponse()
    text = answer.read().decode()
    cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text)
    connection.close()
    return f"Cookie: {cookie}\r\n", token[1] if token else ""


class Bare:
    """Sixteen threads that do the spool's protocol by themselves."""

    def __init__(self, folder: Path, seconds: float) -> None:
        from sitegen.submissions.syncing import GroupSync

        for name in ("tmp", "titles", "pending"):
            (folder / name).mkdir()
        self.folder = folder
        handles = [
            os.open(folder / name, os.O_RDONLY) for name in ("titles", "pending")
        ]
        self.group = GroupSync(handles)
        self.end = time.monotonic() + seconds
        self.times: list[float] = []
        self.others: dict[int, int] = {}

    def run(self) -> None:
        """Stores from all threads at once."""
        threads = [
            threading.Thread(target=self.client, args=(number,))
            for number in range(CONNECTIONS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def client(self, number: int) -> None:
        """Stores one text after the other."""
        data, times = BODY.encode(), []
        while time.monotonic() < self.end:
            began = time.perf_counter()
            temporary = f"{self.folder}/tmp/{number}"
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            os.write(handle, data)
            os.fsync(handle)
            os.close(handle)
            os.symlink(str(number), f"{self.folder}/titles/{number}")
            os.link(temporary, f"{self.folder}/pending/{number}")
            self.group.sync()
            os.unlink(temporary)
            times.append(time.perf_counter() - began)
            number += CONNECTIONS
        self.times.extend(times)


def load_bare(folder: Path, seconds: float) -> "Bare":
    """Runs the bare loop."""
    loop = Bare(folder, seconds)
    loop.run()
    return loop


def figures(load: "Load | Bare", seconds: float) -> dict[str, float]:
    """Returns rate and times of one run."""
    times = sorted(load.times)
    return {
        "per_second": round(len(times) / seconds, 1),
        "p50_ms": round(statistics.median(times) * 1000, 1),
        "p99_ms": round(times[int(len(times) * 0.99)] * 1000, 1),
        "refused": sum(load.others.values()),
    }


def processor_seconds() -> float:
    """Returns the processor time of all servers that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run_one(name: str, folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Returns the figures of one run."""
    before = processor_seconds()
    load: Load | Bare
    if name == "bare":
        load = load_bare(folder, given.seconds)
    elif name == "sitegen":
        load = load_sitegen(folder, given.seconds, given.pending, given.posts)
    else:
        load = load_peer(name, folder, given.seconds)
    used = processor_seconds() - before
    spent = {"server_ms": round(used * 1000 / max(1, len(load.times)), 2)}
    return {"name": name, **figures(load, given.seconds), **spent}


def summary(rounds: list[dict[str, dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """Gives each one's medians, and the median of its ratios to Django's figures."""
    for name in rounds[0]:
        line: dict[str, Any] = {"name": name, "rounds": len(rounds)}
        for key in ("per_second", "p50_ms", "p99_ms"):
            line[key] = round(statistics.median(each[name][key] for each in rounds), 1)
        if "django" in rounds[0]:
            for key in ("per_second", "p99_ms"):
                ratios = [each[name][key] / each["django"][key] for each in rounds]
                line[f"{key} to Django's"] = round(statistics.median(ratios), 2)
        yield line


def main() -> None:
    """Runs what was asked for and prints a line of JSON for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names", nargs="*", default=["bare", "sitegen", "django", "flask"]
    )
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--pending", type=int, default=0)
    parser.add_argument("--posts", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=None)
    given = parser.parse_args()
    rounds: list[dict[str, dict[str, Any]]] = []
    with tempfile.TemporaryDirectory(prefix="queue-load-", dir=given.folder) as root:
        for number in range(given.rounds):
            rounds.append({})
            for name in given.names:
                folder = Path(root) / f"{name}-{number}"
                folder.mkdir()
                rounds[-1][name] = run_one(name, folder, given)
                print(json.dumps(rounds[-1][name]), flush=True)
    for line in summary(rounds):
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
