"""What Git tells of a site's files: dates, people, and where they are on the web.

The log is read only when somebody asks, and kept in the store by commit: a build whose
commit is the same reads nothing, and after new commits only those are read, if they
follow the kept one and neither delete nor rename.
"""

import os
from functools import cached_property
from pathlib import Path

import msgspec

from sitegen import git
from sitegen.build.store import KeptHistory, Store
from sitegen.content.records import Moment, Past
from sitegen.digests import digest
from sitegen.git import Checkout, FileHistory, Files, Time
from sitegen.site.model import Home


class History:
    """The history of the content files of one site; nothing is read before asked."""

    def __init__(self, root: Path, content: str) -> None:
        self.root = root
        self.content = "" if content == "." else f"{content}/"

    @cached_property
    def checkout(self) -> Checkout | None:
        """What is checked out; None without a repository."""
        return git.look(self.root)

    @property
    def commit(self) -> str:
        """What is checked out; "" outside of Git and before the first commit."""
        return self.checkout.commit if self.checkout else ""

    @property
    def is_shallow(self) -> bool:
        """True if the clone lacks older commits, so that its dates are not used."""
        return self.checkout is not None and self.checkout.repository.shallow

    @cached_property
    def key(self) -> bytes:
        """A digest of all that the history depends on."""
        found = self.checkout
        if found is None:
            return b""
        shallow, prefix = found.repository.shallow, found.repository.prefix
        what = (found.commit, found.names, shallow, prefix, self.home)
        return digest(msgspec.msgpack.encode(what))

    @property
    def home(self) -> Home | None:
        """Where the site's files are on the web; None if that is not certain."""
        found = self.checkout
        if found is None or found.web is None or not found.web_branch:
            return None
        return Home(found.web, found.web_branch, found.repository.prefix)

    @cached_property
    def past(self) -> dict[str, Past]:
        """What commits tell of each content file, by its id."""
        found = self.checkout
        if found is None or not found.commit or found.repository.shallow:
            return {}
        prefix = os.fsencode(found.repository.prefix + self.content)
        return {
            os.fsdecode(path[len(prefix) :]): _past(file)
            for path, file in self._files(found).items()
            if path.startswith(prefix)
        }

    def _files(self, checkout: Checkout) -> Files:
        store = Store(self.root)
        kept = store.load_history()
        if kept and kept.names == checkout.names and kept.commit == checkout.commit:
            return kept.files
        files = None
        if kept and kept.names == checkout.names:
            files = _continued(checkout, kept)
        if files is None:
            files, _ = git.history(checkout.repository)
        store.save_history(KeptHistory(checkout.commit, checkout.names, files))
        return files


def _continued(checkout: Checkout, kept: KeptHistory) -> Files | None:
    """Returns the history as of now, from what is kept and the commits since then."""
    try:
        later, is_exact = git.history(checkout.repository, kept.commit)
    except git.GitError:  # a commit that is gone
        return None
    return git.added(kept.files, later) if is_exact else None


def _past(file: FileHistory) -> Past:
    names = tuple(dict.fromkeys(person.name for _, person in file.people))
    return Past(_moment(file.first), _moment(file.last), names)


def _moment(time: Time) -> Moment:
    return Moment(time.at, time.offset)
