"""The values that a content file becomes."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec


class Moment(msgspec.Struct, frozen=True, array_like=True, order=True):
    """A point in time that remembers the offset it was written with.

    Records hold this and not a `datetime`, whose offset MessagePack forgets.
    """

    at: int
    """Seconds since 1970-01-01 00:00 UTC."""
    offset: int = 0
    """Of local time from UTC, in seconds."""

    @classmethod
    def of(cls, when: datetime) -> "Moment":
        """Returns the moment of an aware datetime, without its microseconds."""
        offset = when.utcoffset()
        assert offset is not None, "a naive datetime is not a moment"
        # RFC 3339 has whole minutes; local mean time, before 1900 or so, had seconds.
        minutes = round(offset.total_seconds() / 60)
        return cls(int(when.timestamp() // 1), minutes * 60)

    def datetime(self) -> datetime:
        """Returns the aware datetime, at the offset it was written with."""
        zone = timezone(timedelta(seconds=self.offset)) if self.offset else UTC
        return datetime.fromtimestamp(self.at, zone)


class Past(msgspec.Struct, frozen=True, array_like=True):
    """What Git's history tells of a content file."""

    first: Moment
    """When it was first committed, under whatever name."""
    last: Moment
    """When it was last committed."""
    contributors: tuple[str, ...]
    """The names of those who wrote it, the first one first."""


class Source(msgspec.Struct, frozen=True, array_like=True):
    """A content file as it lay on disk."""

    path: str
    """Relative to the content folder, with forward slashes; a post's id."""
    digest: bytes
    """Of the file's bytes, by way of its body's digest."""
    mtime_ns: int
    size: int
    inode: int


class Body(msgspec.Struct, frozen=True, array_like=True):
    """Where a file's Markdown starts, and its digest."""

    offset: int
    """In bytes from the start of the file."""
    line: int
    """The body's first line, counting from 1."""
    digest: bytes
    """Of the body's bytes."""


_SECTION_FILES = ("_index.md", "_index.markdown")
_SECTION_ENDINGS = ("/_index.md", "/_index.markdown")


class Post(msgspec.Struct, frozen=True, array_like=True):
    """Checked front matter of one content file: post, page or section page."""

    id: str
    """The source's path relative to the content folder."""
    title: str
    section: str
    """The folder, such as `posts` or `docs/howto`; "" at the top."""
    slug: str
    """The last part of the default permalink; "" for the top `index.md`."""
    date: Moment | None = None
    updated: Moment | None = None
    expires: Moment | None = None
    draft: bool = False
    permalink: str = ""
    """An address set by hand, such as `/about/`; "" for the section's pattern."""
    authors: tuple[str, ...] = ()
    terms: dict[str, tuple[str, ...]] = {}
    """Taxonomy name → terms as written, in order, without repeats."""
    description: str = ""
    summary: str = ""
    """From the front matter, else from the body; plain text."""
    aliases: tuple[str, ...] = ()
    template: str = ""
    weight: int = 0
    image: str = ""
    lang: str = ""
    unlisted: bool = False
    toc: bool = True
    trusted: bool = True
    submission: str = ""
    extra: dict[str, Any] = {}
    dated: bool | None = None
    """`_index.md` only: whether the section's files are posts."""
    paginate: int | None = None
    """`_index.md` only: posts on a list page."""
    sort_by: str = ""
    """`_index.md` only: `date`, `weight` or `title`."""

    @property
    def stem(self) -> str:
        """The file's name without its ending."""
        return self.id.rpartition("/")[2].rpartition(".")[0]

    @property
    def is_section(self) -> bool:
        """True for the `_index.md` of a section."""
        return self.id in _SECTION_FILES or self.id.endswith(_SECTION_ENDINGS)

    @property
    def is_bundle(self) -> bool:
        """True for an `index.md`, whose folder's other files belong to it."""
        return self.stem == "index"
