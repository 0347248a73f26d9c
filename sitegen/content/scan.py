"""What lies in a folder: Markdown files, and the files that bundles bring along."""

import os
import stat
from collections.abc import Iterable
from operator import attrgetter
from pathlib import Path

import msgspec

from sitegen.problems import Location, Problem, error

CODES = {
    "file-name": "A file's name is not valid UTF-8.",
    "file-unreadable": "A file or folder cannot be read.",
    "symlink-outside": "A symbolic link leads out of the site's folder.",
}

MARKDOWN = (".md", ".markdown")
"""The endings of content files."""

QUEUE = "queue"
"""Below the content folder: what strangers sent in; never scanned."""

SECTION_TEMPLATE = "_new"
"""The stem of a section's template for new posts; never content."""


MANIFEST = ".sitegen-manifest"
"""What the output folder keeps its list of our files in."""

NEVER_COPIED = (".git", ".DS_Store", ".gitignore", ".gitkeep", MANIFEST)
"""Hidden files and folders that no static site is meant to show."""

STAGED = ".sitegen-tmp"
"""The ending of files that wait to be renamed into place."""


class Found(msgspec.Struct, frozen=True, array_like=True):
    """A file as the folder lists it; its bytes have not been read."""

    path: str
    """Relative to the scanned folder, with forward slashes."""
    mtime_ns: int
    size: int
    inode: int


class Scan(msgspec.Struct, frozen=True):
    """All of a folder, each list sorted by path."""

    documents: tuple[Found, ...] = ()
    """Markdown files."""
    others: tuple[Found, ...] = ()
    """All other files."""
    problems: tuple[Problem, ...] = ()


def scan(
    root: Path,
    folder: str,
    skip: Iterable[str] = (),
    deep: bool = True,
    hidden: bool = False,
) -> Scan:
    """Returns what lies in `root / folder`, at any depth.

    Hidden files (unless `hidden`), editors' backups and the folders in `skip`
    (relative to `folder`) are left out. A folder that does not exist is empty.
    """
    walk = _Walk(root, folder, frozenset(skip), hidden)
    walk.read("", deep)
    walk.found.sort(key=attrgetter("path"))
    documents: list[Found] = []
    others: list[Found] = []
    for file in walk.found:
        (documents if _is_document(file.path) else others).append(file)
    return Scan(tuple(documents), tuple(others), tuple(walk.problems))


def bundle_files(scan: Scan) -> dict[str, Found]:
    """Returns the files that bundles bring along, by path.

    A bundle is a folder below the top with an `index.md`; every other file in it
    and in its sub-folders belongs to it.
    """
    homes = {
        found.path.rpartition("/")[0]
        for found in scan.documents
        if found.path.rpartition("/")[2].rpartition(".")[0] == "index"
    }
    homes.discard("")
    if not homes:
        return {}
    return {
        file.path: file
        for file in scan.others
        if not file.path.endswith(MARKDOWN) and _is_below(file.path, homes)
    }


def read(root: Path, folder: str, path: str) -> bytes:
    """Returns the bytes of a scanned file."""
    return Path(root, folder, path).read_bytes()


def _is_document(path: str) -> bool:
    name = path.rpartition("/")[2]
    return path.endswith(MARKDOWN) and name.rpartition(".")[0] != SECTION_TEMPLATE


def _is_below(path: str, homes: set[str]) -> bool:
    folder = path.rpartition("/")[0]
    while folder:
        if folder in homes:
            return True
        folder = folder.rpartition("/")[0]
    return False


def _is_ignored(name: str, hidden: bool) -> bool:
    if name[-1] == "~" or name[0] == "#" or name.startswith(".#"):
        return True
    if hidden:
        return name in NEVER_COPIED or name.endswith((".swp", STAGED))
    return name[0] == "."


def _inode(folder: str) -> set[int]:
    try:
        return {os.stat(folder).st_ino}
    except OSError:
        return set()


class _Walk:
    """Walks one folder and keeps what was wrong on the way."""

    def __init__(
        self, root: Path, folder: str, skip: frozenset[str], hidden: bool
    ) -> None:
        self.base = os.path.join(root, folder)
        self.prefix = "" if folder == "." else f"{folder}/"
        self.real_root = os.path.realpath(root)
        self.skip = skip
        self.hidden = hidden
        self.found: list[Found] = []
        self.problems: list[Problem] = []
        self.open: set[int] = _inode(self.base)

    def read(self, folder: str, deep: bool) -> None:
        """Finds the files below `folder`, relative to the scanned one."""
        for entry, path in self.entries(folder):
            if entry.is_symlink() and not self.stays_inside(entry, path):
                continue
            if not entry.is_dir():
                self.note(entry, path)
            elif deep and path not in self.skip:
                self.descend(entry, path)

    def entries(self, folder: str) -> list[tuple[os.DirEntry[str], str]]:
        """Returns what a folder lists, without what is ignored by name."""
        try:
            with os.scandir(os.path.join(self.base, folder)) as listing:
                entries = [e for e in listing if not _is_ignored(e.name, self.hidden)]
        except FileNotFoundError:
            return []
        except OSError as failure:
            self.refuse("file-unreadable", folder, failure.strerror or "unreadable")
            return []
        start = f"{folder}/" if folder else ""
        return [(entry, start + entry.name) for entry in entries]

    def descend(self, entry: os.DirEntry[str], path: str) -> None:
        """Finds the files of a sub-folder, unless a link leads back into itself."""
        inode = entry.stat().st_ino if entry.is_symlink() else entry.inode()
        if inode not in self.open:
            self.open.add(inode)
            self.read(path, True)
            self.open.discard(inode)

    def note(self, entry: os.DirEntry[str], path: str) -> None:
        """Notes a regular file with its stat signature."""
        try:
            path.encode()
            status = entry.stat()
        except UnicodeEncodeError:
            shown = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            self.refuse("file-name", shown, "the name is not valid UTF-8")
            return
        except OSError as failure:
            self.refuse("file-unreadable", path, failure.strerror or "unreadable")
            return
        if stat.S_ISREG(status.st_mode):
            found = Found(path, status.st_mtime_ns, status.st_size, status.st_ino)
            self.found.append(found)

    def stays_inside(self, entry: os.DirEntry[str], path: str) -> bool:
        """Returns False, and notes it, if a link leads out of the root."""
        target = os.path.realpath(entry.path)
        if os.path.commonpath([self.real_root, target]) == self.real_root:
            return True
        at = Location(self.prefix + path)
        message = "This symbolic link leads out of the site's folder."
        hint = "Copy what it points to into the site, or remove the link."
        self.problems.append(error("symlink-outside", at, message, hint))
        return False

    def refuse(self, code: str, path: str, why: str) -> None:
        """Notes a file that cannot be used."""
        at = Location((self.prefix + path).rstrip("/"))
        message = f"This cannot be read: {why}."
        hints = {"file-name": "Rename it.", "file-unreadable": "Mend its permissions."}
        self.problems.append(error(code, at, message, hints[code]))
