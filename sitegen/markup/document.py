"""An engine's HTML becomes a Document and an Outline.

One pass finds headings, references, ids and the place where the summary ends; then
headings get their ids, and the HTML is cut where a reference to our own files is.
"""

import re
from collections.abc import Callable, Iterator
from html import escape, unescape
from typing import NamedTuple

from sitegen.content.slugs import slugify
from sitegen.markup import tags
from sitegen.markup.records import Document, Outline, TocEntry
from sitegen.markup.text import plain_text, summarize, summarize_plain

_MORE = re.compile(r"<!--\s*more\s*-->", re.IGNORECASE)
_NOTE_ROLES = ('role="doc-noteref"', 'role="doc-backlink"')
_ELSEWHERE = re.compile(r"[\s\x00-\x1f]*(?:[a-zA-Z][a-zA-Z0-9+.-]*:|[/\\]{2})")
_LINE_BREAKS = re.compile(r"[\t\n\r]")
_ALT = re.compile(r"""\salt\s*=\s*(?:"([^"]*)"|'([^']*)')""")
SRCSET_URL = re.compile(r"[\s,]*([^\s,](?:\S*[^\s,])?)[^,]*")

LINKS = {"a": ("href",), "area": ("href",)}
"""Attributes of each element that lead a reader somewhere."""
MEDIA = {
    "audio": ("src",),
    "embed": ("src",),
    "iframe": ("src",),
    "image": ("href",),
    "img": ("src", "srcset"),
    "input": ("src",),
    "link": ("href",),
    "object": ("data",),
    "script": ("src",),
    "source": ("src", "srcset"),
    "track": ("src",),
    "video": ("src", "poster"),
}
"""Attributes of each element that load a file into the page."""


def is_local(target: str) -> bool:
    """True if a target has neither scheme nor host: it leads to our own files."""
    if "\n" in target or "\t" in target or "\r" in target:
        target = _LINE_BREAKS.sub("", target)
    return not _ELSEWHERE.match(target)


class Heading(NamedTuple):
    """A heading of a body: level 1 to 6, its id and its text without markup."""

    level: int
    id: str
    text: str


def finish(html: str, prefix: str = "") -> tuple[Document, Outline]:
    """Returns what the HTML of a body holds, with its local references open.

    Headings without an id get one that begins with `prefix`.
    """
    page = _Scan(html, prefix)
    headings = page.name_headings()
    outline = Outline(tuple(page.ids), tuple(page.links), tuple(page.images))
    summary = summarize(html, page.more)
    return Document(tuple(page.parts()), _nest(headings), summary), outline


def finish_plain(html: str, text: str) -> tuple[Document, Outline]:
    """Returns what `finish` does, sooner, for the HTML that an engine made of `text`.

    Where no author wrote HTML, `<a href="…">`, `<img src="…">` and headings without
    attributes are all that matters, and a small pattern finds them several times as
    fast as the large one. Anything else goes the long way.
    """
    if _has_note(text) or _may_be_raw(html, text):
        return finish(html)
    page = _Plain(html)
    if not page.read():
        return finish(html)
    headings = tuple(page.headings)
    ids = tuple([heading.id for heading in headings])
    outline = Outline(ids, tuple(page.links), tuple(page.images))
    summary = summarize_plain(html)
    return Document(tuple(page.parts), _nest(headings), summary), outline


def _has_note(text: str) -> bool:
    # Looking for one character takes a tenth of the time of looking for two.
    return "^" in text and "[^" in text


def _may_be_raw(html: str, text: str) -> bool:
    """True unless all tags are the engine's own, for certain."""
    if "<" not in text or _is_escaped(html, text):
        return False
    if not _TAG_START.search(text):
        return False
    # Most often it is code with `List<int>`; the HTML tells.
    return bool(_AUTHORS_BLOCK.search(text)) or not _PLAIN_HTML.fullmatch(html)


def _is_escaped(html: str, text: str) -> bool:
    """True if each `<` of a text is one `&lt;` of its HTML, for certain.

    A check box repeats its text in its name.
    """
    return (
        html.count("&lt;") == _count(text, "<")
        and 'type="checkbox"' not in html
        and "\r" not in text
        and not ("&" in text and _LESS_ENTITY.search(text))
        and not _may_define(text)
    )


