"""Outlines as bytes, each read when somebody asks for it.

As objects they would be a quarter of all that a large site takes in memory, and nobody
needs two of them at a time.
"""

from collections.abc import Iterator, Mapping

import msgspec

from sitegen.markup.records import Outline

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Outline).decode


def pack(outline: Outline) -> bytes:
    """Returns an outline as bytes; equal ones give equal bytes."""
    return _encode(outline)


NONE = pack(Outline())
"""The outline of a file that gave none."""


class Outlines(Mapping[str, Outline]):
    """The outlines of posts, by id."""

    def __init__(self, packed: Mapping[str, bytes]) -> None:
        self.packed = packed

    def __getitem__(self, id: str) -> Outline:
        return _decode(self.packed[id])

    def __contains__(self, id: object) -> bool:
        return id in self.packed

    def __iter__(self) -> Iterator[str]:
        return iter(self.packed)

    def __len__(self) -> int:
        return len(self.packed)
