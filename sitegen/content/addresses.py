"""Addresses that people set by hand: permalinks and aliases."""

import re
import unicodedata
from urllib.parse import unquote_to_bytes

from sitegen.content.flaws import Fault

CODES = {"address-invalid": "A permalink or an alias is not a path of the site."}

_MAX_SEGMENT = 250  # bytes of a file name, less what an ending may add
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_FILE = re.compile(
    r"\.(?:html?|xhtml|shtml|php|aspx?|jsp|cgi|xml|rss|atom|json|txt|md)$",
    re.IGNORECASE,
)
_BAD_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_SIMPLE = re.compile(r"/?(?:[A-Za-z0-9_~-][A-Za-z0-9._~@-]{0,99}/)*")


def read_address(text: str) -> str | Fault:
    """Returns a path such as `/about/`, or why there is none.

    A leading slash is added; so is one at the end, unless the path ends as files do:
    `2015/09/17/Rust-1.3` is a folder, `old/page.html` a file. Percent-encoding is taken
    away: addresses are kept as people read them and encoded where they are written.
    """
    if text and _SIMPLE.fullmatch(text if text.endswith("/") else text + "/"):
        return _with_slashes(text)  # the common case
    if _SCHEME.match(text) or text.startswith("//"):
        return _fault(text, "is a whole URL", "Write its path only: /about/.")
    if not text.strip():
        return _fault(text, "is empty", "Write a path: /about/.")
    bad = re.search(r"[\\?#]", text)
    if bad:
        return _fault(text, f"has '{bad[0]}' in it", "Write a path only: /about/.")
    try:
        if _BAD_PERCENT.search(text):
            raise ValueError
        path = unquote_to_bytes(text).decode()
    except ValueError:
        hint = "Write the letters as they are, or '%25' for a percent sign."
        return _fault(text, "has a '%' that encodes nothing", hint)
    if path.count("/") != text.count("/"):
        return _fault(text, "has an encoded '/' in it", "Write '/' or remove it.")
    return _checked(text, _with_slashes(unicodedata.normalize("NFC", path)))


def _with_slashes(path: str) -> str:
    if not path.startswith("/"):
        path = "/" + path
    return path if path.endswith("/") or _FILE.search(path) else path + "/"


def _checked(text: str, path: str) -> str | Fault:
    if not path.replace(" ", "x").isprintable():
        hint = "Delete it; it may be invisible."
        return _fault(text, "has a character in it that cannot be printed", hint)
    for segment in path.removesuffix("/")[1:].split("/"):
        if segment in ("", ".", ".."):
            what = "an empty part" if not segment else f"'{segment}'"
            return _fault(text, f"has {what} in it", "Write the path out: /about/us/.")
        if segment != segment.strip():
            return _fault(text, "has a part that begins or ends with a space", "")
        if len(segment.encode()) > _MAX_SEGMENT:
            return _fault(text, "has a part that is too long", "Shorten it.")
    return path


def _fault(text: str, what: str, hint: str) -> Fault:
    shown = text if len(text) <= 60 else text[:59] + "…"
    return Fault("address-invalid", f"The address '{shown}' {what}.", hint)