_LESS_ENTITY = re.compile("&(?:#|lt|LT|nvlt)")
"""What may be an entity that gives a `<`."""


def _count(text: str, character: str) -> int:
    """Returns what `text.count` does, in half the time where there are few."""
    count = 0
    at = text.find(character)
    while at >= 0:
        count += 1
        at = text.find(character, at + 1)
    return count


def _may_define(text: str) -> bool:
    """True if a text may define a reference, whose title many links may share.

    Its name ends with `]:` and comes first in its line, but for the marks of lists and
    quotes.
    """
    at = text.find("]:")
    for _ in range(_MANY):
        if at < 0:
            return False
        start = text.rfind("[", 0, at)
        before = text[text.rfind("\n", 0, start) + 1 : start]
        if start >= 0 and (before.endswith("\\") or not before.strip(_LINE_MARKS)):
            return True
        at = text.find("]:", at + 1)
    return True


_MANY = 100
"""After so many `]:` the long way is as short: each may mean a walk through it all."""
_LINE_MARKS = " \t>*+-.):0123456789"
"""What marks of lists and quotes consist of."""
_TAG_START = re.compile("<[a-zA-Z/!?]")
"""What in Markdown may begin HTML."""
_AUTHORS_BLOCK = re.compile(r"<(?:h[1-6]|pre|table|/)", re.IGNORECASE)
"""What in Markdown may begin, or end, a block that an author wrote as HTML."""
_PLAIN_HTML = re.compile(
    r"(?:[^<]++|</?(?:p|em|strong|code|li|ul|ol|h[1-6]|pre|del|blockquote|table|thead"
    r"|tbody|tr|th|td|dl|dt|dd)>"
    r'|<a href="[^"<]*"(?: title="[^"<]*")?>'
    r'|<img src="[^"<]*" alt="[^"<]*"(?: title="[^"<]*")?(?: /)?>'
    r'|<(?:span|code|div) class="[\w -]*">|</(?:a|span|div)>|<[bh]r>'
    r'|<pre tabindex="0">|<t[hd] style="text-align: \w+">|<ol start="\d+">'
    r'|<div class="table-scroll" tabindex="0" role="group">)*+'
)
"""HTML without comments, footnotes, task lists, alerts, and attributes of authors."""


class _Plain:
    """Plain HTML, read once: ids put on headings, cut where a local reference is."""

    def __init__(self, html: str) -> None:
        self.html = html
        self.headings: list[Heading] = []
        self.links: dict[str, None] = {}
        self.images: dict[str, None] = {}
        self.parts: list[str] = []
        self.open: list[str] = []
        """What comes before the next cut."""
        self.last = 0
        self.taken: dict[str, int] = {}

    def read(self) -> bool:
        """Reads all of it; False if a heading has attributes already."""
        for match in _MARKS.finditer(self.html):
            kind = match.lastindex or 0
            if kind == _HEADING:
                if not match[_HEADING]:
                    return False
                self._heading(int(match[1]), match.end())
            elif target := _local(match[kind]):
                seen = self.links if kind == _LINK else self.images
                seen[target] = None
                self._cut(target, *match.span(kind))
        self.parts.append("".join((*self.open, self.html[self.last :])))
        return True

    def _heading(self, level: int, start: int) -> None:
        text = _heading_text(self.html[start : self.html.index("</h", start)])
        if text:
            id = _unique(slugify(text, whole=True), self.taken)
            self.headings.append(Heading(level, id, text))
            self.open += (self.html[self.last : start - 1], f' id="{id}"')
            self.last = start - 1

    def _cut(self, target: str, start: int, end: int) -> None:
        self.open.append(self.html[self.last : start])
        self.parts += ("".join(self.open), target)
        self.open.clear()
        self.last = end


