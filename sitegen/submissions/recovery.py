"""Recovery: what a killed process left behind, found from the folders alone.

It may run at any time, twice, and beside processes that work: what is younger than a
token's life may belong to a request that is on its way, and stays.
"""

import contextlib
import os
from collections import defaultdict

import msgspec

from sitegen.submissions import records
from sitegen.submissions.filesystem import exists, names, unlink
from sitegen.submissions.records import BadEntry
from sitegen.submissions.spool import Spool

PURGE_SECONDS = 30 * 24 * 3600
"""How long rejected entries are kept."""


class Recovered(msgspec.Struct, frozen=True):
    """What recovery did, as counts."""

    temporary: int = 0
    """Temporary files that were removed."""
    freed: int = 0
    """Titles that no pending entry holds any more."""
    held: int = 0
    """Pending entries that had lost their title and hold it again."""
    dropped: int = 0
    """Second copies of entries that had been rejected."""
    purged: int = 0
    """Entries that had been rejected long ago."""


def recover(spool: Spool, now: float, life: float) -> Recovered:
    """Puts the queue in order; `life` is how many seconds a token is good for."""
    limit = now - life
    with spool.locked(), spool.locked("titles"):
        dropped, purged = _drop_decided(spool), purge(spool, now)
        pending = set(spool.ids("pending"))
        links = _links(spool)
        freed = _free_titles(spool, links, pending, limit)
        held = _hold_titles(spool, pending - links.keys())
        for name in ("titles", "pending"):
            os.fsync(spool.fds[name])
        old = [name for name in names(spool.tmp) if _is_old(spool.tmp, name, limit)]
        for name in old:
            unlink(spool.tmp, name)
    return Recovered(len(old), freed, held, dropped, purged)


def purge(spool: Spool, now: float) -> int:
    """Removes what was rejected long ago; returns how many entries that were."""
    old = [
        id
        for id in spool.ids("rejected")
        if spool.stat("rejected", id).st_mtime < now - PURGE_SECONDS
    ]
    for id in old:
        spool.decline(id)
        spool.remove("rejected", id)
    return len(old)


def _is_old(folder: int, name: str, limit: float) -> bool:
    """True if a name was made before the limit."""
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return status.st_mtime < limit


def _drop_decided(spool: Spool) -> int:
    """Removes from `pending/` what is rejected or declined."""
    decided = [
        id
        for id in spool.ids("pending")
        if exists(spool.fds["rejected"], f"{id}.md") or spool.is_declined(id)
    ]
    for id in decided:
        unlink(spool.pending, f"{id}.md")
    return len(decided)


def _links(spool: Spool) -> dict[str, list[str]]:
    """Returns the titles that each id holds."""
    found: dict[str, list[str]] = defaultdict(list)
    for digest in names(spool.titles):
        found[spool.holder(digest)].append(digest)
    return found


def _free_titles(
    spool: Spool, links: dict[str, list[str]], pending: set[str], limit: float
) -> int:
    """Frees titles without an entry, and of an entry's several all but its own."""
    freed = 0
    for id, digests in links.items():
        if id in pending and len(digests) == 1:
            continue
        own = _own_title(spool, id) if id in pending else ""
        for digest in digests:
            if digest != own and _is_old(spool.titles, digest, limit):
                unlink(spool.titles, digest)
                freed += 1
    return freed


def _own_title(spool: Spool, id: str) -> str:
    try:
        return records.title_digest(spool.read("pending", id).title)
    except (OSError, BadEntry):
        return ""


def _hold_titles(spool: Spool, ids: set[str]) -> int:
    """Takes titles again for entries that hold none."""
    held = 0
    for id in sorted(ids):
        digest = _own_title(spool, id)
        with contextlib.suppress(FileExistsError):
            if digest:
                os.symlink(id, digest, dir_fd=spool.titles)
                held += 1
    return held
