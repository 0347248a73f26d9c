"""From a file being saved to the new page being served: seen by polling the page.

All servers run at once, each on a site of its own, and take turns: what else the
machine does meets all of them alike. An edit begins when the server of the last one
has come to rest.
"""

import http.client
import os
import random
import re
import signal
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import product
from pathlib import Path
from typing import Literal

from msgspec import Struct

from benchmarks.corpus import Corpus, Entry
from benchmarks.measure import Failed
from benchmarks.peers.hugo import binary
from benchmarks.peers.sitegen import VARIABLES
from benchmarks.peers.tool import Command
from benchmarks.peers.zola import program

Kind = Literal["body", "title"]

KINDS: tuple[Kind, ...] = ("body", "title")

POLL = 0.001
"""Seconds between two looks at the page."""

PATIENCE = 120.0
"""Seconds for a server to come up, or to show an edit."""

RESTS = 0.25
"""A server that takes no processor time for so many seconds is at rest."""

OFTEN = 3
"""Edits that sitegen makes in a turn: its tail is to be seen as well."""

LONGEST = 5.0
"""Seconds after which the next edit does not wait for that any longer."""


class Series(Struct, frozen=True):
    """What one server needed for edits of one kind, in milliseconds."""

    server: str
    kind: Kind
    times: tuple[float, ...]
    processor: tuple[float, ...] = ()
    """Of the server, from each save until it rests."""

    @property
    def p95(self) -> float:
        """The 95th percentile of the times."""
        ranked = sorted(self.times)
        return ranked[min(len(ranked) - 1, int(len(ranked) * 0.95))]

    def row(self) -> str:
        """A line of the table."""
        middle, high, most = statistics.median(self.times), self.p95, max(self.times)
        work = f"{statistics.median(self.processor):.0f} ms" if self.processor else ""
        what = "the text" if self.kind == "body" else "the title"
        return (
            f"| {self.server} | {what} | {middle:.0f} ms | {high:.0f} ms "
            f"| {most:.0f} ms | {work} | {len(self.times)} |"
        )


class Rival(Struct, frozen=True):
    """A server in the race."""

    name: str
    command: Command
    site: Path
    port: int


def sitegen_command(python: str, site: Path, port: int) -> Command:
    """How this repository's sitegen serves a site."""
    argv = (python, "-m", "sitegen", "serve", "-p", str(port))
    return Command(argv, site, VARIABLES)


def hugo_command(cache: Path, site: Path, port: int) -> Command:
    """How Hugo serves a site, from memory."""
    options = ("--quiet", "--renderToMemory", "--baseURL", f"http://127.0.0.1:{port}/")
    argv = (str(binary(cache)), "server", "-p", str(port), *options)
    return Command(argv, site, {"HUGO_CACHEDIR": str(site / "cache")})


def zola_command(cache: Path, site: Path, port: int) -> Command:
    """How Zola serves a site, making only the page that changed.

    By default it waits a second for more to change; here the shortest time it takes.
    """
    options = ("--fast", "--debounce", "1")
    argv = ("node", str(program(cache)), "serve", "-p", str(port), *options)
    return Command(argv, site)


def rivals(
    sites: Mapping[str, Path], cache: Path, python: str, port: int
) -> tuple[Rival, ...]:
    """The servers of some sites, by the names of their tools."""
    makers: dict[str, Callable[[Path, int], Command]] = {
        "sitegen": lambda site, port: sitegen_command(python, site, port),
        "hugo": lambda site, port: hugo_command(cache, site, port),
        "zola": lambda site, port: zola_command(cache, site, port),
    }
    return tuple(
        Rival(name, makers[name](site, port + place), site, port + place)
        for place, (name, site) in enumerate(sites.items())
    )


Runner = tuple[Rival, "subprocess.Popen[bytes]"]


@contextmanager
def all_running(
    wanted: Sequence[Rival], say: Callable[[str], None]
) -> Iterator[list[Runner]]:
    """All servers that come up, until the block ends."""
    with ExitStack() as stack:
        found = []
        for rival in wanted:
            say(f"{rival.name} comes up")
            try:
                process = stack.enter_context(running(rival.command, rival.port))
            except Failed as reason:
                if rival.name == "sitegen":
                    raise
                say(f"{rival.name} is left out: {reason}")
            else:
                rest(process)
                found.append((rival, process))
        yield found


