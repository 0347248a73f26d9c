"""Plain text of HTML: what a reader reads, counted and cut."""

import re
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
_TOKENS = re.compile(
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

_CJK = (
    "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff"
)
_WORD = re.compile(rf"[{_CJK}]|[^\W_{_CJK}][^\s{_CJK}]*+")
"""A word, or one character of a script that is written without spaces."""
_SUMMARY = re.compile(rf"(?:[\W_]*+(?:{_WORD.pattern})){{{SUMMARY_WORDS}}}")
"""As many words as a summary has, in one match: a match for each costs more."""


_LETTER_IN = re.compile("[^a-zA-Z0-9]*+[a-zA-Z0-9]").match

_ENOUGH = 1500
"""Characters of HTML that hold a summary's words, as a rule."""
_SKIPPED_BLOCK = re.compile(r"<(h[1-6]|pre|table)\b.*?</\1>", re.DOTALL)
_PLAIN_INLINE = re.compile(rf"</?(?:{_INLINE})(?: [^>]*)?>")
_ANY_TAG = re.compile("<[^>]*>")


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
    return sum(1 for _ in _WORD.finditer(text))


def summarize(html: str, more: int | None) -> str:
    """Returns the plain text before position `more`, else the first words."""
    if more is not None:
        return collapse(_readable(html[:more], more))
    return _shorten(collapse(_readable(html, _SUMMARY_LENGTH)))


def summarize_plain(html: str) -> str:
    """Returns what `summarize` does, sooner, for HTML without raw or cut-off tags.

    Substitutions over the first blocks are done in C; what they cannot settle is left
    to the tokenizer.
    """
    cut = html.rfind("\n<p>", 0, _ENOUGH) if len(html) > _ENOUGH else len(html)
    if cut > 0:
        text = _SKIPPED_BLOCK.sub(" ", html[:cut])
        text = _ANY_TAG.sub(" ", _PLAIN_INLINE.sub("", text))
        text = unescape(text) if "&" in text else text
        if text.isascii() and (found := _first_words(text.split())):
            return found
        text = collapse(text)
        words = _SUMMARY.match(text)
        if words and words.end() < _SUMMARY_LENGTH and _WORD.search(text, words.end()):
            return text[: words.end()].rstrip() + _CUT
    return summarize(html, None)


def _first_words(parts: list[str]) -> str:
    """Returns a summary's words of an ASCII text that is known to go on, or "".

    There a word is what stands between spaces and has a letter or a digit.
    """
    if len(parts) <= SUMMARY_WORDS or not parts[SUMMARY_WORDS].isalnum():
        return ""
    parts = parts[:SUMMARY_WORDS]
    text = " ".join(parts)
    known = all(map(_LETTER_IN, parts)) and len(text) < _SUMMARY_LENGTH
    return text + _CUT if known else ""


def _readable(html: str, length: int) -> str:
    """Returns the running text, or its first `length` characters and a bit, and `…`.

    Headings, code blocks, tables and footnotes are left out.
    """
    pieces: list[str] = []
    for token in _TOKENS.finditer(html):
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
    words = _SUMMARY.match(text)
    more = words and _WORD.search(text, words.end())
    if not more and len(text) <= _SUMMARY_LENGTH:
        return text
    end = words.end() if words and more else len(text)
    return text[: min(end, _SUMMARY_LENGTH)].rstrip() + _CUT
