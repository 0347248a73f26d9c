"""Makes an engine's HTML usable with a keyboard and a screen reader, and as HTML is."""

import re
from html import escape

from sitegen.markup.tags import COMMENT, RAW
from sitegen.markup.text import plain_text

_BLOCK = (
    "(?i:blockquote|details|div|dl|dd|dt|figure|h[1-6]|hr|li|ol|p|pre|section|table|ul)"
)
_TASK = re.compile(
    r'<li(?: class="task-list-item")?+>(\s*+(?:<p>)?+)'
    r'<input (?:disabled="" type="checkbox"|type="checkbox" disabled)'
    r'(?: (checked)(?:="")?)?/>\s*+'
    rf"((?:[^<]++|<(?!/?{_BLOCK}[\s/>]))*+)"
)
_EMPTY = re.compile(
    r'<(br|hr|img(?: [a-z-]++="[^"<]*")++) />'
    rf"|{COMMENT}"
    rf"|<(?P<raw>{RAW})(?=[\s/>])(?:[^<]++|<(?!/(?i:(?P=raw))[\s/>]))*+"
)
_TABLE = re.compile(r"<table>\s*+<thead>(?:[^<]++|<(?!/?table\b))*+</table>")

_IMPROVABLE = re.compile("<(?:[bh]r /|img |table>|input )")
"""What there is to improve begins so: one search is quicker than one for each."""


def improve(html: str) -> str:
    """Returns an engine's HTML with named check boxes and tables that scroll.

    Breaks, rules and images lose XHTML's slash, of which HTML's checker warns.
    """
    if not _IMPROVABLE.search(html):
        return html
    if " />" in html:
        html = _EMPTY.sub(_without_slash, html)
    if 'type="checkbox"' in html:
        html = _TASK.sub(_task, html)
    if "<table>" in html:
        html = _TABLE.sub(_table, html)
    return html


def _without_slash(match: re.Match[str]) -> str:
    """Returns a break, a rule or an image that ends as HTML's do, without a slash.

    An author's own scripts and comments stay as they are.
    """
    return f"<{match[1]}>" if match[1] else match[0]


def _task(match: re.Match[str]) -> str:
    """Returns the start of a list item whose box is named after the item's text."""
    before, checked, text = match.groups()
    name = plain_text(text) or ("☑" if checked else "☐")
    return (
        f'<li class="task-list-item">{before}<input type="checkbox" disabled'
        f'{" checked" if checked else ""} aria-label="{escape(name)}"> {text}'
    )


def _table(match: re.Match[str]) -> str:
    """Returns a table in a box that can be focused, so that keys can scroll it."""
    return f'<div class="table-scroll" tabindex="0" role="group">{match[0]}</div>'
