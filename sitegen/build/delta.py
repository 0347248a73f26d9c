"""What differs between two readings of a site.

Most edits change the text of a post, or what it looks like in a list. They touch no
address, no order and no plan; `is_still` says so, and then little is to be done.
"""

import os
from collections.abc import Iterable

import msgspec

from sitegen.build import trace
from sitegen.build.parse import Entry
from sitegen.build.store import Target
from sitegen.build.survey import Survey
from sitegen.markup.extensions import is_pure
from sitegen.site import checks
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


def of_entries(old: Entry, new: Entry) -> Delta:
    """Returns what differs between two readings of one file."""
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


def between(old: Iterable[Entry], new: Iterable[Entry]) -> Delta:
    """Returns what differs between two readings of the same content files."""
    pairs = zip(old, new, strict=True)
    return together([of_entries(a, b) for a, b in pairs if a is not b])


def still_changes(delta: Delta) -> trace.Changes:
    """Returns what differs where only text and looks of posts do."""
    return trace.Changes(
        records=delta.records,
        bodies=delta.bodies,
        index=bool(delta.records),
        still=True,
    )


def is_settled(
    delta: Delta, survey: Survey, old: Iterable[Entry], target: Target
) -> bool:
    """True if only text and looks differ, and no problem comes or goes with them.

    `old` are the entries that the target was made from.
    """
    if not delta.is_still or not is_pure(survey.config.markdown):
        return False
    if delta.records and not _keeps_order(delta, survey, old):
        return False
    return not looks_matter(target, survey, delta)


def _keeps_order(delta: Delta, survey: Survey, old: Iterable[Entry]) -> bool:
    """True if posts stand where they stood, and no title is taken."""
    records = {entry.source.path: entry.post for entry in old}
    site = survey.site
    before = [records[post.id] or post for post in site.data.posts]
    if not site.shaken_by(before) <= {"updated"}:
        return False
    return not any(checks.check_titles(survey.config, survey.posts, survey.places))


def looks_matter(target: Target, survey: Survey, delta: Delta) -> bool:
    """True if what differs can bring other problems of the site, but for titles."""
    content = survey.config.paths.content
    ids = delta.bodies | delta.records
    places = {os.path.normpath(f"{content}/{id}") for id in ids}
    if any(problem.location.path in places for problem in target.checks):
        return True
    site, bodies, outlines = survey.site, survey.bodies, survey.outlines
    return any(
        trace.state_of(site, site.by_id[id], bodies[id], outlines.packed[id]).outline
        != outline
        for id, outline in ((state.id, state.outline) for state in target.states)
        if id in delta.bodies
    )