_MARKS = re.compile(
    r'<[hai](?:(?<=h)([1-6])(>?)| href="(?!https?://)([^"]*+)"'
    r'|mg src="(?!https?://)([^"]*+)")'
)
"""The start of a heading, a link or an image in plain HTML, if it may be a local one.

One set for the first letters: that is what a search goes by.
"""
_HEADING, _LINK = 2, 3
"""The last groups of a heading and of a link; an image has the fourth."""


def _local(value: str) -> str:
    """Returns the target that an attribute names, if it leads to our own files."""
    target = unescape(value) if "&" in value else value
    return target if target and is_local(target) else ""


def _unique(name: str, taken: dict[str, int]) -> str:
    """Returns the name, or the first of `name-2`, `name-3`, … that is not taken."""
    free, number = name, taken.get(name, 1)
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    taken[name] = number
    taken.setdefault(free, 1)
    return free


class _Edit:
    """A piece of the HTML to be replaced, by other HTML or by an open reference."""

    __slots__ = ("start", "end", "text", "is_target")

    def __init__(self, start: int, end: int, text: str, is_target: bool) -> None:
        self.start = start
        self.end = end
        self.text = text
        self.is_target = is_target


class _OpenHeading:
    """A heading whose id is not yet decided."""

    __slots__ = ("level", "content", "text", "id", "explicit", "edit", "template")

    def __init__(self, level: int, content: int) -> None:
        self.level = level
        self.content = content
        """Where its content starts."""
        self.text = ""
        self.id = ""
        self.explicit = ""
        self.edit = _Edit(0, 0, "", False)
        self.template = ' id="{}"'

    def put_id(self, name: str) -> None:
        """Writes an id into the heading's tag."""
        self.id = name
        self.edit.text = self.template.format(escape(name))


