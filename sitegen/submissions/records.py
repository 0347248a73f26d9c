"""What a visitor sent, checked, and how it lies in the queue as a file."""

import hashlib
import json
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

_ABOUT = frozenset({"id", "received", "email", "network", "flags", "sent", "reason"})
_KEYS = frozenset({"title", "author", "extra", "submission"})


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

    JSON is YAML, and quoting by JSON costs a thirtieth of PyYAML's dumper. Whoever
    writes the file parses what was written and compares.
    """
    about = {
        name: getattr(submission, name)
        for name in ("id", "received", "email", "network", "flags", "sent", "reason")
    }
    fields = {
        "title": submission.title,
        "author": submission.author,
        "extra": submission.extra,
        "submission": about,
    }
    lines = [f"{key}: {_quoted(value)}" for key, value in fields.items() if value]
    return "\n".join(["---", *lines, "---", submission.content]).encode()


def _quoted(value: Any) -> str:
    """Returns a value as JSON that YAML reads as the same value."""
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else _NOT_YAML.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def parse(data: bytes, name: str = "entry") -> Submission:
    """Returns the submission in the bytes of an entry's file; raises BadEntry."""
    front, problems = parse_front_matter(data, name)
    if problems:
        raise BadEntry(f"{name}: {problems[0].message}")
    about = front.fields.get("submission")
    if not front.fields.keys() <= _KEYS or not isinstance(about, dict):
        raise BadEntry(f"{name}: the front matter is not that of an entry.")
    if not about.keys() <= _ABOUT:
        raise BadEntry(f"{name}: 'submission' has a key that no entry has.")
    values = {key: front.fields[key] for key in front.fields if key != "submission"}
    content = data[front.body.offset :].decode()
    try:
        found = msgspec.convert({**values, **about, "content": content}, Submission)
    except msgspec.ValidationError as failure:
        raise BadEntry(f"{name}: {failure}.") from None
    if not ID.fullmatch(found.id):
        raise BadEntry(f"{name}: the id is not one of ours.")
    return found
