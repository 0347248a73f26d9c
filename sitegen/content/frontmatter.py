"""Front matter of a content file: bytes in, fields and body out, and back."""

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from sitegen.content import header_dialect, toml_dialect, yaml_dialect
from sitegen.content.flaws import Flaw, Place, Unreadable, line_and_column
from sitegen.content.records import Body
from sitegen.digests import digest
from sitegen.problems import Location, Problem, error

CODES = {
    "encoding-not-utf8": "The file is not UTF-8 text.",
    "front-matter-unclosed": "The line that ends the front matter is missing.",
    "front-matter-too-long": "The front matter is longer than 256 KiB.",
    "front-matter-too-deep": "Values are nested too deeply.",
    "front-matter-too-many-values": "The front matter holds too many values.",
    "front-matter-not-keys": "The front matter is not made of keys and values.",
    "control-character": "A control character stands where text belongs.",
    "key-duplicate": "A key is written twice.",
    "date-impossible": "A date does not exist.",
    **yaml_dialect.CODES,
    **toml_dialect.CODES,
    **header_dialect.CODES,
}

Dialect = Literal["yaml", "toml", "header"]

MAX_BYTES = 256 * 1024
"""The longest front matter that is read."""
_MAX_SOURCE = 2000

_BOM = b"\xef\xbb\xbf"
_OPENING = re.compile(rb"(---|\+\+\+)[ \t]*(?:\r?\n|\Z)")
_REST_OF_FENCE = re.compile(rb"[ \t]*(?:\r?\n|\r?\Z)")
_BLANK_LINE = re.compile(rb"^[ \t]*(?:\r?\n|\r?\Z)", re.MULTILINE)
_FENCES = {"yaml": "---", "toml": "+++", "header": ""}
_DIALECTS: dict[str, Any] = {
    "yaml": yaml_dialect,
    "toml": toml_dialect,
    "header": header_dialect,
}


class FrontMatter(msgspec.Struct, frozen=True):
    """What a content file says about itself, and where its Markdown starts."""

    fields: dict[str, Any]
    """Text, int, float, bool, None, list, dict, date and datetime; nothing else."""
    body: Body
    dialect: Dialect | None
    """None if the file has no front matter."""


class _Head(msgspec.Struct, frozen=True):
    """The bytes of a file's front matter, between its first and its last line."""

    dialect: Dialect
    start: int
    stop: int
    body: int
    """Where the body starts."""


def parse(data: bytes, path: str) -> tuple[FrontMatter, tuple[Problem, ...]]:
    """Returns the front matter of a file, and what is wrong with it.

    With a problem, which is always an error, the fields are empty.
    """
    start = len(_BOM) if data.startswith(_BOM) else 0
    try:
        head = _find(data, start)
        text = _decode(data, head)
    except Unreadable as unreadable:
        flaw = unreadable.flaw  # its index counts bytes of the file
        at = _file_position(data, 0, data[: flaw.index].decode("utf-8", "replace"))
        return _failed(data, start, path, flaw, at)
    if head is None:
        return FrontMatter({}, _body(data, start), None), ()
    try:
        fields = _DIALECTS[head.dialect].read(text)
    except Unreadable as unreadable:
        flaw = unreadable.flaw  # its index counts characters of the front matter
        at = _file_position(data, head.start, text[: flaw.index])
        return _failed(data, head.body, path, flaw, at)
    if fields is None:  # it only looked like a header
        return FrontMatter({}, _body(data, start), None), ()
    return FrontMatter(fields, _body(data, head.body), head.dialect), ()


def _failed(
    data: bytes, body: int, path: str, flaw: Flaw, at: tuple[int, int]
) -> tuple[FrontMatter, tuple[Problem, ...]]:
    where = location(data, path, *at)
    problem = error(flaw.code, where, flaw.message, flaw.hint)
    return FrontMatter({}, _body(data, body), None), (problem,)


def dump(fields: Mapping[str, Any], body: str, dialect: Dialect = "yaml") -> str:
    """Returns the text of a file with these fields and this body.

    Raises ValueError for fields that the dialect cannot hold.
    """
    text = _DIALECTS[dialect].write(fields)
    fence = _FENCES[dialect]
    return f"{fence}\n{text}{fence}\n{body}" if fence else f"{text}\n{body}"


