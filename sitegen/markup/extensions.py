"""Which Python-Markdown extensions can be trusted to be pure functions."""

from sitegen.config import Markdown

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


def impure_extensions(settings: Markdown) -> tuple[str, ...]:
    """Returns the extensions in use that may read files or the clock."""
    if settings.engine == "commonmark":
        return ()
    return tuple(
        name
        for name in settings.extensions
        if name.removeprefix("markdown.extensions.") not in PURE_EXTENSIONS
    )


def is_pure(settings: Markdown) -> bool:
    """True if documents depend on nothing but their text and these settings."""
    return not impure_extensions(settings)
