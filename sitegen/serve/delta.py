"""What differs between two readings of a site, and how little must be read again."""

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from sitegen.build.delta import Delta, of_entries, together
from sitegen.build.parse import Entry, Known, parse_file, shown_path
from sitegen.build.survey import Inputs
from sitegen.content.records import Source
from sitegen.content.scan import Found


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
    return together([copied, *(of_entries(a, b) for a, b in pairs if a is not b)])


def _surroundings(inputs: Inputs) -> tuple[object, ...]:
    """Returns all that decides the plan besides the posts."""
    return (
        inputs.config,
        inputs.shown,
        inputs.problems,
        inputs.bundles,
        inputs.statics.keys(),
    )


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
        of_entries(old.entries[place], new.entries[place]) for place in places
    )


def _read_again(root: Path, inputs: Inputs, entry: Entry) -> Entry | None:
    path = entry.source.path
    try:
        status = os.stat(root / shown_path(inputs.rules.content, path))
    except OSError:
        return None
    found = Found(path, status.st_mtime_ns, status.st_size, status.st_ino)
    result = parse_file(root, found, inputs.rules, Known.of(entry))
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
