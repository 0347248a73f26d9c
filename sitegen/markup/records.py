"""What Markdown becomes."""

import msgspec


class Outline(msgspec.Struct, frozen=True, array_like=True):
    """What checks need of a body without its HTML."""

    anchors: tuple[str, ...] = ()
    """Every id in the body's HTML, headings included."""
    links: tuple[str, ...] = ()
    """Targets of local links as written, in order, without repeats."""
    images: tuple[str, ...] = ()
    """Targets of local images and other media, likewise."""


class TocEntry(msgspec.Struct, frozen=True, array_like=True):
    """A heading of the table of contents and the headings below it."""

    id: str
    title: str
    """Plain text."""
    level: int
    children: tuple["TocEntry", ...] = ()


class Document(msgspec.Struct, frozen=True, array_like=True):
    """HTML of one body whose references to our own files are still open."""

    parts: tuple[str, ...]
    """HTML, target, HTML, target, …, HTML: each target is a local link or media
    address as written, unescaped; its URL, escaped, belongs in its place."""
    toc: tuple[TocEntry, ...] = ()
    summary: str = ""
    """Plain text: all before `<!-- more -->`, else the first words."""