def locate(
    data: bytes,
    key: str,
    index: int | None = None,
    value: str | None = None,
    is_key: bool = False,
) -> tuple[int, int]:
    """Returns line and column of a key's value, or of an item of its list.

    The item is given by its index or as the text that it is; `is_key` asks for the key
    itself. A key inside a mapping is written with dots: `taxonomies.tags`. What is not
    found is at the nearest place. Slow; for files in which there is a problem.
    """
    try:
        head = _find(data, len(_BOM) if data.startswith(_BOM) else 0)
    except Unreadable:
        head = None
    if head is None:
        return (1, 1)
    text = data[head.start : head.stop].decode("utf-8", "replace")
    place = Place(index, value, is_key)
    at = _DIALECTS[head.dialect].locate(text, key, place)
    return _file_position(data, head.start, text[:at])


def location(data: bytes, path: str, line: int, column: int) -> Location:
    """Returns the place in a file together with the text of its line."""
    return Location(path, line, column, _source_line(data, line))


def _source_line(data: bytes, line: int) -> str:
    start = 0
    for _ in range(line - 1):
        start = data.find(b"\n", start) + 1
    end = data.find(b"\n", start)
    stop = min(len(data) if end < 0 else end, start + _MAX_SOURCE)
    text = data[start:stop].decode("utf-8", "replace")
    return text.removeprefix("\ufeff").rstrip("\r")


def _file_position(data: bytes, start: int, before: str) -> tuple[int, int]:
    """Returns the line and column where a text that begins at a byte has its end."""
    line, column = line_and_column(before, len(before))
    if before.startswith("\ufeff") and line == 1:
        column -= 1
    return data.count(b"\n", 0, start) + line, column


def _find(data: bytes, start: int) -> _Head | None:
    """Returns where the front matter lies, or None if there is none."""
    opening = _OPENING.match(data, start)
    if opening is None:
        return _find_header(data, start)
    begin = opening.end()
    if opening[1] == b"+++":
        closing = _find_line(data, b"\n+++", begin, begin + MAX_BYTES)
        dialect: Dialect = "toml"
    else:
        closing = _find_line(data, b"\n---", begin, begin + MAX_BYTES)
        limit = closing[0] if closing else begin + MAX_BYTES
        closing = _find_line(data, b"\n...", begin, limit) or closing
        dialect = "yaml"
    if closing is None:
        raise Unreadable(_not_closed(data, opening[1].decode(), start, begin))
    return _Head(dialect, begin, *closing)


def _find_line(
    data: bytes, mark: bytes, begin: int, limit: int
) -> tuple[int, int] | None:
    """Returns where a line that is only this mark begins, and where the next does."""
    at = data.find(mark, begin - 1, limit)
    while at >= 0:
        rest = _REST_OF_FENCE.match(data, at + len(mark))
        if rest:
            return at + 1, rest.end()
        at = data.find(mark, at + 1, limit)
    return None


def _not_closed(data: bytes, fence: str, start: int, begin: int) -> Flaw:
    if len(data) - begin > MAX_BYTES:
        return Flaw(
            "front-matter-too-long",
            start,
            f"The front matter does not end within {MAX_BYTES // 1024} KiB.",
            f"End it by a line that is only {fence}, and keep long texts in the body.",
        )
    return Flaw(
        "front-matter-unclosed",
        start,
        f"The front matter that begins with {fence} is not closed.",
        f"Add a line that is only {fence} after the last key.",
    )


def _find_header(data: bytes, start: int) -> _Head | None:
    end = data.find(b"\n", start, start + 1000)
    first = data[start : end if end >= 0 else start + 1000]
    if not header_dialect.begins(first.decode("utf-8", "replace")):
        return None
    blank = _BLANK_LINE.search(data, start, start + MAX_BYTES)
    if blank:
        return _Head("header", start, blank.start(), blank.end())
    if len(data) - start > MAX_BYTES:
        return None
    return _Head("header", start, len(data), len(data))


def _decode(data: bytes, head: _Head | None) -> str:
    """Returns the text of the front matter; the whole file has to be UTF-8."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable(_not_utf8(0, "It looks like UTF-16"))
    start, stop = (head.start, head.stop) if head else (0, 0)
    try:
        if not data.isascii():
            data.decode()
        return data[start:stop].decode()
    except UnicodeDecodeError as problem:
        flaw = _not_utf8(problem.start, f"Byte 0x{data[problem.start]:02X} here")
        raise Unreadable(flaw) from None


def _not_utf8(at: int, what: str) -> Flaw:
    return Flaw(
        "encoding-not-utf8",
        at,
        f"The file is not UTF-8 text. {what}.",
        "Save it as UTF-8 in your editor, or: iconv -f WINDOWS-1252 -t UTF-8",
    )


def _body(data: bytes, start: int) -> Body:
    line = data.count(b"\n", 0, start) + 1
    return Body(start, line, digest(memoryview(data)[start:]))
