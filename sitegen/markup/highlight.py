"""Code blocks: their HTML, coloured by Pygments, and the colours' stylesheet."""

import re
from collections import defaultdict
from functools import cache, lru_cache
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pygments.lexer import Lexer
    from pygments.token import _TokenType

LONGEST = 200_000
"""Code of more characters is not coloured: some lexers take quadratic time."""

COLOURS = {
    # tokens: (on light, on dark)
    "c ch cm cpf c1 cs": ("#57606a", "#9ba6b2"),
    "k kc kd kn kr kt ow cp o": ("#b3202d", "#ff8b80"),
    "s sa sb sc dl sd s2 sh sx s1 ss se si sr": ("#0a3069", "#a5d6ff"),
    "m mb mf mh mi mo il": ("#0550ae", "#79c0ff"),
    "nc nf fm nd ne nn": ("#6639ba", "#d2a8ff"),
    "nt": ("#116329", "#7ee787"),
    "na nb bp no nv vc vg vi vm py l ld": ("#0550ae", "#79c0ff"),
    "gi": ("#116329", "#7ee787"),
    "gd gr gt": ("#b3202d", "#ff8b80"),
    "gh gu gp": ("#57606a", "#9ba6b2"),
    "err": ("#b3202d", "#ff8b80"),
}
"""Pygments' token classes by colour; each has a contrast of at least 4.5 to 1
with what the theme puts behind code."""

_LANGUAGE = re.compile(r"[\s{.]*([^\s{}.,:;=]+)")


@lru_cache(maxsize=256)
def language_of(info: str | None) -> str:
    """Returns the language that a fence's info string names, or ""."""
    match = _LANGUAGE.match(info or "")
    return match[1] if match else ""


def code_block(info: str | None, code: str) -> str:
    """Returns a code block's HTML, coloured if its language is known."""
    language = language_of(info)
    lexer = _lexer(language.lower()) if language and len(code) <= LONGEST else None
    return _wrap(
        language, _coloured(code, lexer) if lexer else escape(code, quote=False)
    )


def plain_block(info: str | None, code: str) -> str:
    """Returns a code block's HTML without colours."""
    return _wrap(language_of(info), escape(code, quote=False))


def _wrap(language: str, code: str) -> str:
    """Returns a block of a language, "" for none, and code that is HTML already."""
    return f"{_opening(language)}{code}</code></pre></div>\n"


@lru_cache(maxsize=256)
def _opening(language: str) -> str:
    """Returns the start of a block; it can be focused, so that keys can scroll it."""
    named = f' class="language-{escape(language)}"' if language else ""
    return f'<div class="highlight"><pre tabindex="0"><code{named}>'


def _coloured(code: str, lexer: "Lexer") -> str:
    """Returns code whose tokens stand in elements with Pygments' classes.

    Without them if the lexer does not give the code back: some say a part of it twice.
    """
    from sitegen.markup.lexing import tokens

    found = list(tokens(lexer, code))
    if "".join([text for _, text in found]).strip("\n") != code.strip("\n"):
        return escape(code, quote=False)
    pieces: list[str] = []
    opened = ""
    for kind, text in found:
        name = _class_of(kind)
        if name != opened:
            if opened:
                pieces.append("</span>")
            if name:
                pieces.append(f'<span class="{name}">')
            opened = name
        if "<" in text or ">" in text or "&" in text:
            text = escape(text, quote=False)
        pieces.append(text)
    if opened:
        pieces.append("</span>")
    return "".join(pieces)


@cache
def _class_of(kind: "_TokenType") -> str:
    """Returns the class of a kind of token; "" for text and white space."""
    from pygments.token import STANDARD_TYPES

    while kind not in STANDARD_TYPES and kind.parent:
        kind = kind.parent
    name: str = STANDARD_TYPES.get(kind, "")
    return "" if name == "w" else name


@cache
def _lexer(language: str) -> "Lexer | None":
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return None


@cache
def highlight_stylesheet() -> str:
    """Returns the CSS for coloured code, for light and dark colour schemes."""
    tokens: dict[tuple[str, str], list[str]] = defaultdict(list)
    for names, colours in COLOURS.items():
        tokens[colours] += names.split()
    return "".join(
        f".highlight :is({','.join('.' + name for name in names)})"
        f"{{color:light-dark({light},{dark})}}\n"
        for (light, dark), names in tokens.items()
    )
