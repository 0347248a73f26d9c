"""What builds remember in `.sitegen/`. The rules of this cache:

1. It decides nothing that the sources do not: deleting it gives the same bytes, later.
2. What decides is digests. A stat signature only saves reading a file; that of a file
   changed less than two seconds before it was read is not kept, because a second change
   could have the same one. Of our own outputs that is a tenth of a second: enough for
   the clock of any file system that tells more than seconds.
3. A record is trusted only if its stamp (versions of sitegen and of every package that
   shapes output), its key and its checksum are right. Any doubt is a miss, never an
   error.
4. Nothing in it is absolute: together with `output/` it may travel to another machine.
5. It is data (MessagePack read into typed records), never code.
"""

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec

import sitegen
from sitegen.build.outputs import Output
from sitegen.build.parse import Entry, ParseRules
from sitegen.build.theme import Static
from sitegen.digests import digest
from sitegen.git import Files
from sitegen.problems import Problem
from sitegen.site.plan import Artifact

FOLDER = ".sitegen"
"""The cache's folder in the site's root."""

TOO_NEW = 2_000_000_000
"""Nanoseconds: a file changed this shortly before it was read is read again."""

OUTPUT_TOO_NEW = 100_000_000
"""Nanoseconds: an output written this shortly before it is remembered likewise."""

PACKAGES = (
    "Jinja2",
    "Markdown",
    "msgspec",
    "nh3",
    "Pygments",
    "pymdown-extensions",
    "pyromark",
    "PyYAML",
)
"""Packages whose versions shape what is written."""

_MAGIC = b"sitegen4"

R = TypeVar("R")


class Entries(msgspec.Struct, frozen=True, array_like=True):
    """The content files as they were parsed; shared between targets."""

    rules: ParseRules
    entries: tuple[Entry, ...]


class State(msgspec.Struct, frozen=True, array_like=True):
    """Digests of one post as a target last showed it."""

    id: str
    record: bytes
    body: bytes
    outline: bytes
    past: bytes


class Target(msgspec.Struct, frozen=True, array_like=True):
    """What one target (output folder, base_url, shown posts) was made from."""

    config: bytes
    """Digest of the whole configuration."""
    sources: bytes
    """Digest of all content files."""
    history: bytes
    """Digest of what Git's history depends on."""
    commit: str
    """What was checked out; "" outside of Git."""
    templates: dict[str, bytes]
    """Template name → digest of its text."""
    statics: dict[str, Static]
    bundles: dict[str, Static]
    states: tuple[State, ...]
    due: int | None
    """When time alone changes which posts are shown."""
    clock: int
    """The build's clock, in seconds since 1970."""
    clocks: tuple[tuple[str, str], ...]
    """Formats in which pages show the clock, and what they show."""
    artifacts: tuple[Artifact, ...]
    outputs: tuple[Output, ...]
    """In the order of `artifacts`."""
    manifest: bytes
    """Digest of the manifest as this target left it."""
    questions: tuple[bytes, ...]
    answers: tuple[bytes, ...]
    """Digests, in the order of `questions`."""
    traces: tuple[bytes, ...]
    """Numbers of questions as 32-bit integers, in the order of `artifacts`."""
    checks: tuple[Problem, ...]
    """Warnings about the site as a whole."""


class Claim(msgspec.Struct, frozen=True, array_like=True):
    """What a staged file claims, by the id of its content."""

    id: str
    blob: str
    key: str = ""
    """Of its title; "" for a section's page and for a file with errors."""
    path: str = ""
    """The site path of its page; "" for a file with errors."""
    aliases: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    """What no other file may be written to: of its page, then of its aliases."""
    post: msgspec.Raw = msgspec.Raw()
    """The record, without its texts; read only when it is needed."""


class Claims(msgspec.Struct, frozen=True, array_like=True):
    """The claims of all staged files, and the settings that they were read by."""

    config: bytes
    claims: tuple[Claim, ...]


class KeptHistory(msgspec.Struct, frozen=True, array_like=True):
    """What all commits up to one tell of the files of a repository."""

    commit: str
    names: bytes
    """Digest of the `.mailmap` that it was read with."""
    files: Files


