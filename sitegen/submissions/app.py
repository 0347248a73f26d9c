"""The endpoint: a WSGI application that takes submissions and shows receipts.

It works wherever it is mounted: at the site's root, under its own path, in another
application. Nothing that a visitor sends reaches a header, a path or a log line.
"""

import json
import logging
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec
from werkzeug.wrappers import Request, Response

from sitegen.config import Config, Submissions
from sitegen.content.scan import QUEUE
from sitegen.problems import printable
from sitegen.submissions import form, origin, pages, rebuild, records
from sitegen.submissions.body import Unwelcome, body_of
from sitegen.submissions.chores import Chore
from sitegen.submissions.filesystem import (
    QueueBroken,
    QueueFailure,
    QueueFull,
    failure_of,
)
from sitegen.submissions.form import Draft, Unreadable
from sitegen.submissions.notices.secrets import NO_SECRETS, Secrets
from sitegen.submissions.pages import FORM, RECEIPT, Receipt, Shells, Shown
from sitegen.submissions.published import Published
from sitegen.submissions.rates import Limit, Rates
from sitegen.submissions.records import Submission
from sitegen.submissions.recovery import recover
from sitegen.submissions.review import PLACE, password
from sitegen.submissions.spool import Outcome, open_spool
from sitegen.submissions.tokens import FormToken, Tokens, secret_keys

if TYPE_CHECKING:
    from sitegen.submissions.review.app import Review

HOUR = 3600

PURGE_SECONDS = 900.0
"""How often entries are removed whose time is over."""

TROUBLE = "Something went wrong here. Please try again later."

RETRY_SECONDS = 60
"""When to try again after something that should not have happened."""

GRACE = 5.0
"""Seconds that all chores get to end."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Vary": "Accept, Origin, Sec-Fetch-Site",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Sent with every answer."""

log = logging.getLogger("sitegen.submissions")


class Refusal(Exception):
    """Why a submission is not taken: a status, words, and the form to show again."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        message: str,
        values: Mapping[str, str] | None = None,
        errors: Mapping[str, str] | None = None,
        token: str = "",
        retry_after: int = 0,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.values = values or {}
        self.errors = errors or {}
        self.token = token
        """The form's own token, if it may be sent once more."""
        self.retry_after = retry_after


def queue_folder(root: Path, config: Config) -> Path:
    """Returns the folder of a site's queue."""
    return root / config.paths.content / QUEUE


