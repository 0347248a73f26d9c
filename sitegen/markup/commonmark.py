"""The engine `commonmark`: pulldown-cmark by way of pyromark."""

from functools import cache

from pyromark import Markdown, Options

from sitegen.markup.highlight import code_block, plain_block

OPTIONS = (
    Options.ENABLE_TABLES
    | Options.ENABLE_FOOTNOTES
    | Options.ENABLE_STRIKETHROUGH
    | Options.ENABLE_TASKLISTS
    | Options.ENABLE_HEADING_ATTRIBUTES
    | Options.ENABLE_GFM
    | Options.ENABLE_DEFINITION_LIST
)
"""What this engine understands besides CommonMark."""


def to_html(text: str, highlight: bool) -> str:
    """Returns the HTML of a Markdown text."""
    return _parser(highlight).html(text)


@cache
def _parser(highlight: bool) -> Markdown:
    return Markdown(options=OPTIONS, highlight=code_block if highlight else plain_block)
