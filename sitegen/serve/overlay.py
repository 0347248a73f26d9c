"""What the server adds to the pages that it sends; never to files.

A page gets one script, which hears of changes, and a line that says if the published
site would not show the page.
"""

import re
from functools import cache
from html import escape
from importlib.resources import files

PREFIX = "/-sitegen/"
"""Begins the addresses of the server itself, outside the site's own."""

CLIENT = f"{PREFIX}client.js"
EVENTS = f"{PREFIX}events"

_BODY_END = re.compile(rb"</body\s*>", re.IGNORECASE)
_BODY = re.compile(rb"<body\b[^>]*>", re.IGNORECASE)

_MARK = (
    '<p role="status" data-sitegen-mark style="all:initial;display:block;'
    "font:600 14px/1.4 system-ui,sans-serif;padding:6px 16px;text-align:center;"
    'color:#3b2600;background:#ffd873;border-bottom:1px solid #d9a514">{}</p>'
)

_BARE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta name="color-scheme" content="light dark"><title>{title}</title></head>'
    '<body style="font:16px/1.5 system-ui,sans-serif;margin:3rem auto;max-width:40rem;'
    'padding:0 1rem"><main><h1>{title}</h1><p>{words}</p></main></body></html>'
)


@cache
def client() -> bytes:
    """Returns the script."""
    return files("sitegen.serve").joinpath("client.js").read_bytes()


def bare_page(title: str, words: str) -> bytes:
    """Returns a page for when the site has none to show."""
    return _BARE.format(title=escape(title), words=escape(words)).encode()


def dressed(page: bytes, script: bytes, mark: str) -> bytes:
    """Returns a page with the script at its end and a mark at its start."""
    if mark:
        page = _after_start(page, _MARK.format(escape(mark)).encode())
    return _before_end(page, script) if script else page


def script_tag(version: str, assets: str) -> bytes:
    """Returns the tag that runs the script in a page of that version."""
    return (
        f'<script src="{CLIENT}" data-version="{escape(version)}"'
        f' data-assets="{assets}"></script>'
    ).encode()


def _after_start(page: bytes, what: bytes) -> bytes:
    found = _BODY.search(page)
    place = found.end() if found else 0
    return page[:place] + what + page[place:]


def _before_end(page: bytes, what: bytes) -> bytes:
    places = [found.start() for found in _BODY_END.finditer(page)]
    place = places[-1] if places else len(page)
    return page[:place] + what + page[place:]
