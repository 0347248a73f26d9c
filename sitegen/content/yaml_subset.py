"""The part of YAML that most front matter uses, read in a few microseconds.

`read` answers only when it is certain to answer as PyYAML does, and None otherwise:
whatever is rare, ambiguous or wrong is PyYAML's to decide. Four rules keep that
certain: the text has no other characters than `_PRINTABLE`, every line matches one
pattern as a whole, a character that YAML gives a meaning is matched only where it has
none, and a word that YAML does not take for text (`yes`, `null`, `0x1F`, `12:30`) is
either in `_WORDS` or not matched.
"""

import re
from datetime import date, datetime
from typing import Any

# What YAML may print, of line breaks only the newline, and without U+FEFF. Most sites
# need only the first, and the second takes milliseconds to compile.
_PRINTABLE_ASCII = re.compile(r"[\n -~]*+")
_PRINTABLE = (
    r"[\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*+"
)

# All below is about texts of these characters, and so in terms of ASCII alone: sets of
# wide characters take long to compile.
_START = r"(?:[^\n -.0-@\[-`{-~]|[1-9][0-9]*[A-Za-z])"
_PLAIN = rf"{_START}(?:[^\n#:]++|:(?![ \n]|\Z))*+"
_PLAIN_ITEM = rf"{_START}[^\n\"#%,:<>?@\[-^`{{-~]*+"
_FOLD = r"\n(?! *\n|---|\.\.\.)"  # a line break inside quotes, but no empty line
_DOUBLE = rf'"((?:[^\n"\\]++|\\["\\]|{_FOLD})*+)"'
_SINGLE = rf"'((?:[^\n']++|''|{_FOLD})*+)'"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:Z|[+-][0-9]{2}:[0-9]{2})?"
_WHEN = rf"{_DATE}(?:[T ]{_TIME})?"
_NUMBER = r"0|[1-9][0-9]{0,15}"

_BULLET, _KEY, _QUOTED2, _QUOTED1, _MOMENT, _INT, _WORD, _LIST = range(1, 9)
_LINE = re.compile(
    r"(?:( *- +)|([A-Za-z_][A-Za-z0-9_-]{0,99}):(?=[ \n]|\Z) *)"
    rf"(?:(?:{_DOUBLE}|{_SINGLE}|({_WHEN})|({_NUMBER})|({_PLAIN})|\[([^\[\]\n]*)\]) *)?"
    r"(?:\n|\Z)"
    r"| *(?:#[^\n]*)?\n"
)
_ITEM = re.compile(rf"{_DOUBLE}|{_SINGLE}|({_WHEN})|({_NUMBER})|({_PLAIN_ITEM})")
_ESCAPE = re.compile(r'\\(["\\])')

_WORDS: dict[str, Any] = {
    spelling: value
    for value, words in ((True, "true yes on"), (False, "false no off"), (None, "null"))
    for word in words.split()
    for spelling in (word, word.title(), word.upper())
}


class _Doubt(Exception):
    """PyYAML has to decide."""


def read(text: str) -> dict[str, Any] | None:
    """Returns the fields of a YAML mapping, or None if PyYAML has to read it."""
    try:
        return _read(text.replace("\r\n", "\n") if "\r" in text else text)
    except (_Doubt, ValueError):  # ValueError: a date that does not exist
        return None


def _read(text: str) -> dict[str, Any]:
    if not (_PRINTABLE_ASCII.fullmatch(text) or re.fullmatch(_PRINTABLE, text)):
        raise _Doubt
    fields: dict[str, Any] = {}
    key = bullet = ""
    end = 0
    while end < len(text):
        match = _LINE.match(text, end)
        if match is None:
            raise _Doubt
        end = match.end()
        kind = match.lastindex
        if kind is None:  # an empty line or a comment
            continue
        if match[_KEY]:
            key, bullet = match[_KEY], ""
            if key in fields or key in _WORDS:
                raise _Doubt
            fields[key] = None if kind == _KEY else _value(match, kind)
        elif kind in (_BULLET, _LIST):
            raise _Doubt
        elif bullet == match[_BULLET]:
            fields[key].append(_value(match, kind))
        elif not bullet and key and fields[key] is None:
            bullet = match[_BULLET]
            fields[key] = [_value(match, kind)]
        else:
            raise _Doubt
    if not fields:
        raise _Doubt
    return fields


def _value(match: re.Match[str], kind: int) -> Any:
    text = match[kind]
    if kind == _WORD:
        text = text.rstrip(" ")
        return _WORDS.get(text, text)
    if kind == _LIST:
        return [_flow_item(item) for item in text.split(",")] if text.strip(" ") else []
    return _scalar(text, kind)


def _flow_item(text: str) -> Any:
    match = _ITEM.fullmatch(text.strip(" "))
    if match is None or match.lastindex is None:
        raise _Doubt
    # An item's groups are a line's without the bullet and the key.
    kind = match.lastindex + _KEY
    text = match[match.lastindex]
    return _WORDS.get(text, text) if kind == _WORD else _scalar(text, kind)


def _scalar(text: str, kind: int) -> Any:
    if "\n" in text:
        text = _unfold(text)
    if kind == _QUOTED2:
        return _ESCAPE.sub(r"\1", text) if "\\" in text else text
    if kind == _QUOTED1:
        return text.replace("''", "'")
    if kind == _INT:
        return int(text)
    return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)


def _unfold(text: str) -> str:
    """Returns a quoted text on one line; a line break and its spaces are one space."""
    first, *middle, last = text.split("\n")
    lines = [first.rstrip(" "), *(line.strip(" ") for line in middle), last.lstrip(" ")]
    return " ".join(lines)
