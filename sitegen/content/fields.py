"""The keys of front matter: their names, types, and what other tools call them."""

from difflib import get_close_matches
from functools import lru_cache
from typing import Literal, NamedTuple

Kind = Literal[
    "title",
    "line",
    "text",
    "moment",
    "flag",
    "number",
    "list",
    "slug",
    "address",
    "addresses",
    "template",
    "language",
    "order",
    "mapping",
    "submission",
]


class Field(NamedTuple):
    """One key of front matter."""

    name: str
    kind: Kind
    description: str
    """One sentence, for the reference."""
    spellings: tuple[str, ...] = ()
    """What other tools call the same thing; in lower case."""
    section_only: bool = False
    """True if only a section's `_index.md` may have it."""


FIELDS = (
    Field("title", "title", "The title, 1 to 300 characters on one line."),
    Field(
        "date",
        "moment",
        "When the post was published, or will be; `publishDate` wins over `date`.",
        ("publishdate",),
    ),
    Field(
        "updated",
        "moment",
        "When the text was last changed.",
        ("lastmod", "modified", "last_modified_at"),
    ),
    Field("slug", "slug", "The last part of the address, instead of the file's name."),
    Field(
        "permalink",
        "address",
        "The whole address, such as `/about/`, instead of the section's pattern.",
        ("path", "url"),
    ),
    Field("draft", "flag", "True while the page is not to be published."),
    Field("expires", "moment", "When the page is taken down.", ("expirydate",)),
    Field("tags", "list", "Terms of the taxonomy `tags`.", ("tag",)),
    Field("categories", "list", "Terms of the taxonomy `categories`.", ("category",)),
    Field("authors", "list", "Who wrote the page.", ("author",)),
    Field("description", "text", "One or two sentences for search engines and feeds."),
    Field(
        "summary",
        "text",
        "What lists show of the page; otherwise taken from its text.",
        ("excerpt",),
    ),
    Field(
        "aliases",
        "addresses",
        "Old addresses that lead to the page.",
        ("redirect_from",),
    ),
    Field("template", "template", "The template that renders the page."),
    Field("weight", "number", "The place among the section's pages; light ones first."),
    Field("image", "line", "The address of a picture that stands for the page."),
    Field("lang", "language", "The language of the page, such as `en` or `pt-BR`."),
    Field("unlisted", "flag", "True if only those who know the address find the page."),
    Field("toc", "flag", "False to leave out the table of contents."),
    Field(
        "untrusted",
        "flag",
        "Whether a stranger wrote the text; true if the file has `submission`.",
    ),
    Field(
        "submission",
        "submission",
        "The submission that the post came from, such as `{id: 0123456789abcdef0123}`.",
    ),
    Field("extra", "mapping", "Values of your own for templates."),
    Field(
        "dated",
        "flag",
        "Whether the files of the section are posts.",
        section_only=True,
    ),
    Field(
        "paginate",
        "number",
        "How many posts a list page shows; 0 shows all on one.",
        ("paginate_by",),
        section_only=True,
    ),
    Field(
        "sort_by",
        "order",
        "What the section's pages are ordered by: `date`, `weight` or `title`.",
        section_only=True,
    ),
)

SPECIAL = {
    "layout": "`template`, if it is a file name that ends in `.html`; else ignored.",
    "published": "`published: false` is `draft: true`.",
    "status": "`status: draft` is `draft: true`.",
    "taxonomies": "A mapping of taxonomy names to terms, as Zola writes it.",
}
"""Keys of other tools whose meaning depends on their value."""

BY_SPELLING = {
    spelling: field for field in FIELDS for spelling in (field.name, *field.spellings)
}

# Keys that people use for something of their own, although they look like ours.
_KNOWN_OR_ORDINARY = frozenset(
    (*BY_SPELLING, *SPECIAL, *"height images extras templates state stats".split())
)


@lru_cache(maxsize=1024)  # the same few keys in every file
def misspelled(key: str) -> str:
    """Returns the known key that this one was probably meant to be, or "".

    Strict on purpose, as most unknown keys are somebody's own: one slip of the keyboard
    in a name of four letters or more. In short names a replaced letter makes another
    word (`data`, `math`, `tabs`), and a plural is a list of one's own (`images`).
    """
    name = key.lower()
    if len(name) < 4 or name in _KNOWN_OR_ORDINARY or not name.isascii():
        return ""
    for known in (*BY_SPELLING, *SPECIAL):
        if len(known) >= 4 and name != known + "s" and _one_slip(name, known):
            field = BY_SPELLING.get(known)
            return field.name if field else known
    return ""


TRUST = ("untrusted", "submission")
"""Keys that decide whether a text is trusted."""

UNTRUSTED_KEYS = frozenset(
    {"title", "date", "authors", "tags", "summary", "submission", "untrusted", "extra"}
)
"""What the front matter of a stranger's text may set; of `extra` declared fields."""


@lru_cache(maxsize=1024)
def nearly_trust(key: str) -> str:
    """Returns the key of trust that this one looks like, or "".

    Less strict than `misspelled`: a file must not be trusted because of a slip.
    """
    name = "".join(letter for letter in key.casefold() if letter.isalpha())
    if name in ("trusted", "trust"):
        return "untrusted"
    found = get_close_matches(name, TRUST, n=1, cutoff=0.85)
    return found[0] if found and key.lower() not in TRUST else ""


def _one_slip(name: str, known: str) -> bool:
    """True if one letter is missing, added, swapped with its neighbour or replaced."""
    if abs(len(name) - len(known)) > 1:
        return False
    start = 0
    while start < min(len(name), len(known)) and name[start] == known[start]:
        start += 1
    a, b = name[start:], known[start:]
    if len(a) != len(b):
        return a[1:] == b or a == b[1:]
    swapped = a[:2] == b[1::-1] and a[2:] == b[2:]
    return swapped or (len(known) >= 6 and a[1:] == b[1:])
