"""A content file becomes an Entry: its post, its outline, what is wrong with it."""

import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from sys import intern
from typing import TYPE_CHECKING, Any

import msgspec

from sitegen.build import outlines
from sitegen.build.drawer import Drawer
from sitegen.config import Config, Markdown
from sitegen.content.records import Body, Post, Source
from sitegen.content.scan import Found
from sitegen.digests import digest
from sitegen.markup.records import Document, Outline
from sitegen.problems import Location, Problem, SitegenError, error

if TYPE_CHECKING:
    from sitegen.content.posts import PostRules

CODES = {
    "file-vanished": "A content file could not be read any more.",
    "markdown-failed": "A Markdown extension failed, or the text is nested too deeply.",
}


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """All that one content file gave: a post, unless errors forbid one."""

    source: Source
    post: Post | None
    body: Body
    outline: bytes
    """Packed, as `sitegen.build.outlines` does."""
    problems: tuple[Problem, ...] = ()


ParsedFile = tuple[Entry, Document | None]
"""The entry of a file, and its document unless it has errors."""


class Known(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a file from before."""

    digest: bytes
    body: int
    """Where its body began."""

    @classmethod
    def of(cls, entry: Entry) -> "Known":
        """Returns what an entry knows of its file."""
        return cls(entry.source.digest, entry.body.offset)

    def is_of(self, data: bytes) -> bool:
        """True if a file with these bytes is the one that was known."""
        body = digest(memoryview(data)[self.body :])
        return self.digest == source_digest(data, self.body, body)


class ParseRules(msgspec.Struct, frozen=True, array_like=True, dict=True):
    """The settings that decide what a content file becomes."""

    content: str
    """The content folder, relative to the root."""
    timezone: str
    taxonomies: tuple[str, ...]
    markdown: Markdown
    fields: tuple[tuple[str, str], ...] = ()
    """Declared fields of the submission form, by name and kind."""
    image_hosts: tuple[str, ...] = ()
    """Hosts whose images strangers' posts may show."""

    @cached_property
    def front(self) -> "PostRules":
        """The part that reading front matter needs."""
        from sitegen.content.posts import PostRules

        urls = tuple(name for name, kind in self.fields if kind == "url")
        others = tuple(name for name, kind in self.fields if kind != "url")
        return PostRules(self.timezone, self.taxonomies, urls, others)


def rules_of(config: Config) -> ParseRules:
    """Returns the part of a configuration that parsing reads."""
    form = config.submissions
    return ParseRules(
        config.paths.content,
        config.timezone,
        tuple(config.taxonomies),
        config.markdown,
        tuple((field.name, field.kind) for field in form.fields) if form else (),
        form.image_hosts if form else (),
    )


def parse_file(
    root: Path, found: Found, rules: ParseRules, known: Known | None = None
) -> ParsedFile | Source:
    """Returns the entry of a file; only its source if it is as it was known."""
    return parse_files(root, [(found, known)], rules)[0]


def parse_files(
    root: Path, files: Iterable[tuple[Found, Known | None]], rules: ParseRules
) -> list[ParsedFile | Source]:
    """Returns what `parse_file` does of each file, given with what is known of it.

    Each step is done for all of them before the next: what a processor needs for a step
    is then at hand. So a few files together take a seventh less time than each alone.
    """
    drafts = [_read_draft(root, found, rules, known) for found, known in files]
    for draft in drafts:
        if isinstance(draft, _Draft):
            draft.convert(rules)
    return [
        draft.finished(rules) if isinstance(draft, _Draft) else draft
        for draft in drafts
    ]


def parse(found: Found, data: bytes, rules: ParseRules) -> ParsedFile:
    """Returns the entry of a file's bytes, and its document unless it has errors."""
    draft = _draft(found, data, rules)
    draft.convert(rules)
    return draft.finished(rules)


class _Draft(msgspec.Struct):
    """A content file on its way to an entry: its front matter has been read."""

    source: Source
    path: str
    """As problems name it."""
    post: Post | None
    body: Body
    problems: tuple[Problem, ...]
    text: str = ""
    """Its Markdown."""
    html: str | None = None
    """What an author's Markdown became."""
    failure: SitegenError | None = None

    def convert(self, rules: ParseRules) -> None:
        """Turns an author's Markdown into HTML."""
        if self.post and self.post.trusted:
            from sitegen.markup import engine

            markdown = rules.markdown
            try:
                self.html = engine.to_html(self.text, markdown, markdown.highlight)
            except SitegenError as failure:
                self.failure = failure

    def finished(self, rules: ParseRules) -> ParsedFile:
        """Returns the entry, and the document unless there are errors."""
        if self.post is None:
            return self.without_post()
        try:
            document, outline = self.rendered(rules, self.post.trusted)
        except SitegenError as failure:
            at = Location(self.path, self.body.line)
            failed = error("markdown-failed", at, failure.message, failure.hint)
            return self.without_post(failed)
        post = self.post
        if not post.summary and document.summary:
            post = msgspec.structs.replace(post, summary=document.summary)
        packed = outlines.pack(outline)
        return Entry(self.source, post, self.body, packed, self.problems), document

    def rendered(self, rules: ParseRules, trusted: bool) -> tuple[Document, Outline]:
        """Returns what the body becomes; raises SitegenError."""
        if self.failure:
            raise self.failure
        if self.html is None:
            return render(self.text, rules, trusted)
        from sitegen.markup import engine

        return engine.finished(self.html, self.text, rules.markdown)

    def without_post(self, *more: Problem) -> ParsedFile:
        """Returns the entry of a file with errors."""
        problems = (*self.problems, *more)
        return Entry(self.source, None, self.body, outlines.NONE, problems), None


def _read_draft(
    root: Path, found: Found, rules: ParseRules, known: Known | None
) -> _Draft | ParsedFile | Source:
    """Returns a file's draft; its source or its entry where that is all there is."""
    try:
        data = _read(f"{root}/{rules.content}/{found.path}", found.size)
    except OSError as failure:
        return _unreadable(found, rules, failure), None
    if known and known.is_of(data):
        return _source(found, data, known.digest)
    return _draft(found, data, rules)


def _read(path: str, size: int) -> bytes:
    """Returns a file's bytes, of which there were so many; half as slow as `open`."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        data = os.read(handle, size + 1)
        # As many as there were, as a rule: one more was asked for, so that was all.
        while len(data) != size and (more := os.read(handle, 1 << 20)):
            data += more
        return data
    finally:
        os.close(handle)


def _draft(found: Found, data: bytes, rules: ParseRules) -> _Draft:
    """Returns the draft of a file's bytes."""
    from sitegen.content.posts import read_post

    path = shown_path(rules.content, found.path)
    post, body, problems = read_post(found.path, data, path, rules.front)
    source = _source(found, data, source_digest(data, body.offset, body.digest))
    text = body_text(data, body) if post else ""
    return _Draft(source, path, post, body, problems, text)


def _source(found: Found, data: bytes, own: bytes) -> Source:
    """Returns the record of a file that was found, whose bytes have this digest."""
    return Source(found.path, own, found.mtime_ns, len(data), found.inode)


def source_digest(data: bytes, offset: int, body: bytes) -> bytes:
    """Returns a file's digest, made from that of its body, which begins at `offset`.

    So each byte is digested once.
    """
    return digest(data[:offset] + body)


def render(text: str, rules: ParseRules, trusted: bool) -> tuple[Document, Outline]:
    """Returns what a body becomes; a stranger's goes its own, fixed way."""
    if not trusted:
        from sitegen.markup.sanitize import render_untrusted

        return render_untrusted(text, rules.image_hosts)
    from sitegen.markup import engine

    return engine.render(text, rules.markdown)


def body_text(data: bytes, body: Body) -> str:
    """Returns a file's Markdown, with line ends as `\\n`."""
    text = data[body.offset :].decode("utf-8", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


_NOTHING: dict[str, Any] = {}
"""The `extra` of all posts that have none."""


def share(entry: Entry) -> Entry:
    """Returns an entry that shares with others what all of them say.

    As MessagePack gives them, each has strings of its own: a third of a post's memory.
    """
    post = entry.post
    if post is None:
        return entry
    shared = msgspec.structs.replace(
        post,
        id=entry.source.path,
        section=intern(post.section),
        authors=tuple(map(intern, post.authors)),
        terms={
            intern(taxonomy): tuple(map(intern, terms))
            for taxonomy, terms in post.terms.items()
        },
        extra=post.extra or _NOTHING,
    )
    return msgspec.structs.replace(entry, post=shared)


def shown_path(content: str, id: str) -> str:
    """Returns the path of a content file relative to the site's root."""
    return id if content == "." else f"{content}/{id}"


def _unreadable(found: Found, rules: ParseRules, failure: OSError) -> Entry:
    at = Location(shown_path(rules.content, found.path))
    message = f"This file cannot be read: {failure.strerror}."
    problem = error("file-vanished", at, message, "Build again.")
    source = Source(found.path, b"", found.mtime_ns, found.size, found.inode)
    return Entry(source, None, Body(0, 1, b""), outlines.NONE, (problem,))


class Documents:
    """Makes the documents of bodies, from the files as they were parsed."""

    def __init__(
        self,
        root: Path,
        rules: ParseRules,
        bodies: Mapping[str, Body],
        posts: Mapping[str, Post],
        drawer: Drawer,
    ) -> None:
        self.root = root
        self.rules = rules
        self.bodies = bodies
        self.posts = posts
        self.drawer = drawer
        self.last: tuple[str, Document] | None = None

    def __call__(self, id: str) -> Document:
        """Returns the document of a post's body.

        Raises ChangedMeanwhile if the file is not the one that was parsed.
        """
        if self.last and self.last[0] == id:
            return self.last[1]
        document = self.drawer.take(id) or self.made(id)
        self.last = (id, document)
        return document

    def made(self, id: str) -> Document:
        """Returns the document of a post's body as its file says it."""
        return render(self.text(id), self.rules, self.posts[id].trusted)[0]

    def text(self, id: str) -> str:
        """Returns the Markdown of a post's body."""
        body = self.bodies[id]
        try:
            data = (self.root / self.rules.content / id).read_bytes()
        except OSError:
            raise ChangedMeanwhile(id) from None
        if digest(data[body.offset :]) != body.digest:
            raise ChangedMeanwhile(id)
        return body_text(data, body)


class ChangedMeanwhile(Exception):
    """A content file changed while the site was being built."""
