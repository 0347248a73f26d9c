"""The WSGI app: the site as a static host would serve it, and the events beside it."""

import ipaddress
import mimetypes
from collections.abc import Callable, Collection, Iterable
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.utils import redirect, send_file
from werkzeug.wrappers import Request, Response

from sitegen.serve.board import Board, Tab
from sitegen.serve.overlay import (
    CLIENT,
    EVENTS,
    bare_page,
    client,
    dressed,
    script_tag,
)
from sitegen.serve.snapshot import PAGES, Snapshot

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".md": "text/markdown",
}
"""Types that must not depend on what the machine knows."""


class App:
    """Answers requests from the snapshot that stands when they come."""

    def __init__(
        self,
        board: Board,
        hosts: Collection[str],
        live: bool = True,
        missing: Callable[[], None] = lambda: None,
    ) -> None:
        self._board = board
        self._hosts = hosts
        self._live = live
        self._missing = missing
        self.mounted: tuple[str, WSGIApplication] | None = None
        """The path of another application, and the application."""

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answers a request, as WSGI has it."""
        request = Request(environ)
        allowed = is_allowed(request.host, self._hosts)
        mounted = self.mounted
        if allowed and mounted and lies_below(request.path, mounted[0]):
            return mounted[1](environ, start_response)
        try:
            response = self.answer(request) if allowed else refuse_host(request.host)
        except HTTPException as failure:
            response = failure.get_response(environ)
        return response(environ, start_response)

    def answer(self, request: Request) -> Response:
        """Returns the response to a request."""
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowed(["GET", "HEAD"])
        if request.path == CLIENT:
            return with_etag(Response(client(), mimetype="text/javascript"), request)
        if request.path == EVENTS and self._live:
            return self.events(request)
        return self.page(request, self._board.snapshot)

    def events(self, request: Request) -> Response:
        """Returns the stream of events for a tab."""
        tab = Tab(
            unquote(request.args.get("path", "/")),
            request.args.get("version", ""),
            request.args.get("assets", ""),
        )
        response = Response(self._board.stream(tab), mimetype="text/event-stream")
        response.headers["Cache-Control"] = "no-store"
        return response

    def page(self, request: Request, snapshot: Snapshot) -> Response:
        """Returns a file of the site, or what is sent instead of one."""
        path = request.path
        if not snapshot.files and not snapshot.fresh:
            return self.nothing_yet(snapshot)
        output = snapshot.output(path)
        if output:
            return self.file(request, snapshot, output)
        if snapshot.is_folder(path):
            return moved(f"{quote(path)}/", request, 301)
        if path == "/" and snapshot.base_path:
            return moved(f"{snapshot.base_path}/", request, 302)
        return self.not_found(request, snapshot)

    def file(
        self, request: Request, snapshot: Snapshot, output: str, status: int = 200
    ) -> Response:
        """Returns a file of the site."""
        if output.endswith(PAGES):
            return self.html(request, snapshot, output, status)
        fresh = snapshot.fresh.get(output)
        try:
            response = send_file(
                BytesIO(fresh.data) if fresh else snapshot.folder / output,
                request.environ,
                mimetype=type_of(output),
                conditional=True,
                etag=snapshot.digest(output).hex(),
            )
        except OSError:
            return self.gone()
        response.headers["Cache-Control"] = "no-cache"
        return response

    def html(
        self, request: Request, snapshot: Snapshot, output: str, status: int
    ) -> Response:
        """Returns a page, with what tells it of changes."""
        try:
            data = snapshot.read(output)
        except OSError:
            return self.gone()
        self._board.note_request(request.path)
        mark = snapshot.marks.get(output, "")
        data = dressed(data, self.script(request.path, snapshot), mark)
        response = Response(data, status, mimetype="text/html")
        return with_etag(response, request) if status == 200 else uncached(response)

    def script(self, path: str, snapshot: Snapshot) -> bytes:
        """Returns the tag of the script for the page at a path."""
        if not self._live:
            return b""
        return script_tag(snapshot.version(path), snapshot.assets_version)

    def not_found(self, request: Request, snapshot: Snapshot) -> Response:
        """Returns the site's own page for what is not there, with status 404."""
        if "404.html" in snapshot.files or "404.html" in snapshot.fresh:
            return self.html(request, snapshot, "404.html", 404)
        raise NotFound

    def nothing_yet(self, snapshot: Snapshot) -> Response:
        """Returns the page that stands in while the site was never built."""
        page = bare_page("Not built yet", "There are errors: mend them, then look.")
        version = snapshot.version("/")
        script = script_tag(version, snapshot.assets_version) if self._live else b""
        return uncached(Response(dressed(page, script, ""), 503, mimetype="text/html"))

    def gone(self) -> Response:
        """Has a file made again that somebody removed, and asks for patience."""
        self._missing()
        page = bare_page("One moment", "This file was removed and is made again.")
        headers = {"Retry-After": "1", "Refresh": "1"}
        return uncached(Response(page, 503, headers, mimetype="text/html"))


def lies_below(path: str, folder: str) -> bool:
    """True for a folder's path, with or without its slash, and what is in it."""
    return path == folder.rstrip("/") or path.startswith(folder)


def moved(path: str, request: Request, status: int) -> "Response":
    """Returns the answer that leads to another path; tomorrow it may be another site's.

    Browsers would keep a permanent one.
    """
    query = request.query_string.decode("latin-1")
    found = redirect(f"{path}?{query}" if query else path, status, Response)
    found.headers["Cache-Control"] = "no-cache"
    return found


def uncached(response: Response) -> Response:
    """Returns a response that nobody may keep."""
    response.headers["Cache-Control"] = "no-cache"
    return response


def with_etag(response: Response, request: Request) -> Response:
    """Returns a response that is not sent again to who has it."""
    response.add_etag()
    uncached(response)
    response.make_conditional(request.environ)
    return response


def type_of(output: str) -> str:
    """Returns the media type of a file by its name."""
    ending = output[output.rfind(".") :].lower() if "." in output else ""
    known = TYPES.get(ending) or mimetypes.guess_type(output)[0]
    return known or "application/octet-stream"


def is_allowed(host: str, hosts: Collection[str]) -> bool:
    """True if a Host header names this server.

    A page of another site can have its own name lead here (DNS rebinding), but not
    `localhost`, nor an address in figures: with `*` among the hosts all of these do.
    """
    name = name_of(host)
    if name in hosts or name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or "*" in hosts


def name_of(host: str) -> str:
    """Returns the name in a Host header, without port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0].lower() if ":" in host else host.lower()


def refuse_host(host: str) -> Response:
    """Returns the answer to a request that was meant for another host."""
    text = f"This server does not answer for the host {host!r}; see --bind.\n"
    return uncached(Response(text, 403, mimetype="text/plain"))
