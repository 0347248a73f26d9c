"""What differs between two readings of a site, and how little must be read again."""

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from sitegen.build.parse import Entry, parse_file, shown_path
from sitegen.build.survey import Inputs
from sitegen.content.records import Source
from sitegen.content.scan import Found
from sitegen.site.model import LOOKS

HARMLESS = LOOKS | {"updated"}
"""Fields of a post that change no address, no order of posts and no plan."""


class Delta(msgspec.Struct, frozen=True):
    """What differs between two readings."""

    bodies: frozenset[str] = frozenset()
    """Ids of posts whose text differs."""
    records: frozenset[str] = frozenset()
    """Ids of posts of which a harmless field differs."""
    templates: bool = False
    statics: frozenset[str] = frozenset()
    """Site paths of copied files with other bytes."""
    order: bool = False
    """True if the order of posts or pages may differ."""
    plan: bool = False
    """True if files came or went, or anything else differs."""

    def __bool__(self) -> bool:
        return self != Delta()

    @property
    def is_still(self) -> bool:
        """True if nothing but the text and the looks of posts differ."""
        return bool(self) and self == Delta(self.bodies, self.records)


def together(deltas: Iterable[Delta]) -> Delta:
    """Returns what differs after several changes."""
    parts = list(deltas)
    return Delta(
        frozenset().union(*(part.bodies for part in parts)),
        frozenset().union(*(part.records for part in parts)),
        any(part.templates for part in parts),
        frozenset().union(*(part.statics for part in parts)),
        any(part.order for part in parts),
        any(part.plan for part in parts),
    )


def difference(old: Inputs, new: Inputs) -> Delta:
    """Returns what differs between two readings, apart from the clock."""
    pairs = list(zip(old.entries, new.entries, strict=False))
    same_files = len(old.entries) == len(new.entries) and all(
        a is b or a.source.path == b.source.path for a, b in pairs
    )
    if not same_files or _surroundings(old) != _surroundings(new):
        return Delta(plan=True)
    statics = {path for path, file in new.statics.items() if file != old.statics[path]}
    copied = Delta(templates=old.templates != new.templates, statics=frozenset(statics))
    return together([copied, *(_of_entries(a, b) for a, b in pairs if a is not b)])


def _surroundings(inputs: Inputs) -> tuple[object, ...]:
    """Returns all that decides the plan besides the posts."""
    return (
        inputs.config,
        inputs.shown,
        inputs.problems,
        inputs.bundles,
        inputs.statics.keys(),
    )


def _of_entries(old: Entry, new: Entry) -> Delta:
    if old.post is None or new.post is None or old.problems != new.problems:
        return Delta(plan=old != new)
    id = new.source.path
    body = frozenset((id,)) if old.body.digest != new.body.digest else frozenset[str]()
    if old.post == new.post:
        return Delta(body)
    fields = {
        field.name
        for field in msgspec.structs.fields(new.post)
        if getattr(old.post, field.name) != getattr(new.post, field.name)
    }
    if fields <= HARMLESS:
        return Delta(body, frozenset((id,)))
    return Delta(plan=True)


def changed_files(old: Inputs, new: Inputs) -> frozenset[str]:
    """Returns the files that came, went, or have other bytes now."""
    before, after = _versions(old), _versions(new)
    paths = before.keys() | after.keys()
    return frozenset(path for path in paths if before.get(path) != after.get(path))


def _versions(inputs: Inputs) -> dict[str, object]:
    """Returns what differs when a file does, by its path."""
    content = inputs.rules.content
    posts = (entry.source for entry in inputs.entries)
    copied = (*inputs.statics.values(), *inputs.bundles.values())
    return {
        **{shown_path(content, source.path): source.digest for source in posts},
        **{static.source: static for static in copied},
        **{each.label: each for each in inputs.templates.sources.values()},
    }


def reread(root: Path, inputs: Inputs, places: Iterable[int]) -> Inputs | None:
    """Returns inputs with some entries read again; None if a file is gone."""
    entries = list(inputs.entries)
    for place in places:
        new = _read_again(root, inputs, entries[place])
        if new is None:
            return None
        entries[place] = new
    return msgspec.structs.replace(inputs, entries=tuple(entries))


def difference_at(old: Inputs, new: Inputs, places: Iterable[int]) -> Delta:
    """Returns what differs between the entries at some places."""
    return together(
        _of_entries(old.entries[place], new.entries[place]) for place in places
    )


def _read_again(root: Path, inputs: Inputs, entry: Entry) -> Entry | None:
    path = entry.source.path
    try:
        status = os.stat(root / shown_path(inputs.rules.content, path))
    except OSError:
        return None
    found = Found(path, status.st_mtime_ns, status.st_size, status.st_ino)
    result = parse_file(root, found, inputs.rules, entry.source.digest)
    if isinstance(result, Source):
        return msgspec.structs.replace(entry, source=result)
    return result[0]


def known_files(inputs: Inputs) -> frozenset[str]:
    """Returns the path of every file that a site was made from."""
    content = inputs.rules.content
    return frozenset(
        (
            *(shown_path(content, entry.source.path) for entry in inputs.entries),
            *(static.source for static in inputs.statics.values()),
            *(static.source for static in inputs.bundles.values()),
            *(source.label for source in inputs.templates.sources.values()),
        )
    )
