"""The server as a whole: a socket, the app, the watcher and the thread that builds."""

import errno
import gc
import multiprocessing
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

import msgspec
from werkzeug.serving import (
    BaseWSGIServer,
    WSGIRequestHandler,
    get_sockaddr,
    make_server,
    select_address_family,
)

from sitegen.build.pipeline import Order
from sitegen.build.store import FOLDER
from sitegen.build.survey import Asked, Progress, silent
from sitegen.problems import SitegenError
from sitegen.serve.app import App
from sitegen.serve.inbox import Inbox
from sitegen.serve.reading import Address
from sitegen.serve.session import Rebuilt, Session
from sitegen.serve.watcher import Watcher
from sitegen.submissions.app import Endpoint

PORTS = 20
"""How many ports are tried, from the one that was asked for."""

TURN = 0.0005
"""Seconds that the thread which builds goes on when another has an answer to give."""

EVERYWHERE = ("0.0.0.0", "::", "")
"""What `--bind` says for all of the machine's addresses."""

GRACE = 0.5
"""Seconds that a build gets to notice that it is to end, before its workers are."""


class Options(msgspec.Struct, frozen=True):
    """How the server is to serve."""

    bind: str = "127.0.0.1"
    port: int = 8000
    """0 for any that is free."""
    livereload: bool = True
    navigate: bool = False
    poll: bool = False
    jobs: int = 1
    keys: str = ""
    """What the form's tokens are signed with, if not with the queue's own keys."""


class Handler(WSGIRequestHandler):
    """Answers without a line in the terminal for each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing: the terminal is for builds."""


def listen(bind: str, port: int) -> socket.socket:
    """Returns a socket on the first free port, from the one that was asked for.

    Raises SitegenError if there is none, or no such address.
    """
    last = port if port == 0 else min(port + PORTS, 65536) - 1
    for number in range(port, last + 1):
        try:
            return _listen(bind, number)
        except OSError as failure:
            if failure.errno != errno.EADDRINUSE:
                raise _no_address(bind, number, failure) from failure
    message = f"The ports {port} to {last} are all in use."
    raise SitegenError(message, "Choose another with -p.")


def _listen(bind: str, port: int) -> socket.socket:
    family = select_address_family(bind, port)
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(get_sockaddr(bind, port, family))
        made.listen(128)
    except BaseException:
        made.close()
        raise
    return made


def _no_address(bind: str, port: int, failure: OSError) -> SitegenError:
    why = failure.strerror or str(failure)
    message = f"The server cannot listen on {bind}:{port}: {why}."
    return SitegenError(message, "Mend --bind, or choose another port with -p.")


def origin_of(bind: str, port: int) -> str:
    """Returns what the address of every page begins with."""
    host = "localhost" if bind in EVERYWHERE else bind
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def hosts_of(bind: str) -> frozenset[str]:
    """Returns the hosts that are answered for, besides this machine's own names."""
    if bind not in EVERYWHERE:
        return frozenset((bind.lower(),))
    name = socket.gethostname().lower()
    return frozenset(("*", name, f"{name}.local"))


def end_workers() -> None:
    """Ends the processes that help this one, whatever they are doing."""
    for child in multiprocessing.active_children():
        child.terminate()


class Server:
    """Serves a site that is being written; `close` ends all of it."""

    def __init__(
        self,
        ask: Callable[[], Asked],
        config_file: str,
        options: Options,
        tell: Callable[[Rebuilt], None],
        say: Callable[[str], None],
    ) -> None:
        self._config_file = config_file
        self._socket = listen(options.bind, options.port)
        try:
            self.port = int(self._socket.getsockname()[1])
            self.inbox = Inbox()
            address = Address(
                origin_of(options.bind, self.port), f"{FOLDER}/serve/{self.port}"
            )
            order = Order(jobs=options.jobs)
            self.session = Session(
                ask, address, self.inbox, tell, order, options.navigate
            )
            self._origin = address.origin
            self._keys = options.keys
            self._endpoint: Endpoint | None = None
            self._app = App(
                self.session.board,
                hosts_of(options.bind),
                options.livereload,
                missing=lambda: self.inbox.ask_sweep(repair=True),
            )
            self._http = self._make_http(options)
        except BaseException:
            self._socket.close()
            raise
        self._watcher = Watcher(self.inbox, say, options.poll)
        self._threads: list[threading.Thread] = []
        self._turn = sys.getswitchinterval()

    def _make_http(self, options: Options) -> BaseWSGIServer:
        # The server takes a copy of the socket: it could print and exit by itself
        # where it opens one.
        return make_server(
            options.bind,
            self.port,
            self._app,
            threaded=True,
            request_handler=Handler,
            fd=self._socket.fileno(),
        )

    @property
    def url(self) -> str:
        """The address of the home page."""
        return f"{self._origin}{self.session.board.snapshot.base_path}/"

    def open(self, progress: Progress = silent) -> None:
        """Builds for the first time, then watches, builds and answers in threads.

        Browsers that call before are kept waiting: nobody sees half a site.
        """
        self.session.open(progress)
        # What was read stays. Looking for garbage in it would cost each change time.
        gc.collect()
        gc.freeze()
        sys.setswitchinterval(TURN)
        self.session.came_and_went = self._follow_settings
        self._follow_settings()
        # What changed before the watching began is found by looking.
        self.inbox.ask_sweep()
        self._start("builds", self.session.work)
        self._start("answers", lambda: self._http.serve_forever(poll_interval=0.5))

    def _follow_settings(self) -> None:
        """Watches and mounts what the settings say now."""
        asked = self.session.reading.asked
        self._mount(asked)
        if self._watcher.watch(asked.root, asked.config, self._config_file):
            self.inbox.ask_sweep()

    def _mount(self, asked: Asked) -> None:
        """Mounts the endpoint for submissions where the settings have it."""
        config = asked.config
        local = f"{self._origin}{config.base_path}"
        config = msgspec.structs.replace(config, base_url=local)
        if self._endpoint and self._endpoint.config == config:
            return
        self._unmount()
        if config.submissions:
            # This server builds what changes anyway, and its author sits before it.
            alone = {"rebuild": False, "mail": None, "webhook": None}
            settings = msgspec.structs.replace(config.submissions, **alone)
            self._endpoint = Endpoint(
                asked.root,
                config,
                settings,
                self._keys,
                self.session.board.snapshot.folder,
            )
            path = f"{config.base_path}{config.submissions.path}"
            self._app.mounted = (path, self._endpoint)

    def _unmount(self) -> None:
        endpoint, self._endpoint, self._app.mounted = self._endpoint, None, None
        if endpoint:
            endpoint.close()

    def _start(self, name: str, work: Callable[[], Any]) -> None:
        thread = threading.Thread(target=work, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def close(self) -> None:
        """Ends everything and frees the port."""
        self.inbox.close()
        self.session.board.close()
        if self._threads:
            self._http.shutdown()
        self._http.server_close()
        self._socket.close()
        self._watcher.stop()
        for thread in self._threads:
            thread.join(GRACE)
        if any(thread.is_alive() for thread in self._threads):
            end_workers()
            for thread in self._threads:
                thread.join(GRACE)
        sys.setswitchinterval(self._turn)
        self._unmount()