class Store:
    """Reads and writes the cache of one site."""

    def __init__(self, root: Path) -> None:
        self.folder = root / FOLDER
        self.doubts: list[str] = []

    def load_entries(self, rules: ParseRules) -> tuple[Entry, ...]:
        """Returns the entries of the last build; none if the rules have changed."""
        found = self._load("entries", Entries)
        return found.entries if found and found.rules == rules else ()

    def save_entries(
        self, rules: ParseRules, entries: Iterable[Entry], read_at: int
    ) -> None:
        """Keeps entries, without the signatures of files too new to trust.

        `read_at` is the time, in nanoseconds, before the first of them was read.
        """
        limit = read_at - TOO_NEW
        self._save("entries", Entries(rules, tuple(_aged(e, limit) for e in entries)))

    def load_target(self, key: bytes) -> Target | None:
        """Returns what a target was last made from, or None."""
        return self._load(f"target-{key.hex()}", Target)

    def save_target(self, key: bytes, target: Target, read_at: int) -> None:
        """Keeps what a target was made from, in one step.

        Signatures of files too new to trust are left out, as `save_entries` does.
        """
        limit = read_at - TOO_NEW
        written = time.time_ns() - OUTPUT_TOO_NEW
        aged = msgspec.structs.replace(
            target,
            statics=_aged_files(target.statics, limit),
            bundles=_aged_files(target.bundles, limit),
            outputs=tuple(_aged_output(output, written) for output in target.outputs),
        )
        self._save(f"target-{key.hex()}", aged)

    def is_torn(self, key: bytes) -> bool:
        """True if a build into a folder began to write and did not come to its end."""
        return (self.folder / f"torn-{key.hex()}").exists()

    def mark_torn(self, key: bytes) -> None:
        """Notes that a build into a folder begins to write."""
        with suppress(OSError):
            (self.folder / f"torn-{key.hex()}").touch()

    def mark_whole(self, key: bytes) -> None:
        """Notes that a build into a folder has written all."""
        with suppress(OSError):
            (self.folder / f"torn-{key.hex()}").unlink()

    def load_claims(self, config: bytes) -> tuple[Claim, ...]:
        """Returns what staged files claimed last; nothing if settings have changed."""
        found = self._load("claims", Claims)
        return found.claims if found and found.config == config else ()

    def save_claims(self, config: bytes, claims: tuple[Claim, ...]) -> None:
        """Keeps what staged files claim."""
        self._save("claims", Claims(config, claims))

    def load_history(self) -> KeptHistory | None:
        """Returns the history of the last commit that was looked at, or None."""
        return self._load("history", KeptHistory)

    def save_history(self, history: KeptHistory) -> None:
        """Keeps the history of a commit."""
        self._save("history", history)

    def clear(self) -> None:
        """Removes the cache."""
        import shutil

        shutil.rmtree(self.folder, ignore_errors=True)

    def _load(self, name: str, kind: type[R]) -> R | None:
        try:
            data = (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as failure:
            self.doubts.append(f"{name}: {failure.strerror}")
            return None
        head, check, body = data[:24], data[24:40], data[40:]
        if head != _MAGIC + stamp() or check != digest(body):
            self.doubts.append(f"{name} is of another version, or damaged")
            return None
        try:
            return msgspec.msgpack.decode(body, type=kind)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            self.doubts.append(f"{name} cannot be read")
            return None

    def _save(self, name: str, record: Any) -> None:
        body = msgspec.msgpack.encode(record)
        make_folder(self.folder)
        temporary = self.folder / f"{name}.{os.getpid()}.tmp"
        try:
            temporary.write_bytes(_MAGIC + stamp() + digest(body) + body)
            os.replace(temporary, self.folder / name)
        except OSError as failure:
            # Without a cache the next build is slower, not wrong.
            self.doubts.append(f"{name}: {failure.strerror}")
            with suppress(OSError):
                temporary.unlink()


def make_folder(folder: Path) -> None:
    """Makes the cache's folder, ignored by Git."""
    if not folder.is_dir():
        with suppress(OSError):
            folder.mkdir(parents=True)
            (folder / ".gitignore").write_text("*\n", encoding="ascii")


def stamp() -> bytes:
    """Returns the digest of every version that shapes output."""
    global _stamp
    if not _stamp:
        versions = _versions()
        _stamp = digest("\n".join([sitegen.__version__, *versions]).encode())
    return _stamp


def _versions() -> list[str]:
    """Returns the versions of `PACKAGES`.

    The names of their folders tell, as a rule; asking `importlib.metadata` takes longer
    than reading a cache of ten thousand posts.
    """
    folder = Path(msgspec.__file__).parent.parent
    names = (found.name for found in os.scandir(folder))
    parts = (name.removesuffix(".dist-info").split("-") for name in names)
    known = {part[0].lower(): part[1] for part in parts if len(part) == 2}
    keys = [name.lower().replace("-", "_") for name in PACKAGES]
    if all(key in known for key in keys):
        return [known[key] for key in keys]
    from importlib.metadata import version

    return [version(name) for name in PACKAGES]


_stamp = b""


def _aged(entry: Entry, limit: int) -> Entry:
    if entry.source.mtime_ns < limit:
        return entry
    source = msgspec.structs.replace(entry.source, mtime_ns=0)
    return msgspec.structs.replace(entry, source=source)


def _aged_files(files: dict[str, Static], limit: int) -> dict[str, Static]:
    return {path: _aged_file(static, limit) for path, static in files.items()}


def _aged_file(static: Static, limit: int) -> Static:
    if static.found.mtime_ns < limit:
        return static
    found = msgspec.structs.replace(static.found, mtime_ns=0)
    return msgspec.structs.replace(static, found=found)


def _aged_output(output: Output, limit: int) -> Output:
    if output.mtime_ns < limit:
        return output
    return msgspec.structs.replace(output, mtime_ns=0)