class _Scan:
    """What one pass over the HTML finds. The dicts are ordered sets."""

    def __init__(self, html: str, prefix: str) -> None:
        self.html = html
        self.prefix = prefix
        self.edits: list[_Edit] = []
        self.ids: dict[str, None] = {}
        self.links: dict[str, None] = {}
        self.images: dict[str, None] = {}
        self.headings: list[_OpenHeading] = []
        self.open: _OpenHeading | None = None
        self.more: int | None = None
        found: dict[int, Callable[[re.Match[str]], None]] = {
            tags.LINK: self._link,
            tags.IMAGE: self._image,
            tags.HEADING: self._heading,
            tags.HEADING_END: self._heading_end,
            tags.COMMENTED: self._comment,
            tags.RAW_TAG: self._tag,
            tags.TAG: self._tag,
        }
        for match in tags.scanner().finditer(html):
            if match.lastindex:
                found[match.lastindex](match)

    def _link(self, match: re.Match[str]) -> None:
        self._refer(match[tags.LINK], *match.span(tags.LINK), self.links)

    def _image(self, match: re.Match[str]) -> None:
        self._refer(match[tags.IMAGE], *match.span(tags.IMAGE), self.images)

    def _refer(self, value: str, start: int, end: int, seen: dict[str, None]) -> None:
        target = unescape(value) if "&" in value else value
        if target and is_local(target):
            seen[target] = None
            self.edits.append(_Edit(start, end, target, True))

    def _heading(self, match: re.Match[str]) -> None:
        start, end = match.span(tags.HEADING)
        heading = self.open = _OpenHeading(int(match[tags.HEADING - 1][1]), end)
        heading.edit = _Edit(start, start, "", False)
        if end - start > 1:
            self._read_id(heading, start, end)
        self.edits.append(heading.edit)

    def _read_id(self, heading: _OpenHeading, start: int, end: int) -> None:
        for found in tags.attributes(self.html, start, end):
            if found.name == "id":
                heading.explicit = found.value
                heading.template = "{}" if found.quoted else '="{}"'
                first = found.start if found.quoted else found.name_end
                as_written = self.html[first : found.end]
                heading.edit = _Edit(first, found.end, as_written, False)
                return

    def _heading_end(self, match: re.Match[str]) -> None:
        heading, self.open = self.open, None
        level = match[tags.HEADING_END]
        if heading and int(level[1]) == heading.level:
            end = match.start(tags.HEADING_END) - 2
            heading.text = _heading_text(self.html[heading.content : end])
            self.headings.append(heading)

    def _comment(self, match: re.Match[str]) -> None:
        if self.more is None and _MORE.fullmatch(match[tags.COMMENTED]):
            start, end = match.span(tags.COMMENTED)
            self.more = start
            self.edits.append(_Edit(start, end, "", False))

    def _tag(self, match: re.Match[str]) -> None:
        last = match.lastindex or 0
        name = match[last - 1].lower()
        seen: dict[str, None] = self.links if name in LINKS else self.images
        if name == "a" and any(role in match[last] for role in _NOTE_ROLES):
            seen = {}  # made by us: no reader of the outline has to check it
        names: set[str] = set()
        for attribute in tags.attributes(self.html, *match.span(last)):
            if attribute.name not in names:
                names.add(attribute.name)
                self._attribute(name, attribute, seen)

    def _attribute(
        self, element: str, attribute: tags.Attribute, seen: dict[str, None]
    ) -> None:
        name = attribute.name.removeprefix("xlink:")
        if name == "id" or (name == "name" and element == "a"):
            self.ids[attribute.value] = None
        elif name not in (LINKS.get(element) or MEDIA.get(element, ())):
            return
        elif name == "srcset":
            self._candidates(attribute, seen)
        else:
            self._target(attribute, seen)

    def _target(self, attribute: tags.Attribute, seen: dict[str, None]) -> None:
        value = attribute.value.strip()
        if not value or not is_local(value):
            return
        seen[value] = None
        target = _Edit(attribute.start, attribute.end, value, True)
        if attribute.quoted:
            self.edits.append(target)
        else:
            before = _Edit(attribute.start, attribute.start, '"', False)
            after = _Edit(attribute.end, attribute.end, '"', False)
            self.edits += (before, target, after)

    def _candidates(self, attribute: tags.Attribute, seen: dict[str, None]) -> None:
        if attribute.quoted:
            for url in SRCSET_URL.finditer(self.html, attribute.start, attribute.end):
                self._refer(url[1], *url.span(1), seen)

    def name_headings(self) -> tuple[Heading, ...]:
        """Returns the headings, each with an id that no other element has."""
        for heading in self.headings:
            if heading.explicit and heading.explicit not in self.ids:
                self.ids[heading.explicit] = None
                heading.id = heading.explicit
        following: dict[str, int] = {}
        for heading in self.headings:
            if not heading.id and (heading.text or heading.explicit):
                name = self.prefix + slugify(heading.text, whole=True)
                name = heading.explicit or name
                heading.put_id(self._free_id(name, following))
        return tuple(
            Heading(heading.level, heading.id, heading.text)
            for heading in self.headings
            if heading.text
        )

    def _free_id(self, name: str, following: dict[str, int]) -> str:
        """Returns the name, or the first of `name-2`, `name-3`, … that is free."""
        free = name
        number = following.get(name, 2)
        while free in self.ids:
            free = f"{name}-{number}"
            number += 1
        following[name] = number
        self.ids[free] = None
        return free

    def parts(self) -> Iterator[str]:
        """Yields HTML and targets in turn."""
        pieces: list[str] = []
        last = 0
        for edit in self.edits:
            pieces.append(self.html[last : edit.start])
            last = edit.end
            if edit.is_target:
                yield "".join(pieces)
                yield edit.text
                pieces = []
            else:
                pieces.append(edit.text)
        pieces.append(self.html[last:])
        yield "".join(pieces)


def _heading_text(html: str) -> str:
    """Returns a heading's plain text, or its images' descriptions."""
    text = plain_text(html)
    if text or "<" not in html:
        return text
    return plain_text(" ".join(alt[1] or alt[2] or "" for alt in _ALT.finditer(html)))


def _nest(headings: tuple[Heading, ...]) -> tuple[TocEntry, ...]:
    """Returns the headings as a tree: each below the last one of a lower level."""
    tops: list[TocEntry] = []
    for heading in reversed(headings):  # so that children are known before parents
        children = []
        while tops and tops[-1].level > heading.level:
            children.append(tops.pop())
        tops.append(TocEntry(heading.id, heading.text, heading.level, tuple(children)))
    return tuple(reversed(tops))
