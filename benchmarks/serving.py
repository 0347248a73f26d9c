"""From a file being saved to the new page being served: seen by polling the page."""

import http.client
import os
import random
import re
import signal
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from msgspec import Struct

from benchmarks.corpus import Corpus, Entry
from benchmarks.measure import Failed
from benchmarks.peers.hugo import binary
from benchmarks.peers.sitegen import VARIABLES
from benchmarks.peers.tool import Command

Kind = Literal["body", "title"]

POLL = 0.001
"""Seconds between two looks at the page."""

PATIENCE = 120.0
"""Seconds for a server to come up, or to show an edit."""


class Series(Struct, frozen=True):
    """What one server needed for edits of one kind, in milliseconds."""

    server: str
    kind: Kind
    times: tuple[float, ...]

    def line(self) -> str:
        """The median and the 95th percentile, in words."""
        ranked = sorted(self.times)
        middle = statistics.median(ranked)
        high = ranked[min(len(ranked) - 1, int(len(ranked) * 0.95))]
        return (
            f"{self.server}, {self.kind}: median {middle:.0f} ms, p95 {high:.0f} ms,"
            f" max {ranked[-1]:.0f} ms ({len(ranked)} edits)"
        )


def sitegen_command(python: str, site: Path, port: int) -> Command:
    """How this repository's sitegen serves a site."""
    argv = (python, "-m", "sitegen", "serve", "-p", str(port))
    return Command(argv, site, VARIABLES)


def hugo_command(cache: Path, site: Path, port: int) -> Command:
    """How Hugo serves a site, from memory."""
    options = ("--quiet", "--renderToMemory", "--baseURL", f"http://127.0.0.1:{port}/")
    argv = (str(binary(cache)), "server", "-p", str(port), *options)
    return Command(argv, site, {"HUGO_CACHEDIR": str(site / "cache")})


@contextmanager
def running(command: Command, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server that answers, until the block ends."""
    process = subprocess.Popen(
        command.argv,
        cwd=command.folder,
        env={**os.environ, **command.variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(lambda: _is_up(port), "the server did not come up")
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)


def edits(
    server: str, corpus: Corpus, site: Path, port: int, kind: Kind, count: int
) -> Series:
    """How long each of some edits of random posts took to be served."""
    chance = random.Random(f"{server} {kind}")
    found = []
    for number in range(count):
        entry = chance.choice(corpus.entries)
        _get(port, entry.url)
        time.sleep(0.05)
        found.append(_edit(entry, site, port, kind, f"zq{number}x{kind}"))
        time.sleep(chance.uniform(0.75, 2.25))
    return Series(server, kind, tuple(found))


def _edit(entry: Entry, site: Path, port: int, kind: Kind, mark: str) -> float:
    file = site / "content" / "posts" / f"{entry.slug}.md"
    old = file.read_text(encoding="utf-8")
    if kind == "body":
        new = f"{old}\nA paragraph {mark}.\n"
    else:
        new = re.sub(r"^title:.*$", f"title: Title {mark}", old, count=1, flags=re.M)
    start = time.perf_counter()
    file.write_text(new, encoding="utf-8")
    _await(lambda: mark.encode() in _get(port, entry.url), f"{mark} was not shown")
    return (time.perf_counter() - start) * 1000


def idle(process: "subprocess.Popen[bytes]", seconds: float) -> float:
    """Milliseconds of processor that a server takes while nothing changes."""
    before = _processor(process.pid)
    time.sleep(seconds)
    return (_processor(process.pid) - before) * 1000


def _processor(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def report(series: Sequence[Series], resting: float, seconds: float) -> str:
    """All results, a line for each."""
    lines = [each.line() for each in series]
    lines.append(f"sitegen, idle: {resting:.0f} ms of processor in {seconds:.0f} s")
    return "\n".join(lines)


def _await(is_so: Callable[[], bool], otherwise: str) -> None:
    end = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > end:
            raise Failed(otherwise)
        time.sleep(POLL)


def _is_up(port: int) -> bool:
    try:
        return bool(_get(port, "/"))
    except OSError:
        return False


def _get(port: int, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        return connection.getresponse().read()
    finally:
        connection.close()