class Endpoint:
    """Answers requests; safe for many threads, and for many processes of its kind."""

    def __init__(
        self,
        root: Path,
        config: Config,
        settings: Submissions,
        keys: str = "",
        output: Path | None = None,
        now: Callable[[], float] = time.time,
        secrets: Secrets = NO_SECRETS,
    ) -> None:
        self.secrets = secrets
        self.config = config
        self.settings = settings
        self.now = now
        life = settings.limits.token_hours * HOUR
        folder = queue_folder(root, config)
        self.spool = open_spool(folder, settings.limits.entries)
        recover(self.spool, now(), life)
        given = secret_keys(self.spool, keys)
        self.tokens = Tokens(given, life, now)
        self.rates = Rates(self.spool.path / "private", now)
        self.published = Published(root, config)
        built = output or root / config.paths.output
        self.shells = Shells(built, config, settings)
        self.root = root
        self.output = output
        self.keys = given
        self.chores = self.all_chores()

    @cached_property
    def review(self) -> "Review":
        """The review pages; visitors do not wait for all that these import."""
        from sitegen.submissions.review.app import Review

        return Review(
            self.root,
            self.config,
            self.settings,
            self.spool,
            self.rates,
            self.keys,
            self.published,
            self.now,
            self.wake_builder,
        )

    def all_chores(self) -> dict[str, Chore]:
        """Returns what is done beside the answers, by name."""
        chores = {"purge": Chore("purge", self.purge, PURGE_SECONDS)}
        if self.settings.rebuild:
            chores["rebuild"] = Chore("rebuild", self.rebuild)
        if self.settings.mail or self.settings.webhook:
            from sitegen.submissions.notices.courier import couriers

            chores |= couriers(
                msgspec.structs.replace(self.config, submissions=self.settings),
                self.spool,
                self.rates,
                self.now,
                self.review_address,
                self.secrets,
            )
        return chores

    def purge(self) -> float:
        """Removes what is overdue; returns when to do so again."""
        from sitegen.submissions.moderation import Desk

        desk = Desk(self.root, self.config, self.settings, self.spool, self.now)
        with desk.at_work():
            return PURGE_SECONDS

    def rebuild(self) -> float:
        """Builds the site if an approval asked for it; returns when to look again."""
        from sitegen.submissions.review import errands

        config = self.config
        if self.output is not None:
            paths = msgspec.structs.replace(config.paths, output=str(self.output))
            config = msgspec.structs.replace(config, paths=paths)
        return rebuild.tend(
            self.spool, lambda: errands.build(self.root, config, self.now())
        )

    def review_address(self) -> str:
        """Returns where the review pages are; "" if they are off or nobody knows."""
        origin = self.config.origin
        if not origin or not password.stored(self.spool):
            return ""
        return f"{origin}{self.config.base_path}{self.settings.path}{PLACE}"

    def start(self) -> None:
        """Sees to it that the chores are done in this process."""
        for chore in self.chores.values():
            chore.start()

    def wake_builder(self) -> None:
        """Says that a build is wanted; returns at once."""
        if "rebuild" in self.chores:
            self.chores["rebuild"].wake()

    def close(self) -> None:
        """Lets go of everything; for tests and servers that go on without it."""
        for chore in self.chores.values():
            chore.leave()
        deadline = time.monotonic() + GRACE
        for chore in self.chores.values():
            chore.stop(max(0.0, deadline - time.monotonic()))
        self.published.stop()
        self.rates.close()
        self.spool.close()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answers one request."""
        request = Request(environ)
        self.start()
        try:
            response = self.answer(request)
        except Exception as error:  # the outermost door: no visitor sees a traceback
            log.error("a request failed: %s", _told(error))
            response = _text(HTTPStatus.SERVICE_UNAVAILABLE, TROUBLE, RETRY_SECONDS)
        if isinstance(response, Response):
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
        return response(environ, start_response)

    def answer(self, request: Request) -> "Response | Redirect":
        """Returns the answer to a request, by path and method."""
        mount, place = self.place(request)
        if f"{place}/".startswith(PLACE) and password.stored(self.spool):
            return self.review.answer(request, mount, place)
        if place not in ("", "received/", "health"):
            return _text(HTTPStatus.NOT_FOUND, "There is nothing here.")
        if request.method in ("GET", "HEAD"):
            if not mount.endswith("/"):
                return Redirect(HTTPStatus.PERMANENT_REDIRECT, f"{mount}/")
            return {
                "": self.show_form,
                "received/": self.show_receipt,
                "health": self.health,
            }[place](request)
        if request.method == "POST" and place == "":
            return self.receive(request, mount)
        allowed = "GET, HEAD, POST" if place == "" else "GET, HEAD"
        response = _text(HTTPStatus.METHOD_NOT_ALLOWED, "This is not done here.")
        response.headers["Allow"] = allowed
        return response

    def place(self, request: Request) -> tuple[str, str]:
        """Returns the path under which the endpoint is mounted, and what follows it."""
        script, path = request.environ.get("SCRIPT_NAME", ""), request.path
        full = request.root_path.rstrip("/") + path
        for base in (
            f"{self.config.base_path}{self.settings.path}",
            self.settings.path,
        ):
            if full == base[:-1]:
                return base[:-1], ""
            if full.startswith(base):
                return base, full[len(base) :]
        if script:
            return request.root_path.rstrip("/") + "/", path.lstrip("/")
        return "/", "not here"

    # Showing

    def show_form(self, request: Request) -> Response:
        """Returns an empty form with a fresh token."""
        return self.page(HTTPStatus.OK, Shown(self.tokens.new()))

    def page(self, status: HTTPStatus, shown: Shown) -> Response:
        """Returns a form in the site's page."""
        html = self.shells.fill(FORM, pages.form_html(self.settings, shown))
        return Response(html, status, mimetype="text/html")

    def show_receipt(self, request: Request) -> Response:
        """Returns what became of a submission."""
        receipt = self.receipt(self.tokens.read_receipt(request.args.get("r", "")))
        known = receipt.state != "unknown"
        status = HTTPStatus.OK if known else HTTPStatus.NOT_FOUND
        if _wants_json(request):
            return _json(status, msgspec.to_builtins(receipt))
        html = self.shells.fill(RECEIPT, pages.receipt_html(receipt))
        return Response(html, status, mimetype="text/html")

    def receipt(self, id: str) -> Receipt:
        """Returns what became of a submission."""
        if not id:
            return Receipt("unknown")
        url = self.published.url_of(id)
        if url:
            is_there = not self.settings.rebuild or self.shells.is_built(url)
            return Receipt("published" if is_there else "accepted", url)
        state = self.spool.find(id)
        if state in ("pending", "spam"):
            return Receipt("waiting")
        # Whatever is known nowhere was purged long ago.
        return Receipt("declined")

    def health(self, request: Request) -> Response:
        """Returns whether this process can acknowledge anything."""
        try:
            self.spool.check()
        except QueueBroken:
            return _text(HTTPStatus.SERVICE_UNAVAILABLE, "broken")
        return _text(HTTPStatus.OK, "ok")

    # Receiving

    def receive(self, request: Request, mount: str) -> "Response | Redirect":
        """Takes a submission, or shows the form again and says why not."""
        try:
            id = self.take(request)
        except Refusal as refusal:
            return self.refuse(request, refusal)
        base = mount if mount.endswith("/") else f"{mount}/"
        address = f"{base}received/?r={self.tokens.receipt(id)}"
        if _wants_json(request):
            answer = {"state": "waiting", "receipt": address}
            response = _json(HTTPStatus.CREATED, answer)
            response.headers["Location"] = address
            return response
        return Redirect(HTTPStatus.SEE_OTHER, address)

    def refuse(self, request: Request, refusal: Refusal) -> Response:
        """Returns the form with the text kept, or the same for programs."""
        token = refusal.token or self.tokens.new(again=True)
        if _wants_json(request):
            answer = {
                "error": refusal.code,
                "message": refusal.message,
                "fields": dict(refusal.errors),
                "token": token,
            }
            response = _json(refusal.status, answer)
        else:
            # With errors beside their fields, the summary says it all.
            notice = "" if refusal.errors else refusal.message
            shown = Shown(token, refusal.values, refusal.errors, notice)
            response = self.page(refusal.status, shown)
        if refusal.retry_after:
            response.headers["Retry-After"] = str(refusal.retry_after)
        return response

    def take(self, request: Request) -> str:
        """Returns the id under which a submission was stored; raises Refusal."""
        values = self.read(request)
        try:
            return self.take_values(request, values)
        except Refusal:
            raise
        except Exception as error:  # a bug of ours must not cost anybody their text
            log.error("a request failed: %s", _told(error))
            raise Refusal(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "trouble",
                TROUBLE,
                values,
                token=values.get("token", ""),
                retry_after=RETRY_SECONDS,
            ) from error

    def take_values(self, request: Request, values: Mapping[str, str]) -> str:
        """Returns the id under which the fields of a form were stored."""
        own, others = self.config.origin, self.settings.origins
        if not origin.is_allowed(request.environ, own, others):
            words = "This form was sent from another site. Please send it from here."
            raise Refusal(HTTPStatus.FORBIDDEN, "origin", words, values)
        token = self.tokens.read(values.get("token", ""))
        if token.state != "good":
            words = "Please look it over and press Send once more."
            code = "token-old" if token.state == "old" else "token-missing"
            raise Refusal(HTTPStatus.FORBIDDEN, code, words, values)
        draft, errors = form.check(values, self.settings)
        if draft is None:
            raise Refusal(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "fields",
                "Some fields need another look.",
                values,
                errors,
                values["token"],
            )
        try:
            return self.store(request, draft, token, values)
        except OSError as error:
            raise self.failed(failure_of(error), values) from error
        except QueueFailure as failure:
            raise self.failed(failure, values) from failure

    def failed(self, failure: QueueFailure, values: Mapping[str, str]) -> Refusal:
        """Returns the refusal for a disk that does not take what was sent."""
        log.error("a submission was not stored: %s", failure.message)
        full = isinstance(failure, QueueFull)
        status = (
            HTTPStatus.INSUFFICIENT_STORAGE if full else HTTPStatus.SERVICE_UNAVAILABLE
        )
        words = "Your post could not be stored here. Please try again later."
        token = values["token"]
        return Refusal(status, "storage", words, values, token=token, retry_after=300)

    def read(self, request: Request) -> dict[str, str]:
        """Returns the fields of a request whose size and form are allowed."""
        try:
            body = body_of(request, self.settings.limits.body)
            return form.read_body(body, self.settings)
        except Unwelcome as found:
            raise Refusal(found.status, found.code, found.message) from None
        except Unreadable as found:
            raise Refusal(
                HTTPStatus.BAD_REQUEST, "form", found.message, found.values
            ) from None

    def store(
        self,
        request: Request,
        draft: Draft,
        token: FormToken,
        values: Mapping[str, str],
    ) -> str:
        """Stores a checked submission; returns its id when it is on the disk."""
        network = self.rates.hash_of(
            origin.network(request.environ, self.settings.trusted_proxies)
        )
        self.limit(network, values)
        submission = Submission(
            id=token.id,
            title=draft.title,
            content=draft.content,
            received=int(self.now()),
            author=draft.author,
            email=draft.email,
            extra=draft.extra,
            network=network,
            flags=self.suspicions(draft, token, values),
            sent=records.digest_sent(draft.title, draft.content),
        )
        if not submission.flags:
            require_stored(self.spool.add(submission, self.published), values)
        elif not self.spool.is_known(token.id, self.published):
            # Else it gets its first answer, whatever became of this form before.
            self.spool.add_spam(submission)
        return token.id

    def limit(self, network: str, values: Mapping[str, str]) -> None:
        """Counts a submission; raises Refusal if there were too many."""
        limits = self.settings.limits
        wait = self.rates.take(
            (
                Limit(b"all", limits.total),
                Limit(network.encode(), limits.per_network),
            )
        )
        if wait:
            words = "There were too many posts. Please try again later."
            raise Refusal(
                HTTPStatus.TOO_MANY_REQUESTS,
                "rate",
                words,
                values,
                token=values["token"],
                retry_after=int(wait) + 1,
            )

    def suspicions(
        self, draft: Draft, token: FormToken, values: Mapping[str, str]
    ) -> tuple[str, ...]:
        """Returns what makes a submission look like a machine's."""
        limits = self.settings.limits
        found = {
            "trap": bool(values.get(form.TRAP)),
            "fast": not token.again and token.age < limits.fill_seconds,
            "links": draft.links > limits.links,
        }
        return tuple(name for name, is_so in found.items() if is_so)


