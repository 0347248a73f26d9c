"""What tests of Markdown share."""

from sitegen.markup.records import TocEntry


def flat(entries: tuple[TocEntry, ...]) -> list[TocEntry]:
    """Returns a table of contents in the order of the text."""
    return [found for entry in entries for found in (entry, *flat(entry.children))]
