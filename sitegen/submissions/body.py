"""The body of a request, as far as its size and kind are allowed."""

from http import HTTPStatus
from typing import Any

from werkzeug.wrappers import Request

FORM_TYPE = "application/x-www-form-urlencoded"


class Unwelcome(Exception):
    """Why a body is not read: a status, a code for programs, and words."""

    def __init__(self, status: HTTPStatus, code: str, message: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message


def body_of(request: Request, most: int) -> bytes:
    """Returns the bytes of a url-encoded form, whole; raises Unwelcome."""
    environ = request.environ
    if request.mimetype != FORM_TYPE or environ.get("HTTP_CONTENT_ENCODING"):
        words = f"Send the form as {FORM_TYPE}, not encoded."
        raise Unwelcome(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "media-type", words)
    length = environ.get("CONTENT_LENGTH") or ""
    if not length or environ.get("HTTP_TRANSFER_ENCODING"):
        words = "The length of the form is missing."
        raise Unwelcome(HTTPStatus.LENGTH_REQUIRED, "length", words)
    if not (length.isascii() and length.isdigit()):
        words = "The length of the form is not a number."
        raise Unwelcome(HTTPStatus.BAD_REQUEST, "length", words)
    if len(length) > 15 or int(length) > most:
        words = f"The form is larger than {most:,} bytes."
        raise Unwelcome(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", words)
    body = _read(environ["wsgi.input"], int(length))
    if len(body) < int(length):
        words = "The form did not arrive as a whole."
        raise Unwelcome(HTTPStatus.BAD_REQUEST, "form", words)
    return body


def _read(stream: Any, length: int) -> bytes:
    """Returns up to so many bytes; a server may hand them out in pieces."""
    parts = []
    while length > 0:
        part = stream.read(length)
        if not part:
            break
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