def require_stored(outcome: Outcome, values: Mapping[str, str]) -> None:
    """Raises Refusal if a submission was not stored."""
    if outcome is Outcome.TITLE_TAKEN:
        words = "This title is taken already. Please choose another one."
        raise Refusal(
            HTTPStatus.CONFLICT,
            "title-taken",
            words,
            values,
            {"title": words},
            values["token"],
        )
    if outcome is Outcome.TOKEN_USED:
        words = (
            "This form was sent before, with another text. To send this text as well, "
            "press Send once more."
        )
        raise Refusal(HTTPStatus.CONFLICT, "token-used", words, values)


def _told(error: Exception) -> str:
    """Returns what happened where; what a visitor sent may stand in the message."""
    message = printable(f"{type(error).__name__}: {error}")
    return f"{message}\n{''.join(traceback.format_tb(error.__traceback__))}"


def _wants_json(request: Request) -> bool:
    accept = request.environ.get("HTTP_ACCEPT", "")
    return "application/json" in accept and "text/html" not in accept


def _json(status: HTTPStatus, value: Any) -> Response:
    return Response(json.dumps(value), status, mimetype="application/json")


def _text(status: HTTPStatus, words: str, retry_after: int = 0) -> Response:
    response = Response(f"{words}\n", status, mimetype="text/plain")
    if retry_after:
        response.headers["Retry-After"] = str(retry_after)
    return response


class Redirect(msgspec.Struct, frozen=True):
    """An answer that sends a browser elsewhere on this site.

    The one answer that there are many of: Werkzeug's takes a fifth of a request.
    """

    status: HTTPStatus
    address: str

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        """Answers as a WSGI application."""
        address = quote(self.address, safe="/?=&%:@!$'()*+,;~")
        head = [*HEADERS.items(), ("Location", address), ("Content-Length", "0")]
        start_response(f"{self.status.value} {self.status.phrase}", head)
        return ()
