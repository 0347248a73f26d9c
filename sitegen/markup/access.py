"""Makes task lists and tables usable with a keyboard and a screen reader."""

import re
from html import escape

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
_TABLE = re.compile(r"<table>\s*+<thead>(?:[^<]++|<(?!/?table\b))*+</table>")


def improve(html: str) -> str:
    """Returns an engine's HTML with named check boxes and tables that scroll."""
    if 'type="checkbox"' in html:
        html = _TASK.sub(_task, html)
    if "<table>" in html:
        html = _TABLE.sub(_table, html)
    return html


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
