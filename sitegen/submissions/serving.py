"""The endpoint under waitress: in this process, or in several that share a socket.

Python runs one thread at a time, so each processor wants a process of its own. They are
forked from one that only watches over them: it replaces one that dies, and they end
with it.
"""

import contextlib
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, MutableSequence
from multiprocessing import connection, get_context
from multiprocessing.context import ForkProcess
from typing import Any

import msgspec

from sitegen.build.workers import end_with_parent
from sitegen.problems import SitegenError
from sitegen.submissions.app import Endpoint

HEAD_BYTES = 16_384
"""How long the head of a request may be."""

SPARE_BYTES = 1024
"""What waitress reads beyond the longest form, so that the endpoint can say no."""

PAUSE = 1.0
"""Seconds before a process that died is replaced: some die at once, every time."""

GRACE = 20.0
"""Seconds that all processes get to end; a request has five, and so have the chores."""

ENDING = {signal.SIGINT, signal.SIGTERM}
"""Signals that end the server."""

MOMENT = 0.005
"""Seconds for which a busy process leaves a new connection to those with fewer."""

Counts = MutableSequence[int]

log = logging.getLogger("sitegen.submissions")


class Serving(msgspec.Struct, frozen=True):
    """How the endpoint is served."""

    bind: str = "127.0.0.1"
    port: int = 0
    """0 takes any that is free."""
    processes: int = 1
    threads: int = 8
    """In each process."""


def listen(serving: Serving) -> socket.socket:
    """Returns a socket that the address reaches; raises SitegenError."""
    family = socket.AF_INET6 if ":" in serving.bind else socket.AF_INET
    try:
        return socket.create_server((serving.bind, serving.port), family=family)
    except OSError as error:
        message = f"{serving.bind}:{serving.port} cannot be used: {error.strerror}."
        raise SitegenError(message, "Choose another with --port.") from error


class Door(socket.socket):
    """A listening socket of several processes, where a busy one lets others go first.

    Browsers and proxies keep connections open. Without this one process may have more
    of them than threads, for long, while another one has little to do.
    """

    def __init__(
        self, listener: socket.socket, counts: Counts, place: int, threads: int
    ) -> None:
        super().__init__(fileno=listener.detach())
        self.threads = threads
        self.counts = counts
        """How many connections each process has."""
        self.place = place
        self.count: Callable[[], int] = int
        """Returns how many this one has."""

    def accept(self) -> tuple[socket.socket, Any]:
        """Returns the next connection; raises BlockingIOError if another took it."""
        count = self.counts[self.place] = self.count()
        if count >= self.threads and count > min(self.counts):
            time.sleep(MOMENT)
        found = super().accept()
        self.counts[self.place] = count + 1
        return found


def answer(app: Endpoint, listener: socket.socket, serving: Serving) -> None:
    """Answers requests until SIGTERM or Ctrl-C; closes the endpoint in the end."""
    signal.signal(signal.SIGTERM, _stop)
    counts = get_context("fork").RawArray("i", serving.processes)
    if serving.processes == 1:
        _answer(app, Door(listener, counts, 0, serving.threads), serving)
    else:
        Watch(app, listener, serving, counts).run()


def _stop(*_: object) -> None:
    """Ends a process, once: a service manager tells all of them, and so does ours."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


class Watch:
    """Keeps as many processes answering as are wanted."""

    def __init__(
        self,
        app: Endpoint,
        listener: socket.socket,
        serving: Serving,
        counts: Counts,
    ) -> None:
        self.app = app
        self.listener = listener
        self.serving = serving
        self.counts = counts
        self.processes: dict[int, ForkProcess] = {}
        """By their place among the counts."""

    def run(self) -> None:
        """Returns when the server is told to end."""
        try:
            while True:
                self.fill_up()
                is_full = len(self.processes) == self.serving.processes
                ends = [process.sentinel for process in self.processes.values()]
                connection.wait(ends, None if is_full else 0)
                time.sleep(PAUSE)
                self.forget_the_dead()
        except KeyboardInterrupt:
            pass
        finally:
            self.end()
            self.app.close()

    def fill_up(self) -> None:
        """Starts the processes that are missing, as far as the system lets us."""
        missing = set(range(self.serving.processes)) - self.processes.keys()
        try:
            for place in sorted(missing):
                process = get_context("fork").Process(target=self.work, args=(place,))
                # A process that is started and not noted would never be ended.
                with _undisturbed():
                    process.start()
                    self.processes[place] = process
        except OSError as error:
            log.error("a process cannot be started: %s", error.strerror)

    def forget_the_dead(self) -> None:
        """Makes room for others in the place of processes that ended."""
        for place, process in list(self.processes.items()):
            if not process.is_alive():
                log.error("a process ended (%s) and is replaced", process.exitcode)
                del self.processes[place]
                self.counts[place] = 0

    def end(self) -> None:
        """Ends all processes, by force if they take too long."""
        for process in self.processes.values():
            process.terminate()
        deadline = time.monotonic() + GRACE
        for process in self.processes.values():
            process.join(max(0.0, deadline - time.monotonic()))
            process.kill()

    def work(self, place: int) -> None:
        """Answers requests for as long as the parent lives; what a process does."""
        # A terminal sends Ctrl-C to all; the parent passes it on in its own way.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        end_with_parent()
        with contextlib.suppress(KeyboardInterrupt):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
            door = Door(self.listener, self.counts, place, self.serving.threads)
            _answer(self.app, door, self.serving)


def stay_on_one(place: int, processes: int) -> None:
    """Keeps this thread, and those that it starts, on one processor.

    Python runs one thread of a process at a time; to hand over to a thread on another
    processor means to wake that processor. Where there are fewer processes than
    processors it is better to let the system choose.
    """
    if hasattr(os, "sched_setaffinity"):
        usable = sorted(os.sched_getaffinity(0))
        if len(usable) <= processes:
            os.sched_setaffinity(0, {usable[place % len(usable)]})


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Keeps signals that end us waiting."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _answer(app: Endpoint, door: Door, serving: Serving) -> None:
    """Answers requests in this process."""
    from waitress.server import BaseWSGIServer, create_server

    # More requests than threads are no reason for a line each.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    # Before the threads that answer: a chore, such as a build, may use all processors.
    app.start()
    stay_on_one(door.place, serving.processes)
    server = create_server(
        app,
        sockets=[door],
        threads=serving.threads,
        max_request_body_size=app.settings.limits.body + SPARE_BYTES,
        max_request_header_size=HEAD_BYTES,
        channel_timeout=30,
        connection_limit=1000,
        asyncore_use_poll=True,
        # The endpoint reads this header itself, as far as it trusts it.
        clear_untrusted_proxy_headers=False,
        ident="sitegen",
    )
    assert isinstance(server, BaseWSGIServer)  # as there is one socket
    channels: Any = server.active_channels
    door.count = lambda: len(channels)
    try:
        server.run()
    finally:
        server.close()
        app.close()
