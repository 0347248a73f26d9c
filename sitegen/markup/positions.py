"""Where references stand in the Markdown: for problems, so only when there are some.

Found by CommonMark events for both engines; what only a Python-Markdown extension
understands is found as plain text.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator
from html import unescape
from typing import Any, cast
from urllib.parse import unquote

from pyromark import Markdown

from sitegen.markup.commonmark import OPTIONS
from sitegen.markup.document import SRCSET_URL

_TAG_VALUE = re.compile(
    r"(?<![\w-])(?i:(href|src|srcset|poster|data))\s*+=\s*+"
    r"""(?:"([^"]*+)|'([^']*+)|([^\s>"']++))"""
)
_WHOLE = re.compile(r"\s*+(.*\S)", re.DOTALL)


def reference_positions(
    text: str, targets: Collection[str]
) -> dict[str, tuple[tuple[int, int], ...]]:
    """Returns line and column of each link, image and definition with these targets.

    Both count from 1, columns in characters. A target that cannot be found has none.
    """
    wanted = {_key(target) for target in targets}
    text = text.replace("\0", "\ufffd")
    offsets: dict[str, set[int]] = defaultdict(set)
    for target, offset in _references(text.encode()):
        if _key(target) in wanted:
            offsets[_key(target)].add(offset)
    place = _Places(text)
    return {
        target: tuple(place.of_byte(offset) for offset in sorted(offsets[_key(target)]))
        or place.of_text(target)
        for target in targets
    }


def _key(target: str) -> str:
    """Returns what all spellings of a target have in common."""
    return unquote(target)


def _references(data: bytes) -> Iterator[tuple[str, int]]:
    """Yields the target and the offset in bytes of every reference."""
    markdown = Markdown(options=OPTIONS)
    text = data.decode()
    for definition in markdown.reference_definitions(text).values():
        yield definition["dest"], definition["span"]["start"]
    for event, span in markdown.events_with_range(text):
        if not isinstance(event, dict):
            continue
        kind, value = next(iter(cast(dict[str, Any], event).items()))
        if kind in ("Html", "InlineHtml"):
            yield from _in_html(data[span["start"] : span["end"]], span["start"])
        elif kind == "Start" and isinstance(value, dict):
            link = value.get("Link") or value.get("Image")
            if link:
                yield link["dest_url"], span["start"]


def _in_html(html: bytes, start: int) -> Iterator[tuple[str, int]]:
    """Yields the references of a piece of raw HTML."""
    text = html.decode()
    for match in _TAG_VALUE.finditer(text):
        group = match.lastindex or 0
        first = match.start(group)
        values = SRCSET_URL if match[1].lower() == "srcset" else _WHOLE
        for value in values.finditer(match[group]):
            at = first + value.start(1)
            yield unescape(value[1]), start + len(text[:at].encode())


class _Places:
    """Turns offsets in a text into lines and columns."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.data = text.encode()
        self.lines = [0, *(m.end() for m in re.finditer(b"\n", self.data))]

    def of_byte(self, offset: int) -> tuple[int, int]:
        """Returns line and column of an offset in bytes."""
        line = bisect_right(self.lines, offset)
        before = self.data[self.lines[line - 1] : offset]
        return line, len(before.decode()) + 1

    def of_text(self, wanted: str) -> tuple[tuple[int, int], ...]:
        """Returns where a piece of text first stands, if it does."""
        at = self.text.find(wanted) if wanted else -1
        return (self.of_byte(len(self.text[:at].encode())),) if at >= 0 else ()
