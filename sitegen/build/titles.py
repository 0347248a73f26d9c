"""The list of published titles, which the submission endpoint reads.

The endpoint never loads a Site: `.sitegen/titles` tells it which titles are taken,
where posts are, and which submission each came from. Whoever changes content renews
the list: stat signatures say which files are to be read again. The list is replaced in
one step, under a lock, so that a slow writer cannot put back what another one added.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from sitegen.build.parse import Entry, shown_path
from sitegen.build.store import FOLDER, make_folder
from sitegen.build.survey import scan_content
from sitegen.config import Config
from sitegen.content.records import Post, Source
from sitegen.content.scan import Found, read
from sitegen.content.titles import title_key
from sitegen.digests import digest
from sitegen.site import urls

FILE = "titles"


class TitleRow(msgspec.Struct, frozen=True, array_like=True):
    """What the endpoint needs to know of one content file."""

    path: str
    """Relative to the content folder."""
    mtime_ns: int
    size: int
    inode: int
    key: str = ""
    """The key of its title; "" for section pages and files with errors."""
    url: str = ""
    submission: str = ""
    """The id of the submission that it came from."""

    def is_of(self, found: Found) -> bool:
        """True if the file has not changed since it was read."""
        signature = (self.mtime_ns, self.size, self.inode)
        return signature == (found.mtime_ns, found.size, found.inode)


class TitleList(msgspec.Struct, frozen=True, array_like=True):
    """All rows, sorted by path, and a digest of the settings that shaped them."""

    settings: bytes
    rows: tuple[TitleRow, ...] = ()


def read_titles(root: Path, config: Config) -> TitleList:
    """Returns the list as it lies there; empty if it cannot be trusted."""
    settings = _settings(config)
    try:
        data = (root / FOLDER / FILE).read_bytes()
        found = msgspec.msgpack.decode(data, type=TitleList)
    except (OSError, msgspec.MsgspecError):
        return TitleList(settings)
    return found if found.settings == settings else TitleList(settings)


def renew_titles(
    root: Path, config: Config, entries: Iterable[Entry] = ()
) -> TitleList:
    """Returns the list as of now, after replacing it if anything changed.

    `entries` that a build has parsed already are not read again.
    """
    with _locked(root):
        before = read_titles(root, config)
        known = {entry.source.path: entry for entry in entries}
        rows = {row.path: row for row in before.rows}
        listing = scan_content(root, config)
        renewed = TitleList(
            before.settings,
            tuple(
                _row(root, config, found, rows.get(found.path), known)
                for found in listing.documents
            ),
        )
        if renewed != before or not (root / FOLDER / FILE).exists():
            _replace(root / FOLDER / FILE, msgspec.msgpack.encode(renewed))
        return renewed


def _row(
    root: Path,
    config: Config,
    found: Found,
    row: TitleRow | None,
    known: Mapping[str, Entry],
) -> TitleRow:
    if row and row.is_of(found):
        return row
    entry = known.get(found.path)
    if entry and _same_source(entry.source, found):
        return row_of(config, found, entry.post)
    return row_of(config, found, _read_post(root, config, found))


def row_of(config: Config, found: Found, post: Post | None) -> TitleRow:
    """Returns the row of one file."""
    signature = (found.path, found.mtime_ns, found.size, found.inode)
    if post is None:
        return TitleRow(*signature)
    key = "" if post.is_section else title_key(post.title)
    url = urls.url(config, urls.post_path(config, post))
    return TitleRow(*signature, key, url, post.submission)


def _read_post(root: Path, config: Config, found: Found) -> Post | None:
    from sitegen.build.parse import rules_of
    from sitegen.content.posts import read_post

    folder = config.paths.content
    try:
        data = read(root, folder, found.path)
    except OSError:
        return None
    rules = rules_of(config).front
    return read_post(found.path, data, shown_path(folder, found.path), rules)[0]


def _same_source(source: Source, found: Found) -> bool:
    signature = (source.mtime_ns, source.size, source.inode)
    return signature == (found.mtime_ns, found.size, found.inode)


def _settings(config: Config) -> bytes:
    """Returns a digest of what decides titles and addresses, besides the files."""
    what = (config.base_url, config.permalinks, config.timezone, config.paths.content)
    form = config.submissions
    more = (sorted(config.taxonomies), form and (form.section, form.fields))
    return digest(msgspec.msgpack.encode((what, more)))


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    import fcntl

    make_folder(root / FOLDER)
    handle = os.open(root / FOLDER / f"{FILE}.lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()
