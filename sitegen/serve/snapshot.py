"""What the server shows at one moment: read by its threads, never changed."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import msgspec

from sitegen.digests import digest
from sitegen.problems import Problem

PAGES = (".html", ".htm")
"""Endings of files that a tab shows as a page."""

NO_ASSETS = (*PAGES, ".xml", ".txt")
"""Endings of files that no page loads."""


def is_no_asset(output: str) -> bool:
    """True for a file that no page loads, by its name."""
    return output.endswith(NO_ASSETS)


class Fresh(msgspec.Struct, frozen=True):
    """A file that is newer than the one on disk."""

    data: bytes
    digest: bytes


def fresh(data: bytes) -> Fresh:
    """Returns bytes as a file that is newer than the one on disk."""
    return Fresh(data, digest(data))


class Snapshot(msgspec.Struct, frozen=True, dict=True):
    """Every file that is served, and what is wrong."""

    folder: Path
    """Where the files lie."""
    base_path: str = ""
    files: Mapping[str, bytes] = {}
    """Output path → digest of its bytes."""
    fresh: Mapping[str, Fresh] = {}
    """Those that the disk does not have yet."""
    marks: Mapping[str, str] = {}
    """Output path → why the published site would not show this page."""
    problems: tuple[Problem, ...] = ()
    """Errors that keep the site as it was before them."""
    failure: str = ""
    """What else keeps it so, in words."""
    crash: str = ""
    """A traceback, if sitegen itself failed."""

    def with_fresh(
        self, pages: Mapping[str, Fresh | None], marks: Mapping[str, str] | None = None
    ) -> "Snapshot":
        """Returns a snapshot with files that are newer than those on disk.

        None stands for a file that is not newer any more, and for the marks there were.
        """
        both = {**self.fresh, **pages}
        new = {output: page for output, page in both.items() if page}
        marks = self.marks if marks is None else marks
        snapshot = msgspec.structs.replace(self, fresh=new, marks=marks)
        return snapshot.like(self) if all(map(is_no_asset, pages)) else snapshot

    def with_trouble(
        self, problems: tuple[Problem, ...], failure: str, crash: str
    ) -> "Snapshot":
        """Returns a snapshot of the same files that says what is wrong."""
        new = msgspec.structs.replace(
            self, problems=problems, failure=failure, crash=crash
        )
        return new.like(self)

    def like(self, other: "Snapshot") -> "Snapshot":
        """Returns this snapshot with what was worked out for one of the same assets."""
        for name in ("assets", "assets_version"):
            self.__dict__[name] = getattr(other, name)
        return self

    def output(self, path: str) -> str:
        """Returns the output that a static host serves for a URL's path; "" for none.

        Only what was planned is found, so nothing outside can be named; hidden files
        are not shown, but for `.well-known`.
        """
        if not path.startswith(f"{self.base_path}/"):
            return ""
        name = path[len(self.base_path) + 1 :]
        if not name or name.endswith("/"):
            name += "index.html"
        parts = name.split("/")
        if any(part.startswith(".") and part != ".well-known" for part in parts):
            return ""
        return name if name in self.files or name in self.fresh else ""

    def is_folder(self, path: str) -> bool:
        """True if a URL's path lacks only the slash at its end."""
        return not path.endswith("/") and bool(self.output(f"{path}/"))

    def read(self, output: str) -> bytes:
        """Returns the bytes of an output. Raises OSError if it is gone."""
        new = self.fresh.get(output)
        return new.data if new else (self.folder / output).read_bytes()

    def digest(self, output: str) -> bytes:
        """Returns the digest of an output's bytes; empty if there is none."""
        new = self.fresh.get(output)
        return new.digest if new else self.files.get(output, b"")

    def version(self, path: str) -> str:
        """Returns what differs when the page at a URL's path does."""
        output = self.output(path)
        if not output:
            return f"404-{self.digest('404.html').hex()}"
        mark = self.marks.get(output, "")
        return self.digest(output).hex() + (f"-{mark}" if mark else "")

    @cached_property
    def assets(self) -> dict[str, bytes]:
        """The digest of every file that pages load, by its output path."""
        return {
            output: self.digest(output)
            for output in {**self.files, **self.fresh}
            if not output.endswith(NO_ASSETS)
        }

    @cached_property
    def assets_version(self) -> str:
        """What differs when a file that pages load does."""
        whole = b"".join(self.assets[output] for output in sorted(self.assets))
        return digest(whole).hex()

    def changed_assets(self, before: "Snapshot") -> list[str]:
        """Returns the URL paths of files that pages load and that are others now."""
        return [
            f"{self.base_path}/{output}"
            for output, digest in self.assets.items()
            if before.assets.get(output, digest) != digest
        ]
