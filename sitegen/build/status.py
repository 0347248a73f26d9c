"""Where every post is on its way from an idea to the site."""

from pathlib import Path

import msgspec

from sitegen import git
from sitegen.build.history import History
from sitegen.build.parse import shown_path
from sitegen.build.publishing import BRANCH
from sitegen.build.store import Store
from sitegen.build.survey import Asked, Survey
from sitegen.content.records import Moment
from sitegen.content.scan import MARKDOWN, QUEUE
from sitegen.git import Branch

HELD = ("pending", "spam")
"""Folders of the queue whose entries wait for a moderator."""


class Waits(msgspec.Struct, frozen=True):
    """A post that readers do not see yet."""

    path: str
    title: str
    when: Moment | None = None


class Status(msgspec.Struct, frozen=True):
    """The whole pipeline."""

    drafts: tuple[Waits, ...]
    scheduled: tuple[Waits, ...]
    """The next one first."""
    queue: dict[str, int]
    """Folder of the queue → entries in it."""
    uncommitted: tuple[str, ...] | None
    """Content files that differ from the last commit; None outside of Git."""
    branches: tuple[Branch, ...]
    """Of posts, not merged."""
    commits: int | None
    """Since the last build; None if that is not known."""


def status(asked: Asked, survey: Survey) -> Status:
    """Returns where everything is."""
    content = asked.config.paths.content
    waiting = {"draft": [], "future": [], "expired": []}  # type: dict[str, list[Waits]]
    for item in survey.waiting:
        path = shown_path(content, item.id)
        waiting[item.reason].append(Waits(path, item.title, item.moment))
    scheduled = sorted(waiting["future"], key=lambda w: (w.when or Moment(0), w.path))
    repository = git.find(asked.root)
    return Status(
        tuple(waiting["draft"]),
        tuple(scheduled),
        {name: _entries(asked.root / content / QUEUE / name) for name in HELD},
        _uncommitted(repository, content) if repository else None,
        git.unmerged_branches(repository, BRANCH) if repository else (),
        _commits(asked) if repository else None,
    )


def _entries(folder: Path) -> int:
    return sum(path.suffix == ".md" for path in _files(folder))


def _files(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _uncommitted(repository: git.Repository, content: str) -> tuple[str, ...]:
    found = git.uncommitted(repository, content)
    return tuple(path for path in found if path.endswith(MARKDOWN))


def _commits(asked: Asked) -> int | None:
    """Returns how many commits came after the one that was built last."""
    from sitegen.build.pipeline import target_key

    target = Store(asked.root).load_target(target_key(asked.config, asked.shown))
    history = History(asked.root, asked.config.paths.content)
    if target is None or not target.commit or history.checkout is None:
        return None
    return git.commits_since(history.checkout.repository, target.commit)
