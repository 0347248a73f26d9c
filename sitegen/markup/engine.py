"""Markdown in, Document and Outline out: one function in front of two engines."""

from typing import Any, Literal

import msgspec

from sitegen.markup import access, commonmark, footnotes
from sitegen.markup.document import finish
from sitegen.markup.records import Document, Outline

PURE_EXTENSIONS = frozenset(
    {
        *("abbr", "admonition", "attr_list", "codehilite", "def_list", "extra"),
        *("fenced_code", "footnotes", "legacy_attrs", "legacy_em", "md_in_html"),
        *("meta", "nl2br", "sane_lists", "smarty", "tables", "toc", "wikilinks"),
        *("pymdownx.arithmatex", "pymdownx.betterem", "pymdownx.blocks.admonition"),
        *("pymdownx.blocks.caption", "pymdownx.blocks.definition"),
        *("pymdownx.blocks.details", "pymdownx.blocks.html", "pymdownx.blocks.tab"),
        *("pymdownx.bracketspan", "pymdownx.caret", "pymdownx.critic"),
        *("pymdownx.details", "pymdownx.emoji", "pymdownx.escapeall"),
        *("pymdownx.extra", "pymdownx.fancylists", "pymdownx.highlight"),
        *("pymdownx.inlinehilite", "pymdownx.keys", "pymdownx.magiclink"),
        *("pymdownx.mark", "pymdownx.progressbar", "pymdownx.quotes"),
        *("pymdownx.saneheaders", "pymdownx.smartsymbols", "pymdownx.striphtml"),
        *("pymdownx.superfences", "pymdownx.tabbed", "pymdownx.tasklist"),
        *("pymdownx.tilde",),
    }
)
"""Python-Markdown extensions whose result depends on nothing but text and settings."""


class MarkupSettings(msgspec.Struct, frozen=True):
    """How Markdown is read."""

    engine: Literal["commonmark", "markdown"] = "commonmark"
    extensions: tuple[str, ...] = ()
    """Of Python-Markdown; engine `markdown` only."""
    extension_configs: dict[str, dict[str, Any]] = {}
    highlight: bool = True


def render(text: str, settings: MarkupSettings) -> tuple[Document, Outline]:
    """Returns what a Markdown text becomes."""
    return finish(_html(text, settings, settings.highlight))


def outline(text: str, settings: MarkupSettings) -> Outline:
    """Returns the Outline alone, without the cost of colouring code."""
    return finish(_html(text, settings, highlight=False))[1]


def impure_extensions(settings: MarkupSettings) -> tuple[str, ...]:
    """Returns the extensions in use that may read files or the clock."""
    if settings.engine == "commonmark":
        return ()
    return tuple(
        name
        for name in settings.extensions
        if name.removeprefix("markdown.extensions.") not in PURE_EXTENSIONS
    )


def is_pure(settings: MarkupSettings) -> bool:
    """True if documents depend on nothing but their text and these settings."""
    return not impure_extensions(settings)


def _html(text: str, settings: MarkupSettings, highlight: bool) -> str:
    """Returns the HTML that both engines agree on the features of."""
    text = _clean(text)
    if settings.engine == "commonmark":
        html = commonmark.to_html(text, highlight)
    else:
        from sitegen.markup import python_markdown

        html = python_markdown.to_html(
            text, settings.extensions, settings.extension_configs, highlight
        )
    return footnotes.gather(access.improve(html))


def _clean(text: str) -> str:
    """Returns the text with plain line ends and without NUL, as CommonMark asks."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\0", "\ufffd")
