"""The form: a body becomes a checked draft, or words for what is wrong with it."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from sitegen.config import SubmissionField, Submissions, is_email
from sitegen.content.titles import MAX_TITLE, check_line, check_title

TRAP = "website"
"""The field that people do not see."""

LONGEST_NAME, LONGEST_EMAIL = 100, 254
LARGEST_NUMBER = 10**15

NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML forbids; one of them would break the whole site's feed."""

_CONTROLS = bytes({*range(32)} - {*b"\t\n\r"})

_LINK_SIGNS = ("//", "www.", "](", "<a ")


class Unreadable(ValueError):
    """A body is not a form of ours; carries the words for it and what was legible."""

    def __init__(self, message: str, values: Mapping[str, str]) -> None:
        super().__init__(message)
        self.message = message
        self.values = dict(values)


class Draft(msgspec.Struct, frozen=True):
    """What a visitor sent, checked; without id and time."""

    title: str
    content: str
    author: str
    email: str
    extra: dict[str, Any]
    links: int
    """How many links the texts have, roughly."""


def field_names(settings: Submissions) -> tuple[str, ...]:
    """Returns the names of all fields that the form may have."""
    own = tuple(field.name for field in settings.fields)
    return ("title", "content", "name", "email", "token", TRAP, *own)


def read_body(body: bytes, settings: Submissions) -> dict[str, str]:
    """Returns the fields of a url-encoded body; raises Unreadable."""
    known = field_names(settings)
    try:
        text = body.decode()
        pairs = _pairs(text, "strict", 2 * len(known))
    except UnicodeDecodeError:
        values = _legible(body, known)
        raise Unreadable("The text is not valid UTF-8.", values) from None
    except ValueError:
        raise Unreadable("The form has too many fields.", {}) from None
    values = {}
    for name, value in pairs:
        if name not in known:
            legible = _legible(body, known)
            raise Unreadable("The form has a field that is not known here.", legible)
        if name in values:
            raise Unreadable("The form has a field twice.", _legible(body, known))
        values[name] = value
    return values


def _pairs(text: str, errors: str, most: int) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True, errors=errors, max_num_fields=most)


def _legible(body: bytes, known: tuple[str, ...]) -> dict[str, str]:
    """Returns what can be shown again of a body that was refused."""
    try:
        pairs = _pairs(body.decode("utf-8", "replace"), "replace", 2 * len(known))
    except ValueError:
        return {}
    return {name: value for name, value in reversed(pairs) if name in known}


def check(
    values: Mapping[str, str], settings: Submissions
) -> tuple[Draft | None, dict[str, str]]:
    """Returns the draft in a form's fields, and words for each field that is wrong."""
    errors: dict[str, str] = {}
    title = values.get("title", "").strip()
    content = _lines(values.get("content", ""))
    author = values.get("name", "").strip()
    email = values.get("email", "").strip()
    note = {
        "title": _title_error(title),
        "content": _content_error(content, settings.limits.content),
        "name": _line_error(author, LONGEST_NAME),
        "email": _email_error(email),
    }
    errors.update({name: words for name, words in note.items() if words})
    extra: dict[str, Any] = {}
    for field in settings.fields:
        value, words = _read_field(field, values.get(field.name, ""))
        if words:
            errors[field.name] = words
        elif value not in ("", None):
            extra[field.name] = value
    if errors:
        return None, errors
    text = "\n".join((title, content, author, *map(str, extra.values())))
    links = sum(text.count(sign) for sign in _LINK_SIGNS)
    return Draft(title, content, author, email, extra, links), {}


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _title_error(title: str) -> str:
    fault = check_title(title)
    if fault is None:
        return _characters_error(title)
    if fault.code == "title-too-long":
        return f"The title is longer than {MAX_TITLE} characters."
    return "Please give it a title." if not title else fault.message


def _content_error(content: str, longest: int) -> str:
    if not content.strip():
        return "Please write something."
    if len(content) > longest:
        return f"The text has {len(content):,} characters; {longest:,} are allowed."
    return _characters_error(content)


def _line_error(text: str, longest: int) -> str:
    if len(text) > longest:
        return f"This is longer than {longest:,} characters."
    fault = check_line(text)
    return f"This {fault.message}." if fault else _characters_error(text)


def _characters_error(text: str) -> str:
    found = None if is_xml(text) else NOT_XML.search(text)
    return f"The character U+{ord(found[0]):04X} is not allowed." if found else ""


def is_xml(text: str) -> bool:
    """True if XML allows every character of a text; a tenth of a pattern's time."""
    try:
        data = text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    plain = len(data.translate(None, _CONTROLS)) == len(data)
    return plain and "\ufffe" not in text and "\uffff" not in text


def _email_error(email: str) -> str:
    if not email:
        return ""
    if not is_email(email):
        return "This does not look like an e-mail address."
    return _line_error(email, LONGEST_EMAIL)


def _read_field(field: SubmissionField, given: str) -> tuple[Any, str]:
    """Returns a declared field's value, or words for what is wrong with it."""
    text = _lines(given) if field.kind == "text" else given.strip()
    if field.kind == "flag":
        if field.required and not text:
            return None, "This must be ticked."
        return bool(text) or None, ""
    if not text.strip():
        return None, "This must be filled in." if field.required else ""
    if len(text) > field.longest:
        return None, f"This is longer than {field.longest:,} characters."
    if field.kind == "text":
        return text, _characters_error(text)
    words = _line_error(text, field.longest)
    if words:
        return None, words
    return _KINDS[field.kind](field, text)


def _read_line(field: SubmissionField, text: str) -> tuple[Any, str]:
    return text, ""


def _read_url(field: SubmissionField, text: str) -> tuple[Any, str]:
    return (text, "") if is_web_url(text) else (None, "This is not a web address.")


def is_web_url(text: str) -> bool:
    """True for an http or https address with a host and without spaces."""
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return False
    plain = not re.search(r"[\s\\<>\"'`{}|^]", text)
    return plain and parts.scheme in ("http", "https") and bool(host)


def _read_number(field: SubmissionField, text: str) -> tuple[Any, str]:
    if re.fullmatch(r"-?[0-9]{1,16}", text) and abs(int(text)) <= LARGEST_NUMBER:
        return int(text), ""
    return None, "This is not a whole number."


def _read_date(field: SubmissionField, text: str) -> tuple[Any, str]:
    try:
        return date.fromisoformat(text).isoformat(), ""
    except ValueError:
        return None, "This is not a date such as 2026-01-31."


def _read_choice(field: SubmissionField, text: str) -> tuple[Any, str]:
    return (
        (text, "") if text in field.choices else (None, "Please choose one of these.")
    )


_KINDS = {
    "line": _read_line,
    "url": _read_url,
    "number": _read_number,
    "date": _read_date,
    "choice": _read_choice,
}
