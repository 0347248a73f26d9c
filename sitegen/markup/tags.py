"""Finds the tags of an HTML text that matter to us, in one linear pass.

The scanner reads tags as browsers do: a `>` inside a quoted value ends no tag, and
comments and the contents of `<script>`, `<style>`, `<textarea>` and `<xmp>` hold
none. Quantifiers are possessive and what is unclosed runs to the end of the text, so
no input takes more than linear time. No group captures inside a possessive one: that
fails in some releases of Python 3.11 (https://github.com/python/cpython/issues/101955).
"""

import re
from collections.abc import Iterator
from functools import cache
from html import unescape

import msgspec

ATTRIBUTES = (
    r"(?:[^=>]++"
    r"""|=[ \t\n\f\r]*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))?+"""
    r")*+(?:>|\Z)"
)
"""The rest of a tag after its name, up to and including its `>`."""

RAW = "(?i:script|style|textarea|xmp)"
"""Elements whose content is text, whatever it looks like."""

COMMENT = r"<!--(?:-?+>|(?:[^-]++|-(?!-!?>))*+(?:--!?>|\Z))"

_NAME = r"[a-zA-Z][^\s/>]*+"
_PLAIN = (
    r"[^<]++"
    r"|<(?!/?[hH][1-6]|(?i:script|style|textarea|xmp))"
    r"""(?:/?[a-zA-Z0-9]++(?: (?:class|style|tabindex)="[^"]*+")*+(?: ?/)?+>"""
    rf"|/(?:{_NAME}{ATTRIBUTES}|[^a-zA-Z][^>]*+>?+)"
    r"|\?[^>]*+>?+|!(?!--)[^>]*+>?+|(?![a-zA-Z/?!]))"
)
"""Text and tags that are skipped: end tags and those without an attribute that could
matter. Kept inside one quantifier, so that only the rest costs a Python call."""

LINK, IMAGE, HEADING, HEADING_END, COMMENTED, RAW_TAG, TAG = 1, 2, 4, 5, 6, 8, 10
"""What `lastindex` of a scanner's match says."""


@cache
def scanner() -> re.Pattern[str]:
    """Returns the pattern that matches at every position up to the end of a text.

    `lastindex` of a match says what was found: a constant above, or None. Bodies in
    which no author wrote HTML do without it.
    """
    return re.compile(
        rf"(?:{_PLAIN})*+(?:"
        r'<a href="([^"]*+)"(?: title="[^"]*+")?+>'
        r'|<img src="([^"]*+)" alt="[^"]*+"(?: title="[^"]*+")?+ ?/?>'
        rf"|<([hH][1-6])(?=[\s/>])({ATTRIBUTES})"
        rf"|</([hH][1-6])(?=[\s/>]){ATTRIBUTES}"
        rf"|({COMMENT})"
        rf"|<({RAW})(?=[\s/>])({ATTRIBUTES})(?:[^<]++|<(?!/(?i:\7)[\s/>]))*+"
        rf"|<({_NAME})({ATTRIBUTES})"
        rf"|</{_NAME}{ATTRIBUTES}"
        r"|<|\Z)"
    )


_ATTRIBUTE = re.compile(
    r"([^\s/>=]++)"
    r"""(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>"'][^\s>]*+))?)?"""
)


class Attribute(msgspec.Struct, frozen=True):
    """One attribute of a tag: where its value stands, and whether in quotes."""

    name: str
    value: str
    """Unescaped."""
    name_end: int
    start: int
    end: int
    quoted: bool


def attributes(html: str, start: int, end: int) -> Iterator[Attribute]:
    """Returns the attributes of the tag whose name ends at `start`."""
    for match in _ATTRIBUTE.finditer(html, start, end):
        at = match.lastindex or 0
        value = unescape(match[at]) if at > 1 else ""
        first, last = match.span(at) if at > 1 else (match.end(), match.end())
        yield Attribute(
            match[1].lower(), value, match.end(1), first, last, at in (2, 3)
        )
