"""Footnotes: numbered as they are first read, gathered at the end, linked both ways.

Both engines leave a reference where it was written and a definition as a `<div>`, as
pulldown-cmark writes them. A definition that nothing refers to is dropped, as Git
hosts do. The labels are not used as ids, so they cannot clash with headings.
"""

import re
from collections.abc import Iterable
from functools import cache

import msgspec

from sitegen.markup.tags import ATTRIBUTES, COMMENT, RAW

_DEFINITION = '<div class="footnote-definition" id="'
_REFERENCE = '<sup class="footnote-reference"><a href="#'


@cache
def _scanner() -> re.Pattern[str]:
    """Returns the pattern that finds notes and what is around them."""
    return re.compile(
        r"(?:[^<]++"
        rf"|{COMMENT}"
        rf"|<(?!/?(?i:div)[\s/>]|{_REFERENCE[1:]}|{RAW}[\s/>])(?:/?[a-zA-Z]{ATTRIBUTES})?+"
        r")*+(?:"
        rf'(?P<definition>{_DEFINITION}(?P<label>[^"]*+)">'
        r'<sup class="footnote-definition-label">\d++</sup>\n?+)'
        rf'|(?P<reference>{_REFERENCE}(?P<target>[^"]*+)">\d++</a></sup>)'
        rf"|(?P<open><(?i:div)(?=[\s/>]){ATTRIBUTES})"
        rf"|(?P<close></(?i:div)(?=[\s/>]){ATTRIBUTES}\n?+)"
        rf"|<(?P<raw>{RAW})(?=[\s/>]){ATTRIBUTES}(?:[^<]++|<(?!/(?i:(?P=raw))[\s/>]))*+"
        r"|<|\Z)"
    )


class _Reference(msgspec.Struct, frozen=True):
    """A place in the text that refers to a footnote."""

    label: str
    html: str
    """As the engine wrote it."""


_Pieces = list[str | _Reference]


class _Block:
    """The body, or one definition in it, while it is being read."""

    def __init__(self, label: str = "") -> None:
        self.label = label
        self.pieces: _Pieces = []
        self.open_divs = 0


def gather(html: str) -> str:
    """Returns the HTML with its footnotes at the end, in accessible markup."""
    if _DEFINITION not in html:
        return html
    blocks, notes = _read(html)
    if len(blocks) > 1:  # raw HTML leaves a <div> open: nobody knows where a note ends
        return html
    numbering = _Numbering(notes)
    body = numbering.write(blocks[0].pieces)
    return body + _section(numbering)


def _read(html: str) -> tuple[list[_Block], dict[str, _Pieces]]:
    """Returns the blocks still open at the end, and the definitions by label."""
    blocks = [_Block()]
    notes: dict[str, _Pieces] = {}
    last = 0
    for match in _scanner().finditer(html):
        block = blocks[-1]
        kind = match.lastgroup
        if kind == "raw":
            continue
        if kind == "open":
            block.open_divs += 1
        elif kind == "close" and (block.open_divs or len(blocks) == 1):
            block.open_divs = max(0, block.open_divs - 1)
        elif kind:
            start, end = match.span(kind)
            block.pieces.append(html[last:start])
            last = end
            if kind == "definition":
                blocks.append(_Block(match["label"]))
            elif kind == "reference":
                block.pieces.append(_Reference(match["target"], match[kind]))
            else:
                notes.setdefault(block.label, block.pieces)
                blocks.pop()
    blocks[-1].pieces.append(html[last:])
    return blocks, notes


class _Numbering:
    """Numbers footnotes in the order of their first references."""

    def __init__(self, notes: dict[str, _Pieces]) -> None:
        self.notes = notes
        self.order: list[str] = []
        self.numbers: dict[str, int] = {}
        self.uses: dict[str, int] = {}
        """Label → how many references lead to it so far."""

    def write(self, pieces: Iterable[str | _Reference]) -> str:
        """Returns the HTML of some text, with its references numbered."""
        return "".join(
            piece if isinstance(piece, str) else self._refer(piece) for piece in pieces
        )

    def _refer(self, reference: _Reference) -> str:
        if reference.label not in self.notes:
            return reference.html
        label = reference.label
        if label not in self.numbers:
            self.order.append(label)
            self.numbers[label] = len(self.order)
        number = self.numbers[label]
        use = self.uses[label] = self.uses.get(label, 0) + 1
        link = f'href="#fn-{number}" id="fnref-{_numbered(number, use)}"'
        return (
            f'<sup class="footnote-ref"><a {link} role="doc-noteref">{number}</a></sup>'
        )


def _section(numbering: _Numbering) -> str:
    """Returns the footnotes that are referred to, also by other footnotes."""
    written: list[str] = []
    for label in numbering.order:  # grows while a note refers to further ones
        written.append(numbering.write(numbering.notes[label]))
    if not written:
        return ""
    items = "".join(
        f'<li id="fn-{number}">\n{_with_links(note, number, numbering.uses[label])}'
        "</li>\n"
        for number, (label, note) in enumerate(
            zip(numbering.order, written, strict=True), 1
        )
    )
    return f'<div class="footnotes" role="doc-endnotes">\n<ol>\n{items}</ol>\n</div>\n'


def _with_links(note: str, number: int, uses: int) -> str:
    """Returns a footnote that ends with a link back to each of its references."""
    links = " ".join(
        f'<a class="footnote-backref" href="#fnref-{_numbered(number, use)}"'
        f' role="doc-backlink" aria-label="{_numbered(number, use)}">↩\ufe0e</a>'
        for use in range(1, uses + 1)
    )
    text = note.rstrip()
    if text.endswith("</p>"):
        return f"{text[:-4]} {links}</p>\n"
    return f"{text}\n<p>{links}</p>\n"


def _numbered(number: int, use: int) -> str:
    return str(number) if use == 1 else f"{number}-{use}"
