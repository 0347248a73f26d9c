"""Slugs: the readable last part of an address."""

import re
import unicodedata
from hashlib import blake2b

from sitegen.content.flaws import Fault
from sitegen.content.titles import without_ignorable

CODES = {"slug-invalid": "The slug cannot be part of an address."}

MAX_CHARACTERS = 100
MAX_BYTES = 200

_LETTERS = bytes(c if chr(c).isalnum() else ord(" ") for c in range(128))
_ASCII = _LETTERS.lower().ljust(256)
"""For `bytes.translate`: a letter in lower case, a digit, or a space for all others."""
_PLAIN = re.compile(r"[A-Za-z0-9._~-]+")


def slugify(text: str, whole: bool = False) -> str:
    """Returns a slug of a text's letters and digits in lower case; never empty.

    It is short enough for a file's name, unless the whole is asked for.
    """
    if text.isascii():
        # A third of what a pattern takes.
        slug = b"-".join(text.encode().translate(_ASCII).split()).decode()
    else:
        slug = _keep_letters(text).strip("-")
    return (slug if whole else _shorten(slug)) or _stand_in(text)


def _keep_letters(text: str) -> str:
    """Returns the text with each run of other characters made a hyphen.

    A combining mark stays with its letter (Hindi and Thai are unreadable without), and
    invisible characters vanish: a joiner inside a word does not end the word.
    """
    text = unicodedata.normalize("NFC", without_ignorable(text)).lower()
    kept: list[str] = []
    for character in unicodedata.normalize("NFC", text):
        if character.isalnum() or (_is_mark(character) and kept and kept[-1] != "-"):
            kept.append(character)
        elif kept and kept[-1] != "-":
            kept.append("-")
    return "".join(kept)


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def _shorten(slug: str) -> str:
    slug = slug[:MAX_CHARACTERS]
    while len(slug.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        slug = slug[:-1]
    return slug.strip("-")


def _stand_in(text: str) -> str:
    """Returns a stable slug for a text that has no letters."""
    raw = text.encode("utf-8", "surrogatepass")
    return f"x-{blake2b(raw, digest_size=4).hexdigest()}"


def slug_problem(slug: str) -> Fault | None:
    """Returns why a slug cannot be part of an address as it is, or None."""
    if _fits(slug):
        return None
    return Fault(
        "slug-invalid",
        f"The slug '{slug[:60]}' cannot be part of an address.",
        f"Use letters, digits and -._~ only, such as '{slugify(slug)}'.",
    )


def _fits(slug: str) -> bool:
    if slug in ("", ".", ".."):
        return False
    if _PLAIN.fullmatch(slug):
        return len(slug) <= MAX_BYTES
    if len(slug.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        return False
    return unicodedata.is_normalized("NFC", slug) and all(
        character in "-._~"
        or character.isalnum()
        or (_is_mark(character) and not without_ignorable(character) == "")
        for character in slug
    )


def slug_of_name(name: str) -> str:
    """Returns the slug that a file or folder name gives: itself wherever possible."""
    name = unicodedata.normalize("NFC", name)
    return name if _fits(name.replace("@", "")) else slugify(name)
