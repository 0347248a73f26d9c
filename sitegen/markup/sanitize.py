"""A stranger's Markdown becomes HTML that can do no harm: one function, one way.

Whatever `[markdown]` says, the engine is `commonmark` with fixed options, because an
extension such as snippets reads files that are not the stranger's. Then nh3 lets
through what is on the lists here, and nothing else. Site, feed, preview and review
pages have no other way to show a stranger's text.
"""

import re
from collections.abc import Callable
from functools import cache, lru_cache
from urllib.parse import urlsplit

import nh3

from sitegen.config import Markdown
from sitegen.markup.document import finish, is_local
from sitegen.markup.engine import to_html
from sitegen.markup.records import Document, Outline

FIXED = Markdown(engine="commonmark", highlight=True)
"""How every stranger's text is read."""

PREFIX = "u-"
"""Before every id, so that none can be taken for one of the page's own."""

TAGS = frozenset(
    "a abbr b blockquote br caption cite code dd del dfn div dl dt em figcaption figure"
    " h1 h2 h3 h4 h5 h6 hr i img input ins kbd li mark ol p pre q s samp small"
    " span strong sub sup table tbody td tfoot th thead tr u ul var".split()
)

WITH_CONTENT = frozenset(
    "iframe math noembed noframes noscript object plaintext script select style svg"
    " template textarea title xmp".split()
)
"""Elements that go together with what is in them."""

ATTRIBUTES = {
    "a": {"href", "title", "id", "class", "aria-label"},
    "abbr": {"title"},
    "code": {"class"},
    "div": {"class"},
    "img": {"src", "alt", "title"},
    "input": {"checked", "aria-label"},
    "li": {"id", "class"},
    "ol": {"start"},
    "span": {"class"},
    "sup": {"class"},
    **{f"h{level}": {"id"} for level in range(1, 7)},
}

VALUES = {
    "a": {"role": {"doc-noteref", "doc-backlink"}},
    "div": {"role": {"group", "doc-endnotes"}, "tabindex": {"0"}},
    "input": {"type": {"checkbox"}},
    "pre": {"tabindex": {"0"}},
}
"""Attributes that may have these values only."""

ALWAYS = {"input": {"disabled": ""}}
"""Attributes that are set whatever was written. One at most for each element: nh3 sets
several in an order that differs from run to run."""

SCHEMES = frozenset({"http", "https", "mailto"})

REL = "nofollow ugc noopener"

_CLASSES = frozenset(
    "highlight table-scroll task-list-item footnotes footnote-ref footnote-backref"
    " footnote-reference footnote-definition footnote-definition-label".split()
)
"""What our own engine writes, besides the highlighter."""

_LANGUAGE = re.compile(r"language-[A-Za-z0-9_+#.-]{1,40}")
_ID = re.compile(r"[^\s\"'<>&]{1,200}")


class SafeDocument(Document, frozen=True, array_like=True):
    """The document of a stranger's body; only `render_untrusted` makes one."""


def render_untrusted(
    text: str, image_hosts: tuple[str, ...]
) -> tuple[SafeDocument, Outline]:
    """Returns what a stranger's Markdown becomes."""
    safe = _cleaner(image_hosts).clean(to_html(text, FIXED, FIXED.highlight))
    document, outline = finish(safe, PREFIX)
    return SafeDocument(document.parts, document.toc, document.summary), outline


@lru_cache(maxsize=8)
def _cleaner(image_hosts: tuple[str, ...]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(TAGS),
        clean_content_tags=set(WITH_CONTENT),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=_attribute_filter(frozenset(image_hosts)),
        strip_comments=True,
        link_rel=REL,
        generic_attribute_prefixes=set(),
        tag_attribute_values=VALUES,
        set_tag_attribute_values=ALWAYS,
        url_schemes=set(SCHEMES),
    )


def _attribute_filter(
    image_hosts: frozenset[str],
) -> Callable[[str, str, str], str | None]:
    def allowed(tag: str, name: str, value: str) -> str | None:
        if name == "class":
            return _classes(value)
        if name == "id":
            return PREFIX + value if _ID.fullmatch(value) else None
        if name == "href" and value.startswith("#"):
            return f"#{PREFIX}{value[1:]}" if len(value) > 1 else None
        if name == "src":
            return value if is_allowed_image(value, image_hosts) else None
        if name == "start":
            return value if re.fullmatch(r"[0-9]{1,9}", value) else None
        return value

    return allowed


def is_allowed_image(url: str, hosts: frozenset[str]) -> bool:
    """True for images of the site itself and of the hosts that it names."""
    if is_local(url):
        return True
    if re.search(r"[\\\x00-\x20]", url):
        return False
    try:
        parts = urlsplit(url)
        named = parts.netloc.lower()
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and named in {h.lower() for h in hosts}


def _classes(value: str) -> str | None:
    kept = [name for name in value.split() if _is_known_class(name)]
    return " ".join(kept) or None


def _is_known_class(name: str) -> bool:
    return name in _CLASSES or name in _tokens() or bool(_LANGUAGE.fullmatch(name))


@cache
def _tokens() -> frozenset[str]:
    """Returns the classes that Pygments gives to pieces of code."""
    from pygments.token import STANDARD_TYPES

    return frozenset(STANDARD_TYPES.values()) - {""}