@contextmanager
def running(command: Command, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """A server that answers, until the block ends."""
    process = subprocess.Popen(
        command.argv,
        cwd=command.folder,
        env={**os.environ, **command.variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(lambda: _is_up(process, port), "the server did not come up")
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)


def take_turns(
    runners: Sequence[Runner], corpus: Corpus, count: int, until: float
) -> list[Series]:
    """How long edits of random posts took each server to show.

    Every round has edits of each kind for each server; no round begins after the moment
    `until`, of the monotonic clock, but for the first.
    """
    times: dict[tuple[str, Kind], list[float]] = {}
    work: dict[tuple[str, Kind], list[float]] = {}
    for number in range(count):
        if number and time.monotonic() > until:
            break
        order = number % len(runners)
        for rival, process in [*runners[order:], *runners[:order]]:
            turns = OFTEN if rival.name == "sitegen" else 1
            for part, kind in product(range(turns), KINDS):
                chance = random.Random(f"{kind} {number} {part}")
                took, busy = _turn(rival, process, corpus, kind, chance)
                times.setdefault((rival.name, kind), []).append(took)
                work.setdefault((rival.name, kind), []).append(busy)
    return [
        Series(rival.name, kind, tuple(times[key]), tuple(work[key]))
        for kind in KINDS
        for rival, _ in runners
        if (key := (rival.name, kind)) in times
    ]


def _turn(
    rival: Rival,
    process: "subprocess.Popen[bytes]",
    corpus: Corpus,
    kind: Kind,
    chance: random.Random,
) -> tuple[float, float]:
    """Milliseconds until an edit was shown, and of processor until the server rests."""
    entry = chance.choice(corpus.entries)
    _get(rival.port, entry.url)
    time.sleep(chance.uniform(0.05, 0.3))
    before = _processor(process.pid)
    took = _edit(entry, rival.site, rival.port, kind, f"zq{chance.getrandbits(40):x}")
    return took, (rest(process) - before) * 1000


def _edit(entry: Entry, site: Path, port: int, kind: Kind, mark: str) -> float:
    file = site / "content" / "posts" / f"{entry.slug}.md"
    old = file.read_text(encoding="utf-8")
    if kind == "body":
        new = f"{old}\nA paragraph {mark}.\n"
    else:
        line = f'title = "Title {mark}"' if old.startswith("+++") else f"title: {mark}"
        new = re.sub(r"^title\s*[:=].*$", line, old, count=1, flags=re.M)
    start = time.perf_counter()
    file.write_text(new, encoding="utf-8")
    _await(lambda: mark.encode() in _get(port, entry.url), f"{mark} was not shown")
    return (time.perf_counter() - start) * 1000


def rest(process: "subprocess.Popen[bytes]") -> float:
    """Seconds of processor that a server has taken when it comes to rest."""
    end = time.monotonic() + LONGEST
    before, now = -1.0, _processor(process.pid)
    while now > before and time.monotonic() < end:
        time.sleep(RESTS)
        before, now = now, _processor(process.pid)
    return now


def idle(process: "subprocess.Popen[bytes]", seconds: float) -> float:
    """Milliseconds of processor that a server takes while nothing changes."""
    before = _processor(process.pid)
    time.sleep(seconds)
    return (_processor(process.pid) - before) * 1000


def _processor(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def report(series: Sequence[Series], resting: float, seconds: float) -> str:
    """All results, as a table and a line."""
    lines = [
        "| server | edit of | median | 95th percentile | longest | processor | edits |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
        *(each.row() for each in series),
        "",
        f"While nothing changes, sitegen takes {resting:.0f} ms of processor time in"
        f" {seconds:.0f} seconds.",
    ]
    return "\n".join(lines)


def _await(is_so: Callable[[], bool], otherwise: str) -> None:
    end = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > end:
            raise Failed(otherwise)
        time.sleep(POLL)


def _is_up(process: "subprocess.Popen[bytes]", port: int) -> bool:
    if process.poll() is not None:
        raise Failed(f"the server ended with exit code {process.returncode}")
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
