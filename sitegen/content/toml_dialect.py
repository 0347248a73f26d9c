"""Front matter in TOML: text in, plain values out, and back."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any

from sitegen.content.flaws import Flaw, Place, Unreadable, index_of
from sitegen.content.yaml_dialect import MAX_DEPTH, too_deep

CODES = {"toml-syntax": "The front matter is not valid TOML."}

# `tomllib` takes quadratic time for `a.a.a.a… = 1`.
_LONG_KEY = re.compile(r"""(?<![\w"'-])(?:[\w"'-]++[ \t]*+\.[ \t]*+){33}""")
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_KEY = r"""[ \t]*(?:"{0}"|'{0}'|{0})[ \t]*=[ \t]*"""
_TOKEN = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|' + r"'''.*?'{3,5}|"
    r""""(?:[^"\\\n]|\\.)*"|'[^'\n]*'|#[^\n]*|[\[\]{}]|[^\s,\[\]{}#"']+""",
    re.DOTALL,
)


def read(text: str) -> dict[str, Any]:
    """Returns the fields, or raises Unreadable."""
    import tomllib

    long_key = _LONG_KEY.search(text)
    if long_key:
        raise Unreadable(too_deep(long_key.start()))
    try:
        fields = tomllib.loads(text)
    except RecursionError:
        raise Unreadable(too_deep(0)) from None
    except ValueError as problem:  # also an integer of 5,000 digits
        raise Unreadable(_explain(text, str(problem))) from None
    return {key: _plain(value, 1) for key, value in fields.items()}


def _plain(value: Any, depth: int) -> Any:
    """Returns the value without times of day, which only TOML knows."""
    if depth > MAX_DEPTH:
        raise Unreadable(too_deep(0))
    if isinstance(value, list):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item, depth + 1) for key, item in value.items()}
    return value.isoformat() if isinstance(value, time) else value


_HINTS = {
    "Invalid value": 'Put text in quotes: title = "My title".',
    "Expected '=' after a key in a key/value pair": 'Write key = "value".',
    "Invalid statement": 'Write key = "value", a [table] or a # comment.',
    "Expected newline or end of document after a statement": (
        'One key a line; write \\" for a quote inside double quotes.'
    ),
    "Unclosed array": "Add the closing ']'.",
    "Unterminated string": "Add the closing quote.",
    "Illegal character '\\n'": "Close the quote on its line, or use three quotes.",
    "Unescaped '\\' in a string": "Use single quotes, or write '\\\\'.",
    "Invalid initial character for a key part": "Quote the key.",
}


def _explain(text: str, said: str) -> Flaw:
    """Says where and in plain words what `tomllib` did not understand."""
    place = _PLACE.search(said)
    at = len(text.rstrip())
    if place and place[1]:
        at = index_of(text.replace("\r\n", "\n"), int(place[1]), int(place[2]))
        at += text.replace("\r\n", "\n").count("\n", 0, at) * ("\r\n" in text)
    said = said[: place.start()] if place else said
    if said.startswith(("Cannot overwrite", "Cannot declare", "Duplicate")):
        at = text.rfind("\n", 0, at) + 1 if at and text[at - 1] != "\n" else at
        return Flaw(
            "key-duplicate",
            at,
            "A key or a table is written twice.",
            "Keep one of the two.",
        )
    if said == "Invalid date or datetime":
        return Flaw("date-impossible", at, "This date does not exist.", "Correct it.")
    return Flaw("toml-syntax", at, f"TOML: {said}.", _HINTS.get(said, ""))


def write(fields: Mapping[str, Any]) -> str:
    """Returns TOML that reads as these fields; ValueError for what it cannot hold."""
    return "".join(line + "\n" for line in _table(fields, ()))


def _table(fields: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """Yields the lines of a table: its values, then the tables inside it."""
    tables = {key: value for key, value in fields.items() if isinstance(value, dict)}
    for key, value in fields.items():
        if key not in tables:
            yield f"{_key(key)} = {_value(value)}"
    for key, value in tables.items():
        inner = (*path, _key(key))
        yield f"[{'.'.join(inner)}]"
        yield from _table(value, inner)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) and key.isascii() else _string(key)


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, dict):
        pairs = (f"{_key(key)} = {_value(item)}" for key, item in value.items())
        return "{" + ", ".join(pairs) + "}"
    raise ValueError(f"TOML cannot hold {value!r}")


def locate(text: str, key: str, place: Place) -> int:
    """Returns where a key, its value or an item of its list begins in the text."""
    start = 0
    match = _find_key(text, key, 0)
    if match is None:
        table, _, name = key.rpartition(".")
        start = _table_start(text, table)
        match = _find_key(text, name, start)
    if match is None:
        return start
    if place.is_key:
        return match.end() - len(match[0].lstrip())
    for number, (token, at) in enumerate(_items(text, match.end())):
        if place.is_item(number, _unquoted(token)):
            return at
    return match.end()


def _find_key(text: str, name: str, start: int) -> re.Match[str] | None:
    """Returns the beginning of a line up to where the value of a key begins."""
    pattern = re.compile("^" + _KEY.format(re.escape(name)), re.MULTILINE)
    return pattern.search(text, start)


def _table_start(text: str, name: str) -> int:
    if not name:
        return 0
    match = re.search(rf"^[ \t]*\[[ \t]*{re.escape(name)}[ \t]*\]", text, re.MULTILINE)
    return match.end() if match else 0


def _items(text: str, start: int) -> Iterator[tuple[str, int]]:
    """Yields the items of the list that begins here, with where they begin."""
    depth = 0
    for match in _TOKEN.finditer(text, start):
        token = match[0]
        if token in "]}":
            depth -= 1
        elif depth == 1 and not token.startswith("#"):
            yield token, match.start()
        if token in "[{":
            depth += 1
        if depth <= 0:
            return


def _unquoted(token: str) -> Any:
    import tomllib

    try:
        return tomllib.loads(f"x = {token}")["x"]
    except ValueError:
        return None
