"""Front matter as `Title: value` lines, the way Pelican and MultiMarkdown write it."""

import re
from collections.abc import Mapping
from typing import Any

from sitegen.content.flaws import Flaw, Place, Unreadable
from sitegen.content.yaml_dialect import duplicate_key

CODES = {"header-line": "A line of the header is not `Key: value`."}

_LINE = re.compile(r"([A-Za-z][A-Za-z0-9_-]*):(?:[ \t]+(.*))?")
_KEY = re.compile(r"[a-z][a-z0-9_-]*")
_BREAKS = re.compile("[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")


def begins(line: str) -> bool:
    """True if a file whose first line is this one may begin with a header."""
    return _LINE.fullmatch(line.rstrip()) is not None


def read(text: str) -> dict[str, Any] | None:
    """Returns the fields, each a text, or None if the text is not a header.

    A paragraph may begin with `Note: `. So a line that is not `Key: value` is an error
    only in a header that has a title; anywhere else it shows that there is no header.
    """
    parts: dict[str, list[str]] = {}
    flaw: Flaw | None = None
    key = ""
    start = 0
    for line in text.removesuffix("\n").split("\n"):
        content = line.strip()
        match = _LINE.fullmatch(line.rstrip())
        if match and match[1].lower() in parts:
            flaw = flaw or duplicate_key(match[1], start)
        elif match:
            key = match[1].lower()
            parts[key] = [(match[2] or "").strip()]
        elif key and line.startswith((" ", "\t")) and content:
            parts[key].append(content)
        else:
            flaw = flaw or _not_a_line(start)
        start += len(line) + 1
    if flaw and "title" not in parts:
        return None
    if flaw:
        raise Unreadable(flaw)
    return {key: " ".join(lines).strip() for key, lines in parts.items()}


def _not_a_line(at: int) -> Flaw:
    return Flaw(
        "header-line",
        at,
        "This line of the header is not 'Key: value'.",
        "Indent it if it goes on from the line above; end the header by a blank line.",
    )


def write(fields: Mapping[str, Any]) -> str:
    """Returns header lines; ValueError for what a header cannot hold."""
    if not fields:
        raise ValueError("a header has at least one line")
    return "".join(f"{_key(key)}: {_text(key, fields[key])}\n" for key in fields)


def _key(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError(f"a header cannot hold the key {key!r}")
    return key


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or _BREAKS.search(value) or value.strip() != value:
        raise ValueError(f"a header cannot hold the value of '{key}': {value!r}")
    return value


def locate(text: str, key: str, place: Place) -> int:
    """Returns where a key, its value or an item of its list begins in the text."""
    start = re.compile(rf"^{re.escape(key)}:[ \t]*", re.MULTILINE | re.IGNORECASE)
    match = start.search(text)
    if match is None:
        return 0
    if place.is_key:
        return match.start()
    for number, item in enumerate(re.finditer(r"[^,;]+", text[match.end() :])):
        if place.is_item(number, item[0].strip()):
            return match.end() + item.end() - len(item[0].lstrip())
    return match.end()
