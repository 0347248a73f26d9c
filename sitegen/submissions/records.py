"""What a visitor sent, checked, and how it lies in the queue as a file."""

import hashlib
import re
from typing import Any, Literal

import msgspec

from sitegen.content.frontmatter import parse as parse_front_matter
from sitegen.content.titles import title_key

State = Literal["pending", "spam", "rejected"]

STATES: tuple[State, ...] = ("pending", "spam", "rejected")
"""The folders in which an entry can lie, the first one wins."""

ID = re.compile(r"[0-9a-f]{20}")
"""What an entry's id, which is its form's nonce, looks like."""

_NOT_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What JSON allows in a text as it is, and YAML does not."""

_NAMES = (
    *("id", "title", "author", "email", "received", "network", "flags", "sent"),
    *("reason", "extra"),
)

_BEGINNING = b"---\nuntrusted: true\n"

_JSON = re.compile(rb'["{\[0-9]')
"""What a value that `dump` wrote begins with."""


class Submission(msgspec.Struct, frozen=True):
    """What a visitor sent, checked, with the time and a random id."""

    id: str
    title: str
    content: str
    """Markdown, with line ends as `\\n`."""
    received: int
    """Seconds since 1970-01-01 00:00 UTC."""
    author: str = ""
    email: str = ""
    extra: dict[str, Any] = {}
    """Values of the fields that the configuration declares."""
    network: str = ""
    """A keyed hash of the sender's network; means nothing once its key has expired."""
    flags: tuple[str, ...] = ()
    """What the guards noticed."""
    sent: str = ""
    """A digest of title and content as they arrived; editing does not change it."""
    reason: str = ""
    """Why it was rejected, in the moderator's words."""


class BadEntry(ValueError):
    """A file of the queue is not an entry; says what is wrong with it."""


def digest_sent(title: str, content: str) -> str:
    """Returns the digest by which a form that is sent twice is recognised."""
    return hashlib.sha256(f"{title}\n\n{content}".encode()).hexdigest()


def title_digest(title: str) -> str:
    """Returns the name under which a title is held: no visitor's text is in it."""
    return hashlib.sha256(title_key(title).encode()).hexdigest()


def dump(submission: Submission) -> bytes:
    """Returns the bytes of an entry's file.

    JSON is YAML, and quoting by JSON costs a thirtieth of PyYAML's dumper; flat keys
    are read in a fifth of the time. Whoever writes the file parses what was written
    and compares. `untrusted` and the unknown keys keep a build from taking the file
    for a post, should somebody move it into the content by hand.
    """
    fields = ((name, getattr(submission, name)) for name in _NAMES)
    lines = [f"{name}: {_quoted(value)}" for name, value in fields if value]
    return "\n".join(
        ["---", "untrusted: true", *lines, "---", submission.content]
    ).encode()


def _quoted(value: Any) -> str:
    """Returns a value as JSON that YAML reads as the same value."""
    text = msgspec.json.encode(value).decode()
    return text if text.isprintable() else _NOT_YAML.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def parse(data: bytes, name: str = "entry") -> Submission:
    """Returns the submission in the bytes of an entry's file; raises BadEntry."""
    values = _as_dumped(data) or _as_front_matter(data, name)
    try:
        found = msgspec.convert({"received": 0, **values}, Submission)
    except msgspec.ValidationError as failure:
        raise BadEntry(f"{name}: {failure}.") from None
    if not ID.fullmatch(found.id):
        raise BadEntry(f"{name}: the id is not one of ours.")
    return found


def _as_dumped(data: bytes) -> dict[str, Any] | None:
    """Returns the fields of an entry that is as `dump` wrote it, else None.

    In a third of the time that a reader of YAML takes: each entry is read back before
    it is acknowledged.
    """
    front, end, content = data.partition(b"\n---\n")
    if not end or not front.startswith(_BEGINNING):
        return None
    values: dict[str, Any] = {}
    for line in front[len(_BEGINNING) :].split(b"\n"):
        name, _, value = line.partition(b": ")
        key = name.decode("ascii", "replace")
        if key not in _NAMES or key in values or not _JSON.match(value):
            return None
        try:
            values[key] = msgspec.json.decode(value)
        except ValueError:
            return None
    try:
        values["content"] = content.decode()
    except UnicodeDecodeError:
        return None
    return values


def _as_front_matter(data: bytes, name: str) -> dict[str, Any]:
    """Returns the fields of an entry that somebody wrote by hand; raises BadEntry."""
    front, problems = parse_front_matter(data, name)
    if problems:
        raise BadEntry(f"{name}: {problems[0].message}")
    fields = dict(front.fields)
    if fields.pop("untrusted", None) is not True or not fields.keys() <= {*_NAMES}:
        raise BadEntry(f"{name}: the front matter is not that of an entry.")
    return {**fields, "content": data[front.body.offset :].decode()}
