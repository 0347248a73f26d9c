"""Documents made while files are parsed, kept until their pages are rendered.

An outline costs as much as a document, because both come from the same HTML. In a
prototype, making each document a second time for its page took a third of a cold
build. So each task that parses leaves its documents in one file, and whoever renders
reads them there. The files live as long as the build.
"""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from sitegen.markup.records import Document

_PREFIX = "documents-"

_FULL = 1 << 17
"""Bytes that are gathered before they are written."""


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """Where a document lies: file, offset and length in bytes."""

    file: str
    offset: int
    size: int


def put(file: Path, documents: Iterable[tuple[str, Document]]) -> dict[str, Kept]:
    """Writes documents to a new file and returns where each lies, by id.

    Where nothing can be written nothing is kept: documents are made again then.
    """
    encoder, places, offset = msgspec.msgpack.Encoder(), {}, 0
    data = bytearray()
    try:
        with open(file, "xb") as out:
            for id, document in documents:
                start = len(data)
                encoder.encode_into(document, data, start)
                places[id] = Kept(file.name, offset + start, len(data) - start)
                if len(data) >= _FULL:
                    offset += out.write(data)
                    data.clear()
            out.write(data)
    except OSError:
        return {}
    return places


class Drawer:
    """Takes documents out again."""

    def __init__(self, folder: Path, kept: Mapping[str, Kept]) -> None:
        self.folder = folder
        self.kept = kept
        self.decoder = msgspec.msgpack.Decoder(Document)
        self.open: tuple[str, BinaryIO] | None = None
        """The file of the last document: that of the next one lies there, too."""

    def take(self, id: str) -> Document | None:
        """Returns a document, or None if it was not kept."""
        place = self.kept.get(id)
        if place is None:
            return None
        try:
            # Only this one: a file of many documents may be more than memory holds.
            data = os.pread(self._file(place.file), place.size, place.offset)
        except OSError:
            return None
        return self.decoder.decode(data) if len(data) == place.size else None

    def _file(self, name: str) -> int:
        if self.open is None or self.open[0] != name:
            self.close()
            self.open = name, open(self.folder / name, "rb", buffering=0)
        return self.open[1].fileno()

    def close(self) -> None:
        """Lets go of the file."""
        if self.open:
            self.open[1].close()
            self.open = None


def file_name(build: str, number: int) -> str:
    """Returns the name of a task's file."""
    return f"{_PREFIX}{build}-{number}"


def sweep(folder: Path) -> None:
    """Removes the files of builds that are over; the caller holds the build's lock."""
    with suppress(OSError):
        for entry in os.scandir(folder):
            if entry.name.startswith((_PREFIX, "job-")):
                os.unlink(entry.path)
