"""The endpoint under waitress: in this process, or in several that share a socket.

Python runs one thread at a time, so each processor wants a process of its own. They are
forked from one that only watches over them: it replaces one that dies, and they end
with it.
"""

import contextlib
import logging
import signal
import socket
import time
from collections.abc import Iterator
from multiprocessing import connection, get_context
from multiprocessing.context import ForkProcess

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


def answer(app: Endpoint, listener: socket.socket, serving: Serving) -> None:
    """Answers requests until SIGTERM or Ctrl-C; closes the endpoint in the end."""
    signal.signal(signal.SIGTERM, _stop)
    if serving.processes == 1:
        _answer(app, listener, serving)
    else:
        _watch_over(app, listener, serving)


def _stop(*_: object) -> None:
    """Ends a process, once: a service manager tells all of them, and so does ours."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def _watch_over(app: Endpoint, listener: socket.socket, serving: Serving) -> None:
    """Keeps as many processes answering as are wanted."""
    processes: list[ForkProcess] = []
    try:
        while True:
            _fill_up(processes, app, listener, serving)
            is_full = len(processes) == serving.processes
            ends = [process.sentinel for process in processes]
            connection.wait(ends, None if is_full else 0)
            time.sleep(PAUSE)
            for process in [each for each in processes if not each.is_alive()]:
                log.error("a process ended (%s) and is replaced", process.exitcode)
                processes.remove(process)
    except KeyboardInterrupt:
        pass
    finally:
        _end(processes)
        app.close()


def _fill_up(
    processes: list[ForkProcess],
    app: Endpoint,
    listener: socket.socket,
    serving: Serving,
) -> None:
    """Starts the processes that are missing, as far as the system lets us."""
    work = get_context("fork").Process
    args = (app, listener, serving)
    try:
        while len(processes) < serving.processes:
            process = work(target=_answer_for_parent, args=args)
            # A process that is started and not on the list would never be ended.
            with _undisturbed():
                process.start()
                processes.append(process)
    except OSError as error:
        log.error("a process cannot be started: %s", error.strerror)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Keeps signals that end us waiting."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _end(processes: list[ForkProcess]) -> None:
    """Ends all processes, by force if they take too long."""
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + GRACE
    for process in processes:
        process.join(max(0.0, deadline - time.monotonic()))
        process.kill()


def _answer_for_parent(
    app: Endpoint, listener: socket.socket, serving: Serving
) -> None:
    """Answers requests for as long as the parent lives."""
    # A terminal sends Ctrl-C to all; the parent passes it on in its own way.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    with contextlib.suppress(KeyboardInterrupt):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        _answer(app, listener, serving)


def _answer(app: Endpoint, listener: socket.socket, serving: Serving) -> None:
    """Answers requests in this process."""
    from waitress.server import create_server

    # More requests than threads are no reason for a line each.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server = create_server(
        app,
        sockets=[listener],
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
    app.start()
    try:
        server.run()
    finally:
        server.close()
        app.close()
