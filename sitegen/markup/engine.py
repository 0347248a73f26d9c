"""Markdown in, Document and Outline out: one function in front of two engines."""

from sitegen.config import Markdown
from sitegen.markup import access, commonmark, footnotes
from sitegen.markup.document import finish, finish_plain
from sitegen.markup.records import Document, Outline


def render(text: str, settings: Markdown) -> tuple[Document, Outline]:
    """Returns what a Markdown text becomes."""
    return finished(to_html(text, settings, settings.highlight), text, settings)


def finished(html: str, text: str, settings: Markdown) -> tuple[Document, Outline]:
    """Returns what HTML becomes that `to_html` made of a text."""
    if settings.engine == "commonmark":
        return finish_plain(html, text)
    return finish(html)


def to_html(text: str, settings: Markdown, highlight: bool) -> str:
    """Returns the HTML of a whole body, with features that both engines have."""
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
