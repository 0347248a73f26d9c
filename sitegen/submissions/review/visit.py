"""One request to the review pages: who sent it, and what it asks for."""

import re
from http import HTTPStatus
from urllib.parse import parse_qsl

import msgspec
from werkzeug.routing import BaseConverter, Map, Rule
from werkzeug.wrappers import Request, Response

from sitegen.submissions.records import ID
from sitegen.submissions.review.session import Session

MOST_FIELDS = 200

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

PREVIEW_POLICY = (
    "sandbox; default-src 'none'; style-src 'self'; img-src 'self'{hosts}; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)


class IdConverter(BaseConverter):
    """An entry's id in a path."""

    regex = ID.pattern


URLS = Map(
    [
        Rule("/", endpoint="queue", methods=["GET"]),
        Rule("/login/", endpoint="login", methods=["POST"]),
        Rule("/logout/", endpoint="logout", methods=["POST"]),
        Rule("/act/", endpoint="act", methods=["POST"]),
        Rule("/undo/", endpoint="undo", methods=["POST"]),
        Rule("/log/", endpoint="log", methods=["GET"]),
        Rule("/<id:id>/", endpoint="entry", methods=["GET"]),
        Rule("/<id:id>/preview/", endpoint="preview", methods=["GET"]),
        Rule("/<id:id>/edit/", endpoint="edit", methods=["GET", "POST"]),
    ],
    strict_slashes=False,
    merge_slashes=False,
    redirect_defaults=False,
    converters={"id": IdConverter},
)

NEXT = re.compile(r"([0-9a-f]{20}/(edit/)?|log/)?(\?[\w=&%+.:-]*)?", re.ASCII)
"""Where a log-in may lead: a path below the review pages."""


class Note(msgspec.Struct, frozen=True):
    """A sentence above a page."""

    words: str
    look: str = ""
    """`good`, `bad` or neither."""
    place: str = ""
    """Where what it speaks of is: a URL."""


class Visit(msgspec.Struct, frozen=True):
    """One request of a browser, and who sent it."""

    request: Request
    base: str
    """The path of the review pages."""
    place: str
    """What follows it."""
    hashed: str
    session: Session | None
    fields: dict[str, list[str]] = {}
    """What a form has sent."""

    def field(self, name: str) -> str:
        """Returns the first value of a field, or ""."""
        return next(iter(self.fields.get(name, ())), "")

    @property
    def next(self) -> str:
        """Where to go after logging in: never away from the review pages."""
        query = self.request.query_string.decode("ascii", "replace")
        place = f"{self.place}?{query}" if query else self.place
        return place if NEXT.fullmatch(place) else ""

    @property
    def who(self) -> str:
        """The name of the moderator."""
        return self.session.name if self.session else ""


def fields_of(body: bytes) -> dict[str, list[str]]:
    """Returns the fields of a form; raises ValueError."""
    pairs = parse_qsl(body.decode(), True, errors="strict", max_num_fields=MOST_FIELDS)
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields


def guarded(response: Response) -> Response:
    """Returns an answer with the headers that every review page has."""
    response.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Vary"] = "Cookie, Origin, Sec-Fetch-Site"
    return response


def redirect(status: HTTPStatus, place: str) -> Response:
    """Returns an answer that sends the browser elsewhere."""
    return Response("", status, {"Location": place}, mimetype="text/plain")
