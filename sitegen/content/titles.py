"""Titles: when two are the same, and which are refused."""

import re
import unicodedata

from sitegen.content.flaws import Fault

CODES = {
    "title-empty": "The title is empty, or nobody can see any of its characters.",
    "title-too-long": "The title is longer than 300 characters.",
    "title-line-break": "The title has a line break.",
    "title-control-character": "The title has a control character.",
    "title-direction-override": "The title has a character that turns text around.",
}

UNICODE_VERSION = "16.0.0"
"""Of `Default_Ignorable_Code_Point` in Unicode's DerivedCoreProperties.txt."""

MAX_TITLE = 300

_DEFAULT_IGNORABLE = (
    (0x00AD, 0x00AD),  # soft hyphen
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x061C, 0x061C),  # Arabic letter mark
    (0x115F, 0x1160),  # Hangul fillers
    (0x17B4, 0x17B5),  # Khmer inherent vowels
    (0x180B, 0x180F),  # Mongolian variation selectors, vowel separator
    (0x200B, 0x200F),  # zero-width space, joiners, direction marks
    (0x202A, 0x202E),  # direction embeddings and overrides
    (0x2060, 0x206F),  # word joiner, invisible operators, isolates
    (0x3164, 0x3164),  # Hangul filler
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFEFF, 0xFEFF),  # zero-width no-break space
    (0xFFA0, 0xFFA0),  # halfwidth Hangul filler
    (0xFFF0, 0xFFF8),  # reserved
    (0x1BCA0, 0x1BCA3),  # shorthand format controls
    (0x1D173, 0x1D17A),  # musical format controls
    (0xE0000, 0xE0FFF),  # tags, variation selectors, reserved
)
_IGNORABLE = re.compile(
    "[" + "".join(f"{chr(a)}-{chr(b)}" for a, b in _DEFAULT_IGNORABLE) + "]+"
)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_OVERRIDE = re.compile("[\u202a-\u202e\u2066-\u2069]")
_VISIBLE_ASCII = re.compile("[!-~]")


def title_key(title: str) -> str:
    """Returns what two titles share exactly if readers take them for the same."""
    if title.isascii():
        return " ".join(title.lower().split())
    # NFD first: composed, a letter and a mark would hide the joiner between them. The
    # second round is for what NFKC brings forth. Doing it all again changes nothing.
    text = without_ignorable(unicodedata.normalize("NFD", title).casefold())
    text = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", text).split())


def without_ignorable(text: str) -> str:
    """Returns the text without characters that Unicode says nobody sees."""
    return _IGNORABLE.sub("", text)


def check_title(title: str) -> Fault | None:
    """Returns why a title is refused, or None."""
    if not title.strip():
        return Fault(
            "title-empty", "The title is empty.", "Write one: title: My title."
        )
    if len(title) > MAX_TITLE:
        return Fault(
            "title-too-long",
            f"The title is {len(title):,} characters long, {MAX_TITLE} are allowed.",
            "Shorten it, and put the rest into 'description'.",
        )
    bad = check_line(title)
    if bad:
        return Fault(f"title-{bad.code}", f"The title {bad.message}.", bad.hint)
    if not _VISIBLE_ASCII.search(title) and not title_key(title):
        return Fault(
            "title-empty",
            "The title has only characters that cannot be seen.",
            "Write a title with letters, digits or signs.",
        )
    return None


def check_line(text: str) -> Fault | None:
    """Returns why a text is not one line of clean characters, or None."""
    if text.isprintable():  # the common case: a printable text has none of these
        return None
    if "\n" in text or "\r" in text:
        return Fault("line-break", "has a line break", "Write it on one line.")
    control = _CONTROL.search(text)
    if control:
        return Fault(
            "control-character", f"has {_name(control[0])} in it", "Delete it."
        )
    override = _OVERRIDE.search(text)
    if override:
        return Fault(
            "direction-override",
            f"has {_name(override[0])}, which changes the direction of text, in it",
            "Delete it; letters know their own direction.",
        )
    return None


def _name(character: str) -> str:
    return f"the control character U+{ord(character):04X}"
