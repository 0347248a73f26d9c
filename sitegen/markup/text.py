"""Plain text of HTML: what a reader reads, counted and cut."""

import re
from functools import cache
from html import unescape

from sitegen.markup.records import Document
from sitegen.markup.tags import ATTRIBUTES, COMMENT, RAW

SUMMARY_WORDS = 70
_SUMMARY_LENGTH = 1000
_CUT = "…"

_INLINE = (
    "a|abbr|b|bdi|bdo|cite|code|data|del|dfn|em|font|i|ins|kbd|label|mark|q|s|samp"
    "|small|span|strong|sub|sup|time|tt|u|var|wbr"
)


def _element(name: str, names: str, opening: str = r"(?=[\s/>])") -> str:
    """Returns a pattern for an element up to its end tag; `name` is its group's."""
    return (
        rf"<(?P<{name}>(?i:{names})){opening}{ATTRIBUTES}"
        rf"(?:[^<]++|<(?!/(?i:(?P={name}))[\s/>]))*+"
    )


_DROPPED = "|".join(
    (
        COMMENT,
        _element("raw", f"{RAW}|template"),
        _element("reference", "sup", ' class="footnote-ref"'),
        _element("anchor", "a", ' class="(?:headerlink|footnote-backref)"'),
    )
)
_INLINE_TAG = rf"</?(?i:{_INLINE})(?=[\s/>]){ATTRIBUTES}"
_OTHER_TAG = rf"</?[a-zA-Z]{ATTRIBUTES}|<[!?/][^>]*+>?+"
_BLOCK_TAG = "</?(?:p|li|ul|ol)>"

_NOT_READ = re.compile(_DROPPED)
_TAGS = re.compile(f"(?P<inline>{_INLINE_TAG})|{_OTHER_TAG}")
_CJK = (
    "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff"
)
_WIDE_WORD = rf"[{_CJK}]|[^\W_{_CJK}][^\s{_CJK}]*+"
"""A word, or one character of a script that is written without spaces."""
_NARROW_WORD = r"[^\W_]\S*+"
"""The same, in a text that has none of these characters."""


_all_words = re.compile(r"(?:[^a-zA-Z0-9 ]*+[a-zA-Z0-9][^ ]*+(?: |\Z))*+\Z").match
"""Matches ASCII text, with single spaces, where each piece has a letter or digit."""
_PLAIN_INLINE = re.compile(rf"</?(?:{_INLINE})(?: [^>]*)?>")
_ANY_TAG = re.compile("<[^>]*>")


# Patterns with wide characters take milliseconds to compile, and few bodies need them.


def _word(text: str) -> str:
    """Returns what a word is in a text."""
    is_narrow = text.isascii() or max(text) < _CJK[0]
    return _NARROW_WORD if is_narrow else _WIDE_WORD


@cache
def _words(word: str, count: int) -> re.Pattern[str]:
    """Returns the pattern of so many words: one match is quicker."""
    return re.compile(rf"(?:[\W_]*+(?:{word})){{{count}}}")


@cache
def _tokens() -> re.Pattern[str]:
    """Returns the pattern of tags and pieces of text; few bodies need it."""
    return re.compile(
        "|".join(
            (
                "(?P<text>[^<]{1,400}+)",
                _BLOCK_TAG,
                _DROPPED,
                f"(?P<inline>{_INLINE_TAG})",
                _element("block", "h[1-6]|pre|table|svg|math"),
                '(?P<notes><div class="footnotes" role="doc-endnotes">(?s:.*+))',
                _OTHER_TAG,
            )
        )
    )


def plain_text(html: str) -> str:
    """Returns the text of HTML without markup, on one line.

    Footnote references, back links and heading anchors are not part of it.
    """
    if "<" in html:
        html = _TAGS.sub(
            lambda tag: "" if tag["inline"] else " ", _NOT_READ.sub("", html)
        )
    return collapse(unescape(html) if "&" in html else html)


def collapse(text: str) -> str:
    """Returns the text with each run of white space as one space, none at the ends."""
    return " ".join(text.split())


def count_words(body: str | Document) -> int:
    """Returns how many words a plain text, or the HTML of a document, has."""
    text = body if isinstance(body, str) else plain_text("".join(body.parts[::2]))
    return sum(1 for _ in re.finditer(_word(text), text))


def summarize(html: str, more: int | None) -> str:
    """Returns the plain text before position `more`, else the first words."""
    if more is not None:
        return collapse(_readable(html[:more], more))
    return _shorten(collapse(_readable(html, _SUMMARY_LENGTH)))


def summarize_plain(html: str) -> str:
    """Returns what `summarize` does, sooner, for HTML without raw or cut-off tags.

    The paragraphs that a text begins with are most often enough. What they cannot
    settle is left to the tokenizer.
    """
    words: list[str] = []
    start = 0
    while html.startswith("<p>", start) and len(words) <= SUMMARY_WORDS:
        end = html.find("</p>", start)
        if end < 0:
            break
        words += _plain_paragraph(html[start + 3 : end]).split()
        start = _next_paragraph(html, end + 5)
    return _first_words(words) or summarize(html, None)


def _plain_paragraph(html: str) -> str:
    if "<" in html:
        html = _ANY_TAG.sub(" ", _PLAIN_INLINE.sub("", html))
    return unescape(html) if "&" in html else html


def _next_paragraph(html: str, start: int) -> int:
    """Returns where the next block begins that is not a heading."""
    while html.startswith("<h", start) and html[start + 2 : start + 3] != "r":
        start = html.find("\n", html.find("</h", start)) + 1
        if not start:
            return len(html)
    return start


def _first_words(words: list[str]) -> str:
    """Returns a summary of the first words, or "" if a pattern has to tell words.

    In ASCII a word is what stands between spaces and has a letter or a digit.
    """
    first = " ".join(words[: SUMMARY_WORDS + 1])
    known = len(first) < _SUMMARY_LENGTH and first.isascii()
    if len(words) <= SUMMARY_WORDS or not known or not _all_words(first):
        return ""
    return first[: -len(words[SUMMARY_WORDS]) - 1] + _CUT


def _readable(html: str, length: int) -> str:
    """Returns the running text, or its first `length` characters and a bit, and `…`.

    Headings, code blocks, tables and footnotes are left out.
    """
    pieces: list[str] = []
    for token in _tokens().finditer(html):
        if token.lastgroup == "text":
            pieces.append(token[0])
            length -= len(pieces[-1])
            if length < 0:
                pieces.append(_CUT)
                break
        elif token.lastgroup != "inline":
            pieces.append(" ")
    return unescape("".join(pieces))


def _shorten(text: str) -> str:
    """Returns the first words of a text, with `…` if there are more."""
    word = _word(text)
    words = _words(word, SUMMARY_WORDS).match(text)
    more = words and _words(word, 1).match(text, words.end())
    if not more and len(text) <= _SUMMARY_LENGTH:
        return text
    end = words.end() if words and more else len(text)
    return text[: min(end, _SUMMARY_LENGTH)].rstrip() + _CUT
