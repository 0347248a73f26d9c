"""Single keys of a file's front matter are changed; every other byte stays."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import msgspec

from sitegen.content import header_dialect, toml_dialect, yaml_dialect
from sitegen.content.frontmatter import FrontMatter, parse
from sitegen.problems import SitegenError

_BOM = b"\xef\xbb\xbf"
_TABLE = re.compile(r"^[ \t]*\[", re.MULTILINE)
_TOML_TOKEN = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|' + r"'''.*?'{3,5}|"
    r""""(?:[^"\\\n]|\\.)*"|'[^'\n]*'|#[^\n]*|[\[\]{}\n]|[^\s\[\]{}#"']+""",
    re.DOTALL,
)


class Entry(msgspec.Struct, frozen=True):
    """Where a key and its value stand in the text of front matter."""

    start: int
    """Of its first line."""
    value: int
    stop: int
    """Where the value ends; a comment may follow."""


def edit(data: bytes, changes: Mapping[str, Any]) -> bytes:
    """Returns a file with these keys set, or removed where the value is None.

    A new key comes after the title; order, comments and formatting of all else stay.
    Raises SitegenError where that cannot be done without touching other keys, such as
    in a mapping that is written in braces.
    """
    front = _parsed(data)
    if front.dialect is None:
        return _with_new(data, {k: v for k, v in changes.items() if v is not None})
    start, stop = _bounds(data, front)
    text = data[start:stop].decode()
    expected = dict(front.fields)
    for key, value in changes.items():
        if value is not None:
            expected[key] = _plain(front.dialect, value)
            text = _set(front.dialect, text, key, expected[key])
        elif expected.pop(key, None) is not None or key in front.fields:
            text = _removed(front.dialect, text, key)
    result = data[:start] + text.encode() + data[stop:]
    _verify(result, expected, data[front.body.offset :], changes)
    return result


def _parsed(data: bytes) -> FrontMatter:
    front, problems = parse(data, "")
    if problems:
        raise SitegenError(problems[0].message, problems[0].hint)
    return front


def _with_new(data: bytes, fields: dict[str, Any]) -> bytes:
    """Returns a file that had no front matter with one."""
    mark = _BOM if data.startswith(_BOM) else b""
    text = f"---\n{yaml_dialect.write(fields)}---\n"
    return mark + text.encode() + data[len(mark) :]


def _bounds(data: bytes, front: FrontMatter) -> tuple[int, int]:
    """Returns where the text of the front matter begins and ends, in bytes."""
    start = len(_BOM) if data.startswith(_BOM) else 0
    stop = front.body.offset
    if front.dialect == "header":
        return start, stop
    return data.index(b"\n", start) + 1, data.rindex(b"\n", 0, stop - 1) + 1


def _plain(dialect: str, value: Any) -> Any:
    """Returns a value as the dialect reads it."""
    if dialect != "header" or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date) else str(value)


def _set(dialect: str, text: str, key: str, value: Any) -> str:
    """Returns the text with a key set; a new one comes after the title."""
    line = _WRITERS[dialect]({key: value})
    written = line[line.index(_SIGNS[dialect]) + 1 :].removesuffix("\n")
    newline = "\r\n" if "\r\n" in text else "\n"
    entry = _ENTRIES[dialect](text, key)
    if entry is None:
        title = _ENTRIES[dialect](text, "title")
        at = _line_end(text, title.stop) if title else 0
        return text[:at] + line.replace("\n", newline) + text[at:]
    if text[entry.value - 1] != ":":
        written = written.removeprefix(" ")
    new = written.replace("\n", newline)
    before = text[: entry.value]
    before = before.rstrip(" \t") if new.startswith(newline) else before
    return before + new + text[entry.stop :]


def _removed(dialect: str, text: str, key: str) -> str:
    entry = _ENTRIES[dialect](text, key)
    if entry is None:
        return text  # noticed when the result is looked at
    return text[: entry.start] + text[_line_end(text, entry.stop) :]


def _line_end(text: str, at: int) -> int:
    """Returns where the next line begins."""
    return text.find("\n", at) + 1 or len(text)


def _verify(
    data: bytes, fields: dict[str, Any], body: bytes, changes: Mapping[str, Any]
) -> None:
    front, problems = parse(data, "")
    same = front.fields == fields and data[front.body.offset :] == body
    if problems or not same:
        keys = " and ".join(f"'{key}'" for key in changes)
        message = f"{keys} cannot be changed without touching the rest."
        raise SitegenError(message, "Change the front matter by hand.")


def _yaml_entry(text: str, key: str) -> Entry | None:
    import yaml

    node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if not isinstance(node, yaml.MappingNode) or node.flow_style:
        return None
    for own, child in node.value:
        if own.value == key:
            start = text.rfind("\n", 0, own.start_mark.index) + 1
            colon = text.index(":", own.end_mark.index) + 1
            value, stop = child.start_mark.index, _yaml_end(child, text)
            if value == child.end_mark.index:
                return Entry(start, colon, colon)
            return Entry(start, colon if "\n" in text[colon:value] else value, stop)
    return None


def _yaml_end(node: Any, text: str) -> int:
    """Returns where the last value in a node ends, without the white space after it."""
    import yaml

    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _yaml_end(last[1] if isinstance(last, tuple) else last, text)
    begin, end = node.start_mark.index, node.end_mark.index
    return int(begin + len(text[begin:end].rstrip()))


def _toml_entry(text: str, key: str) -> Entry | None:
    table = _TABLE.search(text)
    name = re.escape(key)
    pattern = rf"^[ \t]*(?:\"{name}\"|'{name}'|{name})[ \t]*=[ \t]*"
    found = re.compile(pattern, re.MULTILINE).search(text)
    if found is None or (table and table.start() < found.start()):
        return None
    return Entry(found.start(), found.end(), _toml_end(text, found.end()))


def _toml_end(text: str, start: int) -> int:
    depth, stop = 0, start
    for token in _TOML_TOKEN.finditer(text, start):
        if token[0] == "\n" and depth == 0 or token[0].startswith("#") and depth == 0:
            break
        depth += (token[0] in "[{") - (token[0] in "]}")
        stop = token.end()
    return stop


def _header_entry(text: str, key: str) -> Entry | None:
    pattern = re.compile(rf"^{re.escape(key)}:[ \t]*", re.MULTILINE | re.IGNORECASE)
    found = pattern.search(text)
    if found is None:
        return None
    rest = re.compile(r"[^\r\n]*(?:\r?\n[ \t]+[^\s][^\r\n]*)*").match(text, found.end())
    stop = rest.end() if rest else found.end()
    return Entry(found.start(), found.end(), stop)


_ENTRIES: dict[str, Callable[[str, str], Entry | None]] = {
    "yaml": _yaml_entry,
    "toml": _toml_entry,
    "header": _header_entry,
}
_WRITERS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "yaml": yaml_dialect.write,
    "toml": toml_dialect.write,
    "header": header_dialect.write,
}
_SIGNS = {"yaml": ":", "toml": "=", "header": ":"}
